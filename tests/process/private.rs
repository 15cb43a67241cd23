//! The data folder holds what clients sent: it is its owner's.

#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::helpers::handler::Serving;

const FILES: [&str; 5] = [
    "tasks.db",
    "tasks.db-wal",
    "tasks.db-shm",
    "tasks.lock",
    "api-key",
];

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Starts it without a key, in the widest file mode that a shell can ask for.
async fn started(folder: &Path) -> Serving {
    let serving = Serving::start_after("umask 000; unset API_KEY", folder);
    // A record, so that the log of the database is there.
    serving.client.run(r#"{"number": 24}"#).await;
    serving
}

#[tokio::test]
async fn a_folder_that_is_made_is_its_owners_with_all_that_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let serving = started(folder.path()).await;
    let data = folder.path().join("data");
    assert_eq!(mode(&data), 0o700);
    for file in FILES {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    let said = serving.said_before.join("\n");
    assert!(!said.contains("chmod"), "{said}");
}

#[tokio::test]
async fn files_that_were_open_are_closed_and_a_folder_that_was_there_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    started(folder.path()).await.stop("KILL").await;
    let data = folder.path().join("data");
    fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
    for file in FILES {
        fs::set_permissions(data.join(file), Permissions::from_mode(0o664)).unwrap();
    }

    let serving = started(folder.path()).await;

    for file in FILES {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    assert_eq!(mode(&data), 0o755);
    let said = serving.said_before.join("\n");
    assert!(said.contains("chmod 700 ./data"), "{said}");
}
