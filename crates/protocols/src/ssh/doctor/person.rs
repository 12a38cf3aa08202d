//! Who an account is at its host: its rights there, and the shell that reads what it runs.
//!
//! It reads what the host said and asks nothing. Enter at [`Person::of`].

use std::net::IpAddr;

use postern_core::examination::{Finding, Gravity};

use super::found::Found;
use crate::ssh::asking::Said;

/// Groups whose members are root if they want to, and how.
const ROOT_GROUPS: &[(&str, &str)] = &[
    ("docker", "whoever may start a container may mount the whole disk in it"),
    ("podman", "whoever may start a container may mount the whole disk in it"),
    ("lxd", "whoever may start a container may mount the whole disk in it"),
    ("incus-admin", "whoever may start a container may mount the whole disk in it"),
    ("libvirt", "whoever may start a machine may give it the whole disk"),
    ("disk", "whoever writes to disks writes to every file"),
    ("shadow", "whoever reads the hashes of passwords can look for the passwords elsewhere"),
];
/// Groups that `sudo` and `su` commonly let in, with a password.
const ADMIN_GROUPS: &[&str] = &["sudo", "wheel", "admin"];
/// Groups that read what others do.
const LOG_GROUPS: &[&str] = &["adm", "systemd-journal"];
/// Shells that read a command as a POSIX one does.
const POSIX: &[&str] = &["sh", "bash", "dash", "ash", "ksh", "ksh93", "mksh", "busybox", "yash"];

/// An account, as its host describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Person {
    uid: Option<u32>,
    groups: Vec<String>,
    /// Where the gateway comes from.
    pub(super) from: Option<IpAddr>,
    pub(super) home: String,
    shell: Option<String>,
}

impl Person {
    pub(super) fn of(said: &Said) -> Self {
        let text = said.text();
        let told = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let shell = told("entry").and_then(|entry| entry.trim().rsplit_once(':')).map(|(_, shell)| shell.to_owned());
        Self {
            uid: told("uid").and_then(|uid| uid.trim().parse().ok()),
            groups: told("groups").unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect(),
            from: told("from").and_then(|from| from.trim().parse().ok()),
            home: told("home").unwrap_or_default().to_owned(),
            // an entry without one means this (passwd(5))
            shell: shell.map(|shell| if shell.is_empty() { "/bin/sh".to_owned() } else { shell }),
        }
    }

    /// One of which nothing is known but the name.
    pub(super) fn named(account: &str) -> Self {
        Self { uid: (account == "root").then_some(0), ..Self::default() }
    }

    pub(super) fn is_root(&self) -> bool {
        self.uid == Some(0)
    }

    /// What is to be said of it.
    pub(super) fn found(&self, account: &str) -> Vec<Found> {
        let mut found = Vec::new();
        if self.is_root() {
            let what = format!("the account `{account}` is root (uid 0)");
            let why = "whatever a rule lets run there runs without any bound, and can undo the gateway's other ends";
            let advice =
                "log in as an account of its own, and give it what it needs through sudoers, command by command";
            found.push(Finding::new(Gravity::Grave, "root", what, why).advice(advice).into());
        } else {
            found.extend(self.grouped(account));
        }
        found.extend(self.shelled(account));
        found
    }

    fn grouped(&self, account: &str) -> Vec<Found> {
        let mut found = Vec::new();
        for group in &self.groups {
            let (gravity, why) = match ROOT_GROUPS.iter().find(|(name, _)| name == group) {
                Some((_, why)) => (Gravity::Grave, *why),
                None if ADMIN_GROUPS.contains(&group.as_str()) => {
                    (Gravity::Warning, "sudo and su let this group become root, with the password of the account")
                }
                None if LOG_GROUPS.contains(&group.as_str()) => {
                    (Gravity::Note, "it reads the logs of the host, with what others wrote there")
                }
                None => continue,
            };
            let what = format!("`{account}` is a member of `{group}`");
            let advice = format!("if nothing needs it, at the host: gpasswd -d {account} {group}");
            found.push(Finding::new(gravity, "group", what, why).advice(advice).into());
        }
        found
    }

    fn shelled(&self, account: &str) -> Option<Found> {
        let shell = self.shell.as_deref()?;
        let name = shell.rsplit('/').next().unwrap_or(shell);
        if POSIX.contains(&name) {
            return None;
        }
        let what = format!("the login shell of `{account}` is {shell}");
        let why = "rules for commands read a line as a POSIX shell does; this one may do something else with it";
        let advice = format!("at the host: usermod -s /bin/sh {account}; or offer commands by `run` alone");
        Some(Finding::new(Gravity::Warning, "shell", what, why).advice(advice).into())
    }
}

/// What it may do as others without a password.
pub(super) fn sudo(account: &str, said: &Said) -> Option<Found> {
    let text = said.text();
    let (_, listed) = text.split_once("may run the following commands").filter(|_| said.status == Some(0))?;
    let free: Vec<&str> =
        listed.lines().map(str::trim).filter(|line| line.starts_with('(') && line.contains("NOPASSWD:")).collect();
    let (gravity, name, why) = match free.as_slice() {
        [] => return None,
        lines if lines.iter().any(|line| line.ends_with(" ALL")) => (
            Gravity::Grave,
            "sudo-all",
            "it is root whenever it wants to be: what it may not do itself binds it no longer",
        ),
        _ => (Gravity::Warning, "sudo", "many programs start others, or write files, when they are asked to"),
    };
    let what = format!("sudo lets `{account}` run without a password: {}", free.join("; "));
    let advice =
        "name the commands in sudoers with their whole arguments, and forbid others by rules as well (facts.run_as)";
    Some(Finding::new(gravity, name, what, why).advice(advice).into())
}

#[cfg(test)]
mod tests;
