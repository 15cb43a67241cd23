//! `POST /api/enqueue` (key): any body becomes a task, as the clients of two other systems send it. That of
//! Celery (R4) takes a JSON object; that of Functions and Service Bus (R3) takes whatever comes.

mod content;
pub(in crate::api) mod describe;

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use self::content::read_content;
use crate::api::edge::problem::Problem;
use crate::api::edge::state::Api;
use crate::api::tasks::submitting::{Repetition, traceparent};
use crate::api::tasks::taking_in::take_in;
use engine::{Submission, TaskId};

/// What R4 answers: where to look is left to who knows `/api/status/{task_id}`.
#[derive(Serialize, ToSchema)]
#[schema(as = EnqueuedTask)]
pub(in crate::api) struct Enqueued {
    /// The id of the task.
    #[schema(value_type = String, format = Uuid)]
    task_id: TaskId,
}

/// Makes a task of the body, of the kind that a setting names for what it is.
pub(in crate::api) async fn enqueue(
    request: HttpRequest,
    api: Api,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let repetition = Repetition::of_submission(&request, &api)?;
    let reply = accept(&request, &api, payload, &repetition).await;
    repetition.tell(reply)
}

async fn accept(
    request: &HttpRequest,
    api: &Api,
    payload: Payload,
    repetition: &Repetition,
) -> Result<HttpResponse, Problem> {
    let (content, held) = read_content(request, payload, api).await?;
    let submission = Submission {
        traceparent: traceparent(request),
        ..Submission::new(api.tasks.new_id(), content.kind, content.input)
    };
    let (task_id, _) = take_in(request, api, repetition, (submission, held), "").await?;
    Ok(HttpResponse::Ok().json(Enqueued { task_id }))
}
