//! `labels`: in the monitor, and as a filter of the listing.

use serde_json::json;

use super::Rig;
use crate::helpers::app::spawn_app;
use crate::helpers::deployment::Setting;

async fn tasks_are_found_by_their_labels(setting: Setting) {
    let rig = Rig::start(setting).await;
    let mut ids = Vec::new();
    for labels in [&["customer:4711", "env=prod"][..], &["env=prod"], &[]] {
        let body = json!({"number": 24, "labels": labels});
        ids.push(rig.client().run(&body.to_string()).await);
        let monitor = rig.monitor(ids.last().unwrap()).await;
        match labels {
            [] => assert!(monitor.get("labels").is_none(), "{monitor}"),
            labels => assert_eq!(monitor["labels"], json!(labels)),
        }
    }
    // As many and as long as they may be, of all that they may be of.
    let longest: Vec<_> = (0..8)
        .map(|n| format!("{n}Az-_.:/=@+").repeat(7)[..64].to_owned())
        .collect();
    let body = json!({"number": 24, "labels": longest});
    let labelled = rig.client().run(&body.to_string()).await;
    assert_eq!(rig.monitor(&labelled).await["labels"], json!(longest));
    let filters: Vec<_> = longest
        .iter()
        .map(|label| format!("label={}", label.replace('+', "%2B")))
        .collect();
    let all_of_them = filters.join("&");
    for (query, expected) in [
        (&*all_of_them, &[&labelled][..]),
        (&*format!("{all_of_them}&label=more"), &[]),
        ("label=env%3Dprod&top=1", &[&ids[1], &ids[0]]),
        ("label=env%3Dprod&label=customer:4711", &[&ids[0]]),
        ("label=env", &[]),
        ("label=env%3Dprod&status=Failed", &[]),
    ] {
        let listed = rig.listed(query).await;
        let found: Vec<_> = listed
            .iter()
            .map(|task| task["id"].as_str().unwrap())
            .collect();
        assert_eq!(found, expected, "{query}");
        for task in listed {
            assert_eq!(
                task["labels"],
                rig.monitor(task["id"].as_str().unwrap()).await["labels"]
            );
        }
    }
}

#[tokio::test]
async fn tasks_are_found_by_their_labels_on_the_embedded_store() {
    tasks_are_found_by_their_labels(Setting::Embedded).await;
}

#[tokio::test]
async fn tasks_are_found_by_their_labels_on_azure_storage() {
    tasks_are_found_by_their_labels(Setting::Azurite).await;
}

#[tokio::test]
async fn tasks_are_found_by_their_labels_under_the_functions_host() {
    tasks_are_found_by_their_labels(Setting::Hosted).await;
}

#[tokio::test]
async fn what_is_no_label_is_refused_by_its_place() {
    let app = spawn_app();
    let nine: Vec<_> = (0..9).map(|n| n.to_string()).collect();
    for (labels, target) in [
        (json!("a"), "labels"),
        (json!([1]), "labels"),
        (json!(null), "labels"),
        (json!({"a": "b"}), "labels"),
        (json!(nine), "labels"),
        (json!(["a", ""]), "labels[1]"),
        (json!(["a b"]), "labels[0]"),
        (json!(["a,b"]), "labels[0]"),
        (json!(["a", "b", "a"]), "labels[2]"),
        (json!(["é"]), "labels[0]"),
        (json!(["x".repeat(65)]), "labels[0]"),
    ] {
        let reply = app
            .client
            .submit(json!({"number": 24, "labels": labels}).to_string())
            .await;
        assert_eq!(reply.status, 422, "{labels}");
        let (code, at, _) = reply.problem();
        assert_eq!(
            (code.as_str(), at.as_deref()),
            ("InvalidLabels", Some(target)),
            "{labels}"
        );
    }
    app.client.has_taken(0).await;
    let reply = app.client.get_keyed("/api/operations?label=a%20b").await;
    assert_eq!(reply.status, 422);
    assert_eq!(reply.problem().1.as_deref(), Some("label"));
}
