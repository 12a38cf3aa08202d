//! Tokens that say by their beginning what they are: the formats that their issuers have published.
//!
//! Enter at [`ALL`].

use std::ops::Range;

use data_encoding::BASE64URL_NOPAD;

use super::text::{Text, alphanumeric, word};
use super::{Detector, Found};

/// A token: how it begins, what follows, how long that is, and what else must be true of that.
pub(super) struct Token {
    pub(super) detector: Detector,
    pub(super) begins: &'static str,
    of: fn(u8) -> bool,
    length: (usize, usize),
    is: fn(&str) -> bool,
}

const fn token(
    detector: Detector,
    begins: &'static str,
    of: fn(u8) -> bool,
    length: (usize, usize),
    is: fn(&str) -> bool,
) -> Token {
    Token { detector, begins, of, length, is }
}

pub(super) const ALL: &[Token] = &[
    token(Detector::AwsKey, "AKIA", alphanumeric, (16, 16), base32),
    token(Detector::AwsKey, "ASIA", alphanumeric, (16, 16), base32),
    token(Detector::AzureKey, "AccountKey=", base64, (88, 88), |rest| rest.ends_with("==")),
    token(Detector::AzureKey, "SharedAccessKey=", base64, (44, 44), |rest| rest.ends_with('=')),
    token(Detector::AzureKey, "sig=", percent, (43, 70), signature),
    token(Detector::GcpKey, "AIza", word, (35, 35), mixed),
    token(Detector::GcpKey, "GOCSPX-", word, (28, 28), mixed),
    token(Detector::GcpKey, "ya29.", word, (40, 2000), mixed),
    token(Detector::GithubToken, "ghp_", alphanumeric, (36, 36), summed),
    token(Detector::GithubToken, "gho_", alphanumeric, (36, 36), summed),
    token(Detector::GithubToken, "ghu_", alphanumeric, (36, 36), summed),
    token(Detector::GithubToken, "ghs_", alphanumeric, (36, 36), summed),
    token(Detector::GithubToken, "ghr_", alphanumeric, (36, 36), summed),
    token(Detector::GithubToken, "github_pat_", word, (82, 82), |rest| rest.get(22..23) == Some("_") && mixed(rest)),
    token(Detector::GitlabToken, "glpat-", dotted, (20, 300), mixed),
    token(Detector::GitlabToken, "gldt-", dotted, (20, 300), mixed),
    token(Detector::GitlabToken, "glrt-", dotted, (20, 300), mixed),
    token(Detector::SlackToken, "xoxb-", word, (24, 300), slack),
    token(Detector::SlackToken, "xoxp-", word, (24, 300), slack),
    token(Detector::SlackToken, "xoxa-", word, (24, 300), slack),
    token(Detector::SlackToken, "xapp-", word, (24, 300), slack),
    token(Detector::StripeKey, "sk_live_", alphanumeric, (24, 250), mixed),
    token(Detector::StripeKey, "sk_test_", alphanumeric, (24, 250), mixed),
    token(Detector::StripeKey, "rk_live_", alphanumeric, (24, 250), mixed),
    token(Detector::StripeKey, "rk_test_", alphanumeric, (24, 250), mixed),
    token(Detector::StripeKey, "whsec_", alphanumeric, (32, 64), mixed),
    token(Detector::NpmToken, "npm_", alphanumeric, (36, 36), summed),
    token(Detector::PypiToken, "pypi-AgE", word, (70, 500), mixed),
    token(Detector::OpenaiKey, "sk-proj-", word, (40, 250), mixed),
    token(Detector::OpenaiKey, "sk-svcacct-", word, (40, 250), mixed),
    token(Detector::OpenaiKey, "sk-admin-", word, (40, 250), mixed),
    token(Detector::OpenaiKey, "sk-", alphanumeric, (48, 48), |rest| rest.get(20..28) == Some("T3BlbkFJ")),
    token(Detector::AnthropicKey, "sk-ant-", word, (80, 250), mixed),
    token(Detector::VaultToken, "hvs.", word, (24, 300), mixed),
    token(Detector::VaultToken, "hvb.", word, (24, 300), mixed),
    token(Detector::VaultToken, "hvr.", word, (24, 300), mixed),
    token(Detector::PosternToken, "pst_at_", word, (32, 300), mixed),
    token(Detector::PrivateKey, "AGE-SECRET-KEY-1", alphanumeric, (58, 58), |rest| !rest.contains(lowercase)),
    token(Detector::PrivateKey, "-----BEGIN ", any, (11, usize::MAX), private_key),
    token(Detector::Jwt, "eyJ", dotted, (30, usize::MAX), jwt),
];

const ARMOUR: &str = "-----";
const ENDS: &str = "-----END ";

/// How long the label of an armour may be.
const LABEL: usize = 40;

impl Token {
    /// Whether what it begins with is the name of what follows.
    fn keyed(&self) -> bool {
        self.begins.ends_with('=')
    }

    /// Where a text ends with some of what it begins with.
    pub(super) fn begun(&self, text: Text<'_>) -> Option<usize> {
        let longest = self.begins.len().saturating_sub(1).min(text.len());
        let starts = text.len().saturating_sub(longest)..text.len();
        let is = |start: &usize| {
            let rest = text.part(*start..text.len());
            !rest.is_empty() && self.begins.starts_with(rest) && !self.glued(text, *start)
        };
        starts.filter(|_| !self.keyed()).find(is)
    }

    /// Whether it would begin in the middle of a word.
    fn glued(&self, text: Text<'_>, start: usize) -> bool {
        word(text.before(start)) && alphanumeric(text.at(start))
    }

    pub(super) fn find(&self, text: Text<'_>, begins: Range<usize>) -> Option<Found> {
        // the search looks at no case, a token does; and what begins in the middle of a word is none
        if text.part(begins.clone()) != self.begins || self.glued(text, begins.start) {
            return None;
        }
        let start = if self.keyed() { begins.end } else { begins.start };
        text.starts(start);
        let (least, most) = self.length;
        let armoured = self.begins.starts_with(ARMOUR);
        let end = if armoured { armoured_end(text, begins.end) } else { text.run_within(begins.end, most, self.of) };
        let rest = text.part(begins.end..end).trim_end_matches('.');
        let fits = (least..=most).contains(&rest.len());
        (fits && (self.is)(rest))
            .then(|| Found { detector: self.detector, range: start..begins.end.saturating_add(rest.len()) })
    }
}

/// RFC 7468: to the end of the armour that is opened here; where there is none, to the end of the text, or of the string
/// that it stands in.
fn armoured_end(text: Text<'_>, from: usize) -> usize {
    let all = text.part(from..text.len());
    let string = all.split('"').next().unwrap_or_default();
    let rest = string.trim_end_matches('\\');
    let end = rest.find(ENDS).and_then(|end| {
        let label = end.saturating_add(ENDS.len());
        let close = rest.get(label..)?.find(ARMOUR)?;
        Some(label.saturating_add(close).saturating_add(ARMOUR.len()))
    });
    let closed = end.is_some() || string.len() < all.len();
    if !closed && may_be_private(rest) {
        text.ends();
    }
    from.saturating_add(end.unwrap_or(rest.len()))
}

fn private_key(rest: &str) -> bool {
    let label = rest.split(ARMOUR).next().unwrap_or_default();
    label.len() < LABEL && (label.ends_with("PRIVATE KEY") || label.ends_with("PRIVATE KEY BLOCK"))
}

/// Whether it is the armour of a private key, or the label of the armour is still to come.
fn may_be_private(rest: &str) -> bool {
    private_key(rest) || (!rest.contains(ARMOUR) && rest.len() < LABEL.saturating_add(ARMOUR.len()))
}

/// RFC 7515, section 3.1.
fn jwt(rest: &str) -> bool {
    let mut parts = rest.split('.');
    let (Some(header), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let header = BASE64URL_NOPAD.decode(["eyJ", header].concat().as_bytes()).unwrap_or_default();
    let header = serde_json::from_slice::<serde_json::Value>(&header).unwrap_or_default();
    header.get("alg").is_some_and(serde_json::Value::is_string) && claims.len() > 8
}

/// GitHub's, which npm shares: the last six digits, to the base of 62, are the CRC-32 of those before them.
fn summed(rest: &str) -> bool {
    let Some((random, sum)) = rest.split_at_checked(30) else { return false };
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let value = sum.bytes().try_fold(0_u64, |value, byte| {
        let digit = digits.iter().position(|digit| *digit == byte)?;
        value.checked_mul(62)?.checked_add(u64::try_from(digit).ok()?)
    });
    value == Some(u64::from(crc32(random.as_bytes())))
}

/// ISO 3309, reflected, bit by bit: what is summed is short.
fn crc32(bytes: &[u8]) -> u32 {
    let round = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), round))
}

/// A signature of shared access: base64 of 32 bytes, the end of it perhaps escaped.
fn signature(rest: &str) -> bool {
    rest.ends_with("%3D") || rest.ends_with("%3d") || (rest.ends_with('=') && rest.len() == 44)
}

/// Neither one word nor a row of one character: enough of them different, with a digit or in both cases.
fn mixed(rest: &str) -> bool {
    let mut seen: Vec<u8> = rest.bytes().collect();
    seen.sort_unstable();
    seen.dedup();
    let has = |is: fn(&u8) -> bool| seen.iter().any(is);
    let cases = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    seen.len() >= 10 && has(u8::is_ascii_alphabetic) && (has(u8::is_ascii_digit) || cases)
}

fn slack(rest: &str) -> bool {
    rest.contains('-') && rest.starts_with(|first: char| first.is_ascii_digit() || first == 'A') && mixed(rest)
}

fn base32(rest: &str) -> bool {
    rest.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
        && rest.bytes().any(|byte| !rest.starts_with(char::from(byte)))
}

fn lowercase(character: char) -> bool {
    character.is_ascii_lowercase()
}

fn base64(byte: u8) -> bool {
    alphanumeric(byte) || matches!(byte, b'+' | b'/' | b'=')
}

fn percent(byte: u8) -> bool {
    base64(byte) || byte == b'%'
}

fn dotted(byte: u8) -> bool {
    word(byte) || byte == b'.'
}

fn any(_: u8) -> bool {
    true
}
