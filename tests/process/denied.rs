//! Storage that refuses us at the start: a role that was granted a minute ago does not count yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use uuid::Uuid;

use crate::helpers::azurite::{KEY, azurite};
use crate::helpers::client::Client;
use crate::helpers::eventually::eventually;
use crate::helpers::handler::{Handler, Serving};
use crate::helpers::proxy::{Fate, Proxy};

/// Azurite behind a proxy that refuses with a code until it is told to let go.
struct Denying {
    connection_string: String,
    lets_go: Arc<AtomicBool>,
    name: String,
}

impl Denying {
    fn with(code: &'static str) -> Self {
        let mut account = azurite().account();
        let lets_go: Arc<AtomicBool> = Arc::default();
        for endpoint in [&mut account.blob_endpoint, &mut account.queue_endpoint] {
            let lets_go = Arc::clone(&lets_go);
            Proxy::before(endpoint, move |_| match lets_go.load(Ordering::Relaxed) {
                true => Fate::Forward,
                false => Fate::Refuse(code),
            });
        }
        let (blobs, queues) = (account.blob_endpoint, account.queue_endpoint);
        Self {
            connection_string: format!(
                "AccountName=devstoreaccount1;AccountKey={KEY};BlobEndpoint={blobs};QueueEndpoint={queues}"
            ),
            lets_go,
            name: format!("denied-{}", Uuid::now_v7()),
        }
    }

    fn settings(&self) -> [(&str, &str); 3] {
        [
            ("AzureWebJobsStorage", &self.connection_string),
            ("queue_name", &self.name),
            ("BLOB_CONTAINER_NAME", &self.name),
        ]
    }

    /// The service waits, says so to whoever asks, and works once it may.
    async fn is_waited_for(&self, handler: &Handler, client: &Client) {
        let said = handler.line_with("cannot use storage (http://127.").await;
        assert!(said.contains(" WARN "), "{said}");
        assert!(said.contains("; trying again in 1 s"), "{said}");
        assert!(!said.contains(KEY), "{said}");
        assert_eq!(client.get("/api/health").await.status, 503);
        assert_eq!(client.submit(r#"{"number": 24}"#).await.status, 503);
        self.lets_go.store(true, Ordering::Relaxed);
        eventually("storage lets us in", async || {
            (client.get("/api/health").await.status == 200).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_role_that_does_not_count_yet_is_waited_for_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let denying = Denying::with("AuthorizationPermissionMismatch");
    let serving = Serving::start_with(folder.path(), &denying.settings());
    let said = serving
        .handler
        .line_with("Storage Blob Data Contributor")
        .await;
    for word in [
        "Storage Blob Data Owner",
        "Storage Queue Data Contributor",
        "minutes",
    ] {
        assert!(said.contains(word), "{said}");
    }
    assert_eq!(serving.client.get("/api/health").await.status, 503);
    denying.lets_go.store(true, Ordering::Relaxed);
    let id = eventually("a task is accepted", async || {
        let reply = serving.client.submit(r#"{"number": 24}"#).await;
        reply.header("operation-id").map(str::to_owned)
    });
    let id = id.await;
    assert_eq!(serving.client.ended(&id).await.status, 200);
}

/// Three processes that end stop the host for good, whatever they end of.
#[tokio::test]
async fn under_the_functions_host_nothing_that_storage_says_ends_the_process() {
    for code in ["AuthorizationPermissionMismatch", "AuthenticationFailed"] {
        let folder = tempfile::tempdir().unwrap();
        let denying = Denying::with(code);
        let settings = [
            &denying.settings()[..],
            &[("FUNCTIONS_CUSTOMHANDLER_PORT", "0")],
        ]
        .concat();
        let handler = Handler::start(folder.path(), &settings);
        let line = handler.line_with("hosted on http://").await;
        let (_, address) = line.split_once("http://").unwrap();
        let (address, _) = address.split_once(',').unwrap();
        denying
            .is_waited_for(&handler, &Client::new(address.parse().unwrap()))
            .await;
    }
}

/// Azurite's answer to a wrong key is the one that Azure has for a firewall that keeps us out.
#[tokio::test]
async fn an_account_that_does_not_let_us_in_is_named_and_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let endpoints = azurite().endpoints();
    let account = format!("AccountName=devstoreaccount1;AccountKey=czNjcmV0;{endpoints}");
    let serving = Serving::start_with(folder.path(), &[("AzureWebJobsStorage", &account)]);
    let said = serving
        .handler
        .line_with("cannot use storage (http://127.")
        .await;
    assert!(said.contains("the account key or SAS is wrong"), "{said}");
    assert!(said.ends_with("; trying again in 1 s"), "{said}");
    assert!(!said.contains("czNjcmV0"), "{said}");
    assert_eq!(serving.client.get("/api/health").await.status, 503);
}

/// Without a host, whoever supervises the process hears of it: no waiting makes a signature right.
#[tokio::test]
async fn a_signature_that_is_wrong_ends_a_process_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let denying = Denying::with("AuthenticationFailed");
    let settings = [&denying.settings()[..], &[("BIND_ADDRESS", "127.0.0.1:0")]].concat();
    let ended = Handler::start(folder.path(), &settings).ended().await;
    assert_eq!(ended.code, Some(1));
    let said = ended.stdout;
    assert!(
        said.contains("ERROR cannot use storage (http://127."),
        "{said}"
    );
    assert!(said.contains("the account key or SAS is wrong"), "{said}");
}

/// A number for `expires_on`, as stand-ins for Azure's endpoint write it: the token is taken, and what
/// fails then is the account.
#[tokio::test]
async fn a_token_whose_time_is_a_number_is_taken() {
    use std::io::{Read, Write};
    let endpoint = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = endpoint.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in endpoint.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let body = r#"{"access_token":"t0ken","expires_on":4102444800,"resource":"r","token_type":"Bearer"}"#;
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
        }
    });
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens on a port this low.
    let serving = Serving::start_with(
        folder.path(),
        &[
            ("AzureWebJobsStorage__blobServiceUri", "https://127.0.0.1:1"),
            (
                "AzureWebJobsStorage__queueServiceUri",
                "https://127.0.0.1:1",
            ),
            (
                "IDENTITY_ENDPOINT",
                &format!("http://127.0.0.1:{port}/token"),
            ),
            ("IDENTITY_HEADER", "x"),
        ],
    );
    let said = serving.handler.line_with("cannot use storage").await;
    assert!(said.contains("no answer from storage"), "{said}");
    assert!(!said.contains("t0ken"), "{said}");
}
