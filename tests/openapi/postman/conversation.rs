//! The conversation of the collection: everything a client can say to the service, in order.

use super::collection::{PLAIN, Step};

const REMEMBER_ID: &str = "pm.collectionVariables.set('id', pm.response.json().id);";

/// For routes that take the code of an instance as well.
const KEYED: &[(&str, &str)] = &[("x-functions-key", "{{key}}")];

pub(super) const CONVERSATION: &[Step] = &[
    Step {
        name: "Is the service well?",
        operation: "getHealth",
        script: &[
            "pm.test('it says ok', () => pm.expect(pm.response.json().status).to.equal('ok'));",
        ],
        ..PLAIN
    },
    Step {
        name: "What can be submitted?",
        operation: "getKinds",
        script: &[
            "pm.test('it can compute Fibonacci numbers', () => pm.expect(pm.response.json().value.map((kind) => kind.name)).to.include('fibonacci'));",
        ],
        ..PLAIN
    },
    Step {
        name: "Submit a number",
        operation: "createTask",
        statuses: &[202],
        body: Some(r#"{"number": 24}"#),
        script: &[
            REMEMBER_ID,
            "pm.test('the number comes back', () => pm.expect(pm.response.json().number).to.equal(24));",
            "pm.test('it says where to look', () => ['Location', 'Operation-Location', 'Operation-Id', 'Retry-After'].forEach((name) => pm.response.to.have.header(name)));",
        ],
        ..PLAIN
    },
    Step {
        name: "Watch it",
        operation: "getOperation",
        script: &[
            "pm.test('it is this task', () => pm.expect(pm.response.json().id).to.equal(pm.collectionVariables.get('id')));",
        ],
        ..PLAIN
    },
    Step {
        name: "Read the result, again until it is there",
        operation: "getOperationResult",
        statuses: &[200, 202],
        script: &[
            "if (pm.response.code === 202) { pm.execution.setNextRequest(pm.info.requestName); }",
            "else { pm.test('it is the result', () => pm.expect(pm.response.json().calculation_result).to.equal('46368')); }",
        ],
        ..PLAIN
    },
    Step {
        name: "Watch it succeed",
        operation: "getOperation",
        script: &[
            "pm.collectionVariables.set('etag', pm.response.headers.get('ETag'));",
            "pm.test('it has succeeded', () => pm.expect(pm.response.json().status).to.equal('Succeeded'));",
        ],
        ..PLAIN
    },
    Step {
        name: "Watch it, with the version that is known",
        operation: "getOperation",
        statuses: &[304],
        headers: &[("If-None-Match", "{{etag}}")],
        ..PLAIN
    },
    Step {
        name: "Fetch the result, which consumes it",
        operation: "getTask",
        script: &[
            "pm.test('it has three fields', () => pm.expect(pm.response.json()).to.eql({ task_id: pm.collectionVariables.get('id'), number: 24, calculation_result: '46368' }));",
        ],
        ..PLAIN
    },
    Step {
        name: "Fetch it again",
        operation: "getTask",
        statuses: &[404],
        ..PLAIN
    },
    Step {
        name: "Submit under a key",
        operation: "createTask",
        statuses: &[202],
        headers: &[("Idempotency-Key", "\"{{$guid}}\"")],
        body: Some(r#"{"kind": "fibonacci", "input": {"number": "-7"}}"#),
        script: &[
            REMEMBER_ID,
            "pm.collectionVariables.set('run', pm.request.headers.get('Idempotency-Key'));",
        ],
        ..PLAIN
    },
    Step {
        name: "Submit it again under the same key",
        operation: "createTask",
        statuses: &[202],
        headers: &[("Idempotency-Key", "{{run}}")],
        body: Some(r#"{"kind": "fibonacci", "input": {"number": "-7"}}"#),
        script: &[
            "pm.test('it is the same task', () => pm.expect(pm.response.json().id).to.equal(pm.collectionVariables.get('id')));",
        ],
        ..PLAIN
    },
    Step {
        name: "Submit another under the same key",
        operation: "createTask",
        statuses: &[422],
        headers: &[("Idempotency-Key", "{{run}}")],
        body: Some(r#"{"number": 24}"#),
        ..PLAIN
    },
    Step {
        name: "Submit, and wait for the result",
        operation: "createTask",
        headers: &[("Prefer", "wait=30")],
        body: Some(r#"{"number": 12}"#),
        script: &[
            "pm.collectionVariables.set('id', pm.response.json().task_id);",
            "pm.test('the wait was granted', () => pm.response.to.have.header('Preference-Applied', 'wait=30'));",
            "pm.test('it is the result', () => pm.expect(pm.response.json().calculation_result).to.equal('144'));",
        ],
        ..PLAIN
    },
    Step {
        name: "List what has succeeded, newest first",
        operation: "listOperations",
        query: &[("status", "Succeeded"), ("kind", "fibonacci"), ("top", "1")],
        script: &[
            "pm.test('the newest is the last', () => pm.expect(pm.response.json().value.map((task) => task.id)).to.eql([pm.collectionVariables.get('id')]));",
        ],
        ..PLAIN
    },
    Step {
        name: "List without a key",
        operation: "listOperations",
        statuses: &[401],
        ..PLAIN
    },
    Step {
        name: "Retry what has not failed",
        operation: "retryOperation",
        statuses: &[409],
        ..PLAIN
    },
    Step {
        name: "Delete it",
        operation: "deleteOperation",
        statuses: &[204],
        ..PLAIN
    },
    Step {
        name: "Watch what is deleted",
        operation: "getOperation",
        statuses: &[404],
        ..PLAIN
    },
    Step {
        name: "Submit what takes a while, as Azure's SDKs do",
        operation: "createTask",
        statuses: &[202],
        query: &[("api-version", "2026-01-01")],
        body: Some(r#"{"number": 10000000}"#),
        script: &[
            REMEMBER_ID,
            "pm.test('the reply is a monitor', () => pm.expect(pm.response.json().status).to.equal('NotStarted'));",
        ],
        ..PLAIN
    },
    Step {
        name: "Report on it, without the token of an attempt",
        operation: "postCallback",
        statuses: &[401],
        query: &[("token", "none")],
        body: Some(r#"{"percentComplete": 40}"#),
        ..PLAIN
    },
    Step {
        name: "Cancel it",
        operation: "cancelOperation",
        script: &[
            "pm.test('it is canceled', () => pm.expect(pm.response.json().status).to.equal('Canceled'));",
        ],
        ..PLAIN
    },
    Step {
        name: "Read the result of what was canceled",
        operation: "getOperationResult",
        statuses: &[410],
        ..PLAIN
    },
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
    Step {
        name: "Begin an instance of a workflow that is not there",
        operation: "startOrchestrator",
        statuses: &[404],
        body: Some("null"),
        ..PLAIN
    },
    Step {
        name: "Begin one with a name",
        operation: "startNamedOrchestrator",
        statuses: &[404],
        body: Some("null"),
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Begin one where Durable Functions has it",
        operation: "createInstance",
        statuses: &[404],
        body: Some("null"),
        ..PLAIN
    },
    Step {
        name: "Begin one with a name there",
        operation: "createNamedInstance",
        statuses: &[404],
        body: Some("null"),
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "List the instances of workflows",
        operation: "listInstances",
        query: &[("top", "10")],
        script: &["pm.test('there are none', () => pm.expect(pm.response.json()).to.eql([]));"],
        ..PLAIN
    },
    Step {
        name: "Look at one",
        operation: "getInstance",
        statuses: &[404],
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Look at the steps of what is none",
        operation: "getOperationHistory",
        statuses: &[404],
        ..PLAIN
    },
    Step {
        name: "Send one an event",
        operation: "raiseEvent",
        statuses: &[404],
        body: Some("{\"by\": \"me\"}"),
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Let one stand still",
        operation: "suspendInstance",
        statuses: &[404],
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Let one go on",
        operation: "resumeInstance",
        statuses: &[404],
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "End one",
        operation: "terminateInstance",
        statuses: &[404],
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Let one go on from its failure",
        operation: "rewindInstance",
        statuses: &[404],
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Begin one with the same input",
        operation: "restartInstance",
        statuses: &[400],
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Delete one",
        operation: "deleteInstance",
        statuses: &[404],
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Delete instances by filter",
        operation: "deleteInstances",
        statuses: &[404],
        query: &[("createdTimeFrom", "2026-01-01T00:00:00Z")],
        ..PLAIN
    },
    Step {
        name: "Submit what is no integer",
        operation: "createTask",
        statuses: &[422],
        body: Some(r#"{"number": 24.5}"#),
        script: &[
            "pm.test('the field is named', () => pm.expect(pm.response.json().error.target).to.equal('number'));",
            "pm.test('the code is in the head', () => pm.response.to.have.header('x-ms-error-code', 'InvalidNumber'));",
        ],
        ..PLAIN
    },
    Step {
        name: "What failed?",
        operation: "listDeadLetters",
        query: &[("kind", "fibonacci"), ("top", "10")],
        script: &["pm.test('nothing did', () => pm.expect(pm.response.json().value).to.eql([]));"],
        ..PLAIN
    },
    Step {
        name: "Look at what has not failed",
        operation: "getDeadLetter",
        statuses: &[404],
        ..PLAIN
    },
    Step {
        name: "Replay what has not failed",
        operation: "replayDeadLetter",
        statuses: &[409],
        ..PLAIN
    },
    Step {
        name: "How many would be replayed?",
        operation: "replayDeadLetters",
        query: &[("kind", "fibonacci"), ("dryRun", "true")],
        script: &["pm.test('none', () => pm.expect(pm.response.json().count).to.equal(0));"],
        ..PLAIN
    },
    Step {
        name: "Delete what failed",
        operation: "deleteDeadLetters",
        statuses: &[202],
        query: &[("kind", "fibonacci")],
        ..PLAIN
    },
    Step {
        name: "Put a message into the raw queue",
        operation: "createMessage",
        query: &[("time_to_live", "3600")],
        body: Some(
            r#"{"first_name": "Ada", "last_name": "Lovelace", "age": 36, "occupation": "mathematician", "location": "London"}"#,
        ),
        script: &[
            "pm.collectionVariables.set('messageId', pm.response.json().message_id);",
            "pm.test('it says what was sent', () => pm.expect(pm.response.json().message_content.first_name).to.equal('Ada'));",
        ],
        ..PLAIN
    },
    Step {
        name: "Look at what comes next",
        operation: "peekMessages",
        script: &[
            "pm.test('it is the message', () => pm.expect(pm.response.json().messages.map((message) => message.message_id)).to.eql([pm.collectionVariables.get('messageId')]));",
        ],
        ..PLAIN
    },
    Step {
        name: "Lease it",
        operation: "leaseMessages",
        query: &[("visibility_timeout", "600")],
        script: &[
            "pm.collectionVariables.set('popReceipt', pm.response.json().messages[0].pop_receipt);",
        ],
        ..PLAIN
    },
    Step {
        name: "Change it, and let it come back",
        operation: "updateMessage",
        body: Some(
            r#"{"pop_receipt": "{{popReceipt}}", "content": {"any": "JSON"}, "visibility_timeout": 0}"#,
        ),
        script: &[
            "pm.test('it says something else', () => pm.expect(pm.response.json().message_content).to.eql({ any: 'JSON' }));",
        ],
        ..PLAIN
    },
    Step {
        name: "Change it with the pop receipt of before",
        operation: "updateMessage",
        statuses: &[409],
        body: Some(r#"{"pop_receipt": "{{popReceipt}}", "visibility_timeout": 0}"#),
        ..PLAIN
    },
    Step {
        name: "Count the messages",
        operation: "getQueueLength",
        script: &[
            "pm.test('there is one', () => pm.expect(pm.response.json().length).to.equal(1));",
        ],
        ..PLAIN
    },
    Step {
        name: "Take it out",
        operation: "popMessage",
        script: &[
            "pm.test('it is the message', () => pm.expect(pm.response.json().data.message_id).to.equal(pm.collectionVariables.get('messageId')));",
        ],
        ..PLAIN
    },
    Step {
        name: "Take out the next one, as R1 does",
        operation: "getNextMessage",
        script: &[
            "pm.test('there is none', () => pm.expect(pm.response.json()).to.eql({ message: 'No messages in the queue' }));",
        ],
        ..PLAIN
    },
    Step {
        name: "Lease some, as R1 does",
        operation: "getMessages",
        script: &[
            "pm.test('there are none', () => pm.expect(pm.response.json().messages).to.eql([]));",
        ],
        ..PLAIN
    },
    Step {
        name: "Clear the raw queue",
        operation: "clearMessages",
        ..PLAIN
    },
    Step {
        name: "Count the dead letters of the tasks",
        operation: "getQueueLength",
        query: &[("queue", "tasks-poison")],
        script: &[
            "pm.test('there are none', () => pm.expect(pm.response.json().length).to.equal(0));",
        ],
        ..PLAIN
    },
    Step {
        name: "Read the counters",
        operation: "getMetrics",
        ..PLAIN
    },
    Step {
        name: "Read the description",
        operation: "getOpenapi",
        ..PLAIN
    },
    Step {
        name: "Read the description in OpenAPI 3.0",
        operation: "getOpenapi30",
        ..PLAIN
    },
    Step {
        name: "Open the interactive page",
        operation: "getDocs",
        ..PLAIN
    },
];
