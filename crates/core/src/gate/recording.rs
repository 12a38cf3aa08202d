//! The recording of an open session: what is put on its tape, and what the journal says of it.
//!
//! THREAT: something shown that nobody can show again. What a client is about to see is on the tape first; where the
//! tape takes nothing any more, the session ends. Enter at [`Gate::shown`].

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Micros};
use crate::code::Code;
use crate::fault::Fault;
use crate::gate::admission::Admission;
use crate::gate::lasting::first;
use crate::gate::{Gate, Known, Open};
use crate::id::OperationId;
use crate::journal::Event;
use crate::ports::Later;
use crate::record::{Head, Note, Tape};

/// How long a recorder may have no room before the session ends, and how long the end of a recording may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// After how many chunks the journal says how far a recording has got.
const CHUNKS: u64 = 64;
/// After how long it does, where there is anything new.
const TIME: Duration = Duration::from_secs(60);

/// What the journal said last of a recording.
#[derive(Debug)]
pub(super) struct Stated {
    chunks: u64,
    at: Micros,
}

impl Stated {
    pub(super) fn nothing(at: Micros) -> Self {
        Self { chunks: 0, at }
    }
}

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

    /// Journals how far the recording has got, where that is due. Cheap enough to ask at every turn.
    ///
    /// # Errors
    /// Where the journal does not take the record.
    pub async fn state_recording(&mut self) -> Result<(), Fault> {
        let head = self.state.tape.head();
        let Stated { chunks, at } = self.state.stated;
        if head.chunks == chunks {
            return Ok(());
        }
        let now = self.house.clock.now();
        if head.chunks < chunks.saturating_add(CHUNKS) && now < at.after(TIME) {
            return Ok(());
        }
        self.state.stated = Stated { chunks: head.chunks, at: now };
        self.house.write(Some(self.session), recorded(&head)).await.map(|_| ())
    }

    /// Journals something that somebody should look at.
    ///
    /// # Errors
    /// Where the journal does not take the record.
    pub async fn alert(&self, code: Code, message: &str) -> Result<(), Fault> {
        let (code, message) = (code.to_string(), message.to_owned());
        let note = Note::Alert { code: code.clone(), message: message.clone() };
        self.house.write(Some(self.session), Event::Alert { code, message }).await?;
        self.note(&note)
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

    /// Puts on the tape what the journal has just taken.
    pub(super) fn note(&self, note: &Note) -> Result<(), Fault> {
        self.state.tape.note(self.house.clock.now(), note)
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
        self.note(&Note::Closed { reason: reason.to_owned() })?;
        let clock = Arc::clone(&self.house.clock);
        let late = clock.now().after(PATIENCE);
        let too_long: Later<'static, _> = Box::pin(async move {
            clock.until(late).await;
            Err(lagging())
        });
        first([self.state.tape.finish(), too_long]).await
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

fn recorded(head: &Head) -> Event {
    Event::Recorded { chunks: head.chunks, bytes: head.bytes, head: head.hash }
}

fn lagging() -> Fault {
    Fault::gateway(Code::RecordingFailed, "this session cannot be recorded as fast as it goes on")
        .hint("tell whoever runs the gateway: the disk of `blobs` is too slow")
}
