//! Tests of the look at a binary, on programs made up here.

use super::*;

pub(in crate::commands) const X86_64: u16 = 62;
const ARM64: u16 = 183;
const HEADER: usize = 64;
const SECTION: usize = 64;

/// A program of nothing but the versions it needs of one library.
pub(in crate::commands) fn program(machine: u16, needs: &[&str]) -> Vec<u8> {
    let mut strings = b"\0libc.so.6\0".to_vec();
    let mut versions = Vec::new();
    // One library: version 1, how many, its name, where its first is, and no other.
    versions.extend([1u16, needs.len() as u16].map(u16::to_le_bytes).concat());
    versions.extend([1u32, 16, 0].map(u32::to_le_bytes).concat());
    for (index, need) in needs.iter().enumerate() {
        let next = if index + 1 == needs.len() { 0 } else { 16 };
        versions.extend(
            [0u32, 0, strings.len() as u32, next]
                .map(u32::to_le_bytes)
                .concat(),
        );
        strings.extend(need.bytes().chain([0]));
    }
    strings.resize(strings.len().next_multiple_of(8), 0);

    let at = HEADER + 3 * SECTION;
    let section = |kind: u32, offset: usize, size: usize, link: u32, info: u32| {
        let mut section = [0, kind].map(u32::to_le_bytes).concat();
        let place = [0, 0, offset as u64, size as u64].map(u64::to_le_bytes);
        section.extend(place.concat());
        section.extend([link, info].map(u32::to_le_bytes).concat());
        section.extend([8, 0].map(u64::to_le_bytes).concat());
        section
    };
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    file.extend([3, machine].map(u16::to_le_bytes).concat());
    file.extend(1u32.to_le_bytes());
    file.extend([0, 0, HEADER as u64].map(u64::to_le_bytes).concat());
    file.extend(0u32.to_le_bytes());
    let sizes = [HEADER as u16, 0, 0, SECTION as u16, 3, 1];
    file.extend(sizes.map(u16::to_le_bytes).concat());
    file.extend(section(0, 0, 0, 0, 0));
    file.extend(section(3, at, strings.len(), 0, 0));
    file.extend(section(
        0x6fff_fffe,
        at + strings.len(),
        versions.len(),
        1,
        1,
    ));
    file.extend(strings);
    file.extend(versions);
    file
}

#[test]
fn what_the_hosts_have_may_be_needed() {
    let needs = ["GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.9", "GLIBC_PRIVATE"];
    for machine in [X86_64, ARM64] {
        assert_eq!(check(&program(machine, &needs)), Ok(()));
    }
    let others = ["GCC_4.2.0", "GLIBCXX_3.4.99"];
    assert_eq!(check(&program(X86_64, &others)), Ok(()));
}

#[test]
fn a_newer_glibc_is_refused_by_its_version() {
    for (needs, version) in [
        (&["GLIBC_2.35", "GLIBC_2.2.5"][..], (2, 35)),
        (&["GLIBC_2.2.5", "GLIBC_2.41", "GLIBC_2.39"], (2, 41)),
        (&["GLIBC_3.0"], (3, 0)),
    ] {
        assert_eq!(check(&program(ARM64, needs)), Err(Unfit::Glibc(version)));
    }
    let said = Unfit::Glibc((2, 41)).to_string();
    assert!(said.starts_with("needs GLIBC_2.41, "), "{said}");
}

#[test]
fn another_processor_is_refused_by_its_number() {
    let riscv = 243;
    let found = check(&program(riscv, &["GLIBC_2.34"]));
    assert_eq!(found, Err(Unfit::Machine(riscv)));
}

#[test]
fn what_is_no_program_for_linux_is_refused() {
    let good = program(X86_64, &["GLIBC_2.34"]);
    let spoilt = |at: usize, byte: u8| {
        let mut file = good.clone();
        file[at] = byte;
        file
    };
    let (class, kind) = (4, 16);
    for file in [
        Vec::new(),
        b"MZ\x90\0".to_vec(),
        b"#!/bin/sh\nexec true\n".to_vec(),
        spoilt(class, 1),
        spoilt(kind, 1),
    ] {
        assert_eq!(check(&file), Err(Unfit::NotElf));
    }
}

#[test]
fn a_file_that_ends_early_is_refused() {
    let good = program(X86_64, &["GLIBC_2.34"]);
    for end in [HEADER, HEADER + SECTION, good.len() - 8] {
        let found = check(&good[..end]);
        assert!(
            matches!(found, Err(Unfit::Unreadable(_))),
            "{end} {found:?}"
        );
    }
}
