//! What is noted of records while they are written, in little time and bounded memory.
//!
//! It knows neither files nor tables. Enter at [`Noted::take`].

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use postern_core::clock::Micros;
use postern_core::id::SessionId;
use postern_core::journal::Event;
use postern_core::journal::query::{about, object_of, target, touches, verdict, who};

use super::{block_of, name_of};
use crate::store::{Place, bit};

/// How many sessions and objects are noted between two visits to the store. What is beyond is read from the journal.
const MOST: usize = 50_000;

/// Whose a session is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Who {
    principal: Arc<str>,
    target: Arc<str>,
}

impl Who {
    pub(super) fn new(principal: &str, target: &str) -> Self {
        Self { principal: principal.into(), target: target.into() }
    }
}

/// What was noted since it was last given away.
#[derive(Debug, Default)]
pub(super) struct Noted {
    sessions: HashMap<SessionId, Who>,
    spots: HashMap<(u64, Option<SessionId>, Who), Spot>,
    /// How many sessions and objects these are.
    size: usize,
    upto: u64,
    /// All records behind this one are noted, or were given away.
    whole: Option<u64>,
    /// Something is missing, so that all of it has to be read from the journal.
    overlooked: bool,
}

#[derive(Debug)]
struct Spot {
    verdicts: u8,
    began: Micros,
    ended: Micros,
    objects: BTreeSet<Box<str>>,
}

impl Noted {
    /// Nothing noted, and something missing.
    pub(super) fn behind() -> Self {
        Self { overlooked: true, ..Self::default() }
    }

    /// Takes note of a record.
    pub(super) fn take(&mut self, seq: u64, at: Micros, session: Option<SessionId>, event: &Event) {
        self.upto = self.upto.max(seq);
        self.whole.get_or_insert(seq);
        if let (Some(session), Event::SessionOpened { principal, target, .. }) = (session, event) {
            self.know(session, Who::new(&principal.name, target));
        }
        if !self.overlooked {
            self.note(seq, at, session, event);
        }
        if let (Some(session), Event::SessionClosed { .. }) = (session, event) {
            self.sessions.remove(&session);
        }
    }

    fn note(&mut self, seq: u64, at: Micros, session: Option<SessionId>, event: &Event) {
        // a session has one principal and one target; what is done to it from outside says itself who did it, and has none
        let known = session.and_then(|session| self.sessions.get(&session)).cloned();
        let said = || Who::new(who(event).unwrap_or_default(), target(event).unwrap_or_default());
        let spot = self
            .spots
            .entry((block_of(seq), session.or_else(|| about(event)), known.unwrap_or_else(said)))
            .or_insert_with(|| {
                self.size = self.size.saturating_add(1);
                Spot { verdicts: 0, began: at, ended: at, objects: BTreeSet::new() }
            });
        spot.began = spot.began.min(at);
        spot.ended = spot.ended.max(at);
        spot.verdicts |= verdict(event).map_or(0, bit);
        for object in touches(event).iter().map(|touch| object_of(touch)) {
            if !spot.objects.contains(object) {
                spot.objects.insert(object.into());
                self.size = self.size.saturating_add(1);
            }
        }
    }

    /// The record behind which nothing is missing; nothing where no record was noted yet.
    pub(super) fn whole(&self) -> Option<u64> {
        self.whole
    }

    /// Whether it is time to give away what was noted.
    pub(super) fn is_full(&self) -> bool {
        self.size > MOST
    }

    pub(super) fn know(&mut self, session: SessionId, who: Who) {
        self.sessions.insert(session, who);
    }

    pub(super) fn knows(&self, session: &SessionId) -> bool {
        self.sessions.contains_key(session)
    }

    /// Forgets what was noted: it has to be read from the journal.
    pub(super) fn overlook(&mut self) {
        self.spots.clear();
        self.size = 0;
        self.overlooked = true;
    }

    /// Gives away what was noted, and up to which record that is; nothing where something is missing. From here on it is
    /// noted again.
    pub(super) fn give(&mut self) -> Option<(Vec<Place>, u64)> {
        self.size = 0;
        let spots = std::mem::take(&mut self.spots);
        if std::mem::take(&mut self.overlooked) {
            self.whole = Some(self.upto).filter(|upto| *upto > 0);
            return None;
        }
        let places = spots.into_iter().map(|((block, session, who), spot)| Place {
            block,
            session: name_of(session),
            principal: who.principal.to_string(),
            target: who.target.to_string(),
            verdicts: spot.verdicts,
            began: spot.began.0,
            ended: spot.ended.0,
            objects: spot.objects.into_iter().collect(),
        });
        Some((places.collect(), self.upto))
    }
}
