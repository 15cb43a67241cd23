//! `GET /api/openapi.json`: the description of this API (OpenAPI 3.1), made from the route table and
//! the types of the replies.
//!
//! Each [`Route`](super::Route) names the function that describes it, so that there is no route
//! without a description. Paths, methods, keys and operation ids come from the table.

pub(super) mod operations;
mod parameters;
mod responses;
mod schemas;
pub(super) mod service;
pub(super) mod tasks;

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder, Paths, RefOr,
};

use super::{ROUTES, Route};
pub(super) use schemas::{Number, Status};

const TASKS: &str = "tasks";
const OPERATIONS: &str = "operations";
const SERVICE: &str = "service";

/// The places of the key; any of them opens a route.
const KEY_SCHEMES: [&str; 3] = ["functionsKey", "functionsCode", "bearerKey"];

/// The description, the same for every process of this version.
pub(super) async fn openapi() -> HttpResponse {
    static DOCUMENT: LazyLock<String> =
        LazyLock::new(|| document().to_pretty_json().unwrap_or_default());
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(DOCUMENT.as_str())
}

fn document() -> OpenApi {
    let mut paths = Paths::new();
    for route in ROUTES {
        for method in route.methods {
            let described = operation(&route, method);
            paths.add_path_operation(route.path, http_method(method), described);
        }
    }
    let tags = [
        (TASKS, "Submit work, and fetch its result once."),
        (
            OPERATIONS,
            "Watch a task, read its result as often as needed, cancel, delete, list, retry.",
        ),
        (
            SERVICE,
            "The service itself: health, metrics and this description.",
        ),
    ];
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Async request-reply")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(env!("CARGO_PKG_DESCRIPTION")))
                .license(Some(License::new("MIT")))
                .build(),
        )
        .paths(paths)
        .components(Some(components()))
        .tags(Some(tags.map(|(name, description)| {
            TagBuilder::new()
                .name(name)
                .description(Some(description))
                .build()
        })))
        .build()
}

fn components() -> utoipa::openapi::Components {
    let header = ApiKeyValue::with_description("x-functions-key", "The key, in a header.");
    let query = ApiKeyValue::with_description("code", "The key, in the query.");
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "The key as a token, in standalone mode: the Functions host does not look there.",
        ));
    let keys = [
        SecurityScheme::ApiKey(ApiKey::Header(header)),
        SecurityScheme::ApiKey(ApiKey::Query(query)),
        SecurityScheme::Http(bearer.build()),
    ];
    let components = ComponentsBuilder::new();
    let components = schemas::add(components);
    let components = responses::add(components);
    KEY_SCHEMES
        .into_iter()
        .zip(keys)
        .fold(components, |components, (name, scheme)| {
            components.security_scheme(name, scheme)
        })
        .build()
}

/// What the route's description says, and what the table knows.
fn operation(route: &Route, method: &Method) -> Operation {
    let mut operation = (route.describe)();
    if route.keyed {
        operation = KEY_SCHEMES
            .into_iter()
            .fold(operation, |operation, scheme| {
                operation.security(SecurityRequirement::new(scheme, [""; 0]))
            });
    }
    if *method == Method::HEAD {
        return without_bodies(operation.operation_id(Some(head_id(route.function))));
    }
    operation.operation_id(Some(route.function)).build()
}

/// `get_task` -> `head_task`
fn head_id(function: &str) -> String {
    format!("head_{}", function.trim_start_matches("get_"))
}

/// As the replies to `HEAD` are. Shared replies are problems, whose body is left out as well.
fn without_bodies(operation: OperationBuilder) -> Operation {
    let mut operation = operation.build();
    operation.summary = operation
        .summary
        .map(|summary| format!("{summary} (the head of the reply alone, and nothing is consumed)"));
    for (status, response) in &mut operation.responses.responses {
        match response {
            RefOr::T(response) => {
                response.content.clear();
                response.links.clear();
            }
            RefOr::Ref(_) => *response = responses::head_of_problem(status).into(),
        }
    }
    operation
}

fn http_method(method: &Method) -> Vec<HttpMethod> {
    let known = [
        (Method::GET, HttpMethod::Get),
        (Method::HEAD, HttpMethod::Head),
        (Method::POST, HttpMethod::Post),
        (Method::DELETE, HttpMethod::Delete),
    ];
    known
        .into_iter()
        .filter(|(known, _)| known == method)
        .map(|(_, method)| method)
        .collect()
}
