//! Work that begins where it was accepted, beside the host's own deliveries.

use std::time::{Duration, Instant};

use functions_host::{Event, Payload};
use futures_util::stream::{self, StreamExt};
use hyper::Method;

use super::{Hosted, flow, json};

async fn start(early_start: &str) -> Hosted {
    Hosted::start_set(&[("EARLY_START", early_start)]).await
}

impl Hosted {
    /// How many messages the host has delivered.
    fn deliveries(&self) -> usize {
        let events = self.host.events().entries();
        let is_delivery = |event: &&Event| matches!(event, Event::InvocationStarted(invocation) if invocation.function == "queue_worker");
        events.iter().filter(is_delivery).count()
    }

    /// How many attempts have begun where their task was accepted.
    async fn begun_early(&self) -> u64 {
        let metrics = self.get("/api/metrics").await;
        let text = String::from_utf8(metrics.body.to_vec()).unwrap();
        let series = "attempts_started_total{kind=\"fibonacci\",started=\"early\"} ";
        let count = text.lines().find_map(|line| line.strip_prefix(series));
        count.expect(&text).parse().unwrap()
    }
}

#[tokio::test]
async fn an_idle_app_does_not_wait_for_the_hosts_next_look() {
    let hosted = start("all").await;
    // By then the host looks every two seconds.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut shortest = Duration::MAX;
    for _ in 0..5 {
        let begun = Instant::now();
        let answer = hosted
            .submit_with(&[("prefer", "wait=30")], r#"{"number":24}"#)
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(json(&answer)["calculation_result"], "46368");
        shortest = shortest.min(begun.elapsed());
        let id = hosted.submit("25").await;
        assert_eq!(hosted.ended(&id).await["attempts"], 1);
    }
    hosted.queue.settles_at(0).await;
    assert_eq!(hosted.deliveries(), 0);
    assert_eq!(hosted.begun_early().await, 10);
    // The emulator may stall in any of them, but not in each.
    assert!(shortest < Duration::from_secs(1), "{shortest:?}");
}

#[tokio::test]
async fn a_client_of_r0_gets_its_number_where_only_those_begin_whose_client_waits() {
    let hosted = start("waiting").await;
    flow::converse(&hosted).await;
    assert_eq!((hosted.deliveries(), hosted.begun_early().await), (1, 0));
    let path = "/api/tasks";
    let body = Payload::Sized(r#"{"number":7}"#.into());
    let waiting = [("prefer", "wait=30")];
    let answer = hosted.send_with(Method::POST, path, &waiting, body).await;
    assert_eq!(answer.status, 200);
    assert_eq!((hosted.deliveries(), hosted.begun_early().await), (1, 1));
}

#[tokio::test]
async fn many_tasks_are_begun_once_each_by_the_host_or_where_they_were_accepted() {
    const TASKS: usize = 300;
    let hosted = start("all").await;
    let submit = async |number: usize| hosted.submit(&(number % 90).to_string()).await;
    let submitting = stream::iter(0..TASKS).map(submit).buffer_unordered(8);
    let ids: Vec<_> = submitting.collect().await;
    for id in ids {
        let ended = hosted.ended(&id).await;
        assert_eq!(
            (&ended["status"], &ended["attempts"]),
            (&"Succeeded".into(), &1.into())
        );
    }
    hosted.queue.settles_at(0).await;
    let early = usize::try_from(hosted.begun_early().await).unwrap();
    assert!(early > 0);
    assert_eq!(early + hosted.deliveries(), TASKS);
}
