//! Logs, one line each, on stdout: the Functions host takes every line on stderr for an error.
//!
//! ```text
//! 2026-08-20T10:00:00.123Z INFO  task succeeded task.id=… task.kind=fibonacci attempt=1 duration_ms=3
//! {"time":"2026-08-20T10:00:00.123Z","level":"INFO","message":"task succeeded","task.id":"…",…}
//! ```

mod buffer;
mod escaped;

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use env_logger::{Builder, Target};
use log::kv::{Error, Key, Value, VisitSource};
use log::{Level, Record};
use time::OffsetDateTime;

use crate::config::LogFormat;
use buffer::{Buffer, Entry};
use escaped::{Json, Line, Word};
use ports::timestamp::Text;

pub use buffer::Flush;

static HAS_BEGUN: AtomicBool = AtomicBool::new(false);

/// Whether there is a log.
pub(crate) fn has_begun() -> bool {
    HAS_BEGUN.load(Relaxed)
}

/// How many lines of the log were dropped so far, because nobody read them.
pub fn dropped_lines() -> u64 {
    buffer::dropped()
}

/// Starts logging on stdout, which nobody waits for. `filter` is in the syntax of `env_logger`, such
/// as `info` or `debug,mio=warn`.
pub fn init(filter: &str, format: LogFormat) -> Flush {
    init_to(io::stdout(), filter, format)
}

/// Starts logging to somewhere else.
pub fn init_to(stream: impl Write + Send + 'static, filter: &str, format: LogFormat) -> Flush {
    let buffer = Buffer::start(stream, move |count| lament(format, count))
        .expect("a process that can have no thread cannot serve");
    let entry = Entry(Arc::clone(&buffer));
    Builder::new()
        // actix tells of its threads at info, the storage client of each request.
        .filter_module("actix_server", log::LevelFilter::Warn)
        .filter_module("azure_core", log::LevelFilter::Warn)
        .filter_module("typespec_client_core", log::LevelFilter::Warn)
        .parse_filters(filter)
        .target(Target::Pipe(Box::new(entry)))
        .format(move |line, record| write_line(line, format, record))
        .init();
    HAS_BEGUN.store(true, Relaxed);
    Flush(buffer)
}

fn write_line(line: &mut impl Write, format: LogFormat, record: &Record<'_>) -> io::Result<()> {
    let time = Text(OffsetDateTime::now_utc());
    match format {
        LogFormat::Text => write_text(line, &time, record),
        LogFormat::Json => write_json(line, &time, record),
    }
}

/// The line that stands for those that were dropped.
fn lament(format: LogFormat, count: u64) -> Vec<u8> {
    let mut line = Vec::new();
    // Writing to memory cannot fail.
    let _ = write_line(
        &mut line,
        format,
        &Record::builder()
            .level(Level::Warn)
            .target(module_path!())
            .args(format_args!(
                "{count} lines of the log were dropped here, because nobody read them"
            ))
            .build(),
    );
    line
}

fn write_text(
    line: &mut impl Write,
    time: &(impl Display + ?Sized),
    record: &Record<'_>,
) -> io::Result<()> {
    write!(line, "{time} {:5} {}", record.level(), Line(record.args()))?;
    each_field(record, |key, value| write!(line, " {key}={}", Word(value)))?;
    writeln!(line)
}

fn write_json(
    line: &mut impl Write,
    time: &(impl Display + ?Sized),
    record: &Record<'_>,
) -> io::Result<()> {
    let (level, message) = (record.level(), Json(record.args()));
    write!(
        line,
        r#"{{"time":"{time}","level":"{level}","message":{message}"#
    )?;
    each_field(record, |key, value| match value.to_u64() {
        Some(number) => write!(line, ",{}:{number}", Json(key)),
        None => write!(line, ",{}:{}", Json(key), Json(value)),
    })?;
    writeln!(line, "}}")
}

/// Gives the fields that say something: an empty one is a trace that the client did not send.
fn each_field(
    record: &Record<'_>,
    write: impl FnMut(&Key<'_>, &Value<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let fields = record.key_values();
    fields.visit(&mut Fields(write)).map_err(io::Error::other)
}

struct Fields<F>(F);

impl<'kvs, F> VisitSource<'kvs> for Fields<F>
where
    F: FnMut(&Key<'_>, &Value<'_>) -> io::Result<()>,
{
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        if !escaped::is_empty(&value) {
            self.0(&key, &value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use log::Level;
    use proptest::prelude::*;

    use super::*;

    fn written(
        write: fn(&mut Vec<u8>, &str, &Record<'_>) -> io::Result<()>,
        message: &str,
        field: &str,
    ) -> String {
        let fields = [
            ("task.id", Value::from(field)),
            ("attempt", 2.into()),
            ("trace.id", "".into()),
        ];
        let source: &[(&str, Value<'_>)] = &fields;
        let mut line = Vec::new();
        write(
            &mut line,
            "T",
            &Record::builder()
                .args(format_args!("{message}"))
                .level(Level::Info)
                .key_values(&source)
                .build(),
        )
        .unwrap();
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn a_record_is_one_line_of_text() {
        assert_eq!(
            written(write_text, "forged\r\nline", "a"),
            "T INFO  forged\\r\\nline task.id=a attempt=2\n"
        );
    }

    #[test]
    fn a_field_cannot_look_like_two() {
        assert_eq!(
            written(write_text, "done", "a attempt=\"1\"\n\u{1b}[31m"),
            "T INFO  done task.id=\"a attempt=\\\"1\\\"\\n\\u{1b}[31m\" attempt=2\n"
        );
    }

    #[test]
    fn a_record_is_one_object_for_machines() {
        let line = written(write_json, "forged\r\nline", "a\nb");
        assert_eq!(line.matches('\n').count(), 1);
        let object: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(object["message"], "forged\r\nline");
        assert_eq!(
            (&object["task.id"], &object["attempt"]),
            (&"a\nb".into(), &2.into())
        );
        assert!(object.get("trace.id").is_none());
    }

    proptest! {
        #[test]
        fn nothing_that_is_logged_breaks_a_line(
            message in "\\PC*|[\u{0}-\u{9f}]*|[\u{2000}-\u{2070}\u{feff}\u{61c}\\\\\"]*",
            field in "\\PC*|[\u{0}-\u{9f}]*|[\u{2000}-\u{2070}\u{feff}\u{61c}\\\\\"]*",
        ) {
            let text = written(write_text, &message, &field);
            let json = written(write_json, &message, &field);
            for line in [&text, &json] {
                let line = line.strip_suffix('\n').unwrap();
                prop_assert!(line.chars().all(escaped::is_safe), "{line:?}");
            }
            let object: serde_json::Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&object["message"], &message);
        }
    }
}
