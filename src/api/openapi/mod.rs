//! The description of this API, made from the route table and the types of the replies.
//!
//! Each [`Route`] names the function that describes it, so that none is forgotten.
//! Paths, methods, keys and operation ids come from the table. `HEAD`, which every `GET` has, is not in
//! it: a client made from the description would get a second method for each of them.

pub(super) mod parameters;
pub(super) mod requests;
pub(super) mod responses;
pub(super) mod schemas;

pub(super) mod values;
pub(super) mod version_3_0;

use actix_web::http::Method;
use actix_web::web::Bytes;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Paths,
    ServerBuilder,
};

use super::edge::route::Route;

pub(super) const TASKS: &str = "tasks";
pub(super) const OPERATIONS: &str = "operations";
pub(super) const DEAD_LETTERS: &str = "dead letters";
pub(super) const WORKFLOWS: &str = "workflows";
pub(super) const QUEUE: &str = "queue";
pub(super) const SERVICE: &str = "service";

/// The places of the key; any of them opens a route.
const KEY_SCHEMES: [&str; 3] = ["functionsKey", "functionsCode", "bearerKey"];

/// The texts of the description.
pub(super) struct Description {
    /// In OpenAPI 3.1.
    pub(super) v3_1: Bytes,
    /// In OpenAPI 3.0.
    pub(super) v3_0: Bytes,
}

impl Description {
    /// Of these routes, in a process with the kinds of work of these names.
    pub(super) fn of(routes: &[Route], kinds: &[String]) -> Self {
        let document = document(routes, kinds);
        let value = serde_json::to_value(&document).unwrap_or_default();
        let v3_1 = document.to_pretty_json().unwrap_or_default();
        let v3_0 = serde_json::to_string_pretty(&version_3_0::converted(value));
        Self {
            v3_1: v3_1.into(),
            v3_0: v3_0.unwrap_or_default().into(),
        }
    }
}

const ABOUT: &str = concat!(
    env!("CARGO_PKG_DESCRIPTION"),
    ".\n\n`HEAD` works wherever `GET` does, with the same status, and consumes nothing."
);

fn document(routes: &[Route], kinds: &[String]) -> OpenApi {
    let mut paths = Paths::new();
    for route in routes {
        let Some(describe) = route.describe else {
            continue;
        };
        for method in route.methods {
            let Some(known) = http_method(method) else {
                continue;
            };
            let operation = operation(route, describe());
            paths.add_path_operation(&route.path, vec![known], operation);
        }
    }
    let tags = [
        (TASKS, "Submit work, and fetch its result once."),
        (
            OPERATIONS,
            "Watch a task, read its result as often as needed, cancel, delete, list, retry.",
        ),
        (
            DEAD_LETTERS,
            "What failed: list it, look at it, replay it, delete it.",
        ),
        (
            WORKFLOWS,
            "Instances of workflows, as clients of Durable Functions know them.",
        ),
        (
            QUEUE,
            "A queue of clients' own messages, and a look at those of tasks.",
        ),
        (
            SERVICE,
            "The service itself: its kinds of work, health, metrics and this description.",
        ),
    ];
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Async request-reply")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(ABOUT))
                .contact(Some(
                    ContactBuilder::new()
                        .name(Some("The maintainers of async-request-reply"))
                        .build(),
                ))
                .license(Some(
                    LicenseBuilder::new()
                        .name("MIT")
                        .identifier(Some("MIT"))
                        .build(),
                ))
                .build(),
        )
        // Of where the description came from: right under every name, and over http and https.
        .servers(Some([ServerBuilder::new()
            .url("/")
            .description(Some("The service that gave this description"))
            .build()]))
        .paths(paths)
        .components(Some(components(kinds)))
        .tags(Some(tags.map(|(name, description)| {
            TagBuilder::new()
                .name(name)
                .description(Some(description))
                .build()
        })))
        .build()
}

fn components(kinds: &[String]) -> utoipa::openapi::Components {
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
    let components = schemas::add(components, kinds);
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
fn operation(route: &Route, described: OperationBuilder) -> Operation {
    let schemes = KEY_SCHEMES.iter().filter(|_| route.is_keyed());
    schemes
        .fold(described, |operation, scheme| {
            operation.security(SecurityRequirement::new(*scheme, [""; 0]))
        })
        .operation_id(Some(operation_id(route.name)))
        .build()
}

/// `create_task` -> `createTask`: generators take an underscore for the end of a client's name.
fn operation_id(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |id, word| {
        let (initial, rest) = word.split_at(word.len().min(1));
        id + &initial.to_ascii_uppercase() + rest
    })
}

/// The methods that are described.
fn http_method(method: &Method) -> Option<HttpMethod> {
    match *method {
        Method::GET => Some(HttpMethod::Get),
        Method::POST => Some(HttpMethod::Post),
        Method::PUT => Some(HttpMethod::Put),
        Method::DELETE => Some(HttpMethod::Delete),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_has_its_name_in_camel_case() {
        assert_eq!(operation_id("create_task"), "createTask");
        assert_eq!(operation_id("get_operation_result"), "getOperationResult");
        assert_eq!(operation_id("get_openapi_3_0"), "getOpenapi30");
    }
}
