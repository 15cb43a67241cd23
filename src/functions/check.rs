//! What the host would do with these functions that nobody means.

use super::function::Function;
use super::manifest::{Http, Level, Start};
use super::template::Template;

/// Why functions are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The host would not load it.
    #[error("{0} is no name of a function: a letter, then letters, digits, _ and -, 128 in all")]
    Name(String),
    /// A folder has one.
    #[error("two functions have the name {0}")]
    Twice(String),
    /// The host looks for keys at a folder's door, and there is one.
    #[error("function {0} has routes that need a key and routes that need none")]
    Mixed(String),
    /// One route has to take them all, and no others.
    #[error("the routes of function {0} begin with nothing they have in common")]
    Apart(String),
    /// Nobody here knows what it takes.
    #[error("function {function} has a route of a form that is not in use: {route}")]
    Form {
        /// The function's name.
        function: String,
        /// Its route.
        route: String,
    },
    /// The host takes the first by name.
    #[error("functions {one} and {other} can both take a {method} of one path: {routes}")]
    Overlap {
        /// The one's name.
        one: String,
        /// The other's name.
        other: String,
        /// The method, in capitals.
        method: String,
        /// Both routes.
        routes: String,
    },
    /// The host forwards what is before an encoded `?` or `#`, and that may be another's path.
    #[error("open function {open} takes paths that, cut at an encoded mark, are keyed {keyed}'s")]
    Cut {
        /// The name of the function that needs no key.
        open: String,
        /// The name of the one that does.
        keyed: String,
    },
}

/// A function that requests start.
struct Taking<'f> {
    name: &'f str,
    http: &'f Http,
    template: Template,
}

/// Refuses names that the host does not take, and two that are the same to it.
pub(super) fn names(functions: &[Function]) -> Result<(), Fault> {
    for (index, Function { name, .. }) in functions.iter().enumerate() {
        let may_follow = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.len() <= 128
            && name.bytes().all(may_follow);
        if !is_name {
            return Err(Fault::Name(name.clone()));
        }
        let mut before = functions.iter().take(index);
        if before.any(|other| other.name.eq_ignore_ascii_case(name)) {
            return Err(Fault::Twice(name.clone()));
        }
    }
    Ok(())
}

/// Refuses two functions that can take one request, and an open one that leads to a keyed one.
pub(super) fn overlaps(functions: &[Function]) -> Result<(), Fault> {
    let taking = functions
        .iter()
        .filter_map(|Function { name, start }| match start {
            Start::Http(http) => Some((name, http)),
            Start::Queue(_) | Start::Timer => None,
        })
        .map(|(name, http)| {
            let template = Template::parse(&http.route).ok_or_else(|| Fault::Form {
                function: name.clone(),
                route: http.route.clone(),
            });
            let template = template?;
            Ok(Taking {
                name,
                http,
                template,
            })
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    for (index, one) in taking.iter().enumerate() {
        for other in taking.iter().skip(index + 1) {
            refuse_overlap(one, other)?;
        }
        for other in &taking {
            refuse_cut(one, other)?;
        }
    }
    Ok(())
}

/// A method that both take.
fn method_of_both<'f>(one: &Taking<'f>, other: &Taking<'_>) -> Option<&'f String> {
    let mut methods = one.http.methods.iter();
    methods.find(|method| other.http.methods.contains(method))
}

fn refuse_overlap(one: &Taking<'_>, other: &Taking<'_>) -> Result<(), Fault> {
    match method_of_both(one, other) {
        Some(method) if one.template.meets(&other.template) => Err(Fault::Overlap {
            one: one.name.to_owned(),
            other: other.name.to_owned(),
            method: method.to_ascii_uppercase(),
            routes: format!("{} and {}", one.http.route, other.http.route),
        }),
        _ => Ok(()),
    }
}

fn refuse_cut(open: &Taking<'_>, keyed: &Taking<'_>) -> Result<(), Fault> {
    let leads_on = open.http.level == Level::Anonymous
        && keyed.http.level != Level::Anonymous
        && method_of_both(open, keyed).is_some();
    let cut = open.template.cut();
    match leads_on && cut.iter().any(|cut| cut.meets(&keyed.template)) {
        true => Err(Fault::Cut {
            open: open.name.to_owned(),
            keyed: keyed.name.to_owned(),
        }),
        false => Ok(()),
    }
}
