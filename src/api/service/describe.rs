//! The routes about the service itself, described.

use serde_json::json;
use utoipa::openapi::path::OperationBuilder;

use crate::api::openapi::SERVICE;
use crate::api::openapi::responses::{json, problems, text, with_headers};
use crate::api::openapi::version_3_0::VERSION;

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
    .response("200", with_headers(metrics, &["Cache-Control"]).build());
    problems(operation, &["401", "500", "503"])
}

/// `GET /api/openapi.json`
pub(in crate::api) fn openapi() -> OperationBuilder {
    description("Read this description", "3.1.0")
}

/// `GET /api/openapi-3.0.json`
pub(in crate::api) fn openapi_3_0() -> OperationBuilder {
    description("Read this description in OpenAPI 3.0", VERSION)
}

fn description(summary: &str, version: &str) -> OperationBuilder {
    let document = json(
        &format!("OpenAPI {version}."),
        "Description",
        json!({ "openapi": version }),
    );
    described(
        summary,
        "OpenAPI 3.1 is at `/api/openapi.json`, and 3.0, for readers that know no other, at \
         `/api/openapi-3.0.json`. They say the same.",
    )
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
