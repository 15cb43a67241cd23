//! Conditional requests: `If-Match` and `If-None-Match` (RFC 9110, section 13).
//!
//! Both name versions of the monitor, as its `ETag` has them. Their cousins about dates,
//! `If-Unmodified-Since` and `If-Modified-Since`, are to be ignored where there is no `Last-Modified`.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};

use engine::{Precondition, Versions};
use ports::ETag;

/// What the client asks of the version that is read or changed.
pub(in crate::api) fn precondition(request: &HttpRequest) -> Precondition {
    Precondition {
        one_of: versions(request, &IF_MATCH, strong),
        none_of: versions(request, &IF_NONE_MATCH, weak),
    }
}

/// The versions that a header names; `None` without the header. What is no tag names nothing.
fn versions(
    request: &HttpRequest,
    name: &HeaderName,
    tag: fn(&str) -> Option<ETag>,
) -> Option<Versions> {
    let mut values = request.headers().get_all(name).peekable();
    values.peek()?;
    let members: Vec<&str> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    Some(match members[..] {
        ["*"] => Versions::Any,
        _ => Versions::These(members.into_iter().filter_map(tag).collect()),
    })
}

/// For what is to be changed, a tag that is marked as weak is not good enough.
fn strong(tag: &str) -> Option<ETag> {
    Some(ETag::new(tag.strip_prefix('"')?.strip_suffix('"')?))
}

fn weak(tag: &str) -> Option<ETag> {
    strong(tag.strip_prefix("W/").unwrap_or(tag))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    const TAG: &str = "\"0x8DE\"";

    fn of(name: HeaderName, values: &[&[u8]]) -> Precondition {
        let request = TestRequest::default();
        let request = values
            .iter()
            .filter_map(|value| HeaderValue::from_bytes(value).ok())
            .fold(request, |request, value| {
                request.append_header((name.clone(), value))
            });
        precondition(&request.to_http_request())
    }

    fn holds(name: HeaderName, value: &[u8]) -> bool {
        of(name, &[value]).holds(Some(&ETag::new("0x8DE")))
    }

    #[test]
    fn a_change_wants_a_strong_tag_and_a_reader_takes_a_weak_one() {
        let weak = format!("W/{TAG}");
        assert!(holds(IF_MATCH, TAG.as_bytes()));
        assert!(!holds(IF_MATCH, weak.as_bytes()));
        assert!(!holds(IF_NONE_MATCH, TAG.as_bytes()));
        assert!(!holds(IF_NONE_MATCH, weak.as_bytes()));
    }

    #[test]
    fn an_asterisk_is_every_version_and_a_text_without_quotes_none() {
        assert!(holds(IF_MATCH, b" * "));
        assert!(!holds(IF_NONE_MATCH, b"*"));
        for none in ["", "0x8DE", "\"0x8DE", "\"", "*, \"x\"", "\"0x8de\""] {
            assert!(!holds(IF_MATCH, none.as_bytes()), "{none}");
            assert!(holds(IF_NONE_MATCH, none.as_bytes()), "{none}");
        }
    }

    #[test]
    fn a_header_may_be_there_twice_or_not_at_all() {
        assert_eq!(of(IF_MATCH, &[]), Precondition::default());
        let twice = of(IF_MATCH, &[b"\"x\"", TAG.as_bytes()]);
        assert!(twice.holds(Some(&ETag::new("0x8DE"))));
        assert!(!twice.holds(None));
    }

    #[test]
    fn hostile_conditions_name_no_version() {
        corpus::each(|bytes| {
            // A header that cannot be sent is none.
            if HeaderValue::from_bytes(bytes).is_ok() {
                let is_any = bytes.trim_ascii() == b"*";
                assert_eq!(holds(IF_MATCH, bytes), is_any);
                assert_eq!(holds(IF_NONE_MATCH, bytes), !is_any);
            }
        });
    }

    proptest! {
        #[test]
        fn a_tag_is_found_wherever_it_is_in_the_list(before in r#"(W/)?"[a-z]{0,9}""#, after in r#"(W/)?"[a-z]{0,9}""#) {
            let list = format!("{before} , {TAG},{after}");
            prop_assert!(holds(IF_MATCH, list.as_bytes()));
            prop_assert!(!holds(IF_NONE_MATCH, list.as_bytes()));
            let others = format!("{before},{after}");
            prop_assert!(!holds(IF_MATCH, others.as_bytes()));
            prop_assert!(holds(IF_NONE_MATCH, others.as_bytes()));
        }
    }
}
