//! Route templates as the Functions host has them, and what two of them have in common.
//!
//! `tasks/{id}`, `{id:guid}`, `{id}:cancel`, and `{*rest}` at the end: no more of the host's forms is in
//! use, and another is refused, because nothing here could say what it matches.

/// A parsed template, without the route prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// In lower case: the host compares without case.
    Literal(String),
    Parameter(Parameter),
    /// Any number of segments, none included.
    CatchAll,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parameter {
    prefix: String,
    value: Value,
    suffix: String,
}

/// What a parameter may be; a value is never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Anything,
    /// In any of .NET's forms: with hyphens, in brackets, in hexadecimal.
    Guid,
}

impl Template {
    /// Reads a template; `None` when it is of a form that is not in use.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let segments: Vec<_> = text.split('/').map(Segment::parse).collect::<Option<_>>()?;
        let (_, before) = segments.split_last()?;
        (!before.contains(&Segment::CatchAll)).then_some(Self(segments))
    }

    /// Whether there is a path that both match.
    pub(super) fn meets(&self, other: &Self) -> bool {
        meet(&self.0, &other.0)
    }

    /// What may become of a path that this one matched: a host cuts the path it forwards at an encoded
    /// `?` or `#`, which a parameter that may be anything can have in it.
    pub(super) fn cut(&self) -> Vec<Self> {
        let mut cut = Vec::new();
        for (index, segment) in self.0.iter().enumerate() {
            let prefix = match segment {
                Segment::Literal(_) => continue,
                Segment::Parameter(Parameter {
                    value: Value::Guid, ..
                }) => continue,
                Segment::Parameter(parameter) => parameter.prefix.as_str(),
                Segment::CatchAll => "",
            };
            let before = &self.0[..index];
            let with = |last: Segment| Self([before, &[last]].concat());
            // At the first character of the parameter, and behind it.
            cut.push(match prefix {
                "" => Self(before.to_vec()),
                prefix => with(Segment::Literal(prefix.to_owned())),
            });
            cut.push(with(match segment {
                Segment::CatchAll => Segment::CatchAll,
                _ => Segment::Parameter(Parameter {
                    prefix: prefix.to_owned(),
                    value: Value::Anything,
                    suffix: String::new(),
                }),
            }));
        }
        cut
    }

    /// One catch-all below what all of these begin with; the template itself when there is one only.
    /// `None` when they have no segment in common.
    pub(super) fn around(templates: &[&str]) -> Option<String> {
        let (first, others) = templates.split_first()?;
        if others.iter().all(|other| other == first) {
            return Some((*first).to_owned());
        }
        let common = first
            .split('/')
            .enumerate()
            .take_while(|(index, segment)| {
                let same = |other: &&str| other.split('/').nth(*index) == Some(segment);
                !segment.contains('{') && others.iter().all(same)
            })
            .map(|(_, segment)| segment);
        let common: Vec<_> = common.collect();
        (!common.is_empty()).then(|| format!("{}/{{*rest}}", common.join("/")))
    }
}

impl Segment {
    fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let Some((prefix, rest)) = text.split_once('{') else {
            let is_literal = !text.is_empty() && !text.contains(['}', '?', '*']);
            return is_literal.then_some(Self::Literal(text));
        };
        let (inner, suffix) = rest.split_once('}')?;
        let is_name = |name: &str| {
            let mut letters = name.bytes();
            !name.is_empty() && letters.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        if let Some(name) = inner.strip_prefix('*') {
            let is_alone = prefix.is_empty() && suffix.is_empty();
            return (is_alone && is_name(name)).then_some(Self::CatchAll);
        }
        let (name, value) = match inner.split_once(':') {
            None => (inner, Value::Anything),
            Some((name, "guid")) => (name, Value::Guid),
            Some(_) => return None,
        };
        let is_one = is_name(name) && !suffix.contains(['{', '}']);
        is_one.then(|| {
            Self::Parameter(Parameter {
                prefix: prefix.to_owned(),
                value,
                suffix: suffix.to_owned(),
            })
        })
    }
}

fn meet(one: &[Segment], other: &[Segment]) -> bool {
    match (one, other) {
        // A catch-all takes whatever is left, nothing included.
        ([Segment::CatchAll, ..], _) | (_, [Segment::CatchAll, ..]) | ([], []) => true,
        ([], _) | (_, []) => false,
        ([first, one @ ..], [second, other @ ..]) => same(first, second) && meet(one, other),
    }
}

/// Whether there is a text that both segments match; in doubt there is.
fn same(one: &Segment, other: &Segment) -> bool {
    match (one, other) {
        (Segment::CatchAll, _) | (_, Segment::CatchAll) => true,
        (Segment::Literal(one), Segment::Literal(other)) => one == other,
        (Segment::Literal(text), Segment::Parameter(parameter))
        | (Segment::Parameter(parameter), Segment::Literal(text)) => parameter.takes(text),
        (Segment::Parameter(one), Segment::Parameter(other)) => {
            let prefixes = rest(&one.prefix, &other.prefix, str::strip_prefix);
            let suffixes = rest(&one.suffix, &other.suffix, str::strip_suffix);
            // What one of them has more in its letters, the other has in its value.
            [prefixes, suffixes].into_iter().all(|rest| match rest {
                Some((more_of_one, more_of_other)) => {
                    other.value.may_have(more_of_one) && one.value.may_have(more_of_other)
                }
                None => false,
            })
        }
    }
}

/// What each of two texts has more than the other; `None` when neither is the other's beginning (or end).
fn rest<'t>(
    one: &'t str,
    other: &'t str,
    strip: fn(&'t str, &'t str) -> Option<&'t str>,
) -> Option<(&'t str, &'t str)> {
    let more_of_one = strip(one, other).map(|more| (more, ""));
    more_of_one.or_else(|| strip(other, one).map(|more| ("", more)))
}

impl Parameter {
    fn takes(&self, text: &str) -> bool {
        text.strip_prefix(self.prefix.as_str())
            .and_then(|text| text.strip_suffix(self.suffix.as_str()))
            .is_some_and(|value| !value.is_empty() && self.value.may_have(value))
    }
}

impl Value {
    /// Whether a value may have this text in it.
    fn may_have(self, text: &str) -> bool {
        let is_of_a_guid = |byte: u8| byte.is_ascii_hexdigit() || b"-{}(),x ".contains(&byte);
        match self {
            Self::Anything => true,
            Self::Guid => text.bytes().all(is_of_a_guid),
        }
    }
}

#[cfg(test)]
mod tests;
