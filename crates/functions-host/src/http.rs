//! The host's own HTTP side: routes, keys, and forwarding to the handler.
//!
//! Protocol: Forwarded HTTP requests; function.json; Pitfalls. Left out: the home page, admin
//! endpoints, throttling and CORS.

use std::sync::Arc;

use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::{Bytes, Data, Payload as Upload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::{StreamExt, stream};
use hyper::Method;

use super::Host;
use super::client::Answer;
use super::events::Invocation;
use super::forwarding::Forwarded;
use super::function::{AuthLevel, Function, HttpTrigger, Trigger};
use super::invoke::{add_host_headers, invoke};
use super::route::Template;

/// Body limit, the same locally and in Azure.
const BODY_LIMIT: usize = 104_857_600;
/// Where a caller puts the key, besides `?code=`.
const KEY_HEADER: &str = "x-functions-key";

/// An HTTP function with its full route.
struct Route {
    function: String,
    trigger: HttpTrigger,
    template: Template,
}

/// Every HTTP function's route, in the order of the functions: of those that match, the first answers,
/// not the most specific.
pub struct Routes {
    prefix: String,
    routes: Vec<Route>,
}

impl Routes {
    /// The routes of `functions`, in the order the host has them, under the route prefix of `host.json`.
    pub fn new(prefix: &str, functions: &[Function]) -> Self {
        let route = |function: &Function| match &function.trigger {
            Trigger::Http(trigger) => Some(Route {
                function: function.name.clone(),
                trigger: trigger.clone(),
                template: trigger.template(&function.name).ok()?,
            }),
            Trigger::Queue(_) | Trigger::Timer(_) => None,
        };
        Self {
            prefix: prefix.trim_matches('/').to_ascii_lowercase(),
            routes: functions.iter().filter_map(route).collect(),
        }
    }

    /// Which function gets this request, if any, and who may call it: the first whose route and method
    /// match. A wrong method leaves it to the next, a wrong key does not.
    pub fn find(&self, method: &str, path: &str) -> Option<(&str, AuthLevel)> {
        let path = path.strip_prefix('/')?;
        let rest = match self.prefix.as_str() {
            "" => path,
            prefix => {
                let (first, rest) = path.split_at_checked(prefix.len())?;
                // Also the bare prefix: a route may match nothing behind it.
                let rest = if rest.is_empty() {
                    rest
                } else {
                    rest.strip_prefix('/')?
                };
                first.eq_ignore_ascii_case(prefix).then_some(rest)?
            }
        };
        self.routes
            .iter()
            .find(|route| route.trigger.allows(method) && route.template.matches(rest))
            .map(|route| (route.function.as_str(), route.trigger.auth_level))
    }
}

/// Answers any request to the host. A wrong method is an unknown route.
pub(crate) async fn serve(
    request: HttpRequest,
    upload: Upload,
    host: Data<Arc<Host>>,
) -> HttpResponse {
    let body = match receive(&request, upload).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let Some((function, level)) = host.routes.find(request.method().as_str(), request.path())
    else {
        return HttpResponse::NotFound().finish();
    };
    if !is_allowed(&request, level, host.function_key.as_deref()) {
        return HttpResponse::Unauthorized().finish();
    }
    let invocation = Invocation::new(function, None);
    let method = Method::from_bytes(request.method().as_str().as_bytes())
        .expect("a method that was received");
    let forwarded = host.version.forward(&request, body);
    let call = async {
        let Forwarded {
            target,
            mut headers,
            payload,
        } = forwarded?;
        add_host_headers(&mut headers, &invocation, host.version);
        let url = format!("http://127.0.0.1:{}{target}", host.worker.port);
        let answer = host.client.send(method, &url, headers, payload).await?;
        Ok((answer.status.as_u16(), answer))
    };
    match invoke(&host, invocation.clone(), call).await {
        Some(answer) => pass_on(&request, answer),
        None => HttpResponse::InternalServerError().finish(),
    }
}

/// The body, read in any case: or the connection could not carry the answer.
async fn receive(request: &HttpRequest, mut upload: Upload) -> Result<Bytes, HttpResponse> {
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let mut body = Vec::new();
    while let Some(chunk) = upload.next().await {
        match chunk {
            Ok(chunk) => body.extend_from_slice(&chunk),
            Err(_) => return Err(HttpResponse::BadRequest().finish()),
        }
        if body.len().max(length.unwrap_or_default()) > BODY_LIMIT {
            return Err(HttpResponse::PayloadTooLarge().finish());
        }
    }
    Ok(body.into())
}

/// With keys unchecked every caller is an administrator, as under `func start`.
fn is_allowed(request: &HttpRequest, level: AuthLevel, key: Option<&str>) -> bool {
    let Some(key) = key else {
        return true;
    };
    let header = request.headers().get(KEY_HEADER);
    let in_header = header.is_some_and(|value| value.as_bytes() == key.as_bytes());
    let in_query = || {
        let code = super::query::first(request.query_string(), "code");
        code.as_deref() == Some(key)
    };
    match level {
        AuthLevel::Anonymous => true,
        AuthLevel::Function => in_header || in_query(),
        // Needs the master key, which this double does not have.
        AuthLevel::Admin => false,
    }
}

/// The handler's answer, unchanged but for the framing.
fn pass_on(request: &HttpRequest, answer: Answer) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(answer.status.as_u16());
    let mut response = HttpResponseBuilder::new(status.expect("a status that was received"));
    let mut length = None;
    for (name, value) in &answer.headers {
        match name.as_str() {
            "connection" | "transfer-encoding" => {}
            "content-length" => length = value.to_str().ok().and_then(|text| text.parse().ok()),
            name => {
                response.append_header((name, value.as_bytes()));
            }
        }
    }
    match (request.method().as_str(), length) {
        // The length of the answer to GET, which only a streamed body can announce.
        ("HEAD", Some(length)) => response
            .no_chunking(length)
            .streaming(stream::empty::<Result<Bytes, std::io::Error>>()),
        _ => response.body(answer.body),
    }
}
