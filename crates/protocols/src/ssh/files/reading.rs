//! One piece of a file that a client reads, with what stands around it: what is hidden in a file is hidden however it is cut
//! into pieces.
//!
//! THREAT: a credential that is read a byte at a time. Each byte is looked at among so many others ([`AROUND`]).
//! Enter at [`Reading::of`].

use bytes::{Bytes, BytesMut};

use super::Broken;
use super::open::Ours;
use crate::ssh::wire::sftp::Call;

/// So many bytes before a piece and behind it are looked at with it.
const AROUND: usize = 4 << 10;

/// The longest piece; with what is around it, it fits into a packet.
pub(super) const MOST: usize = 240 << 10;

/// How many bytes of a file a request asks for.
pub(super) fn asked_for(call: &Call) -> usize {
    let Call::Read { length, .. } = call else { return 0 };
    usize::try_from(*length).unwrap_or(MOST).min(MOST)
}

pub(super) struct Reading {
    pub(super) file: Ours,
    there: Bytes,
    /// Where what was asked for begins, and how much of it.
    pub(super) offset: u64,
    length: usize,
    /// Where what is read begins, and how much of it.
    from: u64,
    wanted: usize,
    window: BytesMut,
}

impl Reading {
    /// A piece of a file; with what stands around it where something is looked for.
    pub(super) fn of(file: Ours, there: Bytes, offset: u64, length: u32, looks: bool) -> Self {
        let around = if looks { AROUND } else { 0 };
        let length = usize::try_from(length).unwrap_or(MOST).min(MOST);
        let from = offset.saturating_sub(u64::try_from(around).unwrap_or(0));
        let lead = usize::try_from(offset.saturating_sub(from)).unwrap_or(around);
        let wanted = lead.saturating_add(length).saturating_add(around);
        Self { file, there, offset, length, from, wanted, window: BytesMut::new() }
    }

    /// What the target is asked for next.
    pub(super) fn call(&self) -> Call {
        let has = self.window.len();
        let offset = self.from.saturating_add(u64::try_from(has).unwrap_or(u64::MAX));
        let length = u32::try_from(self.wanted.saturating_sub(has)).unwrap_or(0);
        Call::Read { handle: self.there.clone(), offset, length }
    }

    /// Takes some of it. Tells whether that is all.
    pub(super) fn take(&mut self, data: &[u8]) -> Result<bool, Broken> {
        if data.len() > self.wanted.saturating_sub(self.window.len()) {
            return Err(Broken::Target("it sends more of a file than it was asked for".to_owned()));
        }
        self.window.extend_from_slice(data);
        Ok(self.window.len() == self.wanted || data.is_empty())
    }

    /// All that is looked at.
    pub(super) fn window(&mut self) -> Bytes {
        std::mem::take(&mut self.window).freeze()
    }

    /// What was asked for, of that.
    pub(super) fn piece(&self, window: &Bytes) -> Bytes {
        let lead = usize::try_from(self.offset.saturating_sub(self.from)).unwrap_or(usize::MAX).min(window.len());
        window.slice(lead..lead.saturating_add(self.length).min(window.len()))
    }
}
