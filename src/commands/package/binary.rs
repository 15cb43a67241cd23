//! Whether a binary starts where Azure Functions runs it.
//!
//! The base images of the hosts have glibc 2.36 to 2.39 (Debian 12, Ubuntu 24.04, Azure Linux 3). What
//! is built on Debian 12 needs 2.34, and so starts on all of them.

use object::elf::{EM_AARCH64, EM_X86_64, ET_DYN, ET_EXEC, FileHeader64};
use object::read::elf::FileHeader;
use object::{Endianness, read};

/// The newest glibc that a binary may need, its major and minor version.
const NEWEST_GLIBC: (u32, u32) = (2, 34);

/// Why a binary does not start there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::commands) enum Unfit {
    #[error("is no program for Linux of 64 bits (ELF)")]
    NotElf,
    #[error("is an ELF file that cannot be read: {0}")]
    Unreadable(read::Error),
    #[error("is for another processor than x86-64 and arm64 (ELF machine {0})")]
    Machine(u16),
    #[error(
        "needs GLIBC_{}.{}, and the hosts may have no more than GLIBC_{}.{}: build it on Debian 12 or older, \
         or for a musl target",
        .0.0, .0.1, NEWEST_GLIBC.0, NEWEST_GLIBC.1
    )]
    Glibc((u32, u32)),
}

/// Looks at the bytes of a binary.
pub(super) fn check(bytes: &[u8]) -> Result<(), Unfit> {
    let header = FileHeader64::<Endianness>::parse(bytes).map_err(|_| Unfit::NotElf)?;
    let endian = header.endian().map_err(Unfit::Unreadable)?;
    if ![ET_DYN, ET_EXEC].contains(&header.e_type(endian)) {
        return Err(Unfit::NotElf);
    }
    let machine = header.e_machine(endian);
    if ![EM_X86_64, EM_AARCH64].contains(&machine) || endian != Endianness::Little {
        return Err(Unfit::Machine(machine.0));
    }
    match needed_glibc(header, endian, bytes).map_err(Unfit::Unreadable)? {
        Some(version) if version > NEWEST_GLIBC => Err(Unfit::Glibc(version)),
        _ => Ok(()),
    }
}

/// The newest version of glibc among those that the binary needs; none when it is linked statically.
fn needed_glibc(
    header: &FileHeader64<Endianness>,
    endian: Endianness,
    bytes: &[u8],
) -> read::Result<Option<(u32, u32)>> {
    let sections = header.sections(endian, bytes)?;
    let Some((mut libraries, strings)) = sections.gnu_verneed(endian, bytes)? else {
        return Ok(None);
    };
    let strings = sections.strings(endian, bytes, strings)?;
    let mut newest = None;
    while let Some((_, mut versions)) = libraries.next()? {
        while let Some(version) = versions.next()? {
            newest = newest.max(glibc_version(version.name(endian, strings)?));
        }
    }
    Ok(newest)
}

/// `(2, 34)` of `GLIBC_2.34`; none of what is not glibc's, or has no number, such as `GLIBC_PRIVATE`.
fn glibc_version(name: &[u8]) -> Option<(u32, u32)> {
    let version = str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

#[cfg(test)]
pub(super) mod tests;
