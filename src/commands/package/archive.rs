//! A zip that is the same, to the byte, when what is in it is: fixed times, and the order of names. It
//! takes its own name when it is complete.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
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

/// Files by their names in the zip, which have `/` between their parts.
pub(super) type Entries = BTreeMap<String, (Mode, Vec<u8>)>;

/// The end of each, by which it is known again.
const COMMENT: &str = "written by handler package";

/// Whether a file is a zip that was written here.
pub(super) fn is_package(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let length = COMMENT.len() as u64;
    if file.metadata()?.len() < length {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-(COMMENT.len() as i64)))?;
    let mut end = Vec::with_capacity(COMMENT.len());
    file.take(length).read_to_end(&mut end)?;
    Ok(end == COMMENT.as_bytes())
}

/// Writes a zip in place of what is at `output`, which stays if that fails.
pub(super) fn write(output: &Path, entries: &Entries) -> io::Result<()> {
    let mut partial = output.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let written = fill(&partial, entries).and_then(|()| fs::rename(&partial, output));
    if written.is_err() {
        // It may not even be there; what counts is why.
        let _ = fs::remove_file(&partial);
    }
    written
}

fn fill(path: &Path, entries: &Entries) -> io::Result<()> {
    let mut zip = ZipWriter::new(BufWriter::new(File::create(path)?));
    zip.set_comment(COMMENT)?;
    for (name, (mode, bytes)) in entries {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(mode.bits());
        zip.start_file(name, options)?;
        zip.write_all(bytes)?;
    }
    zip.finish()?.into_inner()?.sync_all()
}
