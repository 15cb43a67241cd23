//! `GET /api/docs`: the interactive page (Swagger UI), all of it in the binary.
//!
//! The page is ours, because Swagger UI's own wants a slash behind its path. Its links are relative,
//! so that it works behind a proxy that adds to the path. What the page loads of Swagger UI is in the binary packed,
//! by `build.rs`; it is unpacked when somebody first asks for it, and kept.

use std::io::{Cursor, Read};
use std::sync::OnceLock;

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use zip::ZipArchive;
use zip::result::ZipResult;

use crate::api::edge::problem::Problem;

const PAGE: &str = include_str!("docs.html");

const SWAGGER_UI: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.zip"));

/// Starts Swagger UI with the description, as the page sees it from `/api/docs`.
const START: (&str, &str) = ("start.js", include_str!("docs.js"));

/// What the page loads of Swagger UI.
static PARTS: [Part; 3] = [
    Part::of("swagger-ui.css", "text/css"),
    Part::of("swagger-ui-bundle.js", "text/javascript"),
    Part::of("favicon-32x32.png", "image/png"),
];

struct Part {
    name: &'static str,
    content_type: &'static str,
    unpacked: OnceLock<Bytes>,
}

impl Part {
    const fn of(name: &'static str, content_type: &'static str) -> Self {
        Self {
            name,
            content_type,
            unpacked: OnceLock::new(),
        }
    }

    fn bytes(&self) -> ZipResult<Bytes> {
        match self.unpacked.get() {
            Some(bytes) => Ok(bytes.clone()),
            None => {
                let bytes = unpack(self.name)?;
                Ok(self.unpacked.get_or_init(|| bytes).clone())
            }
        }
    }
}

fn unpack(name: &str) -> ZipResult<Bytes> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI))?;
    let mut bytes = Vec::new();
    archive.by_name(name)?.read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

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
    let (start, script) = START;
    let (content_type, body) = match PARTS.iter().find(|part| part.name == *path) {
        Some(part) => {
            let bytes = part.bytes().map_err(|error| Problem::internal(&error))?;
            (part.content_type, bytes)
        }
        None if *path == start => ("text/javascript", Bytes::from_static(script.as_bytes())),
        None => return Err(Problem::not_found("the page has no such file")),
    };
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CACHE_CONTROL, "max-age=3600"))
        .body(body))
}
