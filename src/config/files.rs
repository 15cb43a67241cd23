//! The settings of the files of kinds: where they are kept, and whether the kinds that process them are there.

use super::cleaned::cleaned;
use super::container::container_name;
use super::error::{ConfigError, wrong};
use super::mode::Storage;
use crate::surfaces::FileProcessing;
use backends::azure::Account;
use ports::FileName;

/// As they are written.
#[derive(Clone, clap::Args)]
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the text of --help, which is not Markdown"
)]
pub struct FileArgs {
    /// Connection string of the storage account that kinds keep files in; without it that of the tasks, or the embedded store's folder
    #[arg(long, env = "DataStorage", hide_env_values = true)]
    pub data_storage: Option<String>,

    /// Storage account of the files to use with a managed identity, instead of a connection string
    #[arg(long, env = "DataStorage__accountName", hide_env_values = true)]
    pub data_account_name: Option<String>,

    /// Blob endpoint of the files to use with a managed identity
    #[arg(long, env = "DataStorage__blobServiceUri", hide_env_values = true)]
    pub data_blob_service_uri: Option<String>,

    /// Kind of credential for the files without a connection string: managedidentity, the only one
    #[arg(long, env = "DataStorage__credential", hide_env_values = true)]
    pub data_credential: Option<String>,

    /// Client id of a user-assigned managed identity for the files; without it the system-assigned one
    #[arg(long, env = "DataStorage__clientId", hide_env_values = true)]
    pub data_client_id: Option<String>,

    /// Blob container of the files, created when a kind needs it
    #[arg(
        long,
        env = "DataContainer",
        default_value = "files",
        hide_env_values = true
    )]
    pub data_container: String,

    /// true adds the kinds GenerateData and step0 to step4, which write files of random data and process them
    #[arg(
        long,
        env = "FILE_PROCESSING",
        default_value = "false",
        hide_env_values = true
    )]
    pub file_processing: String,

    /// Folder of the files that step1 writes
    #[arg(
        long,
        env = "Step1DataSubpath",
        default_value = "step1",
        hide_env_values = true
    )]
    pub step1_data_subpath: String,

    /// Folder of the files that step2 writes
    #[arg(
        long,
        env = "Step2DataSubpath",
        default_value = "step2",
        hide_env_values = true
    )]
    pub step2_data_subpath: String,

    /// Folder of the files that step3 writes
    #[arg(
        long,
        env = "Step3DataSubpath",
        default_value = "step3",
        hide_env_values = true
    )]
    pub step3_data_subpath: String,

    /// Folder of the files that step4 writes
    #[arg(
        long,
        env = "Step4DataSubpath",
        default_value = "step4",
        hide_env_values = true
    )]
    pub step4_data_subpath: String,
}

impl FileArgs {
    /// Without space around them, and with the default for what is empty.
    pub(super) fn cleaned(mut self, defaults: Self) -> Self {
        for (setting, default) in [
            (&mut self.data_container, defaults.data_container),
            (&mut self.file_processing, defaults.file_processing),
            (&mut self.step1_data_subpath, defaults.step1_data_subpath),
            (&mut self.step2_data_subpath, defaults.step2_data_subpath),
            (&mut self.step3_data_subpath, defaults.step3_data_subpath),
            (&mut self.step4_data_subpath, defaults.step4_data_subpath),
        ] {
            *setting = match cleaned(setting) {
                "" => default,
                value => value.to_owned(),
            };
        }
        for setting in [
            &mut self.data_storage,
            &mut self.data_account_name,
            &mut self.data_blob_service_uri,
            &mut self.data_credential,
            &mut self.data_client_id,
        ] {
            *setting = setting
                .take()
                .map(|value| cleaned(&value).to_owned())
                .filter(|value| !value.is_empty());
        }
        self
    }
}

/// Where the files of kinds are kept.
#[derive(Clone, Debug)]
pub struct FileStorage {
    /// The account that has them, if it is another than that of the tasks.
    pub account: Option<Account>,
    /// Their container, on Azure Storage.
    pub container: String,
}

impl FileStorage {
    /// What is told of it, beside where the tasks are: in which storage, and in which container of it.
    pub(super) fn read(
        args: &FileArgs,
        account: Option<Account>,
        storage: &Storage,
        records: &str,
    ) -> Result<Self, ConfigError> {
        let container = container_name("DataContainer", args.data_container.clone())?;
        let is_with_tasks = account.is_none() && matches!(storage, Storage::Azure(_));
        if is_with_tasks && container == records {
            let reason = "is the container of the task records: files need one of their own";
            return Err(wrong("DataContainer", reason));
        }
        Ok(Self { account, container })
    }
}

/// Whether the kinds that process files are there, and where they write.
pub(super) fn file_processing(args: &FileArgs) -> Result<Option<FileProcessing>, ConfigError> {
    let folder = |setting, text: &str| {
        let reason = "is not the name of a folder, such as step1 or data/step1";
        FileName::try_from(text).map_err(|_| wrong(setting, reason))
    };
    let folders = FileProcessing {
        step1: folder("Step1DataSubpath", &args.step1_data_subpath)?,
        step2: folder("Step2DataSubpath", &args.step2_data_subpath)?,
        step3: folder("Step3DataSubpath", &args.step3_data_subpath)?,
        step4: folder("Step4DataSubpath", &args.step4_data_subpath)?,
    };
    match args.file_processing.to_ascii_lowercase().as_str() {
        "true" => Ok(Some(folders)),
        "false" => Ok(None),
        _ => Err(wrong("FILE_PROCESSING", "is neither true nor false")),
    }
}
