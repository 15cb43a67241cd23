//! `GET /api/kinds`: the kinds of work of this process, for clients that write submissions and for people
//! who look on. Storage is not asked.

pub(in crate::api) mod describe;
pub(in crate::api) mod view;

use actix_web::HttpResponse;

use self::view::KindList;
use super::edge::state::Api;

/// All kinds, in the order of their names.
pub(in crate::api) async fn list(api: Api) -> HttpResponse {
    HttpResponse::Ok().json(api.tasks.kinds().collect::<KindList<'_>>())
}
