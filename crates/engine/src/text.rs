//! Texts of others, cut to what there is room for.

/// As much of the beginning as fits into so many bytes.
pub fn beginning(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let end = (0..=max).rfind(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

/// On one line, with one space between two words, and cut.
pub fn in_short(text: &str, max: usize) -> String {
    let mut short = String::new();
    for word in text.split_whitespace() {
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(word);
        if short.len() > max {
            break;
        }
    }
    short.truncate(beginning(&short, max).trim_end().len());
    short
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_character_is_cut_off_whole() {
        assert_eq!(beginning("aé", 3), "aé");
        assert_eq!(beginning("aé", 2), "a");
        assert_eq!(beginning("é", 1), "");
    }

    #[test]
    fn a_short_text_is_on_one_line() {
        assert_eq!(in_short(" two\r\n words ", 99), "two words");
        assert_eq!(in_short("two words", 4), "two");
    }

    proptest! {
        #[test]
        fn any_text_can_be_cut(text in "\\PC*|[\u{0}-\u{9f}]*", max in 0..50_usize) {
            prop_assert!(text.starts_with(beginning(&text, max)));
            let short = in_short(&text, max);
            prop_assert!(short.len() <= max && short.trim() == short && !short.contains("  "));
        }
    }
}
