//! The kind that tells the end of a task: one request to a URL that a client gave, at a host that the operator
//! allows. It is signed as [Standard Webhooks](https://www.standardwebhooks.com) says, follows no redirect, and
//! is tried again until it is answered with a success.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use url::Url;

use super::request::Attempt;
use super::settings::Settings;
use super::signature::SigningSecret;
use super::{Refused, client, is_loopback, reply};
use work::any::{AnyKind, Prepared, ResultLimit};
use work::{BackOff, Context, ErrorCode, Failure, InvalidInput, Policy};

const NOT_TAKEN: ErrorCode = ErrorCode::literal("CallbackNotTaken");
const GONE: ErrorCode = ErrorCode::literal("CallbackGone");

/// The longest URL, in bytes: it is in the record of the task and in that of its callback.
const LONGEST_URL: usize = 2_048;

/// How long whoever is told may take to answer: what it has to do, it can do afterwards.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Four and a half hours in all, which outlasts most outages of a receiver.
const ATTEMPTS: u32 = 10;
const BACK_OFF: BackOff = BackOff {
    first: Duration::from_secs(5),
    factor: 4,
    longest: Duration::from_secs(60 * 60),
};

/// A host that may be called back: a name or an address, and a port if it is not that of the scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    host: String,
    port: Option<u16>,
}

impl AllowedHost {
    /// Reads `hooks.example.com`, `hooks.example.com:8443` or `[::1]:8080`; `None` when it is no such thing.
    pub fn read(text: &str) -> Option<Self> {
        let url = Url::parse(&format!("https://{text}")).ok()?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let is_anonymous = url.username().is_empty() && url.password().is_none();
        let is_whole = !text.ends_with(['/', '?', '#']) && !text.contains(['@', '*']);
        (is_bare && is_anonymous && is_whole).then_some(Self {
            host: url.host_str()?.to_owned(),
            // The port of https is left out of a URL, and was named all the same.
            port: url.port().or_else(|| text.ends_with(":443").then_some(443)),
        })
    }

    fn allows(&self, url: &Url) -> bool {
        let is_its_port = match self.port {
            Some(port) => url.port_or_known_default() == Some(port),
            None => url.port().is_none(),
        };
        url.host_str() == Some(&self.host) && is_its_port
    }
}

/// Tells ends of tasks.
#[derive(Debug)]
pub struct NoticeKind {
    client: Client,
    hosts: Vec<AllowedHost>,
    secret: SigningSecret,
}

/// What is to be told, and where. The event is passed on as it is.
#[derive(Deserialize)]
struct Input<'a> {
    url: String,
    #[serde(borrow)]
    event: &'a RawValue,
}

impl NoticeKind {
    /// One that tells these hosts and no others.
    ///
    /// # Errors
    ///
    /// There is no HTTP client.
    pub fn new(hosts: Vec<AllowedHost>, secret: SigningSecret) -> Result<Self, Refused> {
        Ok(Self {
            client: client::shared().map_err(|error| Refused::NoClient(error.to_string()))?,
            hosts,
            secret,
        })
    }

    /// How its tasks are treated.
    pub fn policy() -> Policy {
        Policy::default()
            .description("Tells the end of a task where its client said")
            .time_limit(TIME_LIMIT)
            .attempts(ATTEMPTS)
            .back_off(BACK_OFF)
    }

    /// The URL, if it may be called.
    fn allowed(&self, text: &str) -> Result<Url, InvalidInput> {
        let invalid = |message: &str| InvalidInput::new("url", message);
        if text.len() > LONGEST_URL {
            return Err(invalid("is longer than 2048 bytes"));
        }
        let url = Url::parse(text).map_err(|_| invalid("is not a URL"))?;
        // Also where kinds behind a URL may be reached like that: those are the operator's, and this is a client's.
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
            return Err(invalid("must begin with https://"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(invalid(
                "has a user, a password or a fragment, which no callback takes",
            ));
        }
        match self.hosts.iter().any(|host| host.allows(&url)) {
            true => Ok(url),
            false => Err(invalid(
                "is at a host that may not be called back from here",
            )),
        }
    }

    async fn run(
        &self,
        url: Url,
        event: Box<RawValue>,
        cx: &Context,
    ) -> Result<Box<RawValue>, Failure> {
        let settings = Settings {
            url,
            cancel_url: None,
            secret: Some(self.secret.clone()),
            allows_http: false,
        };
        let told = async {
            let attempt = Attempt::of(cx).without_callback();
            let request = attempt.request(&self.client, &settings, event);
            answered(&request.send().await.map_err(reply::unreachable)?)
        };
        tokio::select! {
            biased;
            () = cx.stopped() => cx.check_stop().and_then(|()| Err(reply::broken_off())),
            result = told => result,
        }
    }
}

/// What the answer means. What it says is not read, and when it wants to be called is not either: whoever a client
/// names is called so many times, in the time that all have.
fn answered(reply: &Response) -> Result<Box<RawValue>, Failure> {
    let status = reply.status();
    let said = format!("whoever is called back answered {status}");
    match status {
        status if status.is_success() => {
            Ok(to_raw_value(&status.as_u16()).map_err(|_| Failure::permanent(NOT_TAKEN, said))?)
        }
        // It wants to hear no more.
        StatusCode::GONE => Err(Failure::permanent(GONE, said)),
        status if status.is_redirection() => Err(reply::redirected(status)),
        _ => Err(Failure::transient(NOT_TAKEN, said)),
    }
}

impl AnyKind for NoticeKind {
    fn check(&self, input: &RawValue) -> Result<(), InvalidInput> {
        let Input { url, .. } = parse(input)?;
        self.allowed(&url).map(drop)
    }

    fn prepare(self: Arc<Self>, input: &RawValue) -> Result<Prepared, InvalidInput> {
        let Input { url, event } = parse(input)?;
        // The settings may have changed since it was handed in.
        let url = self.allowed(&url)?;
        let event = event.to_owned();
        Ok(Prepared::Waiting(Box::new(move |cx, _: ResultLimit| {
            Box::pin(async move { self.run(url, event, &cx).await })
        })))
    }

    // Nobody outside sends it an input.
    fn input_schema(&self) -> Option<Value> {
        None
    }

    fn output_schema(&self) -> Option<Value> {
        None
    }
}

fn parse(input: &RawValue) -> Result<Input<'_>, InvalidInput> {
    serde_json::from_str(input.get())
        .map_err(|_| InvalidInput::new("", "must be an object with url and event"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ports::Secret;

    fn kind(hosts: &[&str]) -> NoticeKind {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let hosts = hosts.iter().map(|host| AllowedHost::read(host).unwrap());
        let secret = SigningSecret::read(&secret).unwrap();
        NoticeKind::new(hosts.collect(), secret).unwrap()
    }

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        for host in [
            "hooks.example.com",
            "hooks.example.com:8443",
            "10.0.0.7",
            "[::1]:8080",
            "LOCALHOST:1",
            "bücher.example",
            "hooks.example.com.",
        ] {
            assert!(AllowedHost::read(host).is_some(), "{host}");
        }
        for host in [
            "",
            "*",
            "*.example.com",
            "https://a",
            "a/b",
            "a/",
            "u@a",
            "a?b",
            "a#",
            "a b",
            "a:x",
            "a:65536",
            "::1",
            "[::1",
            "a..b:@",
            "xn--",
        ] {
            assert_eq!(AllowedHost::read(host), None, "{host}");
        }
    }

    #[test]
    fn only_hosts_that_are_allowed_are_called() {
        let kind = kind(&[
            "hooks.example.com",
            "127.0.0.1:8080",
            "localhost:80",
            "[::1]:443",
            "[2001:DB8:0::7]",
            "BÜCHER.example",
            "dotted.example.",
        ]);
        for url in [
            "https://hooks.example.com",
            "https://HOOKS.example.com:443/a?b=c",
            "http://127.0.0.1:8080/x",
            "http://2130706433:8080/the-same-address",
            "http://localhost/on-its-port",
            "https://[0:0::1]/",
            "https://[2001:db8::7]/",
            "https://xn--bcher-kva.example/",
            "https://b%C3%BCcher.EXAMPLE/",
            "https://dotted.example./",
            "https://hooks.example.com:0443/",
            "https:\\\\hooks.example.com\\a",
        ] {
            assert!(kind.allowed(url).is_ok(), "{url}");
        }
        for (url, why) in [
            ("http://hooks.example.com", "https"),
            ("https://hooks.example.com:8443", "host"),
            ("https://hooks.example.com.", "host"),
            ("https://hooks.example.com.evil.example", "host"),
            ("https://evil.example/?https://hooks.example.com", "host"),
            ("https://hooks.example.com@evil.example/", "user"),
            ("https://user:secret@hooks.example.com/", "user"),
            ("https://hooks.example.com/#x", "fragment"),
            ("https://dotted.example/", "host"),
            ("https://hooks.example.com%2eevil.example/", "host"),
            ("https://evil.example\\@hooks.example.com/", "host"),
            ("https://hooks.example.com:80/", "host"),
            ("https://hooks.exаmple.com/", "host"),
            ("http://[::1]/", "host"),
            ("https://[::ffff:127.0.0.1]:8080/", "host"),
            ("http://127.0.0.1/", "host"),
            ("https://localhost/", "host"),
            ("http://169.254.169.254/metadata", "https"),
            ("ftp://hooks.example.com/", "https"),
            ("file:///etc/passwd", "https"),
            ("javascript:alert(1)", "https"),
            ("//hooks.example.com", "URL"),
            ("", "URL"),
        ] {
            let refused = kind.allowed(url).unwrap_err();
            assert!(refused.message.contains(why), "{url}: {}", refused.message);
            assert!(!refused.message.contains("secret"), "{url}");
        }
        let long = format!("https://hooks.example.com/{}", "x".repeat(LONGEST_URL));
        assert!(kind.allowed(&long).unwrap_err().message.contains("2048"));
    }
}
