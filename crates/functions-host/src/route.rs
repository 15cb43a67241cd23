//! Route templates: `tasks/{id}`, `{id:guid}`, `{id?}`, `{page=1}`, `{*rest}`, `{id}:cancel`.
//!
//! Protocol: function.json. Only whether a path matches is answered here: a forwarded request
//! carries its own path, so nobody needs the parameters.

use uuid::Uuid;

/// A parsed template.
#[derive(Clone, Debug)]
pub struct Template(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// Lower case: routes ignore case.
    Literal(String),
    Parameter {
        constraint: Constraint,
        /// It is optional, or has a default that its constraint allows.
        may_be_missing: bool,
        prefix: String,
        suffix: String,
    },
    CatchAll,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Constraint {
    Guid,
    Int,
    Alpha,
    Anything,
}

impl Template {
    /// Parses a route as written in `function.json`.
    pub fn parse(route: &str) -> Result<Self, String> {
        let lower = route.to_ascii_lowercase();
        if lower.starts_with("admin") || lower.starts_with("runtime") {
            return Err(format!("route {route} begins with admin or runtime"));
        }
        let segments = route
            .split('/')
            .map(|segment| Segment::parse(segment).ok_or(segment))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|segment| format!("route {route}: {segment:?} is no segment"))?;
        let last = segments.len() - 1;
        match segments[..last].contains(&Segment::CatchAll) {
            true => Err(format!("route {route}: only the last segment may be open")),
            false => Ok(Self(segments)),
        }
    }

    /// Whether `path` matches, the route prefix already taken off.
    pub fn matches(&self, path: &str) -> bool {
        // One slash at the end is nothing, a second one an empty segment.
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut given = path.split('/').filter(|_| !path.is_empty());
        for segment in &self.0 {
            match (segment, given.next()) {
                (_, Some("")) => return false,
                (Segment::CatchAll, _) => return true,
                (segment, None) if segment.may_be_missing() => {}
                (segment, Some(text)) if segment.matches(text) => {}
                _ => return false,
            }
        }
        given.next().is_none()
    }

    /// Whether it ends with `{*…}`.
    pub fn is_catch_all(&self) -> bool {
        self.0.contains(&Segment::CatchAll)
    }
}

impl Segment {
    fn parse(text: &str) -> Option<Self> {
        let Some((prefix, rest)) = text.split_once('{') else {
            let is_literal = !text.is_empty() && !text.contains(['}', '?']);
            return is_literal.then(|| Self::Literal(text.to_ascii_lowercase()));
        };
        let (name, suffix) = rest.split_once('}')?;
        if suffix.contains('{') {
            return None;
        }
        let is_whole = prefix.is_empty() && suffix.is_empty();
        if let Some(name) = name.strip_prefix('*') {
            return (is_whole && is_name(name)).then_some(Self::CatchAll);
        }
        let (name, default, is_optional) = match (name.strip_suffix('?'), name.split_once('=')) {
            (Some(name), _) => (name, None, true),
            (None, Some((name, default))) => (name, Some(default), false),
            (None, None) => (name, None, false),
        };
        let (name, constraint) = name.split_once(':').unwrap_or((name, ""));
        let constraint = match constraint {
            "" => Constraint::Anything,
            "guid" => Constraint::Guid,
            "int" => Constraint::Int,
            "alpha" => Constraint::Alpha,
            _ => return None,
        };
        let may_be_missing = is_optional || default.is_some_and(|value| constraint.allows(value));
        // Beside other text nothing may be missing.
        let is_closed = !is_optional && default.is_none();
        (is_name(name) && (is_whole || is_closed)).then(|| Self::Parameter {
            constraint,
            may_be_missing,
            prefix: prefix.to_ascii_lowercase(),
            suffix: suffix.to_ascii_lowercase(),
        })
    }

    fn may_be_missing(&self) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::CatchAll => true,
            Self::Parameter { may_be_missing, .. } => *may_be_missing,
        }
    }

    fn matches(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        match self {
            Self::Literal(literal) => text == *literal,
            Self::CatchAll => true,
            Self::Parameter {
                constraint,
                prefix,
                suffix,
                ..
            } => text
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_suffix(suffix))
                .is_some_and(|value| !value.is_empty() && constraint.allows(value)),
        }
    }
}

/// What a parameter may be called.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

impl Constraint {
    fn allows(self, value: &str) -> bool {
        match self {
            Self::Guid => Uuid::try_parse(value).is_ok(),
            Self::Int => value.parse::<i32>().is_ok(),
            Self::Alpha => value.chars().all(|c| c.is_ascii_alphabetic()),
            Self::Anything => true,
        }
    }
}

#[cfg(test)]
mod tests;
