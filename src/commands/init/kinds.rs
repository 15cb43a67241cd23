//! A project without Rust: its kinds are commands, which a file tells.

use super::error::InitError;
use super::files::File;
use super::host;

/// What a publishing `func` takes and leaves beside the handler.
const FUNCIGNORE: &str = "!/kinds.toml\n!/work\n__pycache__/\ntest_*.py\n";

/// By their paths in the project.
const OWN: [(&str, &str); 6] = [
    ("kinds.toml", include_str!("kinds/kinds.toml")),
    ("work/word_count.py", include_str!("kinds/word_count.py")),
    (
        "work/word_count.schema.json",
        include_str!("kinds/word_count.schema.json"),
    ),
    (
        "work/test_word_count.py",
        include_str!("kinds/test_word_count.py"),
    ),
    (".gitignore", include_str!("kinds/gitignore")),
    ("README.md", include_str!("kinds/README.md")),
];

/// All its files.
pub(super) fn files() -> Result<Vec<File>, InitError> {
    let mut files = host::files(&[("KINDS_FILE", "kinds.toml")], FUNCIGNORE)?;
    files.extend(OWN.map(|(name, text)| (name.to_owned(), text.to_owned())));
    Ok(files)
}
