//! The body of a callback, read: what is reported, or which field is at fault.

use serde::Deserialize;
use serde_json::value::RawValue;
use work::{ErrorCode, sentence};

use crate::api::edge::body::refuse_unknown;
use crate::api::edge::problem::{Code, Problem};
use engine::json::{Object, present};
use engine::{Report, TaskError};

/// The fields of a report, none of which is always there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fields<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    status: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    retry: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    percent_complete: Option<&'a RawValue>,
}

/// The error of an attempt, in which more may be told than is kept.
#[derive(Deserialize)]
struct ErrorFields {
    code: String,
    message: String,
}

/// Reads a report.
pub(super) fn read(body: &str) -> Result<Report, Problem> {
    let Object(fields) =
        serde_json::from_str::<Object<Fields<'_>>>(body).map_err(refuse_unknown)?;
    match (fields.status, fields.percent_complete) {
        (None, None) => Err(Problem::new(
            Code::MissingStatus,
            "status is missing (or percentComplete)",
        )
        .target("status")),
        (Some(_), Some(_)) => Err(Problem::new(
            Code::AmbiguousReport,
            "percentComplete excludes status",
        )
        .target("percentComplete")),
        (None, Some(percent)) => {
            let others = [
                ("result", fields.result),
                ("error", fields.error),
                ("retry", fields.retry),
            ];
            beside("percentComplete", others)?;
            progress(percent)
        }
        (Some(status), None) => match text(status).as_deref() {
            Some("Succeeded") => {
                beside(
                    "Succeeded",
                    [("error", fields.error), ("retry", fields.retry)],
                )?;
                let missing =
                    || Problem::new(Code::MissingResult, "result is missing").target("result");
                let result = fields.result.ok_or_else(missing)?;
                Ok(Report::Succeeded(result.to_owned()))
            }
            Some("Failed") => {
                beside("Failed", [("result", fields.result)])?;
                failed(fields.error, fields.retry)
            }
            _ => Err(Problem::invalid(
                "status",
                "status must be Succeeded or Failed",
            )),
        },
    }
}

fn progress(percent: &RawValue) -> Result<Report, Problem> {
    let percent = serde_json::from_str(percent.get()).ok();
    percent
        .filter(|percent| *percent <= 100)
        .map(Report::Progress)
        .ok_or_else(|| {
            Problem::invalid(
                "percentComplete",
                "percentComplete must be a whole number from 0 to 100",
            )
        })
}

fn failed(error: Option<&RawValue>, retry: Option<&RawValue>) -> Result<Report, Problem> {
    let Some(error) = error else {
        return Err(Problem::new(Code::MissingError, "error is missing").target("error"));
    };
    let Object(ErrorFields { code, message }) =
        serde_json::from_str(error.get()).map_err(|_| {
            Problem::invalid(
                "error",
                "error must be an object with the texts code and message",
            )
        })?;
    if ErrorCode::new(&code).is_err() {
        return Err(Problem::invalid(
            "error.code",
            "error.code must have 1 to 64 letters and digits, in PascalCase",
        ));
    }
    let may_pass = match retry.map(|retry| serde_json::from_str(retry.get())) {
        None => false,
        Some(Ok(may_pass)) => may_pass,
        Some(Err(_)) => {
            return Err(Problem::invalid("retry", "retry must be true or false"));
        }
    };
    Ok(Report::Failed {
        error: TaskError {
            code,
            message: sentence(message),
        },
        may_pass,
    })
}

/// Refuses fields that mean nothing beside another: whoever sends them means something.
fn beside<const N: usize>(
    what: &str,
    fields: [(&str, Option<&RawValue>); N],
) -> Result<(), Problem> {
    match fields.into_iter().find(|(_, value)| value.is_some()) {
        Some((field, _)) => {
            let detail = format!("{field} has no meaning beside {what}");
            Err(Problem::new(Code::AmbiguousReport, detail).target(field))
        }
        None => Ok(()),
    }
}

fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read() {
        let read = |body: &str| read(body).unwrap();
        assert!(
            matches!(read(r#"{"status": "Succeeded", "result": [ 1 ]}"#), Report::Succeeded(result) if result.get() == "[ 1 ]")
        );
        assert!(
            matches!(read(r#"{"result": null, "status": "Succeeded"}"#), Report::Succeeded(result) if result.get() == "null")
        );
        assert!(matches!(
            read(r#"{"percentComplete": 40}"#),
            Report::Progress(40)
        ));
        for (retry, expected) in [
            (r#", "retry": true"#, true),
            (r#", "retry": false"#, false),
            ("", false),
        ] {
            let error = r#"{"code": "NoGpu", "message": "all are busy", "more": 1}"#;
            let body = format!(r#"{{"status": "Failed", "error": {error}{retry}}}"#);
            let Report::Failed { error, may_pass } = read(&body) else {
                unreachable!("{body}");
            };
            assert_eq!((&*error.code, &*error.message), ("NoGpu", "all are busy"));
            assert_eq!(may_pass, expected);
        }
    }

    #[test]
    fn a_report_that_cannot_be_meant_names_the_field() {
        for (body, target) in [
            ("{}", "status"),
            (r#"{"status": "Running"}"#, "status"),
            (r#"{"status": 7}"#, "status"),
            (r#"{"status": "Succeeded"}"#, "result"),
            (
                r#"{"status": "Succeeded", "result": 1, "retry": true}"#,
                "retry",
            ),
            (r#"{"status": "Failed"}"#, "error"),
            (r#"{"status": "Failed", "error": "no"}"#, "error"),
            (r#"{"status": "Failed", "error": {"code": "X"}}"#, "error"),
            (
                r#"{"status": "Failed", "error": {"code": "not one", "message": ""}}"#,
                "error.code",
            ),
            (
                r#"{"status": "Failed", "error": {"code": "X", "message": ""}, "retry": 1}"#,
                "retry",
            ),
            (
                r#"{"status": "Failed", "error": {"code": "X", "message": ""}, "result": 1}"#,
                "result",
            ),
            (r#"{"percentComplete": 101}"#, "percentComplete"),
            (r#"{"percentComplete": -1}"#, "percentComplete"),
            (r#"{"percentComplete": 4.5}"#, "percentComplete"),
            (r#"{"percentComplete": 4, "result": 1}"#, "result"),
            (
                r#"{"percentComplete": 4, "status": "Failed"}"#,
                "percentComplete",
            ),
            (r#"{"percent": 4}"#, "percent"),
            ("[]", "body"),
            ("{", "body"),
            (r#"{"status": "Failed", "status": "Failed"}"#, "status"),
        ] {
            let problem = read(body).unwrap_err().document("/");
            let problem: serde_json::Value = serde_json::from_str(&problem).unwrap();
            assert_eq!(problem["error"]["target"], target, "{body}");
        }
    }

    #[test]
    fn hostile_bodies_are_read_or_refused() {
        corpus::each_text(|text| {
            if let Err(refused) = read(text) {
                assert!(refused.to_string().len() < 120, "{refused}");
            }
        });
    }
}
