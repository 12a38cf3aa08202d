//! What sshd is set to, as far as an account may see it.
//!
//! It knows no setting as bad. Enter at [`Settings::of`].

use super::questions;
use crate::ssh::asking::Said;

/// The settings of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    lines: Vec<(String, String)>,
    /// Whether they could be read.
    pub(super) seen: Seen,
}

/// How much of the settings could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Seen {
    /// As they count for the account.
    Whole,
    /// The files, without what stands there for some accounts only.
    Files,
    #[default]
    Nothing,
}

impl Settings {
    pub(super) fn of(said: &Said) -> Self {
        let seen = match said.status {
            Some(0) => Seen::Whole,
            Some(4) => Seen::Files,
            Some(_) | None => return Self::default(),
        };
        let (mut lines, mut for_all) = (Vec::new(), true);
        for line in said.text().lines() {
            let (name, value) = line.trim().split_once([' ', '\t', '=']).unwrap_or((line.trim(), ""));
            let (name, value) = (name.to_ascii_lowercase(), value.trim().trim_matches('"').to_owned());
            if name == "match" {
                for_all = value.eq_ignore_ascii_case("all");
            } else if for_all && !name.is_empty() && !name.starts_with('#') {
                lines.push((name, value));
            }
        }
        Self { lines, seen }
    }

    /// What something is set to, of which the first counts.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.lines.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it is set to something that is not nothing.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| !value.is_empty() && value != "none")
    }

    /// The files in which the keys of an account are looked for.
    pub(super) fn key_files(&self, account: &str, home: &str) -> Vec<String> {
        let files = self.value("authorizedkeysfile").unwrap_or(".ssh/authorized_keys .ssh/authorized_keys2");
        let files = files.split_ascii_whitespace().filter(|file| *file != "none");
        files.map(|file| file.replace("%h", home).replace("%u", account)).collect()
    }

    /// The question for what is in them.
    pub(super) fn keys(&self, account: &str, home: &str) -> String {
        questions::keys(&self.key_files(account, home))
    }
}

#[cfg(test)]
mod tests;
