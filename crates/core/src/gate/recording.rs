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
use crate::journal::Event;
use crate::ports::Later;
use crate::record::{Head, Note, Tape};

/// How long a recorder may have no room before the session ends.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the end of a recording may take: less than a gateway that stops gives its sessions.
const ENDING: Duration = Duration::from_secs(4);
/// How often the journal says how far a recording has got, where that is further than before: what was shown longer ago
/// cannot be cut off unseen.
const STATED: Duration = Duration::from_secs(10);

impl Gate<Known> {
    /// The session's tape, with its beginning on it.
    pub(super) async fn begin_recording(&self, admission: &Admission) -> Result<Arc<Tape>, Fault> {
        let tape = self.house.record.begin(self.session).await?;
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
        let now = self.house.clock.now();
        let whole = self.state.tape.finish(now, reason)?;
        let kept: Later<'_, _> = Box::pin(async {
            let head = whole.await?;
            self.house.record.sync(self.session).await?;
            Ok(head)
        });
        let too_long: Later<'_, _> = Box::pin(async {
            self.house.clock.until(now.after(ENDING)).await;
            Err(lagging())
        });
        first([kept, too_long]).await
    }
}

/// Resolves to why a session can be recorded no more: the recorder failed, or has had no room for too long.
pub(super) fn unrecorded(tape: &Tape, clock: Arc<dyn Clock>) -> Later<'static, Fault> {
    let mut trouble = tape.trouble();
    Box::pin(async move {
        loop {
            if let Some(fault) = trouble.begins().await {
                return fault;
            }
            let late = clock.now().after(PATIENCE);
            let passes: Later<'_, bool> = Box::pin(async {
                trouble.passes().await;
                true
            });
            let too_long: Later<'_, bool> = Box::pin(async {
                clock.until(late).await;
                false
            });
            if !first([passes, too_long]).await {
                return lagging();
            }
        }
    })
}

/// Says in the journal how far a recording has got, again and again; resolves to why that fails.
pub(super) async fn stated(house: Arc<House>, session: SessionId, tape: Arc<Tape>) -> Fault {
    let mut said = 0;
    loop {
        house.clock.until(house.clock.now().after(STATED)).await;
        let head = tape.head();
        if head.chunks == said {
            continue;
        }
        // INVARIANT: what the journal says is there, a power loss does not take
        if let Err(fault) = house.record.sync(session).await {
            return fault;
        }
        if let Err(fault) = house.write(Some(session), recorded(&head)).await {
            return fault;
        }
        said = head.chunks;
    }
}

fn recorded(head: &Head) -> Event {
    Event::Recorded { chunks: head.chunks, bytes: head.bytes, head: head.hash }
}

fn lagging() -> Fault {
    Fault::gateway(Code::RecordingFailed, "this session cannot be recorded as fast as it goes on")
        .hint("tell whoever runs the gateway: the disk of `blobs` is too slow")
}
