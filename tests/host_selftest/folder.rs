//! Apps in folders of their own: what is published, unpacked somewhere.

use std::fs;
use std::path::Path;

use functions_host::{AppRoot, FunctionsHost};

use super::forwarding::get;
use super::without_queue;
use crate::helpers::eventually::eventually;
use crate::helpers::project::app;

/// The project as it is published, its executable under this name.
fn published(executable: &str) -> AppRoot {
    let app = app();
    let root: &Path = app.as_ref();
    fs::remove_file(root.join("local.settings.json")).unwrap();
    let host_json = fs::read_to_string(root.join("host.json")).unwrap();
    let named = host_json.replace(r#""handler""#, &format!(r#""{executable}""#));
    app.write("host.json", &named).unwrap();
    app.write(executable, "").unwrap();
    fs::rename(root.join("handler"), root.join(executable)).unwrap();
    app
}

#[actix_web::test]
async fn a_folder_is_started_with_its_own_executable_and_the_settings_given() {
    let app = published("bin/service");
    let executable = fs::canonicalize(app.as_ref().join("bin/service")).unwrap();
    let (options, queue) = without_queue();
    let options = options
        .setting("FUNCTIONS_WORKER_RUNTIME", "custom")
        .setting("BLOB_CONTAINER_NAME", queue.name());
    let host = FunctionsHost::start(app, options).await.unwrap();

    let process = host.worker_process().await;
    let running = fs::read_link(format!("/proc/{process}/exe")).unwrap();
    assert_eq!(running, executable);
    eventually("the service is healthy", async || {
        (get(&host, "/api/health").await.status == 200).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn an_executable_without_its_bit_is_not_started_and_the_host_stays_up() {
    let app = published("service");
    app.write("service", "#!/bin/sh\nexec sleep 600\n").unwrap();
    let (options, _) = without_queue();
    let host = FunctionsHost::launch(app, options).unwrap();
    let line = host.log_line("Failed to start Worker Channel").await;
    assert!(line.text.contains("Permission denied"), "{line:?}");
    assert_eq!(get(&host, "/api/nothing").await.status.as_u16(), 404);
}

#[test]
fn a_folder_that_is_none_or_lacks_a_setting_is_refused() {
    let fault = |app: &Path, options| {
        let launched = FunctionsHost::launch(app.to_owned(), options);
        launched.err().map(|fault| fault.to_string())
    };
    let (options, _) = without_queue();
    let nowhere = fault(Path::new("/nowhere"), options).unwrap();
    assert!(nowhere.starts_with("app root: "), "{nowhere}");

    let app = published("service");
    let storage = functions_host::HostOptions::new("UseDevelopmentStorage=true");
    assert_eq!(
        fault(app.as_ref(), storage).unwrap(),
        "queue_worker/function.json: app setting queue_name is missing"
    );
}
