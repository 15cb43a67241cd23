//! Links between the pages lead somewhere: to a file that is there, and to a heading that it has.

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// All pages: the Markdown files of the root, and those of `docs` and below it.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    let mut folders = vec![PathBuf::from(ROOT)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let below = folder != Path::new(ROOT) || path.ends_with("docs");
            if path.is_dir() && below {
                folders.push(path);
            } else if path.extension().is_some_and(|name| name == "md") {
                pages.push(path);
            }
        }
    }
    pages
}

/// A page without its blocks of code.
fn prose(page: &Path) -> String {
    let text = fs::read_to_string(page).unwrap();
    let mut code = false;
    let mut kept = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        } else if !code {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// What the links of a page lead to, but for other sites.
fn targets(prose: &str) -> Vec<&str> {
    prose
        .split("](")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(')')?.0))
        .filter(|target| !target.contains("://"))
        .collect()
}

/// A heading as the part of a link behind `#` names it, in the way of GitHub.
fn anchor(heading: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || " -_".contains(*letter);
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}

fn has_heading(page: &Path, wanted: &str) -> bool {
    let text = prose(page);
    let mut headings = text.lines().filter(|line| line.starts_with('#'));
    headings.any(|heading| anchor(heading) == wanted)
}

/// The file that a link of a page leads to, if it is there, and the heading that it names.
fn followed<'a>(page: &Path, target: &'a str) -> (Option<PathBuf>, &'a str) {
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let there = match file {
        "" => page.to_owned(),
        file => page.with_file_name(file),
    };
    (there.canonicalize().ok(), heading)
}

#[test]
fn every_link_between_pages_leads_to_a_file_and_a_heading() {
    let pages = pages();
    assert!(pages.len() > 60, "{pages:?}");
    let mut broken = Vec::new();
    for page in pages {
        for target in targets(&prose(&page)) {
            let (there, heading) = followed(&page, target);
            let right = there.is_some_and(|file| heading.is_empty() || has_heading(&file, heading));
            if !right {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_page_of_the_docs_is_found_from_the_readme() {
    let root = Path::new(ROOT).canonicalize().unwrap();
    let mut found = vec![root.join("README.md")];
    let mut next = 0;
    while let Some(page) = found.get(next).cloned() {
        next += 1;
        for target in targets(&prose(&page)) {
            let (there, _) = followed(&page, target);
            if let Some(there) = there
                && there.extension().is_some_and(|name| name == "md")
                && !found.contains(&there)
            {
                found.push(there);
            }
        }
    }
    let mut lost = pages();
    lost.retain(|page| !found.contains(&page.canonicalize().unwrap()));
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn a_heading_is_named_as_github_does_it() {
    assert_eq!(anchor("## C#: Azure.Core"), "c-azurecore");
    assert_eq!(
        anchor("### Somebody's answer, later"),
        "somebodys-answer-later"
    );
}
