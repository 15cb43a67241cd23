//! A zip that is the same, to the byte, when what is in it is: fixed times, and the order in which
//! files are added. It takes its name when it is complete.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Whether a file can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Executable,
    Plain,
}

impl Mode {
    /// The mode of a file on this machine.
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::PermissionsExt;

        let bits = fs::metadata(path)?.permissions().mode();
        Ok(match bits & 0o111 {
            0 => Self::Plain,
            _ => Self::Executable,
        })
    }

    /// Where files have no such mode, none of them does.
    #[cfg(not(unix))]
    pub(super) fn of(_: &Path) -> io::Result<Self> {
        Ok(Self::Plain)
    }

    fn bits(self) -> u32 {
        match self {
            Self::Executable => 0o755,
            Self::Plain => 0o644,
        }
    }
}

/// A zip that is being written.
pub(super) struct Archive {
    zip: ZipWriter<BufWriter<File>>,
    files: usize,
    partial: PathBuf,
    output: PathBuf,
}

impl Archive {
    /// Begins one beside `output`.
    pub(super) fn create(output: &Path) -> io::Result<Self> {
        let mut partial = output.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        Ok(Self {
            zip: ZipWriter::new(BufWriter::new(File::create(&partial)?)),
            files: 0,
            partial,
            output: output.to_owned(),
        })
    }

    /// Adds a file. A `name` has `/` between its parts.
    pub(super) fn add(&mut self, name: &str, mode: Mode, bytes: &[u8]) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(mode.bits());
        self.zip.start_file(name, options)?;
        self.zip.write_all(bytes)?;
        self.files += 1;
        Ok(())
    }

    /// Completes it, and gives the number of its files.
    pub(super) fn finish(self) -> io::Result<usize> {
        self.zip.finish()?.into_inner()?.sync_all()?;
        fs::rename(&self.partial, &self.output)?;
        Ok(self.files)
    }
}
