//! What starts work: the Functions host's queue and timer triggers, or, without a host, a loop of
//! our own; and, beside either, a loop for what begins where it was accepted. The host's envelope stops here.

pub mod early;
mod envelope;
mod hands;
mod queue_worker;
mod reply;
pub mod standalone;
mod table;
mod timer_worker;

use actix_web::http::header::ALLOW;
use actix_web::{HttpResponse, web};

pub use table::{QUEUE_WORKER, Source, TIMER_WORKER, Trigger, table};

use engine::{Consumer, Maintenance};
use table::worker_of;

/// The largest envelope, in bytes: a message of 64 KiB, escaped twice, and its fields once more in
/// the metadata.
const MAX_ENVELOPE_BYTES: usize = 2 * 1024 * 1024;

/// Adds the routes that only the host may call, one for each queue and one for the timer: for hosted mode,
/// on a loopback address. The host always sends POST to the function's name, without the `/api` prefix.
pub fn configure(
    config: &mut web::ServiceConfig,
    consumers: Vec<Consumer>,
    maintenance: Maintenance,
) {
    let resource = |function: &str| {
        web::resource(format!("/{function}"))
            .app_data(web::PayloadConfig::new(MAX_ENVELOPE_BYTES))
            .default_service(web::to(async || {
                HttpResponse::MethodNotAllowed()
                    .insert_header((ALLOW, "POST"))
                    .finish()
            }))
    };
    for consumer in consumers {
        let queue_worker = resource(&worker_of(consumer.further_queue()))
            .app_data(web::Data::new(consumer))
            .route(web::post().to(queue_worker::invoke));
        config.service(queue_worker);
    }
    let timer_worker = resource(TIMER_WORKER).app_data(web::Data::new(maintenance));
    config.service(timer_worker.route(web::post().to(timer_worker::invoke)));
}
