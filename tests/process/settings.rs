//! Settings as templates and people write them, and what is said about them at the start.

use crate::helpers::azurite::azurite;
use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;

/// Starts with these settings, stops, and gives the warnings.
async fn warnings(settings: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_with(folder.path(), settings);
    let before = serving.said_before.join("\n");
    let after = serving.stop("TERM").await.stdout;
    [&before, "\n", &after]
        .concat()
        .lines()
        .filter_map(|line| line.split_once(" WARN  "))
        .map(|(_, said)| said.to_owned())
        .collect()
}

#[tokio::test]
async fn the_account_is_found_under_any_spelling_of_its_name() {
    let connection_string = azurite().connection_string();
    let name = format!("spelled-{}", uuid::Uuid::now_v7());
    for spelling in ["AzureWebjobsStorage", "AZUREWEBJOBSSTORAGE"] {
        let folder = tempfile::tempdir().unwrap();
        let serving = Serving::start_with(
            folder.path(),
            &[
                (spelling, &connection_string),
                ("QUEUE_NAME", &name),
                ("blob_container_name", &name),
                ("rust_log", "Information"),
            ],
        );
        let place = format!("container {name}, queue {name}");
        assert!(
            serving.first_line.ends_with(&place),
            "{}",
            serving.first_line
        );
        eventually("the service is healthy", async || {
            (serving.client.get("/api/health").await.status == 200).then_some(())
        })
        .await;
        // In a container, an embedded store would be forgotten with it.
        assert!(!folder.path().join("data").exists());
    }
}

#[tokio::test]
async fn an_empty_connection_string_says_which_store_is_used() {
    assert_eq!(
        warnings(&[("AzureWebJobsStorage", "")]).await,
        ["AzureWebJobsStorage is empty, which counts as absent: tasks are kept in ./data"]
    );
}

#[tokio::test]
async fn a_name_that_is_almost_ours_and_a_short_key_are_warned_of() {
    let settings = [
        ("MAX_QUEUE_LENGHT", "5"),
        ("API_KEYS", "s3cret"),
        ("API_KEY", "s3cret"),
        ("HOME", "/root"),
        ("PATH", "/bin"),
        ("LOG_LEVEL", "x"),
        ("PORT", "80"),
    ];
    assert_eq!(
        warnings(&settings).await,
        [
            "API_KEYS is no setting of this service; API_KEY is",
            "MAX_QUEUE_LENGHT is no setting of this service; MAX_QUEUE_LENGTH is",
            "API_KEY has fewer than 16 characters, and can be guessed",
        ]
    );
}
