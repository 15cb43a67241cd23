//! `POST /api/asyncprocessingworkacceptor`: the sample's work, which becomes a task.

use std::borrow::Cow;

use actix_web::http::header::LOCATION;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::status_url;
use crate::api::edge::body::{read_json, refuse};
use crate::api::edge::problem::{Code, Problem};
use crate::api::edge::state::Api;
use crate::api::operations::accepted::accepted;
use crate::api::tasks::submitting::{Repetition, traceparent};
use crate::api::tasks::taking_in::take_in;
use engine::Submission;
use engine::json::Object;

/// What the sample wants of its client. Other fields are the kind's affair. .NET reads names in any case: these are the
/// ways in which its clients write them.
#[derive(Deserialize)]
struct Customer<'a> {
    #[serde(borrow, default, alias = "Id", alias = "ID")]
    id: Option<&'a RawValue>,
    #[serde(
        borrow,
        default,
        alias = "customerName",
        alias = "CustomerName",
        alias = "Customername"
    )]
    customername: Option<&'a RawValue>,
}

/// Accepts work: 202, and where to ask after it.
pub(in crate::api) async fn accept(
    request: HttpRequest,
    api: Api,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let repetition = Repetition::of_submission(&request, &api)?;
    let reply = take(&request, &api, payload, &repetition).await;
    repetition.tell(reply)
}

async fn take(
    request: &HttpRequest,
    api: &Api,
    payload: Payload,
    repetition: &Repetition,
) -> Result<HttpResponse, Problem> {
    let (text, held) = read_json(request, payload, api).await?;
    check(&text)?;
    let kind = &api.surfaces.acceptor_kind;
    let input = RawValue::from_string(text).map_err(refuse)?;
    let submission = Submission {
        traceparent: traceparent(request),
        ..Submission::new(api.tasks.new_id(), kind, input)
    };
    let (id, _) = take_in(request, api, repetition, (submission, held), "").await?;
    let status = status_url(request, api, id);
    let text = format!("Request Accepted for Processing\nProxyStatus: {status}");
    Ok(
        accepted(request, api, id, api.tasks.retry_after(kind, None))
            .insert_header((LOCATION, status))
            .content_type("text/plain; charset=utf-8")
            .body(text),
    )
}

/// Refuses what is no object with both fields, or in which one of them is empty.
fn check(text: &str) -> Result<(), Problem> {
    let Object(customer) = serde_json::from_str::<Object<Customer<'_>>>(text).map_err(refuse)?;
    let fields = [("id", customer.id), ("customername", customer.customername)];
    for (name, value) in fields {
        let text = value.map(|value| serde_json::from_str::<Cow<'_, str>>(value.get()));
        if !text.is_some_and(|text| text.is_ok_and(|text| !text.is_empty())) {
            let detail = format!("{name} must be a text that is not empty");
            return Err(Problem::new(Code::InvalidCustomer, detail).target(name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fields_are_wanted() {
        for text in [
            r#"{"id": "1234", "customername": "Contoso"}"#,
            r#"{"customername": "\u0043", "id": "1", "more": []}"#,
            r#"{"Id": "1", "CustomerName": "x"}"#,
            r#"{"ID": "1", "customerName": "x"}"#,
        ] {
            assert!(check(text).is_ok(), "{text}");
        }
        for (text, field) in [
            ("{}", "id"),
            (r#"{"id": "1"}"#, "customername"),
            (r#"{"customername": "x"}"#, "id"),
            (r#"{"id": "", "customername": "x"}"#, "id"),
            (r#"{"id": "1", "customername": ""}"#, "customername"),
            (r#"{"id": 1, "customername": "x"}"#, "id"),
            (r#"{"id": "1", "customername": null}"#, "customername"),
        ] {
            let refused = check(text).unwrap_err().to_string();
            let expected = format!("400 InvalidCustomer: {field} must be a text that is not empty");
            assert_eq!(refused, expected, "{text}");
        }
        for (text, code) in [
            ("[1]", "InvalidBody"),
            ("{", "MalformedBody"),
            (r#"{"id": "1", "id": "1"}"#, "DuplicateField"),
            (r#"{"id": "1", "Id": "1"}"#, "DuplicateField"),
        ] {
            let refused = check(text).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("400 {code}:")), "{refused}");
        }
    }
}
