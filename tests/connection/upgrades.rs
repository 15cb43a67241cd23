//! Clients that offer to speak something else. An offer that is not taken is ignored (RFC 9110,
//! section 7.8).

use super::{Raw, header, request, submission};
use crate::helpers::app::spawn_app;
use crate::limits::raw::status;

/// What JDK, Apache and nginx send with every request, and what browsers send for a WebSocket.
const OFFERS: [&str; 6] = [
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n",
    "Upgrade: TLS/1.2\r\nConnection: Upgrade\r\n",
    "Connection: upgrade\r\n",
    "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n",
    "Upgrade: websocket\r\n",
    "Connection: upgrade\r\nUpgrade: WebSocket\r\nConnection: keep-alive\r\n",
];

#[tokio::test]
async fn an_offer_is_not_spoken_of_and_the_connection_stays() {
    let app = spawn_app();
    for offer in OFFERS {
        let mut client = Raw::connect(app.address);
        for _ in 0..3 {
            let reply = client.send(submission(offer)).reply();
            assert_eq!(status(&reply), "202", "{offer}{reply}");
            let lines = reply.to_lowercase();
            assert!(!lines.contains("\r\nconnection:"), "{offer}{reply}");
            assert!(!lines.contains("upgrade"), "{offer}{reply}");

            let get = request("GET", "/").replacen("\r\n\r\n", &format!("\r\n{offer}\r\n"), 1);
            let reply = client.send(get).reply();
            assert_eq!(status(&reply), "200", "{offer}{reply}");
        }
        assert!(client.is_open(), "{offer}");
    }
    app.client.has_taken(3 * OFFERS.len() as u64).await;
}

#[tokio::test]
async fn an_offer_with_the_last_request_keeps_no_connection() {
    let app = spawn_app();
    let mut client = Raw::connect(app.address);
    let last = "Connection: close, Upgrade\r\nUpgrade: h2c\r\n";
    let reply = client.send(submission(last)).until_closed();
    assert_eq!(status(&reply), "202", "{reply}");
    assert_eq!(header(&reply, "Connection"), Some("close"));
}
