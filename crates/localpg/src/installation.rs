//! Which PostgreSQL servers this machine has, and which one to take. It starts none.
//!
//! Enter at [`Installation::discover`].

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::account::Account;

/// The npm package version of the PostgreSQL 18 that `scripts/setup` installs.
const PG18_PACKAGE: &str = "18.4.0-beta.17";

/// A folder with `postgres` and `initdb` in it, and their version.
#[derive(Debug, Clone)]
pub struct Installation {
    bin: PathBuf,
    major: u32,
}

impl Installation {
    /// Finds a server of the `wanted` major version, or the most preferred of any.
    ///
    /// Looked at, in this order: `POSTERN_PG_BIN` (a folder of binaries), what `scripts/setup` names in
    /// `POSTERN_PG18` and `POSTERN_PG15` (each with a `bin` in it), where it puts PostgreSQL 18, what the
    /// distribution installed, highest version first, `pg_config --bindir`, and `PATH`.
    ///
    /// # Errors
    /// [`Error::NotInstalled`]; [`Error::Unreachable`] where the only fitting one is closed to the account
    /// that has to run it.
    pub fn discover(wanted: Option<u32>) -> Result<Self, Error> {
        let account = Account::for_server()?;
        let mut closed = None;
        for bin in candidates(&|name| std::env::var_os(name)) {
            let Some(found) = Self::at(&bin).filter(|found| wanted.is_none_or(|major| found.major == major)) else {
                continue;
            };
            match account.can_enter(&bin) {
                Ok(()) => return Ok(found),
                Err(refusal) => closed = closed.or(Some(refusal)),
            }
        }
        Err(closed.unwrap_or(Error::NotInstalled { wanted }))
    }

    /// The installation in `bin`, if `postgres` and `initdb` are there and tell a version.
    #[must_use]
    pub fn at(bin: &Path) -> Option<Self> {
        let postgres = bin.join("postgres");
        if !postgres.is_file() || !bin.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(&postgres).arg("--version").output().ok()?;
        let major = major_version(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { bin: bin.to_owned(), major })
    }

    /// The folder with the binaries.
    #[must_use]
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// The major version: 15, 18.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.major
    }

    /// The command line client to reach it with: its own, or the newest on the machine.
    ///
    /// # Errors
    /// [`Error::NoPsql`].
    pub fn psql(&self) -> Result<PathBuf, Error> {
        std::iter::once(self.bin.clone())
            .chain(distribution_folders())
            .chain(path_folders(&|name| std::env::var_os(name)))
            .map(|folder| folder.join("psql"))
            .find(|psql| psql.is_file())
            .ok_or(Error::NoPsql)
    }
}

/// `postgres (PostgreSQL) 15.18 (Debian …)` is 15, `… 18beta1` is 18.
fn major_version(text: &str) -> Option<u32> {
    let version = text.strip_prefix("postgres (PostgreSQL) ")?;
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version.get(..end)?.parse().ok()
}

/// Folders to look into, most preferred first. `variable` reads the environment.
fn candidates(variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let named = |name: &str| variable(name).map(PathBuf::from);
    let mut folders = Vec::from_iter(named("POSTERN_PG_BIN"));
    folders.extend(["POSTERN_PG18", "POSTERN_PG15"].into_iter().filter_map(named).map(|root| root.join("bin")));
    let shared = PathBuf::from(format!("/var/tmp/postern-pg18-{PG18_PACKAGE}"));
    if only_ours_to_write(&shared) && only_ours_to_write(&shared.join("bin")) {
        folders.push(shared.join("bin"));
    }
    let cache = named("POSTERN_CACHE")
        .or_else(|| Some(named("XDG_CACHE_HOME")?.join("postern")))
        .or_else(|| Some(named("HOME")?.join(".cache/postern")));
    folders.extend(cache.map(|cache| cache.join(format!("pg18-{PG18_PACKAGE}/bin"))));
    folders.extend(distribution_folders());
    folders.extend(pg_config_folder());
    folders.extend(path_folders(variable));
    folders
}

/// Whether nobody but root and this process' user may have put something into `folder`.
///
/// `/var/tmp` is everybody's: whoever made a folder of the expected name first could have us run his binaries.
fn only_ours_to_write(folder: &Path) -> bool {
    let Ok(entry) = fs::symlink_metadata(folder) else {
        return false;
    };
    let owned = entry.uid() == 0 || entry.uid() == rustix::process::geteuid().as_raw();
    entry.is_dir() && owned && entry.permissions().mode() & 0o022 == 0
}

/// What Debian and Red Hat install, highest version first.
fn distribution_folders() -> Vec<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = debian.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))));
    let red_hat = fs::read_dir("/usr").into_iter().flatten().flatten();
    let red_hat = red_hat.filter_map(|entry| {
        let major = entry.file_name().to_str()?.strip_prefix("pgsql-")?.parse().ok()?;
        Some((major, entry.path().join("bin")))
    });
    let mut found: Vec<(u32, PathBuf)> = debian.chain(red_hat).collect();
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    found.into_iter().map(|(_, folder)| folder).collect()
}

fn pg_config_folder() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(folder.trim()))
}

fn path_folders(variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    variable("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
