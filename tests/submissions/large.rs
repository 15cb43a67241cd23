//! Inputs that no message of a queue holds: the record has them, and the message tells where (a claim check).

use std::fmt::Write;

use serde_json::json;

use super::Rig;
use crate::helpers::deployment::Setting;

/// What a message of Azure's queues holds, and so what R1 takes; what R4 takes; and the most that is taken here
/// unless the operator says otherwise.
const SIZES: [usize; 4] = [65_536, 262_144, 262_145, 8_000_000];

async fn an_input_may_be_large(setting: Setting) {
    let rig = Rig::start(setting).await;
    for size in SIZES {
        let mut body = String::from(r#"{"kind": "length", "input": ""#);
        body.extend(std::iter::repeat_n('x', size - 2));
        body.write_str(r#""}"#).unwrap();
        let id = rig.client().accepted(body).await;
        assert_eq!(rig.succeeded(&id).await["result"], json!(size), "{size}");
    }
    let too_large = " ".repeat(8 * 1024 * 1024) + r#"{"number": 24}"#;
    let reply = rig.client().submit(too_large).await;
    assert_eq!(reply.status, 413);
    assert_eq!(reply.problem().0, "BodyTooLarge");
}

#[tokio::test]
async fn an_input_may_be_large_on_the_embedded_store() {
    an_input_may_be_large(Setting::Embedded).await;
}

#[tokio::test]
async fn an_input_may_be_large_on_azure_storage() {
    an_input_may_be_large(Setting::Azurite).await;
}

#[tokio::test]
async fn an_input_may_be_large_under_the_functions_host() {
    an_input_may_be_large(Setting::Hosted).await;
}
