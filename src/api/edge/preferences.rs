//! What a client would like (`Prefer`, RFC 7240), and what of it was granted.

use std::time::Duration;

use actix_web::HttpRequest;

use super::headers::PREFER;
use engine::limits::MAX_WAIT;

/// The preferences we know. Others, and those of the wrong form, are passed over, as the RFC says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::api) struct Preferences {
    /// `wait=N`: hold the reply back for up to N seconds. As granted: never more than [`MAX_WAIT`].
    pub(in crate::api) wait: Option<Duration>,
    /// `respond-async`, which is what we do anyhow.
    pub(in crate::api) respond_async: bool,
    /// `return=representation`: a monitor in the reply to a submission.
    pub(in crate::api) representation: bool,
}

impl Preferences {
    pub(in crate::api) fn of(request: &HttpRequest) -> Self {
        let mut preferences = Self::default();
        let values = request
            .headers()
            .get_all(PREFER)
            .filter_map(|value| value.to_str().ok());
        for preference in values.flat_map(|value| value.split(',')) {
            // Parameters, behind a semicolon, belong to no preference of ours.
            let token = preference.split(';').next().unwrap_or_default();
            let (name, value) = token.split_once('=').unwrap_or((token, ""));
            let value = value.trim().trim_matches('"');
            let is = |known: &str| name.trim().eq_ignore_ascii_case(known);
            // The first of a kind counts.
            if is("wait") && preferences.wait.is_none() {
                let seconds = value
                    .parse::<u32>()
                    .ok()
                    .filter(|_| !value.starts_with('+'));
                preferences.wait = seconds.map(|n| Duration::from_secs(n.into()).min(MAX_WAIT));
            } else if is("respond-async") {
                preferences.respond_async = true;
            } else if is("return") {
                preferences.representation |= value == "representation";
            }
        }
        preferences
    }

    /// The value of `Preference-Applied` where these preferences count; `None` when none was sent.
    pub(in crate::api) fn applied(self) -> Option<String> {
        let wait = self.wait.map(|wait| format!("wait={}", wait.as_secs()));
        let respond_async = self.respond_async.then(|| "respond-async".to_owned());
        let representation = self
            .representation
            .then(|| "return=representation".to_owned());
        let applied: Vec<_> = [respond_async, wait, representation]
            .into_iter()
            .flatten()
            .collect();
        (!applied.is_empty()).then(|| applied.join(", "))
    }
}

/// Azure's SDKs send a version, and expect a monitor in the reply.
pub(in crate::api) fn has_api_version(query: &str) -> bool {
    query
        .split('&')
        .any(|pair| pair.split('=').next() == Some("api-version"))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[&str]) -> Preferences {
        let request = values
            .iter()
            .fold(TestRequest::default(), |request, value| {
                request.append_header(("prefer", *value))
            });
        Preferences::of(&request.to_http_request())
    }

    #[test]
    fn preferences_are_read_from_one_header_or_many() {
        let both = Preferences {
            wait: Some(Duration::from_secs(10)),
            respond_async: true,
            representation: true,
        };
        assert_eq!(
            of(&["respond-async, wait=10", "return=representation"]),
            both
        );
        assert_eq!(
            of(&["Respond-Async; x=y , WAIT = \"10\" ,return=\"representation\""]),
            both
        );
        assert_eq!(
            both.applied().unwrap(),
            "respond-async, wait=10, return=representation"
        );
        assert_eq!(of(&[]).applied(), None);
    }

    #[test]
    fn a_wait_of_the_wrong_form_is_passed_over_and_a_long_one_cut() {
        for value in [
            "wait",
            "wait=",
            "wait=abc",
            "wait=-1",
            "wait=1.5",
            "wait=+1",
            "wait=99999999999",
        ] {
            assert_eq!(of(&[value]).wait, None, "{value}");
        }
        assert_eq!(of(&["wait=0"]).wait, Some(Duration::ZERO));
        assert_eq!(of(&["wait=500"]).wait, Some(MAX_WAIT));
        assert_eq!(of(&["wait=500"]).applied().unwrap(), "wait=90");
        assert_eq!(of(&["wait=1, wait=2"]).wait, Some(Duration::from_secs(1)));
        assert_eq!(
            of(&["return=minimal, handling=strict"]),
            Preferences::default()
        );
    }

    /// Whatever was sent: no more than is allowed, and a header that can be sent.
    fn assert_granted(values: &[&[u8]]) {
        let request = values
            .iter()
            .fold(
                TestRequest::default(),
                |request, value| match HeaderValue::from_bytes(value) {
                    Ok(value) => request.append_header(("prefer", value)),
                    Err(_) => request,
                },
            );
        let granted = Preferences::of(&request.to_http_request());
        assert!(granted.wait.is_none_or(|wait| wait <= MAX_WAIT));
        if let Some(applied) = granted.applied() {
            let safe = |b: u8| b.is_ascii_alphanumeric() || b"=-, ".contains(&b);
            assert!(applied.len() < 60 && applied.bytes().all(safe), "{applied}");
        }
    }

    #[test]
    fn hostile_preferences_are_passed_over_or_granted() {
        corpus::each(|bytes| assert_granted(&[bytes]));
    }

    proptest! {
        #[test]
        fn any_preferences_are_passed_over_or_granted(
            text in corpus::any_text(),
            list in r#"((wait|return|respond-async)( ?= ?"?[a-z0-9+.-]{0,12}"?)?[;,] ?){0,6}"#,
        ) {
            assert_granted(&[text.as_bytes(), list.as_bytes()]);
        }

        #[test]
        fn what_was_granted_reads_back(seconds in proptest::option::of(0..=MAX_WAIT.as_secs()), flags in any::<(bool, bool)>()) {
            let sent = Preferences {
                wait: seconds.map(Duration::from_secs),
                respond_async: flags.0,
                representation: flags.1,
            };
            let applied = sent.applied();
            let values: Vec<&str> = applied.iter().map(String::as_str).collect();
            prop_assert_eq!(of(&values), sent);
        }
    }
}
