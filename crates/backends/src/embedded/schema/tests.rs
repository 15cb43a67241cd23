//! How the file is opened, and how one of an earlier release becomes one of this.

use tempfile::TempDir;

use super::*;

/// A migration that somebody might write next.
const NEXT: &str = "ALTER TABLE records ADD COLUMN owner TEXT NOT NULL DEFAULT 'nobody';
                    CREATE INDEX records_by_owner ON records (owner);";

/// One that breaks off half-way: the first statement is good.
const BROKEN: &str = "DROP TABLE messages; INSERT INTO nowhere VALUES (1);";

struct File {
    folder: TempDir,
}

impl File {
    /// A file of version 1 with a record and a message.
    fn of_version_1() -> Self {
        let file = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let mut connection = Connection::open(file.path()).unwrap();
        migrate(&file.path(), &mut connection, &MIGRATIONS[..1]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO records VALUES ('a', 'etag', 'kind', 'queued', 1, 2, 0, 3, x'7b7d');
                 INSERT INTO messages (queue, inserted_at, visible_at, text) VALUES ('q', 1, 1, 'm');",
            )
            .unwrap();
        file
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("tasks.db")
    }

    fn migrate(&self, migrations: &[&str]) -> Result<Connection, String> {
        let mut connection = Connection::open(self.path()).unwrap();
        migrate(&self.path(), &mut connection, migrations)
            .map(|()| connection)
            .map_err(|error| error.to_string())
    }

    fn version(&self) -> u32 {
        one(
            &Connection::open(self.path()).unwrap(),
            "PRAGMA user_version",
        )
    }

    /// The names of the record and of the message's text.
    fn contents(&self) -> (String, String) {
        let connection = Connection::open(self.path()).unwrap();
        (
            one(&connection, "SELECT name FROM records"),
            one(&connection, "SELECT text FROM messages"),
        )
    }
}

fn one<T: rusqlite::types::FromSql>(connection: &Connection, query: &str) -> T {
    connection.query_row(query, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_commit_is_on_the_disk_before_it_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let connection = open_for_writing(&folder.path().join("tasks.db")).unwrap();
    assert_eq!(one::<String>(&connection, "PRAGMA journal_mode"), "wal");
    // 2 is FULL: the log is synced at every commit. 1, NORMAL, would sync it at checkpoints only.
    assert_eq!(one::<i64>(&connection, "PRAGMA synchronous"), 2);
    assert_eq!(one::<i64>(&connection, "PRAGMA fullfsync"), 1);
}

#[test]
fn the_data_survive_a_migration() {
    let file = File::of_version_1();
    for _ in 0..2 {
        let connection = file.migrate(&[MIGRATIONS[0], NEXT]).unwrap();
        let owner: String = one(&connection, "SELECT owner FROM records WHERE name = 'a'");
        assert_eq!(owner, "nobody");
        assert_eq!(file.version(), 2);
    }
    assert_eq!(file.contents(), ("a".to_owned(), "m".to_owned()));
}

#[test]
fn a_failed_migration_leaves_the_file_as_it_was_and_says_so() {
    let file = File::of_version_1();
    let refusal = file.migrate(&[MIGRATIONS[0], NEXT, BROKEN]).unwrap_err();
    assert_eq!(
        refusal,
        format!(
            "cannot bring {} from schema version 1 to 3: SQL logic error; the file is as it was: \
             go back to the release before, or make room and start again",
            file.path().display()
        )
    );
    assert_eq!(file.version(), 1);
    assert_eq!(file.contents(), ("a".to_owned(), "m".to_owned()));
    assert!(file.migrate(MIGRATIONS).is_ok());
}

#[test]
fn a_new_file_gets_every_migration() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = Connection::open(folder.path().join("new.db")).unwrap();
    migrate(folder.path(), &mut connection, &[MIGRATIONS[0], NEXT]).unwrap();
    assert_eq!(one::<u32>(&connection, "PRAGMA user_version"), 2);
}

#[test]
fn a_file_of_the_release_before_keeps_what_it_has_and_takes_what_is_new() {
    let file = File::of_version_1();
    let connection = file.migrate(&MIGRATIONS[..2]).unwrap();
    connection
        .execute_batch("UPDATE records SET error_code = 'Late', error_message = 'too late'")
        .unwrap();
    drop(connection);

    let connection = open_for_writing(&file.path()).unwrap();

    assert_eq!(file.version(), 6);
    let unknown = "SELECT due_at IS NULL AND labels IS NULL AND error_code = 'Late' FROM records";
    assert!(one::<bool>(&connection, unknown));
    connection
        .execute_batch("UPDATE records SET due_at = 7, labels = 'a,b'")
        .unwrap();
    assert_eq!(
        one::<String>(&connection, "SELECT labels FROM records"),
        "a,b"
    );
}

#[test]
fn a_file_of_version_3_keeps_its_data_and_gets_room_for_clients_own_messages() {
    let file = File::of_version_1();
    drop(file.migrate(&MIGRATIONS[..3]).unwrap());
    assert_eq!(file.version(), 3);

    let connection = file.migrate(&MIGRATIONS[..4]).unwrap();

    assert_eq!(file.version(), 4);
    assert_eq!(file.contents(), ("a".to_owned(), "m".to_owned()));
    assert_eq!(
        one::<u32>(&connection, "SELECT count(*) FROM raw_messages"),
        0
    );
}

#[test]
fn a_file_of_version_4_keeps_its_data_and_gets_room_for_tallies() {
    let file = File::of_version_1();
    drop(file.migrate(&MIGRATIONS[..4]).unwrap());
    assert_eq!(file.version(), 4);

    let connection = file.migrate(&MIGRATIONS[..5]).unwrap();

    assert_eq!(file.version(), 5);
    assert_eq!(file.contents(), ("a".to_owned(), "m".to_owned()));
    let entries = "SELECT count(*) FROM tallies JOIN tally_entries ON tally = id";
    assert_eq!(one::<u32>(&connection, entries), 0);
}

#[test]
fn the_tallies_of_a_file_of_version_5_count_as_old() {
    let file = File::of_version_1();
    let connection = file.migrate(&MIGRATIONS[..5]).unwrap();
    let open = "INSERT INTO tallies (name) VALUES ('x-a-t1.0')";
    connection.execute_batch(open).unwrap();
    drop(connection);

    let connection = file.migrate(&MIGRATIONS[..6]).unwrap();

    assert_eq!(file.version(), 6);
    let opened_at = "SELECT opened_at FROM tallies WHERE name = 'x-a-t1.0'";
    assert_eq!(one::<i64>(&connection, opened_at), 0);
}
