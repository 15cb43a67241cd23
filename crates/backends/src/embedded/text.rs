//! Texts that a stranger's hand has written into the file: whatever bytes they are, they can be shown.

use rusqlite::Row;
use rusqlite::types::ValueRef;

/// A column's text, with what is no UTF-8 replaced, so that one message hides no others.
pub(super) fn lossy(row: &Row<'_>, column: &str) -> rusqlite::Result<String> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        _ => String::new(),
    })
}
