//! The problems of each route, whole.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use async_request_reply::api::ROUTES;
use ports::Secret;

use crate::helpers::app::spawn_app_with;

#[tokio::test]
async fn each_route_refuses_in_the_same_words_as_ever() {
    let app = spawn_app_with(|config| config.api_keys = vec![Secret::new("s3cret")]);
    let mut all = String::new();
    for route in ROUTES.iter() {
        let path = |id: &str| {
            let path = route
                .path
                .replace("{task_id}", id)
                .replace("{id}", id)
                .replace("{message_id}", id);
            path.replace("{file}", "nothing")
        };
        // An id that may be one, a text that is none, no key, no body, a method that nobody has.
        let unknown = "01a1fde5-dc8c-728c-86f8-01a2760d7385";
        let methods = route.methods.iter().map(|method| method.as_str());
        for method in methods.filter(|method| *method != "HEAD").chain(["PATCH"]) {
            for path in [path(unknown), path("no-id")] {
                for key in ["", "s3cret"] {
                    let request = app.client.request(method, &path);
                    let request = match key {
                        "" => request,
                        key => request.header("x-functions-key", key),
                    };
                    let reply = app.client.send(request).await;
                    let text = format!("{}\n\n", reply.transcript());
                    if reply.status >= 400 && !all.contains(&text) {
                        write!(all, "# {method} {}\n{text}", route.path).unwrap();
                    }
                }
            }
        }
    }
    insta::assert_snapshot!("problems_of_each_route", all);
}

#[test]
fn every_snapshot_is_a_tests() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/snapshots");
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.eq(["integration__api__problems__problems_of_each_route.snap"]));
}
