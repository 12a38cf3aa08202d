//! The files that a client has open, what each was opened for, and what has come of it.
//!
//! THREAT: a target that gives the same name to two files, or a secret for a name. A client never sees what the target
//! calls them. Enter at [`Open::of`].

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use postern_core::gate::Flow;
use postern_core::id::OperationId;

use crate::ssh::wire::sftp::Access;

/// How many files a channel may have open: what OpenSSH's own server bears without being told otherwise.
pub(super) const MOST: usize = 1_000;

/// What the gateway calls an open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ours(u32);

#[derive(Default)]
pub(super) struct Open {
    files: HashMap<Ours, OpenFile>,
    next: u32,
}

pub(super) struct OpenFile {
    /// What the target calls it.
    pub(super) there: Bytes,
    pub(super) path: Bytes,
    pub(super) flow: Arc<Flow>,
    pub(super) rights: Rights,
    pub(super) read: Progress,
    pub(super) written: Progress,
    pub(super) listed: u64,
    /// The target is to close it.
    closes: bool,
}

/// What it was opened for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rights {
    pub(super) reads: bool,
    pub(super) writes: bool,
    pub(super) lists: bool,
}

/// How much of a file was passed on, and the digest of that as long as it is the file from its beginning.
pub(super) struct Progress {
    bytes: u64,
    digest: Option<Context>,
}

impl Rights {
    pub(super) fn of(access: Access) -> Self {
        Self { reads: access.holds(Access::READ), writes: access.changes(), lists: false }
    }

    pub(super) fn listing() -> Self {
        Self { reads: false, writes: false, lists: true }
    }
}

impl Ours {
    pub(super) fn of(handle: &[u8]) -> Option<Self> {
        Some(Self(u32::from_be_bytes(*handle.as_array()?)))
    }

    pub(super) fn handle(self) -> Bytes {
        Bytes::copy_from_slice(&self.0.to_be_bytes())
    }
}

impl Open {
    pub(super) fn is_full(&self) -> bool {
        self.files.len() >= MOST
    }

    pub(super) fn insert(&mut self, there: Bytes, path: Bytes, flow: Arc<Flow>, rights: Rights) -> Ours {
        let ours = Ours(self.next);
        self.next = self.next.wrapping_add(1);
        let (read, written) = (Progress::default(), Progress::default());
        self.files.insert(ours, OpenFile { there, path, flow, rights, read, written, listed: 0, closes: false });
        ours
    }

    /// One that a client names, as long as it has not closed it.
    pub(super) fn named(&self, ours: Ours) -> Option<&OpenFile> {
        self.of(ours).filter(|file| !file.closes)
    }

    pub(super) fn of(&self, ours: Ours) -> Option<&OpenFile> {
        self.files.get(&ours)
    }

    pub(super) fn of_mut(&mut self, ours: Ours) -> Option<&mut OpenFile> {
        self.files.get_mut(&ours)
    }

    pub(super) fn closes(&mut self, ours: Ours) {
        if let Some(file) = self.files.get_mut(&ours) {
            file.closes = true;
        }
    }

    pub(super) fn remove(&mut self, ours: Ours) -> Option<OpenFile> {
        self.files.remove(&ours)
    }

    pub(super) fn flows(&self) -> impl Iterator<Item = &Arc<Flow>> {
        self.files.values().map(|file| &file.flow)
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = OperationId> {
        self.files.drain().map(|(_, file)| file.flow.id())
    }
}

impl OpenFile {
    /// What came of it, for the journal.
    pub(super) fn note(self) -> String {
        let parts = [self.read.note("read"), self.written.note("wrote")];
        let listed = (self.listed > 0).then(|| format!("listed {} names", self.listed));
        let parts: Vec<String> = parts.into_iter().chain([listed]).flatten().collect();
        if parts.is_empty() { "closed".to_owned() } else { parts.join("; ") }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self { bytes: 0, digest: Some(Context::new(&SHA256)) }
    }
}

impl Progress {
    /// So much was passed on.
    pub(super) fn add(&mut self, offset: u64, data: &[u8]) {
        if offset != self.bytes {
            self.digest = None;
        }
        if let Some(digest) = &mut self.digest {
            digest.update(data);
        }
        self.bytes = self.bytes.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
    }

    /// Not all of it arrived.
    pub(super) fn fails(&mut self) {
        self.digest = None;
    }

    fn note(self, verb: &str) -> Option<String> {
        (self.bytes > 0).then(|| match self.digest {
            Some(digest) => {
                format!("{verb} {} bytes, sha256 {}", self.bytes, HEXLOWER.encode(digest.finish().as_ref()))
            }
            None => format!("{verb} {} bytes", self.bytes),
        })
    }
}
