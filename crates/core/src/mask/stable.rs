//! What stands in for a value and is the same for the same one, so that rows can be told apart, counted and joined
//! without it.
//!
//! All of it is keyed: without the gateway's root secret nobody computes one for a value of his own, and from none of
//! them does a value come back. That two values are the same shows, and how often one occurs; what has the form of a value
//! keeps its length and its signs. Enter at [`Pseudonyms::of`] and [`Pseudonym::stand_in`].

mod names;

use std::fmt;
use std::sync::Arc;

use aes::Aes256;
use aws_lc_rs::hmac;
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use fpe::ff1::{FF1, FlexibleNumeralString};
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::seal::expand;
use crate::secret::Secret;

#[cfg(test)]
mod tests;

/// What a stable stand-in looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stable {
    /// A keyed hash, in hexadecimal.
    Hash,
    /// A short name for the value: as good as the hash to join by, and easier to read.
    Token,
    /// Other letters for letters and other digits for digits, the rest as it is.
    Format,
    /// Something that nobody takes for more than an example.
    Fake(Fake),
}

/// Of what a fake is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fake {
    /// Of a person's name.
    Name,
    /// Of an address of e-mail, at a domain that nobody has (RFC 2606).
    Email,
    /// Of a telephone number that nobody has (the 555-01xx of North America).
    Phone,
    /// Of a company's name.
    Company,
    /// Of a town's name.
    City,
}

/// What a token begins with.
pub(super) const TOKEN: &str = "tok_";
/// How much of a keyed hash a token says, in bytes.
const TOLD: usize = 16;
/// How many values there must be of as many digits or letters for one to be put in the place of another (NIST SP 800-38G
/// rev. 1): where there are fewer, trying them all would tell.
const FEWEST: u64 = 1_000_000;
/// How many digits or letters are put in the place of others at most: it takes the square of their number.
const MOST: usize = 256;

/// What every stand-in of this gateway is made with.
pub struct Pseudonyms(Zeroizing<[u8; 32]>);

impl Pseudonyms {
    /// Derived from the root secret: whoever has the same has the same stand-ins.
    ///
    /// # Errors
    /// Where the root is not 32 bytes long.
    pub fn derive(root: &Secret) -> Result<Self, Fault> {
        expand(root, "stand-ins of masks").map(Self)
    }

    /// The stand-ins of a domain: the same value has the same one wherever the domain is the same, and another elsewhere.
    #[must_use]
    pub fn of(&self, domain: &str) -> Pseudonym {
        let root = hmac::Key::new(hmac::HMAC_SHA256, &*self.0);
        let key = hmac::sign(&root, domain.as_bytes());
        let format = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), b"format");
        Pseudonym { domain: domain.into(), key: hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), format }
    }
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// The stand-ins of one domain.
#[derive(Clone)]
pub struct Pseudonym {
    domain: Arc<str>,
    key: hmac::Key,
    format: hmac::Tag,
}

impl PartialEq for Pseudonym {
    fn eq(&self, other: &Self) -> bool {
        self.domain == other.domain && self.format.as_ref() == other.format.as_ref()
    }
}

impl Eq for Pseudonym {}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Pseudonym {
    /// What stands in for a text.
    #[must_use]
    pub fn stand_in(&self, stable: Stable, text: &str) -> String {
        match stable {
            Stable::Hash => HEXLOWER.encode(self.hash(b"hash", text).as_ref()),
            Stable::Token => {
                let hash = self.hash(b"token", text);
                let told = hash.as_ref().get(..TOLD).unwrap_or_default();
                format!("{TOKEN}{}", BASE32_NOPAD.encode(told).to_ascii_lowercase())
            }
            Stable::Format => self.format(text),
            Stable::Fake(fake) => self.fake(fake, text),
        }
    }

    fn hash(&self, of: &[u8], text: &str) -> hmac::Tag {
        let mut signing = hmac::Context::with_key(&self.key);
        signing.update(of);
        signing.update(&[0]);
        signing.update(text.as_bytes());
        signing.sign()
    }

    /// FF1 (NIST SP 800-38G) over the digits, and over the letters; as a tweak the rest of the text, so that what two texts
    /// have in common does not show. Too few of a kind or too many, and letters beyond ASCII, become asterisks; where nothing
    /// else would be left, all of it does.
    fn format(&self, text: &str) -> String {
        let other = |keep: fn(&char) -> bool| text.chars().filter(|one| !keep(one)).collect::<String>();
        let digits = self.permuted(text, 10, |one| one.is_ascii_digit(), &other(char::is_ascii_digit));
        let letters = self.permuted(text, 26, |one| one.is_ascii_alphabetic(), &other(char::is_ascii_alphabetic));
        if digits.is_empty() && letters.is_empty() {
            return "*".repeat(text.chars().count());
        }
        let (mut digits, mut letters) = (digits.into_iter(), letters.into_iter());
        let mut changed = |one: char| {
            let permuted = match one {
                '0'..='9' => digits.next().and_then(|digit| char::from_digit(digit.into(), 10)),
                'a'..='z' => letters.next().and_then(|letter| letter_of('a', letter)),
                'A'..='Z' => letters.next().and_then(|letter| letter_of('A', letter)),
                sign if sign.is_alphanumeric() => None,
                sign => Some(sign),
            };
            permuted.unwrap_or('*')
        };
        text.chars().map(&mut changed).collect()
    }

    /// The characters of one kind, each as its number, permuted; none where there are too few of them.
    fn permuted(&self, text: &str, radix: u32, of_kind: fn(char) -> bool, tweak: &str) -> Vec<u16> {
        let numeral = |one: char| match one.to_digit(10) {
            Some(digit) => digit,
            None => u32::from(one.to_ascii_lowercase()).saturating_sub(u32::from('a')),
        };
        let numerals: Vec<u16> =
            text.chars().filter(|one| of_kind(*one)).filter_map(|one| u16::try_from(numeral(one)).ok()).collect();
        let values = u32::try_from(numerals.len()).ok().map(|length| u64::from(radix).saturating_pow(length));
        if numerals.len() > MOST || values.is_none_or(|values| values < FEWEST) {
            return Vec::new();
        }
        let tweak = self.hash(b"tweak", tweak);
        let Ok(cipher) = FF1::<Aes256>::new(self.format.as_ref(), radix) else { return Vec::new() };
        let numerals = FlexibleNumeralString::from(numerals);
        cipher.encrypt(tweak.as_ref(), &numerals).map(Vec::from).unwrap_or_default()
    }

    fn fake(&self, fake: Fake, text: &str) -> String {
        let hash = self.hash(b"fake", text);
        let mut numbers = hash
            .as_ref()
            .chunks_exact(4)
            .map(|four| four.iter().fold(0_usize, |so_far, byte| (so_far << 8) | usize::from(*byte)));
        let mut number = || numbers.next().unwrap_or_default();
        let mut one_of = |names: &[&'static str]| {
            let place = number().checked_rem(names.len()).unwrap_or_default();
            names.get(place).copied().unwrap_or_default()
        };
        let [first, last] = [one_of(names::FIRST), one_of(names::LAST)];
        let (town, trade) = (one_of(names::TOWNS), one_of(names::TRADES));
        let number = number();
        match fake {
            Fake::Name => format!("{first} {last}"),
            Fake::Email => {
                format!("{}.{}.{:05}@example.com", first.to_lowercase(), last.to_lowercase(), number % 100_000)
            }
            Fake::Phone => format!("+1 {:03}-555-01{:02}", 200_usize.saturating_add(number / 100 % 800), number % 100),
            Fake::Company => format!("{last} {trade}"),
            Fake::City => town.to_owned(),
        }
    }
}

fn letter_of(first: char, number: u16) -> Option<char> {
    char::from_u32(u32::from(first).checked_add(number.into())?)
}

/// Whether a text has the form of a token.
pub(super) fn is_token(text: &str) -> bool {
    let token = text.strip_prefix(TOKEN).map(str::as_bytes);
    let base32 = |byte: &u8| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(byte);
    token.is_some_and(|rest| rest.len() == BASE32_NOPAD.encode_len(TOLD) && rest.iter().all(base32))
}
