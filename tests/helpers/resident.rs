//! The memory of a process, as the system counts it.

use std::fmt::Display;
use std::fs;

/// A line of a process's status in bytes, of `self` or an id: `VmRSS` is what it has, `VmHWM` the most that it
/// ever had.
pub(crate) fn memory(process: impl Display, name: &str) -> usize {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name));
    let words: Vec<&str> = line.unwrap().split_whitespace().collect();
    words[1].parse::<usize>().unwrap() * 1024
}
