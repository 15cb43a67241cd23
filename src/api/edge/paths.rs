//! Paths as the Functions host takes them: in any case, and with a slash at the end.
//!
//! The host passes a path on as it was sent, and what it has routed must not be unknown here. So such a
//! path is routed as it is in the table, in both modes. An id stays as it was sent, and problems tell
//! the path as it was sent.

use actix_web::dev::ServiceRequest;
use actix_web::http::Uri;

use super::state::Api;

/// The paths of the table: application data.
#[derive(Clone, Copy)]
pub(in crate::api) struct Paths(pub(in crate::api) &'static [&'static str]);

/// What Durable Functions' own routes begin with. The Functions host keeps it for itself, so it is known where the
/// service is by itself.
pub(in crate::api) const DURABLE_ALIAS: &str = "/runtime/webhooks/durabletask";

/// What these routes begin with in the table.
const DURABLE: &str = "/api/durabletask";

/// Has the request routed by the spelling that the table has of its path, if it has one.
pub(in crate::api) fn normalise(request: &mut ServiceRequest) {
    let path = request.uri().path();
    let aliased = match request.app_data::<Api>() {
        Some(api) if api.mode == "standalone" => aliased(path),
        _ => None,
    };
    let bare = match &aliased {
        Some(path) => Some(path.strip_suffix('/').unwrap_or(path)),
        None => bare(path),
    };
    let Some(bare) = bare else {
        return;
    };
    let paths = request.app_data::<Paths>();
    let Some(path) = paths.and_then(|paths| paths.spelling(bare)) else {
        return;
    };
    if let Ok(path) = Uri::try_from(path) {
        request.match_info_mut().get_mut().update(&path);
    }
}

/// A path by its other name as the table has it.
fn aliased(path: &str) -> Option<String> {
    let (beginning, rest) = path.split_at_checked(DURABLE_ALIAS.len())?;
    let is_alias = beginning.eq_ignore_ascii_case(DURABLE_ALIAS) && rest.starts_with('/');
    is_alias.then(|| [DURABLE, rest].concat())
}

/// A path that may need another spelling, without the slash at its end; `None` for all others.
fn bare(path: &str) -> Option<&str> {
    let bare = path.strip_suffix('/').unwrap_or(path);
    let is_ordinary =
        bare.len() == path.len() && !path.bytes().any(|byte| byte.is_ascii_uppercase());
    (!is_ordinary).then_some(bare)
}

impl Paths {
    /// The table's spelling of a path, if it has one.
    fn spelling(self, bare: &str) -> Option<String> {
        let spellings = self.0.iter().filter_map(|path| {
            let spelling = spelled(path, bare)?;
            Some((fixed(path), spelling))
        });
        // Of two that match, one says more: `{id}:cancel` and `{id}`, or `pop` and `{message_id}`.
        let (_, spelling) = spellings.max_by_key(|(length, _)| *length)?;
        Some(spelling)
    }
}

/// How much of a route's path is given: all but the names of its parameters.
fn fixed(route: &str) -> usize {
    let mut pieces = route.split('{');
    let start = pieces.next().map_or(0, str::len);
    let rest = pieces.filter_map(|piece| piece.split_once('}'));
    start + rest.map(|(_, after)| after.len()).sum::<usize>()
}

/// A path in the spelling of a route, with the parameters as they are; `None` when it is not the route's.
fn spelled(route: &str, path: &str) -> Option<String> {
    let mut spelled = String::with_capacity(path.len());
    let mut given = path.split('/');
    for (index, segment) in route.split('/').enumerate() {
        let text = given.next()?;
        if index > 0 {
            spelled.push('/');
        }
        let fixed = segment.split_once('}').map_or(segment, |(_, after)| after);
        let (value, end) = text.split_at_checked(text.len().checked_sub(fixed.len())?)?;
        let is_parameter = fixed.len() < segment.len();
        if !end.eq_ignore_ascii_case(fixed) || value.is_empty() == is_parameter {
            return None;
        }
        spelled.push_str(value);
        spelled.push_str(fixed);
    }
    given.next().is_none().then_some(spelled)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATHS: Paths = Paths(&[
        "/api/tasks",
        "/api/tasks/{task_id}",
        "/api/operations",
        "/api/operations/{id}",
        "/api/operations/{id}/result",
        "/api/operations/{id}:cancel",
        "/api/operations/{id}:retry",
        "/api/health",
        "/api/openapi.json",
        "/api/docs/{file}",
        "/api/queue/messages/pop",
        "/api/queue/messages/{message_id}",
    ]);

    fn spelling(path: &str) -> Option<String> {
        PATHS.spelling(bare(path)?)
    }

    #[test]
    fn a_path_is_spelled_as_in_the_table() {
        for (path, expected) in [
            ("/API/Health", "/api/health"),
            ("/api/tasks/", "/api/tasks"),
            ("/Api/Tasks/AB%2F/", "/api/tasks/AB%2F"),
            ("/api/operations/X:CANCEL", "/api/operations/X:cancel"),
            ("/api/operations/X:y:Retry/", "/api/operations/X:y:retry"),
            ("/api/operations/X:STOP", "/api/operations/X:STOP"),
            ("/api/operations/:CANCEL", "/api/operations/:CANCEL"),
            ("/api/operations/x/Result", "/api/operations/x/result"),
            ("/api/OpenAPI.json", "/api/openapi.json"),
            ("/API/docs/LICENSE", "/api/docs/LICENSE"),
            ("/api/queue/Messages/POP", "/api/queue/messages/pop"),
            ("/api/queue/Messages/POPs", "/api/queue/messages/POPs"),
        ] {
            assert_eq!(spelling(path).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn what_is_no_route_of_the_host_is_left_alone() {
        for path in [
            "/",
            "//",
            "",
            "*",
            "/api//Health",
            "//API/health",
            "/api/health//",
            "/api/tasks//",
            "/API",
            "/api/",
            "/api/tasks/X/y",
            "/Queue_worker",
            "/queue_worker/",
            "/api/tas\u{212a}s/",
        ] {
            assert_eq!(spelling(path), None, "{path}");
        }
    }

    #[test]
    fn the_other_name_of_durable_functions_routes_is_a_beginning_of_whole_segments() {
        for (path, expected) in [
            (
                "/runtime/webhooks/durabletask/x/Y/",
                Some("/api/durabletask/x/Y/"),
            ),
            ("/Runtime/WebHooks/DurableTask/", Some("/api/durabletask/")),
            ("/runtime/webhooks/durabletask", None),
            ("/runtime/webhooks/durabletasks/x", None),
            ("/runtime/webhooks/é", None),
        ] {
            assert_eq!(aliased(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn an_ordinary_path_is_not_looked_at() {
        let id = "01a1fde5-dc8c-728c-86f8-01a2760d7385";
        for path in PATHS.0 {
            let path = path.replace("{task_id}", id).replace("{id}", id);
            assert_eq!(bare(&path.replace("{file}", "x.css")), None);
        }
    }

    /// Spelling is all that changes: no segment is added, taken away or decoded.
    fn assert_same_but_for_case(path: &str) {
        if let Some(spelling) = spelling(path) {
            let bare = path.strip_suffix('/').unwrap_or(path);
            assert!(spelling.eq_ignore_ascii_case(bare), "{path}: {spelling}");
            assert!(!spelling.ends_with('/'), "{path}: {spelling}");
        }
    }

    #[test]
    fn hostile_paths_keep_their_segments() {
        corpus::each_text(|text| {
            assert_same_but_for_case(text);
            assert_same_but_for_case(&format!("/API/tasks/{text}/"));
            assert_same_but_for_case(&format!("/api/operations/{text}:CANCEL"));
        });
    }

    proptest! {
        #[test]
        fn any_path_keeps_its_segments(path in "(/(API|[Tt]asks|operations|docs|[^/]{0,9}(:CANCEL)?)){0,5}/?") {
            assert_same_but_for_case(&path);
        }
    }
}
