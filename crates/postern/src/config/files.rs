//! The files of a configuration: the one that was named and those it includes.
//!
//! It knows no meaning but that of `include`. Enter at [`Texts::main`].

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use postern_core::document::{self, Findings, Reader, Text};
use postern_core::identity::matches;
use toml::Spanned;
use toml::de::DeTable;

use crate::failure::reason;

/// Files with their text, in the order they are read.
#[derive(Debug, Default)]
pub(super) struct Texts(Vec<(PathBuf, String)>);

/// Files as TOML; what is none has been reported.
pub(super) struct Parsed<'d>(Vec<(usize, Spanned<DeTable<'d>>)>);

impl Texts {
    /// The file that was named.
    pub(super) fn main(file: &Path) -> io::Result<Self> {
        Ok(Self(vec![(file.to_owned(), fs::read_to_string(file)?)]))
    }

    /// The files that `include` of `top` names, sorted by name within each pattern.
    pub(super) fn included(findings: &mut Findings, top: &mut Reader<'_>, main: &Path) -> Self {
        let folder = main.parent().unwrap_or(Path::new(""));
        let mut texts = Vec::new();
        for pattern in top.texts(findings, "include").unwrap_or_default() {
            for file in expand(findings, &pattern, folder) {
                match fs::read_to_string(&file) {
                    Ok(_) if texts.iter().any(|(other, _)| *other == file) || file == main => {
                        let message = format!("`{}` is included twice", file.display());
                        findings.wrong(&pattern.place, message, None);
                    }
                    Ok(text) => texts.push((file, text)),
                    Err(error) => {
                        let message = format!("`{}` cannot be read: {}", file.display(), reason(&error));
                        findings.wrong(&pattern.place, message, None);
                    }
                }
            }
        }
        Self(texts)
    }

    /// The files as TOML.
    pub(super) fn parse<'d>(&'d self, findings: &mut Findings) -> Parsed<'d> {
        let parse = |(file, text): &'d (PathBuf, String)| document::parse(findings, &file.display().to_string(), text);
        Parsed(self.0.iter().filter_map(parse).collect())
    }

    /// The bytes of the files.
    pub(super) fn content(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, text)| text.as_str())
    }
}

impl<'d> Parsed<'d> {
    /// A reader for each.
    pub(super) fn readers(&'d self) -> Vec<Reader<'d>> {
        self.0.iter().map(|(index, table)| Reader::top(*index, table)).collect()
    }
}

/// The files that a pattern of `include` names.
fn expand(findings: &mut Findings, pattern: &Text, folder: &Path) -> Vec<PathBuf> {
    let (parent, name) = pattern.text.rsplit_once('/').unwrap_or(("", &pattern.text));
    if parent.contains('*') {
        let message = format!("`{}` has a `*` outside of the file's name", pattern.text);
        findings.wrong(&pattern.place, message, Some("write FOLDER/*.toml".to_owned()));
        return Vec::new();
    }
    if !name.contains('*') {
        return vec![folder.join(&pattern.text)];
    }
    let inside = if parent.is_empty() { folder.to_owned() } else { folder.join(parent) };
    let inside = if inside.as_os_str().is_empty() { PathBuf::from(".") } else { inside };
    match named(&inside, name) {
        Ok(found) => found,
        Err(error) => {
            let message = format!("the folder of `{}` cannot be read: {}", pattern.text, reason(&error));
            findings.wrong(&pattern.place, message, None);
            Vec::new()
        }
    }
}

fn named(folder: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        // as everywhere, `*` does not stand for hidden files: editors keep their copies in such
        let hidden = name.to_string_lossy().starts_with('.');
        if !hidden && matches(pattern, &name.to_string_lossy()) {
            found.push(if folder == Path::new(".") { PathBuf::from(name) } else { folder.join(name) });
        }
    }
    found.sort();
    Ok(found)
}

/// How the files of a configuration looked when they were read, so that a change of any is noticed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp(Vec<(PathBuf, Option<(SystemTime, u64)>)>);

impl Stamp {
    /// The stamp of one file.
    pub(super) fn of(file: &Path) -> Self {
        Self(vec![mark(file.to_owned())])
    }

    /// Adds the included files, and the folders they came from: a new file changes its folder.
    pub(super) fn with(mut self, included: &Texts) -> Self {
        for (file, _) in &included.0 {
            self.0.push(mark(file.clone()));
            self.0.extend(file.parent().map(|folder| mark(folder.to_owned())));
        }
        self.0.dedup();
        self
    }

    /// The same files as they look now.
    #[must_use]
    pub fn renewed(&self) -> Self {
        Self(self.0.iter().map(|(file, _)| mark(file.clone())).collect())
    }

    /// Whether a file looks different now.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.0.iter().any(|(file, look)| mark(file.clone()).1 != *look)
    }
}

fn mark(file: PathBuf) -> (PathBuf, Option<(SystemTime, u64)>) {
    let look = fs::metadata(&file).ok().and_then(|metadata| metadata.modified().ok().zip(Some(metadata.len())));
    (file, look)
}
