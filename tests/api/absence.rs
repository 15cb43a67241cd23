//! Ids that name nothing: R0's bare 404 where results are fetched, a problem elsewhere.

use serde_json::json;

use crate::helpers::app::spawn_app;

/// As they stand in the path, and decoded.
const NOT_THERE: [(&str, &str); 8] = [
    (
        "6f1c2b3e-0000-4000-8000-000000000007",
        "6f1c2b3e-0000-4000-8000-000000000007",
    ),
    (
        "00000000-0000-0000-0000-000000000000",
        "00000000-0000-0000-0000-000000000000",
    ),
    ("1", "1"),
    ("..%2f..%2fetc%2fpasswd", "../../etc/passwd"),
    ("%22%5C%3Cb%3E", "\"\\<b>"),
    ("a%00b", "a\0b"),
    ("%E2%82%AC", "€"),
    ("%FF", "\u{FFFD}"),
];

#[tokio::test]
async fn what_is_not_there_is_answered_as_r0_does() {
    let app = spawn_app();
    for (path, id) in NOT_THERE {
        let reply = app.client.fetch(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.json(), json!({ "task_id": id }));
        assert_eq!(reply.header("link"), None, "{path}");
        assert_eq!(reply.header("retry-after"), None, "{path}");
        assert_eq!(app.client.head(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_very_long_id_is_not_there_either() {
    let app = spawn_app();
    let id = "x".repeat(20_000);
    assert_eq!(app.client.fetch(&id).await.json(), json!({ "task_id": id }));
}

#[tokio::test]
async fn the_monitor_of_nothing_is_a_problem() {
    let app = spawn_app();
    for (path, _) in NOT_THERE {
        for reply in [
            app.client.monitor(path).await,
            app.client.result(path).await,
        ] {
            assert_eq!(reply.status, 404, "{path}");
            assert_eq!(reply.problem().0, "NotFound");
        }
    }
}
