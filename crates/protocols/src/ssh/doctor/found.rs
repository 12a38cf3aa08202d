//! What mends a host, as lines of `sshd_config` and of files that it names: with each finding, and as one script.
//!
//! THREAT: a host whose answers end up in what its administrator runs as root. Nothing that a host has written stands in a
//! mend but what this program reads as an address, or knows by name. Enter at [`script`].

use std::fmt::Write as _;

use postern_core::examination::Finding;

/// Where the keys of accounts are that this puts there, and the principals; nobody but root writes there.
pub(super) const KEYS: &str = "/etc/ssh/postern-keys";
pub(super) const PRINCIPALS: &str = "/etc/ssh/postern-principals";

/// Something that was found, and what mends it.
pub(super) struct Found {
    finding: Finding,
    mends: Vec<Mend>,
}

/// A line that mends something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mend {
    /// Of `sshd_config`, for everybody.
    Everywhere(String),
    /// The same, for an account.
    For(String, String),
    /// The whole of a file in a folder, named after an account.
    File { folder: &'static str, account: String, line: String },
}

impl From<Finding> for Found {
    fn from(finding: Finding) -> Self {
        Self { finding, mends: Vec::new() }
    }
}

impl Found {
    /// The same, about an account, with lines of `sshd_config` for it.
    pub(super) fn mended<'a>(mut self, account: &str, lines: impl IntoIterator<Item = &'a str>) -> Self {
        // a name that is a pattern, or would need quotes, is for people to write
        if is_plain(account) {
            self.mends.extend(lines.into_iter().map(|line| Mend::For(account.to_owned(), line.to_owned())));
        }
        self
    }

    /// The same, with a line of `sshd_config` for everybody.
    pub(super) fn everywhere(mut self, line: String) -> Self {
        self.mends.push(Mend::Everywhere(line));
        self
    }

    /// The same, with a file for an account.
    pub(super) fn file(mut self, folder: &'static str, account: &str, line: String) -> Self {
        if is_plain(account) {
            self.mends.push(Mend::File { folder, account: account.to_owned(), line });
        }
        self
    }

    /// The same, about an account.
    pub(super) fn about(self, account: &str) -> Self {
        Self { finding: self.finding.about(account), ..self }
    }

    pub(super) fn into_finding(self) -> Finding {
        let mut lines = Vec::new();
        for mend in self.mends {
            match mend {
                Mend::Everywhere(line) => lines.push(line),
                Mend::For(account, line) => {
                    lines.extend([format!("Match User {account}"), format!("    {line}")]);
                }
                Mend::File { folder, account, line } => lines.push(format!("{folder}/{account}: {line}")),
            }
        }
        lines.dedup();
        self.finding.mend(lines)
    }
}

/// Whether a name can stand in a `Match` and in a path as it is.
fn is_plain(account: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    account.bytes().all(plain)
        && account.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric() || first == b'_')
}

/// Everything that mends some finding, each line once.
pub(super) fn script(found: &[Found], host: &str) -> String {
    let mut mends: Vec<&Mend> = Vec::new();
    for mend in found.iter().flat_map(|one| &one.mends) {
        if !mends.contains(&mend) {
            mends.push(mend);
        }
    }
    if mends.is_empty() {
        return String::new();
    }
    let mut script = format!(
        "# Run it as root at {host}, and keep a session of your own open until a new login works.\n\
         # sshd_config has to begin with: Include /etc/ssh/sshd_config.d/*.conf\nset -e\n"
    );
    // writing to a string cannot fail
    for mend in &mends {
        if let Mend::File { folder, account, line } = mend {
            writeln!(script, "install -d -m 755 {folder}\ncat > {folder}/{account} <<'END'\n{line}\nEND").ok();
        }
    }
    let settings = settings(&mends);
    if !settings.is_empty() {
        let file = "/etc/ssh/sshd_config.d/00-postern.conf";
        writeln!(script, "cat > {file} <<'END'\n{settings}END\nsshd -t\nsystemctl reload ssh || systemctl reload sshd")
            .ok();
    }
    script
}

fn settings(mends: &[&Mend]) -> String {
    let mut lines = String::new();
    let mut accounts: Vec<&str> = Vec::new();
    for mend in mends {
        match mend {
            Mend::Everywhere(line) => lines.extend([line, "\n"]),
            Mend::For(account, _) if !accounts.contains(&account.as_str()) => accounts.push(account),
            Mend::For(..) | Mend::File { .. } => {}
        }
    }
    for account in &accounts {
        lines.extend(["Match User ", account, "\n"]);
        for mend in mends {
            if let Mend::For(of, line) = mend
                && of == account
            {
                lines.extend(["    ", line, "\n"]);
            }
        }
    }
    if !accounts.is_empty() {
        lines.push_str("Match all\n");
    }
    lines
}

#[cfg(test)]
mod tests;
