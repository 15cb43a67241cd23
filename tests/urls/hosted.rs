//! What the Functions host does not give a service by itself.

use serde_json::Value;

use super::service::Service;
use super::{work, write_kinds};
use crate::hosted::Hosted;

#[tokio::test]
async fn without_a_key_under_the_functions_host_there_is_no_callback() {
    let (kinds, service) = (tempfile::tempdir().unwrap(), Service::start().await);
    let file = write_kinds(kinds.path(), &service);
    let hosted = Hosted::start_set(&[("KINDS_FILE", file.to_str().unwrap())]).await;
    let accepted = hosted.post("/api/tasks", &work("callback")).await;
    let accepted: Value = serde_json::from_slice(&accepted.body).unwrap();
    let monitor = hosted.ended(accepted["id"].as_str().unwrap()).await;
    assert_eq!(monitor["error"]["code"], "NoCallback", "{monitor}");
}
