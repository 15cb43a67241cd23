//! A loop that may go on for years: it continues as new before its history is long.

use std::time::Duration;

use async_request_reply::schemars::{self, JsonSchema};
use async_request_reply::workflow::{Flow, Workflow, callee};
use async_request_reply::{BlockingKind, Context, Failure};
use serde::{Deserialize, Serialize};

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Watched {
    file: String,
    /// How often it was looked at.
    #[serde(default)]
    looks: u64,
}

pub(crate) struct Probe;

impl Workflow for Probe {
    type Input = Watched;
    type Output = u64;

    async fn run(&self, flow: Flow, mut watched: Watched) -> Result<u64, Failure> {
        loop {
            watched.looks += 1;
            let look = callee::blocking::<Look>();
            if flow.call(look, &watched.file).await? {
                return Ok(watched.looks);
            }
            flow.sleep(MINUTE).await;
            if flow.history_len() >= 1_000 {
                return flow.continue_as_new(watched).await;
            }
        }
    }
}

/// Whether a file is there.
pub(crate) struct Look;

impl BlockingKind for Look {
    type Input = String;
    type Output = bool;

    fn run(&self, file: String, _: &Context) -> Result<bool, Failure> {
        Ok(std::fs::exists(file)?)
    }
}

#[cfg(test)]
mod tests {
    use async_request_reply::workflow::test::FlowTest;

    use super::*;

    #[test]
    fn it_is_looked_every_minute_until_it_is_there() {
        let mut looks = 0;
        let watched = Watched {
            file: "report".to_owned(),
            looks: 0,
        };
        let ran = FlowTest::of(Probe)
            .with(callee::blocking::<Look>(), move |_| {
                looks += 1;
                Ok(looks == 2_000)
            })
            .run(&watched)
            .unwrap();
        assert_eq!(ran.output.unwrap(), 2_000);
        assert_eq!(ran.took, 1_999 * MINUTE);
        assert_eq!(ran.generation, 3);
    }
}
