//! This process's settings: its command line, over its environment, and what its operator should know
//! about them.

use std::env;
use std::ffi::OsString;
use std::time::Duration;

use super::environment::{Environment, folded};
use super::error::wrong;
use super::{Args, Config, ConfigError, Mode, Storage};
use ports::Secret;

/// Fewer characters than this can be guessed.
const SHORTEST_KEY: usize = 16;

/// How often a sweep deletes what is past its retention.
const SWEEP: Duration = Duration::from_secs(60);

/// Reads them, with remarks to be logged. Ends the process when it was asked for help or its version,
/// or with a flag that nobody knows.
///
/// # Errors
///
/// One sentence that names the setting that is missing or wrong, and never its value.
pub fn read() -> Result<(Config, Vec<String>), ConfigError> {
    let environment = Environment::read(env::vars_os());
    let flags = environment
        .as_ref()
        .map(|environment| environment.flags.clone());
    // Help is there whatever the environment says.
    let args = Args::read(flags.unwrap_or_default(), env::args_os())
        .unwrap_or_else(|refused| refused.exit());
    understand(args, &environment?)
}

/// A variable of the environment, by the name that the operator's own file has for it.
pub fn variable(name: &str) -> Option<OsString> {
    env::var_os(name)
}

/// The secret in a variable that the operator's own file names.
///
/// # Errors
///
/// There is none: the variable is not set, or is empty or no text.
pub fn secret(name: &str) -> Result<Secret, NoSecret> {
    let value = variable(name).and_then(|value| value.into_string().ok());
    match value.filter(|value| !value.is_empty()) {
        Some(value) => Ok(Secret::new(value)),
        None if looks_like_a_name(name) => Err(NoSecret::NotSet(name.to_owned())),
        None => Err(NoSecret::NoName),
    }
}

/// Why there is no secret, told behind the key that names the variable. What does not look like a name is not told:
/// it may be the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSecret {
    /// There is no such variable.
    #[error("names {0}, which is not set")]
    NotSet(String),
    /// There is none, and hardly could be.
    #[error("is no name of a variable that is set")]
    NoName,
}

/// As all write the names of variables: in capital letters.
fn looks_like_a_name(text: &str) -> bool {
    let is_in_names = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    text.bytes().all(is_in_names) && !text.starts_with(|first: char| first.is_ascii_digit())
}

/// Whether a variable with this name holds a secret of the service.
pub fn is_secret(name: &str) -> bool {
    let name = folded(name);
    let secrets = [
        "api_key",
        "api_key_secondary",
        "azurewebjobsstorage",
        "callback_secret",
        "callback_secret_secondary",
        "callback_url_secret",
        "datastorage",
        "submit_key",
        "submit_key_secondary",
    ];
    secrets.contains(&name.as_str())
}

fn understand(args: Args, environment: &Environment) -> Result<(Config, Vec<String>), ConfigError> {
    let mut remarks = accounts(&args, environment)?;
    let config = Config::try_from(args.clone())?;
    for (name, ours) in &environment.near_misses {
        remarks.push(format!("{name} is no setting of this service; {ours} is"));
    }
    if let (Some(_), Storage::Embedded(folder)) = (&args.connection_string, &config.storage) {
        let folder = folder.display();
        remarks.push(format!(
            "AzureWebJobsStorage is empty, which counts as absent: tasks are kept in {folder}"
        ));
    }
    remarks.extend(keys(&args, &config));
    if config.retention < SWEEP {
        remarks.push("RESULT_RETENTION is short: results may be gone before they are read".into());
    }
    Ok((config, remarks))
}

/// Says what of the accounts' settings counts for nothing, as in the host: a connection string wins.
///
/// # Errors
///
/// When what would have to count is not supported.
fn accounts(args: &Args, environment: &Environment) -> Result<Vec<String>, ConfigError> {
    let accounts = args.accounts();
    let mut remarks = Vec::new();
    for name in &environment.unsupported {
        let folded = folded(name);
        let (of, part) = folded.split_once("__").unwrap_or_default();
        let account = accounts
            .iter()
            .find(|account| account.setting.eq_ignore_ascii_case(of));
        let Some(account) = account else { continue };
        let winner = match part {
            _ if account.connection_string.is_some() => "the connection string counts",
            "serviceuri" if account.is_told() => account.endpoints_count,
            "serviceuri" => return Err(wrong(name, account.is_not_enough)),
            _ => return Err(wrong(name, unsupported(account.setting, part))),
        };
        remarks.push(format!("{name} has no effect: {winner}"));
    }
    for account in &accounts {
        for (part, value) in &account.parts {
            if account.connection_string.is_some() && value.is_some() {
                let setting = account.setting;
                remarks.push(format!(
                    "{setting}__{part} has no effect: the connection string counts"
                ));
            }
        }
    }
    Ok(remarks)
}

/// Why a part of an account's settings is refused.
fn unsupported(setting: &str, part: &str) -> String {
    match part {
        "managedidentityresourceid" | "managedidentityobjectid" => {
            format!("is not supported: name a user-assigned identity by {setting}__clientId")
        }
        _ => "is not supported: use a managed identity, or a connection string".to_owned(),
    }
}

fn keys(args: &Args, config: &Config) -> Vec<String> {
    let given = [
        ("API_KEY", &args.api_key),
        ("API_KEY_SECONDARY", &args.api_key_secondary),
        ("SUBMIT_KEY", &args.submit_key),
        ("SUBMIT_KEY_SECONDARY", &args.submit_key_secondary),
    ];
    let given = given
        .into_iter()
        .filter_map(|(name, key)| Some((name, key.as_deref()?)));
    let address = match config.mode {
        Mode::Hosted(_) => {
            let remark = |(name, _)| match name {
                "API_KEY" | "API_KEY_SECONDARY" => {
                    format!(
                        "under the Functions host {name} opens /api/durabletask alone: for the other routes the \
                         host has keys of its own"
                    )
                }
                _ => format!(
                    "{name} has no effect under the Functions host: set authLevel to function in \
                     create_task/function.json"
                ),
            };
            return given.map(remark).collect();
        }
        Mode::Standalone(address) => address,
    };
    let mut remarks: Vec<_> = given
        .filter(|(_, key)| key.chars().count() < SHORTEST_KEY)
        .map(|(name, _)| {
            format!("{name} has fewer than {SHORTEST_KEY} characters, and can be guessed")
        })
        .collect();
    if config.api_keys.is_empty() && !address.ip().is_loopback() {
        remarks.push(format!(
            "other machines can reach {address}, and API_KEY is not set"
        ));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_may_be_the_secret_itself_is_not_told() {
        let told = |name: &str| secret(name).unwrap_err().to_string();
        assert_eq!(told("NO_SUCH_2"), "names NO_SUCH_2, which is not set");
        for text in [
            "hunter2",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZ",
            "12345678",
            "A-B",
            "A=B",
            "Ä",
        ] {
            assert_eq!(told(text), "is no name of a variable that is set");
        }
        // Of this a test may be sure.
        assert!(secret("PATH").is_ok());
    }

    /// What is made of these variables.
    fn understood(variables: &[(&str, &str)]) -> Result<(Config, Vec<String>), ConfigError> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let environment = Environment::read(variables)?;
        let args = Args::read(environment.flags.clone(), ["handler".into()]).unwrap();
        understand(args, &environment)
    }

    fn remarks(variables: &[(&str, &str)]) -> Vec<String> {
        understood(variables).unwrap().1
    }

    fn refusal(variables: &[(&str, &str)]) -> String {
        understood(variables).unwrap_err().to_string()
    }

    const IDENTITY: [(&str, &str); 2] = [
        ("AzureWebJobsStorage__ACCOUNTNAME", "acct"),
        ("azureWebJobsStorage__credential", "ManagedIdentity"),
    ];

    #[test]
    fn an_empty_connection_string_leaves_the_account_to_the_identity() {
        let (config, remarks) =
            understood(&[&IDENTITY[..], &[("AzureWebJobsStorage", "")]].concat()).unwrap();
        assert!(matches!(config.storage, Storage::Azure(_)));
        assert_eq!(remarks, [""; 0]);
    }

    #[test]
    fn an_empty_connection_string_alone_is_the_embedded_store_and_says_so() {
        let (config, remarks) = understood(&[("AzureWebJobsStorage", " ")]).unwrap();
        assert!(matches!(config.storage, Storage::Embedded(_)));
        let said = "AzureWebJobsStorage is empty, which counts as absent: tasks are kept in ./data";
        assert_eq!(remarks, [said]);
        let hosted = ("FUNCTIONS_CUSTOMHANDLER_PORT", "1");
        let refusal = refusal(&[("AzureWebJobsStorage", ""), hosted]);
        assert!(
            refusal.starts_with("AzureWebJobsStorage is missing"),
            "{refusal}"
        );
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        for part in [
            "tenantId",
            "clientSecret",
            "certificate",
            "managedIdentityResourceId",
            "managedIdentityObjectId",
            "anything",
        ] {
            let name = format!("AzureWebJobsStorage__{part}");
            for beside in [&[][..], &IDENTITY] {
                let refusal = refusal(&[beside, &[(&name, "s3cret")]].concat());
                assert!(refusal.starts_with(&name), "{refusal}");
                assert!(!refusal.contains("s3cret"), "{refusal}");
            }
        }
        let alone = ("AzureWebJobsStorage__serviceUri", "https://a.example");
        assert!(refusal(&[alone]).contains("is not enough"));
        let workload = ("AzureWebJobsStorage__credential", "workloadidentity");
        assert!(refusal(&[IDENTITY[0], workload]).contains("can only be managedidentity"));
    }

    #[test]
    fn the_account_of_files_is_told_as_that_of_tasks() {
        let string = ("DATASTORAGE", "UseDevelopmentStorage=true");
        let secret = ("DataStorage__clientSecret", "s3cret");
        let queues = ("DataStorage__queueServiceUri", "https://q.example");
        assert_eq!(
            remarks(&[string, secret, queues, ("DataStorage:accountName", "a")]),
            [
                "DataStorage__clientSecret has no effect: the connection string counts",
                "DataStorage__accountName has no effect: the connection string counts",
            ]
        );
        let said = refusal(&[secret]);
        assert!(said.starts_with("DataStorage__clientSecret is not supported"));
        assert!(!said.contains("s3cret"), "{said}");
        let service = ("DataStorage__serviceUri", "https://a.example");
        assert!(refusal(&[service]).ends_with("set DataStorage__blobServiceUri"));
        assert!(is_secret("DataStorage") && is_secret("datastorage"));
    }

    #[test]
    fn what_has_no_effect_is_told() {
        let string = ("AzureWebJobsStorage", "UseDevelopmentStorage=true");
        let secret = ("AzureWebJobsStorage__clientSecret", "s3cret");
        assert_eq!(
            remarks(&[string, secret, IDENTITY[0]]),
            [
                "AzureWebJobsStorage__clientSecret has no effect: the connection string counts",
                "AzureWebJobsStorage__accountName has no effect: the connection string counts",
            ]
        );
        let service = ("AzureWebJobsStorage__serviceUri", "https://a.example");
        let said = "AzureWebJobsStorage__serviceUri has no effect: the account's name or its two \
                    endpoints count";
        assert_eq!(remarks(&[IDENTITY[0], service]), [said]);
        let hosted = ("FUNCTIONS_CUSTOMHANDLER_PORT", "1");
        let said = remarks(&[string, hosted, ("API_KEY", "k"), ("SUBMIT_KEY", "k")]);
        assert!(
            said[0].contains("API_KEY opens /api/durabletask alone"),
            "{said:?}"
        );
        assert!(said[1].contains("create_task/function.json"), "{said:?}");
    }

    #[test]
    fn a_name_that_is_almost_ours_is_told_with_ours() {
        let said = "MAX_QUEUE_LENGHT is no setting of this service; MAX_QUEUE_LENGTH is";
        assert_eq!(remarks(&[("MAX_QUEUE_LENGHT", "5")]), [said]);
    }

    #[test]
    fn a_short_key_and_an_open_door_are_told() {
        let said = "API_KEY has fewer than 16 characters, and can be guessed";
        assert_eq!(remarks(&[("API_KEY", "fifteen letters")]), [said]);
        assert_eq!(remarks(&[("API_KEY", "sixteen letters.\n")]), [""; 0]);
        let open = ("BIND_ADDRESS", "0.0.0.0:80");
        let said = "other machines can reach 0.0.0.0:80, and API_KEY is not set";
        assert_eq!(remarks(&[open]), [said]);
        let key = ("API_KEY_SECONDARY", "sixteen letters.");
        assert_eq!(remarks(&[open, key]), [""; 0]);
    }

    #[test]
    fn an_empty_value_is_the_default_of_its_setting() {
        let empty: Vec<_> = super::super::settings()
            .into_iter()
            .map(|setting| setting.variable)
            .collect();
        let empty: Vec<_> = empty.iter().map(|name| (name.as_str(), "\"\"")).collect();
        let (config, _) = understood(&empty).unwrap();
        let (default, _) = understood(&[]).unwrap();
        assert_eq!(format!("{config:?}"), format!("{default:?}"));
    }
}
