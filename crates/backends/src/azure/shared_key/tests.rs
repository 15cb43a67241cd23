//! The strings that Microsoft's description of the scheme gives for known requests.

use azure_core::http::{Method, Url};

use super::*;

const DATE: &str = "Fri, 26 Jun 2026 23:39:12 GMT";

fn request(method: Method, url: &str) -> Request {
    let mut request = Request::new(Url::parse(url).unwrap(), method);
    request.insert_header("x-ms-date", DATE);
    request.insert_header("x-ms-version", "2025-11-05");
    request
}

#[test]
fn query_parameters_are_sorted_and_the_length_of_no_body_is_left_out() {
    let request = request(
        Method::Get,
        "https://myaccount.blob.core.windows.net/mycontainer?timeout=20&restype=container&comp=metadata",
    );
    assert_eq!(
        string_to_sign("myaccount", &request),
        "GET\n\n\n\n\n\n\n\n\n\n\n\n\
         x-ms-date:Fri, 26 Jun 2026 23:39:12 GMT\nx-ms-version:2025-11-05\n\
         /myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20"
    );
}

#[test]
fn a_put_signs_its_length_its_type_its_condition_and_its_metadata() {
    let mut request = request(
        Method::Put,
        "http://127.0.0.1:10000/devstoreaccount1/tasks/a%20b",
    );
    request.set_body("hello");
    request.insert_header("content-type", "application/octet-stream");
    request.insert_header("if-none-match", "*");
    request.insert_header("x-ms-meta-kind", "  fibonacci ");
    request.insert_header("x-ms-blob-type", "BlockBlob");
    assert_eq!(
        string_to_sign("devstoreaccount1", &request),
        "PUT\n\n\n5\n\napplication/octet-stream\n\n\n\n*\n\n\n\
         x-ms-blob-type:BlockBlob\nx-ms-date:Fri, 26 Jun 2026 23:39:12 GMT\n\
         x-ms-meta-kind:fibonacci\nx-ms-version:2025-11-05\n\
         /devstoreaccount1/devstoreaccount1/tasks/a%20b"
    );
}

#[test]
fn a_range_and_an_etag_are_signed() {
    let mut request = request(Method::Get, "https://a.blob.core.windows.net/c/b");
    request.insert_header("range", "bytes=0-1023");
    request.insert_header("if-match", "\"0x8D\"");
    assert_eq!(
        string_to_sign("a", &request),
        "GET\n\n\n\n\n\n\n\n\"0x8D\"\n\n\nbytes=0-1023\n\
         x-ms-date:Fri, 26 Jun 2026 23:39:12 GMT\nx-ms-version:2025-11-05\n/a/c/b"
    );
}

#[test]
fn an_awkward_pop_receipt_and_prefix_are_signed_decoded() {
    let mut request = request(
        Method::Delete,
        "https://a.queue.core.windows.net/q/messages/1",
    );
    request
        .url_mut()
        .query_pairs_mut()
        .append_pair("popreceipt", "AgAAAA+MAAA/AA==")
        .append_pair("Prefix", "a b&c,é");
    write_spaces_as_percent_20(&mut request);
    let query = request.url().query().unwrap();
    assert_eq!(
        query,
        "popreceipt=AgAAAA%2BMAAA%2FAA%3D%3D&Prefix=a%20b%26c%2C%C3%A9"
    );
    assert!(
        string_to_sign("a", &request)
            .ends_with("/a/q/messages/1\npopreceipt:AgAAAA+MAAA/AA==\nprefix:a b&c,é")
    );
}

#[test]
fn values_of_one_parameter_are_sorted_and_joined() {
    let request = request(
        Method::Get,
        "https://a.blob.core.windows.net/c?include=snapshots&Include=metadata&comp=list",
    );
    assert!(string_to_sign("a", &request).ends_with("/a/c\ncomp:list\ninclude:metadata,snapshots"));
}

#[test]
fn the_signature_is_hmac_sha256_with_the_decoded_key() {
    let key = Secret::new("c2VjcmV0LWtleS1zZWNyZXQta2V5".to_owned());
    let request = request(Method::Get, "https://a.blob.core.windows.net/c?comp=list");
    let signature = hmac_sha256(&string_to_sign("a", &request), &key).unwrap();
    assert_eq!(signature, "C8avyMBZ4o+2PEstph/i93TBtQUtu9dSGeOdXhyoWn0=");
}

#[test]
fn a_policy_does_not_print_its_key() {
    let policy = SharedKeyPolicy::new("a", "c2VjcmV0");
    assert!(!format!("{policy:?}").contains("c2VjcmV0"));
}
