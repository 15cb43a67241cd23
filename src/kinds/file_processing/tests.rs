//! The kinds, one after another, over files in memory: R2's names, fields and values.

mod refusals;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use work::any::{Prepared, ResultLimit};
use work::{CancellationToken, ContextParts, Kinds, Told};

use super::*;
use ports::FileName;
use work::Context;

fn folders() -> FileProcessing {
    let folder = |name: &str| FileName::try_from(name).unwrap();
    FileProcessing {
        step1: folder("step1"),
        step2: folder("step2"),
        step3: folder("step3"),
        step4: folder("out/step4"),
    }
}

/// A task over some files.
struct Task(ContextParts);

impl Task {
    fn new() -> Self {
        Self(ContextParts::for_test())
    }

    /// Another one, over the same files.
    fn other(&self, task_id: &str) -> Self {
        Self(ContextParts {
            task_id: task_id.to_owned(),
            ..self.0.clone()
        })
    }

    fn cx(&self) -> Context {
        Context::new(self.0.clone())
    }

    fn file(&self, name: &str) -> String {
        let content = self.cx().blocking_files().read(name).unwrap();
        String::from_utf8(content).unwrap()
    }

    fn write(&self, name: &str, content: &str) {
        self.cx().blocking_files().write(name, content).unwrap();
    }

    /// What a kind gives, or its failure as `code: message`.
    fn ran(&self, kind: &str, input: impl Serialize) -> Result<Value, String> {
        let kinds = with_file_processing(Kinds::default(), &folders());
        let kind = kinds.get(kind).unwrap().kind.clone();
        let input = serde_json::value::to_raw_value(&input).unwrap();
        let refused = |invalid: work::InvalidInput| format!("{}: {invalid}", invalid.field);
        kind.check(&input).map_err(refused)?;
        let limit = ResultLimit::bytes(1 << 20);
        let result = match kind.prepare(&input).map_err(refused)? {
            Prepared::Quick(run) | Prepared::Blocking(run) => run(&self.cx(), limit),
            Prepared::Waiting(start) => {
                let runtime = tokio::runtime::Builder::new_current_thread().build();
                runtime.unwrap().block_on(start(self.cx(), limit))
            }
            Prepared::Workflow(_) => return Err("a workflow has turns".to_owned()),
        };
        match result.map_err(work::Failure::told) {
            Ok(json) => Ok(serde_json::from_str(json.get()).unwrap()),
            Err(Told::Permanent { code, message }) => Err(format!("{code}: {message}")),
            Err(other) => Err(format!("{other:?}")),
        }
    }

    fn run<T: DeserializeOwned>(&self, kind: &str, input: impl Serialize) -> T {
        serde_json::from_value(self.ran(kind, input).unwrap()).unwrap()
    }

    fn refusal(&self, kind: &str, input: impl Serialize) -> String {
        self.ran(kind, input).unwrap_err()
    }
}

fn rows(file: &str) -> Vec<&str> {
    file.lines().skip(1).collect()
}

#[test]
fn the_documented_call_gives_what_r2_gives() {
    let task = Task::new();
    let input = json!({"rawDataPath": "raw", "numFiles": "4", "numRows": "10"});
    let generated: Value = task.run("GenerateData", &input);
    assert_eq!(
        generated,
        json!({"rawDataPath": "raw", "numFiles": 4, "numRows": 10})
    );
    let names: Value = task.run("step0", &generated);
    assert_eq!(
        names,
        json!(["raw/0.csv", "raw/1.csv", "raw/2.csv", "raw/3.csv"])
    );

    let raw = task.file("raw/0.csv");
    let header = "pii_name,pii_email,pii_mobile,attribute1,attribute2,attribute3,attribute4,\
                  attribute5,attribute6,attribute7\n";
    assert!(
        raw.starts_with(header) && !raw.contains('\r') && raw.ends_with('\n'),
        "{raw}"
    );
    assert_eq!(rows(&raw).len(), 10);
    assert!((900..2_000).contains(&raw.len()), "{}", raw.len());
    assert_ne!(raw, task.file("raw/1.csv"));

    let mut told: Value = json!("raw/0.csv");
    for (step, output, rows_read, rows_written) in [
        ("step1", "step1/data_0.csv", 10, 100_000),
        ("step2", "step2/processed_data_0.csv", 100_000, 100),
        ("step3", "step3/interim_processed_data_0.csv", 100, 10),
        (
            "step4",
            "out/step4/final_interim_processed_data_0.csv",
            10,
            5,
        ),
    ] {
        told = task.run(step, &told);
        let filename = format!("{step}_output_filename");
        let expected = json!({filename: output, "col_count": 10, "row_count": rows_read});
        assert_eq!(told, expected);
        let file = task.file(output);
        assert!(file.starts_with(header), "{step}");
        assert_eq!(rows(&file).len(), rows_written, "{step}");
    }
}

#[test]
fn step1_writes_numbers_up_to_99998_in_every_column() {
    let task = Task::new();
    task.write("raw/a.csv", "a,b\n1,2\n");
    task.run::<Value>("step1", "raw/a.csv");
    let file = task.file("step1/data_a.csv");
    let values: Vec<Vec<u32>> = rows(&file)
        .into_iter()
        .map(|row| row.split(',').map(|value| value.parse().unwrap()).collect())
        .collect();
    assert!(values.iter().all(|row| row.len() == 2));
    let all = values.iter().flatten();
    let (least, most) = (all.clone().min().unwrap(), all.max().unwrap());
    assert!(
        *least < 100 && (99_000..99_999).contains(most),
        "{least} {most}"
    );
}

#[test]
fn a_repeated_attempt_writes_the_same_bytes_and_another_task_others() {
    let task = Task::new();
    let generate = json!({"rawDataPath": "raw", "numFiles": 1, "numRows": 50});
    let mut seen = Vec::new();
    for task in [&task, &task, &task.other("another")] {
        task.run::<Value>("GenerateData", &generate);
        let raw = task.file("raw/0.csv");
        // A step by itself, on a file that is the same for all.
        task.write(
            "step2/x.csv",
            &("a\n".to_owned() + &(0..99).map(|n| format!("{n}\n")).collect::<String>()),
        );
        let input = json!({"step2_output_filename": "step2/x.csv"});
        task.run::<Value>("step3", input);
        seen.push((raw, task.file("step3/interim_x.csv")));
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0].0, seen[2].0);
    assert_ne!(seen[0].1, seen[2].1);
}

#[test]
fn a_sample_has_rows_of_the_file_and_none_twice() {
    let task = Task::new();
    let all: Vec<_> = (0..200)
        .map(|number| format!("{number},\"x,\"\"{number}\""))
        .collect();
    task.write("step1/data_a.csv", &format!("n,text\n{}\n", all.join("\n")));
    task.run::<Value>(
        "step2",
        json!({"step1_output_filename": "step1/data_a.csv"}),
    );
    let file = task.file("step2/processed_data_a.csv");
    let sample: std::collections::BTreeSet<_> = rows(&file).into_iter().collect();
    assert_eq!(sample.len(), 100);
    assert!(
        sample
            .iter()
            .all(|row| all.iter().any(|known| known == row))
    );
    let in_order: Vec<_> = sample.into_iter().collect();
    assert_ne!(rows(&file), in_order, "the order is random");
}

/// R2's step failed for good, and the next one with a message about `NoneType`.
#[test]
fn a_file_with_fewer_rows_than_the_sample_is_taken_whole() {
    let task = Task::new();
    task.write("step3/x.csv", "a\n1\n2\n");
    let told: Step4Output = task.run("step4", json!({"step3_output_filename": "step3/x.csv"}));
    assert_eq!(told.row_count, 2);
    let file = task.file("out/step4/final_x.csv");
    let mut taken = rows(&file);
    taken.sort_unstable();
    assert_eq!(taken, ["1", "2"]);
}

/// R2 wrote a blank line, which its step1 could not read.
#[test]
fn a_file_of_no_rows_is_its_header() {
    let task = Task::new();
    let none = json!({"rawDataPath": "raw", "numFiles": 1, "numRows": 0});
    task.run::<Value>("GenerateData", none);
    assert_eq!(task.file("raw/0.csv").lines().count(), 1);
    let told: Step1Output = task.run("step1", "raw/0.csv");
    assert_eq!((told.col_count, told.row_count), (10, 0));
    let no_files = json!({"rawDataPath": "none", "numFiles": 0, "numRows": 1});
    task.run::<Value>("GenerateData", &no_files);
    assert_eq!(task.run::<Value>("step0", no_files), json!([]));
}

/// In R2 `ra` took in `raw/…`, and what an earlier run had left was processed again.
#[test]
fn step0_lists_the_folder_exactly_and_no_leftovers() {
    let task = Task::new();
    for name in [
        "raw/0.csv",
        "raw/1.csv",
        "raw/2.csv",
        "raw/10.csv",
        "raw/007.csv",
        "raw/mine.csv",
        "raw/mine.txt",
        "raw/deep/0.csv",
        "raw2/0.csv",
        "ra/0.csv",
    ] {
        task.write(name, "a\n");
    }
    let list = |folder: &str, files: u32| -> Value {
        task.run(
            "step0",
            json!({"rawDataPath": folder, "numFiles": files, "numRows": 1}),
        )
    };
    assert_eq!(
        list("raw", 2),
        json!(["raw/0.csv", "raw/007.csv", "raw/1.csv", "raw/mine.csv"])
    );
    assert_eq!(list("ra", 4), json!(["ra/0.csv"]));
    assert_eq!(list("r", 4), json!([]));
}

/// In R2 equal file names in different folders overwrote each other.
#[test]
fn files_in_more_than_one_folder_keep_their_folders() {
    let task = Task::new();
    for (input, output) in [
        ("raw/0.csv", "step1/data_0.csv"),
        ("0.csv", "step1/data_0.csv"),
        ("a/raw/0.csv", "step1/a/raw/data_0.csv"),
        ("b/raw/0.csv", "step1/b/raw/data_0.csv"),
    ] {
        task.write(input, "a\n1\n");
        let told: Step1Output = task.run("step1", input);
        assert_eq!(told.step1_output_filename, output, "{input}");
    }
    let two: Step2Output = task.run(
        "step2",
        json!({"step1_output_filename": "step1/a/raw/data_0.csv"}),
    );
    assert_eq!(
        two.step2_output_filename,
        "step2/a/raw/processed_data_0.csv"
    );
    let three: Step3Output = task.run("step3", two);
    assert_eq!(
        three.step3_output_filename,
        "step3/a/raw/interim_processed_data_0.csv"
    );
    let four: Step4Output = task.run("step4", three);
    let name = "out/step4/a/raw/final_interim_processed_data_0.csv";
    assert_eq!(four.step4_output_filename, name);
}

#[test]
fn a_stop_ends_the_work() {
    let stop = CancellationToken::new();
    stop.cancel();
    let task = Task(ContextParts {
        stop,
        ..ContextParts::for_test()
    });
    task.write("raw/0.csv", "a\n");
    let generate = json!({"rawDataPath": "raw", "numFiles": 1, "numRows": 1});
    assert_eq!(task.refusal("GenerateData", generate), "Stopped");
    assert_eq!(task.refusal("step1", "raw/0.csv"), "Stopped");
}
