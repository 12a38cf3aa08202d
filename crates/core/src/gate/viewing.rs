//! Looking at what others did: which sessions there are, and what was recorded of one.
//!
//! THREAT: a recording as a side door past every mask and rule. Everybody sees their own sessions on the list, who audits
//! or operates the gateway all of them; every recording is for auditors, and the journal says who looked. Enter at
//! [`House::view`].

use std::sync::Arc;
use std::time::Duration;

use crate::code::Code;
use crate::fault::Fault;
use crate::gate::lasting::first;
use crate::gate::{Halt, House};
use crate::id::SessionId;
use crate::identity::Principal;
use crate::journal::Event;
use crate::ports::{Later, Listed, Wanted};
use crate::record::{Head, Moment, Reader};

/// How often a recording under way is looked at for more.
const LOOK: Duration = Duration::from_millis(200);

/// Somebody looks at a recording.
pub struct Viewing {
    house: Arc<House>,
    session: SessionId,
    by: Arc<Principal>,
    reader: Reader,
    /// How much of the file was read.
    from: u64,
    /// How much of it is read: what is there as the look begins, unless it is to be followed.
    until: Option<u64>,
    live: bool,
}

/// How a recording ends, as far as it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Whether the end of the session was there: all of it was read.
    pub whole: bool,
    /// Whether the session goes on, and its recording with it; or went on as the look began, if that is all it is at.
    pub live: bool,
    /// How much was read, all of it verified.
    pub head: Head,
    /// How many bytes follow that make no whole chunk.
    pub rest: usize,
}

impl House {
    /// The sessions that somebody may know of: their own, and all for those who audit or operate.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn sessions(&self, by: &Principal, wanted: Wanted) -> Result<Vec<Listed>, Fault> {
        let own = (!self.may_know(by)).then(|| by.summary());
        self.sessions.list(Wanted { own, ..wanted }).await
    }

    /// One of them, where there is one that they may know of.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn session(&self, by: &Principal, session: SessionId) -> Result<Option<Listed>, Fault> {
        let all = self.may_know(by);
        let found = self.sessions.show(session).await?;
        Ok(found.filter(|found| all || by.is_summed_up_by(&found.principal)))
    }

    /// Whether somebody may know of the sessions of others: who is to end one has to find it.
    fn may_know(&self, by: &Principal) -> bool {
        let rulebook = self.policy.rulebook();
        rulebook.roles.audits(by) || rulebook.roles.operates(by)
    }

    /// Opens a recording for somebody who audits: what is there of it by now, or, to `follow` it, as long as its session
    /// lasts. Nothing where there is none.
    ///
    /// # Errors
    /// Where that is not theirs to do, or the journal fails.
    pub async fn view(
        self: &Arc<Self>,
        session: SessionId,
        by: &Arc<Principal>,
        follow: bool,
    ) -> Result<Option<Viewing>, Fault> {
        self.may_audit(by)?;
        if self.record.fetch(session, 0).await?.is_none() {
            return Ok(None);
        }
        self.write(None, Event::RecordingViewed { session, by: by.summary(), follow }).await?;
        let reader = Reader::new(&self.record_keys, session)?;
        let head = self.live.head(session);
        let (until, live) = (head.map(|head| head.bytes).filter(|_| !follow), head.is_some());
        Ok(Some(Viewing { house: Arc::clone(self), session, by: Arc::clone(by), reader, from: 0, until, live }))
    }

    /// Whether somebody may see what others did.
    ///
    /// # Errors
    /// Where they may not.
    pub fn may_audit(&self, by: &Principal) -> Result<(), Fault> {
        if self.policy.rulebook().roles.audits(by) {
            return Ok(());
        }
        Err(Fault::client(Code::RoleMissing, "recordings are for auditors").hint("`auditors` in [roles] names them"))
    }
}

impl Viewing {
    /// What comes next, if anything does. It is verified; what follows it is not known to be.
    ///
    /// # Errors
    /// Where the recording was touched or cannot be read, or is no longer theirs to see.
    pub async fn next(&mut self) -> Result<Option<Moment>, Fault> {
        loop {
            let read = self.reader.read().map_err(|broken| {
                Fault::gateway(Code::RecordingBroken, broken.to_string()).hint("what comes before it is as written")
            })?;
            if read.is_some() || self.reader.is_whole() {
                return Ok(read);
            }
            self.goes_on()?;
            if self.until.is_none() {
                // what was kept by the end of a session is all of it
                self.live = self.house.live.has(self.session);
            }
            if self.fetched().await? {
                continue;
            }
            if self.until.is_some() || !self.live {
                return Ok(None);
            }
            self.more().await?;
        }
    }

    /// Reads on in the file; tells whether there was more.
    async fn fetched(&mut self) -> Result<bool, Fault> {
        let left = self.until.map_or(u64::MAX, |until| until.saturating_sub(self.from));
        if left == 0 {
            return Ok(false);
        }
        let gone = || Fault::client(Code::RecordingGone, "the recording is no longer kept");
        let came = self.house.record.fetch(self.session, self.from).await?.ok_or_else(gone)?;
        let came = came.get(..usize::try_from(left).unwrap_or(usize::MAX)).unwrap_or(&came);
        self.from = self.from.saturating_add(u64::try_from(came.len()).unwrap_or(u64::MAX));
        self.reader.feed(came);
        Ok(!came.is_empty())
    }

    /// Waits until there may be more.
    async fn more(&self) -> Result<(), Fault> {
        let House { clock, .. } = &*self.house;
        let looked: Later<'_, _> = Box::pin(async {
            clock.until(clock.now().after(LOOK)).await;
            Ok(())
        });
        first([looked, Box::pin(async { Err(self.house.halted().await.fault()) })]).await
    }

    /// How it ended, once nothing comes next.
    #[must_use]
    pub fn ending(&self) -> Ending {
        Ending { whole: self.reader.is_whole(), live: self.live, head: self.reader.head(), rest: self.reader.rest() }
    }

    /// THREAT: somebody who looks on for long may have lost the right to, or their token its time; how fast they read must
    /// not decide when that is seen. And a gateway that stops waits for nobody who looks on.
    fn goes_on(&self) -> Result<(), Fault> {
        let halt = *self.house.halt.borrow();
        if halt != Halt::Running {
            return Err(halt.fault());
        }
        if self.by.expires() < self.house.clock.now() {
            return Err(Fault::client(Code::TokenExpired, "your token has expired").hint("look again with a fresh one"));
        }
        self.house.may_audit(&self.by)
    }
}
