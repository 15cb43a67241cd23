//! Timers: the process may end and begin as often as it likes meanwhile. And a workflow in two versions.

use std::time::Duration;

use async_request_reply::Failure;
use async_request_reply::workflow::{Flow, Workflow, callee};

use crate::shop::{Mail, SendMail};

pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) struct Trial;

impl Workflow for Trial {
    const VERSION: u32 = 2;
    type Input = String;
    type Output = ();

    async fn run(&self, flow: Flow, customer: String) -> Result<(), Failure> {
        let mail = |text: &str| Mail {
            to: customer.clone(),
            text: text.to_owned(),
        };
        let send_mail = callee::blocking::<SendMail>();
        flow.call(send_mail.clone(), &mail("Welcome")).await?;
        flow.sleep(12 * DAY).await;
        flow.call(send_mail.clone(), &mail("Two days are left"))
            .await?;
        flow.sleep(2 * DAY).await;
        flow.call(send_mail, &mail("Good bye")).await?;
        Ok(())
    }
}

/// What it was before: it reminded nobody. Whoever began with it ends with it.
pub(crate) struct FirstTrial;

impl Workflow for FirstTrial {
    type Input = String;
    type Output = ();

    async fn run(&self, flow: Flow, customer: String) -> Result<(), Failure> {
        flow.sleep(14 * DAY).await;
        let text = "Good bye".to_owned();
        let mail = Mail { to: customer, text };
        flow.call(callee::blocking::<SendMail>(), &mail).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use async_request_reply::workflow::test::FlowTest;

    use super::*;

    fn mails<W: Workflow<Input = String, Output = ()>>(trial: W) -> Vec<String> {
        let ran = FlowTest::of(trial)
            .with(callee::blocking::<SendMail>(), |_| Ok(()))
            .run(&"ada".to_owned())
            .unwrap();
        assert_eq!(ran.took, 14 * DAY);
        let texts = ran.calls.iter().map(|call| &call.input["text"]);
        texts
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn a_trial_lasts_two_weeks() {
        let expected = ["Welcome", "Two days are left", "Good bye"];
        assert_eq!(mails(Trial), expected);
        assert_eq!(mails(FirstTrial), ["Good bye"]);
    }
}
