//! Texts as they can stand in a line of the log, written where the line is: nothing is copied.

use std::fmt::{self, Display, Formatter, Write};

/// What an argument may bring into a line: no line break, which would look like a line of ours; no
/// other control character, which a terminal would obey; and nothing that turns the direction in
/// which the rest is read (Unicode TR 36, section 2.5). All that are not are below U+10000.
pub(super) fn is_safe(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{61C}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
        )
}

fn is_bare(character: char) -> bool {
    is_safe(character) && !matches!(character, ' ' | '"' | '=')
}

fn is_quotable(character: char) -> bool {
    is_safe(character) && !matches!(character, '"' | '\\')
}

/// A message: as it can be read in one line.
pub(super) struct Line<'a, T>(pub(super) &'a T);

impl<T: Display> Display for Line<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_escaped(f, self.0, is_safe, in_rust)
    }
}

/// A field: in quotes when it might be taken for more than one.
pub(super) struct Word<'a, T>(pub(super) &'a T);

impl<T: Display> Display for Word<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if all(self.0, is_bare) {
            return self.0.fmt(f);
        }
        f.write_char('"')?;
        write_escaped(f, self.0, is_quotable, in_rust)?;
        f.write_char('"')
    }
}

/// A string of JSON, in which the characters beyond ASCII that are not safe are escaped as well.
pub(super) struct Json<'a, T>(pub(super) &'a T);

impl<T: Display> Display for Json<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        write_escaped(f, self.0, is_quotable, in_json)?;
        f.write_char('"')
    }
}

type Escape = fn(&mut Formatter<'_>, char) -> fmt::Result;

fn in_rust(f: &mut Formatter<'_>, character: char) -> fmt::Result {
    write!(f, "{}", character.escape_default())
}

fn in_json(f: &mut Formatter<'_>, character: char) -> fmt::Result {
    write!(f, "\\u{:04x}", u32::from(character))
}

fn write_escaped(
    f: &mut Formatter<'_>,
    value: &impl Display,
    is_plain: fn(char) -> bool,
    escape: Escape,
) -> fmt::Result {
    let mut escaping = Escaping {
        f,
        is_plain,
        escape,
    };
    write!(escaping, "{value}")
}

/// Passes plain characters on, and others escaped.
struct Escaping<'a, 'b> {
    f: &'a mut Formatter<'b>,
    is_plain: fn(char) -> bool,
    escape: Escape,
}

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut written = 0;
        for (at, found) in text.match_indices(|character| !(self.is_plain)(character)) {
            self.f.write_str(&text[written..at])?;
            for character in found.chars() {
                (self.escape)(self.f, character)?;
            }
            written = at + found.len();
        }
        self.f.write_str(&text[written..])
    }
}

/// Whether a value writes nothing.
pub(super) fn is_empty(value: &impl Display) -> bool {
    all(value, |_| false)
}

/// Whether all characters that a value writes are such ones.
fn all(value: &impl Display, is_such: fn(char) -> bool) -> bool {
    write!(All(is_such), "{value}").is_ok()
}

/// Fails at the first other character.
struct All(fn(char) -> bool);

impl Write for All {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let all = text.chars().all(self.0);
        all.then_some(()).ok_or(fmt::Error)
    }
}
