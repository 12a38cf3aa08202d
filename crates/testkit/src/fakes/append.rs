//! A journal in memory that can be held back, and can be lost.
//!
//! It chains and signs nothing; lines and files are the real journal's. Enter at [`MemoryJournal`].

use std::sync::Mutex;

use postern_core::identity::PrincipalSummary;
use postern_core::journal::{Appended, Draft, Event};
use postern_core::ports::{Append, Later, Listed, Sessions, Wanted};
use postern_core::{Code, Fault, SessionId};
use tokio::sync::watch;

use super::locked;

/// Takes drafts as a journal does, and keeps them in order.
#[derive(Debug)]
pub struct MemoryJournal {
    kept: Mutex<Kept>,
    gate: watch::Sender<Hold>,
}

#[derive(Debug, Default)]
struct Kept {
    drafts: Vec<Draft>,
    calls: usize,
    fails: Option<Failing>,
}

/// The appends that a test means.
type Meant = fn(&[Draft]) -> bool;

/// From which append on the journal fails, and on which of them.
#[derive(Clone, Copy, Debug)]
struct Failing {
    from: usize,
    on: Meant,
}

/// What is held back, and how many appends wait.
#[derive(Clone, Copy, Debug, Default)]
struct Hold {
    held: Option<Meant>,
    waiting: usize,
}

impl Hold {
    fn holds(&self, drafts: &[Draft]) -> bool {
        self.held.is_some_and(|held| held(drafts))
    }
}

impl MemoryJournal {
    /// An empty journal that takes everything.
    #[must_use]
    pub fn new() -> Self {
        Self { kept: Mutex::default(), gate: watch::Sender::new(Hold::default()) }
    }

    /// Fails the `n`-th append from now (counted from 1) and every one after it.
    pub fn fail_from(&self, n: usize) {
        let mut kept = locked(&self.kept);
        kept.fails = Some(Failing { from: kept.calls.saturating_add(n), on: |_| true });
    }

    /// Fails every such append from now on, and no other.
    pub fn fail_on(&self, on: fn(&[Draft]) -> bool) {
        locked(&self.kept).fails = Some(Failing { from: 0, on });
    }

    /// Takes everything again.
    pub fn recover(&self) {
        locked(&self.kept).fails = None;
    }

    /// Holds every append back from now on, before anything of it is kept.
    pub fn hold(&self) {
        self.hold_on(|_| true);
    }

    /// Holds every such append back from now on, and no other.
    pub fn hold_on(&self, on: fn(&[Draft]) -> bool) {
        self.gate.send_modify(|gate| gate.held = Some(on));
    }

    /// Lets go of what was held back.
    pub fn release(&self) {
        self.gate.send_modify(|gate| gate.held = None);
    }

    /// Resolves once an append is held back.
    pub async fn waited_for(&self) {
        let mut gate = self.gate.subscribe();
        // the sender lives in `self`, so the channel is open
        drop(gate.wait_for(|gate| gate.held.is_some() && gate.waiting > 0).await);
    }

    /// Everything written so far.
    #[must_use]
    pub fn drafts(&self) -> Vec<Draft> {
        locked(&self.kept).drafts.clone()
    }

    /// Every event written so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        locked(&self.kept).drafts.iter().map(|draft| draft.event.clone()).collect()
    }

    /// The events of one session.
    #[must_use]
    pub fn of(&self, session: SessionId) -> Vec<Event> {
        let kept = locked(&self.kept);
        kept.drafts.iter().filter(|draft| draft.session == Some(session)).map(|draft| draft.event.clone()).collect()
    }

    /// Everything written so far as the JSON that lines are made of, one event a line.
    #[must_use]
    pub fn text(&self) -> String {
        let events = self.events();
        let lines = events.iter().map(|event| serde_json::to_string(event).unwrap_or_else(|error| error.to_string()));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn sessions(&self) -> Vec<Listed> {
        let mut listed: Vec<Listed> = Vec::new();
        for draft in self.drafts() {
            match (draft.session, draft.event) {
                (Some(id), Event::SessionOpened { principal, client, protocol, target, .. }) => {
                    let (ended, reason) = (None, None);
                    listed.push(Listed { id, principal, target, protocol, client, started: draft.at, ended, reason });
                }
                (Some(id), Event::SessionClosed { reason }) => {
                    for one in listed.iter_mut().filter(|one| one.id == id) {
                        (one.ended, one.reason) = (Some(draft.at), Some(reason.clone()));
                    }
                }
                _ => {}
            }
        }
        listed
    }

    async fn pass(&self, drafts: &[Draft]) {
        let mut gate = self.gate.subscribe();
        if !gate.borrow_and_update().holds(drafts) {
            return;
        }
        let _waiting = Waiting::new(&self.gate);
        drop(gate.wait_for(|gate| !gate.holds(drafts)).await);
    }

    fn keep(&self, drafts: Vec<Draft>) -> Result<Appended, Fault> {
        let mut kept = locked(&self.kept);
        kept.calls = kept.calls.saturating_add(1);
        let fails = |when: Failing| kept.calls >= when.from && (when.on)(&drafts);
        if kept.fails.is_some_and(fails) {
            return Err(
                Fault::gateway(Code::JournalUnavailable, "the journal cannot be written").cause("a test said so")
            );
        }
        kept.drafts.extend(drafts);
        Ok(Appended { sequence: u64::try_from(kept.drafts.len()).unwrap_or(u64::MAX) })
    }
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self::new()
    }
}

impl Append for MemoryJournal {
    fn append(&self, drafts: Vec<Draft>) -> Later<'_, Result<Appended, Fault>> {
        Box::pin(async move {
            self.pass(&drafts).await;
            self.keep(drafts)
        })
    }

    /// Holding back is for what somebody waits for.
    fn soon(&self, drafts: Vec<Draft>) -> Result<(), Fault> {
        self.keep(drafts).map(drop)
    }
}

/// The list of sessions, as the journal has it.
impl Sessions for MemoryJournal {
    fn list(&self, wanted: Wanted) -> Later<'_, Result<Vec<Listed>, Fault>> {
        Box::pin(async move {
            let mut listed = self.sessions();
            listed.sort_by_key(|one| std::cmp::Reverse(one.id));
            listed.retain(|one| {
                let same = |own: &PrincipalSummary| {
                    PrincipalSummary { groups: own.groups.clone(), ..one.principal.clone() } == *own
                };
                wanted.own.as_ref().is_none_or(same)
                    && wanted.principal.as_ref().is_none_or(|name| *name == one.principal.name)
                    && wanted.target.as_ref().is_none_or(|target| *target == one.target)
                    && wanted.live.is_none_or(|live| live == one.ended.is_none())
                    && wanted.before.is_none_or(|before| one.id < before)
            });
            listed.truncate(usize::try_from(wanted.most).unwrap_or(usize::MAX));
            Ok(listed)
        })
    }

    fn show(&self, session: SessionId) -> Later<'_, Result<Option<Listed>, Fault>> {
        Box::pin(async move { Ok(self.sessions().into_iter().find(|one| one.id == session)) })
    }
}

/// Counts one append as waiting for as long as it does, cancelled ones included.
struct Waiting<'a>(&'a watch::Sender<Hold>);

impl<'a> Waiting<'a> {
    fn new(gate: &'a watch::Sender<Hold>) -> Self {
        gate.send_modify(|gate| gate.waiting = gate.waiting.saturating_add(1));
        Self(gate)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|gate| gate.waiting = gate.waiting.saturating_sub(1));
    }
}
