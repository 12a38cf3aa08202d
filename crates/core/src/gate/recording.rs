//! The recording of an open session: what is put on its tape, and what the journal says of it.
//!
//! THREAT: something shown that nobody can show again. What a client is about to see is on the tape first; where the
//! tape takes nothing any more, the session ends. Enter at [`Gate::shown`].

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::code::Code;
use crate::fault::Fault;
use crate::gate::admission::Admission;
use crate::gate::lasting::first;
use crate::gate::{Gate, House, Known, Open};
use crate::id::{OperationId, SessionId};
use crate::journal::{Event, Outcome};
use crate::ports::Later;
use crate::record::{Head, Note, Tape};

/// How long something may wait to be kept, or a recording to begin, before the session ends.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the end of a recording may take: less than a gateway that stops gives its sessions.
const ENDING: Duration = Duration::from_secs(4);
/// How often a recording is looked after, and the journal says how far it has got, where that is further than before: what
/// was shown longer ago cannot be cut off unseen.
const LOOK: Duration = Duration::from_secs(5);

impl Gate<Known> {
    /// The session's tape, with its beginning on it.
    pub(super) async fn begin_recording(&self, admission: &Admission) -> Result<Arc<Tape>, Fault> {
        let halted: Later<'_, _> = Box::pin(async { Err(self.house.halted().await.fault()) });
        let begun = self.house.record.begin(self.session);
        let tape = first([begun, late(&*self.house.clock, PATIENCE), halted]).await?;
        let opened = Note::Opened {
            session: self.session,
            principal: admission.principal.summary(),
            client: self.client.to_string(),
            called: self.called.clone(),
            protocol: self.protocol.to_owned(),
            target: admission.target.name.to_string(),
            space: Some(admission.space.to_string()).filter(|space| !space.is_empty()),
        };
        tape.note(self.house.clock.now(), &opened)?;
        Ok(Arc::new(tape))
    }
}

impl Gate<Open> {
    /// Records what the client is about to see, after masking. It must not see it where this fails.
    ///
    /// # Errors
    /// Where nothing is recorded any more.
    pub fn shown(&self, operation: Option<OperationId>, bytes: &[u8]) -> Result<(), Fault> {
        self.state.tape.shown(self.house.clock.now(), operation, bytes)
    }

    /// Records how this protocol is to read what is shown next, where what was shown does not tell.
    ///
    /// # Errors
    /// Where nothing is recorded any more.
    pub fn aside(&self, operation: Option<OperationId>, bytes: &[u8]) -> Result<(), Fault> {
        self.state.tape.aside(self.house.clock.now(), operation, bytes)
    }

    /// Whether the recorder lags so far behind that the client should be shown no more; see [`Gate::room`].
    #[must_use]
    pub fn lags(&self) -> bool {
        self.state.tape.is_full()
    }

    /// Resolves once the recorder has room again, or failed.
    pub fn room(&self) -> Later<'static, ()> {
        self.state.tape.room()
    }

    /// Journals how operations ended; no later than what is decided next.
    ///
    /// # Errors
    /// Where the journal takes nothing any more.
    pub fn finished(&self, ended: Vec<(OperationId, Outcome)>) -> Result<(), Fault> {
        if ended.is_empty() {
            return Ok(());
        }
        let events = ended.iter().cloned().map(|(id, outcome)| Event::Finished { id, outcome });
        self.house.write_soon(self.session, events)?;
        // how anything else ended the client saw, and that is on the tape
        let unknown = ended.into_iter().filter(|(_, outcome)| *outcome == Outcome::Unknown);
        unknown.for_each(|(id, outcome)| self.note(&Note::Finished { id, outcome }));
        Ok(())
    }

    /// Journals something that somebody should look at.
    ///
    /// # Errors
    /// Where the journal does not take the record.
    pub async fn alert(&self, code: Code, message: &str) -> Result<(), Fault> {
        let (code, message) = (code.to_string(), message.to_owned());
        let note = Note::Alert { code: code.clone(), message: message.clone() };
        self.house.write(Some(self.session), Event::Alert { code, message }).await?;
        self.note(&note);
        Ok(())
    }

    /// Ends the session, and its recording first.
    ///
    /// # Errors
    /// Where the journal does not take the record.
    pub async fn close(self, reason: &str) -> Result<(), Fault> {
        let recorded = self.end_recording(reason).await;
        let closed = Event::SessionClosed { reason: reason.to_owned() };
        self.house.write_all(Some(self.session), [recorded, closed]).await.map(|_| ())
    }

    /// Waits until the recorder has room for more, as long as the session goes on: what a client asks for is recorded as
    /// well as what it is shown.
    ///
    /// # Errors
    /// Why the session must end before that.
    pub(super) async fn recordable(&self) -> Result<(), Fault> {
        if !self.lags() {
            return Ok(());
        }
        let room: Later<'_, _> = Box::pin(async {
            self.room().await;
            Ok(())
        });
        first([room, Box::pin(async { Err(self.over().await) })]).await
    }

    /// Puts on the tape what the journal has just taken. It has happened: where the tape takes nothing any more the
    /// session ends by that, and this does not keep anybody from saying so.
    pub(super) fn note(&self, note: &Note) {
        drop(self.state.tape.note(self.house.clock.now(), note));
    }

    /// Ends the recording, and answers with what the journal is to say of it.
    async fn end_recording(&self, reason: &str) -> Event {
        match self.ended(reason).await {
            Ok(head) => recorded(&head),
            Err(fault) => {
                let message = format!("the recording is not whole: {}", fault.message);
                Event::Alert { code: Code::RecordingFailed.to_string(), message }
            }
        }
    }

    async fn ended(&self, reason: &str) -> Result<Head, Fault> {
        let whole = self.state.tape.finish(self.house.clock.now(), reason)?;
        let kept: Later<'_, _> = Box::pin(async {
            let head = whole.await?;
            self.house.record.sync(self.session).await?;
            Ok(head)
        });
        first([kept, late(&*self.house.clock, ENDING)]).await
    }
}

/// Resolves to why a session can be recorded no more, and until then says in the journal how far its recording has got.
pub(super) async fn watched(house: Arc<House>, session: SessionId, tape: Arc<Tape>) -> Fault {
    let mut said = 0;
    loop {
        house.clock.until(house.clock.now().after(LOOK)).await;
        let now = house.clock.now();
        if tape.oldest().is_some_and(|oldest| oldest.after(PATIENCE) <= now) {
            return lagging();
        }
        let head = tape.head();
        if head.chunks == said {
            continue;
        }
        // INVARIANT: what the journal says is there, a power loss does not take
        let synced = first([house.record.sync(session), late(&*house.clock, PATIENCE)]).await;
        let stated = match synced {
            Ok(()) => house.write(Some(session), recorded(&head)).await.map(|_| ()),
            failed => failed,
        };
        if let Err(fault) = stated {
            return fault;
        }
        said = head.chunks;
    }
}

/// A recorder that takes too long.
fn late<T: Send + 'static>(clock: &dyn Clock, patience: Duration) -> Later<'_, Result<T, Fault>> {
    Box::pin(async move {
        clock.until(clock.now().after(patience)).await;
        Err(lagging())
    })
}

fn recorded(head: &Head) -> Event {
    Event::Recorded { chunks: head.chunks, bytes: head.bytes, head: head.hash }
}

fn lagging() -> Fault {
    Fault::gateway(Code::RecordingFailed, "this session cannot be recorded as fast as it goes on")
        .hint("tell whoever runs the gateway: the disk of `blobs` is too slow")
}
