//! Who may do what to an instance: its code opens that one alone, a key opens all.

use actix_web::HttpRequest;

use super::asked::Asked;
use crate::api::edge::keys::has_key;
use crate::api::edge::problem::Problem;
use crate::api::edge::state::Api;

/// Lets in who has the code of this instance, or a key. Whether there is the instance is not told to others.
pub(super) async fn to_one(
    request: &HttpRequest,
    api: &Api,
    asked: &Asked,
    name: &str,
) -> Result<(), Problem> {
    if has_key(request, api) {
        return Ok(());
    }
    let Some(code) = asked.get("code") else {
        return Err(Problem::unauthorized());
    };
    let is_code = api.workflows.is_code(name, code).await;
    match is_code.map_err(|error| Problem::storage(&error))? {
        true => Ok(()),
        false => Err(Problem::unauthorized()),
    }
}
