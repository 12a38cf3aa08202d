//! Which files a request is about, as it names them.
//!
//! It follows no link, and knows no handle: where names lead is found out on the host. Enter at [`Call::about`].

use bytes::Bytes;

use super::extension::Extension;
use super::request::{Access, Call};

/// A file as a request names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About<'a> {
    /// None.
    Nothing,
    /// One that is open.
    Handle(&'a Bytes),
    /// One by its path, where the last link on it is followed.
    Followed(&'a Bytes),
    /// One by its path, where the last step is meant itself, whether it is a link or not.
    Itself(&'a Bytes),
}

impl Call {
    /// The file that it is about, and the other where there are two: from which, and to which. Of a link that is made it
    /// is where that is to be.
    #[must_use]
    pub fn about(&self) -> [About<'_>; 2] {
        let first = match self {
            Self::Close(handle)
            | Self::Read { handle, .. }
            | Self::Write { handle, .. }
            | Self::Fstat(handle)
            | Self::Fsetstat { handle, .. }
            | Self::Readdir(handle) => About::Handle(handle),
            // what has to be new is no link that leads elsewhere
            Self::Open { path, access, .. } if access.holds(Access::EXCLUSIVE) && access.holds(Access::CREATE) => {
                About::Itself(path)
            }
            Self::Open { path, .. }
            | Self::Setstat { path, .. }
            | Self::Opendir(path)
            | Self::Realpath(path)
            | Self::Stat(path) => About::Followed(path),
            Self::Lstat(path)
            | Self::Remove(path)
            | Self::Mkdir { path, .. }
            | Self::Rmdir(path)
            | Self::Readlink(path)
            | Self::Symlink { link: path, .. } => About::Itself(path),
            Self::Rename { from, to } => return [About::Itself(from), About::Itself(to)],
            Self::Extended(extension) => return extension.about(),
            Self::Unknown { .. } => About::Nothing,
        };
        [first, About::Nothing]
    }
}

impl Call {
    /// What names those files, for whoever knows better names for them: in the order of [`Call::about`].
    pub fn files_mut(&mut self) -> [Option<&mut Bytes>; 2] {
        let first = match self {
            Self::Close(name)
            | Self::Read { handle: name, .. }
            | Self::Write { handle: name, .. }
            | Self::Fstat(name)
            | Self::Fsetstat { handle: name, .. }
            | Self::Readdir(name)
            | Self::Open { path: name, .. }
            | Self::Setstat { path: name, .. }
            | Self::Opendir(name)
            | Self::Realpath(name)
            | Self::Stat(name)
            | Self::Lstat(name)
            | Self::Remove(name)
            | Self::Mkdir { path: name, .. }
            | Self::Rmdir(name)
            | Self::Readlink(name)
            | Self::Symlink { link: name, .. } => Some(name),
            Self::Rename { from, to } => return [Some(from), Some(to)],
            Self::Extended(extension) => return extension.files_mut(),
            Self::Unknown { .. } => None,
        };
        [first, None]
    }
}

impl Extension {
    fn files_mut(&mut self) -> [Option<&mut Bytes>; 2] {
        let first = match self {
            Self::PosixRename { from, to } | Self::Hardlink { from, to } | Self::CopyData { from, to, .. } => {
                return [Some(from), Some(to)];
            }
            Self::StatVfs(name) | Self::Lsetstat { path: name, .. } | Self::FstatVfs(name) | Self::Fsync(name) => {
                Some(name)
            }
            Self::Limits | Self::Unknown { .. } => None,
        };
        [first, None]
    }

    fn about(&self) -> [About<'_>; 2] {
        let first = match self {
            Self::PosixRename { from, to } | Self::Hardlink { from, to } => {
                return [About::Itself(from), About::Itself(to)];
            }
            Self::CopyData { from, to, .. } => return [About::Handle(from), About::Handle(to)],
            Self::StatVfs(path) => About::Followed(path),
            Self::Lsetstat { path, .. } => About::Itself(path),
            Self::FstatVfs(handle) | Self::Fsync(handle) => About::Handle(handle),
            Self::Limits | Self::Unknown { .. } => About::Nothing,
        };
        [first, About::Nothing]
    }
}
