//! Which settings are taken, and what is said of the others.

use backends::azure::{Account, Credential};
use proptest::prelude::*;

use super::*;

fn config(flags: &[&str]) -> Result<Config, ConfigError> {
    let line = [&["handler"], flags].concat();
    Args::read(Vec::new(), line.into_iter().map(Into::into))
        .unwrap()
        .try_into()
}

fn refusal(flags: &[&str]) -> String {
    config(flags).unwrap_err().to_string()
}

#[test]
fn without_settings_it_is_standalone_on_the_embedded_store() {
    let config = config(&[]).unwrap();
    assert_eq!(config.mode, Mode::Standalone(([127, 0, 0, 1], 7071).into()));
    assert!(matches!(config.storage, Storage::Embedded(folder) if folder.ends_with("data")));
    assert_eq!(config.container, "hello-container");
    assert_eq!(config.queue.as_str(), "background-tasks");
    assert_eq!(config.max_number, 10_000_000);
    assert_eq!(config.retention, Duration::from_secs(7 * 24 * 60 * 60));
    assert_eq!(config.request_budget, Duration::from_secs(10));
    assert_eq!(config.shutdown_grace, Duration::from_secs(5));
    assert!(config.worker_concurrency > 0);
}

#[test]
fn the_port_of_the_functions_host_makes_it_hosted_on_loopback() {
    let flags = ["--functions-port", "41234", "--bind-address", "0.0.0.0:1"];
    let storage = ["--connection-string", "UseDevelopmentStorage=true"];
    let config = config(&[&flags[..], &storage].concat()).unwrap();
    assert_eq!(config.mode, Mode::Hosted(([127, 0, 0, 1], 41234).into()));
    assert_eq!(config.shutdown_grace, Duration::ZERO);
    assert!(refusal(&flags).starts_with("AzureWebJobsStorage is missing"));
}

#[test]
fn files_are_where_the_tasks_are_unless_they_have_an_account() {
    let of_tasks = ["--connection-string", "UseDevelopmentStorage=true"];
    let files = config(&of_tasks).unwrap().files;
    assert!(files.account.is_none());
    assert_eq!(files.container, "files");
    let sas = "BlobEndpoint=https://b.example;SharedAccessSignature=sig=x";
    for (flags, endpoint) in [
        (["--data-storage", sas], "https://b.example"),
        (
            ["--data-account-name", "acct"],
            "https://acct.blob.core.windows.net",
        ),
        (
            ["--data-blob-service-uri", "https://c.example/"],
            "https://c.example",
        ),
    ] {
        let account = config(&flags).unwrap().files.account.unwrap();
        assert_eq!(account.blob_endpoint, endpoint);
    }
}

#[test]
fn files_and_records_do_not_share_a_container() {
    let same = ["--container", "one", "--data-container", "one"];
    let account = "UseDevelopmentStorage=true";
    let of_tasks = ["--connection-string", account];
    let refused = refusal(&[&same[..], &of_tasks].concat());
    assert!(refused.starts_with("DataContainer is the container of the task records"));
    // Nobody has the records there, or has them in that account.
    assert!(config(&same).is_ok());
    let of_files = ["--data-storage", account];
    assert!(config(&[&same[..], &of_tasks, &of_files].concat()).is_ok());
}

#[test]
fn files_are_processed_if_that_is_asked_for() {
    assert_eq!(config(&[]).unwrap().file_processing, None);
    let flags = ["--file-processing", "True", "--step2-data-subpath", "out/2"];
    let folders = config(&flags).unwrap().file_processing.unwrap();
    assert_eq!(folders.step1.as_str(), "step1");
    assert_eq!(folders.step2.as_str(), "out/2");
}

#[test]
fn a_wrong_setting_is_named() {
    for (flag, value, setting) in [
        ("--bind-address", "7071", "BIND_ADDRESS"),
        ("--bind-address", ":7071", "BIND_ADDRESS"),
        ("--functions-port", "70000", "FUNCTIONS_CUSTOMHANDLER_PORT"),
        ("--connection-string", "secret", "AzureWebJobsStorage"),
        ("--credential", "secret", "AzureWebJobsStorage__credential"),
        ("--blob-service-uri", "https://a", "AzureWebJobsStorage__"),
        ("--client-id", "x", "AzureWebJobsStorage__clientId"),
        ("--queue-name", "Tasks", "queue_name"),
        ("--queue-name", &"q".repeat(57), "queue_name"),
        ("--raw-queue-name", "Own_Messages", "RAW_QUEUE_NAME"),
        ("--container", "a--b", "BLOB_CONTAINER_NAME"),
        ("--data-container", "Files", "DataContainer"),
        ("--data-storage", "secret", "DataStorage"),
        ("--data-account-name", "no/such", "DataStorage__accountName"),
        (
            "--data-blob-service-uri",
            "http://a.example",
            "DataStorage__blobServiceUri",
        ),
        ("--data-credential", "secret", "DataStorage__credential"),
        ("--data-client-id", "x", "DataStorage__clientId"),
        ("--file-processing", "maybe", "FILE_PROCESSING"),
        ("--step1-data-subpath", "/abs", "Step1DataSubpath"),
        ("--step4-data-subpath", "a/../b", "Step4DataSubpath"),
        ("--public-base-url", "tasks.example", "PUBLIC_BASE_URL"),
        ("--public-base-url", "localhost:8080", "PUBLIC_BASE_URL"),
        ("--public-base-url", "https://a?b", "PUBLIC_BASE_URL"),
        ("--public-base-url", "https://u:secret@a", "PUBLIC_BASE_URL"),
        (
            "--cors-allowed-origins",
            "app.example",
            "CORS_ALLOWED_ORIGINS",
        ),
        ("--cors-allowed-origins", "null", "CORS_ALLOWED_ORIGINS"),
        ("--cors-allowed-origins", ",", "CORS_ALLOWED_ORIGINS"),
        (
            "--cors-allowed-origins",
            "*, https://a",
            "CORS_ALLOWED_ORIGINS",
        ),
        (
            "--cors-allowed-origins",
            "https://*.a",
            "CORS_ALLOWED_ORIGINS",
        ),
        (
            "--cors-allowed-origins",
            "https://a/x",
            "CORS_ALLOWED_ORIGINS",
        ),
        (
            "--cors-allowed-origins",
            "file:///x",
            "CORS_ALLOWED_ORIGINS",
        ),
        ("--max-number", "-1", "MAX_NUMBER"),
        ("--max-body-bytes", "1M", "MAX_BODY_BYTES"),
        ("--max-body-bytes", "0", "MAX_BODY_BYTES"),
        ("--api-key", "secret\nsecret", "API_KEY has a line break"),
        (
            "--submit-key-secondary",
            "secret\tx",
            "SUBMIT_KEY_SECONDARY",
        ),
        ("--max-queue-length", "many", "MAX_QUEUE_LENGTH"),
        ("--retention", "soon", "RESULT_RETENTION"),
        ("--request-budget", "10", "REQUEST_BUDGET"),
        ("--request-budget", "999ms", "REQUEST_BUDGET"),
        ("--request-budget", "101s", "REQUEST_BUDGET"),
        ("--shutdown-grace", "5", "SHUTDOWN_GRACE"),
        ("--shutdown-grace", "-1s", "SHUTDOWN_GRACE"),
        ("--retention", "0", "RESULT_RETENTION is less than a second"),
        (
            "--retention",
            "0s",
            "RESULT_RETENTION is less than a second",
        ),
        (
            "--retention",
            "999ms",
            "RESULT_RETENTION is less than a second",
        ),
        ("--worker-concurrency", "0", "WORKER_CONCURRENCY"),
        ("--worker-waiting", "0", "WORKER_WAITING"),
        ("--worker-waiting", "10001", "WORKER_WAITING"),
        ("--early-start", "some", "EARLY_START"),
        ("--early-start", "true", "EARLY_START"),
        ("--max-result-bytes", "0", "MAX_RESULT_BYTES"),
        ("--max-result-bytes", "1MB", "MAX_RESULT_BYTES"),
        ("--log-filter", "loud=very", "RUST_LOG"),
        ("--log-filter", "inf", "RUST_LOG"),
        ("--log-format", "xml", "LOG_FORMAT"),
    ] {
        let refusal = refusal(&[&format!("{flag}={value}")]);
        assert!(refusal.starts_with(setting), "{flag} {value}: {refusal}");
        assert!(!refusal.contains("secret"), "{refusal}");
        assert!(!refusal.contains('\n'), "{refusal}");
    }
}

#[test]
fn identity_settings_name_an_account() {
    for credential in ["managedidentity", "ManagedIdentity"] {
        let config = config(&["--account-name", "acct", "--credential", credential]);
        assert!(matches!(
            config.unwrap().storage,
            Storage::Azure(Account {
                credential: Credential::ManagedIdentity { .. },
                ..
            })
        ));
    }
}

#[test]
fn what_is_around_a_value_is_no_part_of_it() {
    let plain = [
        "--retention=7d",
        "--api-key=k",
        "--max-number=5",
        "--log-format=json",
    ];
    let plain = format!("{:?}", config(&plain).unwrap());
    for around in [("\"", "\""), ("'", "'"), (" ", "\r\n"), (" \" ", " \"\t")] {
        let around = |value| format!("{}{value}{}", around.0, around.1);
        let config = config(&[
            &format!("--retention={}", around("7d")),
            &format!("--api-key={}", around("k")),
            &format!("--max-number={}", around("5")),
            &format!("--log-format={}", around("JSON")),
        ])
        .unwrap();
        assert_eq!(format!("{config:?}"), plain);
        assert_eq!(config.api_keys, [Secret::new("k")]);
    }
}

#[test]
fn the_last_of_two_flags_wins_and_an_empty_one_takes_a_setting_away() {
    let config = config(&[
        "--api-key=a",
        "--max-number=3",
        "--api-key=",
        "--max-number=",
    ]);
    let config = config.unwrap();
    assert!(config.api_keys.is_empty());
    assert_eq!(config.max_number, 10_000_000);
}

#[test]
fn there_are_two_keys_while_one_replaces_the_other() {
    let config = config(&[
        "--api-key=a",
        "--api-key-secondary=b",
        "--submit-key-secondary=c",
    ]);
    let config = config.unwrap();
    assert_eq!(config.api_keys, [Secret::new("a"), Secret::new("b")]);
    assert_eq!(config.submit_keys, [Secret::new("c")]);
}

#[test]
fn a_base_url_loses_its_trailing_slash() {
    let config = config(&["--public-base-url", "https://a.example/x/"]).unwrap();
    assert_eq!(
        config.public_base_url.as_deref(),
        Some("https://a.example/x")
    );
}

#[test]
fn a_base_url_is_a_url_like_others() {
    for (text, base) in [
        ("HTTP://Example.com/", "http://example.com"),
        ("HTTPS://Example.com:443//", "https://example.com"),
        (" https://a.example:8443/X/ ", "https://a.example:8443/X"),
        (
            "https://b\u{fc}cher.example",
            "https://xn--bcher-kva.example",
        ),
        ("http://[::1]:80/\"x y\"", "http://[::1]/%22x%20y%22"),
    ] {
        let config = config(&["--public-base-url", text]).unwrap();
        assert_eq!(config.public_base_url.as_deref(), Some(base), "{text}");
    }
}

#[test]
fn allowed_origins_are_a_list_or_all() {
    let origins = |text: &str| {
        let flag = format!("--cors-allowed-origins={text}");
        config(&[&flag]).unwrap().allowed_origins
    };
    assert_eq!(config(&[]).unwrap().allowed_origins, Origins::None);
    assert_eq!(origins(" "), Origins::None);
    assert_eq!(origins("*"), Origins::Any);
    let these = origins(" https://App.example:443/ ,http://localhost:3000,");
    for origin in ["https://app.example", "http://localhost:3000"] {
        assert!(these.allow(origin), "{origin}");
    }
    for origin in ["http://app.example", "http://localhost", "null", ""] {
        assert!(!these.allow(origin), "{origin}");
    }
}

#[test]
fn under_the_host_origins_are_the_hosts_affair() {
    let refusal = refusal(&[
        "--cors-allowed-origins=*",
        "--functions-port=1",
        "--connection-string=UseDevelopmentStorage=true",
    ]);
    assert!(
        refusal.starts_with("CORS_ALLOWED_ORIGINS has no meaning"),
        "{refusal}"
    );
}

/// Every setting, with any value: a `Config` or a refusal that names the setting.
fn assert_refused_by_name(text: &str) {
    // clap takes no NUL, and neither does an environment.
    if text.contains('\0') || text.len() > 100_000 {
        return;
    }
    for setting in settings() {
        let flag = format!("--{}={text}", setting.flag);
        if let Err(error) = config(&[&flag]) {
            let error = error.to_string();
            assert!(
                error.starts_with("AzureWebJobsStorage") || error.starts_with(&setting.variable),
                "{error}"
            );
            assert!(error.len() < 200 && !error.contains("s3cret"), "{error}");
        }
    }
}

#[test]
fn hostile_settings_are_refused_by_name_or_taken() {
    corpus::each_text(assert_refused_by_name);
}

#[test]
fn more_attempts_than_threads_are_refused() {
    for count in ["513", "18446744073709551615", "0"] {
        let refusal = refusal(&["--worker-concurrency", count]);
        assert_eq!(refusal, "WORKER_CONCURRENCY is not a number from 1 to 512");
    }
    assert_eq!(
        config(&["--worker-concurrency", "512"])
            .unwrap()
            .worker_concurrency,
        512
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_setting_is_refused_by_name_or_taken(text in corpus::any_text()) {
        assert_refused_by_name(&text);
    }

    #[test]
    fn a_base_url_that_is_taken_can_stand_in_a_header(text in "https?://.*|\\PC*") {
        if let Ok(base) = base_url(&text) {
            prop_assert!(base.bytes().all(|b| b.is_ascii_graphic() && b != b'"'), "{base}");
            prop_assert!(!base.ends_with('/'));
        }
    }
}
