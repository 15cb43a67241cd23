//! Several clients at one queue at the same time, and a lease that ends while its holder is at work.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{MESSAGES, Raw, in_every_deployment, path_of, success};
use crate::helpers::deployment::Setting;
use crate::helpers::eventually::eventually;

in_every_deployment! {
    a_receipt_is_good_for_one_of_many,
    a_message_is_popped_once,
    what_comes_while_a_queue_is_cleared_is_answered,
    a_receipt_is_good_after_the_lease_until_another_has_the_message,
}

async fn a_receipt_is_good_for_one_of_many(setting: Setting) {
    let raw = Raw::start(setting).await;
    let message = raw.create(&json!("first")).await;
    let path = path_of(&message);
    let changes: Vec<_> = (0..8)
        .map(|content| {
            json!({
                "pop_receipt": message["pop_receipt"],
                "content": content,
                "visibility_timeout": 0
            })
        })
        .collect();
    let replies = changes
        .iter()
        .map(|change| raw.send_json("PUT", &path, change));
    let replies = join_all(replies).await;
    let (done, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!(done.len(), 1);
    for reply in refused {
        assert_eq!((reply.status, &*reply.problem().0), (409, "StaleReceipt"));
    }
    let popped = raw.ok("POST", &format!("{MESSAGES}/pop")).await;
    assert_eq!(
        popped["data"]["message_content"],
        done[0].json()["message_content"]
    );
}

async fn a_message_is_popped_once(setting: Setting) {
    let raw = Raw::start(setting).await;
    let contents: Vec<_> = (0..20).map(|number| json!(number)).collect();
    join_all(contents.iter().map(|content| raw.create(content))).await;
    let path = format!("{MESSAGES}/pop");
    let popped = join_all((0..30).map(|_| raw.ok("POST", &path))).await;
    let mut popped: Vec<_> = popped
        .iter()
        .filter_map(|popped| popped["data"]["message_content"].as_u64())
        .collect();
    popped.sort_unstable();
    assert_eq!(popped, Vec::from_iter(0..20));
    assert_eq!(raw.length().await, 0);
}

async fn what_comes_while_a_queue_is_cleared_is_answered(setting: Setting) {
    let raw = Raw::start(setting).await;
    let calls = (0..40).map(|number| {
        let raw = &raw;
        async move {
            match number % 4 {
                0 => raw.create(&json!(number)).await,
                1 => raw.ok("POST", &format!("{MESSAGES}/pop")).await,
                2 => raw.ok("POST", &format!("{MESSAGES}/lease")).await,
                _ => raw.ok("DELETE", MESSAGES).await,
            }
        }
    });
    join_all(calls).await;
    raw.ok("DELETE", MESSAGES).await;
    assert_eq!(raw.length().await, 0);
}

async fn a_receipt_is_good_after_the_lease_until_another_has_the_message(setting: Setting) {
    let raw = Raw::start(setting).await;
    raw.create(&json!("before")).await;
    let lease = format!("{MESSAGES}?visibility_timeout=1");
    let leased = raw.ok("GET", &lease).await["messages"][0].clone();
    let is_back = async || {
        let seen = raw.ok("GET", &format!("{MESSAGES}/peek")).await;
        (seen["messages"] != json!([])).then_some(())
    };
    eventually("the lease has ended", is_back).await;
    let change = |receipt: &Value, content: &str| json!({ "pop_receipt": receipt, "content": content, "visibility_timeout": 0 });
    let late = change(&leased["pop_receipt"], "late");
    let late = success(&raw.send_json("PUT", &path_of(&leased), &late).await);

    let others = raw.lease_one().await;
    assert_eq!(others["message_content"], "late");
    let too_late = change(&late["pop_receipt"], "too late");
    let reply = raw.send_json("PUT", &path_of(&leased), &too_late).await;
    assert_eq!((reply.status, &*reply.problem().0), (409, "StaleReceipt"));
    let back = change(&others["pop_receipt"], "others");
    success(&raw.send_json("PUT", &path_of(&leased), &back).await);
}
