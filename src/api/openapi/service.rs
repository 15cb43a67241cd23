//! The routes about the service itself, described.

use serde_json::json;
use utoipa::openapi::path::OperationBuilder;

use super::SERVICE;
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
    let operation = described(
        "Ask whether the service can work now",
        "Asks storage, and answers within a few seconds.",
    )
    .response("200", with_headers(healthy, &["Cache-Control"]).build());
    problems(operation, &["500", "503"])
}

/// `GET /api/metrics`
pub(in crate::api) fn metrics() -> OperationBuilder {
    let metrics = text("Prometheus text.", "text/plain");
    let operation = described(
        "Read this process's counters",
        "In the text format of Prometheus.",
    )
    .response("200", metrics.build());
    problems(operation, &["401", "500", "503"])
}

/// `GET /api/openapi.json`
pub(in crate::api) fn openapi() -> OperationBuilder {
    let document = json("OpenAPI 3.1.", "Description", json!({ "openapi": "3.1.0" }));
    described("Read this description", "The document that this is written in.")
        .response("200", with_headers(document, &["Cache-Control"]).build())
}

/// `GET /api/docs`
pub(in crate::api) fn docs() -> OperationBuilder {
    let page = text("The page.", "text/html");
    described(
        "Try the API in a browser",
        "A page with a form for each operation.",
    )
    .response("200", with_headers(page, &["Cache-Control"]).build())
}

fn described(summary: &str, description: &str) -> OperationBuilder {
    OperationBuilder::new()
        .tag(SERVICE)
        .summary(Some(summary))
        .description(Some(description))
}
