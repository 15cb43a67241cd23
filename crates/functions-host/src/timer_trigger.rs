//! The timer trigger: at start-up, on request, and on a schedule if a test wants it.
//!
//! Protocol: Timer trigger. The lock between hosts and the schedule monitor are left out, so
//! `ScheduleStatus` is null and no run is past due. The time zone is UTC.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::Host;
use super::envelope::sys;
use super::events::Invocation;
use super::function::TimerTrigger;
use super::invoke::invoke_with_payload;

/// One timer function.
pub(crate) struct Timer {
    function: String,
    binding: String,
    run_on_startup: bool,
    schedule: Schedule,
    /// Runs never overlap.
    running: Mutex<()>,
}

/// NCRONTAB: second, minute, hour, then day, month and weekday, which have to be `*` here.
#[derive(Debug, PartialEq)]
pub(crate) struct Schedule([Field; 3]);

#[derive(Debug, PartialEq)]
enum Field {
    Every(u8),
    At(u8),
}

impl Timer {
    /// Parses the schedule; the error is the reason.
    pub(super) fn new(host: &Host, function: &str, trigger: &TimerTrigger) -> Result<Self, String> {
        let schedule = host
            .settings
            .expand(&trigger.schedule)
            .map_err(|name| format!("app setting {name} is missing"))?;
        Ok(Self {
            function: function.to_owned(),
            binding: trigger.name.clone(),
            run_on_startup: trigger.run_on_startup,
            schedule: Schedule::parse(&schedule)
                .ok_or_else(|| format!("schedule {schedule:?} is none this double reads"))?,
            running: Mutex::new(()),
        })
    }

    pub(crate) fn function(&self) -> &str {
        &self.function
    }

    /// Runs the function once; true if the handler acknowledged. A failure is not retried.
    pub(super) async fn run_once(&self, host: &Arc<Host>) -> bool {
        let _alone = self.running.lock().await;
        let timer = json!({
            "Schedule": {"AdjustForDST": true},
            "ScheduleStatus": null,
            "IsPastDue": false,
        });
        let data = Map::from_iter([(self.binding.clone(), timer)]);
        let metadata = json!({"sys": sys(&self.function)});
        let invocation = Invocation::new(&self.function, None);
        invoke_with_payload(host, invocation, Value::Object(data), metadata).await
    }

    /// Runs at start-up if the manifest says so, then on the schedule if the test does.
    pub(super) async fn run(&self, host: &Arc<Host>) {
        if self.run_on_startup {
            self.run_once(host).await;
        }
        if !host.timer_schedule {
            return;
        }
        loop {
            sleep(self.schedule.until_next(OffsetDateTime::now_utc())).await;
            self.run_once(host).await;
        }
    }
}

impl Schedule {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [second, minute, hour, "*", "*", "*"] = fields[..] else {
            return None;
        };
        Some(Self([
            Field::parse(second)?,
            Field::parse(minute)?,
            Field::parse(hour)?,
        ]))
    }

    /// From `now` to the next occurrence, which is never `now` itself.
    pub(crate) fn until_next(&self, now: OffsetDateTime) -> Duration {
        let this_second = now.replace_nanosecond(0).unwrap_or(now);
        let is_due = |seconds: &u64| {
            let then = this_second + Duration::from_secs(*seconds);
            let parts = [then.second(), then.minute(), then.hour()];
            let mut fields = self.0.iter().zip(parts);
            fields.all(|(field, part)| field.matches(part))
        };
        // Every schedule of this form occurs at least once a day.
        let seconds = (1..=24 * 3600).find(is_due).unwrap_or(24 * 3600);
        Duration::from_secs(seconds) - Duration::from_nanos(now.nanosecond().into())
    }
}

impl Field {
    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('*') {
            Some("") => Some(Self::Every(1)),
            Some(step) => {
                let step = step.strip_prefix('/')?.parse().ok()?;
                (step > 0).then_some(Self::Every(step))
            }
            None => text.parse().ok().map(Self::At),
        }
    }

    fn matches(&self, part: u8) -> bool {
        match self {
            Self::Every(step) => part.is_multiple_of(*step),
            Self::At(value) => part == *value,
        }
    }
}

#[cfg(test)]
mod tests;
