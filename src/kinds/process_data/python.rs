//! JSON as Python prints it: `str` of what its module `json` reads.
//!
//! In one pass over the text, whose order and whose numbers of any length are kept, so that no depth and
//! no size of an input is too much. An object that has a name twice is printed with both, where Python
//! keeps the last.

/// What Python prints of a JSON text: `{"a": [1, true, null]}` -> `{'a': [1, True, None]}`.
pub(super) fn printed(json: &str) -> String {
    let mut printed = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((token, after)) = next_token(rest) {
        match token {
            Token::Mark(mark) => {
                printed.push(mark);
                if matches!(mark, ',' | ':') {
                    printed.push(' ');
                }
            }
            Token::Text(escaped) => print_text(&units(escaped), &mut printed),
            Token::Word("true") => printed.push_str("True"),
            Token::Word("false") => printed.push_str("False"),
            Token::Word("null") => printed.push_str("None"),
            Token::Word(number) => printed.push_str(&printed_number(number)),
        }
        rest = after;
    }
    printed
}

/// A piece of JSON.
enum Token<'a> {
    /// A bracket, a comma or a colon.
    Mark(char),
    /// What is between two quotes, still escaped.
    Text(&'a str),
    /// A number, `true`, `false` or `null`.
    Word(&'a str),
}

/// The first piece of what is left of a JSON text, and what follows it.
fn next_token(json: &str) -> Option<(Token<'_>, &str)> {
    let json = json.trim_start();
    let first = json.chars().next()?;
    match first {
        '{' | '}' | '[' | ']' | ',' | ':' => Some((Token::Mark(first), json.get(1..)?)),
        '"' => {
            let inside = json.get(1..)?;
            let end = closing_quote(inside)?;
            Some((Token::Text(inside.get(..end)?), inside.get(end + 1..)?))
        }
        _ => {
            let is_of_word = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
            let end = json.find(|c| !is_of_word(c)).unwrap_or(json.len());
            let (word, rest) = json.split_at(end);
            (!word.is_empty()).then_some((Token::Word(word), rest))
        }
    }
}

/// Where a text ends whose opening quote is before this.
fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })
}

/// A text of JSON in UTF-16, which is what its escapes are in: half of a pair may stand alone there.
fn units(escaped: &str) -> Vec<u16> {
    let mut units = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some((plain, escape)) = rest.split_once('\\') {
        units.extend(plain.encode_utf16());
        let mut characters = escape.chars();
        let unit = match characters.next() {
            Some('b') => 0x8,
            Some('f') => 0xC,
            Some('n') => 0xA,
            Some('r') => 0xD,
            Some('t') => 0x9,
            Some('u') => {
                let digits = escape.get(1..5).unwrap_or_default();
                characters = escape.get(5..).unwrap_or_default().chars();
                u16::from_str_radix(digits, 16).unwrap_or_default()
            }
            // A quote or a slash of either kind.
            Some(itself) => u16::try_from(u32::from(itself)).unwrap_or_default(),
            None => break,
        };
        units.push(unit);
        rest = characters.as_str();
    }
    units.extend(rest.encode_utf16());
    units
}

/// In single quotes, unless there is one inside and no double one; escaped as Python's `repr` does.
fn print_text(units: &[u16], printed: &mut String) {
    let has = |quote: u8| units.contains(&quote.into());
    let quote = if has(b'\'') && !has(b'"') { '"' } else { '\'' };
    printed.push(quote);
    for character in char::decode_utf16(units.iter().copied()) {
        match character {
            Ok(c) if c == quote || c == '\\' => printed.extend(['\\', c]),
            Ok('\n') => printed.push_str("\\n"),
            Ok('\r') => printed.push_str("\\r"),
            Ok('\t') => printed.push_str("\\t"),
            Ok(c) if is_printable(c) => printed.push(c),
            Ok(c) => printed.push_str(&escaped(c.into())),
            Err(half) => printed.push_str(&escaped(half.unpaired_surrogate().into())),
        }
    }
    printed.push(quote);
}

fn escaped(code: u32) -> String {
    match code {
        0..=0xFF => format!("\\x{code:02x}"),
        0x100..=0xFFFF => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    }
}

/// Neither of Unicode's categories of controls, surrogates, private and unassigned characters, nor a space
/// other than the one of ASCII: what Rust, too, escapes in a text that is shown for debugging, but for
/// the quotes, and for marks that it begins with.
fn is_printable(character: char) -> bool {
    match character {
        ' '..='~' => true,
        '\0'..='\u{A0}' => false,
        _ => {
            let text = String::from_iter(['a', character]);
            text.escape_debug().eq(text.chars())
        }
    }
}

/// Integers stay as they are; a fraction or an exponent makes a number of 64 bits, in the fewest digits
/// that give it back.
fn printed_number(number: &str) -> String {
    if !number.contains(['.', 'e', 'E']) {
        return match number {
            "-0" => "0".to_owned(),
            _ => number.to_owned(),
        };
    }
    let shortest = format!("{:?}", number.parse::<f64>().unwrap_or_default());
    match shortest.split_once('e') {
        Some((digits, exponent)) => {
            let exponent = exponent.parse::<i32>().unwrap_or_default();
            format!("{digits}e{exponent:+03}")
        }
        None => shortest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_printed_as_python_does() {
        for (json, python) in [
            (
                r#"{"key1":"value1","n":1,"b":true,"x":null}"#,
                "{'key1': 'value1', 'n': 1, 'b': True, 'x': None}",
            ),
            ("{}", "{}"),
            (
                "\t{ \"z\" : [ ] ,\r\n\"a\":[false,[ 1 ,2]] }",
                "{'z': [], 'a': [False, [1, 2]]}",
            ),
        ] {
            assert_eq!(printed(json), python);
        }
    }

    #[test]
    fn numbers_are_printed_as_python_does() {
        for (json, python) in [
            ("0", "0"),
            ("-0", "0"),
            ("-12", "-12"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("0.1", "0.1"),
            ("-0.0", "-0.0"),
            ("1.10", "1.1"),
            ("1E5", "100000.0"),
            ("1e-4", "0.0001"),
            ("1e-5", "1e-05"),
            ("1.5e-7", "1.5e-07"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("12345678901234567.0", "1.2345678901234568e+16"),
            ("1.7e308", "1.7e+308"),
            ("1e999", "inf"),
            ("-1e999", "-inf"),
            ("5e-324", "5e-324"),
        ] {
            assert_eq!(printed(json), python);
        }
    }

    #[test]
    fn texts_are_quoted_and_escaped_as_python_does() {
        for (json, python) in [
            (r#""it's""#, r#""it's""#),
            (r#""\"""#, r#"'"'"#),
            (r#""'\"""#, r#"'\'"'"#),
            (r#""a\\b\/c""#, r"'a\\b/c'"),
            (
                r#""\n\r\t\b\f\u0000\u001F\u007f""#,
                r"'\n\r\t\x08\x0c\x00\x1f\x7f'",
            ),
            (r#""für 中 😀 \ud83d\ude00""#, "'für 中 😀 😀'"),
            (r#""\ud83d x \ude00""#, r"'\ud83d x \ude00'"),
            (
                "\"\u{85}\u{a0}\u{ad}\u{200b}\u{2028}\u{feff}\u{e000}\u{10ffff}\"",
                r"'\x85\xa0\xad\u200b\u2028\ufeff\ue000\U0010ffff'",
            ),
            // A mark that is written over the letter before it.
            ("\"\u{301}e\u{301}\"", "'\u{301}e\u{301}'"),
        ] {
            assert_eq!(printed(json), python);
        }
    }

    #[test]
    fn no_depth_is_too_deep() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(printed(&deep), deep);
    }

    #[test]
    fn what_is_no_json_ends_the_text() {
        corpus::each_text(|text| assert!(printed(text).len() <= 1 + 12 * text.len()));
    }
}
