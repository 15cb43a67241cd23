//! `GET /api/operations` (key): the tasks, newest first, page by page.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use ports::Secret;
use serde_json::{Value, json};

use crate::helpers::app::{App, spawn_app, spawn_app_over, spawn_app_with};

const ECHO: &str = r#"{"kind": "echo", "input": 1}"#;

/// The page at a path, or at a link that a page before gave.
async fn page(app: &App, path: &str) -> Value {
    let path = path.strip_prefix(app.client.base()).unwrap_or(path);
    let reply = app.client.get_keyed(path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    reply.json()
}

fn ids(page: &Value) -> Vec<String> {
    let tasks = page["value"].as_array().unwrap();
    let ids = tasks.iter().map(|task| task["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

/// The ids of all pages of a query, from the first on.
async fn all(app: &App, query: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut next = Some(format!("/api/operations?{query}"));
    while let Some(path) = next {
        let page = page(app, &path).await;
        found.extend(ids(&page));
        next = page["nextLink"].as_str().map(str::to_owned);
    }
    found
}

#[tokio::test]
async fn a_page_has_monitors_without_results() {
    let app = spawn_app();
    app.client.run(r#"{"number": 24}"#).await;
    let reply = app.client.get_keyed("/api/operations?top=1").await;
    insta::assert_snapshot!(reply.transcript(), @r#"
    200
    cache-control: no-store
    content-type: application/json

    {"value":[{"id":"{id}","kind":"fibonacci","status":"Succeeded","createdDateTime":"{time}","lastActionDateTime":"{time}","attempts":1}]}
    "#);
}

#[tokio::test]
async fn no_tasks_are_an_empty_list() {
    let app = spawn_app();
    assert_eq!(page(&app, "/api/operations").await, json!({ "value": [] }));
}

/// A client that knows five statuses could not read the page with a sixth.
#[tokio::test]
async fn a_task_whose_status_is_not_one_of_ours_is_not_listed() {
    let name = "01a1fde5-dc8c-728c-86f8-01a2760d7385";
    let app = spawn_app_over(&[(name, "{}")]).await;
    let id = app.client.run(ECHO).await;
    assert_eq!(ids(&page(&app, "/api/operations").await), [id]);
}

#[tokio::test]
async fn the_newest_comes_first_as_its_monitor_without_its_result() {
    let app = spawn_app();
    let mut expected = Vec::new();
    for body in [
        r#"{"number": 24}"#,
        r#"{"kind": "hopeless", "input": 0}"#,
        ECHO,
    ] {
        let id = app.client.run(body).await;
        let mut monitor = app.client.monitor(&id).await.json();
        monitor.as_object_mut().unwrap().remove("result");
        expected.insert(0, monitor);
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    assert_eq!(
        page(&app, "/api/operations").await,
        json!({ "value": expected })
    );
}

#[tokio::test]
async fn each_filter_takes_its_own() {
    let app = spawn_app();
    let first = app.client.run(r#"{"number": 24}"#).await;
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    let failed = app.client.run(r#"{"kind": "hopeless", "input": 0}"#).await;
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    let canceled = app
        .client
        .accepted(r#"{"kind": "waits", "input": 0}"#)
        .await;
    let path = format!("/api/operations/{canceled}:cancel");
    app.client.send(app.client.request("POST", &path)).await;
    let monitor = app.client.monitor(&failed).await.json();
    let at = monitor["createdDateTime"].as_str().unwrap();

    for (query, expected) in [
        ("status=Succeeded".to_owned(), vec![&first]),
        ("status=Failed".to_owned(), vec![&failed]),
        ("status=Canceled".to_owned(), vec![&canceled]),
        ("status=NotStarted".to_owned(), vec![]),
        ("status=Running".to_owned(), vec![]),
        ("kind=fibonacci".to_owned(), vec![&first]),
        ("kind=hopeless&status=Failed".to_owned(), vec![&failed]),
        ("kind=hopeless&status=Succeeded".to_owned(), vec![]),
        ("kind=nothing".to_owned(), vec![]),
        (format!("createdAfter={at}"), vec![&canceled]),
        (format!("createdBefore={at}"), vec![&first]),
        (
            "createdAfter=2020-01-01T00:00:00%2B02:00".to_owned(),
            vec![&canceled, &failed, &first],
        ),
        ("createdBefore=2020-01-01T00:00:00Z".to_owned(), vec![]),
        ("createdAfter=2100-01-01T00:00:00Z".to_owned(), vec![]),
        (
            "createdBefore=2100-01-01T00:00:00Z".to_owned(),
            vec![&canceled, &failed, &first],
        ),
    ] {
        assert_eq!(
            all(&app, &query).await.iter().collect::<Vec<_>>(),
            expected,
            "{query}"
        );
    }
}

#[tokio::test]
async fn values_that_nobody_knows_are_named() {
    let app = spawn_app();
    for (query, code, target) in [
        ("status=succeeded", "InvalidStatus", "status"),
        ("status=", "InvalidStatus", "status"),
        ("createdAfter=now", "InvalidCreatedAfter", "createdAfter"),
        (
            "createdBefore=2026-01-01",
            "InvalidCreatedBefore",
            "createdBefore",
        ),
        ("top=0", "InvalidTop", "top"),
        ("top=-1", "InvalidTop", "top"),
        ("top=1001", "InvalidTop", "top"),
        ("top=ten", "InvalidTop", "top"),
        ("top=", "InvalidTop", "top"),
        ("kind=", "InvalidKind", "kind"),
    ] {
        let reply = app
            .client
            .get_keyed(&format!("/api/operations?{query}"))
            .await;
        assert_eq!(reply.status, 422, "{query}");
        let (said, field, _) = reply.problem();
        assert_eq!((said.as_str(), field.as_deref()), (code, Some(target)));
    }
}

#[tokio::test]
async fn parameters_that_nobody_knows_are_named() {
    let app = spawn_app();
    for (query, parameter) in [
        ("staus=Failed", "staus"),
        ("Status=Failed", "Status"),
        ("status=Failed&Top=1", "Top"),
        ("createdafter=2026-01-01T00:00:00Z", "createdafter"),
        ("$filter=status%20eq%20Failed", "$filter"),
        ("filter", "filter"),
        ("=Failed", ""),
        ("top=1&%0D%0Ax:%20y=1", "\r\nx: y"),
    ] {
        let reply = app
            .client
            .get_keyed(&format!("/api/operations?{query}"))
            .await;
        assert_eq!(reply.status, 422, "{query}");
        let (code, target, sentence) = reply.problem();
        assert_eq!(code, "UnknownParameter");
        assert_eq!(target.as_deref(), Some(parameter));
        assert!(
            sentence.contains("status, kind, createdAfter"),
            "{sentence}"
        );
    }
    let long = "x".repeat(10_000);
    let reply = app
        .client
        .get_keyed(&format!("/api/operations?{long}=1"))
        .await;
    assert_eq!(reply.status, 422);
    assert!(reply.text().len() < 1_000, "{}", reply.text());
}

#[tokio::test]
async fn a_parameter_that_is_there_twice_is_refused_by_name() {
    let app = spawn_app();
    for (query, parameter) in [
        ("status=Failed&status=Running", "status"),
        ("status=Failed&top=1&status=Failed", "status"),
        ("kind=%FF&kind=x", "kind"),
    ] {
        let reply = app
            .client
            .get_keyed(&format!("/api/operations?{query}"))
            .await;
        assert_eq!(reply.status, 400, "{query}");
        let (code, target, _) = reply.problem();
        assert_eq!(code, "DuplicateParameter");
        assert_eq!(target.as_deref(), Some(parameter));
    }
}

#[tokio::test]
async fn what_every_client_of_azure_sends_is_passed_over() {
    let app = spawn_app();
    let id = app.client.run(ECHO).await;
    let query = "api-version=2026-08-20&code=k&clientId=default&kind=echo&&";
    assert_eq!(all(&app, query).await, [id]);
}

#[tokio::test]
async fn pages_lead_through_all_tasks_while_new_ones_arrive() {
    let app = spawn_app();
    let mut expected = BTreeSet::new();
    for _ in 0..5 {
        expected.extend(join_all((0..50).map(|_| app.client.accepted(ECHO))).await);
    }
    for top in [7, 100, 1_000] {
        let (mut found, mut times) = (Vec::new(), Vec::new());
        let mut next = Some(format!("/api/operations?kind=echo&top={top}"));
        while let Some(path) = next {
            let page = page(&app, &path).await;
            let ids = ids(&page);
            assert!(ids.len() <= top);
            found.extend(ids);
            let tasks = page["value"].as_array().unwrap().iter();
            times.extend(tasks.map(|task| task["createdDateTime"].as_str().unwrap().to_owned()));
            next = page["nextLink"].as_str().map(str::to_owned);
            app.client.accepted(r#"{"number": 1}"#).await;
        }
        assert!(times.is_sorted_by(|one, next| one >= next), "{top}");
        assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), expected);
        assert_eq!(found.len(), 250);
    }
}

#[tokio::test]
async fn a_link_keeps_the_query_and_its_token_is_for_no_other() {
    let app = spawn_app();
    for _ in 0..3 {
        app.client.run(ECHO).await;
    }
    let first = page(&app, "/api/operations?kind=echo&top=1&status=Succeeded").await;
    let link = first["nextLink"].as_str().unwrap();
    let start = format!("{}/api/operations?", app.client.base());
    assert!(link.starts_with(&start), "{link}");
    assert!(
        link.contains("kind=echo") && link.contains("top=1"),
        "{link}"
    );
    let (_, token) = link.split_once("continuationToken=").unwrap();

    let wider =
        format!("/api/operations?status=Succeeded&kind=echo&top=9&continuationToken={token}");
    assert_eq!(ids(&page(&app, &wider).await).len(), 2);
    for query in [
        format!("kind=echo&continuationToken={token}"),
        format!("kind=other&status=Succeeded&continuationToken={token}"),
        format!("kind=echo&status=Succeeded&continuationToken={token}x"),
        "continuationToken=".to_owned(),
        "continuationToken=garbage".to_owned(),
        "continuationToken=e30".to_owned(),
        "continuationToken=%00".to_owned(),
        // As it should be, but for a position of a store that lists by name.
        format!(
            "continuationToken={}",
            token_of("01a1fde5-dc8c-728c-86f8-01a2760d7385")
        ),
    ] {
        let reply = app
            .client
            .get_keyed(&format!("/api/operations?{query}"))
            .await;
        assert_eq!(reply.status, 400, "{query}");
        let (code, target, _) = reply.problem();
        assert_eq!(code, "InvalidContinuationToken");
        assert_eq!(target.as_deref(), Some("continuationToken"));
    }
}

/// Of a listing without filters.
fn token_of(position: &str) -> String {
    let token = json!({"before": position, "query": {}});
    BASE64_URL_SAFE_NO_PAD.encode(token.to_string())
}

#[tokio::test]
async fn a_list_takes_a_key() {
    let app = spawn_app_with(|config| config.api_keys = vec![Secret::new("s3cret")]);
    assert_eq!(app.client.get("/api/operations").await.status, 401);
    for _ in 0..2 {
        app.client.run(ECHO).await;
    }
    let page = app.client.get("/api/operations?top=1&code=s3cret").await;
    // The key is not for others to see.
    assert!(!page.json()["nextLink"].as_str().unwrap().contains("s3cret"));
}
