//! `GET /api/docs`: the interactive page (Swagger UI), all of it in the binary.
//!
//! The page is ours, because Swagger UI's own wants a slash behind its path. Its links are relative,
//! so that it works behind a proxy that adds to the path.

use std::borrow::Cow;
use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use utoipa_swagger_ui::{Config, serve};

use crate::api::edge::problem::Problem;

const PAGE: &str = include_str!("docs.html");

/// The page; with a slash behind its path, where to find it, because its links would lead elsewhere.
pub(in crate::api) async fn page(request: HttpRequest) -> HttpResponse {
    if request.path().ends_with('/') {
        return HttpResponse::PermanentRedirect()
            .insert_header((LOCATION, "../docs"))
            .finish();
    }
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(PAGE)
}

/// A script, a style sheet or an icon of the page.
pub(in crate::api) async fn file(path: Path<String>) -> Result<HttpResponse, Problem> {
    // As the page sees it, from `/api/docs`.
    let config = Config::new(["openapi.json"]).use_base_layout();
    let file = serve(&path, Arc::new(config))
        .map_err(|error| Problem::internal(&error))?
        .ok_or_else(|| Problem::not_found("the page has no such file"))?;
    let body = match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    Ok(HttpResponse::Ok()
        .content_type(file.content_type)
        .insert_header((CACHE_CONTROL, "max-age=3600"))
        .body(body))
}
