//! Logs, one line each, on stdout: the Functions host takes every line on stderr for an error.
//!
//! ```text
//! 2026-08-20T10:00:00.123Z INFO  task succeeded task.id=… task.kind=fibonacci attempt=1 duration_ms=3
//! {"time":"2026-08-20T10:00:00.123Z","level":"INFO","message":"task succeeded","task.id":"…",…}
//! ```

use std::io::{self, Write};

use env_logger::{Builder, Target};
use log::Record;
use log::kv::{Error, Key, Value, VisitSource};
use serde_json::Map;

use crate::backends::SystemClock;
use crate::config::LogFormat;
use crate::ports::Clock;
use crate::timestamp;

/// Starts logging. `filter` is in the syntax of `env_logger`, such as `info` or `debug,mio=warn`.
pub fn init(filter: &str, format: LogFormat) {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        // The message may repeat a client's data; the place is what is needed to find the defect.
        log::error!("a defect at {place} broke off what was under way");
    }));
    Builder::new()
        // actix tells of its threads at info, the storage client of each request.
        .filter_module("actix_server", log::LevelFilter::Warn)
        .filter_module("azure_core", log::LevelFilter::Warn)
        .filter_module("typespec_client_core", log::LevelFilter::Warn)
        .parse_filters(filter)
        .target(Target::Stdout)
        .format(move |line, record| {
            let time = timestamp::to_text(SystemClock.now());
            match format {
                LogFormat::Text => write_text(line, &time, record),
                LogFormat::Json => write_json(line, &time, record),
            }
        })
        .init();
}

fn write_text(line: &mut impl Write, time: &str, record: &Record<'_>) -> io::Result<()> {
    write!(
        line,
        "{time} {:5} {}",
        record.level(),
        one_line(&record.args().to_string())
    )?;
    for (key, value) in fields(record)? {
        let text = value.as_str().map_or_else(|| value.to_string(), one_line);
        write!(line, " {key}={text}")?;
    }
    writeln!(line)
}

fn write_json(line: &mut impl Write, time: &str, record: &Record<'_>) -> io::Result<()> {
    let mut object = Map::new();
    object.insert("time".to_owned(), time.into());
    object.insert("level".to_owned(), record.level().as_str().into());
    object.insert("message".to_owned(), record.args().to_string().into());
    object.extend(fields(record)?);
    serde_json::to_writer(&mut *line, &object)?;
    writeln!(line)
}

/// A line break in an argument must not look like a line of ours.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// The fields that say something: an empty one is a trace that the client did not send.
fn fields(record: &Record<'_>) -> io::Result<Vec<(String, serde_json::Value)>> {
    let mut fields = Fields(Vec::new());
    record
        .key_values()
        .visit(&mut fields)
        .map_err(io::Error::other)?;
    Ok(fields.0)
}

struct Fields(Vec<(String, serde_json::Value)>);

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let json = match value.to_u64() {
            Some(number) => number.into(),
            None => serde_json::Value::String(value.to_string()),
        };
        if json != "" {
            self.0.push((key.to_string(), json));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use log::Level;

    use super::*;

    fn written(write: fn(&mut Vec<u8>, &str, &Record<'_>) -> io::Result<()>) -> String {
        let fields = [
            ("task.id", Value::from("a\nb")),
            ("attempt", 2.into()),
            ("trace.id", "".into()),
        ];
        let source: &[(&str, Value<'_>)] = &fields;
        let mut line = Vec::new();
        let record = Record::builder()
            .args(format_args!("forged\r\nline"))
            .level(Level::Info)
            .key_values(&source)
            .build();
        write(&mut line, "T", &record).unwrap();
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn a_record_is_one_line_of_text() {
        assert_eq!(
            written(write_text),
            "T INFO  forged  line task.id=a b attempt=2\n"
        );
    }

    #[test]
    fn a_record_is_one_object_for_machines() {
        let line = written(write_json);
        assert_eq!(line.matches('\n').count(), 1);
        let object: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(object["message"], "forged\r\nline");
        assert_eq!(
            (&object["task.id"], &object["attempt"]),
            (&"a\nb".into(), &2.into())
        );
        assert!(object.get("trace.id").is_none());
    }
}
