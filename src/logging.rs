//! Logs, one line each, on stdout: the Functions host takes every line on stderr for an error.
//!
//! `2026-08-20T10:00:00.123Z INFO task succeeded task.id=… task.kind=fibonacci attempt=1 duration_ms=3`

use std::io::Write;

use env_logger::{Builder, Target};
use log::kv::{Error, Key, Value, VisitSource};

use crate::backends::SystemClock;
use crate::ports::Clock;
use crate::timestamp;

/// Starts logging. `filter` is in the syntax of `env_logger`, such as `info` or `debug,mio=warn`.
pub fn init(filter: &str) {
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
        .format(|line, record| {
            let time = timestamp::to_text(SystemClock.now());
            // A line break in an argument must not look like a line of ours.
            let text = record.args().to_string().replace(['\n', '\r'], " ");
            write!(line, "{time} {:5} {text}", record.level())?;
            record
                .key_values()
                .visit(&mut Fields(line))
                .map_err(std::io::Error::other)?;
            writeln!(line)
        })
        .init();
}

struct Fields<'a, W: Write>(&'a mut W);

impl<'kvs, W: Write> VisitSource<'kvs> for Fields<'_, W> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let text = value.to_string().replace(['\n', '\r'], " ");
        write!(self.0, " {key}={text}").map_err(Error::boxed)
    }
}
