//! The service with workflows of its own, as a process: for the tests of what concerns workflows wherever the service
//! is deployed. Not for anybody else.

#[path = "../helpers/flows.rs"]
mod flows;

use std::process::ExitCode;
use std::time::Duration;

use async_request_reply::workflow::{Flow, Workflow, callee, join_all};
use async_request_reply::{Context, Failure, Handler, Kind, Policy};
use serde_json::{Value, json};

/// One more.
struct Inc;

impl Kind for Inc {
    type Input = u64;
    type Output = u64;

    async fn run(&self, number: u64, _: &Context) -> Result<u64, Failure> {
        Ok(number + 1)
    }
}

/// Fails for good.
struct Boom;

impl Kind for Boom {
    type Input = String;
    type Output = String;

    async fn run(&self, text: String, _: &Context) -> Result<String, Failure> {
        Err(Failure::permanent("Boom", format!("boom {text}")))
    }
}

/// Lasts until somebody ends it.
struct Lasting;

impl Kind for Lasting {
    type Input = u64;
    type Output = u64;

    async fn run(&self, number: u64, _: &Context) -> Result<u64, Failure> {
        tokio::time::sleep(Duration::from_secs(1000)).await;
        Ok(number)
    }
}

/// So many steps, one after the other: a hundred, unless it is told.
struct Chain;

impl Workflow for Chain {
    type Input = Option<u64>;
    type Output = String;

    async fn run(&self, flow: Flow, steps: Option<u64>) -> Result<String, Failure> {
        let mut number = 0;
        for _ in 0..steps.unwrap_or(100) {
            number = flow.call(callee::kind::<Inc>(), &number).await?;
        }
        Ok(number.to_string())
    }
}

/// Waits for approval.
struct Wait;

impl Workflow for Wait {
    type Input = Value;
    type Output = Value;

    async fn run(&self, flow: Flow, _: Value) -> Result<Value, Failure> {
        flow.set_status(json!({ "stage": "waiting", "percentComplete": 40 }));
        let got: Value = flow.event("Approved").await?;
        flow.set_status("approved");
        Ok(json!({ "got": got }))
    }
}

/// Fails with its step.
struct Bad;

impl Workflow for Bad {
    type Input = String;
    type Output = String;

    async fn run(&self, flow: Flow, text: String) -> Result<String, Failure> {
        Ok(flow.call(callee::kind::<Boom>(), &text).await?)
    }
}

/// Three chains side by side, and a second of rest.
struct Sub;

impl Workflow for Sub {
    type Input = Value;
    type Output = usize;

    async fn run(&self, flow: Flow, _: Value) -> Result<usize, Failure> {
        let two = Some(2);
        let chains = (0..3).map(|_| flow.call(callee::workflow::<Chain>(), &two));
        let ended = join_all(chains).await;
        flow.sleep(Duration::from_secs(1)).await;
        Ok(ended.len())
    }
}

/// A fan-out, of which the last member lasts.
struct Fan;

impl Workflow for Fan {
    type Input = u64;
    type Output = Value;

    async fn run(&self, flow: Flow, members: u64) -> Result<Value, Failure> {
        let numbers: Vec<_> = (0..members).collect();
        let all = flow.all(callee::kind::<Inc>(), numbers).await;
        let failed = all.iter().filter(|one| one.is_err()).count();
        let lasted: u64 = flow.call(callee::kind::<Lasting>(), &members).await?;
        Ok(json!({ "failed": failed, "lasted": lasted }))
    }
}

fn main() -> ExitCode {
    let policy = Policy::default();
    Handler::from_env()
        .kind("inc", Inc, policy.clone())
        .kind("boom", Boom, policy.clone())
        .kind("lasting", Lasting, policy.clone())
        .workflow("chain", Chain, policy.clone())
        .workflow("wait", Wait, policy.clone())
        .workflow("bad", Bad, policy.clone())
        .workflow("sub", Sub, policy.clone())
        .workflow("fan", Fan, policy.clone())
        .kind("add", flows::Add, policy.clone())
        .workflow("flow-approval", flows::Approval, policy.clone())
        .workflow("flow-chain", flows::Chain, policy.clone())
        .workflow("flow-checked", flows::Checked, policy.clone())
        .workflow("flow-family", flows::Family, policy.clone())
        .workflow("flow-fan", flows::Fan, policy.clone())
        .workflow("flow-join", flows::Join, policy.clone())
        .workflow("flow-loop", flows::Loop, policy)
        .run()
}
