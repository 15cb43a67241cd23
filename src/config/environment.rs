//! The environment, as the Functions host reads it: names in any case, with `__` or `:` between their
//! parts. Templates, and people, write them in all of these ways.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::OsString;

use super::args::{Setting, settings};
use super::cleaned::cleaned;
use super::error::{ConfigError, wrong};
use super::near_miss::near_miss;

/// What is below these names says how to reach an account: of that, what others than us may need.
const ACCOUNTS: [(&str, &[&str]); 2] = [
    // The host.
    (
        "azurewebjobsstorage__",
        &["tableserviceuri", "fileserviceuri"],
    ),
    // Functions beside this one.
    (
        "datastorage__",
        &["queueserviceuri", "tableserviceuri", "fileserviceuri"],
    ),
];

/// What the environment says to us.
// No `Debug` but for tests: some values are secrets.
#[derive(Default)]
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub(super) struct Environment {
    /// The flags of our variables, with the values of these.
    pub(super) flags: Vec<String>,
    /// What says how to reach the account, and is not known here.
    pub(super) unsupported: Vec<String>,
    /// Names that may be meant for one of ours, which follows.
    pub(super) near_misses: Vec<(String, String)>,
}

impl Environment {
    /// Finds our variables. Their values are not looked into.
    ///
    /// # Errors
    ///
    /// When one has two values in two spellings of its name, or is not UTF-8.
    pub(super) fn read(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut found = BTreeMap::new();
        let mut environment = Self::default();
        let settings = settings();
        let mut variables: Vec<(String, OsString)> = variables
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect();
        // The order of an environment means nothing, and must not show.
        variables.sort();
        for (name, value) in variables {
            let of_this_name = |setting: &&Setting| folded(&setting.variable) == folded(&name);
            let Some(setting) = settings.iter().find(of_this_name) else {
                if !value.is_empty() {
                    environment.note(name, &settings);
                }
                continue;
            };
            let value = value
                .into_string()
                .map_err(|_| wrong(&setting.variable, "is not UTF-8"))?;
            match found.entry(&setting.variable) {
                Entry::Vacant(entry) => {
                    entry.insert((name, value, &setting.flag));
                }
                Entry::Occupied(mut entry) => {
                    let (other, known, _) = entry.get_mut();
                    match (cleaned(known), cleaned(&value)) {
                        ("", _) => (*other, *known) = (name, value),
                        (_, "") => {}
                        (known, value) if known == value => {}
                        _ => {
                            let reason =
                                format!("is set twice, as {other} and as {name}, to two values");
                            return Err(wrong(&setting.variable, reason));
                        }
                    }
                }
            }
        }
        environment.flags = found
            .into_values()
            .map(|(_, value, flag)| format!("--{flag}={value}"))
            .collect();
        Ok(environment)
    }

    /// Notes a name that is none of ours.
    fn note(&mut self, name: String, settings: &[Setting]) {
        let folded_name = folded(&name);
        let below = |(account, others)| Some((folded_name.strip_prefix(account)?, others));
        if let Some((part, others)) = ACCOUNTS.into_iter().find_map(below) {
            let others: &[&str] = others;
            if !others.contains(&part) {
                self.unsupported.push(name);
            }
            return;
        }
        let ours: Vec<_> = settings
            .iter()
            .map(|setting| folded(&setting.variable))
            .collect();
        let near = near_miss(&folded_name, ours.iter().map(String::as_str));
        let meant = near.and_then(|near| settings.iter().find(|s| folded(&s.variable) == near));
        if let Some(setting) = meant {
            self.near_misses.push((name, setting.variable.clone()));
        }
    }
}

/// A name as the host compares it.
pub(super) fn folded(name: &str) -> String {
    name.replace(':', "__").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Environment, ConfigError> {
        Environment::read(
            variables
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into())),
        )
    }

    #[test]
    fn names_are_read_in_any_case_and_with_colons() {
        for name in [
            "AzureWebJobsStorage__accountName",
            "AZUREWEBJOBSSTORAGE__ACCOUNTNAME",
            "azurewebjobsstorage__accountname",
            "AzureWebJobsStorage:accountName",
        ] {
            let environment = read(&[(name, "acct")]).unwrap();
            assert_eq!(environment.flags, ["--account-name=acct"], "{name}");
        }
        let environment = read(&[("QUEUE_NAME", "q"), ("Bind_Address", "x")]).unwrap();
        assert_eq!(environment.flags, ["--bind-address=x", "--queue-name=q"]);
    }

    #[test]
    fn two_spellings_must_agree() {
        let refusal = read(&[("API_KEY", "s3cret"), ("api_key", "s3cret2")]).unwrap_err();
        let said = refusal.to_string();
        assert_eq!(
            said,
            "API_KEY is set twice, as API_KEY and as api_key, to two values"
        );
        for (one, other) in [("x", "x"), ("x", " x\n"), ("", "x"), ("x", "")] {
            let environment = read(&[("API_KEY", one), ("api_key", other)]).unwrap();
            assert_eq!(environment.flags, ["--api-key=x"], "{one:?} {other:?}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_value_that_is_no_text_is_named_if_it_is_ours() {
        use std::os::unix::ffi::OsStringExt;

        let no_text = || OsString::from_vec(vec![b'a', 0xff]);
        let refusal = Environment::read([("api_key".into(), no_text())]).unwrap_err();
        assert_eq!(refusal.to_string(), "API_KEY is not UTF-8");
        for others in [("LS_COLORS".into(), no_text()), (no_text(), no_text())] {
            assert_eq!(Environment::read([others]).unwrap(), Environment::default());
        }
    }

    #[test]
    fn what_an_account_has_more_is_noted_but_for_what_is_the_hosts() {
        let environment = read(&[
            ("AzureWebJobsStorage__tableServiceUri", "https://t.example"),
            ("AzureWebJobsStorage__clientSecret", "s3cret"),
            ("AzureWebJobsStorage:tenantid", "t"),
            ("AzureWebJobsStorage__certificate", ""),
        ]);
        assert_eq!(
            environment.unwrap().unsupported,
            [
                "AzureWebJobsStorage:tenantid",
                "AzureWebJobsStorage__clientSecret"
            ]
        );
    }

    #[test]
    fn a_near_miss_is_noted_with_what_may_be_meant() {
        let environment = read(&[("API_KEYS", "x"), ("PATH", "/bin"), ("DATADIR", "")]).unwrap();
        let meant = ("API_KEYS".to_owned(), "API_KEY".to_owned());
        assert_eq!(environment.near_misses, [meant]);
        assert!(environment.flags.is_empty());
    }
}
