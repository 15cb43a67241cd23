//! What each file of a package defines, hands on and imports, by its syntax.
//!
//! - An import is a `use`, or a path in the code or in a macro, that leads into another file.
//! - A `use` with a visibility hands a name on. Who takes it from there imports the file that defines it; who
//!   hands it on imports that file only if its own code says the name, too.
//! - `mod` is no import, and what is built for tests only does not count.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, UseTree, Visibility};

/// A path as it is written, its parts.
type Path = Vec<String>;

/// A file of a package.
pub(super) struct File {
    /// Its name below the package's `src`.
    pub(super) name: String,
    /// The module it is.
    pub(super) module: Path,
    modules: BTreeSet<String>,
    /// What is brought into its scope, by name.
    names: BTreeMap<String, Path>,
    /// What it imports, as written; or would, if its code said the name that it hands on.
    imports: Vec<Path>,
    handed_on: Vec<(String, Path)>,
    said: BTreeSet<String>,
}

impl File {
    /// Reads a file, whose name is relative to `src`.
    pub(super) fn read(name: &str, text: &str) -> Self {
        let mut file = Self {
            name: name.to_owned(),
            module: module_of(name),
            modules: BTreeSet::new(),
            names: BTreeMap::new(),
            imports: Vec::new(),
            handed_on: Vec::new(),
            said: BTreeSet::new(),
        };
        let syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        file.visit_file(&syntax);
        file
    }

    /// Every path that this file imports by, absolute if it stays in the package.
    pub(super) fn imports(&self) -> BTreeSet<Path> {
        let said = self
            .handed_on
            .iter()
            .filter(|(name, _)| self.said.contains(name));
        self.imports
            .iter()
            .chain(said.map(|(_, path)| path))
            .map(|path| self.absolute(path))
            .collect()
    }

    /// Where a name leads that this file has from elsewhere.
    pub(super) fn leads_to(&self, name: &str) -> Option<Path> {
        self.names.get(name).map(|path| self.absolute(path))
    }

    /// `crate::…` for what is in the package, and as it is for what is not.
    fn absolute(&self, path: &[String]) -> Path {
        let mut at = self.module.clone();
        let mut rest = path;
        match path.first().map(String::as_str) {
            Some("crate") => at.clear(),
            Some("self" | "super") => {}
            Some(first) if self.modules.contains(first) => {}
            _ => return path.to_owned(),
        }
        while let Some(first) = rest.first() {
            match first.as_str() {
                "crate" | "self" => {}
                "super" => drop(at.pop()),
                _ => break,
            }
            rest = &rest[1..];
        }
        let root = std::iter::once("crate".to_owned());
        root.chain(at).chain(rest.iter().cloned()).collect()
    }

    fn add(&mut self, tree: &UseTree, before: &[String], is_handed_on: bool) {
        let (path, name) = match tree {
            UseTree::Path(path) => {
                let before = [before, &[path.ident.to_string()]].concat();
                return self.add(&path.tree, &before, is_handed_on);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add(tree, before, is_handed_on);
                }
                return;
            }
            UseTree::Name(name) if name.ident == "self" => {
                (before.to_owned(), before.last().cloned())
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                ([before, std::slice::from_ref(&name)].concat(), Some(name))
            }
            UseTree::Rename(rename) => (
                [before, &[rename.ident.to_string()]].concat(),
                Some(rename.rename.to_string()),
            ),
            UseTree::Glob(_) => (before.to_owned(), None),
        };
        if let Some(name) = &name {
            self.names.insert(name.clone(), path.clone());
        }
        match name {
            Some(name) if is_handed_on => self.handed_on.push((name, path)),
            _ => self.imports.push(path),
        }
    }

    /// A path in the code: it imports if it says where from.
    fn say(&mut self, path: Path) {
        if let Some(first) = path.first() {
            self.said.insert(first.clone());
        }
        if path.len() > 1 {
            self.imports.push(path);
        }
    }

    /// Paths in the tokens of a macro.
    fn say_tokens(&mut self, tokens: TokenStream) {
        let mut path = Path::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.say(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.say(std::mem::take(&mut path));
                    self.say_tokens(group.stream());
                    colons = 0;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.say(std::mem::take(&mut path));
                    colons = 0;
                }
            }
        }
        self.say(path);
    }
}

impl<'ast> Visit<'ast> for File {
    fn visit_item(&mut self, item: &'ast Item) {
        if attributes_of(item).iter().any(is_for_tests) {
            return;
        }
        if let Item::Mod(module) = item
            && module.content.is_none()
        {
            self.modules.insert(module.ident.to_string());
        }
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_handed_on = !matches!(item.vis, Visibility::Inherited);
        self.add(&item.tree, &[], is_handed_on);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.say(
            path.segments
                .iter()
                .map(|part| part.ident.to_string())
                .collect(),
        );
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.visit_path(&called.path);
        self.say_tokens(called.tokens.clone());
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// `a/b.rs` and `a/b/mod.rs` are `a::b`.
fn module_of(name: &str) -> Path {
    let path = name.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    match path {
        "lib" | "main" => Path::new(),
        _ => path.split('/').map(str::to_owned).collect(),
    }
}

fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn is_for_tests(attribute: &Attribute) -> bool {
    let tokens = match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string(),
        _ => return false,
    };
    tokens.contains("test") && !tokens.contains("not")
}
