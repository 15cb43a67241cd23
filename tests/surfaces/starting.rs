//! The settings of these routes.

use crate::helpers::handler::Handler;

#[tokio::test]
async fn a_setting_that_is_wrong_stops_the_start_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let names = "there are fibonacci, process-data";
    for (setting, value, reason) in [
        ("ENQUEUE_KIND", "gone", names),
        ("ENQUEUE_TEXT_KIND", "gone", names),
        ("ACCEPTOR_KIND", "gone", names),
        (
            "PROCESS_DATA_PAUSE",
            "long",
            "is not a duration of up to 5m",
        ),
        ("PROCESS_DATA_PAUSE", "6m", "is not a duration of up to 5m"),
        (
            "STATUS_OF_UNKNOWN",
            "404",
            "is neither not-found nor pending",
        ),
        ("FILE_PROCESSING", "yes", "is neither true nor false"),
        ("Step2DataSubpath", "/abs", "is not the name of a folder"),
    ] {
        let settings = [(setting, value), ("BIND_ADDRESS", "127.0.0.1:0")];
        let ended = Handler::start(folder.path(), &settings).ended().await;
        assert_eq!(ended.code, Some(2), "{}", ended.stdout);
        let said = &ended.stdout;
        assert!(said.contains(setting) && said.contains(reason), "{said}");
    }
}
