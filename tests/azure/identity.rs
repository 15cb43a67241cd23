//! An account reached by a managed identity, as a deployed Function App has it: no key and no connection string, a
//! token of the platform's, and links that are signed with a key that the service gives to the identity.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::{Certificate, StatusCode, Url};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::helpers::azurite::Azurite;
use crate::helpers::certificates::write_certificates;
use crate::helpers::handler::Serving;

/// What the platform tells the process alone.
const HEADER: &str = "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a";

const TENANT: &str = "ab1f708d-50f6-404c-a006-d71b2ac7a606";
const IDENTITY: &str = "11059fcc-5514-4800-b5f8-49808b9cfab6";

/// A token as Microsoft Entra makes them, by what it says. Its signature is none.
fn token() -> String {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let claims = json!({
        "aud": "https://storage.azure.com",
        "iss": format!("https://sts.windows.net/{TENANT}/"),
        "iat": now, "nbf": now - 60, "exp": now + 3_600,
        "oid": IDENTITY, "tid": TENANT,
    });
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(json!({ "typ": "JWT", "alg": "RS256" }));
    format!("{header}.{}.{}", part(claims), part(json!("signed")))
}

/// The platform's endpoint for tokens, which answers who knows the header; with how often it did. Ends with the test's
/// runtime.
async fn platform() -> (String, Arc<AtomicUsize>) {
    let given = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&given);
    let answer = move |request: HttpRequest| {
        let is_known = request
            .headers()
            .get("x-identity-header")
            .is_some_and(|header| header == HEADER);
        let query = request.query_string();
        let is_asked = query.contains("resource=https") && query.contains("storage.azure.com");
        if !is_known || !is_asked {
            return std::future::ready(HttpResponse::Unauthorized().finish());
        }
        counted.fetch_add(1, Ordering::Relaxed);
        let expires_on = OffsetDateTime::now_utc().unix_timestamp() + 3_600;
        std::future::ready(HttpResponse::Ok().json(json!({
            "access_token": token(),
            "expires_on": expires_on.to_string(),
            "resource": "https://storage.azure.com",
            "token_type": "Bearer",
        })))
    };
    let app = move || App::new().route("/msi/token", web::get().to(answer.clone()));
    let server = HttpServer::new(app).workers(1).disable_signals();
    let server = server.bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0];
    tokio::spawn(server.run());
    (format!("http://{address}/msi/token"), given)
}

#[tokio::test]
async fn a_managed_identity_does_all_that_a_key_does() {
    let folder = tempfile::tempdir().unwrap();
    write_certificates(folder.path());
    let azurite = Azurite::encrypted(folder.path());
    let [blobs, queues] = azurite.services();
    let (endpoint, given) = platform().await;
    let authority = folder.path().join("authority.pem");
    let settings = [
        ("AzureWebJobsStorage__blobServiceUri", &*blobs),
        ("AzureWebJobsStorage__queueServiceUri", &*queues),
        ("AzureWebJobsStorage__credential", "managedidentity"),
        ("IDENTITY_ENDPOINT", &*endpoint),
        ("IDENTITY_HEADER", HEADER),
        ("SSL_CERT_FILE", authority.to_str().unwrap()),
        ("RAW_QUEUE_NAME", "raw"),
        ("PROCESS_DATA_PAUSE", "0s"),
    ];
    let serving = Serving::start_with(folder.path(), &settings);
    let client = &serving.client;
    let id = client.run(r#"{"number": 24}"#).await;
    let result = client.result(&id).await.json();
    assert_eq!(result["calculation_result"], "46368");
    assert_eq!(client.get("/api/health").await.status, 200);

    // The link to a result is signed by a key that was given to the identity, and read by anybody.
    let body = r#"{"id": "1234", "customername": "Contoso"}"#;
    let request = client.request("POST", "/api/asyncprocessingworkacceptor");
    let request = request.header("content-type", "application/json");
    let accepted = client.send(request.body(body)).await;
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let (_, path) = accepted
        .header("location")
        .unwrap()
        .split_once("/api/")
        .unwrap();
    let led = client
        .get(&format!("/api/{path}?OnPending=Synchronous"))
        .await;
    assert_eq!(led.status, 302, "{}", led.text());
    let link = Url::parse(led.header("location").unwrap()).unwrap();
    let fields: Vec<_> = link.query_pairs().collect();
    let has = |name: &str, value: &str| {
        fields
            .iter()
            .any(|(known, held)| known == name && held == value)
    };
    assert!(has("skoid", IDENTITY) && has("sktid", TENANT), "{link}");
    assert!(
        has("sp", "r") && has("sr", "b") && has("spr", "https"),
        "{link}"
    );

    let authority = Certificate::from_pem(&std::fs::read(&authority).unwrap()).unwrap();
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([authority]);
    let http = http.build().unwrap();
    let read = http.get(link.clone()).send().await.unwrap();
    let (status, text) = (read.status(), read.text().await.unwrap());
    assert_eq!(status, StatusCode::OK, "{text}");
    assert_eq!(
        text,
        r#""Processed data: {'id': '1234', 'customername': 'Contoso'}""#
    );
    let deleted = http.delete(link.clone()).send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::FORBIDDEN);
    let mut other = link.clone();
    other.set_path(&link.path().replace("result-", "other-"));
    assert_eq!(
        http.get(other).send().await.unwrap().status(),
        StatusCode::FORBIDDEN
    );

    // One token does for all.
    assert_eq!(given.load(Ordering::Relaxed), 1);
    let log = serving.stop("TERM").await;
    let (token, log) = (token(), log.stdout + &log.stderr);
    let (start, _) = token.split_once('.').unwrap();
    for secret in [start, HEADER, "sig="] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
