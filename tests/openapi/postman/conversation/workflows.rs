//! What is said to instances of workflows. The workflow is the one that processes files, which is there with
//! `FILE_PROCESSING=true`.

use super::{PLAIN, Step};

/// For routes that take the code of an instance as well.
const KEYED: &[(&str, &str)] = &[("x-functions-key", "{{key}}")];

/// One file, which is done soon.
const ONE_FILE: Option<&str> = Some(r#"{"rawDataPath": "one", "numFiles": "1", "numRows": "10"}"#);

/// Long enough to be steered meanwhile.
const MANY_FILES: Option<&str> =
    Some(r#"{"rawDataPath": "many", "numFiles": 50, "numRows": 1000}"#);

/// The next instance has a name that no other has.
const NAME_ANOTHER: &str =
    "pm.collectionVariables.set('instance', 'my-' + pm.variables.replaceIn('{{$guid}}'));";

const AGAIN_WHILE_IT_RUNS: &str =
    "if (pm.response.code === 202) { pm.execution.setNextRequest(pm.info.requestName); }";

pub(super) const STEPS: &[Step] = &[
    Step {
        name: "Begin an instance of a workflow",
        operation: "startOrchestrator",
        statuses: &[202],
        body: ONE_FILE,
        script: &[
            "pm.collectionVariables.set('instance', pm.response.json().id);",
            "pm.collectionVariables.set('id', pm.response.json().id);",
            "pm.test('it says where to look', () => pm.expect(pm.response.headers.get('Location')).to.equal(pm.response.json().statusQueryGetUri));",
        ],
        ..PLAIN
    },
    Step {
        name: "Look at it, again until it has ended",
        operation: "getInstance",
        statuses: &[200, 202],
        headers: KEYED,
        script: &[
            AGAIN_WHILE_IT_RUNS,
            "else { pm.test('it has completed', () => pm.expect(pm.response.json().runtimeStatus).to.equal('Completed')); }",
            "if (pm.response.code === 200) { pm.test('it tells of four steps for the file', () => pm.expect(pm.response.json().output.map((file) => file.length)).to.eql([4])); }",
        ],
        ..PLAIN
    },
    Step {
        name: "Look at its steps",
        operation: "getOperationHistory",
        script: &[
            "pm.test('there are some', () => pm.expect(JSON.stringify(pm.response.json())).to.include('SubOrchestratorFunc'));",
        ],
        ..PLAIN
    },
    Step {
        name: "List the instances of workflows",
        operation: "listInstances",
        query: &[("top", "10"), ("runtimeStatus", "Completed")],
        script: &[
            "pm.test('it is there', () => pm.expect(pm.response.json().map((instance) => instance.instanceId)).to.include(pm.collectionVariables.get('instance')));",
        ],
        ..PLAIN
    },
    Step {
        name: "Send an event to what has ended",
        operation: "raiseEvent",
        statuses: &[410],
        body: Some(r#"{"by": "me"}"#),
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Let what has completed go on from its failure",
        operation: "rewindInstance",
        statuses: &[412],
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Begin one with the same input",
        operation: "restartInstance",
        statuses: &[202],
        headers: KEYED,
        script: &[
            "pm.test('it is another', () => pm.expect(pm.response.json().id).to.not.equal(pm.collectionVariables.get('instance')));",
            NAME_ANOTHER,
        ],
        ..PLAIN
    },
    Step {
        name: "Begin one with a name",
        operation: "startNamedOrchestrator",
        statuses: &[202],
        body: MANY_FILES,
        headers: KEYED,
        script: &[
            "pm.test('it has the name', () => pm.expect(pm.response.json().id).to.equal(pm.collectionVariables.get('instance')));",
        ],
        ..PLAIN
    },
    Step {
        name: "Let it stand still",
        operation: "suspendInstance",
        statuses: &[202],
        query: &[("reason", "lunch")],
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Look at what stands still",
        operation: "getInstance",
        statuses: &[202],
        query: &[("showInput", "false")],
        headers: KEYED,
        script: &[
            "pm.test('it is suspended', () => pm.expect(pm.response.json()).to.include({ runtimeStatus: 'Suspended', input: null }));",
        ],
        ..PLAIN
    },
    Step {
        name: "Begin another of the name",
        operation: "startNamedOrchestrator",
        statuses: &[409],
        body: ONE_FILE,
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Send it an event, which is kept",
        operation: "raiseEvent",
        statuses: &[202],
        body: Some(r#"{"by": "me"}"#),
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Delete what has not ended",
        operation: "deleteInstance",
        statuses: &[412],
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Let it go on",
        operation: "resumeInstance",
        statuses: &[202],
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "End it",
        operation: "terminateInstance",
        statuses: &[202],
        query: &[("reason", "enough")],
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Look at what was ended",
        operation: "getInstance",
        headers: KEYED,
        script: &[
            "pm.test('it is terminated', () => pm.expect(pm.response.json()).to.include({ runtimeStatus: 'Terminated', output: 'enough' }));",
        ],
        ..PLAIN
    },
    Step {
        name: "Delete it with all that belongs to it",
        operation: "deleteInstance",
        headers: KEYED,
        script: &[
            "pm.test('it was one', () => pm.expect(pm.response.json()).to.eql({ instancesDeleted: 1 }));",
        ],
        ..PLAIN
    },
    Step {
        name: "Look at what is deleted there",
        operation: "getInstance",
        statuses: &[404],
        headers: KEYED,
        script: &[NAME_ANOTHER],
        ..PLAIN
    },
    Step {
        name: "Begin one where Durable Functions has it, without the input that it needs",
        operation: "createNamedInstance",
        statuses: &[202],
        body: Some("null"),
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Look at it, again until it has failed",
        operation: "getInstance",
        statuses: &[200, 202],
        headers: KEYED,
        script: &[
            AGAIN_WHILE_IT_RUNS,
            "else { pm.test('it has failed', () => pm.expect(pm.response.json().runtimeStatus).to.equal('Failed')); }",
        ],
        ..PLAIN
    },
    Step {
        name: "Let it go on from its failure",
        operation: "rewindInstance",
        statuses: &[202],
        query: &[("reason", "mended")],
        headers: KEYED,
        ..PLAIN
    },
    Step {
        name: "Begin one, and wait for its result",
        operation: "createInstance",
        query: &[("timeout", "60")],
        body: ONE_FILE,
        script: &[
            "pm.test('it is the bare result', () => pm.expect(pm.response.json().map((file) => file.length)).to.eql([4]));",
        ],
        ..PLAIN
    },
    Step {
        name: "Delete instances by filter",
        operation: "deleteInstances",
        query: &[
            ("createdTimeFrom", "2026-01-01T00:00:00Z"),
            ("runtimeStatus", "Completed"),
        ],
        script: &[
            "pm.test('there were some', () => pm.expect(pm.response.json().instancesDeleted).to.be.above(1));",
        ],
        ..PLAIN
    },
];
