//! Values that a name beside them gives away: `password=…`, `"api_key": "…"`, `<ssn>…</ssn>`, or the column's own name.
//!
//! The name must end where one of ours does: `token_type` and `password_changed_at` name no secrets. Enter at [`ALL`].

use std::ops::Range;

use super::text::{Text, alphanumeric, word};
use super::{Detector, Found, addresses, national};

/// A name, and what stands beside it.
pub(super) struct Name {
    pub(super) detector: Detector,
    pub(super) word: &'static str,
    value: Value,
}

/// What a value must be.
#[derive(Clone, Copy)]
enum Value {
    /// A string that looks like a secret.
    Secret(fn(&str) -> bool),
    /// A number that passes its check, once what stands between its digits is left out.
    Number(fn(&str) -> bool),
}

const fn secret(detector: Detector, word: &'static str, is: fn(&str) -> bool) -> Name {
    Name { detector, word, value: Value::Secret(is) }
}

const fn of(detector: Detector, word: &'static str, is: fn(&str) -> bool) -> Name {
    Name { detector, word, value: Value::Number(is) }
}

pub(super) const ALL: &[Name] = &[
    secret(Detector::NamedSecret, "password", chosen),
    secret(Detector::NamedSecret, "passwd", chosen),
    secret(Detector::NamedSecret, "passphrase", chosen),
    secret(Detector::NamedSecret, "pwd", chosen),
    secret(Detector::NamedSecret, "userPassword", chosen),
    secret(Detector::NamedSecret, "secret", random),
    secret(Detector::NamedSecret, "secret_key", random),
    secret(Detector::NamedSecret, "secret-key", random),
    secret(Detector::NamedSecret, "secretKey", random),
    secret(Detector::NamedSecret, "api_key", random),
    secret(Detector::NamedSecret, "api-key", random),
    secret(Detector::NamedSecret, "apikey", random),
    secret(Detector::NamedSecret, "access_key", random),
    secret(Detector::NamedSecret, "encryption_key", random),
    secret(Detector::NamedSecret, "signing_key", random),
    secret(Detector::NamedSecret, "token", random),
    secret(Detector::NamedSecret, "credential", random),
    secret(Detector::AwsKey, "secret_access_key", aws),
    secret(Detector::AwsKey, "secretAccessKey", aws),
    of(Detector::UsSsn, "ssn", national::us_ssn),
    of(Detector::UsSsn, "social_security_number", national::us_ssn),
    of(Detector::DeTaxId, "steuer_id", national::de_tax_id),
    of(Detector::DeTaxId, "steuer-id", national::de_tax_id),
    of(Detector::DeTaxId, "steuerid", national::de_tax_id),
    of(Detector::DeTaxId, "idnr", national::de_tax_id),
    of(Detector::DeTaxId, "tax_id", national::de_tax_id),
    of(Detector::FrNir, "nir", national::fr_nir),
    of(Detector::FrNir, "insee", national::fr_nir),
    of(Detector::EsDni, "dni", national::es_dni),
    of(Detector::EsDni, "nie", national::es_dni),
    of(Detector::EsDni, "nif", national::es_dni),
    of(Detector::NlBsn, "bsn", national::nl_bsn),
    of(Detector::PlPesel, "pesel", national::pl_pesel),
    of(Detector::BrCpf, "cpf", national::br_cpf),
    of(Detector::UkNino, "nino", national::uk_nino),
    of(Detector::UkNino, "ni_number", national::uk_nino),
    of(Detector::UkNino, "national_insurance", national::uk_nino),
    of(Detector::InAadhaar, "aadhaar", national::in_aadhaar),
    of(Detector::InAadhaar, "aadhar", national::in_aadhaar),
    of(Detector::InAadhaar, "uidai", national::in_aadhaar),
    of(Detector::Phone, "phone", addresses::national),
    of(Detector::Phone, "telephone", addresses::national),
    of(Detector::Phone, "phone_number", addresses::national),
    of(Detector::Phone, "telephoneNumber", addresses::national),
    of(Detector::Phone, "mobile", addresses::national),
    of(Detector::Phone, "telefon", addresses::national),
    of(Detector::Phone, "fax", addresses::national),
];

/// The longest value that is a number, with what stands between its digits.
const LONGEST: usize = 28;

/// The longest value that is a secret.
const MOST: usize = 4096;

impl Name {
    /// The value beside a name in a text.
    pub(super) fn find(&self, text: Text<'_>, name: Range<usize>) -> Option<Found> {
        if word(text.at(name.end)) || !self.begins(text, name.start) {
            return None;
        }
        let flagged = text.part(text.run_back(name.start, word)..name.start).starts_with("--");
        let value = self.beside(text, name.end, flagged)?;
        let range = match self.value {
            Value::Secret(is) => is(text.part(value.clone())).then_some(value),
            Value::Number(is) => prefixes(text, value).find(|range| is(&compact(text.part(range.clone())))),
        }?;
        Some(Found { detector: self.detector, range })
    }

    /// The whole cell, where it stands under this name.
    pub(super) fn under(&self, label: &str, cell: Text<'_>) -> Option<Found> {
        let start = label.len().checked_sub(self.word.len())?;
        let same = label.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(self.word));
        if !same || !self.begins(Text::whole(label), start) {
            return None;
        }
        let before = cell.all().len().saturating_sub(cell.all().trim_start().len());
        let value = cell.all().trim();
        let fits = match self.value {
            Value::Secret(is) => !value.contains(char::is_whitespace) && is(value),
            Value::Number(is) => value.len() <= LONGEST && is(&compact(value)),
        };
        fits.then(|| Found { detector: self.detector, range: before..before.saturating_add(value.len()) })
    }

    /// A short name begins where a word does; a long one, or one with a capital, may end another: `dbPassword`.
    fn begins(&self, text: Text<'_>, start: usize) -> bool {
        self.word.len() > 5 || !alphanumeric(text.before(start)) || text.at(start).is_ascii_uppercase()
    }

    /// Where the value stands that belongs to a name which ends here.
    fn beside(&self, text: Text<'_>, name: usize, flagged: bool) -> Option<Range<usize>> {
        let at = quote(text, name).1;
        let sign = text.run(at, blank);
        let mut at = match (text.at(sign), text.at(sign.saturating_add(1))) {
            (b':', b'=') | (b'=', b'>') | (b':', b':') => sign.saturating_add(2),
            (b':' | b'=' | b'>', _) => sign.saturating_add(1),
            _ if sign > at && (flagged || matches!(self.value, Value::Number(_))) => sign,
            _ => return None,
        };
        at = text.run(at, blank);
        let (opened, start) = quote(text, at);
        text.starts(start);
        let end = match (opened, self.value) {
            (Some(quote), _) => closing(text, start, quote),
            (None, Value::Secret(_)) => {
                text.run_within(start, MOST, |byte| !byte.is_ascii_whitespace() && !b"\"'`,;&|<>()[]{}".contains(&byte))
            }
            (None, Value::Number(_)) => {
                text.run_within(start, LONGEST, |byte| alphanumeric(byte) || b" .-/+()".contains(&byte))
            }
        };
        // INVARIANT: no escape is cut: what follows may be a quote that one of these belongs to
        let value = text.part(start..end).trim_end_matches('\\');
        (!value.is_empty()).then(|| start..start.saturating_add(value.len()))
    }
}

fn blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// A quote at this place, perhaps escaped, and what comes after it.
fn quote(text: Text<'_>, at: usize) -> (Option<u8>, usize) {
    let sign = text.run(at, |byte| byte == b'\\');
    match text.at(sign) {
        quote @ (b'"' | b'\'' | b'`') => (Some(quote), sign.saturating_add(1)),
        _ => (None, at),
    }
}

/// Where a string ends: at its quote, or at the end of the text. A string within a string begins and ends with `\"`.
fn closing(text: Text<'_>, start: usize, quote: u8) -> usize {
    // INVARIANT: no value goes beyond a string in double quotes that its name stands in
    if quote != b'"' && text.quoted(start) {
        let value = text.part(start..closing(text, start, b'"'));
        return start.saturating_add(value.find(char::from(quote)).unwrap_or(value.len()));
    }
    let within = quote == b'"' && start >= 2 && text.at(start.saturating_sub(2)) == b'\\';
    let mut at = start;
    while let Some(next) = text.next(at, |byte| byte == quote || byte == b'\\') {
        let sign = text.run(next, |byte| byte == b'\\');
        let escapes = sign.saturating_sub(next);
        let ends = if within { escapes <= 1 } else { escapes.is_multiple_of(2) };
        if text.at(sign) == quote && ends {
            return sign;
        }
        at = sign.saturating_add(1);
    }
    if text.len().saturating_sub(start) <= MOST {
        text.ends();
    }
    text.len()
}

/// The value, and what it begins with, ever shorter, up to where something stands between.
fn prefixes(text: Text<'_>, value: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let longest = value.end.min(value.start.saturating_add(LONGEST));
    let ends = (value.start..=longest)
        .rev()
        .filter(move |end| alphanumeric(text.before(*end)) && !alphanumeric(text.at(*end)));
    ends.map(move |end| value.start..end)
}

/// Without what stands between the letters and digits, in upper case.
fn compact(value: &str) -> String {
    value.chars().filter(|one| !" .-/+()".contains(*one)).map(|one| one.to_ascii_uppercase()).collect()
}

/// What stands for a secret: references, variables, stars, and the words of examples.
pub(super) fn placeholder(value: &str) -> bool {
    const BEGINS: &[&str] = &[
        "${",
        "$(",
        "{{",
        "%(",
        "<",
        "!vault",
        "!secret",
        "!Ref",
        "/",
        "./",
        "~/",
        "vault:",
        "vault-db:",
        "env:",
        "file:",
        "aws-sm:",
        "gcp-sm:",
        "azure-kv:",
        "sealed:",
        "arn:",
        "projects/",
        "sha256:",
        "sha1:",
        "secretRef",
        "secrets.",
    ];
    const HOLDS: &[&str] =
        &["***", "xxxx", "....", "redacted", "example", "changeme", "placeholder", "your_", "your-", "removed"];
    let lower = value.to_ascii_lowercase();
    let scheme = |one: u8| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'-';
    // what names where it is: `store:path`, `store://path`
    let path = value.split_once(':').is_some_and(|(store, path)| store.bytes().all(scheme) && path.contains('/'));
    path || BEGINS.iter().any(|begins| value.starts_with(begins)) || HOLDS.iter().any(|word| lower.contains(word))
}

/// A password that somebody has chosen: letters with digits or signs, as far as it is no word of a sentence.
fn chosen(value: &str) -> bool {
    let has = |is: fn(&u8) -> bool| value.bytes().any(|byte| is(&byte));
    let (small, large) = (has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase));
    let sign = value.trim_end_matches(['.', '!', '?', ':']).bytes().any(|byte| byte.is_ascii_punctuation());
    let digit = has(u8::is_ascii_digit);
    let mixed = ((small || large) && digit) || (small && large && sign);
    value.len() >= 6 && value.len() <= 256 && mixed && !placeholder(value) && !dated(value)
}

/// A secret that a machine has made: long, of many different characters, digits and letters.
fn random(value: &str) -> bool {
    let mut seen: Vec<u8> = value.bytes().collect();
    seen.sort_unstable();
    seen.dedup();
    let signs = value.bytes().all(|byte| alphanumeric(byte) || b"+/=_-.~%$!@#^*:".contains(&byte));
    let has = |is: fn(&u8) -> bool| seen.iter().any(is);
    let mixed = has(u8::is_ascii_alphabetic) && has(u8::is_ascii_digit);
    (16..=MOST).contains(&value.len()) && seen.len() >= 8 && signs && mixed && !placeholder(value) && !dated(value)
}

/// IAM's user guide: forty characters of base64.
fn aws(value: &str) -> bool {
    value.len() == 40
        && value.bytes().all(|byte| alphanumeric(byte) || byte == b'/' || byte == b'+')
        && random(value.trim_start_matches('/'))
}

/// A time of RFC 3339, or a beginning of one.
fn dated(value: &str) -> bool {
    let form = value
        .bytes()
        .zip(*b"0000-00-00")
        .all(|(byte, form)| if form == b'0' { byte.is_ascii_digit() } else { byte == form });
    form && value.len() >= 10
}
