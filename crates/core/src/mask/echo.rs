//! Whether what leaves carries a credential that the gateway itself put into the session, in any of its usual writings.
//!
//! It knows neither messages nor cells. It is a guard against what nobody meant to show and against plain tries, not
//! against somebody who takes a secret apart. Enter at [`Echo::of`]; [`Filter`](super::stream::Filter) listens to streams.

mod encodings;
mod shared;
mod skips;

use std::fmt;

use zeroize::Zeroizing;

use crate::secret::Secret;

use self::skips::Skips;

pub use shared::Echoes;

#[cfg(test)]
mod tests;

/// The shortest secret that is guarded, in bytes: what is shorter stands in harmless text by chance.
pub const SHORTEST: usize = 12;

/// Of a writing that is longer, its beginning is listened for: whatever holds all of it holds that.
pub const LONGEST: usize = 256;

/// The writings of some secrets. They are told from other text without regard to upper and lower case, because
/// many languages change that in one word and hexadecimal has both.
pub struct Echo {
    /// In lower case and in order.
    writings: Vec<Zeroizing<Vec<u8>>>,
    skips: Skips,
    longest: usize,
    unguarded: usize,
}

impl Echo {
    /// Listens for these secrets: passwords, and what the protocol derives of them for whoever checks one.
    #[must_use]
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let (mut writings, mut unguarded) = (Vec::new(), 0_usize);
        for secret in secrets {
            match secret.expose() {
                short if short.len() < SHORTEST => unguarded = unguarded.saturating_add(1),
                bytes => writings.extend(encodings::all(bytes).into_iter().map(listened)),
            }
        }
        writings.sort_unstable_by(|one: &Zeroizing<Vec<u8>>, other| one.as_slice().cmp(other.as_slice()));
        writings.dedup_by(|one, other| one.as_slice() == other.as_slice());
        let longest = writings.iter().map(|one| one.len()).max().unwrap_or_default();
        Self { skips: Skips::of(&writings), writings, longest, unguarded }
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
        while let Some(skip) = self.skips.skip(text, at) {
            if skip == 0 && text.get(at..).is_some_and(|rest| self.alike(rest).any(|one| begins(rest, one))) {
                return true;
            }
            at = at.saturating_add(skip.max(1));
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
        self.skips.may_begin(rest) && self.alike(rest).any(|one| one.len() > rest.len() && begins(one, rest))
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
}

impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// As much of a writing as is listened for, in lower case.
fn listened(mut writing: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    writing.truncate(LONGEST);
    writing.make_ascii_lowercase();
    writing
}

fn begins(text: &[u8], with: &[u8]) -> bool {
    text.get(..with.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(with))
}
