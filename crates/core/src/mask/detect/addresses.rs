//! What people and services are reached by: passwords inside of URLs, addresses of e-mail, telephone numbers.
//!
//! Each is given the place of the sign that it has: `://`, `@`, `+`.

use std::ops::Range;

use super::named::placeholder;
use super::text::{Text, alphanumeric};
use super::{Detector, Found};

/// Ends of file names that stand after an at sign where no address is.
const FILES: &[&str] =
    &["png", "jpg", "jpeg", "gif", "svg", "webp", "js", "mjs", "css", "ts", "json", "zip", "tgz", "gz"];

/// The longest telephone number, with what stands between its digits.
const LONGEST: usize = 64;

/// The password between `://user:` and the last `@` before the host (RFC 3986, section 3.2.1).
pub(super) fn password(text: Text<'_>, sign: Range<usize>) -> Option<Found> {
    let stands =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'\\');
    // it begins after the first colon, once there is one
    text.starts(text.run(sign.end, |byte| byte != b':' && stands(byte)).saturating_add(1));
    let end = text.run(sign.end, stands);
    let authority = text.part(sign.end..end);
    let (proof, host) = authority.rsplit_once('@')?;
    let (user, password) = proof.split_once(':')?;
    let start = sign.end.saturating_add(user.len()).saturating_add(1);
    let named = host.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[');
    let real = password.len() >= 3 && !placeholder(password);
    (named && real)
        .then(|| Found { detector: Detector::ConnectionString, range: start..start.saturating_add(password.len()) })
}

/// RFC 5321's common forms: a local part, and a domain with a dot that ends in letters.
pub(super) fn email(text: Text<'_>, at: usize) -> Option<Found> {
    let start = local(text, at)?;
    text.starts(start);
    let domain = at.saturating_add(1);
    let end = text.run(domain, |byte| alphanumeric(byte) || matches!(byte, b'.' | b'-'));
    let name = text.part(domain..end).trim_end_matches(['.', '-']);
    let end = domain.saturating_add(name.len());
    let (_, top) = name.rsplit_once('.')?;
    let lettered = (2..=24).contains(&top.len()) && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    let file = FILES.iter().any(|file| top.eq_ignore_ascii_case(file));
    // `git@host:path`: an account, and no address
    let account = text.at(end) == b':' && alphanumeric(text.at(end.saturating_add(1)));
    let fits = text.at(start) != b'@' && !name.starts_with(['.', '-']) && !name.contains("..");
    (fits && lettered && !file && !account).then_some(Found { detector: Detector::Email, range: start..end })
}

/// Where the local part begins that would end here.
pub(super) fn local(text: Text<'_>, end: usize) -> Option<usize> {
    let local = |byte: u8| alphanumeric(byte) || b".%+-_~".contains(&byte);
    let start = text.run_back(end, local);
    text.next(start, alphanumeric).filter(|start| *start < end)
}

/// E.164: a plus sign, and from nine to fifteen digits, perhaps in groups. The end of what was looked at besides.
pub(super) fn phone(text: Text<'_>, at: usize) -> (Option<Found>, usize) {
    let goes_on = alphanumeric(text.before(at)) || matches!(text.before(at), b'+' | b'.');
    text.starts(if goes_on { text.len() } else { at });
    let from = at.saturating_add(1);
    let end = text
        .run_within(from, LONGEST, |byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-' | b'.' | b'(' | b')'));
    let number = text.part(from..end).trim_end_matches(|last: char| !last.is_ascii_digit());
    let end = from.saturating_add(number.len());
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let country = match digits.as_bytes() {
        // North America: the area and the exchange begin with 2 to 9
        [b'1', area, _, _, exchange, ..] => digits.len() == 11 && *area > b'1' && *exchange > b'1',
        [b'2'..=b'9', ..] => (9..=15).contains(&digits.len()),
        _ => false,
    };
    let apart = !goes_on && !alphanumeric(text.at(end));
    let close = number.starts_with(|first: char| first.is_ascii_digit()) && !number.contains("  ");
    // a group of four or more digits, and no more groups than a number is said in
    let said = number.split(|between: char| !between.is_ascii_digit()).filter(|group| !group.is_empty()).count() <= 6;
    let found = (country && apart && close && said).then_some(Found { detector: Detector::Phone, range: at..end });
    (found, end)
}

/// A number in the form of its country, for where the name says that it is one.
pub(super) fn national(digits: &str) -> bool {
    (7..=15).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && !digits.starts_with("00000")
}
