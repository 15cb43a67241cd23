//! HTTP in, HTTP out: the routes that clients see, in both modes.
//!
//! A handler parses into domain types, makes one domain call and renders. It knows nothing of the
//! Functions host's envelopes, of storage or of the environment.

mod edge;
mod openapi;
mod operations;
mod service;
mod tasks;

use std::future::ready;

use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, web};
use utoipa::openapi::path::OperationBuilder;

pub(crate) use edge::edge;
pub use edge::memory::Memory;
use edge::problem::Problem;
pub use edge::requests::Requests;
pub use edge::state::{Access, Api, Browsers, Keys};
use edge::{cors, requests};
use operations::{describe as describe_operations, listing};
use service::{describe as describe_service, docs, health, metrics};
use tasks::describe as describe_tasks;

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
    /// What it takes and gives, for the OpenAPI description; `None` for what is no operation.
    describe: Option<fn() -> OperationBuilder>,
}

const READ: &[Method] = &[Method::GET, Method::HEAD];

const fn open(
    function: &'static str,
    methods: &'static [Method],
    path: &'static str,
    describe: fn() -> OperationBuilder,
) -> Route {
    Route {
        function,
        methods,
        path,
        keyed: false,
        describe: Some(describe),
    }
}

const fn keyed(
    function: &'static str,
    methods: &'static [Method],
    path: &'static str,
    describe: fn() -> OperationBuilder,
) -> Route {
    Route {
        function,
        methods,
        path,
        keyed: true,
        describe: Some(describe),
    }
}

const CREATE_TASK: Route = open(
    "create_task",
    &[Method::POST],
    "/api/tasks",
    describe_tasks::submit,
);
const GET_TASK: Route = open(
    "get_task",
    READ,
    "/api/tasks/{task_id}",
    describe_tasks::fetch,
);
const LIST_OPERATIONS: Route = keyed(
    "list_operations",
    READ,
    "/api/operations",
    describe_operations::list,
);
const GET_OPERATION: Route = open(
    "get_operation",
    READ,
    "/api/operations/{id}",
    describe_operations::monitor,
);
const DELETE_OPERATION: Route = open(
    "delete_operation",
    &[Method::DELETE],
    "/api/operations/{id}",
    describe_operations::delete,
);
const GET_OPERATION_RESULT: Route = open(
    "get_operation_result",
    READ,
    "/api/operations/{id}/result",
    describe_operations::result,
);
const CANCEL_OPERATION: Route = open(
    "cancel_operation",
    &[Method::POST],
    "/api/operations/{id}:cancel",
    describe_operations::cancel,
);
const RETRY_OPERATION: Route = keyed(
    "retry_operation",
    &[Method::POST],
    "/api/operations/{id}:retry",
    describe_operations::retry,
);
const GET_HEALTH: Route = open("get_health", READ, "/api/health", describe_service::health);
const GET_METRICS: Route = keyed(
    "get_metrics",
    READ,
    "/api/metrics",
    describe_service::metrics,
);
const GET_OPENAPI: Route = open(
    "get_openapi",
    READ,
    "/api/openapi.json",
    describe_service::openapi,
);
const GET_OPENAPI_3_0: Route = open(
    "get_openapi_3_0",
    READ,
    "/api/openapi-3.0.json",
    describe_service::openapi_3_0,
);
const GET_DOCS: Route = open("get_docs", READ, "/api/docs", describe_service::docs);
const GET_DOCS_FILE: Route = Route {
    function: "get_docs_file",
    methods: READ,
    path: "/api/docs/{file}",
    keyed: false,
    describe: None,
};

/// Every route of the API.
pub const ROUTES: [Route; 14] = [
    CREATE_TASK,
    GET_TASK,
    LIST_OPERATIONS,
    GET_OPERATION,
    DELETE_OPERATION,
    GET_OPERATION_RESULT,
    CANCEL_OPERATION,
    RETRY_OPERATION,
    GET_HEALTH,
    GET_METRICS,
    GET_OPENAPI,
    GET_OPENAPI_3_0,
    GET_DOCS,
    GET_DOCS_FILE,
];

/// Adds the routes to an application, whose data holds an [`Api`].
pub fn configure(config: &mut web::ServiceConfig) {
    let root = Resources::new(requests::ROOT).on(&[Method::GET, Method::HEAD], health::alive);
    config
        .service(root.done())
        .service(Resources::of(CREATE_TASK, tasks::submit).done())
        .service(Resources::of(GET_TASK, tasks::fetch).done())
        .service(Resources::of(LIST_OPERATIONS, listing::list).done())
        // Before the monitor, whose id would take the rest of the segment.
        .service(Resources::of(CANCEL_OPERATION, operations::cancel).done())
        .service(Resources::of(RETRY_OPERATION, operations::retry).done())
        .service(
            Resources::of(GET_OPERATION, operations::monitor)
                .on(DELETE_OPERATION.methods, operations::delete)
                .done(),
        )
        .service(Resources::of(GET_OPERATION_RESULT, operations::result).done())
        .service(Resources::of(GET_HEALTH, health::health).done())
        .service(Resources::of(GET_METRICS, metrics::metrics).done())
        .service(Resources::of(GET_OPENAPI, openapi::openapi).done())
        .service(Resources::of(GET_OPENAPI_3_0, openapi::openapi_3_0).done())
        .service(Resources::of(GET_DOCS, docs::page).done())
        .service(Resources::of(GET_DOCS_FILE, docs::file).done())
        .default_service(web::to(|| {
            ready(Err::<HttpResponse, _>(Problem::not_found(
                "there is nothing at this path",
            )))
        }));
}

/// A path with a handler for each of its methods, an answer for browsers that ask what they may send,
/// and 405 for all others.
pub(crate) struct Resources {
    resource: Resource,
    allow: Vec<&'static str>,
}

impl Resources {
    fn new(path: &'static str) -> Self {
        Self {
            resource: web::resource(path).app_data(requests::Template(path)),
            allow: Vec::new(),
        }
    }

    fn of<F, Args>(route: Route, handler: F) -> Self
    where
        F: Handler<Args>,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        Self::new(route.path).on(route.methods, handler)
    }

    pub(crate) fn on<F, Args>(mut self, methods: &'static [Method], handler: F) -> Self
    where
        F: Handler<Args>,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        for method in methods {
            let route = web::method(method.clone()).to(handler.clone());
            self.resource = self.resource.route(route);
            self.allow.push(method.as_str());
        }
        self
    }

    pub(crate) fn done(self) -> Resource {
        // Names of methods are tokens.
        let allow = HeaderValue::try_from(self.allow.join(", "))
            .unwrap_or_else(|_| HeaderValue::from_static(""));
        let otherwise = move |request: HttpRequest| {
            ready(
                cors::preflight(&request, &allow)
                    .ok_or_else(|| Problem::method_not_allowed(allow.clone())),
            )
        };
        self.resource.default_service(web::to(otherwise))
    }
}
