//! Writes the document of every failed request, and bounds what replies hold of memory. Failures that
//! actix-web itself makes pass through the same place.

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::ALLOW;
use actix_web::middleware::Next;

use super::memory::{Held, SMALL};
use super::paced::PacedBody;
use super::problem::Problem;
use super::state::Api;

/// The memory for a reply that is large, and its length. A handler that must not be refused it has
/// left it with its reply; what is small gives it back.
fn hold(
    response: &mut ServiceResponse<impl MessageBody>,
) -> Result<Option<(usize, Held)>, Problem> {
    let BodySize::Sized(length) = response.response().body().size() else {
        return Ok(None);
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let left = response.response_mut().extensions_mut().remove();
    match (left, response.request().app_data::<Api>()) {
        _ if length <= SMALL => Ok(None),
        (Some(held), _) => Ok(Some((length, held))),
        (None, Some(api)) => Ok(Some((length, api.memory.hold(length)?))),
        (None, None) => Ok(None),
    }
}

/// Writes the document of every failed request, and lets no reply hold more memory than there is.
pub(in crate::api) async fn render(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let mut response = next.call(request).await?;
    let status = response.status();
    let is_bare = matches!(
        response.response().body().size(),
        BodySize::None | BodySize::Sized(0)
    );
    let problem = match response.response().error() {
        Some(error) => match error.as_error::<Problem>() {
            Some(problem) => problem.clone(),
            None if status.is_server_error() => Problem::internal(error),
            None => Problem::from_status(status),
        },
        None if status.is_client_error() && is_bare => {
            let problem = Problem::from_status(status);
            match response.headers().get(ALLOW) {
                Some(allow) => problem.header(ALLOW, allow.clone()),
                None => problem,
            }
        }
        None => match hold(&mut response) {
            Ok(None) => return Ok(response.map_into_boxed_body()),
            Ok(Some((length, held))) => {
                return Ok(response
                    .map_body(|_, body| BoxBody::new(PacedBody::new(body.boxed(), length, held))));
            }
            Err(problem) => problem,
        },
    };
    let request = response.request().clone();
    let reply = problem.reply(request.path());
    Ok(ServiceResponse::new(request, reply).map_into_boxed_body())
}
