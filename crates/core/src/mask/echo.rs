//! Whether what leaves carries a credential that the gateway itself put into the session, in any of its usual writings.
//!
//! It knows neither messages nor cells. It is a guard against what nobody meant to show and against plain tries, not
//! against somebody who takes a secret apart. Enter at [`Echo::of`]; [`Filter`](super::stream::Filter) listens to streams.

mod encodings;
mod shared;

use std::fmt;

use zeroize::Zeroizing;

use crate::secret::Secret;

pub use shared::Echoes;

#[cfg(test)]
mod tests;

/// The shortest secret that is guarded, in bytes: what is shorter stands in harmless text by chance.
pub const SHORTEST: usize = 12;

/// Of a writing that is longer, its beginning is listened for: whatever holds all of it holds that.
pub const LONGEST: usize = 256;

/// How many bytes are looked up at once: the words of [`Echo::within`].
const WORD: usize = 4;
/// The words of the first [`SHORTEST`] bytes of a writing; as far may be skipped where a word is in none.
const FREE: u8 = 9;
/// Where the last of them begins.
const LAST: usize = 8;
/// Beside how far may be skipped: a writing begins with this word.
const BEGINS: u8 = 0x80;
/// How many kinds of words are told apart.
const KINDS: usize = 1 << 13;

/// The writings of some secrets. They are told from other text without regard to upper and lower case, because
/// many languages change that in one word and hexadecimal has both.
///
/// The search is Wu and Manber's (A fast algorithm for multi-pattern searching, 1994): of each word it is known how far
/// it stands at least from the end of the first [`SHORTEST`] bytes of any writing, and so much is skipped. Its tables are
/// our own, so that they are zeroed with the secrets.
pub struct Echo {
    /// In lower case and in order.
    writings: Vec<Zeroizing<Vec<u8>>>,
    skips: Zeroizing<Vec<u8>>,
    longest: usize,
    unguarded: usize,
}

impl Echo {
    /// Listens for these secrets: passwords, and what the protocol derives of them for whoever checks one.
    #[must_use]
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut echo =
            Self { writings: Vec::new(), skips: Zeroizing::new(vec![FREE; KINDS]), longest: 0, unguarded: 0 };
        for secret in secrets {
            match secret.expose() {
                short if short.len() < SHORTEST => echo.unguarded = echo.unguarded.saturating_add(1),
                bytes => encodings::all(bytes).into_iter().for_each(|writing| echo.add(writing)),
            }
        }
        echo
    }

    /// The same, but for secrets that are one of these names: those stand in replies anyway.
    #[must_use]
    pub fn besides<'a>(secrets: impl IntoIterator<Item = &'a Secret>, names: &[&str]) -> Self {
        let is_name = |secret: &&Secret| {
            let echo = Self::of([*secret]);
            names.iter().any(|name| echo.within(name.as_bytes()))
        };
        let (names, secrets): (Vec<&Secret>, Vec<&Secret>) = secrets.into_iter().partition(is_name);
        let mut echo = Self::of(secrets);
        echo.unguarded = echo.unguarded.saturating_add(names.len());
        echo
    }

    /// How many of the secrets are not guarded, because they are too short or names.
    #[must_use]
    pub fn unguarded(&self) -> usize {
        self.unguarded
    }

    /// Whether there is nothing to listen for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writings.is_empty()
    }

    /// Whether one of the writings stands in this text.
    #[must_use]
    pub fn within(&self, text: &[u8]) -> bool {
        let mut at = 0_usize;
        while let Some(word) = text.get(at.saturating_add(LAST)..).and_then(<[u8]>::first_chunk) {
            let skip = self.known(*word) & !BEGINS;
            if skip == 0 && text.get(at..).is_some_and(|rest| self.alike(rest).any(|one| begins(rest, one))) {
                return true;
            }
            at = at.saturating_add(usize::from(skip.max(1)));
        }
        false
    }

    /// How many bytes at the end of this text may be the beginning of a writing.
    pub(super) fn begun(&self, text: &[u8]) -> usize {
        let from = text.len().saturating_sub(self.reach());
        let mut rest = text.get(from..).unwrap_or_default();
        while !rest.is_empty() && !self.may_begin(rest) {
            rest = rest.get(1..).unwrap_or_default();
        }
        rest.len()
    }

    fn may_begin(&self, rest: &[u8]) -> bool {
        let likely = rest.first_chunk().is_none_or(|word| self.known(*word) & BEGINS != 0);
        likely && self.alike(rest).any(|one| one.len() > rest.len() && begins(one, rest))
    }

    /// The writings that have the same first byte as a text.
    fn alike(&self, text: &[u8]) -> impl Iterator<Item = &[u8]> {
        let first = text.first().map(u8::to_ascii_lowercase);
        let from = self.writings.partition_point(|one| one.first().copied() < first);
        let rest = self.writings.get(from..).unwrap_or_default();
        rest.iter().map(|one| one.as_slice()).take_while(move |one| one.first().copied() == first)
    }

    /// The most that can be the beginning of a writing and no whole one.
    pub(super) fn reach(&self) -> usize {
        self.longest.saturating_sub(1)
    }

    fn add(&mut self, mut writing: Zeroizing<Vec<u8>>) {
        writing.truncate(LONGEST);
        writing.make_ascii_lowercase();
        let Err(place) = self.writings.binary_search_by(|one| one.as_slice().cmp(&writing)) else { return };
        // INVARIANT: no word of a window skips beyond the end of the first window that has it
        for (skip, word) in (0..FREE).rev().zip(writing.windows(WORD)) {
            let kind = word.first_chunk().map_or(0, |word| kind(*word));
            if let Some(known) = self.skips.get_mut(kind) {
                let begins = if skip == FREE - 1 { BEGINS } else { *known & BEGINS };
                *known = skip.min(*known & !BEGINS) | begins;
            }
        }
        self.longest = self.longest.max(writing.len());
        self.writings.insert(place, writing);
    }

    fn known(&self, word: [u8; WORD]) -> u8 {
        self.skips.get(kind(word)).copied().unwrap_or_default()
    }
}

impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

fn begins(text: &[u8], with: &[u8]) -> bool {
    text.get(..with.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(with))
}

/// The kind of a word, the same for upper and lower case (multiplicative hashing by the golden ratio).
fn kind(word: [u8; WORD]) -> usize {
    let folded = u32::from_le_bytes(word) | 0x2020_2020;
    usize::try_from(folded.wrapping_mul(0x9e37_79b1) >> 19).unwrap_or_default()
}
