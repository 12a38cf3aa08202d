//! Paths and references to files, as the configuration writes them.
//!
//! A relative path starts from the folder of the configuration, wherever the gateway is started.

use std::path::{Path, PathBuf};

use postern_core::document::{Findings, Text};

/// The folder that relative paths start from.
#[derive(Clone, Debug)]
pub(super) struct Base(PathBuf);

impl Base {
    /// The folder of `file`.
    pub(super) fn of(file: &Path) -> Self {
        Self(file.parent().unwrap_or(Path::new("")).to_owned())
    }

    /// The path as the process must open it.
    pub(super) fn join(&self, path: &Path) -> PathBuf {
        self.0.join(path)
    }

    /// A path written plainly or as `file:PATH`.
    pub(super) fn path(&self, findings: &mut Findings, text: &Text, key: &str) -> Option<PathBuf> {
        let path = text.text.strip_prefix("file:").unwrap_or(&text.text);
        if path.is_empty() {
            findings.wrong(&text.place, format!("`{key}` is empty"), Some(format!("write {key} = \"file:PATH\"")));
            return None;
        }
        Some(self.join(Path::new(path)))
    }

    /// A path behind `scheme:`; `later` are the schemes that a later version knows.
    pub(super) fn reference(
        &self,
        findings: &mut Findings,
        text: &Text,
        scheme: &str,
        later: &[&str],
    ) -> Option<PathBuf> {
        let (found, path) = text.text.split_once(':').unwrap_or(("", &text.text));
        if found == scheme && !path.is_empty() {
            return Some(self.join(Path::new(path)));
        }
        let message = match later.iter().find(|later| found == **later) {
            Some(later) => format!("{later}: not in this version"),
            None => format!("`{}` is no place this version knows", text.text),
        };
        findings.wrong(&text.place, message, Some(format!("write {scheme}:PATH")));
        None
    }
}
