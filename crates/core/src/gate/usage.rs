//! What each principal uses of each target, over all its sessions: how many are open, and how much it did lately.
//!
//! INVARIANT: it grows with the sessions that are open and with who did something within the last minute, and with
//! nothing else. Enter at [`Usage`].

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Micros;
use crate::code::Code;
use crate::fault::Fault;
use crate::identity::{Kind, Principal};
use crate::target::TargetName;
use crate::verdict::{Bound, Denial, RuleName};

/// How long an operation counts, in seconds: no minute that it lies in, begun ever so early in its second, is left out.
const COUNTS: u64 = 61;

/// What is used by whom.
#[derive(Debug, Default)]
pub struct Usage {
    users: Mutex<HashMap<User, Used>>,
}

/// A principal on a target. One that has several subjects at its issuer, as a job has that runs for several branches, is
/// one all the same, and an agent is another one for each human.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct User {
    kind: Kind,
    name: String,
    acts_for: Option<String>,
    target: TargetName,
}

#[derive(Debug, Default)]
struct Used {
    sessions: u64,
    done: HashMap<RuleName, Lately>,
}

/// How many operations there were, by the second; the latest last.
#[derive(Debug, Default)]
struct Lately(VecDeque<(u64, u64)>);

/// One open session's place; it is free again when this is dropped, however the session ends.
#[derive(Debug)]
pub(super) struct Seat {
    usage: Arc<Usage>,
    user: User,
}

impl Usage {
    /// Takes a place for one more session, where `most` leaves one.
    pub(super) fn sit(
        self: &Arc<Self>,
        principal: &Principal,
        target: &TargetName,
        most: Option<Bound<u64>>,
        now: Micros,
    ) -> Result<Seat, Fault> {
        let user = User {
            kind: principal.kind(),
            name: principal.name().to_owned(),
            acts_for: principal.acts_for().map(str::to_owned),
            target: target.clone(),
        };
        let mut users = self.users();
        users.retain(|_, used| used.counts(now));
        let used = users.entry(user.clone()).or_default();
        if let Some(bound) = most.filter(|bound| used.sessions >= bound.most) {
            let message =
                format!("rule `{}` lets you have {} sessions on `{target}` at the same time", bound.by, bound.most);
            return Err(Fault::client(Code::TooManySessions, message).hint("end one that is open, then connect again"));
        }
        used.sessions = used.sessions.saturating_add(1);
        Ok(Seat { usage: Arc::clone(self), user })
    }

    fn users(&self) -> MutexGuard<'_, HashMap<User, Used>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Counts `operations` for every rule that bounds how many there may be, or for none of them.
    pub(super) fn count(&self, bounds: &BTreeSet<Bound<u64>>, operations: u64, now: Micros) -> Result<(), Denial> {
        let mut users = self.usage.users();
        let done = &mut users.entry(self.user.clone()).or_default().done;
        for bound in bounds {
            let lately = done.entry(bound.by.clone()).or_default();
            lately.forget(now);
            // the last of them needs room behind the others
            let most = bound.most.checked_sub(operations.saturating_sub(1)).filter(|most| *most > 0);
            let most = most.ok_or_else(|| too_many_at_once(bound))?;
            if let Some(until) = lately.full(most) {
                return Err(too_often(bound, until.saturating_sub(now.seconds())));
            }
        }
        for bound in bounds {
            done.entry(bound.by.clone()).or_default().add(operations, now);
        }
        Ok(())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(used) = self.usage.users().get_mut(&self.user) {
            used.sessions = used.sessions.saturating_sub(1);
        }
    }
}

impl Used {
    /// Whether anything of it still counts.
    fn counts(&mut self, now: Micros) -> bool {
        self.done.retain(|_, lately| {
            lately.forget(now);
            !lately.0.is_empty()
        });
        self.sessions > 0 || !self.done.is_empty()
    }
}

impl Lately {
    fn forget(&mut self, now: Micros) {
        while self.0.front().is_some_and(|(second, _)| second.saturating_add(COUNTS) <= now.seconds()) {
            self.0.pop_front();
        }
    }

    fn add(&mut self, operations: u64, now: Micros) {
        match self.0.back_mut().filter(|(second, _)| *second >= now.seconds()) {
            Some((_, count)) => *count = count.saturating_add(operations),
            None => self.0.push_back((now.seconds(), operations)),
        }
    }

    /// The second at which there is room again, where there is none for one more.
    fn full(&self, most: u64) -> Option<u64> {
        let mut left: u64 = self.0.iter().map(|(_, count)| count).sum();
        let mut until = None;
        for (second, count) in &self.0 {
            if left < most {
                break;
            }
            left = left.saturating_sub(*count);
            until = Some(second.saturating_add(COUNTS));
        }
        until
    }
}

fn too_often(bound: &Bound<u64>, wait: u64) -> Denial {
    let message =
        format!("this is more than the {} operations that you may have done here within a minute", bound.most);
    Denial::new(Code::TooOften, message).by(bound.by.clone()).hint(format!("send it again in {wait} s"))
}

fn too_many_at_once(bound: &Bound<u64>) -> Denial {
    let message = format!("these are more than the {} operations that you may do here within a minute", bound.most);
    Denial::new(Code::TooOften, message).by(bound.by.clone()).hint("send fewer at once")
}

#[cfg(test)]
mod tests;
