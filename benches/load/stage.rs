//! Where a run takes place: some storage, and services that use it.

use std::path::Path;

use tempfile::TempDir;

use super::azurite::{Azurite, KEY};
use super::floor::Place;
use super::http::HttpError;
use super::service::Service;
use super::storage::Storage;

/// The environment variable that makes this tool be the service, with kinds of its own.
pub(crate) const SERVES: &str = "LOAD_SERVES_WORKFLOWS";

/// Storage, ready to be used by a service.
pub(crate) struct Stage {
    storage: Storage,
    folder: TempDir,
    azurite: Option<Azurite>,
}

impl Stage {
    pub(crate) fn set(storage: Storage) -> Result<Self, HttpError> {
        let emulated = matches!(storage, Storage::Azurite | Storage::Hosted);
        Ok(Self {
            storage,
            folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?,
            azurite: emulated.then(Azurite::start),
        })
    }

    /// Starts a service as it comes.
    pub(crate) async fn service(&self) -> Result<Service, HttpError> {
        self.service_with(&[]).await
    }

    /// Starts one with these settings.
    pub(crate) async fn service_with(&self, own: &[(&str, &str)]) -> Result<Service, HttpError> {
        let account = self.azurite.as_ref().map(Azurite::connection_string);
        let mut settings = own.to_vec();
        settings.extend(
            account
                .iter()
                .map(|text| ("AzureWebJobsStorage", text.as_str())),
        );
        match (self.storage, &account) {
            (Storage::Hosted, Some(account)) => Service::hosted(account, own).await,
            (storage, _) => Service::standalone(storage, self.folder(), &settings).await,
        }
    }

    /// Starts this tool as a service of workflows.
    pub(crate) async fn service_of_workflows(&self) -> Result<Service, HttpError> {
        let account = self.azurite.as_ref().map(Azurite::connection_string);
        let account = account.iter().map(|text| ("AzureWebJobsStorage", &**text));
        let settings: Vec<_> = account.chain([(SERVES, "1")]).collect();
        let tool = std::env::current_exe()?;
        Service::of(&tool, self.storage, self.folder(), &settings).await
    }

    /// The emulator, for a bare client.
    pub(crate) fn place(&self) -> Option<Place> {
        let account = self.azurite.as_ref()?.account();
        Some(Place {
            blobs: account.blob_endpoint,
            queues: account.queue_endpoint,
            account: "devstoreaccount1".to_owned(),
            key: KEY.to_owned(),
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}
