//! The function folders of the Functions host: made from the table of routes and that of triggers.
//!
//! A folder is one function. A real host takes the first by *name* whose route and method match,
//! whatever is more specific, and forwards what it took: behind it nobody checks the key again. So two
//! folders that can take one request are refused here.

mod check;
mod function;
mod manifest;
mod template;
mod write;

use crate::api::{Protection, ROUTES, Route};
use crate::triggers::{Source, Trigger, table};

pub use check::Fault;
pub use function::Function;
use manifest::{Http, Level, Start};
use template::Template;
pub use write::{WriteError, Written, funcignore, write};

/// The route prefix of `host.json`.
const PREFIX: &str = "/api/";

/// The functions of this service, with one more for each of these queues, which kinds have for
/// themselves.
///
/// # Errors
///
/// When the host could take a request to the wrong function, or would not load one.
pub fn functions(queues: &[&str]) -> Result<Vec<Function>, Fault> {
    let mut functions = of_routes(&ROUTES)?;
    functions.extend(table(queues).into_iter().map(of_trigger));
    check::names(&functions)?;
    check::overlaps(&functions)?;
    Ok(functions)
}

fn of_trigger(trigger: Trigger) -> Function {
    Function {
        name: trigger.function,
        start: match trigger.source {
            Source::Queue(queue) => Start::Queue(queue),
            Source::Timer => Start::Timer,
        },
    }
}

/// A function for each route, or for all routes that name it.
fn of_routes(routes: &[Route]) -> Result<Vec<Function>, Fault> {
    let mut functions: Vec<Function> = Vec::new();
    for route in routes {
        let name = route.function;
        if functions.iter().any(|function| function.name == name) {
            continue;
        }
        let inside: Vec<_> = routes.iter().filter(|one| one.function == name).collect();
        let level = level(route.protection);
        if inside
            .iter()
            .any(|one| self::level(one.protection) != level)
        {
            return Err(Fault::Mixed(name.to_owned()));
        }
        let paths: Vec<_> = inside
            .iter()
            .map(|one| one.template.strip_prefix(PREFIX).unwrap_or(one.template))
            .collect();
        let path = Template::around(&paths).ok_or_else(|| Fault::Apart(name.to_owned()))?;
        let mut methods: Vec<String> = Vec::new();
        for method in inside.iter().flat_map(|one| one.methods) {
            let method = method.as_str().to_ascii_lowercase();
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
        functions.push(Function {
            name: name.to_owned(),
            start: Start::Http(Http {
                route: path,
                methods,
                level,
            }),
        });
    }
    Ok(functions)
}

/// A key for submission is set in the folder by hand, and kept there: see [`write`].
fn level(protection: Protection) -> Level {
    match protection {
        Protection::Open | Protection::OwnKey | Protection::SubmitKey => Level::Anonymous,
        Protection::Key => Level::Function,
    }
}

#[cfg(test)]
mod tests;
