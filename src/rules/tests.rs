//! What a file of rules may say, and which rule and key is refused of one that says something else.

use super::*;

/// What is told of a file with this name and text.
fn read_as(name: &str, text: impl AsRef<[u8]>) -> Result<Rules, RulesError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, text).unwrap();
    let queue = ports::QueueName::try_from("tasks").unwrap();
    let mut config = Config::for_tests(folder.path(), queue);
    config.dead_letter_rules = Some(file);
    read(&config).map(Option::unwrap)
}

#[test]
fn a_file_beside_that_of_the_kinds_is_found_unless_the_setting_names_another() {
    let folder = tempfile::tempdir().unwrap();
    let queue = ports::QueueName::try_from("tasks").unwrap();
    let mut config = Config::for_tests(folder.path(), queue);
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let rule =
        |name: &str| format!(r#"{{"rule": [{{"name": "{name}", "replay": {{"at_most": 1}}}}]}}"#);
    write("dead-letter-rules.json", &rule("by-json"));
    let told = |config: &Config| format!("{:?}", read(config).unwrap().unwrap());
    // Without a file of kinds there is no place to look at.
    assert!(read(&config).unwrap().is_none());
    config.kinds_file = Some(folder.path().join("kinds.toml"));
    assert!(told(&config).contains("by-json"));

    write("dead-letter-rules.toml", &with("replay = { at_most = 1 }"));
    let two = read(&config).unwrap_err().to_string();
    assert!(
        two.contains("dead-letter-rules.toml: is not the only one"),
        "{two}"
    );
    assert!(two.ends_with("dead-letter-rules.json as well"), "{two}");
    write("other.json", &rule("by-other"));
    config.dead_letter_rules = Some(folder.path().join("other.json"));
    assert!(told(&config).contains("by-other"));

    config.dead_letter_rules = None;
    fs::remove_file(folder.path().join("dead-letter-rules.json")).unwrap();
    assert!(told(&config).contains("\"it\""));
    write("dead-letter-rules.toml", "rule = 1");
    let wrong = read(&config).unwrap_err();
    assert_eq!(wrong.file, folder.path().join("dead-letter-rules.toml"));
    fs::remove_file(wrong.file).unwrap();
    assert!(read(&config).unwrap().is_none());
}

#[cfg(unix)]
#[test]
fn a_file_beside_that_of_the_kinds_that_cannot_be_read_is_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let queue = ports::QueueName::try_from("tasks").unwrap();
    let mut config = Config::for_tests(folder.path(), queue);
    config.kinds_file = Some(folder.path().join("kinds.toml"));
    let rules = folder.path().join("dead-letter-rules.json");
    std::os::unix::fs::symlink(folder.path().join("gone"), &rules).unwrap();
    let refused = read(&config).unwrap_err();
    assert_eq!(refused.file, rules);
    assert!(refused.reason.starts_with("cannot be read: "), "{refused}");
    // What the place is like cannot be seen: here it is below a file.
    config.kinds_file = Some(rules.join("kinds.toml"));
    fs::remove_file(&rules).unwrap();
    fs::write(&rules, "").unwrap();
    let refused = read(&config).unwrap_err();
    assert_eq!(refused.file, rules.join("dead-letter-rules.toml"));
    assert!(refused.reason.starts_with("cannot be read: "), "{refused}");
}

fn refusal(text: &str) -> String {
    read_as("rules.toml", text).unwrap_err().reason
}

/// A rule with this line, beside what else it needs.
fn with(line: &str) -> String {
    format!("[[rule]]\nname = \"it\"\n{line}\n")
}

const R3: &str = r#"
[[rule]]
name = "repair"
match = { input = { "/taskType" = "certainTaskType" } }
repair = { url = "https://example.com/FixDeadletterQueueMessage" }

[[rule]]
name = "tell-the-team"
mail = { server = "smtps://smtp.example.com", from = "Tasks <tasks@org.com>", to = "devs@org.com", subject = "Deadqueue letter received" }
"#;

#[test]
fn a_file_says_what_is_done_in_which_order() {
    let rules = format!("{:?}", read_as("rules.toml", R3).unwrap());
    let [repair, mail] = ["repair", "tell-the-team"].map(|name| rules.find(name).unwrap());
    assert!(
        repair < mail && rules.contains("certainTaskType"),
        "{rules}"
    );
    let json = r#"{"rule": [
        {"name": "again", "match": {"code": "NoConnection"}, "replay": {"after": "10m", "at_most": 3}},
        {"name": "rest", "notify": {"url": "http://127.0.0.1:9/x", "every": "5m"}}
    ]}"#;
    let rules = format!("{:?}", read_as("rules.json", json).unwrap());
    assert!(
        rules.contains("again") && rules.contains("notify"),
        "{rules}"
    );
}

#[test]
fn a_rule_that_is_wrong_is_named_with_its_key() {
    let replay = "replay = { at_most = 1 }";
    for (text, reason) in [
        (String::new(), "rule is missing"),
        ("rule = []".to_owned(), "rule is not a list"),
        ("rule = [1]".to_owned(), "rule 1: it is not a table"),
        (format!("{}other = 1", "extra = 1\n"), "rule is missing"),
        (with(""), "rule 1 \"it\": it has none of replay"),
        (
            with(&format!("{replay}\nwhen = 1")),
            "rule 1 \"it\": when is a key that nobody knows",
        ),
        (
            with(&format!("{replay}\nnotify = {{ url = \"https://a\" }}")),
            "it has more than one of",
        ),
        (
            "[[rule]]\nreplay = { at_most = 1 }".to_owned(),
            "rule 1: name is missing",
        ),
        (
            "[[rule]]\nname = \"a b\"\nreplay = { at_most = 1 }".to_owned(),
            "name has other characters",
        ),
        (
            format!("{}{}", with(replay), with(replay)),
            "rule 2 \"it\": another rule has the name",
        ),
        (with("replay = 3"), "replay is not a table"),
        (with("replay = {}"), "replay.at_most is missing"),
        (
            with("replay = { at_most = 0 }"),
            "replay.at_most is not a whole number",
        ),
        (
            with("replay = { at_most = 1, after = \"soon\" }"),
            "replay.after is not a duration",
        ),
        (
            with("replay = { at_most = 1, after = \"2y\" }"),
            "replay.after is longer",
        ),
        (
            with("replay = { at_most = 1, times = 2 }"),
            "replay.times is a key that nobody knows",
        ),
        (with(&format!("{replay}\nmatch = {{}}")), "match is empty"),
        (
            with(&format!("{replay}\nmatch = {{ word = \"a\" }}")),
            "match.word is a key",
        ),
        (
            with(&format!("{replay}\nmatch = {{ text = \"\" }}")),
            "match.text is empty",
        ),
        (
            with(&format!("{replay}\nmatch = {{ kind = 1 }}")),
            "match.kind is not a text",
        ),
        (
            with(&format!("{replay}\nmatch = {{ input = {{ a = 1 }} }}")),
            "match.input has \"a\", which is no JSON pointer",
        ),
        (
            with(&format!(
                "{replay}\nmatch = {{ input = {{ \"/a~2\" = 1 }} }}"
            )),
            "which is no JSON pointer",
        ),
        (
            with(&format!("{replay}\nmatch = {{ input = {{}} }}")),
            "match.input is empty",
        ),
        (
            with("repair = { url = \"ftp://a\" }"),
            "repair.url is not a URL",
        ),
        (
            with("repair = { url = \"https://u:p@a/\" }"),
            "repair.url is not a URL",
        ),
        (
            with("repair = { url = \"http://example.com/\" }"),
            "repair.url cannot be called: url is plain http",
        ),
        (with("repair = {}"), "repair.url is missing"),
        (
            with("repair = { url = \"https://a\", secret_env = \"NO_SUCH_VARIABLE\" }"),
            "repair.secret_env names NO_SUCH_VARIABLE, which is not set",
        ),
        (
            with("repair = { url = \"https://a\", secret_env = \"whsec_abc\" }"),
            "repair.secret_env is no name of a variable that is set",
        ),
        (
            with("repair = { url = \"https://a\", secret_env = \"PATH\" }"),
            "repair.secret_env names a variable that is no secret",
        ),
        (
            with("repair = { url = \"https://a\", every = \"1m\" }"),
            "repair.every is a key that nobody knows",
        ),
        (
            with("notify = { url = \"https://a\", every = \"0s\" }"),
            "notify.every is zero",
        ),
        (
            with("notify = { url = \"https://a\", every = \"500ms\" }"),
            "notify.every is not a duration",
        ),
    ] {
        let refused = refusal(&text);
        assert!(refused.contains(reason), "{text}\n{refused}");
    }
    assert!(refusal("[[rule]").contains("is not TOML"));
    let refused = read_as("rules.json", "{").unwrap_err();
    assert!(
        refused.to_string().contains("rules.json: is not JSON"),
        "{refused}"
    );
}

#[test]
fn a_file_that_is_rubbish_is_refused_without_a_line_of_it() {
    let rule = r#"{"name": "it", "replay": {"at_most": 1}}"#;
    for (name, text, reason) in [
        (
            "rules.toml",
            "whsec_x".repeat(100_000).into_bytes(),
            "is not TOML: ",
        ),
        (
            "rules.toml",
            b"\n\n[[rule]]\nname = whsec_x".to_vec(),
            "in line 4",
        ),
        (
            "rules.toml",
            b"[[rule]]\nname = 'a'\nname = 'b'".to_vec(),
            "duplicate key, in line 3",
        ),
        (
            "rules.toml",
            vec![b'#'; 10_000_000],
            "has 10000000 bytes, more than 1048576",
        ),
        (
            "rules.json",
            vec![b'['; 1_000_000],
            "is not JSON: recursion limit exceeded",
        ),
        (
            "rules.toml",
            b"\xff\xfe".to_vec(),
            "cannot be read: stream did not contain valid UTF-8",
        ),
        ("rules.json", vec![], "is not JSON: EOF"),
        ("rules.json", b"null".to_vec(), "it is not a table"),
        (
            "rules.json",
            format!(r#"{{"rule": [{rule}], "rule": []}}"#).into_bytes(),
            r#"the key "rule" is there twice"#,
        ),
        (
            "rules.json",
            br#"{"rule": [{"name": "it", "replay": {"at_most": 1, "at_most": 9}}]}"#.to_vec(),
            r#"the key "at_most" is there twice at line 1"#,
        ),
    ] {
        let refused = read_as(name, &text).unwrap_err().reason;
        assert!(refused.contains(reason), "{refused}");
        assert!(
            !refused.contains("whsec_x") && refused.len() < 200,
            "{refused}"
        );
    }
    for (name, text) in [
        (
            "rules.toml",
            "\u{feff}".to_owned() + &with("replay = { at_most = 1 }"),
        ),
        ("rules.json", format!("\u{feff}{{\"rule\": [{rule}]}}")),
    ] {
        assert!(read_as(name, &text).is_ok(), "{name}");
    }
}

#[test]
fn nobody_waits_longer_than_a_dead_letter_is_kept() {
    // In tests that is an hour.
    for (line, key) in [
        ("replay = { at_most = 1, after = \"1h\" }", "replay.after"),
        (
            "notify = { url = \"https://a\", every = \"2h\" }",
            "notify.every",
        ),
        (
            "mail = { server = \"smtps://a\", from = \"a@a.example\", to = \"a@a.example\", every = \"1d\" }",
            "mail.every",
        ),
    ] {
        let refused = refusal(&with(line));
        let reason = format!("rule 1 \"it\": {key} is as long as RESULT_RETENTION");
        assert!(refused.starts_with(&reason), "{refused}");
    }
    assert!(
        read_as(
            "rules.toml",
            with("replay = { at_most = 1, after = \"59m\" }")
        )
        .is_ok()
    );
}

#[test]
fn a_mail_that_cannot_be_sent_is_refused_with_its_key() {
    let mail = |keys: &str| with(&format!("mail = {{ {keys} }}"));
    let whole = "server = \"smtps://a.example\", from = \"a@a.example\", to = [\"b@a.example\"]";
    assert!(read_as("rules.toml", mail(whole)).is_ok());
    for (keys, reason) in [
        (String::new(), "mail.from is missing"),
        (
            whole.replace("a@a.example", "nobody"),
            "mail.from is no mail address",
        ),
        (
            whole.replace("[\"b@a.example\"]", "[]"),
            "mail.to is no mail address",
        ),
        (
            whole.replace("[\"b@a.example\"]", "[1]"),
            "mail.to is no mail address",
        ),
        (
            whole.replace("smtps://a.example", "a.example"),
            "mail.server is no mail server",
        ),
        (
            whole.replace("smtps://", "https://"),
            "mail.server is no mail server",
        ),
        (
            whole.replace("smtps://", "smtps://u:p@"),
            "mail.server is no mail server",
        ),
        (
            whole.replace("smtps://a.example", "smtps://b\u{fc}cher.example"),
            "mail.server is no mail server",
        ),
        (
            format!("{whole}, user = \"a\""),
            "mail.password_env is missing",
        ),
        (
            format!("{whole}, user = \"a\", password_env = \"hunter2\""),
            "mail.password_env is no name of a variable that is set",
        ),
        (
            format!("{whole}, password_env = \"PATH\""),
            "mail.user is missing",
        ),
        (
            format!("{whole}, subject = \"a\\nb\""),
            "mail.subject has a line break",
        ),
        (
            format!("{whole}, cc = \"c@a.example\""),
            "mail.cc is a key that nobody knows",
        ),
    ] {
        let refused = refusal(&mail(&keys));
        assert!(refused.contains(reason), "{keys}\n{refused}");
    }
}
