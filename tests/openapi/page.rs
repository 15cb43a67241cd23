//! The interactive page: everything it loads comes from the service.

use crate::helpers::app::spawn_app;

#[tokio::test]
async fn the_page_loads_its_parts_from_the_service_alone() {
    let app = spawn_app();
    let page = app.client.get("/api/docs").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let html = page.text();
    assert!(!html.contains("://"), "{html}");
    let parts: Vec<_> = ["href=\"", "src=\""]
        .iter()
        .flat_map(|attribute| html.split(attribute).skip(1))
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(parts.len(), 4);
    for part in parts {
        let reply = app.client.get(&format!("/api/{part}")).await;
        assert_eq!(reply.status, 200, "{part}");
        let content_type = match part.rsplit('.').next() {
            Some("css") => "text/css",
            Some("js") => "text/javascript",
            _ => "image/png",
        };
        assert_eq!(reply.header("content-type"), Some(content_type), "{part}");
        let length: usize = reply.header("content-length").unwrap().parse().unwrap();
        assert!(length > 200, "{part}");
        assert_eq!(reply.header("cache-control"), Some("max-age=3600"));
    }
}

#[tokio::test]
async fn the_page_shows_the_description_of_this_service() {
    let app = spawn_app();
    let start = app.client.get("/api/docs/start.js").await;
    assert!(start.text().contains(r#"url: "openapi.json""#));
    assert!(!start.text().contains("://"), "{}", start.text());
}

#[tokio::test]
async fn the_page_has_no_other_files() {
    let app = spawn_app();
    for file in [
        "x",
        "index.html",
        "swagger-ui.css.map",
        "swagger-ui.js",
        "%2e%2e",
        "..%2f..%2fCargo.toml",
    ] {
        let reply = app.client.get(&format!("/api/docs/{file}")).await;
        assert_eq!(reply.status, 404, "{file}");
    }
}
