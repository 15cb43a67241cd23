//! What a connection string may look like, and what is said when it is wrong.

use proptest::prelude::*;

use super::*;

const KEY64: &str = "c2VjcmV0LWtleS1zZWNyZXQta2V5";

fn parsed(text: &str) -> Account {
    Account::from_connection_string(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn endpoints(text: &str) -> (String, String) {
    let account = parsed(text);
    (account.blob_endpoint, account.queue_endpoint)
}

fn pair(blob: &str, queue: &str) -> (String, String) {
    (blob.to_owned(), queue.to_owned())
}

fn key_of(text: &str) -> (String, String) {
    match parsed(text).credential {
        Credential::SharedKey { account, key } => (account, key.expose().to_owned()),
        other => panic!("{other:?}"),
    }
}

fn sas_of(text: &str) -> String {
    match parsed(text).credential {
        Credential::Sas(sas) => sas.expose().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn development_storage_is_the_emulator_on_this_machine() {
    let local = pair(
        "http://127.0.0.1:10000/devstoreaccount1",
        "http://127.0.0.1:10001/devstoreaccount1",
    );
    for text in [
        "UseDevelopmentStorage=true",
        "  usedevelopmentstorage = True ;;\n",
        "\"UseDevelopmentStorage=true;\"",
    ] {
        assert_eq!(endpoints(text), local, "{text}");
        assert_eq!(key_of(text), pair(DEV_ACCOUNT, DEV_KEY));
    }
}

#[test]
fn a_development_proxy_gives_the_host_and_not_the_port() {
    let expected = pair(
        "http://azurite:10000/devstoreaccount1",
        "http://azurite:10001/devstoreaccount1",
    );
    for proxy in ["http://azurite", "http://azurite/", "http://azurite:8080"] {
        let text = format!("UseDevelopmentStorage=true;DevelopmentStorageProxyUri={proxy}");
        assert_eq!(endpoints(&text), expected);
    }
}

#[test]
fn an_account_and_its_key_give_the_public_endpoints() {
    let text = format!("DefaultEndpointsProtocol=https;AccountName=acct;AccountKey={KEY64}");
    let public = pair(
        "https://acct.blob.core.windows.net",
        "https://acct.queue.core.windows.net",
    );
    assert_eq!(endpoints(&text), public);
    assert_eq!(key_of(&text), pair("acct", KEY64));
    let china = format!("{text};EndpointSuffix=core.chinacloudapi.cn;FileEndpoint=ignored");
    assert_eq!(
        endpoints(&china).1,
        "https://acct.queue.core.chinacloudapi.cn"
    );
}

#[test]
fn explicit_endpoints_win_and_lose_their_trailing_slash() {
    let text = format!(
        "AccountName=acct;AccountKey={KEY64};BlobEndpoint=http://127.0.0.1:1/acct/;QueueEndpoint=https://q.example/"
    );
    assert_eq!(
        endpoints(&text),
        pair("http://127.0.0.1:1/acct", "https://q.example")
    );
}

#[test]
fn an_emulator_names_its_accounts_as_it_likes_and_azure_does_not() {
    let emulated = format!(
        "AccountName=My_Account;AccountKey={KEY64};BlobEndpoint=http://127.0.0.1:1/My_Account;QueueEndpoint=http://127.0.0.1:2/My_Account"
    );
    assert_eq!(key_of(&emulated), pair("My_Account", KEY64));
    let development = "UseDevelopmentStorage=true;AccountName=My_Account";
    assert_eq!(
        endpoints(development).0,
        "http://127.0.0.1:10000/My_Account"
    );
    let error =
        Account::from_connection_string(&format!("AccountName=My_Account;AccountKey={KEY64}"))
            .unwrap_err();
    assert!(error.starts_with("AccountName may only"), "{error}");
}

#[test]
fn a_key_may_be_wrapped() {
    let (one, other) = KEY64.split_at(12);
    for fold in ["\n", "\r\n", " ", "\n\t"] {
        let text =
            format!("AccountName=acct;AccountKey={one}{fold}{other};EndpointSuffix=x.example");
        assert_eq!(key_of(&text), pair("acct", KEY64));
        let text = format!("AccountName=acct;SharedAccessSignature=sv=1&{fold}sig=a{fold}b");
        assert_eq!(sas_of(&text), "sv=1&sig=ab");
    }
}

#[test]
fn a_sas_keeps_every_character_but_the_question_mark() {
    let sas = "sv=2025-11-05&ss=bq&sig=a%2Bb%3D&se=2030-01-01T00%3A00%3A00Z";
    for written in [sas.to_owned(), format!("?{sas}")] {
        let text = format!("AccountName=acct;SharedAccessSignature={written}");
        assert_eq!(sas_of(&text), sas);
        let explicit = format!(
            "BlobEndpoint=https://b.example;QueueEndpoint=https://q.example;SharedAccessSignature={written}"
        );
        assert_eq!(sas_of(&explicit), sas);
    }
}

#[test]
fn an_error_names_the_part_that_is_wrong() {
    for (text, named) in [
        ("", "empty"),
        (" ;; ", "empty"),
        ("Server=tcp:db;Database=x", "not one of Azure Storage"),
        ("UseDevelopmentStorage=yes", "UseDevelopmentStorage"),
        ("AccountName=acct", "AccountKey is missing"),
        ("AccountName=acct;AccountKey=", "AccountKey is missing"),
        (
            "AccountName=acct;AccountKey=###",
            "AccountKey is not base64",
        ),
        ("AccountName=Ac/ct;AccountKey=QQ==", "AccountName may only"),
        ("AccountKey=QQ==", "AccountName"),
        (
            "BlobEndpoint=http://h/a;AccountKey=QQ==",
            "QueueEndpoint is missing",
        ),
        (
            "BlobEndpoint=http://h/a;QueueEndpoint=http://h/a;AccountKey=QQ==",
            "AccountName is missing",
        ),
        ("AccountName=a;AccountName=b", "AccountName is given twice"),
        (
            "AccountName=a;AccountKey=QQ==;SharedAccessSignature=sig=x",
            "both given",
        ),
        ("AccountName=a;SharedAccessSignature=sv=1", "has no sig"),
        (
            "AccountName=a;AccountKey=QQ==;DefaultEndpointsProtocol=ftp",
            "DefaultEndpointsProtocol",
        ),
        (
            "AccountName=a;AccountKey=QQ==;EndpointSuffix=x/y?z",
            "EndpointSuffix",
        ),
        (
            "AccountName=a;AccountKey=QQ==;BlobEndpoint=http://h/a?sig=x",
            "BlobEndpoint",
        ),
        (
            "AccountName=a;AccountKey=QQ==;BlobEndpoint=data:x",
            "BlobEndpoint",
        ),
        ("a part without a sign", "no `=`"),
    ] {
        let error = Account::from_connection_string(text).unwrap_err();
        assert!(error.contains(named), "{text}: {error}");
    }
}

/// Every way to cut or garble a good string either parses or fails without a word of the secret.
#[test]
fn no_input_panics_and_no_error_tells_the_key() {
    let secret = "S3cr3tS3cr3tS3cr3tS3cr3t";
    let good = [
        format!("DefaultEndpointsProtocol=https;AccountName=acct;AccountKey={secret}"),
        format!(
            "BlobEndpoint=http://h/a;QueueEndpoint=http://h/a;SharedAccessSignature=?sv=1&sig={secret}"
        ),
        format!("UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://{secret}"),
        format!("{secret}={secret};{secret}"),
    ];
    let silent = |text: &str| {
        if let Err(error) = Account::from_connection_string(text) {
            assert!(!error.contains("S3cr"), "{error}");
        }
    };
    for text in &good {
        for at in 0..text.len() {
            silent(&text[..at]);
            silent(&text[at..]);
            for garbage in [";", "=", "?", "\"", "\0", "é", "://", "#", "@", "\n"] {
                silent(&format!("{}{garbage}{}", &text[..at], &text[at..]));
                silent(&format!("{}{garbage}{}", &text[..at], &text[at + 1..]));
            }
        }
    }
}

/// What an endpoint is good for: a URL that a path can be appended to, and nothing more.
fn assert_usable(account: &Account) {
    for endpoint in [&account.blob_endpoint, &account.queue_endpoint] {
        let url = azure_core::http::Url::parse(endpoint).unwrap();
        assert!(matches!(url.scheme(), "http" | "https"), "{endpoint}");
        assert!(
            url.query().is_none() && url.username().is_empty(),
            "{endpoint}"
        );
        assert!(endpoint.bytes().all(|b| b.is_ascii_graphic()), "{endpoint}");
    }
    assert!(!format!("{account:?}").contains("s3cret"));
}

#[test]
fn hostile_strings_are_refused_in_a_few_words_or_usable() {
    corpus::each_text(|text| match Account::from_connection_string(text) {
        Ok(account) => assert_usable(&account),
        Err(error) => assert!(error.len() < 120 && !error.contains("s3cret"), "{error}"),
    });
}

proptest! {
    #[test]
    fn any_string_is_refused_in_a_few_words_or_usable(text in corpus::any_text()) {
        match Account::from_connection_string(&text) {
            Ok(account) => assert_usable(&account),
            Err(error) => prop_assert!(error.len() < 120, "{error}"),
        }
    }

    #[test]
    fn an_account_and_its_key_come_out_as_they_were_put_in(
        name in "[a-z0-9]{3,24}",
        key in proptest::collection::vec(any::<u8>(), 1..64),
        spaces in " {0,3}",
    ) {
        let key = base64::encode(key);
        let text = format!("{spaces}AccountKey{spaces}={spaces}{key};;accountNAME={name}{spaces};");
        prop_assert_eq!(key_of(&text), (name.clone(), key));
        let endpoint = format!("https://{name}.blob.core.windows.net");
        prop_assert_eq!(endpoints(&text).0, endpoint);
    }
}

#[test]
fn an_account_of_blobs_need_not_tell_where_queues_are() {
    let blobs = |text| Account::of_blobs_from_connection_string(text).map(|of| of.blob_endpoint);
    let text = "BlobEndpoint=https://b.example/;SharedAccessSignature=sig=x";
    assert_eq!(blobs(text), Ok("https://b.example".to_owned()));
    let elsewhere = format!("{text};QueueEndpoint=not a URL");
    assert_eq!(blobs(&elsewhere), Ok("https://b.example".to_owned()));
    assert_eq!(
        blobs("UseDevelopmentStorage=true"),
        Ok("http://127.0.0.1:10000/devstoreaccount1".to_owned())
    );
    let none = blobs("SharedAccessSignature=sig=x").unwrap_err();
    assert_eq!(none, "BlobEndpoint is missing, or AccountName");
}
