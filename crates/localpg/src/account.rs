//! Under which account the server runs, and which folders that account can enter.
//!
//! PostgreSQL refuses to run as root. Where we are root, it runs as `postgres` or `nobody`, and everything
//! it reads or writes has to be owned by, or open to, that account.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// Who runs the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Account {
    /// The user who runs this process.
    Own,
    /// Another user, because this process is root.
    Other { name: String, uid: u32, gid: u32 },
}

impl Account {
    /// The account for a server started by this process.
    pub(crate) fn for_server() -> Result<Self, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Own);
        }
        let path = Path::new("/etc/passwd");
        let passwd = fs::read_to_string(path).map_err(Error::io("read", path))?;
        ["postgres", "nobody"].iter().find_map(|name| Self::in_passwd(&passwd, name)).ok_or(Error::NoAccount)
    }

    /// The entry of `name` in a passwd(5) text, root never.
    fn in_passwd(passwd: &str, name: &str) -> Option<Self> {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        let uid: u32 = fields.next()?.parse().ok()?;
        let gid: u32 = fields.next()?.parse().ok()?;
        (uid != 0).then(|| Self::Other { name: name.to_owned(), uid, gid })
    }

    /// Makes the account the owner of `path`.
    pub(crate) fn own(&self, path: &Path) -> Result<(), Error> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid, .. } => chown(path, Some(*uid), Some(*gid)).map_err(Error::io("give away", path)),
        }
    }

    /// Makes `command` run under the account, without any further groups of ours.
    pub(crate) fn run(&self, command: &mut Command) {
        if let Self::Other { uid, gid, .. } = self {
            command.gid(*gid).uid(*uid);
        }
    }

    /// Checks that the account can enter every folder on the way to `folder`, and `folder` itself.
    pub(crate) fn can_enter(&self, folder: &Path) -> Result<(), Error> {
        let Self::Other { name, uid, gid } = self else {
            return Ok(());
        };
        let folder = folder.canonicalize().map_err(Error::io("resolve", folder))?;
        for step in folder.ancestors() {
            let entry = fs::metadata(step).map_err(Error::io("read", step))?;
            let mode = entry.permissions().mode();
            let open = if entry.uid() == *uid {
                mode & 0o100 != 0
            } else if entry.gid() == *gid {
                mode & 0o010 != 0
            } else {
                mode & 0o001 != 0
            };
            if !open {
                return Err(Error::Unreachable { folder: step.to_owned(), user: name.clone() });
            }
        }
        Ok(())
    }

    /// A folder to make temporary folders in: short enough for a socket path (107 bytes), and enterable.
    ///
    /// Memory where there is plenty of it: `initdb` writes some 40 MB, which a slow disk takes seconds for.
    pub(crate) fn temporary_root(&self) -> PathBuf {
        const LONGEST: usize = 60;
        let memory = PathBuf::from("/dev/shm");
        let fits = |folder: &PathBuf| folder.as_os_str().len() <= LONGEST && self.can_enter(folder).is_ok();
        [memory]
            .into_iter()
            .filter(|memory| has_room(memory))
            .chain([std::env::temp_dir()])
            .find(fits)
            .unwrap_or_else(|| PathBuf::from("/tmp"))
    }
}

/// Whether a few servers fit into the file system of `folder`; a container may have 64 MB of memory there.
fn has_room(folder: &Path) -> bool {
    const ENOUGH: u64 = 2 << 30;
    rustix::fs::statvfs(folder).is_ok_and(|system| system.f_bavail.saturating_mul(system.f_frsize) >= ENOUGH)
}

#[cfg(test)]
mod tests;
