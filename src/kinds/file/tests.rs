//! What a kinds file may say, and which line is refused of one that says something else.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use work::{BackOff, BlockingKind, Context, Failure, Policy, any};

use super::*;
use crate::kinds::command::ExitCodes;

/// A folder with a kinds file and two schemas.
struct Folder(TempDir);

impl Folder {
    fn with(text: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::write(folder.file(), text).unwrap();
        fs::write(folder.0.path().join("page.json"), r#"{"type": "object"}"#).unwrap();
        fs::write(folder.0.path().join("rubbish.json"), "{\n\"type\": }").unwrap();
        fs::write(folder.0.path().join("wrong.json"), r#"{"type": "objct"}"#).unwrap();
        folder
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("kinds.toml")
    }

    fn read(&self) -> Result<KindsFile, FileError> {
        KindsFile::read(&self.file())
    }
}

/// The line and the reason that are told of a file.
fn refusal(text: &str) -> (usize, String) {
    let folder = Folder::with(text);
    let refused = folder.read().unwrap_err();
    let begin = format!("{}:{}: ", folder.file().display(), refused.line.unwrap());
    assert_eq!(refused.to_string(), format!("{begin}{}", refused.reason));
    assert!(!refused.reason.contains('\n'), "{}", refused.reason);
    (refused.line.unwrap(), refused.reason)
}

#[test]
fn an_entry_says_what_a_kind_is() {
    let folder = Folder::with(
        r#"
[[kind]]
name = "thumbnail"
description = "Scales a picture"
input = "page.json"
output = "page.json"
time_limit = "5m"
attempts = 3
back_off = { first = "1s", longest = "1h" }
concurrency = 2
retention = "1d"
queue = "slow-tasks"
command = ["python3", "work/thumb.py"]
pass_env = ["MODEL_DIR"]
exit_codes = { permanent = [3, 4] }

[[kind]]
name = "translate"
url = "https://translator.example/work"
secret_env = "TRANSLATE_SECRET"
cancel_url = "https://translator.example/cancel"
"#,
    );
    let file = folder.read().unwrap();
    let [thumbnail, translate] = file.kinds() else {
        panic!("two kinds were told");
    };
    assert_eq!(thumbnail.name.as_str(), "thumbnail");
    let policy = Policy::default()
        .description("Scales a picture")
        .time_limit(Duration::from_secs(300))
        .attempts(3)
        .back_off(BackOff {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(3600),
            ..BackOff::default()
        })
        .concurrency(2)
        .retention(Duration::from_secs(86_400))
        .queue("slow-tasks");
    assert_eq!(thumbnail.policy, policy);
    let Means::Command(command) = &thumbnail.means else {
        panic!("it is a command");
    };
    assert_eq!(command.program, "python3");
    assert_eq!(command.arguments, ["work/thumb.py"]);
    assert_eq!(command.folder, folder.0.path().canonicalize().unwrap());
    assert_eq!(command.pass_env, ["MODEL_DIR"]);
    let exit_codes = ExitCodes {
        permanent: [3, 4].into(),
        ..ExitCodes::default()
    };
    assert_eq!(command.exit_codes, exit_codes);
    let schema = serde_json::json!({"type": "object"});
    assert_eq!(command.schemas.input(), Some(&schema));
    assert_eq!(command.schemas.output(), Some(&schema));

    assert_eq!(translate.policy, Policy::default());
    let Means::Url(translate) = &translate.means else {
        panic!("it is a URL");
    };
    assert_eq!(translate.url.as_str(), "https://translator.example/work");
    assert_eq!(translate.secret_env.as_deref(), Some("TRANSLATE_SECRET"));
    let cancel_url = translate.cancel_url.as_ref().unwrap();
    assert_eq!(cancel_url.as_str(), "https://translator.example/cancel");
}

#[test]
fn a_value_that_is_wrong_is_refused_with_its_line() {
    for (line, reason) in [
        (
            r#"tim_limit = "5m""#,
            "unknown field `tim_limit`, expected one of `name`",
        ),
        (
            r#"time_limit = "5 m inutes""#,
            "time_limit is not a duration, such as 30s, 5m or 7d",
        ),
        (r#"time_limit = "-5m""#, "time_limit is not a duration"),
        (r#"time_limit = "0s""#, "time_limit is zero"),
        (
            "time_limit = 5",
            "invalid type: integer `5`, expected a string",
        ),
        (r#"retention = "0s""#, "retention is zero"),
        (
            "attempts = 0",
            "attempts is not a whole number from 1 to 4294967295",
        ),
        (
            "attempts = -1",
            "attempts is not a whole number from 1 to 4294967295",
        ),
        (
            "attempts = 5000000000",
            "attempts is not a whole number from 1 to 4294967295",
        ),
        (
            "attempts = 1.5",
            "invalid type: floating point `1.5`, expected i64",
        ),
        (
            "concurrency = -2",
            "concurrency is not a whole number from 1",
        ),
        (
            r#"back_off = { first = "1h" }"#,
            "the longest wait of a back-off is shorter than its first",
        ),
        (r#"back_off = { first = "0s" }"#, "back_off.first is zero"),
        (
            "back_off = { factor = -1 }",
            "back_off.factor is not a whole number from 1",
        ),
        (
            "back_off = { max = 1 }",
            "unknown field `max`, expected one of `first`",
        ),
        (
            r#"queue = "Slow""#,
            "queue: \"Slow\" is not a name of 3 to 56",
        ),
        (
            r#"queue = "tasks-poison""#,
            "queue: \"tasks-poison\" is the name of a poison queue",
        ),
        (
            r#"pass_env = ["A=B"]"#,
            "pass_env has a name that no variable can have",
        ),
        (
            r#"pass_env = ["api_key"]"#,
            "pass_env has api_key, a secret of the service",
        ),
        (
            r#"pass_env = ["AzureWebJobsStorage"]"#,
            "pass_env has AzureWebJobsStorage, a secret of the service",
        ),
        (
            "exit_codes = { permanent = [0] }",
            "exit_codes has a code that is not a number from 1",
        ),
        (
            "exit_codes = { later = [256] }",
            "exit_codes has a code that is not a number from 1",
        ),
        (
            "exit_codes = { later = [65] }",
            "exit_codes has 65 both as permanent and as later",
        ),
        (
            r#"input = "none.json""#,
            "input: none.json cannot be read: No such file",
        ),
        (
            r#"output = "none.json""#,
            "output: none.json cannot be read: No such file",
        ),
        (
            r#"input = "rubbish.json""#,
            "input: rubbish.json is not JSON: expected value at line 2",
        ),
        (
            r#"input = "wrong.json""#,
            "input: wrong.json is no JSON Schema: ",
        ),
        (
            r#"output = "wrong.json""#,
            "output: wrong.json is no JSON Schema: ",
        ),
        (
            r#"secret_env = "X""#,
            "secret_env has a meaning only beside url",
        ),
        (
            r#"cancel_url = "https://a.example""#,
            "cancel_url has a meaning only beside url",
        ),
        (
            r#"url = "https://a.example""#,
            "the kind \"good\" has a command and a url",
        ),
        (r#"name = "again""#, "duplicate key"),
        ("name", "key with no value, expected `=`"),
    ] {
        let text =
            format!("# A comment.\n[[kind]]\nname = \"good\"\ncommand = [\"cat\"]\n{line}\n");
        let (at, told) = refusal(&text);
        assert!(told.starts_with(reason), "{line}: {told}");
        assert_eq!(at, 5, "{line}");
    }
}

#[test]
fn what_stands_at_the_wrong_place_is_refused() {
    for (text, line, reason) in [
        ("", 1, "missing field `kind`"),
        (
            "\n[[kinds]]\nname = \"a\"",
            2,
            "unknown field `kinds`, expected `kind`",
        ),
        ("[[kind]]\n\ncommand = [\"cat\"]", 1, "missing field `name`"),
        (
            "\n\n[[kind]]\nname = \"a\"\n",
            3,
            "the kind \"a\" has neither a command nor a url",
        ),
        (
            "[[kind]]\nname = \"a\"\ncommand = []",
            3,
            "command is empty",
        ),
        (
            "[[kind]]\nname = \"a\"\ncommand = [\"\"]",
            3,
            "command has an empty program",
        ),
        (
            "[[kind]]\nname = \"a\"\ncommand = \"cat\"",
            3,
            "invalid type: string \"cat\", expected a sequence",
        ),
        (
            "[[kind]]\nname = \"a\"\ncommand = [\"a\\u0000\"]",
            3,
            "command has a character",
        ),
        (
            "[[kind]]\nname = \"A b\"\ncommand = [\"cat\"]",
            2,
            "the name \"A b\" of a kind of work cannot be used",
        ),
        (
            "[[kind]]\nname = \"unknown\"\ncommand = [\"cat\"]",
            2,
            "a kind of work cannot be named \"unknown\"",
        ),
        (
            "[[kind]]\nname = \"a\"\ncommand = [\"cat\"]\n[[kind]]\nname = \"a\"\nurl = \"https://a.example\"",
            5,
            "two kinds of work have the name \"a\"",
        ),
        (
            "[[kind]]\nname = \"a\"\ncommand = [\"cat\"]\n[[kind]]\nname = \"A\"\nurl = \"https://a.example\"",
            5,
            "two kinds of work have names that differ in case alone: \"a\" and \"A\"",
        ),
        (
            "[[kind]]\nname = \"a\"\nurl = \"a.example\"",
            3,
            "url is not a URL, such as https://example.com/work",
        ),
        (
            "[[kind]]\nname = \"a\"\nurl = \"file:///etc\"",
            3,
            "url is not a URL",
        ),
        (
            "[[kind]]\nname = \"a\"\nurl = \"https://me:secret@a.example\"",
            3,
            "url is not a URL",
        ),
        (
            "[[kind]]\nname = \"a\"\nurl = \"https://a.example\"\nsecret_env = \"\"",
            4,
            "secret_env is a name",
        ),
        (
            "[[kind]]\nname = \"a\"\nurl = \"https://a.example\"\npass_env = [\"A\"]",
            4,
            "pass_env has a meaning only beside command",
        ),
        (
            "[[kind]]\nname = \"a\"\nurl = \"https://a.example\"\nexit_codes = {}",
            4,
            "exit_codes has a meaning only beside command",
        ),
        ("[[kind]\nname = \"a\"", 1, ""),
    ] {
        let (at, told) = refusal(text);
        assert!(told.starts_with(reason), "{text}: {told}");
        assert!(!told.contains("secret@"), "{told}");
        assert_eq!(at, line, "{text}: {told}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none.toml");
    let refused = KindsFile::read(&file).unwrap_err().to_string();
    let begin = format!("{}: cannot be read: No such file", file.display());
    assert!(refused.starts_with(&begin), "{refused}");
    fs::write(&file, [0xff]).unwrap();
    let refused = KindsFile::read(&file).unwrap_err().to_string();
    assert!(refused.contains("cannot be read: "), "{refused}");
}

struct Echo;

impl BlockingKind for Echo {
    type Input = String;
    type Output = String;

    fn run(&self, input: String, _: &Context) -> Result<String, Failure> {
        Ok(input)
    }
}

#[test]
fn a_secret_in_place_of_its_variable_is_not_told() {
    for (name, reason) in [
        (
            "NO_SUCH_VARIABLE",
            "secret_env names NO_SUCH_VARIABLE, which is not set",
        ),
        (
            "whsec_abc",
            "secret_env is no name of a variable that is set",
        ),
        (
            "PATH",
            "secret_env names a variable that is no secret to sign with",
        ),
    ] {
        let folder = Folder::with(&format!(
            "[[kind]]\nname = \"a\"\nurl = \"https://a.example\"\nsecret_env = \"{name}\""
        ));
        let register = folder.read().unwrap().register(Kinds::default(), false);
        let refused = register.err().unwrap();
        assert!(refused.reason.starts_with(reason), "{refused}");
    }
}

#[test]
fn a_kind_is_registered_unless_the_service_has_one_of_its_name() {
    let folder = Folder::with("\n[[kind]]\nname = \"echo\"\nattempts = 2\ncommand = [\"cat\"]\n");
    let register = |kinds| folder.read().unwrap().register(kinds, false);
    let kinds = register(Kinds::default()).unwrap().checked().unwrap();
    assert_eq!(kinds.get("echo").unwrap().policy.attempts, Some(2));
    for name in ["echo", "Echo"] {
        let own = Kinds::default().with(name, any::of_blocking(Echo), Policy::default());
        let refused = register(own).err().unwrap();
        assert_eq!(refused.line, Some(3));
        let reason = format!("the service has a kind named \"{name}\" of its own");
        assert_eq!(refused.reason, reason);
    }
}
