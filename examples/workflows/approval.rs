//! An event from outside, for which there is a time limit.

use async_request_reply::Failure;
use async_request_reply::schemars::{self, JsonSchema};
use async_request_reply::workflow::{Either, Flow, Workflow, callee, select};
use serde::{Deserialize, Serialize};

use crate::shop::{Mail, SendMail};
use crate::trial::DAY;

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Expense {
    boss: String,
    amount: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Answer {
    Approved,
    Refused,
    Missing,
}

pub(crate) struct Approval;

impl Workflow for Approval {
    type Input = Expense;
    type Output = Answer;

    async fn run(&self, flow: Flow, expense: Expense) -> Result<Answer, Failure> {
        let mail = Mail {
            to: expense.boss,
            text: format!("May I spend {}? Answer {}", expense.amount, flow.id()),
        };
        flow.call(callee::blocking::<SendMail>(), &mail).await?;
        flow.set_status("waits for an answer");
        match select(flow.event::<bool>("approval"), flow.sleep(3 * DAY)).await {
            Either::First(approved) => Ok(match approved? {
                true => Answer::Approved,
                false => Answer::Refused,
            }),
            Either::Second(()) => Ok(Answer::Missing),
        }
    }
}

#[cfg(test)]
mod tests {
    use async_request_reply::workflow::test::{FlowTest, Ran};

    use super::*;

    fn approval() -> FlowTest<Approval> {
        FlowTest::of(Approval).with(callee::blocking::<SendMail>(), |_| Ok(()))
    }

    fn ran(test: FlowTest<Approval>) -> Ran<Answer> {
        let expense = Expense {
            boss: "ada".to_owned(),
            amount: 70,
        };
        test.run(&expense).unwrap()
    }

    #[test]
    fn an_answer_in_time_counts() {
        let ran = ran(approval().event(DAY, "approval", true));
        assert_eq!(ran.output.unwrap(), Answer::Approved);
        assert_eq!(ran.took, DAY);
    }

    #[test]
    fn a_late_answer_is_none() {
        let ran = ran(approval().event(4 * DAY, "approval", true));
        assert_eq!(ran.output.unwrap(), Answer::Missing);
        assert_eq!(ran.took, 3 * DAY);
    }

    #[test]
    fn a_refusal_is_an_answer() {
        let ran = ran(approval().event(DAY, "approval", false));
        assert_eq!(ran.output.unwrap(), Answer::Refused);
    }
}
