//! `function.json`: what starts a function, as the host reads it.

use serde::Serialize;

/// What starts a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Http(Http),
    /// A message in the queue of this name, or of the setting between two `%`.
    Queue(String),
    Timer,
}

/// Requests of these methods to this route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Http {
    /// Without the route prefix.
    pub(super) route: String,
    /// In lower case.
    pub(super) methods: Vec<String>,
    pub(super) level: Level,
}

/// Whose key the host asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Anonymous,
    Function,
    Admin,
}

#[derive(Serialize)]
struct Manifest<'a> {
    bindings: Vec<Binding<'a>>,
}

#[derive(Serialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum Binding<'a> {
    HttpTrigger {
        direction: &'static str,
        name: &'static str,
        auth_level: Level,
        methods: &'a [String],
        route: &'a str,
    },
    Http {
        direction: &'static str,
        name: &'static str,
    },
    QueueTrigger {
        direction: &'static str,
        name: &'static str,
        queue_name: &'a str,
        connection: &'static str,
    },
    TimerTrigger {
        direction: &'static str,
        name: &'static str,
        schedule: &'static str,
        run_on_startup: bool,
        use_monitor: bool,
    },
}

impl Start {
    /// The text of the file.
    pub(super) fn manifest(&self) -> String {
        let bindings = match self {
            Self::Http(http) => vec![
                Binding::HttpTrigger {
                    direction: "in",
                    name: "req",
                    auth_level: http.level,
                    methods: &http.methods,
                    route: &http.route,
                },
                Binding::Http {
                    direction: "out",
                    name: "res",
                },
            ],
            Self::Queue(queue) => vec![Binding::QueueTrigger {
                direction: "in",
                name: "message",
                queue_name: queue,
                connection: "AzureWebJobsStorage",
            }],
            Self::Timer => vec![Binding::TimerTrigger {
                direction: "in",
                name: "timer",
                schedule: "0 */1 * * * *",
                run_on_startup: true,
                use_monitor: false,
            }],
        };
        let manifest = Manifest { bindings };
        serde_json::to_string_pretty(&manifest).unwrap_or_default() + "\n"
    }
}
