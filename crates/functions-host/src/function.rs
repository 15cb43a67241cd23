//! `function.json` as types, and the rules a function must obey to be loaded.
//!
//! Protocol: function.json. Only what the host itself demands is checked here; what this project
//! demands of its own manifests is in the module `manifests`.

use std::path::Path;

use serde::Deserialize;

use super::manifest::{Fault, read_json};
use super::route::Template;

/// A function: a folder directly under the app root that holds a `function.json`.
#[derive(Clone, Debug)]
pub struct Function {
    /// The folder's name. Also the path the handler is called on in payload mode.
    pub name: String,
    /// Its one trigger.
    pub trigger: Trigger,
}

/// What starts the function, exactly one.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// A request whose route and method match.
    Http(HttpTrigger),
    /// A message in a queue.
    Queue(QueueTrigger),
    /// A time.
    Timer(TimerTrigger),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FunctionJson {
    bindings: Vec<Binding>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Binding {
    HttpTrigger(HttpTrigger),
    QueueTrigger(QueueTrigger),
    TimerTrigger(TimerTrigger),
    Http(HttpOutput),
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Direction {
    In,
    Out,
}

/// The binding `httpTrigger`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpTrigger {
    direction: Direction,
    /// The binding's name.
    pub name: String,
    /// Who may call it; unless it says so, who has a key.
    #[serde(default)]
    pub auth_level: AuthLevel,
    /// Lower case. `None` means every method.
    pub methods: Option<Vec<String>>,
    /// Without the route prefix. `None`, or nothing in it, means the function's name.
    pub route: Option<String>,
}

/// Who may call an HTTP function, where keys are checked.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum AuthLevel {
    /// Everybody.
    Anonymous,
    /// Who has the app's key.
    #[default]
    Function,
    /// Who has the master key; under this double, nobody.
    Admin,
}

/// The binding `queueTrigger`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueueTrigger {
    direction: Direction,
    /// The binding's name: the message's key in `Data`.
    pub name: String,
    /// As written, `%NAME%` included.
    pub queue_name: String,
    /// The name of a setting, not its value.
    #[serde(default = "default_connection")]
    pub connection: String,
}

/// The binding `timerTrigger`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TimerTrigger {
    direction: Direction,
    /// The binding's name: the timer's key in `Data`.
    pub name: String,
    /// NCRONTAB with six fields, as written.
    pub schedule: String,
    /// Whether it runs at every start of the host as well.
    #[serde(default)]
    pub run_on_startup: bool,
    /// Whether the host keeps its schedule in storage, which this double does not.
    #[serde(default = "yes")]
    pub use_monitor: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpOutput {
    direction: Direction,
    name: String,
}

impl HttpTrigger {
    /// The template of its route, the prefix of `host.json` not included. The error says what is wrong
    /// with it.
    pub fn template(&self, function: &str) -> Result<Template, String> {
        let route = self.route.as_deref().filter(|route| !route.is_empty());
        Template::parse(route.unwrap_or(function))
    }

    /// Whether it is called with this method, written in any case.
    pub fn allows(&self, method: &str) -> bool {
        let allows = |methods: &Vec<String>| methods.iter().any(|m| m.eq_ignore_ascii_case(method));
        self.methods.as_ref().is_none_or(allows)
    }
}

/// Reads every function of the app at `root`, in the order the host has them: by their names, which
/// it compares as if they were in upper case, so that `get_x` comes after `getAll`
/// (`FunctionMetadataManager.cs`). The error names the file.
pub fn read_functions(root: &Path) -> Result<Vec<Function>, Fault> {
    let entries = std::fs::read_dir(root).map_err(|error| Fault::new("app root", error))?;
    let mut functions = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| Fault::new("app root", error))?;
        let file = entry.path().join("function.json");
        if file.is_file() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let label = format!("{name}/function.json");
            let json = read_json(&file, &label)?;
            let trigger = check(&name, json).map_err(|reason| Fault::new(label, reason))?;
            functions.push(Function { name, trigger });
        }
    }
    functions.sort_by_key(|function| function.name.to_ascii_uppercase());
    Ok(functions)
}

fn check(function: &str, json: FunctionJson) -> Result<Trigger, String> {
    if !is_name(function, "_-") || function.eq_ignore_ascii_case("host") {
        return Err(format!("{function} is not a function name"));
    }
    let (mut triggers, mut outputs, mut names) = (Vec::new(), 0, Vec::new());
    for binding in json.bindings {
        let (name, direction) = match &binding {
            Binding::HttpTrigger(HttpTrigger {
                name, direction, ..
            })
            | Binding::QueueTrigger(QueueTrigger {
                name, direction, ..
            })
            | Binding::TimerTrigger(TimerTrigger {
                name, direction, ..
            })
            | Binding::Http(HttpOutput { name, direction }) => (name.clone(), *direction),
        };
        if !is_name(&name, "") && name != "$return" {
            return Err(format!(
                "{name} is not a binding name: no underscore, no hyphen"
            ));
        }
        let expected = match binding {
            Binding::HttpTrigger(trigger) => {
                triggers.push(Trigger::Http(trigger));
                Direction::In
            }
            Binding::QueueTrigger(trigger) => {
                triggers.push(Trigger::Queue(trigger));
                Direction::In
            }
            Binding::TimerTrigger(trigger) => {
                triggers.push(Trigger::Timer(trigger));
                Direction::In
            }
            Binding::Http(_) => {
                outputs += 1;
                Direction::Out
            }
        };
        if direction != expected {
            return Err(format!("binding {name} has the wrong direction"));
        }
        if names.contains(&name) {
            return Err(format!("binding {name} appears twice"));
        }
        names.push(name);
    }
    let [trigger] = <[Trigger; 1]>::try_from(triggers)
        .map_err(|triggers| format!("{} triggers instead of one", triggers.len()))?;
    match &trigger {
        Trigger::Http(http) => {
            http.template(function)?;
            if outputs != 1 {
                return Err("payload-mode HTTP functions are left out of this double".to_owned());
            }
        }
        Trigger::Timer(timer) if timer.use_monitor => {
            return Err("the schedule monitor is left out of this double".to_owned());
        }
        Trigger::Queue(_) | Trigger::Timer(_) if outputs != 0 => {
            return Err("an http output without an HTTP trigger".to_owned());
        }
        Trigger::Queue(_) | Trigger::Timer(_) => {}
    }
    Ok(trigger)
}

/// A letter, then letters, digits and what `also` holds, 128 in all.
fn is_name(name: &str, also: &str) -> bool {
    name.len() <= 128
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || also.contains(c))
}

fn default_connection() -> String {
    "AzureWebJobsStorage".to_owned()
}

fn yes() -> bool {
    true
}
