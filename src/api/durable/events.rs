//! The history of an instance in Durable Functions' events, each with its fields in that product's order. It is made
//! of the steps and their ends: what has not ended is `…Scheduled` or `…Created`.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::words::{began_at, runtime_status};
use engine::{History, HistoryStep, StepKind, StepState, TaskId, TaskState};
use ports::{Timestamp, timestamp};

/// An event: its fields, in their order.
pub(super) struct Event<'a>(Vec<(&'static str, Field<'a>)>);

/// What a field may be.
#[derive(Serialize)]
#[serde(untagged)]
enum Field<'a> {
    Null,
    Flag(bool),
    Number(u32),
    Text(&'a str),
    Time(String),
    Id(TaskId),
    Json(&'a RawValue),
}

impl Serialize for Event<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, field)| (name, field)))
    }
}

impl<'a> Event<'a> {
    fn new(kind: &'static str) -> Self {
        Self(vec![("EventType", Field::Text(kind))])
    }

    fn with(mut self, name: &'static str, field: Field<'a>) -> Self {
        self.0.push((name, field));
        self
    }

    fn with_some(self, name: &'static str, field: Option<Field<'a>>) -> Self {
        match field {
            Some(field) => self.with(name, field),
            None => self,
        }
    }

    fn at(self, name: &'static str, time: Timestamp) -> Self {
        self.with(name, Field::Time(timestamp::to_text(time)))
    }
}

/// The events, in the order of their times.
pub(super) fn of(history: &History, with_output: bool) -> Vec<Event<'_>> {
    let record = &history.task.record;
    let instance = record.instance.as_deref();
    let input = record.input.as_deref().map(RawValue::get);
    let began_at = began_at(record);
    let started = Event::new("ExecutionStarted")
        .with("Input", text_or_null(input))
        .with("Correlation", Field::Null)
        .with("ParentTraceContext", Field::Null)
        .with("ScheduledStartTime", Field::Null)
        .with(
            "Generation",
            Field::Number(instance.map_or(0, |instance| instance.generation)),
        )
        .with("GenerateNewTrace", Field::Flag(false))
        .at("Timestamp", began_at)
        .with("FunctionName", Field::Text(&record.kind));
    let mut events = vec![(began_at, started)];
    for step in &history.steps {
        tell(step, with_output, &mut events);
    }
    events.sort_by_key(|(at, _)| *at);
    let result = match &record.state {
        TaskState::Succeeded { result } => Field::Json(result),
        TaskState::Failed { error } => Field::Text(&error.message),
        _ => Field::Null,
    };
    let completed = record.status().is_terminal().then(|| {
        Event::new("ExecutionCompleted")
            .with("OrchestrationStatus", Field::Text(runtime_status(record)))
            .with_some("Result", Some(result).filter(|_| with_output))
            .with("FailureDetails", Field::Null)
            .at("Timestamp", record.updated_at)
    });
    let events = events.into_iter().map(|(_, event)| event);
    events.chain(completed).collect()
}

/// Adds what there is to tell of a step.
fn tell<'a>(step: &'a HistoryStep, with_output: bool, events: &mut Vec<(Timestamp, Event<'a>)>) {
    let at = step.ended_at.unwrap_or(step.started_at);
    let name = Field::Text(&step.name);
    let event = match &step.state {
        StepState::Dropped => return,
        StepState::Open { child, due_at, .. } => match step.kind {
            StepKind::Event => return,
            StepKind::Timer => created(step, due_at.unwrap_or(step.started_at)),
            kind => scheduled(kind, name, at, *child),
        },
        _ if step.kind == StepKind::Timer => {
            events.push((step.started_at, created(step, at)));
            Event::new("TimerFired")
                .at("FireAt", at)
                .at("Timestamp", at)
        }
        _ if step.kind == StepKind::Event => Event::new("EventRaised")
            .with("Name", name)
            .with(
                "Input",
                text_or_null(step.input.as_deref().map(RawValue::get)),
            )
            .with("ParentTraceContext", Field::Null)
            .at("Timestamp", at),
        StepState::Failed { error, child } => Event::new(of_kind(
            step.kind,
            "TaskFailed",
            "SubOrchestrationInstanceFailed",
        ))
        .with("Reason", Field::Text(&error.message))
        .with("Details", Field::Text(&error.code))
        .with("FailureDetails", Field::Null)
        .at("Timestamp", at)
        .at("ScheduledTime", step.started_at)
        .with("FunctionName", name)
        .with_some("InstanceId", child.map(Field::Id))
        .with("Input", Field::Null),
        StepState::Done { result, child, .. } => Event::new(of_kind(
            step.kind,
            "TaskCompleted",
            "SubOrchestrationInstanceCompleted",
        ))
        .with_some(
            "Result",
            result.as_deref().filter(|_| with_output).map(Field::Json),
        )
        .at("Timestamp", at)
        .at("ScheduledTime", step.started_at)
        .with("FunctionName", name)
        .with_some("InstanceId", child.map(Field::Id))
        .with("Input", Field::Null),
    };
    events.push((at, event));
}

fn created(step: &HistoryStep, due_at: Timestamp) -> Event<'static> {
    Event::new("TimerCreated")
        .at("FireAt", due_at)
        .at("Timestamp", step.started_at)
}

fn scheduled(kind: StepKind, name: Field<'_>, at: Timestamp, child: Option<TaskId>) -> Event<'_> {
    Event::new(of_kind(
        kind,
        "TaskScheduled",
        "SubOrchestrationInstanceCreated",
    ))
    .at("Timestamp", at)
    .with("FunctionName", name)
    .with_some("InstanceId", child.map(Field::Id))
}

fn of_kind(kind: StepKind, task: &'static str, workflow: &'static str) -> &'static str {
    if kind == StepKind::Workflow {
        workflow
    } else {
        task
    }
}

/// A JSON text as text, unless it is null.
fn text_or_null(text: Option<&str>) -> Field<'_> {
    match text {
        None | Some("null") => Field::Null,
        Some(text) => Field::Text(text),
    }
}
