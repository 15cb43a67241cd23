//! The history of an instance in Durable Functions' events. It is made of the steps, each with its end: what has not
//! ended is `…Scheduled` or `…Created`.

use serde_json::{Map, Value, json};

use super::view::{began_at, runtime_status};
use engine::{History, HistoryStep, StepKind, StepState, TaskError, TaskState};
use ports::{Timestamp, timestamp};

/// The events, in the order of their times.
pub(super) fn of(history: &History, with_output: bool) -> Vec<Value> {
    let record = &history.task.record;
    let generation = record
        .instance
        .as_deref()
        .map_or(0, |instance| instance.generation);
    let mut events = vec![(
        began_at(record),
        json!({
            "EventType": "ExecutionStarted",
            "Input": record.input.as_deref().map(serde_json::value::RawValue::get).filter(|input| *input != "null"),
            "Correlation": null,
            "ParentTraceContext": null,
            "ScheduledStartTime": null,
            "Generation": generation,
            "GenerateNewTrace": false,
            "Timestamp": timestamp::to_text(began_at(record)),
            "FunctionName": record.kind,
        }),
    )];
    for step in &history.steps {
        tell(step, with_output, &mut events);
    }
    events.sort_by_key(|(at, _)| *at);
    let ended = record.status().is_terminal().then(|| {
        let mut event = json!({
            "EventType": "ExecutionCompleted",
            "OrchestrationStatus": runtime_status(record),
        });
        let result = match &record.state {
            TaskState::Succeeded { result } => value(result.get()),
            TaskState::Failed { error } => Value::from(&*error.message),
            _ => Value::Null,
        };
        add(&mut event, with_output.then_some(("Result", result)));
        add(
            &mut event,
            [
                ("FailureDetails", Value::Null),
                ("Timestamp", timestamp::to_text(record.updated_at).into()),
            ],
        );
        event
    });
    events
        .into_iter()
        .map(|(_, event)| event)
        .chain(ended)
        .collect()
}

fn tell(step: &HistoryStep, with_output: bool, events: &mut Vec<(Timestamp, Value)>) {
    let at = step.ended_at.unwrap_or(step.started_at);
    let time = timestamp::to_text(at);
    let scheduled = timestamp::to_text(step.started_at);
    let input = step.input.as_deref().map(serde_json::value::RawValue::get);
    let is_workflow = step.kind == StepKind::Workflow;
    let event = match (&step.state, step.kind) {
        (StepState::Dropped, _) | (StepState::Open { .. }, StepKind::Event) => return,
        (StepState::Open { due_at, .. }, StepKind::Timer) => json!({
            "EventType": "TimerCreated", "FireAt": due_at.map(timestamp::to_text), "Timestamp": scheduled,
        }),
        (StepState::Open { child, .. }, _) => {
            let name = if is_workflow {
                "SubOrchestrationInstanceCreated"
            } else {
                "TaskScheduled"
            };
            let mut event = json!({
                "EventType": name, "Timestamp": scheduled, "FunctionName": step.name,
            });
            add(
                &mut event,
                child.map(|child| ("InstanceId", child.to_string().into())),
            );
            event
        }
        (_, StepKind::Timer) => {
            let created =
                json!({ "EventType": "TimerCreated", "FireAt": time, "Timestamp": scheduled });
            events.push((step.started_at, created));
            json!({ "EventType": "TimerFired", "FireAt": time, "Timestamp": time })
        }
        (_, StepKind::Event) => json!({
            "EventType": "EventRaised",
            "Name": step.name,
            "Input": input,
            "ParentTraceContext": null,
            "Timestamp": time,
        }),
        (StepState::Failed { error, child }, _) => {
            let name = if is_workflow {
                "SubOrchestrationInstanceFailed"
            } else {
                "TaskFailed"
            };
            let mut event = json!({
                "EventType": name,
                "Reason": error.message,
                "Details": details(error),
                "FailureDetails": null,
                "Timestamp": time,
                "ScheduledTime": scheduled,
                "FunctionName": step.name,
            });
            add(
                &mut event,
                child.map(|child| ("InstanceId", child.to_string().into())),
            );
            add(&mut event, [("Input", Value::Null)]);
            event
        }
        (StepState::Done { result, child, .. }, _) => {
            let name = if is_workflow {
                "SubOrchestrationInstanceCompleted"
            } else {
                "TaskCompleted"
            };
            let mut event = json!({ "EventType": name });
            let result = result.as_deref().filter(|_| with_output);
            add(
                &mut event,
                result.map(|result| ("Result", value(result.get()))),
            );
            add(
                &mut event,
                [
                    ("Timestamp", time.into()),
                    ("ScheduledTime", scheduled.into()),
                    ("FunctionName", Value::from(&*step.name)),
                ],
            );
            add(
                &mut event,
                child.map(|child| ("InstanceId", child.to_string().into())),
            );
            add(&mut event, [("Input", Value::Null)]);
            event
        }
    };
    events.push((at, event));
}

fn details(error: &TaskError) -> Value {
    json!({ "code": error.code, "message": error.message })
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// Adds fields behind those there are.
fn add(event: &mut Value, fields: impl IntoIterator<Item = (&'static str, Value)>) {
    let fields = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    event
        .as_object_mut()
        .unwrap_or(&mut Map::new())
        .extend(fields);
}
