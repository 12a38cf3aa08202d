//! `/v1/recordings`: what happened in a session, entry by entry, as lines of JSON.
//!
//! A recording is streamed as it is read: nothing is gathered, and whoever reads slowly holds up this stream alone. What
//! its bytes say is the protocol's to tell. The last line says whether all of it was there.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body::Frame;
use postern_core::gate::Viewing;
use postern_core::ports::Later;
use postern_core::record::{Entry, Moment, Note, Replay, Shown};
use postern_core::{Code, Fault, Micros, OperationId, SessionId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Api;
use crate::caller::Caller;
use crate::problem::Problem;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// Whether to go on as long as the session lasts.
    #[serde(default)]
    follow: bool,
}

pub(crate) async fn show(
    State(api): State<Arc<Api>>,
    Extension(Caller(caller)): Extension<Caller>,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Asked { follow }) = asked
        .map_err(|rejection| Problem::new(Code::RequestInvalid, rejection.body_text()).hint("it takes `follow`"))?;
    // whether it is theirs to see comes before whether it is there
    api.house.may_audit(&caller)?;
    let id: SessionId = id.parse().map_err(|_| Problem::no_recording())?;
    let viewing = api.house.view(id, &caller, follow).await?.ok_or_else(Problem::no_recording)?;
    let player = Player { api: Arc::clone(&api), viewing, replay: None, began: None, over: false };
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::new(Lines::of(player))).into_response())
}

/// Makes lines of a recording.
struct Player {
    api: Arc<Api>,
    viewing: Viewing,
    replay: Option<Box<dyn Replay>>,
    began: Option<Micros>,
    over: bool,
}

/// One line: when, and what.
#[derive(Serialize)]
struct Line<T> {
    at: Micros,
    /// Milliseconds since the recording began.
    ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<OperationId>,
    #[serde(flatten)]
    what: T,
}

impl Player {
    /// The next lines, or nothing at the end.
    async fn next(&mut self) -> Option<Bytes> {
        while !self.over {
            let mut lines = Vec::new();
            match self.viewing.next().await {
                Ok(Some(moment)) => self.lines(moment, &mut lines),
                Ok(None) => {
                    self.over = true;
                    write(&self.ending(), &mut lines);
                }
                Err(fault) => {
                    self.over = true;
                    write(&broken(&fault), &mut lines);
                }
            }
            if !lines.is_empty() {
                return Some(lines.into());
            }
        }
        None
    }

    fn lines(&mut self, Moment { at, entry }: Moment, lines: &mut Vec<u8>) {
        let began = *self.began.get_or_insert(at);
        let ms = u64::try_from(at.since(began).as_millis()).unwrap_or(u64::MAX);
        match entry {
            Entry::Note(note) => {
                if let Note::Opened { protocol, .. } = &*note {
                    self.replay = self.api.replay(protocol);
                }
                write(&Line { at, ms, operation: None, what: note }, lines);
            }
            Entry::Aside { operation, bytes } => {
                let shown = self.replay.as_mut().map(|replay| replay.aside(operation, &bytes));
                shown.into_iter().flatten().for_each(|what| write(&Line { at, ms, operation, what }, lines));
            }
            Entry::Shown { operation, bytes } => {
                let unread = || vec![Shown::LeftOut { bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX) }];
                let shown = self.replay.as_mut().map_or_else(unread, |replay| replay.shown(operation, &bytes));
                shown.into_iter().for_each(|what| write(&Line { at, ms, operation, what }, lines));
            }
        }
    }

    fn ending(&self) -> Value {
        let ending = self.viewing.ending();
        json!({
            "type": "end",
            "whole": ending.whole,
            "live": ending.live,
            "chunks": ending.head.chunks,
            "bytes": ending.head.bytes,
            "head": ending.head.hash,
            "unread_bytes": ending.rest,
        })
    }
}

impl Api {
    fn replay(&self, protocol: &str) -> Option<Box<dyn Replay>> {
        let known = self.protocols.iter().find(|known| known.vocabulary().protocol == protocol);
        known.map(|known| known.replay())
    }
}

fn broken(fault: &Fault) -> Value {
    tracing::warn!(%fault, cause = fault.cause, "a recording cannot be shown to its end");
    json!({ "type": "broken", "code": fault.code, "message": fault.message, "hint": fault.hint })
}

fn write(line: &impl Serialize, lines: &mut Vec<u8>) {
    // every line is made of text and numbers, which JSON takes
    if let Ok(json) = serde_json::to_vec(line) {
        lines.extend_from_slice(&json);
        lines.push(b'\n');
    }
}

/// The lines as the body of an answer, made as they are asked for.
struct Lines(Option<Later<'static, Option<(Bytes, Player)>>>);

impl Lines {
    fn of(mut player: Player) -> Self {
        Self(Some(Box::pin(async move { player.next().await.map(|lines| (lines, player)) })))
    }
}

impl http_body::Body for Lines {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(next) = &mut self.0 else { return Poll::Ready(None) };
        match next.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => {
                self.0 = None;
                Poll::Ready(None)
            }
            Poll::Ready(Some((lines, player))) => {
                *self = Self::of(player);
                Poll::Ready(Some(Ok(Frame::data(lines))))
            }
        }
    }
}
