//! `POST /timer_worker`: the host's timer has come round.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, rt};

use super::reply::{failed, succeeded};
use engine::Maintenance;

/// Sweeps once. What the timer says of itself (past due or not) makes no difference: a late sweep
/// does what there is to do, like any other.
pub(super) async fn invoke(maintenance: Data<Maintenance>) -> HttpResponse {
    // In a task of its own: a caller that hangs up must not leave a page of messages half done.
    let sweep = rt::spawn(async move { maintenance.sweep().await });
    match sweep.await {
        Ok(Ok(swept)) => succeeded(swept.to_string()),
        Err(_) => failed(StatusCode::INTERNAL_SERVER_ERROR, "the sweep broke off"),
        Ok(Err(error)) => {
            log::warn!("sweep broken off: {error}");
            failed(
                StatusCode::SERVICE_UNAVAILABLE,
                "storage cannot be reached now",
            )
        }
    }
}
