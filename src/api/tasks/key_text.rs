//! The text of a key under which a submission is accepted once, as clients write it.

/// A string in double quotes (RFC 9651, section 3.3.3), whose parameters are passed over; or the bare
/// text that most clients send: a token, a UUID, base64. `None` when it is neither.
///
/// A bare text has none of the characters that would end it in a list or begin a parameter, so that
/// two keys which a proxy has joined do not become one.
pub(in crate::api) fn key_text(value: &str) -> Option<String> {
    let value = value.trim();
    let Some(quoted) = value.strip_prefix('"') else {
        let is_bare = value.bytes().all(is_bare);
        return is_bare.then(|| value.to_owned());
    };
    let (text, rest) = string(quoted)?;
    are_parameters(rest).then_some(text)
}

fn is_bare(byte: u8) -> bool {
    byte.is_ascii_graphic() && !br#"",;\"#.contains(&byte)
}

/// Reads a string behind its opening quote, and gives what follows the closing one.
fn string(text: &str) -> Option<(String, &str)> {
    let mut read = String::new();
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            '"' => return Some((read, characters.as_str())),
            '\\' => read.push(
                characters
                    .next()
                    .filter(|next| matches!(next, '"' | '\\'))?,
            ),
            character @ ' '..='~' => read.push(character),
            _ => return None,
        }
    }
}

/// `;a=1; b="c";d` (RFC 9651, section 3.1.2).
fn are_parameters(mut text: &str) -> bool {
    loop {
        text = text.trim_start();
        if text.is_empty() {
            return true;
        }
        let Some(rest) = parameter(text) else {
            return false;
        };
        text = rest;
    }
}

/// What follows the parameter at the beginning.
fn parameter(text: &str) -> Option<&str> {
    let text = text.strip_prefix(';')?.trim_start();
    let is_first = |first: char| first.is_ascii_lowercase() || first == '*';
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.*".contains(c);
    let rest = text.strip_prefix(is_first)?.trim_start_matches(is_name);
    let Some(value) = rest.strip_prefix('=') else {
        return Some(rest);
    };
    if let Some(quoted) = value.strip_prefix('"') {
        return string(quoted).map(|(_, rest)| rest);
    }
    let rest = value.trim_start_matches(|c: char| u8::try_from(c).is_ok_and(is_bare));
    (rest.len() < value.len()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_may_be_in_quotes_with_parameters_behind_it() {
        for (value, key) in [
            (r#""k""#, "k"),
            (r#" "a \"b\" \\c" "#, r#"a "b" \c"#),
            (r#""k"; p=1"#, "k"),
            (r#""k";a;b=?1;c="x;y, \"z";*d.e_f-g=:Zg==:  ; h=-1.5"#, "k"),
        ] {
            assert_eq!(key_text(value).as_deref(), Some(key), "{value}");
        }
    }

    #[test]
    fn a_key_may_be_bare() {
        for key in [
            "k",
            "7",
            "7d0c1a52-5b8e-4b8a-9f0e-2f3c1d0e9a11",
            "{7D0C1A52-5B8E-4B8A-9F0E-2F3C1D0E9A11}",
            "urn:uuid:7d0c1a52-5b8e-4b8a-9f0e-2f3c1d0e9a11",
            "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "aGVsbG8/d29ybGQ+IQ==",
            "order/24#retry.1~x@y:z*",
        ] {
            assert_eq!(key_text(key).as_deref(), Some(key));
            assert_eq!(key_text(&format!("\"{key}\"")).as_deref(), Some(key));
        }
    }

    #[test]
    fn what_may_be_two_keys_or_half_a_one_is_none() {
        for wrong in [
            "\"",
            "\"k",
            "k\"",
            r#""a"b"#,
            r#""a"b""#,
            r#""\x""#,
            r#""a\""#,
            "\"a\tb\"",
            "a b",
            "a, b",
            "a,b",
            r#""a", "b""#,
            r#""a","b""#,
            "a;p=1",
            r"a\b",
            "\"ä\"",
            "ä",
            r#""a";"#,
            r#""a"; P=1"#,
            r#""a";p="#,
            r#""a";p=x,"b""#,
            r#""a";p="x"#,
            r#""a" p=1"#,
        ] {
            assert_eq!(key_text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn hostile_keys_are_none_or_visible() {
        corpus::each_text(|text| {
            assert!(key_text(text).is_none_or(|key| key.bytes().all(|b| matches!(b, b' '..=b'~'))));
        });
    }

    proptest! {
        #[test]
        fn a_key_comes_out_as_it_was_put_in(text in "[ -~]{1,255}") {
            let quoted = text.replace('\\', r"\\").replace('"', "\\\"");
            prop_assert_eq!(key_text(&format!("\"{quoted}\"")), Some(text));
        }
    }
}
