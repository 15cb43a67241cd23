//! The rows of the table of routes that are about instances.

use super::control::{raise, restart, resume, rewind, suspend, terminate};
use super::describe;
use super::many::{list, purge, purge_all};
use super::start::{start, start_named};
use super::status::status;
use crate::api::edge::route::Route;

/// The folder of what begins instances, where everybody may.
const STARTERS: &str = "orchestrators";

/// The folder of Durable Functions' API, which looks for codes and keys by itself.
const INSTANCES: &str = "durabletask";

/// What is to be asked of instances, and how they begin.
pub(in crate::api) fn routes() -> Vec<Route> {
    vec![
        Route::post("start_orchestrator", "/api/orchestrators/{function}", start)
            .in_function(STARTERS)
            .submission()
            .describe(describe::start)
            .answers(
                "to the input of the workflow `function`: 202 with the URIs of the instance, or 200 with its result if \
                 it ends within `timeout`",
            ),
        Route::post(
            "start_named_orchestrator",
            "/api/orchestrators/{function}/{instance}",
            start_named,
        )
        .in_function(STARTERS)
        .submission()
        .describe(describe::start_named)
        .answers("the same, of an instance with a name, for which it needs its code or the key; 409 while it runs"),
        Route::post(
            "create_instance",
            "/api/durabletask/orchestrators/{function}",
            start,
        )
        .in_function(INSTANCES)
        .own_keyed()
        .describe(describe::built_in)
        .answers("the same as `POST /api/orchestrators/{function}`"),
        Route::post(
            "create_named_instance",
            "/api/durabletask/orchestrators/{function}/{instance}",
            start_named,
        )
        .in_function(INSTANCES)
        .describe(describe::built_in_named)
        .answers("the same as `POST /api/orchestrators/{function}/{instance}`"),
        Route::get("list_instances", "/api/durabletask/instances", list)
            .in_function(INSTANCES)
            .own_keyed()
            .describe(describe::list)
            .answers(
                "the instances, newest first: `runtimeStatus`, `createdTimeFrom`, `createdTimeTo`, \
                 `instanceIdPrefix`, `top`; `x-ms-continuation-token` leads on",
            ),
        Route::delete("delete_instances", "/api/durabletask/instances", purge_all)
            .in_function(INSTANCES)
            .own_keyed()
            .describe(describe::purge_all)
            .answers("200 `{\"instancesDeleted\"}`; the same filters, of which `createdTimeFrom` must be there"),
        Route::get("get_instance", "/api/durabletask/instances/{instance}", status)
            .in_function(INSTANCES)
            .describe(describe::status)
            .answers(
                "202 with how an instance is until it has ended, then 200; with its code or the key, as all that \
                 follows: `showInput`, `showHistory`, `showHistoryOutput`, `returnInternalServerErrorOnFailure`",
            ),
        Route::delete("delete_instance", "/api/durabletask/instances/{instance}", purge)
            .in_function(INSTANCES)
            .describe(describe::purge)
            .answers("200 `{\"instancesDeleted\"}`; 412 while it has not ended"),
        Route::post(
            "raise_event",
            "/api/durabletask/instances/{instance}/raiseevent/{event}",
            raise,
        )
        .in_function(INSTANCES)
        .describe(describe::raise)
        .answers("202; 410 when it has ended"),
        Route::post(
            "terminate_instance",
            "/api/durabletask/instances/{instance}/terminate",
            terminate,
        )
        .in_function(INSTANCES)
        .describe(describe::terminate)
        .answers("202; 410 when it has ended"),
        Route::post(
            "suspend_instance",
            "/api/durabletask/instances/{instance}/suspend",
            suspend,
        )
        .in_function(INSTANCES)
        .describe(describe::suspend)
        .answers("202; 410 when it has ended"),
        Route::post(
            "resume_instance",
            "/api/durabletask/instances/{instance}/resume",
            resume,
        )
        .in_function(INSTANCES)
        .describe(describe::resume)
        .answers("202; 410 when it has ended"),
        Route::post(
            "rewind_instance",
            "/api/durabletask/instances/{instance}/rewind",
            rewind,
        )
        .in_function(INSTANCES)
        .describe(describe::rewind)
        .answers("202; 412 unless it has failed"),
        Route::post(
            "restart_instance",
            "/api/durabletask/instances/{instance}/restart",
            restart,
        )
        .in_function(INSTANCES)
        .describe(describe::restart)
        .answers(
            "202 with the URIs of another instance with the same input, or of the same with \
             `restartWithNewInstanceId=false`",
        ),
    ]
}
