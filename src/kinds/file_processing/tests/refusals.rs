//! What is refused, and what fails, each with its reason.

use serde_json::{Value, json};

use super::Task;

/// R2's activities gave null instead, and the reason was in the log alone.
#[test]
fn every_error_is_a_failure_with_its_cause() {
    let task = Task::new();
    task.write("raw/bad.csv", "a,b\n1\n");
    task.write("raw/empty.csv", "");
    assert_eq!(
        task.refusal("step1", "raw/9.csv"),
        "FileNotFound: there is no file \"raw/9.csv\""
    );
    let missing = json!({"step1_output_filename": "step1/9.csv"});
    assert_eq!(
        task.refusal("step2", missing),
        "FileNotFound: there is no file \"step1/9.csv\""
    );
    assert_eq!(
        task.refusal("step1", "raw/bad.csv"),
        "InvalidCsv: raw/bad.csv has other columns in line 2 than in its header"
    );
    assert_eq!(
        task.refusal("step1", "raw/empty.csv"),
        "InvalidCsv: raw/empty.csv has no header"
    );
}

#[test]
fn what_cannot_be_made_is_refused_by_its_field() {
    let task = Task::new();
    let generate = |path: &str, files: Value, rows: Value| {
        let input = json!({"rawDataPath": path, "numFiles": files, "numRows": rows});
        let refused = task.refusal("GenerateData", &input);
        assert_eq!(task.refusal("step0", &input), refused);
        refused.split(':').next().unwrap().to_owned()
    };
    for path in [
        "",
        "/abs",
        "abs/",
        "a//b",
        "../a",
        ".a",
        "a\\b",
        "step1",
        "step1/a",
        "out/step4",
    ] {
        assert_eq!(generate(path, json!(1), json!(1)), "rawDataPath", "{path}");
    }
    for wrong in [
        json!(-1),
        json!("-1"),
        json!("x"),
        json!(""),
        json!("1.0"),
        json!(1.5),
        json!(null),
        json!(true),
        json!([1]),
        json!(10_001),
        json!("99999999999999999999"),
        json!(u64::MAX),
    ] {
        assert_eq!(
            generate("raw", wrong.clone(), json!(1)),
            "numFiles",
            "{wrong}"
        );
    }
    for (files, rows) in [(1, json!(100_001)), (11, json!(100_000)), (1, json!("1e3"))] {
        assert_eq!(generate("raw", json!(files), rows), "numRows");
    }
    for (input, field) in [
        (json!({}), "rawDataPath"),
        (json!({"rawDataPath": "raw", "numFiles": 1}), "numRows"),
    ] {
        assert!(
            task.refusal("GenerateData", &input).starts_with(field),
            "{input}"
        );
    }
    // The folder of a step is a name, and not what a name begins with.
    task.run::<Value>(
        "GenerateData",
        json!({"rawDataPath": "step10", "numFiles": " 1 ", "numRows": 0}),
    );
    for name in ["", "/raw/0.csv", "raw/../0.csv", "raw/"] {
        assert!(
            task.refusal("step1", name)
                .starts_with(": the text is no name"),
            "{name}"
        );
        let input = json!({"step3_output_filename": name});
        assert!(
            task.refusal("step4", input)
                .starts_with("step3_output_filename: "),
            "{name}"
        );
    }
}
