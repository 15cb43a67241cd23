//! Names that somebody may have written for one of ours.

/// Names of other programs that look like ours.
const OTHERS: [&str; 1] = ["rust_log_style"];

/// What App Service and .NET put before the name of what was set as a connection string there, where
/// we do not look.
const CONNECTION_STRINGS: [&str; 2] = ["customconnstr_", "connectionstrings__"];

/// From this length on two slips are still no other word.
const LONG: usize = 10;

/// The one of our names that this one may be meant for. All are in lower case.
pub(super) fn near_miss<'a>(name: &str, ours: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if OTHERS.contains(&name) {
        return None;
    }
    let name = &name.replace('-', "_");
    let in_another_place = |known: &str| {
        CONNECTION_STRINGS
            .iter()
            .any(|place| name.strip_prefix(place) == Some(known))
    };
    let is_near = |known: &&str| {
        let slips = if known.len() < LONG { 1 } else { 2 };
        in_another_place(known)
            || has_one_word_more_or_less(name, known)
            || distance(name, known, slips) <= slips
    };
    let mut ours = ours;
    ours.find(is_near)
}

/// `blob_container` and `blob_container_name`: the same words, but for the last one.
fn has_one_word_more_or_less(one: &str, other: &str) -> bool {
    let (shorter, longer) = match one.len() < other.len() {
        true => (one, other),
        false => (other, one),
    };
    let rest = longer
        .strip_prefix(shorter)
        .and_then(|rest| rest.strip_prefix('_'));
    shorter.contains('_') && rest.is_some_and(|rest| !rest.is_empty() && !rest.contains('_'))
}

/// How many slips lead from one name to the other: a letter too many or too few, or two that changed
/// places, is one; another letter is two, because `APP_KEY` is a word of its own. Beyond `most` it is
/// any larger number.
fn distance(one: &str, other: &str, most: usize) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len().abs_diff(other.len()) > most {
        return usize::MAX;
    }
    // The distances of the beginnings: of two lines before, of the line before, and of this one.
    let mut before_last = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut line = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let replaced = last[j] + if a == b { 0 } else { 2 };
            let mut least = replaced.min(last[j + 1] + 1).min(line[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(before_last[j - 1] + 1);
            }
            line.push(least);
        }
        before_last = std::mem::replace(&mut last, line);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings;

    fn meant(name: &str) -> Option<String> {
        let ours: Vec<_> = settings()
            .into_iter()
            .map(|setting| setting.variable.to_ascii_lowercase())
            .collect();
        let name = name.to_ascii_lowercase();
        near_miss(&name, ours.iter().map(String::as_str)).map(str::to_owned)
    }

    #[test]
    fn a_slip_is_told_from_a_name() {
        for (written, ours) in [
            ("API_KEYS", "api_key"),
            ("APIKEY", "api_key"),
            ("API-KEY", "api_key"),
            ("AIP_KEY", "api_key"),
            ("DATADIR", "data_dir"),
            ("BLOB_CONTAINER", "blob_container_name"),
            ("MAX_QUEUE_LENGHT", "max_queue_length"),
            ("MAX_QUEUE_LENGTHS", "max_queue_length"),
            ("WORKER_CONCURENCY", "worker_concurrency"),
            ("BIND_ADRESS", "bind_address"),
            ("RESULT_RETENTION_DAYS", "result_retention"),
            ("AzureWebJobStorage", "azurewebjobsstorage"),
            (
                "AzureWebJobsStorage_accountName",
                "azurewebjobsstorage__accountname",
            ),
            ("CUSTOMCONNSTR_AzureWebJobsStorage", "azurewebjobsstorage"),
            ("API_KEY_FILE", "api_key"),
        ] {
            assert_eq!(meant(written).as_deref(), Some(ours), "{written}");
        }
    }

    /// What shells, containers, Kubernetes, App Service and other programs set.
    #[test]
    fn an_environment_as_it_is_everywhere_is_no_slip() {
        for name in [
            "PATH",
            "HOME",
            "HOST",
            "HOSTNAME",
            "PORT",
            "PWD",
            "OLDPWD",
            "USER",
            "LOGNAME",
            "MAIL",
            "SHELL",
            "SHLVL",
            "TERM",
            "LANG",
            "LC_ALL",
            "LANGUAGE",
            "TZ",
            "TMPDIR",
            "EDITOR",
            "DISPLAY",
            "LOG_LEVEL",
            "LOGLEVEL",
            "LOG_FILE",
            "LOG_DIR",
            "DEBUG",
            "VERBOSE",
            "NODE_ENV",
            "CI",
            "DATABASE_URL",
            "REDIS_URL",
            "APP_KEY",
            "APP_NAME",
            "APP_ENV",
            "SECRET_KEY",
            "DATA_PATH",
            "DATA_HOME",
            "XDG_DATA_DIRS",
            "XDG_DATA_HOME",
            "XDG_CONFIG_HOME",
            "XDG_RUNTIME_DIR",
            "RUST_BACKTRACE",
            "RUST_LOG_STYLE",
            "RUSTUP_HOME",
            "CARGO_HOME",
            "QUEUE_URL",
            "BASE_URL",
            "PUBLIC_URL",
            "HTTP_PROXY",
            "https_proxy",
            "NO_PROXY",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "KUBERNETES_SERVICE_HOST",
            "KUBERNETES_PORT_443_TCP_ADDR",
            "INVOCATION_ID",
            "JOURNAL_STREAM",
            "NOTIFY_SOCKET",
            "DBUS_SESSION_BUS_ADDRESS",
            "SSH_CONNECTION",
            "CONTAINER_NAME",
            "CONTAINER_APP_NAME",
            "CONTAINER_ENCRYPTION_KEY",
            "IDENTITY_ENDPOINT",
            "IDENTITY_HEADER",
            "MSI_ENDPOINT",
            "MSI_SECRET",
            "WEBSITE_SITE_NAME",
            "WEBSITE_HOSTNAME",
            "WEBSITE_INSTANCE_ID",
            "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
            "AZURE_CLIENT_ID",
            "AZURE_TENANT_ID",
            "AZURE_STORAGE_CONNECTION_STRING",
            "APPSETTING_AzureWebJobsStorage",
            "APPSETTING_queue_name",
            "AzureWebJobsScriptRoot",
            "AzureWebJobsDashboard",
            "AzureWebJobsFeatureFlags",
            "AzureWebJobsSecretStorageType",
            "AzureFunctionsJobHost__logging__logLevel__default",
            "FUNCTIONS_WORKER_RUNTIME",
            "FUNCTIONS_HTTPWORKER_PORT",
            "FUNCTIONS_EXTENSION_VERSION",
            "FUNCTIONS_APPLICATION_DIRECTORY",
            "APPLICATIONINSIGHTS_CONNECTION_STRING",
            "APPINSIGHTS_INSTRUMENTATIONKEY",
            "ASPNETCORE_URLS",
            "DOTNET_RUNNING_IN_CONTAINER",
            "OTEL_SERVICE_NAME",
            "_",
            "X",
        ] {
            assert_eq!(meant(name), None, "{name}");
        }
    }
}
