//! Numbers that are known by their form: payment cards, bank accounts, and the few numbers of states that are written
//! like nothing else.
//!
//! What a digit stands in is looked at once, as groups of digits with a separator each; a number that looks like another
//! thing's by chance is told apart by the name beside it.

use super::national::{br_cpf, luhn, us_ssn};
use super::text::{Text, alphanumeric, word};
use super::{Detector, Found};

/// The most groups that belong together.
const GROUPS: usize = 12;

/// Names of numbers that may have any digits: what such a name stands beside is no card.
const COUNTED: &[&str] = &[
    "id",
    "ids",
    "order",
    "orders",
    "invoice",
    "reference",
    "ref",
    "tracking",
    "shipment",
    "parcel",
    "imei",
    "iccid",
    "serial",
    "sku",
    "isbn",
    "ean",
    "gtin",
    "barcode",
    "ticket",
    "batch",
    "seq",
    "sequence",
    "offset",
    "time",
    "timestamp",
    "ts",
    "ns",
    "us",
    "ms",
    "version",
    "build",
    "lsn",
    "xid",
    "trace",
    "span",
    "request",
    "nonce",
    "hash",
    "count",
    "size",
    "bytes",
    "number",
    "no",
    "nr",
    "code",
    "key",
];

/// Names of cards, which say more than the ones that they end in.
const CARDS: &[&str] = &["card", "pan", "visa", "mastercard", "amex", "kreditkarte", "cc", "creditcard"];

/// One group of digits: where it begins and ends, and what stands behind it.
#[derive(Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
    then: u8,
}

impl Group {
    fn length(self) -> usize {
        self.end.saturating_sub(self.start)
    }
}

/// What a digit belongs to, and the end of what was looked at.
pub(super) fn find(label: Option<&str>, text: Text<'_>, at: usize) -> (Option<Found>, usize) {
    if let Some(found) = iban(text, at) {
        let end = found.range.end;
        return (Some(found), end);
    }
    let glued = glued(text.before(at));
    // what goes on with a word is followed by groups of its own
    text.starts(if glued { text.len() } else { at });
    let end = text.run(at, |byte| byte.is_ascii_digit());
    if glued {
        return (None, end);
    }
    let goes_on = matches!(text.at(end), b' ' | b'-' | b'.') && text.at(end.saturating_add(1)).is_ascii_digit();
    // short and alone: nothing that is known by its form
    if end.saturating_sub(at) < 13 && !goes_on {
        return (None, end);
    }
    let (groups, end) = groups(text, at);
    let mut rest = groups.as_slice();
    while let Some((first, after)) = rest.split_first() {
        if let Some((detector, many)) = written(text, rest)
            && let Some(last) = rest.get(many.saturating_sub(1))
            && closed(text, last.end)
            && !(detector == Detector::CardNumber && counted(label, text, first.start))
        {
            return (Some(Found { detector, range: first.start..last.end }), last.end);
        }
        // within a longer row of like groups nothing begins
        rest = if first.then == b' ' { after } else { &[] };
        if first.length() == 4 && after.first().is_some_and(|next| next.length() == 4) {
            rest = &[];
        }
    }
    (None, end)
}

/// Which number these groups begin with, and how many of them it takes.
fn written(text: Text<'_>, groups: &[Group]) -> Option<(Detector, usize)> {
    let lengths: Vec<usize> = groups.iter().map(|group| group.length()).collect();
    let between: Vec<u8> = groups.iter().map(|group| group.then).collect();
    let digits =
        |many: usize| -> String { groups.iter().take(many).map(|group| text.part(group.start..group.end)).collect() };
    let alike = |many: usize| between.iter().take(many).all(|one| Some(one) == between.first());
    let card = |many: usize| {
        (alike(many.saturating_sub(1)) && card(digits(many).as_bytes())).then_some((Detector::CardNumber, many))
    };
    match lengths.as_slice() {
        [4, 4, 4, 4, 1..=3, ..] if card(5).is_some() => card(5),
        [4, 4, 4, 4, 4, ..] => None,
        [4, 4, 4, 4, ..] => card(4),
        [4, 6, 4 | 5, ..] => card(3),
        [3, 2, 4, ..] if between.starts_with(b"--") => us_ssn(&digits(3)).then_some((Detector::UsSsn, 3)),
        [3, 3, 3, 2, ..] if between.starts_with(b"..-") => br_cpf(&digits(4)).then_some((Detector::BrCpf, 4)),
        [13..=19, ..] => card(1),
        _ => None,
    }
}

/// The groups from here on, as long as one character stands between two of them; and where the last one ends.
fn groups(text: Text<'_>, at: usize) -> (Vec<Group>, usize) {
    let mut groups = Vec::new();
    let (mut start, mut end) = (at, at);
    while groups.len() < GROUPS && text.at(start).is_ascii_digit() {
        end = text.run(start, |byte| byte.is_ascii_digit());
        let then = text.at(end);
        groups.push(Group { start, end, then });
        if !matches!(then, b' ' | b'-' | b'.') {
            break;
        }
        start = end.saturating_add(1);
    }
    (groups, end)
}

/// Whether what stands before a digit makes it a part of something longer.
fn glued(before: u8) -> bool {
    word(before) || matches!(before, b'.' | b'#' | b'+' | b'/' | b'%' | b'\\') || before >= 0x80
}

fn closed(text: Text<'_>, end: usize) -> bool {
    let next = text.at(end);
    let longer = matches!(next, b'.' | b'/') && text.at(end.saturating_add(1)).is_ascii_digit();
    !word(next) && !matches!(next, b'%' | b'+') && next < 0x80 && !longer
}

/// ISO/IEC 7812-1: the length that the issuer's range has, and the check digit.
fn card(digits: &[u8]) -> bool {
    let prefix = |many: usize| {
        digits
            .iter()
            .take(many)
            .fold(0_u32, |sum, digit| sum.wrapping_mul(10).wrapping_add(u32::from(digit.wrapping_sub(b'0'))))
    };
    let lengths = match (prefix(2), prefix(4), digits.first()) {
        (_, _, Some(b'4')) => matches!(digits.len(), 13 | 16 | 19),
        (51..=55, _, _) | (_, 2221..=2720, _) => digits.len() == 16,
        (34 | 37, _, _) => digits.len() == 15,
        (65, _, _) | (_, 6011 | 6440..=6499 | 3528..=3589, _) => digits.len() == 16,
        (36 | 38 | 39, _, _) | (_, 3000..=3059, _) => digits.len() == 14,
        (62, _, _) => (16..=19).contains(&digits.len()),
        _ => false,
    };
    let mut seen = digits.to_vec();
    seen.sort_unstable();
    seen.dedup();
    lengths && seen.len() > 1 && luhn(digits)
}

/// Whether the name before it, or that of the cell, is one of numbers that count or name something.
fn counted(label: Option<&str>, text: Text<'_>, at: usize) -> bool {
    let end = text.run_back(at, |byte| matches!(byte, b' ' | b':' | b'=' | b'"' | b'\'' | b'>' | b'\\'));
    let start = text.run_back(end, |byte| word(byte) || byte == b'.');
    let name = text.part(start..end);
    let name = if name.is_empty() && end == 0 { label.unwrap_or_default() } else { name };
    let words = words(name);
    let last = words.last().map(String::as_str).unwrap_or_default();
    !words.iter().any(|word| CARDS.contains(&word.as_str())) && COUNTED.contains(&last)
}

/// The words of a name, in lower case: of `orderId`, `order_id` and `ORDER-ID` the same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (small && letter.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(last) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            last.extend(letter.to_lowercase());
        }
        small = letter.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// ISO 13616: two letters of a country, two check digits, and as many letters and digits as it has there, perhaps in fours.
/// `at` is the first of the check digits.
fn iban(text: Text<'_>, at: usize) -> Option<Found> {
    let start = at.checked_sub(2).filter(|start| text.at(*start).is_ascii_uppercase())?;
    let country = text.part(start..at);
    let length = LENGTHS.iter().find(|(_, countries)| countries.split(' ').any(|one| one == country))?.0;
    if word(text.before(start)) {
        return None;
    }
    text.starts(start);
    let (mut account, mut end) = (String::new(), start);
    while account.len() < length {
        let letter = text.at(end);
        if alphanumeric(letter) && !letter.is_ascii_lowercase() {
            account.push(char::from(letter));
        } else if letter != b' ' || account.len() % 4 != 0 {
            return None;
        }
        end = end.saturating_add(1);
    }
    let (head, tail) = account.split_at_checked(4)?;
    let rest = tail.chars().chain(head.chars()).try_fold(0_u32, |rest, letter| {
        let value = letter.to_digit(36)?;
        Some(rest.wrapping_mul(if value > 9 { 100 } else { 10 }).wrapping_add(value) % 97)
    });
    let all = tail.bytes().filter(u8::is_ascii_digit).count() >= 6;
    (rest == Some(1) && all && closed(text, end)).then_some(Found { detector: Detector::Iban, range: start..end })
}

/// Where a text ends with the letters of a country that a bank account begins with.
pub(super) fn country(text: Text<'_>) -> Option<usize> {
    let begins = |start: &usize| {
        let letters = text.part(*start..text.len());
        if !letters.starts_with(|first: char| first.is_ascii_uppercase()) {
            return false;
        }
        let known = LENGTHS.iter().any(|(_, countries)| countries.split(' ').any(|one| one.starts_with(letters)));
        known && !letters.is_empty() && !word(text.before(*start))
    };
    (text.len().saturating_sub(2)..text.len()).find(begins)
}

/// SWIFT's registry of IBAN: how long they are, by country.
const LENGTHS: &[(usize, &str)] = &[
    (15, "NO"),
    (16, "BE"),
    (18, "DK FI FO GL NL"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU XK"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL TL"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "PT"),
    (26, "IS TR"),
    (27, "FR GR IT MC MR SM"),
    (28, "AL AZ CY DO GT HU LB PL"),
    (29, "BR PS QA UA"),
    (30, "JO KW MU"),
    (31, "MT SC"),
];
