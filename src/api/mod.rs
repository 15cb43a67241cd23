//! HTTP in, HTTP out: the routes that clients see, in both modes.
//!
//! A handler parses into domain types, makes one domain call and renders. It knows nothing of the
//! Functions host's envelopes, of storage or of the environment.

mod base_url;
mod body;
mod consuming;
mod health;
mod keys;
mod metrics;
mod operations;
mod problem;
mod state;
mod tasks;
mod view;

use std::future::ready;

use actix_web::http::Method;
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, web};

use problem::Problem;
pub(crate) use problem::render as render_problems;
pub use state::{Access, Api};

/// A route that the Functions host forwards: each has its own function folder, and
/// `tests/manifests` checks that the two agree.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The function's folder.
    pub function: &'static str,
    /// The methods it answers; any other gets a 405.
    pub methods: &'static [Method],
    /// The path, as the client sends it.
    pub path: &'static str,
    /// Whether callers need a key.
    pub keyed: bool,
}

const READ: &[Method] = &[Method::GET, Method::HEAD];

const CREATE_TASK: Route = Route {
    function: "create_task",
    methods: &[Method::POST],
    path: "/api/tasks",
    keyed: false,
};
const GET_TASK: Route = Route {
    function: "get_task",
    methods: READ,
    path: "/api/tasks/{task_id}",
    keyed: false,
};
const GET_OPERATION: Route = Route {
    function: "get_operation",
    methods: READ,
    path: "/api/operations/{id}",
    keyed: false,
};
const GET_OPERATION_RESULT: Route = Route {
    function: "get_operation_result",
    methods: READ,
    path: "/api/operations/{id}/result",
    keyed: false,
};
const GET_HEALTH: Route = Route {
    function: "get_health",
    methods: READ,
    path: "/api/health",
    keyed: false,
};
const GET_METRICS: Route = Route {
    function: "get_metrics",
    methods: &[Method::GET],
    path: "/api/metrics",
    keyed: true,
};

/// Every route of the API.
pub const ROUTES: [Route; 6] = [
    CREATE_TASK,
    GET_TASK,
    GET_OPERATION,
    GET_OPERATION_RESULT,
    GET_HEALTH,
    GET_METRICS,
];

/// Adds the routes to an application, whose data holds an [`Api`].
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(health::alive))
        .service(resource(CREATE_TASK, tasks::submit))
        .service(resource(GET_TASK, tasks::fetch))
        .service(resource(GET_OPERATION, operations::monitor))
        .service(resource(GET_OPERATION_RESULT, operations::result))
        .service(resource(GET_HEALTH, health::health))
        .service(resource(GET_METRICS, metrics::metrics))
        .default_service(web::to(|| {
            ready(Err::<HttpResponse, _>(Problem::not_found(
                "there is nothing at this path",
            )))
        }));
}

/// A route's handler for its methods, and 405 for all others.
fn resource<F, Args>(route: Route, handler: F) -> Resource
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    let allow = route
        .methods
        .iter()
        .map(Method::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    let refuse = move || {
        ready(Err::<HttpResponse, _>(Problem::method_not_allowed(
            allow.clone(),
        )))
    };
    let resource = web::resource(route.path).default_service(web::to(refuse));
    route.methods.iter().fold(resource, |resource, method| {
        resource.route(web::method(method.clone()).to(handler.clone()))
    })
}
