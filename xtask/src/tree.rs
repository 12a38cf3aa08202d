//! The text files of the project, held in memory, so that every check is a function of text.
//!
//! A check never reads a file itself: its tests hand it a small tree instead. Enter at
//! [`Tree::read`].

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::rust;

#[cfg(test)]
mod tests;

/// Folders that hold no source of ours.
const SKIPPED: &[&str] = &["target", "node_modules", "corpus", "artifacts", "coverage", "snapshots", "__pycache__"];
/// Hidden folders and files that are part of the project all the same.
const HIDDEN_BUT_OURS: &[&str] = &[".ci", ".cargo", ".config", ".gitignore", ".gitattributes"];
/// Larger files are data, not source.
const LARGEST: u64 = 1 << 20;

/// One text file: its path from the root with `/` between the parts, and its text.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
    /// The same lines with comments and literals blanked; empty unless this is Rust.
    pub(crate) code: String,
}

impl File {
    fn new(path: String, text: String) -> Self {
        let code = if path.ends_with(".rs") { rust::code(&text) } else { String::new() };
        Self { path, text, code }
    }

    /// Whether this is Rust source.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether this file exists for tests alone: `tests.rs`, anything in a `tests` folder, the testkit.
    pub(crate) fn is_test(&self) -> bool {
        self.path.starts_with("crates/testkit/")
            || self.path.split('/').any(|part| part == "tests" || part == "tests.rs" || part == "e2e")
    }

    /// Whether `pattern` names this file or a folder above it; `*` stands for one part of a path.
    pub(crate) fn is_under(&self, pattern: &str) -> bool {
        let mut parts = self.path.split('/');
        pattern.split('/').all(|wanted| parts.next().is_some_and(|part| wanted == "*" || wanted == part))
    }
}

/// All text files of the project, by path.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, File>,
}

impl Tree {
    /// Reads the project whose root is `root`.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        tree.walk(root, &mut PathBuf::new())?;
        Ok(tree)
    }

    fn walk(&mut self, root: &Path, below: &mut PathBuf) -> anyhow::Result<()> {
        let folder = root.join(&*below);
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot list `{}`", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().with_context(|| format!("a file name in `{}` is not UTF-8", folder.display()))?;
            let ours = HIDDEN_BUT_OURS.contains(&name) || !name.starts_with('.');
            // what is built is beside sources, never among them
            let named_so = name == "target" && below.iter().any(|part| part == "src");
            if !ours || (SKIPPED.contains(&name) && !named_so) {
                continue;
            }
            below.push(name);
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.walk(root, below)?;
            } else if kind.is_file() && entry.metadata()?.len() <= LARGEST {
                let bytes = fs::read(entry.path()).with_context(|| format!("cannot read `{}`", below.display()))?;
                if let (Ok(text), Some(path)) = (String::from_utf8(bytes), below.to_str()) {
                    self.insert(path, text);
                }
            }
            below.pop();
        }
        Ok(())
    }

    fn insert(&mut self, path: &str, text: String) {
        self.files.insert(path.to_owned(), File::new(path.to_owned(), text));
    }

    /// A tree of the given paths and texts.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.insert(path, (*text).to_owned());
        }
        tree
    }

    /// The file at exactly this path.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// Every file, in the order of their paths.
    pub(crate) fn files(&self) -> impl Iterator<Item = &File> {
        self.files.values()
    }

    /// Every Rust file whose path begins with `prefix`.
    pub(crate) fn rust_under(&self, prefix: &str) -> impl Iterator<Item = &File> {
        self.files().filter(move |file| file.is_rust() && file.path.starts_with(prefix))
    }

    /// The protocols: the folders of `crates/protocols/src` that declare a vocabulary.
    pub(crate) fn protocols(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .files()
            .filter_map(|file| {
                let (name, rest) = file.path.strip_prefix("crates/protocols/src/")?.split_once('/')?;
                let declares = rest == "vocabulary.rs" || rest == "vocabulary/mod.rs";
                declares.then_some(name)
            })
            .collect();
        names.dedup();
        names
    }
}
