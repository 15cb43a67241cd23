//! `POST /timer_worker`: the host's timer has come round.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;

use super::{failed, succeeded};
use crate::tasks::Maintenance;

/// Sweeps once. What the timer says of itself (past due or not) makes no difference: a late sweep
/// does what there is to do, like any other.
pub(super) async fn invoke(maintenance: Data<Maintenance>) -> HttpResponse {
    match maintenance.sweep().await {
        Ok(swept) => succeeded(swept.to_string()),
        Err(error) => {
            log::warn!("sweep broken off: {error}");
            failed(
                StatusCode::SERVICE_UNAVAILABLE,
                "storage cannot be reached now",
            )
        }
    }
}
