//! Where the grammar stopped reading.
//!
//! The binding keeps the grammar's message and drops the place. The message quotes the word that was one too many, and
//! where that stands more than once the grammar itself is asked again: it stops at the first word that cannot follow
//! those before it, so that a text cut off after that word fails in the same way, and one cut off before it does not.
//!
//! It is for people to look at: nothing is decided by it.

use super::statement::grammar;

/// The longest text for which the grammar is asked again, in bytes.
const LONGEST: usize = 16 << 10;

/// The position that the server would give with this message, in characters from 1. Messages that quote no word have
/// one, too, and here it is not known.
pub(super) fn position(text: &str, message: &str) -> Option<usize> {
    let at = if message.ends_with(" at end of input") { text.len() } else { place(text, message)? };
    Some(text.get(..at)?.chars().count().saturating_add(1))
}

/// The byte at which the word begins that the message quotes.
fn place(text: &str, message: &str) -> Option<usize> {
    let (_, quoted) = message.split_once(" at or near \"")?;
    let word = quoted.strip_suffix('"').filter(|word| !word.is_empty())?;
    let mut places = vec![text.find(word)?];
    while let Some(next) = places.last().and_then(|last| following(text, word, *last)) {
        // a word may stand at as many places as it is long, so they are not listed before the text is known to be short
        if text.len() > LONGEST {
            return None;
        }
        places.push(next);
    }
    if let [place] = places.as_slice() {
        return Some(*place);
    }
    let fails = |place: &usize| {
        let end = place.saturating_add(word.len());
        let answer = text.get(..end).map(grammar);
        matches!(answer, Some(Ok(Err(pg_query::Error::Parse(again)))) if again == message)
    };
    let first = places.partition_point(|place| !fails(place));
    places.get(first).copied()
}

/// The next place at which a word stands, also where the two overlap.
fn following(text: &str, word: &str, place: usize) -> Option<usize> {
    let step = word.chars().next().map_or(1, char::len_utf8);
    let from = place.saturating_add(step);
    text.get(from..)?.find(word).map(|next| from.saturating_add(next))
}

#[cfg(test)]
mod tests;
