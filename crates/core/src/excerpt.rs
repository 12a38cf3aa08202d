//! What is written down of a client's values: all of them, or of long ones the beginning and what tells each from any other.
//!
//! THREAT: a journal that takes as much as a client likes to send is filled by one client, and nothing runs any more. What
//! an approval is bound to, and what runs, is the value whole. Enter at [`Excerpt::of`].

use aws_lc_rs::digest;
use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};

/// How much is kept of all values of one message together, in bytes.
pub const MOST_KEPT: usize = 1 << 20;

/// The values of a message as they are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The values, or how they begin, in base64; `null` is a null.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub parameters: Vec<Option<String>>,
    /// Those of which there was more.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub cut: Vec<Cut>,
}

/// A value of which only the beginning is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Which one, from 1.
    pub parameter: usize,
    /// How long it is, in bytes.
    pub bytes: usize,
    /// The SHA-256 of all of it, in hexadecimal.
    pub sha256: String,
}

impl Excerpt {
    /// What is kept of these.
    #[must_use]
    pub fn of(values: &[Option<Bytes>]) -> Self {
        let most = level(values.iter().flatten().map(Bytes::len).collect(), MOST_KEPT);
        let parameters = values.iter().map(|value| value.as_ref().map(|value| BASE64.encode(beginning(value, most))));
        let long = (1..).zip(values).filter_map(|(parameter, value)| Some((parameter, value.as_ref()?)));
        let cut = long.filter(|(_, value)| value.len() > most).map(|(parameter, value)| Cut {
            parameter,
            bytes: value.len(),
            sha256: HEXLOWER.encode(digest::digest(&digest::SHA256, value).as_ref()),
        });
        Self { parameters: parameters.collect(), cut: cut.collect() }
    }

    /// The same as text for people, who are told in the text itself where more follows.
    #[must_use]
    pub fn texts(values: &[Option<Bytes>]) -> Vec<Option<String>> {
        let most = level(values.iter().flatten().map(Bytes::len).collect(), MOST_KEPT);
        let text = |value: &Bytes| {
            let mut text = String::from_utf8_lossy(beginning(value, most)).into_owned();
            if value.len() > most {
                let more = value.len().saturating_sub(most);
                text.push_str(&format!(" […, and {more} bytes more]"));
            }
            text
        };
        values.iter().map(|value| value.as_ref().map(text)).collect()
    }
}

fn beginning(value: &[u8], most: usize) -> &[u8] {
    value.get(..most).unwrap_or(value)
}

/// How much is kept of each value, so that all of them have room together: the same of each that is longer, so that one
/// long value leaves short ones whole.
fn level(mut lengths: Vec<usize>, room: usize) -> usize {
    lengths.sort_unstable();
    let (mut room, mut left) = (room, lengths.len());
    for length in lengths {
        let share = room.checked_div(left).unwrap_or(room);
        if length > share {
            return share;
        }
        (room, left) = (room.saturating_sub(length), left.saturating_sub(1));
    }
    usize::MAX
}

#[cfg(test)]
mod tests;
