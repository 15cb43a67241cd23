//! Which file imports which, and the circles in that.

use std::collections::{BTreeMap, BTreeSet};

use super::scan::File;

/// The files of a package.
pub(super) struct Package {
    files: Vec<File>,
}

/// As many names as are handed on one after the other, and more.
const MOST_STEPS: usize = 8;

impl Package {
    /// Of these files, by name and text.
    pub(super) fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files = files.into_iter().map(|(name, text)| File::read(name, text));
        Self {
            files: files.collect(),
        }
    }

    pub(super) fn files(&self) -> &[File] {
        &self.files
    }

    /// The file that a path leads to, if it is another one of this package.
    pub(super) fn target(&self, path: &[String]) -> Option<&File> {
        let mut path = path.to_owned();
        for _ in 0..MOST_STEPS {
            let (first, rest) = path.split_first()?;
            if first != "crate" {
                return None;
            }
            let deepest = (0..=rest.len()).rev().find_map(|length| {
                let file = self.files.iter().find(|file| file.module == rest[..length])?;
                Some((file, &rest[length..]))
            });
            let (file, rest) = deepest?;
            match rest.split_first() {
                Some((name, rest)) if file.leads_to(name).is_some() => {
                    path = [&*file.leads_to(name)?, rest].concat();
                }
                _ => return Some(file),
            }
        }
        None
    }

    /// Circles of files: their names, each importing the next, the first one once more at the end. Where
    /// several share a file, one of them.
    pub(super) fn circles(&self) -> Vec<Vec<&str>> {
        let imports: BTreeMap<&str, BTreeSet<&str>> = self
            .files
            .iter()
            .map(|file| {
                let targets = file.imports();
                let targets = targets.iter().filter_map(|path| self.target(path));
                let others = targets.map(|target| &*target.name).filter(|name| *name != file.name);
                (&*file.name, others.collect())
            })
            .collect();
        let mut left: BTreeSet<&str> = imports.keys().copied().collect();
        let mut circles = Vec::new();
        while let Some(circle) = circle(&imports, &mut left) {
            left.retain(|name| !circle.contains(name));
            circles.push(circle);
        }
        circles
    }
}

/// A circle among those that are left, and fewer are left: what imports none of them is in no circle.
fn circle<'a>(
    imports: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    left: &mut BTreeSet<&'a str>,
) -> Option<Vec<&'a str>> {
    while let Some(end) = left.iter().find(|name| imports[**name].is_disjoint(left)).copied() {
        left.remove(end);
    }
    let mut chain = vec![*left.first()?];
    loop {
        let next = *imports[chain.last()?].intersection(left).next()?;
        let begin = chain.iter().position(|name| *name == next);
        chain.push(next);
        if let Some(begin) = begin {
            return Some(chain.split_off(begin));
        }
    }
}
