//! What other programs put around a message: base64 in all its spellings, a JSON string around the
//! JSON, a byte-order mark, UTF-16, a C string's end.
//!
//! A queue trigger's default encoding is base64, so many producers send that. GNU's `base64`, Python's
//! `encodebytes` and Ruby break its lines; others leave the padding out, or use the letters that are safe
//! in a URL.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Layers that are taken off: a client library that encodes what its caller had encoded makes two.
const MAX_LAYERS: usize = 3;

/// Base64, with its padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The text of the JSON object in a message; `None` when there is none. Whether it is JSON to its end is
/// for its reader to say.
pub(crate) fn object_in(text: &str) -> Option<Cow<'_, str>> {
    below(text, MAX_LAYERS)
}

fn below(text: &str, layers: usize) -> Option<Cow<'_, str>> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{FEFF}' | '\0'));
    if text.starts_with('{') {
        return Some(Cow::Borrowed(text));
    }
    let layers = layers.checked_sub(1)?;
    let inner = match text.starts_with('"') {
        true => serde_json::from_str(text).ok()?,
        false => decode(text)?,
    };
    below(&inner, layers).map(|object| Cow::Owned(object.into_owned()))
}

fn decode(text: &str) -> Option<String> {
    let letters: Vec<_> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => byte,
        })
        .collect();
    text_of(BASE64.decode(letters).ok()?)
}

/// UTF-8, or UTF-16 as its mark or the zeros of its first letter show: no JSON begins so in UTF-8.
fn text_of(bytes: Vec<u8>) -> Option<String> {
    let unit: fn([u8; 2]) -> u16 = match bytes[..] {
        [0xFE, 0xFF, ..] | [0, ..] => u16::from_be_bytes,
        [0xFF, 0xFE, ..] | [_, 0, ..] => u16::from_le_bytes,
        _ => return String::from_utf8(bytes).ok(),
    };
    let (pairs, rest) = bytes.as_chunks();
    let units: Vec<_> = pairs.iter().copied().map(unit).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD;
    use proptest::prelude::*;

    use super::*;

    /// In base64 it has both letters that a URL spells otherwise, and padding.
    const OBJECT: &str = r#"{"id":"01919f4c-6d00-7000-8000-000000000001","number":"~~~>??é"}"#;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    /// In lines of 76 letters.
    fn in_lines(letters: &str, end: &str) -> String {
        let lines = letters.as_bytes().chunks(76);
        lines
            .map(|line| String::from_utf8_lossy(line).into_owned() + end)
            .collect()
    }

    #[test]
    fn base64_is_read_in_every_spelling() {
        let letters = BASE64_STANDARD.encode(OBJECT);
        assert!(
            ['+', '/', '='].iter().all(|odd| letters.contains(*odd)),
            "{letters}"
        );
        for text in [
            letters.clone(),
            in_lines(&letters, "\n"),
            in_lines(&letters, "\r\n"),
            letters.trim_end_matches('=').to_owned(),
            letters.replace('+', "-").replace('/', "_"),
            format!("\u{feff}{letters}\n"),
            BASE64_STANDARD.encode(format!("\u{feff}{OBJECT}")),
            BASE64_STANDARD.encode(format!("{OBJECT}\0")),
            BASE64_STANDARD.encode(&letters),
            BASE64_STANDARD.encode(utf16(OBJECT, u16::to_le_bytes)),
            BASE64_STANDARD.encode(utf16(&format!("\u{feff}{OBJECT}"), u16::to_le_bytes)),
            BASE64_STANDARD.encode(utf16(&format!("\u{feff}{OBJECT}"), u16::to_be_bytes)),
        ] {
            assert_eq!(object_in(&text).as_deref(), Some(OBJECT), "{text:?}");
        }
    }

    #[test]
    fn a_mark_and_a_json_string_around_the_json_are_taken_off() {
        let string = serde_json::to_string(OBJECT).unwrap();
        for text in [
            format!("\u{feff}{OBJECT}"),
            format!(" \r\n{OBJECT}\0\n"),
            string.clone(),
            format!("\u{feff}{string}\n"),
            BASE64_STANDARD.encode(&string),
            serde_json::to_string(&BASE64_STANDARD.encode(OBJECT)).unwrap(),
        ] {
            assert_eq!(object_in(&text).as_deref(), Some(OBJECT), "{text:?}");
        }
    }

    #[test]
    fn layers_come_to_an_end() {
        let mut text = OBJECT.to_owned();
        for _ in 0..=MAX_LAYERS {
            text = BASE64_STANDARD.encode(text);
        }
        assert_eq!(object_in(&text), None);
        assert_eq!(object_in(""), None);
        let half_a_letter = [0xFF, 0xFE, b'{'];
        assert_eq!(object_in(&BASE64_STANDARD.encode(half_a_letter)), None);
    }

    #[test]
    fn hostile_texts_hold_an_object_or_none() {
        corpus::each_text(|text| {
            assert!(object_in(text).is_none_or(|object| object.starts_with('{')));
        });
    }

    proptest! {
        #[test]
        fn any_text_holds_an_object_or_none(text in corpus::any_text(), bytes in any::<Vec<u8>>()) {
            for text in [text.clone(), BASE64_STANDARD.encode(&text), BASE64_STANDARD.encode(&bytes)] {
                let is_object = object_in(&text).is_none_or(|object| object.starts_with('{'));
                prop_assert!(is_object);
            }
        }
    }
}
