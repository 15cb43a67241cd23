//! The kind `countdown`: counts down to zero, and says how far it is.

use std::time::Duration;

use async_request_reply::schemars::{self, JsonSchema};
use async_request_reply::{Context, Failure, InvalidInput, Kind};
use serde::{Deserialize, Serialize};

/// From here it takes five minutes. An attempt may take seven, unless the policy says otherwise.
const LONGEST: u32 = 300;

/// The kind. There is one value for all its tasks, which holds what they share, such as a client.
pub struct Countdown {
    /// The time from one number to the next.
    pub tick: Duration,
}

/// What a client hands in, as `"input"`.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Input {
    /// Where to begin.
    pub from: u32,
}

/// What it gets.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Output {
    /// How many numbers were counted.
    pub counted: u32,
}

impl Kind for Countdown {
    type Input = Input;
    type Output = Output;

    /// What is refused here never becomes a task.
    fn check(&self, input: &Input) -> Result<(), InvalidInput> {
        match input.from {
            0..=LONGEST => Ok(()),
            _ => Err(InvalidInput::new(
                "from",
                format!("from must be at most {LONGEST}"),
            )),
        }
    }

    /// Work that waits is dropped at an `await` when the task is canceled or out of time. It may run
    /// more than once: a process can die before the result is written.
    async fn run(&self, input: Input, context: &Context) -> Result<Output, Failure> {
        for counted in 1..=input.from {
            tokio::time::sleep(self.tick).await;
            let percent = u64::from(counted) * 100 / u64::from(input.from);
            context.report_percent(percent.try_into()?);
        }
        Ok(Output {
            counted: input.from,
        })
    }
}

#[cfg(test)]
mod tests {
    use async_request_reply::Policy;
    use async_request_reply::testing::{Serving, TestError, TestHandler};

    use super::*;

    /// The real service, over a store of its own.
    fn start() -> Serving {
        let tick = Duration::from_millis(1);
        TestHandler::new()
            .kind("countdown", Countdown { tick }, Policy::default())
            .start()
            .unwrap()
    }

    #[tokio::test]
    async fn each_number_is_counted() {
        let service = start();
        let output: Output = service
            .submit("countdown", Input { from: 3 })
            .await
            .unwrap();
        assert_eq!(output.counted, 3);
    }

    #[tokio::test]
    async fn a_number_that_is_too_large_is_refused() {
        let service = start();
        let refused = service
            .submit::<Output>("countdown", Input { from: 301 })
            .await;
        let Err(TestError::Refused { status, field, .. }) = refused else {
            panic!("it was taken");
        };
        assert_eq!((status, field.as_deref()), (422, Some("input.from")));
    }
}
