//! What somebody looks for in the journal, and whether a record is it.
//!
//! A query is words: `principal:deploy-* verdict:deny since:7d "drop table"`. All must hold; a comma means either, a `*` any
//! run of characters. It finds and proves nothing: that is `verify`'s. Enter at [`Query::parse`] and [`Query::picks`].

#![expect(clippy::wildcard_enum_match_arm, reason = "what is asked for, most kinds of records do not have")]

use std::time::Duration;

use crate::approval::Choice;
use crate::clock::Micros;
use crate::document::{duration, meant};
use crate::id::SessionId;
use crate::identity::matches;
use crate::journal::event::{Decided, Event, Record};
use crate::journal::keys::Unsealed;

/// The longest query, in bytes.
const LONGEST: usize = 1000;

/// What can be asked of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Who did it.
    Principal,
    /// On which target.
    Target,
    /// In which session.
    Session,
    /// What it touched: `public.customers`, or with a column `public.customers.email`.
    Object,
    /// What it did to that: `read`, `delete`.
    Effect,
    /// The protocol's verb.
    Action,
    /// `allow`, `hold`, `deny`; of an approval, how it stands.
    Verdict,
    /// A rule that decided it.
    Rule,
    /// A part of the statement.
    Text,
}

impl Field {
    const WORDS: [(&'static str, Self); 9] = [
        ("principal", Self::Principal),
        ("target", Self::Target),
        ("session", Self::Session),
        ("object", Self::Object),
        ("effect", Self::Effect),
        ("action", Self::Action),
        ("verdict", Self::Verdict),
        ("rule", Self::Rule),
        ("text", Self::Text),
    ];
}

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// What is asked of.
    pub field: Field,
    /// The patterns, one of which must fit; of a text, the pieces, one of which must be in it, in lower case.
    pub any: Vec<String>,
}

/// What somebody looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// All of these must hold.
    pub terms: Vec<Term>,
    /// Nothing earlier.
    pub since: Option<Micros>,
    /// Nothing later.
    pub until: Option<Micros>,
}

/// Why a query is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unclear {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// A record with what its session says of it.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The record.
    pub record: &'a Record,
    /// Who, where the record itself does not say.
    pub principal: Option<&'a str>,
    /// On which target, where the record itself does not say.
    pub target: Option<&'a str>,
    /// What was sealed in it.
    pub opened: Option<&'a Unsealed>,
}

impl Query {
    /// Reads a query. `now` is what `since:7d` counts back from.
    ///
    /// # Errors
    /// Where a word of it means nothing.
    pub fn parse(text: &str, now: Micros) -> Result<Self, Unclear> {
        let mut query = Self::default();
        if text.len() > LONGEST {
            let message = format!("a query has at most {LONGEST} bytes");
            return Err(Unclear { message, hint: None });
        }
        for word in words(text)? {
            let (name, value) = match word.split_once(':') {
                Some((name, value)) if !word.starts_with('"') => (name, unquoted(value)),
                _ => ("text", unquoted(&word)),
            };
            match name {
                "since" => query.since = Some(moment(&value, now)?),
                "until" => query.until = Some(moment(&value, now)?),
                _ => query.terms.push(Term::read(name, &value)?),
            }
        }
        Ok(query)
    }

    /// Whether a record is what is looked for.
    #[must_use]
    pub fn picks(&self, entry: &Entry<'_>) -> bool {
        let at = entry.record.at;
        self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at <= until)
            && self.terms.iter().all(|term| term.fits(entry))
    }

    /// Whether it asks for what is sealed.
    #[must_use]
    pub fn reads_text(&self) -> bool {
        self.terms.iter().any(|term| term.field == Field::Text)
    }
}

impl Term {
    fn read(name: &str, value: &str) -> Result<Self, Unclear> {
        let found = Field::WORDS.iter().find(|(word, _)| *word == name).map(|(_, field)| *field);
        let Some(field) = found else {
            let mut words: Vec<&str> = Field::WORDS.iter().map(|(word, _)| *word).collect();
            words.extend(["since", "until"]);
            let message = format!("nothing can be asked of `{name}`");
            return Err(Unclear { message, hint: meant(name, &words) });
        };
        let any: Vec<String> = match field {
            Field::Text => vec![value.to_lowercase()],
            _ => value.split(',').map(str::to_owned).collect(),
        };
        if any.iter().any(String::is_empty) {
            let message = format!("`{name}:` asks for nothing");
            return Err(Unclear { message, hint: Some(format!("write {name}:VALUE")) });
        }
        Ok(Self { field, any })
    }

    fn fits(&self, entry: &Entry<'_>) -> bool {
        let fits = |value: &str| self.any.iter().any(|pattern| matches(pattern, value));
        let Record { session, event, .. } = entry.record;
        match self.field {
            Field::Principal => who(event).or(entry.principal).is_some_and(fits),
            Field::Target => target(event).or(entry.target).is_some_and(fits),
            Field::Session => session.or(about(event)).is_some_and(|session| fits(&session.to_string())),
            Field::Object => {
                touches(event).iter().any(|touch| self.any.iter().any(|pattern| fits_touch(pattern, touch)))
            }
            Field::Effect => touches(event).iter().any(|touch| effect_of(touch).is_some_and(fits)),
            Field::Action => actions(event).iter().any(|action| fits(action)),
            Field::Verdict => verdict(event).is_some_and(fits),
            Field::Rule => rules(event).any(fits),
            // what others have looked for is found by who they are
            Field::Text if matches!(event, Event::JournalSearched { .. }) => false,
            Field::Text => entry.opened.is_some_and(|opened| {
                let text = opened.text.to_lowercase();
                self.any.iter().all(|piece| text.contains(piece))
            }),
        }
    }
}

/// Who did something, where the record says so itself.
#[must_use]
pub fn who(event: &Event) -> Option<&str> {
    match event {
        Event::SessionOpened { principal, .. }
        | Event::SessionRefused { principal, .. }
        | Event::CredentialIssued { principal, .. } => Some(&principal.name),
        Event::ApprovalAnswered { by, .. }
        | Event::CredentialRevoked { by, .. }
        | Event::SessionKilled { by, .. }
        | Event::RecordingViewed { by, .. }
        | Event::JournalSearched { by, .. } => Some(&by.name),
        _ => None,
    }
}

/// Which session something was done to from outside of it.
#[must_use]
pub fn about(event: &Event) -> Option<SessionId> {
    match event {
        Event::SessionKilled { session, .. }
        | Event::RecordingViewed { session, .. }
        | Event::RecordingRemoved { session, .. } => Some(*session),
        _ => None,
    }
}

/// On which target, where the record says so itself.
#[must_use]
pub fn target(event: &Event) -> Option<&str> {
    match event {
        Event::SessionOpened { target, .. } | Event::SessionRefused { target, .. } => Some(target),
        Event::CredentialIssued { target, .. } => target.as_deref(),
        _ => None,
    }
}

/// What was touched, as the journal writes it: an effect, an object, and columns.
#[must_use]
pub fn touches(event: &Event) -> &[String] {
    if let Event::Operation { touches, .. } = event { touches } else { &[] }
}

/// `allow`, `hold`, `deny`, and what becomes of approvals.
#[must_use]
pub fn verdict(event: &Event) -> Option<&str> {
    match event {
        Event::Operation { decided: Decided::Allow { .. }, .. } => Some("allow"),
        Event::Operation { decided: Decided::Hold { .. }, .. } => Some("hold"),
        Event::Operation { decided: Decided::Deny { .. }, .. }
        | Event::LoginRefused { .. }
        | Event::SessionRefused { .. } => Some("deny"),
        Event::ApprovalAnswered { choice: Choice::Approve, .. } => Some("approve"),
        Event::ApprovalAnswered { choice: Choice::Deny, .. } => Some("deny"),
        Event::ApprovalSettled { state, .. } => Some(state),
        _ => None,
    }
}

fn actions(event: &Event) -> &[String] {
    if let Event::Operation { actions, .. } = event { actions } else { &[] }
}

fn rules(event: &Event) -> impl Iterator<Item = &str> {
    let (rules, rule): (&[String], Option<&String>) = match event {
        Event::Operation { decided: Decided::Allow { rules, .. } | Decided::Hold { rules, .. }, .. } => (rules, None),
        Event::Operation { decided: Decided::Deny { rule, .. }, .. } => (&[], rule.as_ref()),
        _ => (&[], None),
    };
    rules.iter().chain(rule).map(String::as_str)
}

fn effect_of(touch: &str) -> Option<&str> {
    touch.split_once(' ').map(|(effect, _)| effect)
}

/// The object that a touch is of, without its columns.
#[must_use]
pub fn object_of(touch: &str) -> &str {
    taken_apart(touch).0
}

/// The object of a touch, and its columns as they are written.
fn taken_apart(touch: &str) -> (&str, &str) {
    let object = touch.split_once(' ').map_or(touch, |(_, rest)| rest);
    let end = outside_quotes(object).find(|(_, letter)| *letter == '(').map(|(at, _)| at);
    let Some((object, columns)) = end.and_then(|at| object.split_at_checked(at)) else { return (object, "") };
    (object.trim_end(), columns.trim_start_matches('(').strip_suffix(')').unwrap_or(columns))
}

/// Whether a pattern fits what a touch is of: its object, or a column of it.
fn fits_touch(pattern: &str, touch: &str) -> bool {
    let (object, columns) = taken_apart(touch);
    if matches(pattern, object) {
        return true;
    }
    if columns == "*" {
        // all columns, or nobody knows which: whatever the pattern says of them
        return objects_for(pattern).any(|pattern| matches(pattern, object));
    }
    let mut begin = 0;
    let ends = outside_quotes(columns).filter(|(_, letter)| *letter == ',').map(|(at, _)| at);
    ends.chain([columns.len()]).any(|end| {
        let column = columns.get(begin..end).unwrap_or_default().trim_start();
        begin = end.saturating_add(1);
        !column.is_empty() && matches(pattern, &format!("{object}.{column}"))
    })
}

/// The patterns, one of which fits the object of whatever `pattern` fits: itself, and where it may name a column, what
/// stands before that.
pub fn objects_for(pattern: &str) -> impl Iterator<Item = &str> {
    let cuts = pattern.char_indices().filter_map(|(at, letter)| match letter {
        '.' => pattern.get(..at),
        '*' => pattern.get(..=at),
        _ => None,
    });
    cuts.chain([pattern])
}

/// The letters of a text that stand in no quotes, with their places.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quoted = false;
    text.char_indices().filter(move |(_, letter)| {
        quoted ^= *letter == '"';
        !quoted
    })
}

/// A point in time: as RFC 3339, as a day, or as how long ago.
fn moment(text: &str, now: Micros) -> Result<Micros, Unclear> {
    let ago = |ago: Duration| Micros(now.0.saturating_sub(Micros(0).after(ago).0));
    let day = || Micros::parse(&format!("{text}T00:00:00Z"));
    duration(text).map(ago).or_else(|| Micros::parse(text)).or_else(day).ok_or_else(|| Unclear {
        message: format!("`{text}` is no time"),
        hint: Some("write 2026-01-31, 2026-01-31T08:00:00Z, or how long ago: 90m, 7d".to_owned()),
    })
}

/// The words of a query; what stands in quotes is one.
fn words(text: &str) -> Result<Vec<String>, Unclear> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for letter in text.chars() {
        if letter == '"' {
            quoted = !quoted;
        }
        if letter.is_whitespace() && !quoted {
            words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
        } else {
            word.push(letter);
        }
    }
    if quoted {
        return Err(Unclear { message: "a quote is not closed".to_owned(), hint: None });
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    Ok(words)
}

fn unquoted(word: &str) -> String {
    word.replace('"', "")
}
