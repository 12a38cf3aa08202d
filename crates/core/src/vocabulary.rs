//! What a protocol can say: its actions, the shape of its objects, its facts, what is harmless in it.
//!
//! Configuration is checked against it, and refusals, documentation and forms are written from it, so that no
//! other place has to know which protocols there are.

use crate::identity::matches;
use crate::operation::{Effect, Object};

/// The words of one protocol.
#[derive(Debug)]
pub struct Vocabulary {
    /// The protocol's name in `protocol = "…"`.
    pub protocol: &'static str,
    /// Every action it can report, `protocol.verb`.
    pub actions: &'static [&'static str],
    /// Those of them that are commands, which a rule can offer word by word.
    pub commands: &'static [&'static str],
    /// How its objects are written in rules and masks.
    pub shape: Shape,
    /// The facts its operations may carry.
    pub facts: &'static [FactWord],
    /// What any client of a target may touch once a rule lets it in: session effects aside, the catalogs and
    /// functions that drivers and tools ask for and that show nobody's data.
    pub harmless: &'static [Harmless],
    /// Of what `harmless` would let through, what is never implied all the same.
    pub guarded: &'static [&'static str],
    /// Where a target keeps the credentials of accounts, and what they are checked with: nobody touches that, whatever the
    /// rules say.
    pub credentials: &'static [&'static str],
    /// How its targets prove that they are the target.
    pub proof: Proof,
    /// The port it listens on where the configuration says nothing.
    pub port: u16,
}

impl Vocabulary {
    /// Whether an effect on an object is one that shows nobody's data and that connecting implies.
    #[must_use]
    pub fn is_harmless(&self, effect: Effect, object: &Object) -> bool {
        let listed = || self.harmless.iter().any(|one| one.effect == effect && self.shape.names(one.object, object));
        !self.is_guarded(object) && (effect == Effect::Session || listed())
    }

    /// Whether an object is one that is never implied.
    #[must_use]
    pub fn is_guarded(&self, object: &Object) -> bool {
        self.guarded.iter().any(|pattern| self.shape.names(pattern, object)) || self.holds_credentials(object)
    }

    /// Whether a target keeps credentials in an object.
    #[must_use]
    pub fn holds_credentials(&self, object: &Object) -> bool {
        self.credentials.iter().any(|pattern| self.shape.names(pattern, object))
    }
}

/// Whether an object is spelled as a pattern is before any `*` in it.
fn begins_alike(pattern: &str, object: &Object) -> bool {
    let parts = object.path.iter().enumerate();
    let mut spelled = parts.flat_map(|(at, part)| (at > 0).then_some(b'.').into_iter().chain(part.bytes()));
    pattern.bytes().take_while(|byte| *byte != b'*').all(|byte| spelled.next() == Some(byte))
}

/// How a target proves that it is the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By a certificate, inside TLS.
    Certificate,
    /// By a key of its own, without TLS, of one of these types.
    HostKey(&'static [&'static str]),
}

/// How a protocol's objects are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What stands before the first `/`, if anything may: `database`.
    pub space: Option<&'static str>,
    /// The parts of a path, outermost first: `schema`, `table`.
    pub levels: &'static [&'static str],
    /// Whether a column may follow as the last part.
    pub columns: bool,
}

impl Shape {
    /// Whether what is written is one part, whatever stands in it: a path, a host and a program have dots and slashes
    /// of their own.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.levels.len() == 1 && !self.columns
    }

    /// The parts of a path as it is written, outermost first.
    pub fn parts(self, path: &str) -> impl Iterator<Item = &str> {
        let most = if self.is_whole() { 1 } else { usize::MAX };
        path.splitn(most, '.')
    }

    /// Whether a pattern names an object. Every decision asks it of hundreds of patterns, nearly all of which begin
    /// otherwise.
    fn names(self, pattern: &str, object: &Object) -> bool {
        begins_alike(pattern, object) && self.each_part_matches(pattern, object)
    }

    fn each_part_matches(self, pattern: &str, object: &Object) -> bool {
        let mut parts = self.parts(pattern);
        let each = object.path.iter().all(|part| parts.next().is_some_and(|pattern| matches(pattern, part)));
        each && parts.next().is_none()
    }
}

/// One fact that operations of a protocol may carry.
#[derive(Clone, Copy, Debug)]
pub struct FactWord {
    /// Its name behind `facts.`.
    pub name: &'static str,
    /// What it is.
    pub kind: FactKind,
    /// What it says, for the documentation.
    pub about: &'static str,
}

/// What a fact is, for whoever compares it with something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactKind {
    /// Yes or no.
    Flag,
    /// A whole number.
    Number,
    /// A word.
    Text,
    /// Several words.
    List,
}

/// An effect on objects that shows nobody's data.
#[derive(Clone, Copy, Debug)]
pub struct Harmless {
    /// The effect.
    pub effect: Effect,
    /// The object's path, innermost last; `*` stands for any run of characters in a part.
    pub object: &'static str,
}

#[cfg(test)]
mod tests;
