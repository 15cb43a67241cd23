//! The functions that the host starts by itself, and what starts each.

/// The folder, and so the path, of the queue-triggered function.
pub const QUEUE_WORKER: &str = "queue_worker";

/// The folder, and so the path, of the timer-triggered function.
pub const TIMER_WORKER: &str = "timer_worker";

/// The setting that names the queue of all kinds that have none of their own.
const MAIN_QUEUE: &str = "%queue_name%";

/// The function of the queue of this name, which kinds have for themselves, or of the main queue.
pub(super) fn worker_of(further_queue: Option<&str>) -> String {
    match further_queue {
        Some(name) => format!("{QUEUE_WORKER}_{name}"),
        None => QUEUE_WORKER.to_owned(),
    }
}

/// A function that the host starts by itself, with a POST to its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The function's folder.
    pub function: String,
    /// What starts it.
    pub source: Source,
}

/// What starts a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A message in the queue of this name, or of the setting between two `%`.
    Queue(String),
    /// The clock: once a minute, and when the host starts.
    Timer,
}

/// All of them: the main queue, each of these further queues of kinds, and the timer.
pub fn table(queues: &[&str]) -> Vec<Trigger> {
    let queue = |further: Option<&str>| Trigger {
        function: worker_of(further),
        source: Source::Queue(further.unwrap_or(MAIN_QUEUE).to_owned()),
    };
    let further = queues.iter().map(|name| queue(Some(name)));
    let timer = Trigger {
        function: TIMER_WORKER.to_owned(),
        source: Source::Timer,
    };
    [queue(None)]
        .into_iter()
        .chain(further)
        .chain([timer])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_further_queue_has_a_function_of_its_own() {
        let functions = table(&["slow-work"]);
        let names: Vec<_> = functions.iter().map(|trigger| &*trigger.function).collect();
        assert_eq!(
            names,
            ["queue_worker", "queue_worker_slow-work", "timer_worker"]
        );
        assert_eq!(functions[1].source, Source::Queue("slow-work".to_owned()));
    }
}
