//! What clients of tasks say: from the kinds that there are to a cancel.

use super::{PLAIN, Step};

const REMEMBER_ID: &str = "pm.collectionVariables.set('id', pm.response.json().id);";

pub(super) const STEPS: &[Step] = &[
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
];
