//! What is true of the queues, in the text that Prometheus reads.

use std::time::Duration;

use crate::prometheus::Exposition;

/// What is true of a queue at the moment of asking.
#[derive(Clone, Debug, Default)]
pub struct QueueGauges {
    /// Its name; `None` for the main queue, whose samples have no label: they are what they were before
    /// there were others.
    pub further: Option<String>,
    /// Messages in it, hidden ones included; `None` when it does not tell.
    pub length: Option<u64>,
    /// How long ago the next message was sent.
    pub oldest_message: Option<Duration>,
}

impl QueueGauges {
    fn label(&self) -> String {
        let named = self.further.as_ref();
        named.map_or_else(String::new, |name| format!("queue=\"{name}\""))
    }
}

/// Writes the samples of all queues.
pub(super) fn write(text: &mut Exposition, queues: &[QueueGauges]) {
    if queues.iter().any(|queue| queue.length.is_some()) {
        let (name, help) = (
            "queue_messages",
            "Messages in the queue, hidden ones included; approximate.",
        );
        text.family(name, "gauge", help);
        for queue in queues {
            if let Some(length) = queue.length {
                text.sample(name, &queue.label(), length);
            }
        }
    }
    let (name, help) = (
        "queue_oldest_message_seconds",
        "How long ago the next message was sent; 0 without one.",
    );
    text.family(name, "gauge", help);
    for queue in queues {
        let oldest = queue.oldest_message.unwrap_or_default();
        text.sample(name, &queue.label(), oldest.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(queues: &[QueueGauges]) -> String {
        let mut text = Exposition::default();
        write(&mut text, queues);
        text.into_text()
    }

    fn samples(text: &str) -> Vec<&str> {
        text.lines().filter(|line| !line.starts_with('#')).collect()
    }

    #[test]
    fn the_main_queue_is_told_of_as_if_there_were_no_other() {
        let main = QueueGauges {
            further: None,
            length: Some(3),
            oldest_message: Some(Duration::from_millis(1_500)),
        };
        let slow = QueueGauges {
            further: Some("slow".to_owned()),
            length: Some(7),
            oldest_message: None,
        };
        assert_eq!(
            samples(&written(&[main, slow])),
            [
                "queue_messages 3",
                r#"queue_messages{queue="slow"} 7"#,
                "queue_oldest_message_seconds 1.5",
                r#"queue_oldest_message_seconds{queue="slow"} 0"#,
            ]
        );
    }

    #[test]
    fn a_length_that_is_not_told_is_no_sample() {
        let text = written(&[QueueGauges::default()]);
        assert_eq!(samples(&text), ["queue_oldest_message_seconds 0"]);
        assert!(!text.contains("queue_messages"));
    }
}
