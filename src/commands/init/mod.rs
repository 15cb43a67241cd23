//! `handler init`: a project of one's own to begin from.

mod crate_name;
mod error;
mod files;
mod host;
mod kinds;
mod own_crate;

use std::path::PathBuf;

use crate_name::CrateName;
pub(super) use error::InitError;

/// Where to begin a project, and which.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// The folder of the project: an empty one, or one to be made. A crate gets its name
    #[arg(value_name = "DIR")]
    root: PathBuf,

    /// Without Rust: kinds of work are commands, which kinds.toml tells
    #[arg(long)]
    kinds: bool,

    /// Build the crate with the checkout of this service in this folder, not with what is published
    #[arg(long, conflicts_with = "kinds")]
    path: Option<PathBuf>,
}

impl Init {
    /// Writes the project, and says where it goes on.
    pub(super) fn run(self) -> Result<(), InitError> {
        let files = match self.kinds {
            true => kinds::files()?,
            false => own_crate::files(&CrateName::of(&self.root)?, self.path.as_deref())?,
        };
        files::write(&self.root, &files)?;
        println!("{}: README.md says how to go on", self.root.display());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
