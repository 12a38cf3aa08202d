//! Recordings as files: one thread that keeps what sessions put on their tapes, and a folder that it keeps it in.
//!
//! What a chunk is and how it proves itself is core's. A session never waits for the disk here: it puts entries on its
//! tape, the thread takes them within a fifth of a second, and where it cannot keep up the tape says so. What is wrong
//! with one recording ends its session and no other. Enter at [`Recordings::open`].

mod files;
mod recorder;

#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postern_core::clock::Micros;
use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::id::SessionId;
use postern_core::ports::{self, Later};
use postern_core::record::{RecordKeys, Scribe, Tape};

use self::files::{Blobs, Folder};
use self::recorder::Recorder;

/// How long entries may wait before they are kept: what a killed gateway loses at most, twice over.
const SOON: Duration = Duration::from_millis(100);
/// How much of a recording is read at once, in bytes.
const PIECE: usize = 256 << 10;

/// The recordings of a gateway. Its thread ends when it is dropped, with everything kept that was taken.
pub struct Recordings {
    keys: RecordKeys,
    blobs: Arc<dyn Blobs>,
    recorder: Recorder,
    /// How long recordings are kept of which no rule says it.
    usually: Duration,
}

impl Recordings {
    /// Keeps recordings in `folder`, and makes it where it is missing; for so long where no rule says how long. Only the
    /// gateway's own account may read it.
    ///
    /// # Errors
    /// [`Code::RecordingFailed`] where it cannot be written.
    pub fn open(folder: &Path, keys: RecordKeys, usually: Duration) -> Result<Self, Fault> {
        let folder = Folder::open(folder).map_err(|error| {
            let message = format!("the folder of recordings `{}` cannot be written", folder.display());
            Fault::gateway(Code::RecordingFailed, message)
                .hint(format!("see that the gateway's account may write there: {error}"))
        })?;
        Self::begin(Arc::new(folder), keys, usually)
    }

    fn begin(blobs: Arc<dyn Blobs>, keys: RecordKeys, usually: Duration) -> Result<Self, Fault> {
        Ok(Self { keys, blobs, recorder: Recorder::start()?, usually })
    }

    /// Does something that waits for the disk where nobody waits with it.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Blobs) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let blobs = Arc::clone(&self.blobs);
        tokio::task::spawn_blocking(move || work(&*blobs)).await.map_err(|error| unread(&error))
    }

    /// Begins a recording. The disk is touched here, once a session.
    fn roll(&self, session: SessionId) -> Result<Tape, Fault> {
        let (scribe, opening) = Scribe::begin(&self.keys, session)?;
        let blob = self.blobs.create(session, &opening).map_err(|error| unkept(&error))?;
        self.recorder.take_on(scribe, blob)
    }
}

impl ports::Recorder for Recordings {
    fn begin(&self, session: SessionId) -> Later<'_, Result<Tape, Fault>> {
        Box::pin(async move { self.roll(session) })
    }

    fn fetch(&self, session: SessionId, from: u64) -> Later<'_, Result<Option<Bytes>, Fault>> {
        Box::pin(async move {
            match self.blocking(move |blobs| blobs.read(session, from, PIECE)).await? {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(unread(&error)),
            }
        })
    }

    fn over(&self, now: Micros) -> Later<'_, Result<Vec<SessionId>, Fault>> {
        let usually = self.usually;
        Box::pin(async move {
            let all = self.blocking(|blobs| blobs.all()).await?.map_err(|error| unread(&error))?;
            let over = all.into_iter().filter(|(session, keep)| keep.until(session.born(), usually) <= now);
            Ok(over.map(|(session, _)| session).collect())
        })
    }

    fn remove(&self, session: SessionId) -> Later<'_, Result<(), Fault>> {
        Box::pin(
            async move { self.blocking(move |blobs| blobs.remove(session)).await?.map_err(|error| unread(&error)) },
        )
    }
}

fn unkept(cause: &dyn std::fmt::Display) -> Fault {
    Fault::gateway(Code::RecordingFailed, "this session cannot be recorded, so it does not go on")
        .hint("tell whoever runs the gateway: the disk of `blobs` may be full")
        .cause(cause)
}

fn unread(cause: &dyn std::fmt::Display) -> Fault {
    Fault::gateway(Code::RecordingFailed, "the recording cannot be read").hint("see the gateway's log").cause(cause)
}
