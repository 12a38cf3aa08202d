//! Bytes as text: what a detector can look at, byte for byte in the same place; and what is no text.
//!
//! Enter at [`text()`] and [`binary`].

use std::borrow::Cow;

use super::many::{self, within};

/// So many characters that stand in no text are none by chance.
const MANY: usize = 3;

/// What stands for a byte that is no text: of no word and no number.
const NONE: char = '\u{7f}';

/// The text in these bytes, as long as they are; but for a character at the end that has only begun, where more may come.
pub(super) fn text(bytes: &[u8], closed: bool) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len());
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        text.push_str(chunk.valid());
        let begun = chunks.peek().is_none() && !closed && begun(chunk.invalid());
        if !begun {
            text.extend(chunk.invalid().iter().map(|_| NONE));
        }
    }
    Cow::Owned(text)
}

/// Where the first of these bytes are known to be no text: a picture, an archive, a program. Among such bytes it takes less to
/// know it.
pub(super) fn binary(bytes: &[u8], among: bool) -> Option<usize> {
    if among {
        let strange = many::position(bytes, strange);
        let before = bytes.get(..strange.unwrap_or(bytes.len())).unwrap_or_default();
        return match std::str::from_utf8(before) {
            // what has only begun goes on with something strange, or may go on with something else
            Err(invalid) if invalid.error_len().is_some() || strange.is_some() => Some(invalid.valid_up_to()),
            Err(_) | Ok(_) => strange,
        };
    }
    if many::count(bytes, strange) < MANY {
        return None;
    }
    let mut places = bytes.iter().enumerate().filter(|(_, byte)| strange(**byte)).map(|(place, _)| place);
    places.nth(MANY.saturating_sub(1))
}

/// Controls that no program writes into text or to a terminal.
fn strange(byte: u8) -> bool {
    within(byte, &(1..=6)) | within(byte, &(0x10..=0x1a)) | within(byte, &(0x1c..=0x1f)) | (byte == 0x7f)
}

/// Whether it is the beginning of a character.
fn begun(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|invalid| invalid.valid_up_to() == 0 && invalid.error_len().is_none())
}
