//! A route: what the table says of it, and the resource that actix-web serves it from.
//!
//! A handler cannot be reached but through its route, which puts the check of the key around it; so
//! no handler looks for a key, and none can forget to.

use std::fmt;
use std::future::ready;

use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::{FromRequest, Handler, HttpRequest, Resource, Responder, web};
use utoipa::openapi::path::OperationBuilder;

use super::cors;
use super::keys::{Protection, guarded};
use super::problem::Problem;
use super::requests::Template;

const READ: &[Method] = &[Method::GET, Method::HEAD];

/// The handler with the check around it, for a method.
type Mount = dyn Fn(Protection, &Method) -> actix_web::Route + Send + Sync;

/// A route of the API, which the Functions host forwards and which standalone mode serves.
pub struct Route {
    /// The name of the operation, in lower case with underscores.
    pub name: &'static str,
    /// The function's folder: several routes may be in one, if they have one [`Protection`].
    pub function: &'static str,
    /// The methods it answers; any other gets a 405.
    pub methods: &'static [Method],
    /// The path as the Functions host has it, with what it asks of parameters: `{id:guid}`.
    pub template: &'static str,
    /// The path as clients know it: `{id}`.
    pub path: String,
    /// Who may use it.
    pub protection: Protection,
    /// What it takes and gives, for the OpenAPI description; `None` for what is no operation.
    pub(in crate::api) describe: Option<fn() -> OperationBuilder>,
    /// What it answers, for `docs/api.md`; `None` for what nobody asks for by hand.
    pub answers: Option<&'static str>,
    mount: Box<Mount>,
}

impl Route {
    /// Answers `GET`, and `HEAD` with the same handler.
    pub(crate) fn get<F, Args>(name: &'static str, path: &'static str, handler: F) -> Self
    where
        F: Handler<Args> + Send + Sync,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        Self::new(name, READ, path, handler)
    }

    /// Answers `POST`.
    pub(in crate::api) fn post<F, Args>(name: &'static str, path: &'static str, handler: F) -> Self
    where
        F: Handler<Args> + Send + Sync,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        Self::new(name, &[Method::POST], path, handler)
    }

    /// Answers `PUT`.
    pub(in crate::api) fn put<F, Args>(name: &'static str, path: &'static str, handler: F) -> Self
    where
        F: Handler<Args> + Send + Sync,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        Self::new(name, &[Method::PUT], path, handler)
    }

    /// Answers `DELETE`.
    pub(in crate::api) fn delete<F, Args>(
        name: &'static str,
        path: &'static str,
        handler: F,
    ) -> Self
    where
        F: Handler<Args> + Send + Sync,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        Self::new(name, &[Method::DELETE], path, handler)
    }

    fn new<F, Args>(
        name: &'static str,
        methods: &'static [Method],
        template: &'static str,
        handler: F,
    ) -> Self
    where
        F: Handler<Args> + Send + Sync,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        Self {
            name,
            function: name,
            methods,
            template,
            path: without_constraints(template),
            protection: Protection::Open,
            describe: None,
            answers: None,
            mount: Box::new(move |protection, method| guarded(protection, method, handler.clone())),
        }
    }

    /// Puts the route into the folder of this name, beside others that begin alike and have the same
    /// [`Protection`].
    #[must_use]
    pub fn in_function(mut self, name: &'static str) -> Self {
        self.function = name;
        self
    }

    /// Lets in who has a key.
    pub(crate) fn keyed(mut self) -> Self {
        self.protection = Protection::Key;
        self
    }

    /// Lets in who has a key of the service's own, for which the Functions host does not look.
    pub(in crate::api) fn own_keyed(mut self) -> Self {
        self.protection = Protection::OwnKey;
        self
    }

    /// Lets in everybody, unless submission has a key.
    pub(in crate::api) fn submission(mut self) -> Self {
        self.protection = Protection::SubmitKey;
        self
    }

    /// Says what the route takes and gives, for the OpenAPI description.
    pub(in crate::api) fn describe(mut self, describe: fn() -> OperationBuilder) -> Self {
        self.describe = Some(describe);
        self
    }

    /// Says what the route answers, for `docs/api.md`.
    pub(in crate::api) fn answers(mut self, answers: &'static str) -> Self {
        self.answers = Some(answers);
        self
    }

    /// Whether callers need a key, always.
    pub fn is_keyed(&self) -> bool {
        matches!(self.protection, Protection::Key | Protection::OwnKey)
    }

    /// The route's row in the table of `docs/api.md`.
    pub fn row(&self) -> Option<String> {
        let method = self.methods.first()?;
        let key = if self.is_keyed() { ". Needs a key" } else { "" };
        let (path, answers) = (&self.path, self.answers?);
        Some(format!("| `{method} {path}` | {answers}{key} |\n"))
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.template)
    }
}

/// `/operations/{id:guid}` -> `/operations/{id}`
fn without_constraints(template: &str) -> String {
    let mut pieces = template.split('{');
    let start = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(start, |path, piece| {
        let (parameter, rest) = piece.split_once('}').unwrap_or((piece, ""));
        let name = parameter.split(':').next().unwrap_or_default();
        path + "{" + name + "}" + rest
    })
}

/// The resource at the path of these routes: a handler for each of their methods, an answer for
/// browsers that ask what they may send, and 405 for all others.
pub(in crate::api) fn resource(path: &'static str, routes: &[&Route]) -> Resource {
    let mut resource = web::resource(path).app_data(Template(path));
    let mut known = Vec::new();
    for route in routes {
        for method in route.methods {
            resource = resource.route((route.mount)(route.protection, method));
            known.push(method.as_str());
        }
    }
    // Names of methods are tokens.
    let allow =
        HeaderValue::try_from(known.join(", ")).unwrap_or_else(|_| HeaderValue::from_static(""));
    let otherwise = move |request: HttpRequest| {
        ready(
            cors::preflight(&request, &allow)
                .ok_or_else(|| Problem::method_not_allowed(allow.clone())),
        )
    };
    resource.default_service(web::to(otherwise))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_what_the_host_has_without_its_constraints() {
        for (template, path) in [
            ("/api/tasks", "/api/tasks"),
            (
                "/api/operations/{id:guid}:cancel",
                "/api/operations/{id}:cancel",
            ),
            ("/api/{a}/x/{b:int}", "/api/{a}/x/{b}"),
        ] {
            assert_eq!(without_constraints(template), path);
        }
    }
}
