//! JSON as it was written, looked into without making values of it: what is looked for may be in megabytes, and what
//! a client may write is more than a value of `serde_json` holds: half of a surrogate pair, `1e999`, any depth.

use std::borrow::Cow;

use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

/// What stands for half of a surrogate pair, of which there is no character.
const NO_CHARACTER: char = '\u{fffd}';

/// A value, as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawJson<'a>(&'a str);

impl<'a> RawJson<'a> {
    /// A text, if it is JSON.
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        let value: &RawValue = serde_json::from_str(text).ok()?;
        Some(value.into())
    }

    /// What a JSON pointer (RFC 6901) leads to. Of two fields of a name the last one counts.
    pub(crate) fn at(self, pointer: &str) -> Option<Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer
            .strip_prefix('/')?
            .split('/')
            .try_fold(self, |at, token| {
                let token = token.replace("~1", "/").replace("~0", "~");
                match at.0.as_bytes().first()? {
                    b'{' => {
                        let fields = at.fields().filter(|(name, _)| name.unescaped() == token);
                        fields.last().map(|(_, value)| value)
                    }
                    b'[' => at.parts().nth(index(&token)?),
                    _ => None,
                }
            })
    }

    /// Whether it is this value. Numbers are the same that a value has the same of, as 1 and 1.0 are not.
    pub(crate) fn is(self, value: &Value) -> bool {
        match value {
            Value::Null => self.0 == "null",
            Value::Bool(is) => self.0 == if *is { "true" } else { "false" },
            Value::Number(number) => self.is_number(number),
            Value::String(text) => self.0.starts_with('"') && self.unescaped() == *text,
            Value::Array(items) => {
                self.0.starts_with('[') && {
                    let (mut ours, mut theirs) = (self.parts(), items.iter());
                    loop {
                        match (ours.next(), theirs.next()) {
                            (None, None) => break true,
                            (Some(one), Some(other)) if one.is(other) => {}
                            _ => break false,
                        }
                    }
                }
            }
            Value::Object(fields) => self.0.starts_with('{') && self.has_fields(fields),
        }
    }

    fn is_number(self, number: &Number) -> bool {
        let is_one = self
            .0
            .starts_with(|first: char| first == '-' || first.is_ascii_digit());
        is_one && serde_json::from_str::<Number>(self.0).is_ok_and(|it| it == *number)
    }

    fn has_fields(self, wanted: &Map<String, Value>) -> bool {
        // The last of a name counts, so each is compared, and none is looked for again.
        let mut same = vec![false; wanted.len()];
        for (name, value) in self.fields() {
            let name = name.unescaped();
            let mut places = wanted.iter().zip(&mut same);
            let Some(((_, wanted), same)) = places.find(|((key, _), _)| **key == *name) else {
                return false;
            };
            *same = value.is(wanted);
        }
        same.into_iter().all(|same| same)
    }

    /// Whether a text is in one of its strings, names included.
    pub(crate) fn has_text(self, text: &str) -> bool {
        self.strings()
            .any(|string| string.unescaped().contains(text))
    }

    /// All strings in it, in their order.
    fn strings(self) -> impl Iterator<Item = Self> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let string = &rest[rest.find('"')?..];
            let (string, behind) = string.split_at_checked(string_length(string))?;
            rest = behind;
            Some(Self(string))
        })
    }

    /// What is in an array, or in an object with the names before the values.
    fn parts(self) -> impl Iterator<Item = Self> {
        let mut rest = self.0.get(1..).unwrap_or_default();
        std::iter::from_fn(move || {
            rest = rest.trim_start_matches(is_between);
            let (part, behind) = rest.split_at_checked(length(rest))?;
            rest = behind;
            (!part.is_empty()).then_some(Self(part))
        })
    }

    fn fields(self) -> impl Iterator<Item = (Self, Self)> {
        let mut parts = self.parts();
        std::iter::from_fn(move || Some((parts.next()?, parts.next()?)))
    }

    /// What a string says.
    fn unescaped(self) -> Cow<'a, str> {
        let inner = self
            .0
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        let inner = inner.unwrap_or_default();
        if !inner.contains('\\') {
            return Cow::Borrowed(inner);
        }
        let (mut said, mut rest) = (String::with_capacity(inner.len()), inner);
        while let Some(place) = rest.find('\\') {
            said.push_str(&rest[..place]);
            let (character, behind) = escaped(&rest[place + 1..]);
            said.push(character);
            rest = behind;
        }
        said.push_str(rest);
        Cow::Owned(said)
    }
}

impl<'a> From<&'a RawValue> for RawJson<'a> {
    fn from(value: &'a RawValue) -> Self {
        Self(value.get().trim_matches(is_between))
    }
}

/// The place that a part of a pointer names, as RFC 6901 writes it.
fn index(token: &str) -> Option<usize> {
    let is_plain = token.bytes().all(|byte| byte.is_ascii_digit());
    let has_zeros = token.len() > 1 && token.starts_with('0');
    (is_plain && !has_zeros).then(|| token.parse().ok())?
}

/// What stands between values.
fn is_between(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | ',' | ':')
}

/// The length of the value that a text begins with; zero where none is, as at the end of an array.
fn length(text: &str) -> usize {
    match text.as_bytes().first() {
        Some(b'"') => string_length(text),
        Some(b'{' | b'[') => {
            let (mut depth, mut at) = (0_usize, 0);
            while let Some(byte) = text.as_bytes().get(at) {
                match byte {
                    b'"' => {
                        at += string_length(&text[at..]);
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    break;
                }
            }
            at
        }
        _ => text
            .find(|character| is_between(character) || matches!(character, '}' | ']'))
            .unwrap_or(text.len()),
    }
}

/// The length of the string that a text begins with, its marks included.
fn string_length(text: &str) -> usize {
    let mut at = 1;
    while let Some(byte) = text.as_bytes().get(at) {
        at += 1;
        match byte {
            b'"' => break,
            b'\\' => at += 1,
            _ => {}
        }
    }
    at.min(text.len())
}

/// The character behind a backslash, and what follows it.
fn escaped(text: &str) -> (char, &str) {
    let mut characters = text.chars();
    let character = match characters.next() {
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => return unicode(characters.as_str()),
        Some(itself) => itself,
        None => NO_CHARACTER,
    };
    (character, characters.as_str())
}

/// The character of the four digits that a text begins with, and of four more where these are half of a pair.
fn unicode(text: &str) -> (char, &str) {
    let Some((first, rest)) = unit(text) else {
        return (NO_CHARACTER, text);
    };
    if let Some(character) = char::from_u32(first.into()) {
        return (character, rest);
    }
    let second = rest.strip_prefix("\\u").and_then(unit);
    let pair = second.and_then(|(second, rest)| {
        let character = char::decode_utf16([first, second]).next()?.ok()?;
        Some((character, rest))
    });
    pair.unwrap_or((NO_CHARACTER, rest))
}

fn unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn raw(text: &str) -> RawJson<'_> {
        RawJson::of(text).unwrap_or_else(|| panic!("it is JSON: {text}"))
    }

    #[test]
    fn what_no_value_holds_is_looked_into() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        for odd in [
            r#""\ud83d""#,
            r#""\udc00\ud83d x""#,
            "1e999",
            "-1e999",
            &deep,
        ] {
            let text = format!(
                r#"{{"odd": {odd}, "taskType": "certain\u0054ask", "n": [1, {odd}, true]}}"#
            );
            assert!(serde_json::from_str::<Value>(&text).is_err(), "{odd:.40}");
            let held = raw(&text);
            assert!(
                held.at("/taskType")
                    .is_some_and(|it| it.is(&json!("certainTask")))
            );
            assert!(held.at("/n/2").is_some_and(|it| it.is(&json!(true))));
            assert!(held.has_text("certainTask") && !held.has_text("other"));
            assert!(!held.is(&json!({"odd": 1, "taskType": "certainTask", "n": [1, 2, true]})));
            assert!(!held.at("/odd").is_some_and(|it| it.is(&json!(1))));
        }
        // What is around half of a pair is read.
        let held = raw(r#"{"name": "Zo\u00eb \ud83d!\ud83d\ude00\udc00"}"#);
        assert!(held.has_text("Zoë ") && held.has_text("!😀"));
    }

    #[test]
    fn of_two_fields_of_a_name_the_last_counts() {
        let held = raw(r#"{"a": 1, "b": 2, "\u0061": {"c": [3]}}"#);
        assert!(held.at("/a/c/0").is_some_and(|it| it.is(&json!(3))));
        assert!(held.is(&json!({"a": {"c": [3]}, "b": 2})));
        assert!(!held.is(&json!({"a": 1, "b": 2})));
    }

    #[test]
    fn a_pointer_leads_where_one_into_a_value_does() {
        let value = json!({"": {"a/b": [1, [2, {"~": null}]], "01": "x"}, "0": [], "é\n": -1.5, "s": "[1]"});
        for text in [value.to_string(), format!(" {value:#}\r\n")] {
            for pointer in [
                "",
                "/",
                "//a~1b",
                "//a~1b/0",
                "//a~1b/1/1/~0",
                "//a~1b/01",
                "//a~1b/+1",
                "//a~1b/2",
                "//a~1b/-",
                "//01",
                "//01/0",
                "/0",
                "/0/0",
                "/é\n",
                "/é",
                "/s/0",
                "0",
                "/a",
            ] {
                let (found, expected) = (raw(&text).at(pointer), value.pointer(pointer));
                assert_eq!(found.is_some(), expected.is_some(), "{pointer}");
                if let (Some(found), Some(expected)) = (found, expected) {
                    assert!(found.is(expected), "{pointer}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn nothing_hostile_breaks_it() {
        corpus::each_text(|text| {
            if let Some(held) = RawJson::of(text) {
                held.has_text("a");
                held.at("/a/0");
                held.is(&json!({"a": [1, "x", null]}));
            }
            // Nor does what nobody has looked at.
            let held = RawJson(text);
            held.has_text("a");
            held.at("/a/0");
            held.is(&json!({"a": [1, "x", null]}));
        });
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            prop::num::f64::NORMAL.prop_map(Value::from),
            "[kb\"\\\\/\u{0}-\u{20}é😀,:{}\\[\\]]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map("[kb/~01\"é]{0,3}", inner, 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// The same text with each character beyond ASCII, and a letter that no word and no escape has, as an escape.
    fn with_escapes(text: &str) -> String {
        let mut units = [0; 2];
        let escaped = text.chars().map(|character| match character {
            'k' | '\u{80}'.. => {
                let units = character.encode_utf16(&mut units).iter();
                units.map(|unit| format!("\\u{unit:04x}")).collect()
            }
            other => other.to_string(),
        });
        escaped.collect()
    }

    fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
        all.push(at.to_owned());
        match value {
            Value::Array(items) => {
                for (place, item) in items.iter().enumerate() {
                    pointers(item, &format!("{at}/{place}"), all);
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    pointers(value, &format!("{at}/{name}"), all);
                }
            }
            _ => {}
        }
    }

    fn strings(value: &Value, all: &mut Vec<String>) {
        match value {
            Value::String(text) => all.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| strings(item, all)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    all.push(name.clone());
                    strings(value, all);
                }
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn it_finds_what_a_value_has(value in value(), other in value(), text in "[kb\"é😀]{1,2}") {
            let plain = value.to_string();
            let texts = [with_escapes(&plain), plain, format!("\t{value:#} ")];
            for written in &texts {
                // Reading may round.
                let value: Value = serde_json::from_str(written).map_err(|error| TestCaseError::fail(error.to_string()))?;
                let (mut all, mut said) = (Vec::new(), Vec::new());
                pointers(&value, "", &mut all);
                strings(&value, &mut said);
                let held = raw(written);
                prop_assert!(held.is(&value), "{written}");
                prop_assert_eq!(held.is(&other), value == other);
                prop_assert_eq!(held.has_text(&text), said.iter().any(|said| said.contains(&text)));
                for pointer in &all {
                    let there = held.at(pointer);
                    prop_assert!(
                        there.is_some_and(|there| value.pointer(pointer).is_some_and(|it| there.is(it))),
                        "{pointer} in {written}"
                    );
                }
            }
        }
    }
}
