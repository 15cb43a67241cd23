//! Reads a storage connection string, in the forms that Azure's own libraries accept.
//!
//! Names of settings are taken in any case, blank parts, surrounding space and quotes are
//! tolerated, settings for other services are ignored. An error names a setting and never repeats
//! any of the text, which is a secret.

use azure_core::base64;

use super::account::{
    Account, Credential, account_name_of, emulator_name_of, endpoint, service_url,
};
use ports::Secret;

/// The account and the key that every storage emulator has; both are public.
const DEV_ACCOUNT: &str = "devstoreaccount1";
const DEV_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

const BLOB_ENDPOINT: &str = "BlobEndpoint";
const QUEUE_ENDPOINT: &str = "QueueEndpoint";
const NAME: &str = "AccountName";
const KEY: &str = "AccountKey";
const SAS: &str = "SharedAccessSignature";
const PROTOCOL: &str = "DefaultEndpointsProtocol";
const SUFFIX: &str = "EndpointSuffix";
const DEV: &str = "UseDevelopmentStorage";
const DEV_PROXY: &str = "DevelopmentStorageProxyUri";

const SETTINGS: [&str; 9] = [
    BLOB_ENDPOINT,
    QUEUE_ENDPOINT,
    NAME,
    KEY,
    SAS,
    PROTOCOL,
    SUFFIX,
    DEV,
    DEV_PROXY,
];

impl Account {
    /// Reads a storage connection string: development storage, account key or SAS.
    ///
    /// # Errors
    ///
    /// One sentence that names the part that is missing or wrong, and never its value.
    pub fn from_connection_string(text: &str) -> Result<Self, String> {
        Self::read(&Parts::of(text)?)
    }

    /// As [`from_connection_string`](Self::from_connection_string), for an account of which the blobs alone
    /// are used: it need not tell where the queues are.
    ///
    /// # Errors
    ///
    /// One sentence that names the part that is missing or wrong, and never its value.
    pub fn of_blobs_from_connection_string(text: &str) -> Result<Self, String> {
        let mut parts = Parts::of(text)?;
        parts.take_queues_for_blobs();
        Self::read(&parts)
    }

    fn read(parts: &Parts<'_>) -> Result<Self, String> {
        let account = match parts.get(NAME) {
            Some(name) => Some(emulator_name_of(NAME, name)?),
            None => None,
        };
        if parts.development()? {
            let account = account.unwrap_or_else(|| DEV_ACCOUNT.to_owned());
            return Ok(Self {
                blob_endpoint: parts.emulator(BLOB_ENDPOINT, 10000, &account)?,
                queue_endpoint: parts.emulator(QUEUE_ENDPOINT, 10001, &account)?,
                credential: shared_key(account, parts.get(KEY).unwrap_or(DEV_KEY))?,
            });
        }
        Ok(Self {
            blob_endpoint: parts.service(BLOB_ENDPOINT, "blob", account.as_deref())?,
            queue_endpoint: parts.service(QUEUE_ENDPOINT, "queue", account.as_deref())?,
            credential: match (parts.get(KEY), parts.get(SAS), account) {
                (Some(_), Some(_), _) => return Err(format!("{KEY} and {SAS} are both given")),
                (Some(key), None, Some(account)) => shared_key(account, key)?,
                (Some(_), None, None) => return Err(format!("{NAME} is missing")),
                (None, Some(sas), _) => shared_access_signature(sas)?,
                (None, None, _) => return Err(format!("{KEY} is missing, or {SAS}")),
            },
        })
    }
}

/// The settings of a connection string, by their index in [`SETTINGS`].
#[derive(Default)]
struct Parts<'a>([Option<&'a str>; SETTINGS.len()]);

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, String> {
        let unquoted = text.trim().trim_matches(['"', '\'']);
        let mut parts = Self::default();
        for part in unquoted.split(';').map(str::trim) {
            if part.is_empty() {
                continue;
            }
            // Keys and signatures have `=` in them: only the first one divides.
            let (name, value) = part
                .split_once('=')
                .ok_or("a part of the connection string has no `=`")?;
            let named = |setting: &str| setting.eq_ignore_ascii_case(name.trim());
            let Some(index) = SETTINGS.iter().position(|setting| named(setting)) else {
                continue;
            };
            if parts.0[index].replace(value.trim()).is_some() {
                return Err(format!("{} is given twice", SETTINGS[index]));
            }
        }
        if parts.0.iter().all(Option::is_none) {
            return Err("the connection string is empty or not one of Azure Storage".to_owned());
        }
        Ok(parts)
    }

    /// Lets the endpoint of the blobs stand for that of the queues.
    fn take_queues_for_blobs(&mut self) {
        let index = |setting| SETTINGS.iter().position(|known| *known == setting);
        if let (Some(queue), Some(blob)) = (index(QUEUE_ENDPOINT), index(BLOB_ENDPOINT)) {
            self.0[queue] = self.0[blob];
        }
    }

    /// A setting, if it has a value.
    fn get(&self, setting: &str) -> Option<&'a str> {
        let index = SETTINGS.iter().position(|known| *known == setting)?;
        self.0[index].filter(|value| !value.is_empty())
    }

    fn development(&self) -> Result<bool, String> {
        match self.get(DEV) {
            None => Ok(false),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(_) => Err(format!("{DEV} can only be true")),
        }
    }

    /// A service of the emulator: on this machine, or where the proxy is, on the emulator's port.
    fn emulator(&self, setting: &str, port: u16, account: &str) -> Result<String, String> {
        if let Some(url) = self.get(setting) {
            return endpoint(setting, url);
        }
        let mut url = service_url(DEV_PROXY, self.get(DEV_PROXY).unwrap_or("http://127.0.0.1"))?;
        // The proxy's own port and path do not count, as in Azure's own libraries.
        url.set_path(account);
        url.set_port(Some(port))
            .map_err(|()| format!("{DEV_PROXY} is not an http or https URL"))?;
        Ok(url.into())
    }

    /// A service of Azure: where the setting says, or derived from the account's name.
    fn service(
        &self,
        setting: &str,
        service: &str,
        account: Option<&str>,
    ) -> Result<String, String> {
        if let Some(url) = self.get(setting) {
            return endpoint(setting, url);
        }
        let account = account.ok_or_else(|| format!("{setting} is missing, or {NAME}"))?;
        let account = account_name_of(NAME, account)?;
        let scheme = self.get(PROTOCOL).unwrap_or("https").to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https") {
            return Err(format!("{PROTOCOL} can only be http or https"));
        }
        let suffix = self.get(SUFFIX).unwrap_or("core.windows.net");
        let part_of_a_host = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        if !suffix.chars().all(part_of_a_host) {
            return Err(format!("{SUFFIX} is not a domain name"));
        }
        endpoint(SUFFIX, &format!("{scheme}://{account}.{service}.{suffix}"))
    }
}

/// Tools wrap base64 at 76 columns, and a wrapped key is as good.
fn shared_key(account: String, key: &str) -> Result<Credential, String> {
    let key: String = key.split_ascii_whitespace().collect();
    if base64::decode(&key).is_err() {
        return Err(format!("{KEY} is not base64"));
    }
    let key = Secret::new(key);
    Ok(Credential::SharedKey { account, key })
}

fn shared_access_signature(sas: &str) -> Result<Credential, String> {
    let sas: String = sas.split_ascii_whitespace().collect();
    let sas = sas.trim_start_matches('?');
    if !sas.split('&').any(|pair| pair.starts_with("sig=")) {
        return Err(format!("{SAS} has no sig"));
    }
    Ok(Credential::Sas(Secret::new(sas)))
}

#[cfg(test)]
mod tests;
