//! What clients call instances and functions.

use std::borrow::Cow;

use crate::api::edge::problem::{Code, Problem};
use crate::api::edge::state::Api;
use engine::TaskRecord;

/// The longest name of an instance, in characters.
const MAX_NAME: usize = 256;

/// What an instance is called: what its client has called it, or its task's id.
pub(super) fn shown(record: &TaskRecord) -> Cow<'_, str> {
    let instance = record.instance.as_deref();
    match instance.and_then(|instance| instance.name.as_deref()) {
        Some(name) => Cow::Borrowed(name),
        None => Cow::Owned(record.id.to_string()),
    }
}

/// Refuses what an instance cannot be called: it is a part of paths, and `@` begins the names of entities.
pub(super) fn check(name: &str) -> Result<(), Problem> {
    let is_of_paths = |letter: char| "/\\#?".contains(letter) || letter.is_control();
    let fault = match name {
        "" => "must not be empty",
        _ if name.chars().count() > MAX_NAME => "must have 256 characters at most",
        _ if name.starts_with('@') => "must not begin with @",
        _ if name.contains(is_of_paths) => "must have none of / \\ # ? and no control characters",
        _ => return Ok(()),
    };
    let problem = Problem::new(Code::InvalidInstanceId, format!("instanceId {fault}"));
    Err(problem.target("instanceId"))
}

/// The workflow of this name. Case does not matter, unless the name is there as it is.
pub(super) fn workflow(api: &Api, name: &str) -> Result<String, Problem> {
    let workflows: Vec<_> = api.tasks.workflows().collect();
    let exact = workflows.iter().find(|known| **known == name);
    let known = exact.or_else(|| {
        workflows
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name))
    });
    known.map(|known| (*known).to_owned()).ok_or_else(|| {
        Problem::new(Code::UnknownFunction, "there is no workflow of this name")
            .target("functionName")
    })
}

/// A text as a part of a path (RFC 3986, section 2.1).
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_part_of_a_path() {
        let long = "é".repeat(MAX_NAME);
        for name in ["a", "my-id-1", "a b", "ä:1", "a@b", &long] {
            assert!(check(name).is_ok(), "{name}");
        }
        let longer = "é".repeat(MAX_NAME + 1);
        for name in ["", "@x", "a/b", "a\\b", "a#b", "a?b", "a\nb", &longer] {
            let refused = check(name).unwrap_err().to_string();
            assert!(
                refused.starts_with("400 InvalidInstanceId: instanceId "),
                "{refused}"
            );
        }
    }

    #[test]
    fn what_is_not_plain_is_encoded() {
        assert_eq!(encoded("aZ09-._~"), "aZ09-._~");
        assert_eq!(encoded("a b+é%"), "a%20b%2B%C3%A9%25");
    }
}
