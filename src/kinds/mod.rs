//! The kinds of work of the service: those that come with it, registered like anybody's, and those that are
//! told in a [file](mod@file) and done by a [`command`] or behind a [URL](mod@http).

pub mod command;
mod fibonacci;
pub mod file;
pub mod file_processing;
pub mod http;
mod process_data;
mod schemas;

use std::sync::Arc;
use std::time::Duration;

use work::{KindRefused, Kinds, Policy, any};

pub use schemas::{InvalidSchema, Schemas};

use self::fibonacci::Fibonacci;
use self::file::{FileError, KindsFile};
use self::file_processing::with_file_processing;
use self::http::{AllowedHost, InvalidSecret, NoticeKind, Refused, SigningSecret};
use self::process_data::ProcessData;
use crate::config::Config;
use crate::surfaces::PROCESS_DATA;
use engine::{NOTICE_KIND, R0_KIND};

/// The kind that computes Fibonacci numbers, whose index `max_number` bounds, of either sign.
pub fn with_fibonacci(kinds: Kinds, max_number: u64) -> Kinds {
    let policy = Policy::default()
        .description("Computes a Fibonacci number, exactly")
        .pure();
    kinds.with(R0_KIND, any::of_blocking(Fibonacci { max_number }), policy)
}

/// The kind that waits for so long, and tells what it was given.
pub fn with_process_data(kinds: Kinds, pause: Duration) -> Kinds {
    let policy = Policy::default()
        .description("Waits, and tells what it was given: here to be replaced")
        .pure();
    kinds.with(PROCESS_DATA, any::of(ProcessData { pause }), policy)
}

/// The kinds that come with the service.
pub fn standard(max_number: u64, pause: Duration) -> Kinds {
    with_process_data(with_fibonacci(Kinds::default(), max_number), pause)
}

/// What keeps a process from knowing what work it can do.
#[derive(Debug, thiserror::Error)]
pub enum KindsError {
    /// A kind has a name or a policy that cannot be.
    #[error(transparent)]
    Kind(#[from] KindRefused),
    /// A line of the file is wrong.
    #[error("KINDS_FILE: {0}")]
    File(#[from] FileError),
    /// No host is called like that.
    #[error(
        "CALLBACK_URL_HOSTS has {0:?}, which is no host, such as hooks.example.com or [::1]:8080"
    )]
    CallbackHost(String),
    /// Whoever is called back could not tell who calls.
    #[error("CALLBACK_URL_SECRET is missing beside CALLBACK_URL_HOSTS")]
    NoCallbackSecret,
    /// Nothing can be signed with it.
    #[error("CALLBACK_URL_SECRET {0}")]
    CallbackSecret(#[from] InvalidSecret),
    /// Nobody can be called back.
    #[error(transparent)]
    Callback(#[from] Refused),
}

/// These kinds, and those that the settings name: of the file, those that process files, and the one that tells
/// ends of tasks.
///
/// # Errors
///
/// The first kind that cannot be registered, or the first line of the file or setting that is wrong.
pub fn with_those_of_settings(kinds: Kinds, config: &Config) -> Result<Kinds, KindsError> {
    let kinds = match notices(config)? {
        Some(kind) => kinds.with_internal(NOTICE_KIND, Arc::new(kind), NoticeKind::policy()),
        None => kinds,
    };
    let kinds = match &config.file_processing {
        Some(folders) => with_file_processing(kinds, folders),
        None => kinds,
    };
    let kinds = kinds.checked()?;
    match &config.kinds_file {
        Some(file) => {
            let file = KindsFile::read(file)?;
            Ok(file.register(kinds, config.kinds_allow_http)?.checked()?)
        }
        None => Ok(kinds),
    }
}

/// What tells ends of tasks, if it may tell any host.
fn notices(config: &Config) -> Result<Option<NoticeKind>, KindsError> {
    if config.callback_url_hosts.is_empty() {
        return Ok(None);
    }
    let read = |host: &String| {
        AllowedHost::read(host).ok_or_else(|| KindsError::CallbackHost(host.clone()))
    };
    let hosts = config.callback_url_hosts.iter().map(read);
    let hosts = hosts.collect::<Result<Vec<_>, _>>()?;
    let secret = config.callback_url_secret.as_ref();
    let secret = SigningSecret::read(secret.ok_or(KindsError::NoCallbackSecret)?)?;
    Ok(Some(NoticeKind::new(hosts, secret)?))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;
    use serde_json::value::to_raw_value;
    use work::KindName;

    use super::*;
    use ports::{QueueName, Secret};

    #[test]
    fn no_setting_lets_an_end_be_told_unencrypted_to_another_machine() {
        let queue = QueueName::try_from("tasks").unwrap();
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let config = Config {
            callback_url_hosts: vec!["hooks.example.com:80".to_owned()],
            callback_url_secret: Some(Secret::new(secret)),
            kinds_allow_http: true,
            ..Config::for_tests(Path::new("."), queue)
        };
        let kinds = with_those_of_settings(Kinds::default(), &config).unwrap();
        let name = KindName::internal(NOTICE_KIND);
        let kind = &kinds.get(name.as_str()).unwrap().kind;
        let check = |url: &str| {
            let input = to_raw_value(&json!({"url": url, "event": {}})).unwrap();
            kind.check(&input).map_err(|invalid| invalid.message)
        };
        assert_eq!(check("https://hooks.example.com:80/done"), Ok(()));
        let refused = check("http://hooks.example.com/done").unwrap_err();
        assert!(refused.contains("https"), "{refused}");
    }
}
