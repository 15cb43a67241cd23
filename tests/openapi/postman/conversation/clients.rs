//! What clients of other systems say, which come as they are.

use super::{PLAIN, Step};

pub(super) const STEPS: &[Step] = &[
    Step {
        name: "Enqueue data, as clients of FastAPI and Celery do",
        operation: "enqueue",
        body: Some(r#"{"key1": "value1", "key2": "value2"}"#),
        script: &["pm.collectionVariables.set('id', pm.response.json().task_id);"],
        ..PLAIN
    },
    Step {
        name: "Look at it in the words of Celery, until it has succeeded",
        operation: "getStatus",
        script: &[
            "if (pm.response.json().status !== 'SUCCESS') { pm.execution.setNextRequest(pm.info.requestName); }",
            "else { pm.test('it is the result', () => pm.expect(pm.response.json().result).to.equal(\"Processed data: {'key1': 'value1', 'key2': 'value2'}\")); }",
        ],
        ..PLAIN
    },
    Step {
        name: "Enqueue what is no object",
        operation: "enqueue",
        statuses: &[422],
        body: Some("[1]"),
        ..PLAIN
    },
    Step {
        name: "Submit a customer, as clients of Microsoft's sample do",
        operation: "acceptWork",
        statuses: &[202],
        body: Some(r#"{"id": "1234", "customername": "Contoso"}"#),
        script: &[
            "pm.collectionVariables.set('id', pm.response.headers.get('Operation-Id'));",
            "pm.test('it says where to ask', () => pm.expect(pm.response.headers.get('Location')).to.include('/api/RequestStatus/'));",
        ],
        ..PLAIN
    },
    Step {
        name: "Wait for its result",
        operation: "getRequestStatus",
        query: &[("OnComplete", "Stream"), ("OnPending", "Synchronous")],
        script: &[
            "pm.test('it is the result', () => pm.expect(pm.response.json()).to.include('Contoso'));",
        ],
        ..PLAIN
    },
];
