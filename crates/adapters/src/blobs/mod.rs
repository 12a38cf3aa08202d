//! Recordings as files: one thread that keeps what sessions put on their tapes, and a folder that it keeps it in.
//!
//! What a chunk is and how it proves itself is core's. A session never waits for the disk here: it puts entries on its
//! tape, the thread takes them within a fifth of a second, and where it cannot keep up the tape says so. A recording
//! that cannot be written ends its session and no other; a disk that hangs holds up all of them. Enter at [`Recordings::open`].

mod compare;
mod files;
mod recorder;

#[cfg(test)]
mod tests;

pub use compare::{Compared, compare};

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
use tokio::sync::Semaphore;

use self::files::{Blobs, Folder};
use self::recorder::Recorder;
use crate::journal::Durability;

/// How long entries may wait before they are kept: what a killed gateway loses at most, twice over.
const SOON: Duration = Duration::from_millis(100);
/// How many may wait for the disk at once.
const MOST: usize = 16;
/// How much of a recording is read at once, in bytes.
const PIECE: usize = 256 << 10;

/// The recordings of a gateway. Its thread ends when it is dropped, with everything kept that was taken.
pub struct Recordings {
    keys: RecordKeys,
    blobs: Arc<dyn Blobs>,
    recorder: Recorder,
    durability: Durability,
    /// Who may wait for the disk.
    places: Arc<Semaphore>,
    /// How long recordings are kept of which no rule says it.
    usually: Duration,
}

impl Recordings {
    /// Keeps recordings in `folder`, and makes it where it is missing; for so long where no rule says how long. Only the
    /// gateway's own account may read it. What the journal says of them is as durable as `durability`.
    ///
    /// # Errors
    /// [`Code::RecordingFailed`] where it cannot be written.
    pub fn open(folder: &Path, keys: RecordKeys, durability: Durability, usually: Duration) -> Result<Self, Fault> {
        let folder = Folder::open(folder).map_err(|error| {
            let message = format!("the folder of recordings `{}` cannot be written", folder.display());
            Fault::gateway(Code::RecordingFailed, message)
                .hint(format!("see that the gateway's account may write there: {error}"))
        })?;
        Self::begin(Arc::new(folder), keys, durability, usually)
    }

    fn begin(
        blobs: Arc<dyn Blobs>,
        keys: RecordKeys,
        durability: Durability,
        usually: Duration,
    ) -> Result<Self, Fault> {
        Ok(Self {
            keys,
            blobs,
            recorder: Recorder::start()?,
            durability,
            places: Arc::new(Semaphore::new(MOST)),
            usually,
        })
    }

    /// Does something that waits for the disk where nobody waits with it.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Blobs) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let blobs = Arc::clone(&self.blobs);
        // THREAT: a disk that hangs, and every thread of the gateway that may wait hanging with it
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|error| unread(&error))?;
        let work = move || {
            let done = work(&*blobs);
            drop(place);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| unread(&error))
    }
}

impl ports::Recorder for Recordings {
    fn begin(&self, session: SessionId) -> Later<'_, Result<Tape, Fault>> {
        Box::pin(async move {
            let (scribe, opening) = Scribe::begin(&self.keys, session)?;
            let blob = self.blocking(move |blobs| blobs.create(session, &opening)).await?;
            self.recorder.take_on(scribe, blob.map_err(|error| unkept(&error))?)
        })
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

    fn sync(&self, session: SessionId) -> Later<'_, Result<(), Fault>> {
        Box::pin(async move {
            match self.durability {
                Durability::Os => Ok(()),
                Durability::Fsync => {
                    self.blocking(move |blobs| blobs.sync(session)).await?.map_err(|error| unkept(&error))
                }
            }
        })
    }

    fn over(&self, now: Micros) -> Later<'_, Result<Vec<SessionId>, Fault>> {
        let usually = self.usually;
        Box::pin(async move {
            let all = self.blocking(|blobs| blobs.all()).await?.map_err(|error| unread(&error))?;
            let mut over = Vec::new();
            for (session, keep) in all {
                match keep {
                    Some(keep) if keep.until(session.born(), usually) <= now => over.push(session),
                    Some(_) => {}
                    None => tracing::warn!(%session, "how long a recording is kept cannot be read; it stays"),
                }
            }
            Ok(over)
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
