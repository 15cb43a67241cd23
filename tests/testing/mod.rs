//! The service for tests of kinds of one's own: what it says when something is wrong, and two of it in
//! one process.

use std::collections::HashMap;
use std::time::Duration;

use async_request_reply::schemars::{self, JsonSchema};
use async_request_reply::testing::{Serving, TestError, TestHandler};
use async_request_reply::{BlockingKind, Context, Failure, InvalidInput, Kind, Policy};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize, JsonSchema)]
struct Input {
    text: String,
}

/// Puts its own word before a text, unless the text asks for something else.
struct Greet(&'static str);

impl Kind for Greet {
    type Input = Input;
    type Output = String;

    fn check(&self, input: &Input) -> Result<(), InvalidInput> {
        match input.text.is_empty() {
            true => Err(InvalidInput::new("text", "text must not be empty")),
            false => Ok(()),
        }
    }

    async fn run(&self, input: Input, context: &Context) -> Result<String, Failure> {
        match input.text.as_str() {
            "fail" => Err(Failure::permanent("NotToday", "there is no greeting today")),
            "panic" => panic!("as it was asked to"),
            "wait" => {
                context.stopped().await;
                Err(Failure::transient("Stopped", "it was stopped"))
            }
            "?" => Ok("x".parse::<u8>()?.to_string()),
            text => Ok(format!("{} {text}", self.0)),
        }
    }
}

/// Computes the length of a text.
struct Length;

impl BlockingKind for Length {
    type Input = String;
    type Output = usize;

    fn run(&self, input: String, _: &Context) -> Result<usize, Failure> {
        Ok(input.len())
    }
}

/// Gives up after one attempt, which may not take long.
fn once() -> Policy {
    Policy::default()
        .attempts(1)
        .time_limit(Duration::from_millis(100))
}

fn greeting(word: &'static str) -> Serving {
    let handler = TestHandler::default().kind("greet", Greet(word), once());
    handler
        .blocking_kind("length", Length, Policy::default())
        .start()
        .unwrap()
}

fn text(text: &str) -> Input {
    let text = text.to_owned();
    Input { text }
}

async fn greet(service: &Serving, said: &str) -> Result<String, TestError> {
    service.submit("greet", text(said)).await
}

#[test]
fn a_service_that_cannot_start_says_why() {
    let handler = TestHandler::new;
    let named = |name| handler().kind(name, Greet(""), Policy::default());
    for (wrong, told) in [
        (named("greet me"), "greet me"),
        (named("fibonacci"), "fibonacci"),
        (
            named("greet").kind("greet", Greet(""), Policy::default()),
            "greet",
        ),
        (
            handler().kind("greet", Greet(""), Policy::default().attempts(0)),
            "attempt",
        ),
    ] {
        let Err(error @ TestError::Start(_)) = wrong.start() else {
            panic!("it started: {told}");
        };
        let said = error.to_string();
        let is_told = said.starts_with("the service does not start: ") && said.contains(told);
        assert!(is_told, "{said}");
    }
}

#[tokio::test]
async fn what_is_not_taken_is_refused_with_the_field() {
    let service = greeting("hello");
    let unknown = service.submit::<()>("nobody-knows-it", text("you")).await;
    let empty = service.submit::<()>("greet", text("")).await;
    let of_another_type = service.submit::<()>("greet", 7).await;
    for (refused, expected) in [
        (unknown, ("UnknownKind", Some("kind"))),
        (empty, ("InvalidText", Some("input.text"))),
        (of_another_type, ("InvalidInput", Some("input"))),
    ] {
        let Err(error) = refused else {
            panic!("it was taken: {expected:?}");
        };
        let said = error.to_string();
        let TestError::Refused {
            status,
            code,
            field,
            message,
        } = error
        else {
            panic!("{said}");
        };
        assert_eq!((code.as_str(), field.as_deref()), expected);
        assert_eq!(status, 422);
        assert_eq!(said, format!("refused with 422 {code}: {message}"));
    }
}

#[tokio::test]
async fn a_task_that_fails_says_with_what() {
    let service = greeting("hello");
    for (said, told) in [
        ("fail", "failed with NotToday: there is no greeting today"),
        ("panic", "failed with WorkPanicked: "),
        ("wait", "failed with TimeLimitExceeded: "),
        ("?", "failed with Error: "),
    ] {
        let error = greet(&service, said).await.unwrap_err();
        assert!(matches!(error, TestError::Failed { .. }), "{error}");
        let error = error.to_string();
        assert!(error.starts_with(told), "{error}");
    }
    assert_eq!(greet(&service, "you").await.unwrap(), "hello you");
}

#[tokio::test]
async fn what_is_not_json_or_of_another_type_is_told() {
    let service = greeting("hello");
    let no_json = HashMap::from([((1, 2), 3)]);
    let unwritten = service.submit::<()>("greet", no_json).await.unwrap_err();
    let of_another_type = service.submit::<u8>("greet", text("you")).await;
    for error in [unwritten, of_another_type.unwrap_err()] {
        assert!(matches!(error, TestError::Json(_)), "{error}");
    }
}

#[tokio::test]
async fn two_services_in_one_process_know_nothing_of_each_other() {
    let (one, other) = (greeting("hello"), greeting("bonjour"));
    assert_ne!(one.address(), other.address());
    let both = tokio::join!(greet(&one, "you"), greet(&other, "you"));
    assert_eq!(both.0.unwrap(), "hello you");
    assert_eq!(both.1.unwrap(), "bonjour you");

    drop(one);
    assert_eq!(greet(&other, "me").await.unwrap(), "bonjour me");
    let length: usize = other.submit("length", "naïve").await.unwrap();
    assert_eq!(length, 6);
}

/// A test that is broken off by Ctrl-C ends, as any other does.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_service_for_tests_leaves_signals_to_the_test() {
    let service = greeting("hello");
    greet(&service, "you").await.unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let (_, caught) = status.split_once("SigCgt:").unwrap();
    let caught = u64::from_str_radix(caught.split_whitespace().next().unwrap(), 16).unwrap();
    // Bits are counted as signals are: SIGHUP is the first, SIGINT the second, SIGTERM the 15th.
    assert_eq!(caught & (1 | 1 << 1 | 1 << 14), 0, "{caught:x}");
}
