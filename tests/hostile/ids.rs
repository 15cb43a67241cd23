//! Ids that try to leave the container.

use async_request_reply::config::Storage;
use uuid::Uuid;

use crate::helpers::app::{App, spawn_app_over, spawn_app_with};
use crate::helpers::azurite::azurite;
use crate::helpers::client::KEY_LINE;
use crate::helpers::eventually::eventually;
use crate::helpers::queues::{self, AzureStorage};
use crate::helpers::raw::{self, RawReply};

/// A result that nobody may get to by a name that is no id.
const RESULT: &str = r#"{"number":1,"calculation_result":"s3cret"}"#;

/// Names that a blob may have and a task has not.
const NAMES: [&str; 6] = ["x", "a/b", "..", "key-0", "%2e%2e", "X\u{202e}"];

/// Ids as they stand in a path.
fn ids() -> Vec<Vec<u8>> {
    let own = "01919f4c-6d00-7000-8000-000000000001";
    let mut ids: Vec<Vec<u8>> = [
        "x",
        "../x",
        "a/b",
        "..",
        ".",
        "%2e%2e",
        "%2e%2e%2fx",
        "%2F",
        "a%2fb",
        "..%5c",
        "..\\x",
        "%00",
        "%0d%0ax:%20y",
        "%ff%fe",
        "%c0%ae%c0%ae%c0%af",
        "%ed%a0%80",
        "%",
        "%zz",
        "%2",
        "key-0",
        "%252e%252e",
        "X%e2%80%ae",
        "x?y",
        "x%3fcomp=list",
        "x%23",
        "*",
        "{id}",
        "$root",
        ":cancel",
        "::cancel",
        "//x",
        "x;y=1",
        "%20",
        "+",
    ]
    .map(|id| id.as_bytes().to_vec())
    .to_vec();
    for wrong in [
        "/../x",
        "%2f..%2fx",
        "%00",
        "%0a",
        "%20",
        ".json",
        "%e2%80%ae",
    ] {
        ids.push(format!("{own}{wrong}").into_bytes());
    }
    ids.push(own.replace('0', "%EF%BC%90").into_bytes());
    ids.push(b"\xff\xfe".to_vec());
    ids.push("%2e%2e%2f".repeat(8_000).into_bytes());
    ids.push("a".repeat(200_000).into_bytes());
    ids
}

const ROUTES: [(&str, &str, &str); 13] = [
    ("GET", "/api/tasks/", ""),
    ("HEAD", "/api/tasks/", ""),
    ("GET", "/api/operations/", ""),
    ("HEAD", "/api/operations/", ""),
    ("GET", "/api/operations/", "/result"),
    ("DELETE", "/api/operations/", ""),
    ("POST", "/api/operations/", ":cancel"),
    ("POST", "/api/operations/", ":retry"),
    ("GET", "/api/docs/", ""),
    ("GET", "/api/status/", ""),
    ("GET", "/api/requeststatus/", ""),
    ("GET", "/api/dead-letters/", ""),
    ("POST", "/api/dead-letters/", ":replay"),
];

fn assert_refused(reply: &RawReply, asked: &str) {
    let refusals = [400, 404, 405, 414, 431];
    assert!(
        refusals.contains(&reply.status),
        "{asked}: {}",
        reply.status
    );
    let length: usize = reply.head.iter().map(String::len).sum();
    assert!(length < 1_000, "{asked}: {:?}", reply.head);
    let known = [
        "Allow",
        "Cache-Control",
        "Connection",
        "Content-Length",
        "Content-Type",
        "Date",
        "x-ms-error-code",
    ];
    for line in &reply.head {
        let (name, value) = line.split_once(": ").unwrap();
        assert!(known.contains(&name), "{asked}: {line}");
        assert!(
            value.bytes().all(|b| b.is_ascii_graphic() || b == b' '),
            "{asked}: {line}"
        );
        assert_eq!(reply.header(name).len(), 1, "{asked}: {line}");
    }
    let body = String::from_utf8_lossy(&reply.body);
    assert!(!body.contains("s3cret"), "{asked}");
    assert!(
        !body.bytes().any(|b| b.is_ascii_control()),
        "{asked}: {body}"
    );
}

/// Asks every route for every id.
async fn attack(app: &App) {
    for id in ids() {
        for (method, before, after) in ROUTES {
            // The page's own first file.
            if before == "/api/docs/" && id == b"%2F" {
                continue;
            }
            let line = [
                method.as_bytes(),
                b" ",
                before.as_bytes(),
                &id,
                after.as_bytes(),
                b" HTTP/1.1",
            ]
            .concat();
            let reply = raw::send(app.address, &line, &[b"Host: localhost", KEY_LINE], b"").await;
            let shown = String::from_utf8_lossy(&line);
            assert_refused(&reply, &shown.chars().take(200).collect::<String>());
        }
    }
}

#[tokio::test]
async fn no_id_leads_out_of_the_embedded_store() {
    let blobs = NAMES.map(|name| (name, RESULT));
    let app = spawn_app_over(&blobs).await;
    attack(&app).await;
    assert_eq!(app.client.get("/api/health").await.status, 200);
}

#[tokio::test]
async fn no_id_leads_out_of_the_container() {
    let name = format!("hostile-{}", Uuid::now_v7());
    let (own, other) = (connect(&name), connect(&format!("{name}-x")));
    other.tasks().prepare().await.unwrap();
    let app = spawn_app_with(|config| {
        config.storage = Storage::Azure(azurite().account());
        (config.container, config.queue) = (name.clone(), queues::name(&name));
    });
    eventually("the service is healthy", async || {
        (app.client.get("/api/health").await.status == 200).then_some(())
    })
    .await;
    for azure in [&own, &other] {
        for blob in ["x", "a/b", "key-0"] {
            let document = crate::azure::document(RESULT);
            azure
                .tasks()
                .create(blob, &document)
                .await
                .unwrap()
                .unwrap();
        }
    }
    let before = (versions(&own).await, versions(&other).await);
    assert_eq!((before.0.len(), before.1.len()), (3, 3));
    attack(&app).await;
    assert_eq!((versions(&own).await, versions(&other).await), before);
}

fn connect(name: &str) -> AzureStorage {
    AzureStorage::new(&azurite().account(), name)
}

/// Every blob of a container and its version.
async fn versions(azure: &AzureStorage) -> Vec<(String, String)> {
    let page = azure.tasks().list("", None, 5_000).await.unwrap();
    let items = page.items.into_iter();
    items
        .map(|item| (item.name, item.etag.as_str().to_owned()))
        .collect()
}
