//! Files of keys (`AUTHORIZED_KEYS FILE FORMAT`, sshd(8)): whose keys open an account besides the gateway's.
//!
//! It never learns which of them is wanted. Enter at [`entries`].

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64_NOPAD;
use postern_core::target::HostKey;

/// One key that opens an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    options: String,
    key: HostKey,
    comment: String,
}

/// The keys of a file.
pub(super) fn entries(text: &str) -> Vec<Entry> {
    text.lines().map(str::trim).filter(|line| !line.starts_with('#')).filter_map(entry).collect()
}

/// Options may hold anything in quotes: the key begins where there is one.
fn entry(line: &str) -> Option<Entry> {
    let starts = line
        .char_indices()
        .filter(|(at, _)| *at == 0 || line.get(..*at).is_some_and(|before| before.ends_with([' ', '\t'])));
    let (at, key) = starts.filter_map(|(at, _)| Some((at, HostKey::parse(line.get(at..)?)?))).next()?;
    let (options, rest) = line.split_at_checked(at)?;
    let comment = rest.split_ascii_whitespace().skip(2).collect::<Vec<_>>().join(" ");
    Some(Entry { options: options.trim().to_owned(), key, comment })
}

impl Entry {
    pub(super) fn is(&self, key: &HostKey) -> bool {
        self.key == *key
    }

    /// Whether it holds no matter where a connection comes from.
    pub(super) fn is_from_anywhere(&self) -> bool {
        !self.has("from=")
    }

    /// Whether it opens more than a program that is forced on it.
    pub(super) fn is_unbounded(&self) -> bool {
        !self.has("restrict") && !self.has("command=")
    }

    fn has(&self, option: &str) -> bool {
        let mut quoted = false;
        let outside = |c: char| {
            quoted ^= c == '"';
            c == ',' && !quoted
        };
        let options: Vec<&str> = self.options.split(outside).collect();
        options.iter().any(|one| one.get(..option.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(option)))
    }

    /// What a person knows it by.
    pub(super) fn shown(&self) -> String {
        let hash = BASE64_NOPAD.encode(digest(&SHA256, self.key.blob()).as_ref());
        let kind = if self.has("cert-authority") { "authority " } else { "" };
        let comment = if self.comment.is_empty() { String::new() } else { format!(" ({})", self.comment) };
        format!("{kind}SHA256:{hash}{comment}")
    }
}

#[cfg(test)]
mod tests;
