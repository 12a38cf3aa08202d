//! The model behind a stream, as a target that the gateway dials.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, bail};
use bytes::{Bytes, BytesMut};
use postern_protocols::postgres::wire::{
    Authentication, Backend, Frontend, Limit, Startup, TransactionStatus, frame, startup,
};
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
    /// The target was told to give up what it does.
    Cancelled,
}

/// All that happened in one case.
#[derive(Clone, Default)]
pub(crate) struct Course(Arc<Mutex<Vec<Event>>>);

impl Course {
    fn lock(&self) -> MutexGuard<'_, Vec<Event>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Serves one connection to its end.
pub(crate) async fn serve(mut stream: DuplexStream, course: Course, mut chance: Chance) -> Result<()> {
    let mut input = BytesMut::new();
    let first = loop {
        if let Some(first) = startup::next(&mut input)? {
            break first;
        }
        if stream.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
    };
    match first {
        Startup::Open { .. } => {}
        Startup::Cancel { .. } => {
            course.note(Event::Cancelled);
            return Ok(());
        }
        other => bail!("a session begins with {other:?}"),
    }
    say(&mut stream, &welcome(), &mut chance).await?;
    let mut server = Server::new();
    loop {
        while let Some(frame) = frame::next(&mut input, Limit::CLIENT)? {
            let message = Frontend::decode(&frame).context("the gateway sent what is no message")?;
            if message == Frontend::Terminate {
                return Ok(());
            }
            let said = server.hear(&message);
            let theirs = |one: &Reached| !is_own(&Bytes::copy_from_slice(one.text.as_bytes()));
            server.reached.drain(..).filter(theirs).for_each(|one| course.note(Event::Reached(one)));
            server.ran.drain(..).filter(theirs).for_each(|one| course.note(Event::Ran(one)));
            // whoever has left hears nothing more, and what it sent is run all the same
            say(&mut stream, &said, &mut chance).await.ok();
        }
        if stream.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
    }
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
