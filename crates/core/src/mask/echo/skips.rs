//! How far a search for some writings may skip (Wu and Manber, A fast algorithm for multi-pattern searching, 1994).
//!
//! Of each word in the windows with which the writings begin it is known how far it stands at least from the end of one.
//! The tables are our own, so that they are zeroed with the secrets. It says where to look, and never that something is
//! there. Enter at [`Skips::of`].

use zeroize::Zeroizing;

/// How many bytes are looked up at once.
const WORD: usize = 4;
/// The widest window, in bytes. Wider ones skip further, and have more words that other text has too.
const WIDEST: usize = 32;
/// How many kinds there are for each word of a window, so that most of other text is of none of them.
const ROOM: usize = 8;
/// How many kinds of words are told apart, as powers of two: at least, and at most.
const KINDS: (u32, u32) = (10, 16);
/// Beside how far may be skipped: a writing begins with this word.
const BEGINS: u8 = 0x80;

/// What is known of words.
pub(super) struct Skips {
    known: Zeroizing<Vec<u8>>,
    /// How many bits of a hash do not count.
    shift: u32,
    /// Where the last word of a window begins.
    last: usize,
}

impl Skips {
    /// For these writings, in lower case and none of them shorter than a word.
    pub(super) fn of(writings: &[Zeroizing<Vec<u8>>]) -> Self {
        let window = writings.iter().map(|one| one.len()).min().unwrap_or_default().clamp(WORD, WIDEST);
        let last = window.saturating_sub(WORD);
        let words = last.saturating_add(1);
        let (least, most) = KINDS;
        let wanted = words.saturating_mul(writings.len()).saturating_mul(ROOM).next_power_of_two();
        let bits = wanted.trailing_zeros().clamp(least, most);
        let free = u8::try_from(words).unwrap_or(!BEGINS);
        let mut skips =
            Self { known: Zeroizing::new(vec![free; 1 << bits]), shift: u32::BITS.saturating_sub(bits), last };
        // INVARIANT: no word of a window skips beyond the end of the first window that has it
        for writing in writings {
            for (at, word) in writing.windows(WORD).take(words).enumerate() {
                let skip = u8::try_from(last.saturating_sub(at)).unwrap_or_default();
                if let Some(known) = word.first_chunk().and_then(|word| skips.place(*word)) {
                    let begins = if at == 0 { BEGINS } else { *known & BEGINS };
                    *known = skip.min(*known & !BEGINS) | begins;
                }
            }
        }
        skips
    }

    /// How far the window that begins here may move on; nothing where the text ends before it does.
    #[inline]
    pub(super) fn skip(&self, text: &[u8], at: usize) -> Option<usize> {
        let word = text.get(at.saturating_add(self.last)..)?.first_chunk()?;
        Some(usize::from(self.known(*word) & !BEGINS))
    }

    /// Whether a writing may begin with a text; one that is shorter than a word may begin any.
    pub(super) fn may_begin(&self, text: &[u8]) -> bool {
        text.first_chunk().is_none_or(|word| self.known(*word) & BEGINS != 0)
    }

    fn known(&self, word: [u8; WORD]) -> u8 {
        self.known.get(kind(word, self.shift)).copied().unwrap_or_default()
    }

    fn place(&mut self, word: [u8; WORD]) -> Option<&mut u8> {
        self.known.get_mut(kind(word, self.shift))
    }
}

/// The kind of a word, the same for upper and lower case (multiplicative hashing by the golden ratio).
fn kind(word: [u8; WORD], shift: u32) -> usize {
    let folded = u32::from_le_bytes(word) | 0x2020_2020;
    usize::try_from(folded.wrapping_mul(0x9e37_79b1) >> shift).unwrap_or_default()
}
