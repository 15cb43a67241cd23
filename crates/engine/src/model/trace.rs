//! The client's trace, as W3C Trace Context writes it.

/// Whether a text is a `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`, neither id all zeros. Another
/// is to be passed over, as the standard says; so what is logged of one is hexadecimal digits.
pub fn is_traceparent(text: &str) -> bool {
    let is_hex = |part: &str| {
        part.bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let is_null = |part: &str| part.bytes().all(|b| b == b'0');
    // A text may be long; five parts are as wrong as a thousand.
    let parts: Vec<&str> = text.splitn(5, '-').collect();
    let [version, trace, parent, flags] = parts[..] else {
        return false;
    };
    [version, trace, parent, flags].map(str::len) == [2, 32, 16, 2]
        && parts.iter().all(|part| is_hex(part))
        && version != "ff"
        && !is_null(trace)
        && !is_null(parent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_traceparent_is_hexadecimal_or_nothing() {
        assert!(is_traceparent(
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        ));
        for wrong in [
            "",
            "00-x",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0\n",
        ] {
            assert!(!is_traceparent(wrong), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_can_be_logged(text in "([0-9a-f]{2}-?[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f\n]{2})|.*") {
            let loggable = text.len() == 55 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
            prop_assert!(loggable || !is_traceparent(&text));
        }
    }
}
