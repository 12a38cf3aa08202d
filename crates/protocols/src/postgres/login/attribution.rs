//! What the server's own log calls a session: `postern:PRINCIPAL (what the client calls itself)`, as `application_name`.
//!
//! THREAT: a client that calls itself what another principal is called. Its own words come last and in parentheses, and
//! no name of a principal or a human has a space in it here. Enter at [`attributed`].

use aws_lc_rs::digest::{SHA256, digest};
use postern_core::Principal;

use super::super::analyze::setting::MARK;

/// Bytes that a server keeps of an `application_name`: `NAMEDATALEN` less the zero.
const LONGEST: usize = 63;
/// Digits of the hash that stands for what does not fit: 80 bits, so that whoever may choose the end of a long name finds
/// no second one.
const DIGITS: usize = 20;

/// What a session of this principal is called whose client calls itself `client`.
pub(super) fn attributed(principal: &Principal, client: &str) -> String {
    let mut who = format!("{MARK}{}", plain(principal.name()));
    if let Some(human) = principal.acts_for() {
        who.push_str(" for ");
        who.push_str(&plain(human));
    }
    if who.len() > LONGEST {
        return shortened(&who);
    }
    // the server would put `?` or an escape for what is no printable ASCII, and cut off the end
    let client = client.chars().map(|letter| if matches!(letter, ' '..='~') { letter } else { '?' });
    let room = LONGEST.saturating_sub(who.len()).saturating_sub(" ()".len());
    let client: String = client.take(room).collect();
    if client.is_empty() { who } else { format!("{who} ({client})") }
}

/// A name in printable ASCII without a space; what is not is written as in URLs, so that no two names become one.
fn plain(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'%' | b'~');
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The beginning of what is too long, and a hash of all of it behind `~`.
fn shortened(who: &str) -> String {
    let hash = digest(&SHA256, who.as_bytes());
    let digits: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let kept = LONGEST.saturating_sub(DIGITS).saturating_sub(1);
    who.chars().take(kept).chain(['~']).chain(digits.chars().take(DIGITS)).collect()
}

#[cfg(test)]
mod tests;
