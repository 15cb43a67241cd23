//! Values as they arrive.

/// A value without what is around it: blanks, the line end of a mounted file, and the quotes that
/// Docker's `--env-file` leaves where they are.
pub(super) fn cleaned(value: &str) -> &str {
    let value = value.trim();
    let quoted = ['"', '\''].iter().find_map(|quote| {
        let inner = value.strip_prefix(*quote)?.strip_suffix(*quote)?;
        Some(inner.trim())
    });
    quoted.unwrap_or(value)
}
