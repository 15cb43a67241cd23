//! Many clients at the same time.

use futures_util::future::join_all;
use num_bigint::BigUint;

use crate::helpers::app::spawn_app;
use crate::helpers::eventually::eventually;

#[tokio::test]
async fn two_hundred_clients_each_get_their_own_result() {
    let app = spawn_app();
    let clients = (0..200_usize).map(|number| {
        let client = app.client.clone();
        async move {
            let id = client.accepted(format!(r#"{{"number": {number}}}"#)).await;
            let reply = eventually("the result is there", async || {
                Some(client.fetch(&id).await).filter(|reply| reply.status == 200)
            })
            .await;
            (id, reply.json())
        }
    });
    let replies = join_all(clients).await;

    let (mut f, mut next) = (BigUint::ZERO, BigUint::from(1_u8));
    for (number, (id, reply)) in replies.into_iter().enumerate() {
        assert_eq!(
            reply,
            serde_json::json!({
                "task_id": id,
                "number": number,
                "calculation_result": f.to_string(),
            })
        );
        (f, next) = (next.clone(), f + next);
    }
    app.client.has_taken(200).await;
}
