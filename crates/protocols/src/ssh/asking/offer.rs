//! What a host offers to agree on, overheard from its first words (RFC 4253 §4.2 and §7.1).
//!
//! They come in the open, but the keys of a connection are made of them: once the host has proved itself, they are its own.
//! Enter at [`listen`].

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use postern_core::ports::Duplex;
use tokio::io::{AsyncRead, ReadBuf, ReadHalf, join, split};

#[cfg(test)]
mod tests;

/// So much is kept of what comes first, in bytes: the longest packet that everybody must take, and the lines before it.
const MOST: usize = 64 << 10;
const KEXINIT: u8 = 20;
/// Behind its number: the cookie.
const COOKIE: usize = 16;

/// The reading half of a connection, whose beginning is kept.
struct Overheard {
    stream: ReadHalf<Box<dyn Duplex>>,
    words: Words,
}

/// What came first.
#[derive(Clone, Default)]
pub(super) struct Words(Arc<Mutex<Vec<u8>>>);

/// What a host offers to agree on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::ssh) struct Offer {
    pub(in crate::ssh) exchanges: Vec<String>,
    pub(in crate::ssh) host_keys: Vec<String>,
    pub(in crate::ssh) ciphers: Vec<String>,
    pub(in crate::ssh) digests: Vec<String>,
}

/// The connection, and what will have come on it first.
pub(super) fn listen(stream: Box<dyn Duplex>) -> (Box<dyn Duplex>, Words) {
    let (words, (stream, way)) = (Words::default(), split(stream));
    (Box::new(join(Overheard { stream, words: words.clone() }, way)), words)
}

impl Words {
    /// What they say, where they are what a host begins with.
    pub(super) fn offer(&self) -> Option<Offer> {
        Offer::read(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep(&self, bytes: &[u8]) {
        let mut words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST.saturating_sub(words.len());
        words.extend(bytes.iter().take(room));
    }
}

impl Offer {
    fn read(words: &[u8]) -> Option<Self> {
        let mut rest = words;
        loop {
            let (line, behind) = rest.split_at_checked(rest.iter().position(|byte| *byte == b'\n')?.checked_add(1)?)?;
            rest = behind;
            if line.starts_with(b"SSH-") {
                break;
            }
        }
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let packet = rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        let (_padding, payload) = packet.split_first()?;
        let (kind, payload) = payload.split_first()?;
        let mut lists = payload.get(COOKIE..).filter(|_| *kind == KEXINIT)?;
        let mut next = || -> Option<Vec<String>> {
            let (length, rest) = lists.split_first_chunk::<4>()?;
            let (names, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
            lists = rest;
            let names = std::str::from_utf8(names).ok()?;
            Some(names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect())
        };
        let (exchanges, host_keys, _, ciphers) = (next()?, next()?, next()?, next()?);
        let (_, digests) = (next()?, next()?);
        Some(Self { exchanges, host_keys, ciphers, digests })
    }

    /// What this gateway needs and the host does not offer; nothing where there is enough.
    pub(super) fn lacks(&self) -> Option<String> {
        let modern = |name: &String| name.starts_with("ssh-ed25519") || name.starts_with("ecdsa-sha2-nistp");
        let exchange = |name: &String| name.starts_with("curve25519-sha256") || name == "mlkem768x25519-sha256";
        let whole = |name: &String| name == "aes256-gcm@openssh.com" || name == "chacha20-poly1305@openssh.com";
        let counted = |name: &String| name == "aes256-ctr";
        let digest = |name: &String| name == "hmac-sha2-256-etm@openssh.com" || name == "hmac-sha2-512-etm@openssh.com";
        if !self.host_keys.iter().any(modern) {
            let offered = self.host_keys.join(", ");
            return Some(format!(
                "the host has keys of kinds that are not taken here ({offered}): make it an Ed25519 key"
            ));
        }
        if !self.exchanges.iter().any(exchange) {
            return Some(
                "the host offers neither mlkem768x25519-sha256 nor curve25519-sha256 to make keys by".to_owned(),
            );
        }
        let enough =
            self.ciphers.iter().any(whole) || (self.ciphers.iter().any(counted) && self.digests.iter().any(digest));
        (!enough).then(|| {
            "the host offers none of aes256-gcm, chacha20-poly1305, and aes256-ctr with hmac-sha2-256-etm".to_owned()
        })
    }
}

impl AsyncRead for Overheard {
    fn poll_read(mut self: Pin<&mut Self>, task: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(task, buffer);
        if let Some(fresh) = buffer.filled().get(before..) {
            self.words.keep(fresh);
        }
        polled
    }
}
