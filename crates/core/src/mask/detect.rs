//! Which parts of a text are secrets or numbers of people, by their form, their check digits and the names beside them.
//!
//! It knows neither columns nor protocols: a cell is a text, perhaps with the name that it stands under. Best effort: what
//! is cut, encoded or unnamed is not found. What is found and by what is in docs/detectors.md. Enter at [`Detectors::find`].

mod addresses;
mod named;
mod national;
mod numbers;
mod text;
mod tokens;

use std::fmt;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::mask::FIXED;
use text::{More, Text};

#[cfg(test)]
mod tests;

macro_rules! detectors {
    ($($variant:ident $name:literal $about:literal,)*) => {
        /// What can be found. Where two find the same, the first of them gives it its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Detector {
            $(#[doc = $about] $variant,)*
        }

        impl Detector {
            /// Each, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in the policy.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it finds, in a few words.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }
        }
    };
}

detectors! {
    PrivateKey "private-key" "private keys in the armour of PEM and its kin or of PGP, and of age",
    AwsKey "aws-key" "access keys of AWS: their ids, and the secrets beside their names",
    AzureKey "azure-key" "keys of Azure's storage and buses, and signatures of shared access",
    GcpKey "gcp-key" "API keys, client secrets and access tokens of Google",
    GithubToken "github-token" "tokens of GitHub, by prefix and checksum",
    GitlabToken "gitlab-token" "tokens of GitLab",
    SlackToken "slack-token" "tokens of Slack",
    StripeKey "stripe-key" "secret and restricted keys of Stripe, and secrets of its webhooks",
    NpmToken "npm-token" "tokens of npm, by prefix and checksum",
    PypiToken "pypi-token" "tokens of PyPI",
    OpenaiKey "openai-key" "keys of OpenAI",
    AnthropicKey "anthropic-key" "keys of Anthropic",
    VaultToken "vault-token" "tokens of Vault and OpenBao",
    PosternToken "postern-token" "access tokens of Postern",
    Jwt "jwt" "signed tokens: three parts, the first of which is a header",
    ConnectionString "connection-string" "passwords inside URLs",
    NamedSecret "named-secret" "values that look random beside names such as password, secret, token and api_key",
    CardNumber "card-number" "numbers of payment cards: range of the issuer, length, check digit",
    Iban "iban" "bank accounts: country, length, check digits",
    UsSsn "us-ssn" "social security numbers of the United States",
    DeTaxId "de-tax-id" "tax numbers of Germany, beside their name",
    FrNir "fr-nir" "social security numbers of France, beside their name",
    EsDni "es-dni" "identity numbers of Spain (DNI, NIE), beside their name",
    NlBsn "nl-bsn" "citizen numbers of the Netherlands, beside their name",
    PlPesel "pl-pesel" "citizen numbers of Poland, beside their name",
    BrCpf "br-cpf" "taxpayer numbers of Brazil",
    UkNino "uk-nino" "national insurance numbers of the United Kingdom, beside their name",
    InAadhaar "in-aadhaar" "Aadhaar numbers of India, beside their name",
    Email "email" "addresses of e-mail",
    Phone "phone" "telephone numbers: with their country, or beside their name",
}

/// A part of a text, in bytes, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What found it.
    pub detector: Detector,
    /// Where it stands.
    pub range: Range<usize>,
}

/// Where a text is worth a look, and what to look for.
#[derive(Clone, Copy)]
enum Sign {
    Token(&'static tokens::Token),
    Name(&'static named::Name),
    Url,
}

impl Sign {
    fn is_token(&self) -> bool {
        matches!(self, Self::Token(_))
    }
}

/// What is looked for wherever a digit stands.
const NUMBERS: &[Detector] = &[Detector::CardNumber, Detector::Iban, Detector::UsSsn, Detector::BrCpf];

/// Some detectors, ready to look. They are made once, where the policy is read: what they look by takes memory.
pub struct Detectors {
    chosen: Vec<Detector>,
    signs: Vec<Sign>,
    /// The bytes at which something may be known by its form.
    forms: [bool; 256],
    search: Option<AhoCorasick>,
}

impl Detectors {
    /// Looks for these.
    #[must_use]
    pub fn of(chosen: &[Detector]) -> Self {
        let chosen = chosen.to_vec();
        let has = |detector: &Detector| chosen.contains(detector);
        let tokens = tokens::ALL.iter().filter(|token| has(&token.detector));
        let names = named::ALL.iter().filter(|name| has(&name.detector));
        let url = has(&Detector::ConnectionString).then_some(("://", Sign::Url));
        let signs: Vec<(&str, Sign)> = tokens
            .map(|token| (token.begins, Sign::Token(token)))
            .chain(names.map(|name| (name.word, Sign::Name(name))))
            .chain(url)
            .collect();
        let search = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(signs.iter().map(|(word, _)| word))
            .ok();
        let (numbers, email, phone) = (NUMBERS.iter().any(has), has(&Detector::Email), has(&Detector::Phone));
        let forms = std::array::from_fn(|byte| match u8::try_from(byte) {
            Ok(b'0'..=b'9') => numbers,
            Ok(b'@') => email,
            Ok(b'+') => phone,
            Ok(_) | Err(_) => false,
        });
        Self { chosen, forms, signs: signs.into_iter().map(|(_, sign)| sign).collect(), search }
    }

    /// What they look for.
    #[must_use]
    pub fn chosen(&self) -> &[Detector] {
        &self.chosen
    }

    /// What there is in a text, in order and apart; `label` is the name that it stands under, such as that of a column.
    #[must_use]
    pub fn find(&self, label: Option<&str>, text: &str) -> Vec<Found> {
        self.look(label, Text::whole(text))
    }

    /// What tokens there are in a text that is put together of pieces: it has neither words nor numbers, because nobody
    /// knows where in it one ends.
    #[must_use]
    pub fn find_tokens(&self, text: &str) -> Vec<Found> {
        apart(self.signed(Text::whole(text), Sign::is_token))
    }

    /// The same for a text of which more may come, as [`Detectors::find_begun`] does it.
    #[must_use]
    pub fn find_tokens_begun(&self, text: &str) -> (Vec<Found>, usize) {
        let more = More::of(text);
        let found = apart(self.signed(Text::begun(text, &more), Sign::is_token));
        settled(found, more.open().min(self.token_begun(Text::whole(text)).unwrap_or(text.len())))
    }

    /// What there is in a text of which more may come, up to where that could still change, and where that is: what is
    /// found in the whole text before that place is this, whatever comes.
    #[must_use]
    pub fn find_begun(&self, text: &str) -> (Vec<Found>, usize) {
        let more = More::of(text);
        let found = self.look(None, Text::begun(text, &more));
        settled(found, more.open().min(self.begun(Text::whole(text))))
    }

    fn look(&self, label: Option<&str>, text: Text<'_>) -> Vec<Found> {
        let mut found = self.signed(text, |_| true);
        self.scan(label, text, &mut found);
        if let Some(label) = label {
            let names =
                self.signs.iter().filter_map(|sign| if let Sign::Name(name) = sign { Some(name) } else { None });
            found.extend(names.filter_map(|name| name.under(label, text)));
        }
        apart(found)
    }

    /// What is known by a sign of such a kind.
    fn signed(&self, text: Text<'_>, kind: impl Fn(&Sign) -> bool) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        for hit in self.search.iter().flat_map(|search| search.find_overlapping_iter(text.all())) {
            let range = hit.start()..hit.end();
            text.starts(text.len());
            match self.signs.get(hit.pattern().as_usize()).filter(|sign| kind(sign)) {
                Some(Sign::Token(token)) => found.extend(token.find(text, range)),
                Some(Sign::Name(name)) => found.extend(name.find(text, range)),
                Some(Sign::Url) => found.extend(addresses::password(text, range)),
                None => {}
            }
        }
        found
    }

    /// What is known by its form alone.
    fn scan(&self, label: Option<&str>, text: Text<'_>, found: &mut Vec<Found>) {
        let mut from = 0;
        while let Some(at) = text.next(from, |byte| self.forms.get(usize::from(byte)) == Some(&true)) {
            text.starts(text.len());
            let (one, next) = match text.at(at) {
                b'@' => (addresses::email(text, at), at.saturating_add(1)),
                b'+' => addresses::phone(text, at),
                _ => numbers::find(label, text, at),
            };
            found.extend(one.filter(|found| self.has(found.detector)));
            from = next.max(at.saturating_add(1));
        }
    }

    /// Where something may begin of which nothing has come yet that tells it.
    fn begun(&self, text: Text<'_>) -> usize {
        let tokens =
            self.signs.iter().filter_map(|sign| if let Sign::Token(token) = sign { Some(token) } else { None });
        let token = tokens.filter_map(|token| token.begun(text)).min();
        let local = addresses::local(text, text.len()).filter(|_| self.has(Detector::Email));
        let country = numbers::country(text).filter(|_| self.has(Detector::Iban));
        [token, local, country].into_iter().flatten().min().unwrap_or(text.len())
    }

    fn token_begun(&self, text: Text<'_>) -> Option<usize> {
        let tokens =
            self.signs.iter().filter_map(|sign| if let Sign::Token(token) = sign { Some(token) } else { None });
        tokens.filter_map(|token| token.begun(text)).min()
    }

    fn has(&self, detector: Detector) -> bool {
        self.chosen.contains(&detector)
    }

    /// A text with what is in it hidden; none where there is nothing. What was a JSON document stays one.
    #[must_use]
    pub fn hide(&self, label: Option<&str>, text: &str) -> Option<String> {
        let found = self.find(label, text);
        if found.is_empty() {
            return None;
        }
        let mut hidden = String::with_capacity(text.len());
        let mut from = 0;
        for one in found {
            let before = text.get(from..one.range.start).unwrap_or_default();
            hidden.push_str(before);
            // a number of a document, which stands outside of any string
            let bare = bare(Text::whole(text), &one.range);
            hidden.push_str(&if bare { format!("\"{FIXED}\"") } else { FIXED.to_owned() });
            from = one.range.end;
        }
        hidden.push_str(text.get(from..).unwrap_or_default());
        Some(hidden)
    }
}

/// The same are those that look for the same.
impl PartialEq for Detectors {
    fn eq(&self, other: &Self) -> bool {
        self.chosen == other.chosen
    }
}

impl Eq for Detectors {}

impl fmt::Debug for Detectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.chosen).finish()
    }
}

/// Whether it is a value of a document and no string.
fn bare(text: Text<'_>, range: &Range<usize>) -> bool {
    !text.quoted(range.start) && serde_json::from_str::<serde::de::IgnoredAny>(text.all()).is_ok()
}

/// What of it is before a place from which on all is open; where something goes beyond that, it is open from its beginning.
fn settled(mut found: Vec<Found>, mut open: usize) -> (Vec<Found>, usize) {
    while let Some(last) = found.pop_if(|last| last.range.end > open) {
        open = open.min(last.range.start);
    }
    (found, open)
}

/// In order; what overlaps is one, under the name of the first detector.
fn apart(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|one| (one.range.start, one.detector));
    let mut apart: Vec<Found> = Vec::with_capacity(found.len());
    for one in found {
        match apart.last_mut() {
            Some(last) if one.range.start < last.range.end => {
                last.range.end = last.range.end.max(one.range.end);
                last.detector = last.detector.min(one.detector);
            }
            _ => apart.push(one),
        }
    }
    apart
}
