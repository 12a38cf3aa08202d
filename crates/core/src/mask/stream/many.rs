//! Looking for bytes of a kind, many at once: what is looked for is told without a branch, so that compilers do it in wide
//! registers.
//!
//! Enter at [`position`].

use std::ops::RangeInclusive;

/// So many bytes are looked at before it is asked whether one was found.
const BLOCK: usize = 32;

/// Where the first byte of a kind is.
#[inline]
pub(super) fn position(bytes: &[u8], kind: impl Fn(u8) -> bool) -> Option<usize> {
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let free = blocks.iter().take_while(|block| in_block(block, &kind) == 0).count();
    let before = free.saturating_mul(BLOCK);
    let within = bytes.get(before..)?.iter().position(|byte| kind(*byte))?;
    Some(before.saturating_add(within))
}

/// How many bytes of a kind there are.
#[inline]
pub(super) fn count(bytes: &[u8], kind: impl Fn(u8) -> bool) -> usize {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let blocks: usize = blocks.iter().map(|block| usize::from(in_block(block, &kind))).sum();
    blocks.saturating_add(rest.iter().filter(|byte| kind(**byte)).count())
}

#[inline]
fn in_block(block: &[u8; BLOCK], kind: &impl Fn(u8) -> bool) -> u8 {
    block.iter().fold(0, |count: u8, byte| count.wrapping_add(u8::from(kind(*byte))))
}

/// Whether a byte is in a range.
#[inline]
pub(super) fn within(byte: u8, range: &RangeInclusive<u8>) -> bool {
    byte.wrapping_sub(*range.start()) <= range.end().wrapping_sub(*range.start())
}
