//! The one table of routes. From it are made actix-web's resources, the checks of keys, the
//! description, the function folders, `.funcignore` and the rows of `docs/api.md`.

use std::future::ready;
use std::sync::LazyLock;

use actix_web::{HttpResponse, web};

use super::callbacks::{self, describe as describe_callbacks};
use super::dead_letters::{self, describe as describe_dead_letters};
use super::durable;
use super::edge::paths::Paths;
use super::edge::problem::Problem;
use super::edge::requests::{Described, ROOT, Requests};
use super::edge::route::{Route, resource};
use super::enqueue::{self, describe as describe_enqueue};
use super::kinds::{self, describe as describe_kinds};
use super::openapi::Description;
use super::operations::{self, describe as describe_operations, history, listing};
use super::raw_queue::{self, describe as describe_queue};
use super::request_status::{self, acceptor, describe as describe_request_status};
use super::service::description::Served;
use super::service::{self, describe as describe_service, docs, health, metrics};
use super::status::{self, describe as describe_status};
use super::tasks::{self, describe as describe_tasks};
use engine::Tasks;

/// Every route of the API.
pub static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let mut routes = vec![
        Route::post("create_task", "/api/tasks", tasks::submit)
            .submission()
            .describe(describe_tasks::submit)
            .answers(
                "to `{\"number\": n}` or `{\"kind\": \"…\", \"input\": …}`: 202 with `Location`, \
                 `Operation-Location`, `Operation-Id` and `Retry-After`; the body is `{\"id\", \
                 \"number\"}` or `{\"id\", \"kind\"}`. `startAfter` or `delay`, and `labels`, may be \
                 beside. To an array of up to 1,000 of these: 202 `{\"tasks\": […]}`",
            ),
        Route::get("get_task", "/api/tasks/{task_id}", tasks::fetch)
            .describe(describe_tasks::fetch)
            .answers(
                "200 `{\"task_id\", …result}`, once; 404 `{\"task_id\"}` while there is no result, \
                 with a `Link` to the monitor if there is a task",
            ),
        Route::get(
            "get_operation",
            "/api/operations/{id:guid}",
            operations::monitor,
        )
        .describe(describe_operations::monitor)
        .answers(
            "200 with the status monitor (`NotStarted`, `Running`, `Succeeded`, `Failed`, \
             `Canceled`), 304 when the client has it (`If-None-Match`), or 404",
        ),
        Route::get(
            "get_operation_result",
            "/api/operations/{id:guid}/result",
            operations::result,
        )
        .describe(describe_operations::result)
        .answers(
            "202 until there is a result, then 200 with it, as often as asked; 424 when the task \
             failed, 410 when it was canceled",
        ),
        Route::get(
            "get_operation_history",
            "/api/operations/{id:guid}/history",
            history::history,
        )
        .describe(describe_operations::history)
        .answers(
            "200 with the steps of an instance of a workflow, their results with `results=true`; 304 when the client \
             has them; 404 for a task that is no instance",
        ),
        Route::post(
            "cancel_operation",
            "/api/operations/{id:guid}:cancel",
            operations::cancel,
        )
        .describe(describe_operations::cancel)
        .answers("200 with the monitor; a task that has ended stays as it is"),
        Route::delete(
            "delete_operation",
            "/api/operations/{id:guid}",
            operations::delete,
        )
        .describe(describe_operations::delete)
        .answers("204; 409 while the task has not ended"),
        Route::get("list_operations", "/api/operations", listing::list)
            .keyed()
            .describe(describe_operations::list)
            .answers(
                "the tasks, newest first: `status`, `kind`, `label`, `createdAfter`, \
                 `createdBefore`, `top`; `nextLink` leads on. On Azure Storage a filter looks through all tasks, \
                 page by page: an empty page with a `nextLink` is not the end",
            ),
        // Any id: no open route ends like this, to whose id something could be added.
        Route::post(
            "retry_operation",
            "/api/operations/{id}:retry",
            operations::retry,
        )
        .keyed()
        .describe(describe_operations::retry)
        .answers("202 with the headers of a submission; a failed task runs again under its id"),
        Route::post(
            "post_callback",
            "/api/callbacks/{id:guid}",
            callbacks::report,
        )
        .describe(describe_callbacks::report)
        .answers(
            "200 when the report of an attempt is taken, 409 when the attempt is over, 410 when the \
             task has ended. Needs the `token` that the service gave for the attempt",
        ),
        Route::get("list_dead_letters", "/api/dead-letters", dead_letters::list)
            .keyed()
            .describe(describe_dead_letters::list)
            .answers(
                "what failed, newest first: failed tasks, and messages that name no task: `kind`, `errorCode`, \
                 `label`, `failedAfter`, `failedBefore`, `text`, `top`; `nextLink` leads on. What succeeded \
                 is not looked through",
            ),
        Route::delete(
            "delete_dead_letters",
            "/api/dead-letters",
            dead_letters::delete_all,
        )
        .keyed()
        .describe(describe_dead_letters::delete_all)
        .answers(
            "202 with the headers of a submission: a task deletes what the same filters take, or all with \
             `all=true`; with `dryRun=true` 200 `{\"count\"}`, and nothing is done",
        ),
        Route::get(
            "get_dead_letter",
            "/api/dead-letters/{id:guid}",
            dead_letters::one,
        )
        .keyed()
        .describe(describe_dead_letters::one)
        .answers(
            "200 with the error, the times and the input of one, and what \
             [rules](dead-letter-rules.md) did about it, or 404",
        ),
        Route::post(
            "replay_dead_letter",
            "/api/dead-letters/{id:guid}:replay",
            dead_letters::replay,
        )
        .keyed()
        .describe(describe_dead_letters::replay)
        .answers(
            "202 with the headers of a submission: it runs again, with another input if the body is \
             `{\"input\": …}`; a message that names no task is sent to its queue again",
        ),
        Route::post(
            "replay_dead_letters",
            "/api/dead-letters:replay",
            dead_letters::replay_all,
        )
        .keyed()
        .describe(describe_dead_letters::replay_all)
        .answers(
            "as `DELETE`, but that they run again",
        ),
        Route::post("enqueue", "/api/enqueue", enqueue::enqueue)
            .keyed()
            .describe(describe_enqueue::enqueue)
            .answers(
                "to a JSON object: 200 `{\"task_id\"}` of a task of the kind that `ENQUEUE_KIND` names; to any other \
                 content the same, of the kind that `ENQUEUE_TEXT_KIND` names",
            ),
        Route::get("get_status", "/api/status/{task_id}", status::status)
            .describe(describe_status::status)
            .answers(
                "200 `{\"task_id\", \"status\", \"result\"}` in the words of Celery: `PENDING`, `STARTED`, `RETRY`, \
                 `SUCCESS`, `FAILURE`, `REVOKED`; 404 with the same body when there is no such task",
            ),
        Route::post(
            "accept_work",
            "/api/asyncprocessingworkacceptor",
            acceptor::accept,
        )
        .submission()
        .describe(describe_request_status::accept)
        .answers(
            "to `{\"id\", \"customername\"}`: 202 with `Location`, of a task of the kind that `ACCEPTOR_KIND` names",
        ),
        Route::get(
            "get_request_status",
            "/api/requeststatus/{id:guid}",
            request_status::status,
        )
        .describe(describe_request_status::status)
        .answers(
            "302 to the result in the storage account, or 200 with it (`OnComplete=Stream`); before that 200 `{\"status\": \
             \"In progress\", \"Location\"}`, or a wait for it (`OnPending=Synchronous`)",
        ),
        Route::post("create_message", "/api/queue/messages", raw_queue::create)
            .keyed()
            .describe(describe_queue::create)
            .answers(
                "to any JSON, such as a person: 200 with the message that is in the raw queue from now on. \
                 `time_to_live` and `visibility_timeout` in seconds",
            ),
        Route::get("get_messages", "/api/queue/messages", raw_queue::taking::lease)
            .keyed()
            .describe(describe_queue::lease)
            .answers(
                "200 `{\"messages\"}`, with their pop receipts, which nobody else sees for a while: \
                 `messages_per_page`, `max_messages`, `visibility_timeout`",
            ),
        Route::delete("clear_messages", "/api/queue/messages", raw_queue::clear)
            .keyed()
            .describe(describe_queue::clear)
            .answers("200; the raw queue is empty"),
        Route::post("lease_messages", "/api/queue/messages/lease", raw_queue::taking::lease)
            .keyed()
            .describe(describe_queue::lease)
            .answers("the same as `GET /api/queue/messages`, which changes things as well"),
        Route::get("get_next_message", "/api/queue/messages/pop", raw_queue::taking::pop)
            .keyed()
            .describe(describe_queue::pop)
            .answers("200 with the next message, which is deleted, or without `data` if there is none"),
        Route::post("pop_message", "/api/queue/messages/pop", raw_queue::taking::pop)
            .keyed()
            .describe(describe_queue::pop)
            .answers("the same"),
        Route::get("peek_messages", "/api/queue/messages/peek", raw_queue::peek)
            .keyed()
            .describe(describe_queue::peek)
            .answers(
                "200 `{\"messages\"}`, and nothing is changed: `max_messages`; of a queue of tasks or of \
                 its dead letters with `queue`",
            ),
        Route::put("update_message", "/api/queue/messages/{message_id}", raw_queue::update)
            .keyed()
            .describe(describe_queue::update)
            .answers(
                "to `{\"pop_receipt\", \"content\", \"visibility_timeout\"}`: 200 with the next pop \
                 receipt; 404 for an unknown message, 409 for a pop receipt that is not its last",
            ),
        Route::get("get_queue_length", "/api/queue/length", raw_queue::length)
            .keyed()
            .describe(describe_queue::length)
            .answers("200 `{\"queue\", \"length\"}`; of a queue of tasks or of its dead letters with `queue`"),
        Route::get("get_kinds", "/api/kinds", kinds::list)
            .describe(describe_kinds::list)
            .answers(
                "the kinds of work: schemas of input and result, how their tasks are treated, what this \
                 process has seen of them",
            ),
        Route::get("get_health", "/api/health", health::health)
            .describe(describe_service::health)
            .answers("200 when storage answers, 503 otherwise, and while the service stops"),
        Route::get("get_metrics", "/api/metrics", metrics::metrics)
            .keyed()
            .describe(describe_service::metrics)
            .answers("Prometheus text"),
        Route::get("get_docs", "/api/docs", docs::page)
            .describe(describe_service::docs)
            .answers("a page to try all this in a browser"),
        Route::get("get_docs_file", "/api/docs/{file}", docs::file),
        Route::get("get_openapi", "/api/openapi.json", service::description::openapi)
            .describe(describe_service::openapi)
            .answers(
                "the description of it (OpenAPI 3.1), to make \
                 [clients](clients/generated.md) from; also \
                 [committed](openapi.json), with a [Postman \
                 collection](postman_collection.json) of a whole conversation",
            ),
        Route::get(
            "get_openapi_3_0",
            "/api/openapi-3.0.json",
            service::description::openapi_3_0,
        )
        .describe(describe_service::openapi_3_0)
        .answers("the same in OpenAPI 3.0, for gateways and generators that know no other"),
    ];
    routes.extend(durable::routes());
    routes
});

/// The root: the Functions host asks there, and forwards nothing to it, so it has no folder.
pub static ALIVE: LazyLock<Route> = LazyLock::new(|| {
    Route::get("alive", ROOT, health::alive)
        .answers("200 while the process is there; a browser is led to `/api/docs`")
});

/// The paths of the table, each once, in the order in which they are looked at.
static PATHS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut paths: Vec<&'static str> = Vec::new();
    for Route { path, .. } in &*ROUTES {
        let path = path.as_str();
        if paths.contains(&path) {
            continue;
        }
        let general = paths.iter().position(|known| takes_too(known, path));
        paths.insert(general.unwrap_or(paths.len()), path);
    }
    paths
});

/// Whether a path takes, with its parameter at the end, all that another one is for: `{id}` and
/// `{id}:cancel`.
fn takes_too(general: &str, special: &str) -> bool {
    let rest = special.strip_prefix(general);
    general.ends_with('}') && rest.is_some_and(|rest| !rest.contains('/'))
}

/// Adds the routes to an application, whose data holds an [`Api`](super::Api). Takes the
/// [`description`] of them.
pub fn configure(config: &mut web::ServiceConfig, description: Served) {
    config
        .app_data(Paths(&PATHS))
        .app_data(description)
        .service(resource(ROOT, &[&ALIVE]));
    for path in &*PATHS {
        let routes: Vec<_> = ROUTES.iter().filter(|route| route.path == *path).collect();
        config.service(resource(path, &routes));
    }
    config.default_service(web::to(|| {
        ready(Err::<HttpResponse, _>(Problem::not_found(
            "there is nothing at this path",
        )))
    }));
}

/// The counts of what is asked of the routes, all of them 0.
pub fn requests() -> Requests {
    Requests::new(PATHS.iter().copied(), described_statuses)
}

fn described_statuses() -> Described {
    ROUTES
        .iter()
        .filter_map(|route| Some((route.path.as_str(), route.describe?().build())))
        .flat_map(|(path, operation)| {
            let statuses = operation.responses.responses.into_keys();
            statuses.map(move |status| (path, status))
        })
        .collect()
}

/// The description of the routes and of the kinds of work, for all threads of a process.
pub fn description(tasks: &Tasks) -> Served {
    let tasks = tasks.clone();
    Served::new(move || {
        let kinds = tasks.kinds().map(|kind| kind.registered.name.to_string());
        Description::of(&ROUTES, &kinds.collect::<Vec<_>>())
    })
}

/// The rows of routes in `docs/api.md`.
pub fn rows() -> String {
    [&*ALIVE]
        .into_iter()
        .chain(&*ROUTES)
        .filter_map(Route::row)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_more_to_say_is_looked_at_before_one_that_takes_it_too() {
        for (index, path) in PATHS.iter().enumerate() {
            let later = PATHS.iter().skip(index + 1);
            assert_eq!(later.filter(|later| takes_too(path, later)).count(), 0);
        }
        assert!(takes_too("/api/x/{id}", "/api/x/{id}:cancel"));
        for other in ["/api/x/{id}/result", "/api/x", "/api/y/{id}"] {
            assert!(!takes_too("/api/x/{id}", other), "{other}");
        }
    }

    #[test]
    fn no_path_of_the_table_needs_another_spelling() {
        for path in &*PATHS {
            let lower = path.bytes().all(|byte| !byte.is_ascii_uppercase());
            assert!(lower && !path.ends_with('/'), "{path}");
        }
    }
}
