//! The routes of an app's functions, as the host goes through them.

use super::function::{AuthLevel, Function, HttpTrigger, Trigger};
use super::route::Template;

/// An HTTP function with its full route.
struct Route {
    function: String,
    trigger: HttpTrigger,
    template: Template,
}

/// Every HTTP function's route, in the order of the functions: of those that match, the first answers,
/// not the most specific.
pub struct Routes {
    prefix: String,
    routes: Vec<Route>,
}

impl Routes {
    /// The routes of `functions`, in the order the host has them, under the route prefix of `host.json`.
    pub fn new(prefix: &str, functions: &[Function]) -> Self {
        let route = |function: &Function| match &function.trigger {
            Trigger::Http(trigger) => Some(Route {
                function: function.name.clone(),
                trigger: trigger.clone(),
                template: trigger.template(&function.name).ok()?,
            }),
            Trigger::Queue(_) | Trigger::Timer(_) => None,
        };
        Self {
            prefix: prefix.trim_matches('/').to_ascii_lowercase(),
            routes: functions.iter().filter_map(route).collect(),
        }
    }

    /// Which function gets this request, if any, and who may call it: the first whose route and method
    /// match. A wrong method leaves it to the next, a wrong key does not.
    pub fn find(&self, method: &str, path: &str) -> Option<(&str, AuthLevel)> {
        let path = path.strip_prefix('/')?;
        let rest = match self.prefix.as_str() {
            "" => path,
            prefix => {
                let (first, rest) = path.split_at_checked(prefix.len())?;
                // Also the bare prefix: a route may match nothing behind it.
                let rest = if rest.is_empty() {
                    rest
                } else {
                    rest.strip_prefix('/')?
                };
                first.eq_ignore_ascii_case(prefix).then_some(rest)?
            }
        };
        self.routes
            .iter()
            .find(|route| route.trigger.allows(method) && route.template.matches(rest))
            .map(|route| (route.function.as_str(), route.trigger.auth_level))
    }
}
