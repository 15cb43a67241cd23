//! What `handler` does beside serving: a file for each command. Without one it serves.

mod check_kinds;
mod functions;
mod init;
mod package;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{FromArgMatches, Subcommand};
use work::Kinds;

use crate::config::flags;
use check_kinds::{CheckError, CheckKinds};
use functions::{Functions, FunctionsError};
use init::{Init, InitError};
use package::{Package, PackageError};

// What the command line may ask for. As a doc comment this would stand in the place of what `--help` says of the service.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Says what is wrong with a file of kinds of work
    CheckKinds(CheckKinds),
    /// Writes the folders that the Azure Functions host reads
    Functions(Functions),
    /// Writes a project to begin from
    Init(Init),
    /// Writes the zip that Azure Functions runs
    Package(Package),
}

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    CheckKinds(#[from] CheckError),
    #[error(transparent)]
    Functions(#[from] FunctionsError),
    #[error(transparent)]
    Init(#[from] InitError),
    #[error(transparent)]
    Package(#[from] PackageError),
}

impl Command {
    /// The command of a command line, its program first; none when the service is to run. Ends the
    /// process when it was asked for help or its version, or with what nobody knows.
    pub(crate) fn asked_for(command_line: impl IntoIterator<Item = OsString>) -> Option<Self> {
        Self::read(command_line).unwrap_or_else(|refused| refused.exit())
    }

    fn read(command_line: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, clap::Error> {
        let known = Self::augment_subcommands(flags()).args_conflicts_with_subcommands(true);
        let given = known.try_get_matches_from(command_line)?;
        match given.subcommand_name() {
            Some(_) => Self::from_arg_matches(&given).map(Some),
            None => Ok(None),
        }
    }

    /// Does it, in a binary with these kinds of work. What it says of itself goes to stdout, why it could not
    /// to stderr.
    pub(crate) fn run(self, kinds: Kinds) -> ExitCode {
        match self.tried(kinds) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        }
    }

    fn tried(self, kinds: Kinds) -> Result<(), CommandError> {
        match self {
            Self::CheckKinds(check) => Ok(check.run(kinds)?),
            Self::Functions(functions) => Ok(functions.run()?),
            Self::Init(init) => Ok(init.run()?),
            Self::Package(package) => Ok(package.run()?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Command>, clap::Error> {
        let words = ["handler"].iter().chain(words);
        Command::read(words.map(OsString::from))
    }

    #[test]
    fn without_a_command_the_service_runs() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&["--queue-name=package"]).unwrap().is_none());
        assert!(read(&["--queue-name", "package"]).unwrap().is_none());
    }

    #[test]
    fn help_begins_with_what_the_service_is_for() {
        let help = read(&["--help"]).unwrap_err().to_string();
        assert!(help.starts_with("Hands slow work to Azure"), "{help}");
    }

    #[test]
    fn a_setting_is_no_part_of_a_command() {
        assert!(read(&["package"]).unwrap().is_some());
        let refused = read(&["--queue-name=q", "package"]).unwrap_err();
        assert_eq!(refused.kind(), clap::error::ErrorKind::ArgumentConflict);
        let refused = read(&["package", "--queue-name=q"]).unwrap_err();
        assert_eq!(refused.kind(), clap::error::ErrorKind::UnknownArgument);
    }

    #[test]
    fn a_command_that_nobody_knows_is_refused() {
        let refused = read(&["pakage"]).unwrap_err();
        assert_eq!(refused.kind(), clap::error::ErrorKind::InvalidSubcommand);
        assert!(refused.to_string().contains("pakage"), "{refused}");
    }
}
