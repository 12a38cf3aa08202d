//! The model behind a stream, as a target that the gateway dials.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::{Context as _, Result, bail};
use bytes::{Bytes, BytesMut};
use postern_protocols::postgres::wire::{
    Authentication, Backend, Frontend, Limit, Report, Startup, TransactionStatus, frame, startup,
};
use postern_testkit::fakes::MemoryJournal;
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};

use crate::chance::Chance;
use crate::server::{Reached, Server};
use crate::words::is_own;

/// What happened, in the order in which it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// This came to the target, to be run now or later.
    Reached(Reached),
    /// The target has run it.
    Ran(Reached),
    /// A human granted this.
    Granted(Reached),
    /// Nothing of it may come from here on, or may again.
    Barred(bool),
    /// The journal takes nothing from here on.
    Lost,
    /// The target was told to give up what it does.
    Cancelled,
}

/// What came to the target, and how much was in the journal by then.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) what: Reached,
    pub(crate) written: usize,
}

/// All that happened in one case.
#[derive(Clone, Default)]
pub(crate) struct Course {
    events: Arc<Mutex<Vec<Event>>>,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    journal: Arc<OnceLock<Arc<MemoryJournal>>>,
}

impl Course {
    fn lock(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has this journal looked into whenever something comes to the target.
    pub(crate) fn beside(&self, journal: &Arc<MemoryJournal>) {
        self.journal.get_or_init(|| Arc::clone(journal));
    }

    fn came(&self, what: Reached) {
        let written = self.journal.get().map_or(0, |journal| journal.drafts().len());
        let arrival = Arrival { what: what.clone(), written };
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(arrival);
        self.note(Event::Reached(what));
    }

    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn note(&self, event: Event) {
        self.lock().push(event);
    }

    /// Notes what happened earlier than it could be known.
    pub(crate) fn insert(&self, at: usize, event: Event) {
        self.lock().insert(at, event);
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.lock().clone()
    }
}

/// The account that reads the catalog, without which there is no session: to it nobody lies.
const READER: &str = "reader";

/// Serves one connection to its end; keeps to the protocol, or now and then does not.
pub(crate) async fn serve(
    mut stream: DuplexStream,
    course: Course,
    all: Arc<Mutex<Chance>>,
    hostile: bool,
) -> Result<()> {
    let mut input = BytesMut::new();
    let first = loop {
        if let Some(first) = startup::next(&mut input)? {
            break first;
        }
        if stream.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
    };
    let reads = match first {
        Startup::Open { parameters, .. } => parameters.contains(&("user".to_owned(), READER.to_owned())),
        Startup::Cancel { .. } => {
            course.note(Event::Cancelled);
            return Ok(());
        }
        other => bail!("a session begins with {other:?}"),
    };
    let hostile = hostile && !reads;
    // when the catalog is read, no case can tell
    let mut chance = if reads { Chance::new(0) } else { all.lock().unwrap_or_else(PoisonError::into_inner).apart() };
    // a gateway whose client has left reads its catalog no further
    if greet(&mut stream, &mut chance, hostile).await.is_err() {
        return Ok(());
    }
    let mut server = Server::new();
    loop {
        while let Some(frame) = frame::next(&mut input, Limit::CLIENT)? {
            let message = Frontend::decode(&frame).context("the gateway sent what is no message")?;
            if message == Frontend::Terminate {
                return Ok(());
            }
            let said = server.hear(&message);
            let theirs = |one: &Reached| !is_own(&Bytes::copy_from_slice(one.text.as_bytes()));
            server.reached.drain(..).filter(theirs).for_each(|one| course.came(one));
            server.ran.drain(..).filter(theirs).for_each(|one| course.note(Event::Ran(one)));
            // whoever has left hears nothing more, and what it sent is run all the same
            if hostile && chance.one_in(6) {
                let Some(lies) = lies(said, &mut chance) else { return Ok(()) };
                cut(&mut stream, &lies, &mut chance).await.ok();
            } else {
                say(&mut stream, &said, &mut chance).await.ok();
            }
        }
        if stream.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
    }
}

async fn greet(stream: &mut DuplexStream, chance: &mut Chance, hostile: bool) -> Result<()> {
    if !hostile || !chance.one_in(12) {
        return say(stream, &welcome(), chance).await;
    }
    let lies = lies(welcome(), chance).context("it goes as it is come to")?;
    cut(stream, &lies, chance).await
}

fn welcome() -> Vec<Backend> {
    let settings = [("client_encoding", "UTF8"), ("standard_conforming_strings", "on"), ("server_encoding", "UTF8")];
    let told = settings.map(|(name, value)| Backend::ParameterStatus { name: name.into(), value: value.into() });
    let mut welcome = vec![Backend::Authentication(Authentication::Ok)];
    welcome.extend(told);
    welcome.push(Backend::BackendKeyData { process: 7, key: Bytes::from_static(&[1, 2, 3, 4]) });
    welcome.push(Backend::ReadyForQuery { status: TransactionStatus::Idle });
    welcome
}

/// What a target says that means ill, in place of an answer; nothing where it just goes.
fn lies(mut said: Vec<Backend>, chance: &mut Chance) -> Option<BytesMut> {
    let other = match chance.below(12) {
        0 => Backend::ReadyForQuery {
            status: *chance.of(&[TransactionStatus::Idle, TransactionStatus::InTransaction, TransactionStatus::Failed]),
        },
        1 => {
            let code = *chance.of(&["42601", "57014", "XX000"]);
            Backend::ErrorResponse(Report::error(code, "a lie"))
        }
        2 => Backend::ErrorResponse(Report::fatal("57P01", "a lie")),
        3 => Backend::CopyInResponse { overall: 0, formats: vec![0] },
        4 => Backend::CopyBothResponse { overall: 0, formats: Vec::new() },
        5 => Backend::CommandComplete { tag: Bytes::from_static(b"DELETE 7") },
        6 => Backend::ParameterStatus {
            name: "client_encoding".into(),
            value: chance.of(&["UTF8", "LATIN1"]).as_bytes().into(),
        },
        7 => Backend::Authentication(Authentication::CleartextPassword),
        8 => Backend::BackendKeyData { process: 8, key: Bytes::from_static(&[9; 4]) },
        9 => Backend::DataRow(Bytes::from_static(&[0, 1, 0xff, 0xff])),
        10 => Backend::NoticeResponse(Report::notice("a lie")),
        _ => {
            chance.of(&[Backend::ParseComplete, Backend::BindComplete, Backend::CloseComplete, Backend::NoData]).clone()
        }
    };
    let at = chance.below(said.len() + 1);
    match chance.below(8) {
        0..=2 => said.insert(at, other),
        3 if at < said.len() => drop(said.remove(at)),
        4 if at < said.len() => said.insert(at, said[at].clone()),
        5 => said.reverse(),
        6 => return None,
        _ => said = vec![other],
    }
    let mut out = BytesMut::new();
    said.iter().for_each(|message| message.encode(&mut out).unwrap());
    match chance.below(10) {
        // a length that is none, and bytes that are nothing
        0 => out.extend_from_slice(&[b'D', 0xff, 0xff, 0xff, 0xff]),
        1 => out.extend_from_slice(&[b'T', 0, 0, 0, 6, 0x7f, 0xff]),
        2 => out.extend((0..1 + chance.below(30)).map(|_| u8::try_from(chance.below(256)).unwrap())),
        3 => out.truncate(chance.below(out.len() + 1)),
        _ => {}
    }
    Some(out)
}

/// Writes messages, cut anywhere.
async fn say(stream: &mut DuplexStream, messages: &[Backend], chance: &mut Chance) -> Result<()> {
    let mut out = BytesMut::new();
    for message in messages {
        message.encode(&mut out)?;
    }
    cut(stream, &out, chance).await
}

/// Writes bytes in pieces, between which others may go on.
pub(crate) async fn cut(stream: &mut (impl AsyncWrite + Unpin), mut bytes: &[u8], chance: &mut Chance) -> Result<()> {
    while !bytes.is_empty() {
        let most = if chance.one_in(2) { bytes.len() } else { bytes.len().min(24) };
        let (piece, rest) = bytes.split_at(1 + chance.below(most));
        stream.write_all(piece).await?;
        bytes = rest;
        if chance.one_in(2) {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}
