//! Where everything about an instance is: the URIs that a start answers, each with the code of that instance.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::{LOCATION, RETRY_AFTER};
use serde::Serialize;
use utoipa::ToSchema;

use super::asked::TASK_HUB;
use super::ids::encoded;
use crate::api::edge::base_url::base_url;
use crate::api::edge::paths::DURABLE_ALIAS;
use crate::api::edge::problem::Problem;
use crate::api::edge::state::Api;

/// Seconds after which a client should ask for the first time, as Durable Functions says.
const FIRST_LOOK: u64 = 10;

/// Below which everything is, by either prefix.
const PREFIX: &str = "/api/durabletask";

/// What a start answers. A client puts its own words where `{eventName}` and `{text}` are.
#[derive(Serialize, ToSchema)]
#[schema(as = ManagementUris)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Uris<'a> {
    /// What the instance is called.
    id: &'a str,
    /// `GET`: how it is.
    #[schema(format = "uri")]
    status_query_get_uri: String,
    /// `POST` JSON: an event.
    send_event_post_uri: String,
    /// `POST`: ends it.
    terminate_post_uri: String,
    /// `POST`: lets it go on from its failure.
    rewind_post_uri: String,
    /// `DELETE`: deletes it, once it has ended.
    purge_history_delete_uri: String,
    /// `POST`: begins another with its input.
    restart_post_uri: String,
    /// `POST`: lets it stand still.
    suspend_post_uri: String,
    /// `POST`: lets it go on.
    resume_post_uri: String,
}

/// The address of an instance, in two halves: what is done to it is between them.
struct Address {
    path: String,
    query: String,
}

impl Address {
    async fn of(request: &HttpRequest, api: &Api, name: &str) -> Result<Self, Problem> {
        let code = api.workflows.code(name).await;
        let code = code.map_err(|error| Problem::storage(&error))?;
        let base = base_url(request, api.public_base_url.as_deref());
        let prefix = prefix(request.path(), api.mode == "hosted");
        Ok(Self {
            path: format!("{base}{prefix}/instances/{}", encoded(name)),
            query: format!("taskHub={TASK_HUB}&connection=Storage&code={code}"),
        })
    }

    fn itself(&self) -> String {
        format!("{}?{}", self.path, self.query)
    }

    fn to(&self, what: &str) -> String {
        let sign = if what.contains('?') { '&' } else { '?' };
        format!("{}/{what}{sign}{}", self.path, self.query)
    }
}

/// The prefix that a request came with; where it had none, that of the mode.
fn prefix(path: &str, is_hosted: bool) -> &'static str {
    let has = |prefix: &str| {
        let beginning = path.get(..prefix.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(prefix))
    };
    match is_hosted || has(PREFIX) {
        true => PREFIX,
        false => DURABLE_ALIAS,
    }
}

/// Where the status of an instance is.
pub(super) async fn status_uri(
    request: &HttpRequest,
    api: &Api,
    name: &str,
) -> Result<String, Problem> {
    Ok(Address::of(request, api, name).await?.itself())
}

/// Looks whether the code of an instance can be made. Once an instance has begun nobody is told that it cannot.
pub(super) async fn can_be_made(api: &Api) -> Result<(), Problem> {
    let code = api.workflows.code("").await;
    code.map(drop).map_err(|error| Problem::storage(&error))
}

/// 202 for an instance that has begun.
pub(super) async fn begun(
    request: &HttpRequest,
    api: &Api,
    name: &str,
) -> Result<HttpResponse, Problem> {
    let at = Address::of(request, api, name).await?;
    Ok(HttpResponse::Accepted()
        .insert_header((LOCATION, at.itself()))
        .insert_header((RETRY_AFTER, FIRST_LOOK))
        .json(Uris {
            id: name,
            status_query_get_uri: at.itself(),
            send_event_post_uri: at.to("raiseEvent/{eventName}"),
            terminate_post_uri: at.to("terminate?reason={text}"),
            rewind_post_uri: at.to("rewind?reason={text}"),
            purge_history_delete_uri: at.itself(),
            restart_post_uri: at.to("restart"),
            suspend_post_uri: at.to("suspend?reason={text}"),
            resume_post_uri: at.to("resume?reason={text}"),
        }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_have_the_prefix_that_the_client_used() {
        let alias = DURABLE_ALIAS;
        for (path, is_hosted, expected) in [
            ("/api/orchestrators/x", false, alias),
            ("/api/orchestrators/x", true, PREFIX),
            ("/api/DurableTask/instances/x", false, PREFIX),
            ("/Runtime/webhooks/durabletask/instances/x", false, alias),
        ] {
            assert_eq!(prefix(path, is_hosted), expected, "{path}");
        }
    }
}
