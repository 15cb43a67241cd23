//! The routes about the service itself, described.

use serde_json::json;
use utoipa::openapi::path::OperationBuilder;

use super::SERVICE;
use super::parameters::file;
use super::responses::{json, problems, text, with_headers};

/// `GET /api/health`
pub(in crate::api) fn health() -> OperationBuilder {
    let example = json!({
        "status": "ok",
        "mode": "standalone",
        "storage": "embedded",
        "version": env!("CARGO_PKG_VERSION"),
    });
    let healthy = json("Storage answers.", "Health", example);
    let operation = described("Ask whether the service can work now")
        .response("200", with_headers(healthy, &["Cache-Control"]).build());
    problems(operation, &["500", "503"])
}

/// `GET /api/metrics`
pub(in crate::api) fn metrics() -> OperationBuilder {
    let metrics = text("Prometheus text.", "text/plain");
    let operation = described("Read this process's counters")
        .response("200", with_headers(metrics, &["Cache-Control"]).build());
    problems(operation, &["401", "500", "503"])
}

/// `GET /api/openapi.json`
pub(in crate::api) fn openapi() -> OperationBuilder {
    let description = json("OpenAPI 3.1.", "Description", json!({ "openapi": "3.1.0" }));
    described("Read this description")
        .response("200", with_headers(description, &["Cache-Control"]).build())
}

/// `GET /api/docs`
pub(in crate::api) fn docs() -> OperationBuilder {
    let page = text("The page.", "text/html");
    described("Try the API in a browser")
        .response("200", with_headers(page, &["Cache-Control"]).build())
}

/// `GET /api/docs/{file}`
pub(in crate::api) fn docs_file() -> OperationBuilder {
    let file_found = text("The file, of the type its name tells.", "*/*");
    let operation = described("Load a part of the page")
        .parameter(file())
        .response("200", with_headers(file_found, &["Cache-Control"]).build());
    problems(operation, &["404"])
}

fn described(summary: &str) -> OperationBuilder {
    OperationBuilder::new().tag(SERVICE).summary(Some(summary))
}
