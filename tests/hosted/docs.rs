//! The description and its page, behind the host.

use super::{Hosted, json};

#[tokio::test]
async fn the_page_and_the_description_come_through_the_host() {
    let hosted = Hosted::start().await;
    for path in ["/api/docs", "/api/docs/swagger-ui-bundle.js"] {
        assert_eq!(hosted.get(path).await.status, 200, "{path}");
    }
    for (path, version) in [
        ("/api/openapi.json", "3.1.0"),
        ("/api/openapi-3.0.json", "3.0.3"),
    ] {
        let description = hosted.get(path).await;
        assert_eq!(json(&description)["openapi"], version, "{path}");
    }
    assert_eq!(hosted.get("/api/docs/x/y").await.status, 404);
}
