//! The work of the sample with Celery (R4): it waits, and tells what it was given. It is here for the
//! clients of that sample, and to be replaced: by a kind of one's own, which `ENQUEUE_KIND` names.

mod python;

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;
use tokio::time::sleep;

use work::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use work::{Context, Failure, Kind};

use self::python::printed;

/// Waits, and tells what it was given.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProcessData {
    /// How long the work seems to take.
    pub(super) pause: Duration,
}

/// Any JSON object, as it was sent.
#[derive(Debug)]
pub(super) struct Data(Box<RawValue>);

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let data = Box::<RawValue>::deserialize(deserializer)?;
        if data.get().starts_with('{') {
            Ok(Self(data))
        } else {
            Err(de::Error::custom("the input must be a JSON object"))
        }
    }
}

impl JsonSchema for Data {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Data".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "Any JSON object.", "type": "object" })
    }
}

impl Kind for ProcessData {
    type Input = Data;
    type Output = String;

    async fn run(&self, Data(data): Data, cx: &Context) -> Result<String, Failure> {
        tokio::select! {
            () = cx.stopped() => cx.check_stop()?,
            () = sleep(self.pause) => {}
        }
        Ok(format!("Processed data: {}", printed(data.get())))
    }
}

#[cfg(test)]
mod tests {
    use work::any::{self, AnyKind};
    use work::{CancellationToken, ContextParts};

    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn the_pause_is_as_long_as_it_is_set_and_takes_no_thread() {
        let begun = tokio::time::Instant::now();
        let work = ProcessData { pause: LONG };
        let (cx, other) = (Context::for_test(), Context::for_test());
        // Side by side, on the one thread of this test.
        let (one, _) = tokio::join!(
            work.run(Data(raw(r#"{"key1": "value1", "n": 1}"#)), &cx),
            work.run(Data(raw("{}")), &other)
        );
        assert_eq!(one.unwrap(), "Processed data: {'key1': 'value1', 'n': 1}");
        assert_eq!(begun.elapsed(), LONG);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_the_pause() {
        let stop = CancellationToken::new();
        let cx = Context::new(ContextParts {
            stop: stop.clone(),
            ..ContextParts::for_test()
        });
        stop.cancel();
        let begun = tokio::time::Instant::now();
        let work = ProcessData { pause: LONG };
        assert!(work.run(Data(raw("{}")), &cx).await.is_err());
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[test]
    fn every_object_is_taken_and_nothing_else() {
        let kind: std::sync::Arc<dyn AnyKind> = any::of(ProcessData { pause: LONG });
        for object in ["{}", r#"{"a": [1, {"b": null}]}"#, r#" {"a": "\ud800"} "#] {
            assert_eq!(kind.check(&raw(object)), Ok(()), "{object}");
        }
        for other in ["[]", "null", "true", "1", r#""{}""#] {
            let refused = kind.check(&raw(other)).unwrap_err();
            assert_eq!(refused.message, "the input must be a JSON object");
        }
    }
}
