//! What is said to the raw queue, and about queues.

use super::{PLAIN, Step};

pub(super) const STEPS: &[Step] = &[
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
        query: &[("queue", "background-tasks-poison")],
        script: &[
            "pm.test('there are none', () => pm.expect(pm.response.json().length).to.equal(0));",
        ],
        ..PLAIN
    },
];
