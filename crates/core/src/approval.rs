//! One human decision about one held operation, as a state machine without a clock and without IO.
//!
//! An approval is bound to a digest over everything that gives the operation its meaning. It is granted by enough
//! of the right humans, none of them the one who asked or the one an agent acts for, and it is used once.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use crate::clock::Micros;
use crate::excerpt::Excerpt;
use crate::id::{ApprovalId, OperationId, SessionId};
use crate::identity::{Kind, Principal, PrincipalSummary};
use crate::operation::Operation;
use crate::verdict::{Terms, Who};

#[cfg(test)]
mod tests;

/// A question to humans about one held operation, with all that has been answered so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Its name.
    pub id: ApprovalId,
    /// The session that waits, or waited.
    pub session: SessionId,
    /// The operation in question.
    pub operation: OperationId,
    /// Who asked.
    pub principal: PrincipalSummary,
    /// The target's name.
    pub target: String,
    /// What would run, statement by statement.
    pub parts: Vec<Part>,
    /// What is bound: see [`digest_of`].
    pub digest: String,
    /// The rules that asked for a human.
    pub rules: Vec<String>,
    /// The masks that will not hide what they hide otherwise.
    #[serde(default)]
    pub in_clear: Vec<String>,
    /// Who may answer; each list must hold the one who answers.
    pub approvers: Vec<Vec<Who>>,
    /// How many different humans must agree.
    pub count: usize,
    /// When it was asked.
    pub asked: Micros,
    /// When it lapses.
    pub expires: Micros,
    /// Until when, once granted, it serves again: zero seconds is single use.
    pub reuse: Duration,
    /// What was answered, in order.
    pub answers: Vec<Answer>,
    /// How it stands.
    pub state: State,
}

/// One statement of what would run, as a human reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The protocol's verb.
    pub action: String,
    /// What it touches, one line each.
    pub touches: Vec<String>,
    /// Facts about it.
    pub facts: BTreeMap<String, serde_json::Value>,
    /// Its text, password literals removed. Control and direction characters are still in it: whoever shows it escapes
    /// them.
    pub text: String,
    /// Its parameters as text, where there are any; of long ones the beginning.
    pub parameters: Vec<Option<String>>,
}

impl Part {
    fn of(operation: &Operation) -> Self {
        let facts = operation.facts.iter().map(|(name, fact)| (String::from(*name), serde_json::json!(fact)));
        Self {
            action: operation.action.to_string(),
            touches: operation.touches.iter().map(ToString::to_string).collect(),
            facts: facts.collect(),
            text: operation.text.to_string(),
            parameters: Excerpt::texts(&operation.parameters),
        }
    }
}

/// How an approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waiting for humans.
    Pending,
    /// Enough humans agreed; not used yet.
    Granted,
    /// A human said no.
    Denied,
    /// Nobody answered in time.
    Expired,
    /// The asker took it back.
    Withdrawn,
    /// Granted and used.
    Used,
}

impl State {
    /// The word that users and the journal see.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Used => "used",
        }
    }
}

/// A human's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Who answered.
    pub by: PrincipalSummary,
    /// Yes or no.
    pub choice: Choice,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Micros,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// It may run.
    Approve,
    /// It may not.
    Deny,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It counted; this is how the approval stands now.
    Counted(State),
    /// It did not count.
    Refused(Refusal),
}

/// Why an answer does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such approval.
    #[error("there is no such approval")]
    Unknown,
    /// It is settled already.
    #[error("it is no longer pending")]
    Settled,
    /// Only humans decide.
    #[error("only a human can answer an approval")]
    NotHuman,
    /// The one who asked, or for whom an agent asked, cannot answer.
    #[error("nobody approves their own operation, nor that of an agent that acts for them")]
    Own,
    /// The rule names others.
    #[error("the rule names other approvers")]
    NotApprover,
    /// The same human has answered before.
    #[error("you have answered already")]
    Again,
}

/// How an approval ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Granted, denied, expired, withdrawn or used.
    pub state: State,
    /// The answer that settled it, where a human did.
    pub answer: Option<Answer>,
}

/// What is asked, and by whom.
#[derive(Debug)]
pub struct Question<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// In which session.
    pub session: SessionId,
    /// About which operation.
    pub id: OperationId,
    /// On which target.
    pub target: &'a str,
    /// The operations of one message, at least one.
    pub operations: &'a [Operation],
    /// On which terms.
    pub terms: &'a Terms,
    /// What is bound.
    pub digest: String,
}

impl Approval {
    /// A new question, asked `now`.
    #[must_use]
    pub fn ask(question: &Question<'_>, now: Micros) -> Self {
        Self {
            id: ApprovalId::at(now),
            session: question.session,
            operation: question.id,
            principal: question.principal.summary(),
            target: question.target.to_owned(),
            parts: question.operations.iter().map(Part::of).collect(),
            digest: question.digest.clone(),
            rules: question.terms.rules.iter().map(ToString::to_string).collect(),
            in_clear: question.terms.duties.masks.lifted(),
            approvers: question.terms.approvers.clone(),
            count: question.terms.count,
            asked: now,
            expires: now.after(question.terms.expires),
            reuse: question.terms.reuse,
            answers: Vec::new(),
            state: State::Pending,
        }
    }

    /// What its parts do, in the protocol's verbs.
    #[must_use]
    pub fn action(&self) -> String {
        self.parts.iter().map(|part| part.action.as_str()).collect::<Vec<_>>().join("; ")
    }

    /// The text of all its parts.
    #[must_use]
    pub fn text(&self) -> String {
        self.parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join("; ")
    }

    /// Whether who was asked, and how many must agree, is as much as other terms ask for, and those show no more.
    #[must_use]
    pub fn satisfies(&self, terms: &Terms) -> bool {
        let shown = terms.duties.masks.lifted().iter().all(|mask| self.in_clear.contains(mask));
        shown && self.count >= terms.count && terms.approvers.iter().all(|list| self.approvers.contains(list))
    }

    /// The same on other terms: it lasts no longer than both say. None where those ask for more than it did.
    #[must_use]
    pub fn on(mut self, terms: &Terms) -> Option<Self> {
        self.expires = self.expires.min(self.asked.after(terms.expires));
        self.reuse = self.reuse.min(terms.reuse);
        self.satisfies(terms).then_some(self)
    }

    /// Takes an answer, or says why it does not count. An answer never changes a settled approval.
    pub fn answer(&mut self, by: &Principal, choice: Choice, reason: Option<&str>, now: Micros) -> Answered {
        self.lapse(now);
        match self.admits(by) {
            Err(refusal) => Answered::Refused(refusal),
            Ok(()) => {
                let reason = reason.map(str::to_owned);
                self.answers.push(Answer { by: by.summary(), choice, reason, at: now });
                self.state = match choice {
                    Choice::Deny => State::Denied,
                    Choice::Approve if self.answers.len() >= self.count => State::Granted,
                    Choice::Approve => State::Pending,
                };
                Answered::Counted(self.state)
            }
        }
    }

    /// Whether this principal could answer now.
    ///
    /// # Errors
    /// The reason why not.
    pub fn admits(&self, by: &Principal) -> Result<(), Refusal> {
        if self.state != State::Pending {
            return Err(Refusal::Settled);
        }
        if by.kind() != Kind::Human {
            return Err(Refusal::NotHuman);
        }
        if self.is_own(by) {
            return Err(Refusal::Own);
        }
        if !self.approvers.iter().all(|list| list.iter().any(|who| who.names(by))) {
            return Err(Refusal::NotApprover);
        }
        let again = self.answers.iter().any(|one| one.by.issuer == by.issuer() && one.by.subject == by.subject());
        if again { Err(Refusal::Again) } else { Ok(()) }
    }

    /// Whether this principal may know of the question: whoever asked, and every human, since humans decide.
    #[must_use]
    pub fn is_visible_to(&self, principal: &Principal) -> bool {
        let asker = &self.principal;
        principal.kind() == Kind::Human || (asker.issuer == principal.issuer() && asker.subject == principal.subject())
    }

    /// Lets the question lapse where its time is over, and tells whether it did so now.
    pub fn lapse(&mut self, now: Micros) -> bool {
        let over = self.state == State::Pending && now >= self.expires;
        if over {
            self.state = State::Expired;
        }
        over
    }

    /// Takes the question back; tells whether it was still open.
    pub fn withdraw(&mut self) -> bool {
        let open = self.state == State::Pending;
        if open {
            self.state = State::Withdrawn;
        }
        open
    }

    /// Uses the approval for an operation of this digest. Succeeds once, or until `reuse` is over where the terms say so.
    pub fn consume(&mut self, digest: &str, now: Micros) -> bool {
        let fits = self.digest == digest;
        let fresh = self.state == State::Granted && self.is_usable(now);
        let again = self.state == State::Used && self.serves_again(now);
        if fits && (fresh || again) {
            self.state = State::Used;
            return true;
        }
        false
    }

    /// Whether it was used and may still be used again.
    #[must_use]
    pub fn serves_again(&self, now: Micros) -> bool {
        self.state == State::Used && !self.reuse.is_zero() && now < self.settled_at().after(self.reuse)
    }

    /// Whether a granted approval is still fresh: a grant that nobody used lapses with the question.
    #[must_use]
    pub fn is_usable(&self, now: Micros) -> bool {
        now < self.expires || now < self.settled_at().after(self.reuse)
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn settled(&self) -> Option<Settled> {
        let answer = self.answers.last().cloned();
        match self.state {
            State::Pending => None,
            State::Granted | State::Denied | State::Used => Some(Settled { state: self.state, answer }),
            State::Expired | State::Withdrawn => Some(Settled { state: self.state, answer: None }),
        }
    }

    fn settled_at(&self) -> Micros {
        self.answers.last().map_or(self.asked, |answer| answer.at)
    }

    // THREAT: self-approval, directly, through an agent, or under the same identity with another name.
    fn is_own(&self, by: &Principal) -> bool {
        let asker = &self.principal;
        let same = asker.issuer == by.issuer() && asker.subject == by.subject();
        same || asker.name == by.name() || asker.acts_for.as_deref() == Some(by.name())
    }
}

/// How long a part of a question is that is digested on its own, in bytes; shorter ones are gathered.
const LONG: usize = 1 << 10;

/// The digest that an approval is bound to: principal, whom it acts for, target, database, and of every operation in
/// the message its exact bytes, parameters and the settings that give them meaning. Each part is written with its
/// length, so that no two different questions share their input.
#[must_use]
pub fn digest_of(principal: &Principal, target: &str, space: &str, operations: &[Operation]) -> String {
    let (mut context, mut gathered) = (digest::Context::new(&digest::SHA256), Vec::with_capacity(1 << 10));
    let mut part = |bytes: &[u8]| {
        gathered.extend_from_slice(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        if bytes.len() < LONG {
            gathered.extend_from_slice(bytes);
        } else {
            context.update(&gathered);
            context.update(bytes);
            gathered.clear();
        }
    };
    // THREAT: one agent for many humans. What it asks for one of them is not what it asked for another, of whom nobody
    // knows that he would be approving himself. No name is empty, so acting for nobody is told from acting for somebody.
    let acts_for = principal.acts_for().unwrap_or_default();
    let (kind, name) = (principal.kind().word(), principal.name());
    for text in [principal.issuer(), principal.subject(), kind, name, acts_for, target, space] {
        part(text.as_bytes());
    }
    for operation in operations {
        part(operation.action.0.as_bytes());
        part(if operation.meaning.is_some() { b"known" } else { b"unknown" });
        part(operation.meaning.as_deref().unwrap_or_default());
        // INVARIANT: how many follow is said first, so that a parameter is never read as a setting
        part(&operation.parameters.len().to_be_bytes());
        for parameter in &operation.parameters {
            part(if parameter.is_some() { b"value" } else { b"null" });
            part(parameter.as_deref().unwrap_or_default());
        }
        part(&operation.settings.len().to_be_bytes());
        for (name, value) in operation.settings.iter() {
            part(name.as_bytes());
            part(value.as_bytes());
        }
    }
    context.update(&gathered);
    data_encoding::HEXLOWER.encode(context.finish().as_ref())
}
