//! What the client says, message by message: read, submitted, forwarded, or refused.
//!
//! It decides nothing: every message that asks for something becomes operations for the gate, and what the gate does
//! not permit is replaced by a message that must fail in the same way, so that the server itself keeps transaction
//! and pipeline right.

#![expect(clippy::wildcard_enum_match_arm, reason = "most messages name nothing")]

use std::sync::atomic::Ordering;

use std::sync::Arc;

use bytes::Bytes;
use postern_core::{Code, Denial, Fault};

use super::super::analyze::{Encoding, LONGEST_NAME};
use super::super::forward::{Continuation, Control};
use super::super::login::violation;
use super::super::refuse;
use super::super::wire::{Frame, Frontend, Named, Report};
use super::calling;
use super::incoming::Came;
use super::outcome::Message;
use super::reading::Obstacle;
use super::registry::Found;
use super::reply::{Described, Reply};
use super::submission::{Request, Wanted};
use super::walsender::{self, Copying};
use super::{Early, End, Pipeline, Session};

/// How many replies may be owed, or names be touched by what is, before no more messages are taken.
const MOST_OWED: usize = 4096;

/// What became of a message.
enum Taken {
    /// It was dealt with.
    Done,
    /// It cannot be yet: take it again once the target has answered.
    NotYet,
}

impl Session<'_> {
    /// Takes messages of the client as long as nothing stands in the way.
    pub(super) async fn advance(&mut self) -> Result<(), End> {
        while let Some(frame) = self.next().await? {
            if let Taken::NotYet = self.take(&frame).await? {
                self.parked = Some(frame);
                return Ok(());
            }
        }
        Ok(())
    }

    /// The next message that can be taken now.
    async fn next(&mut self) -> Result<Option<Frame>, End> {
        loop {
            self.go_on().await?;
            self.left.of_client = self.to_target.is_full();
            let early = self.early.is_some() && self.copying == Copying::Nothing;
            if early || self.holding.is_some() || self.cancelling.is_some() || self.to_target.is_full() {
                return Ok(None);
            }
            // what comes behind rows that are counted must fail with them, where there are too many
            if self.counts() {
                return Ok(None);
            }
            if self.parked.is_some() {
                let waits = !self.replies.settled() && self.copying == Copying::Nothing;
                return Ok(if waits { None } else { self.parked.take() });
            }
            if self.owes_enough() {
                self.to_target.control(&Control::Flush);
                return Ok(None);
            }
            match self.incoming().await? {
                Came::Message(frame) => {
                    self.replies.taken(self.place());
                    // whoever it was for has given up
                    drop(self.names.refusal());
                    return Ok(Some(frame));
                }
                Came::End => {}
                Came::Nothing => return Ok(None),
            }
        }
    }

    async fn take(&mut self, frame: &Frame) -> Result<Taken, End> {
        let message = Frontend::decode(frame).map_err(violation)?;
        if self.copying == Copying::Both
            && let Some(fault) = walsender::out_of_stream(&message)
        {
            return Err(End::Fault(fault));
        }
        if self.skipping && !matches!(message, Frontend::Sync | Frontend::Terminate) {
            return Ok(Taken::Done);
        }
        if self.replication.is_some()
            && let Some((report, kind)) = walsender::forbidden(&message)
        {
            return self.refuse(report, kind).await.map(|()| Taken::Done);
        }
        if let Some(report) = unusable(&message, self.names.encoding) {
            return self.refuse(report, Message::Extended).await.map(|()| Taken::Done);
        }
        // a server fails the COPY by it and passes over it; here nobody would know which of them came first
        if self.copying == Copying::In && matches!(message, Frontend::Query { .. } | Frontend::FunctionCall { .. }) {
            let message = format!("unexpected message type 0x{:02X} during COPY from stdin", message.tag());
            return Err(End::Fault(Fault::client(Code::ClientViolation, message).hint("end the COPY before it")));
        }
        match message {
            Frontend::Query { text } => {
                if !self.replies.settled() {
                    return Ok(Taken::NotYet);
                }
                return self.request(Request::new(text, Wanted::Run), frame).await;
            }
            Frontend::Parse { name, text, types } => {
                let request = Request { types, ..Request::new(text, Wanted::Prepare(name)) };
                return self.request(request, frame).await;
            }
            Frontend::Bind { .. } => return self.bind(message, frame).await,
            Frontend::Describe { kind, name } => return self.describe(kind, &name, frame).await,
            Frontend::Execute { portal, .. } => return self.execute(&portal, frame).await,
            Frontend::Close { kind, name } => {
                self.to_target.control(&Control::Close(frame.clone()));
                self.reached(Pipeline::Prepared);
                self.registry.close(kind, &name);
                self.replies.expect(Reply::Close { kind, name });
            }
            Frontend::Sync => self.sync(),
            Frontend::Flush if self.copying != Copying::Nothing => {}
            Frontend::Flush => self.to_target.control(&Control::Flush),
            Frontend::CopyData(_) => return Ok(self.copy(frame, false)),
            Frontend::CopyDone | Frontend::CopyFail { .. } => return Ok(self.copy(frame, true)),
            Frontend::FunctionCall { function, formats, arguments, .. } => {
                if !self.replies.settled() {
                    return Ok(Taken::NotYet);
                }
                match calling::statement(function, arguments.len()) {
                    Ok(text) => {
                        let request = Request::new(text, Wanted::Call);
                        return self.request(Request { formats, parameters: arguments, ..request }, frame).await;
                    }
                    Err(denial) => self.refuse(refuse::denial(&denial), Message::Simple).await?,
                }
            }
            Frontend::Terminate => return Err(End::Client),
            Frontend::Password(_) => {
                return Err(End::Fault(Fault::client(Code::ClientViolation, "a password was sent in an open session")));
            }
        }
        Ok(Taken::Done)
    }

    /// Reads what a message asks for, and asks the gate about it.
    async fn request(&mut self, request: Request, frame: &Frame) -> Result<Taken, End> {
        let statements = match self.read(&request).await? {
            Ok(statements) => statements,
            Err(Obstacle::NotYet) => return Ok(Taken::NotYet),
            Err(Obstacle::Refuse(report)) => {
                return self.refuse(report, request.message()).await.map(|()| Taken::Done);
            }
        };
        let request = Request { statements, ..request };
        let (names, bytes) = request.names();
        match self.registry.room.lacks(names, bytes) {
            Some(report) => self.refuse(report, request.message()).await?,
            None => self.submit(request, frame.raw.clone()).await?,
        }
        Ok(Taken::Done)
    }

    async fn bind(&mut self, message: Frontend, frame: &Frame) -> Result<Taken, End> {
        let Frontend::Bind { portal, statement, parameter_formats, parameters, result_formats } = message else {
            return Ok(Taken::Done);
        };
        let prepared = match self.registry.statement(&statement, self.replies.settled()) {
            Found::Is(prepared) => prepared,
            Found::Unconfirmed => return Ok(Taken::NotYet),
            Found::Nothing => return self.missing(frame).await.map(|()| Taken::Done),
        };
        // names may have come to mean something else since the statement was parsed; the server plans it anew then
        let (text, types) = (prepared.text.clone(), prepared.types.clone());
        let wanted = Wanted::Bind { portal, statement, prepared, results: result_formats };
        let request = Request { types, formats: parameter_formats, parameters, ..Request::new(text, wanted) };
        self.request(request, frame).await
    }

    async fn describe(&mut self, kind: Named, name: &Bytes, frame: &Frame) -> Result<Taken, End> {
        let settled = self.replies.settled();
        let describe = Continuation::Describe(frame.clone());
        let described = match kind {
            Named::Statement => match self.registry.statement(name, settled) {
                Found::Unconfirmed => return Ok(Taken::NotYet),
                Found::Nothing => None,
                Found::Is(prepared) => {
                    self.to_target.follow(&prepared.flow, &describe);
                    Some(Described::Statement(prepared))
                }
            },
            Named::Portal => match self.registry.portal(name, settled) {
                Found::Unconfirmed => return Ok(Taken::NotYet),
                Found::Nothing => self.registry.cursor(&String::from_utf8_lossy(name)).map(|cursor| {
                    self.to_target.follow(&cursor.flow, &describe);
                    Described::Cursor(Arc::clone(&cursor.flow))
                }),
                Found::Is(portal) => {
                    self.to_target.follow(&portal.flow, &describe);
                    Some(Described::Portal(portal))
                }
            },
        };
        match described {
            Some(of) => {
                self.reached(Pipeline::Prepared);
                self.replies.expect(Reply::Describe { of });
            }
            None => self.missing(frame).await?,
        }
        Ok(Taken::Done)
    }

    async fn execute(&mut self, name: &Bytes, frame: &Frame) -> Result<Taken, End> {
        let portal = match self.registry.portal(name, self.replies.settled()) {
            Found::Is(portal) => portal,
            Found::Unconfirmed => return Ok(Taken::NotYet),
            Found::Nothing => return self.missing(frame).await.map(|()| Taken::Done),
        };
        match self.unconfirmed(&portal.statements) {
            Some(Obstacle::NotYet) => return Ok(Taken::NotYet),
            Some(Obstacle::Refuse(report)) => {
                return self.refuse(report, Message::Extended).await.map(|()| Taken::Done);
            }
            None => {}
        }
        let stands = self.gate.stands(&portal.flow)?;
        let moved = || Denial::new(Code::MeaningChanged, "what its names mean changed since it was bound");
        if let Err(denial) = stands.and_then(|()| if self.still_means(&portal) { Ok(()) } else { Err(moved()) }) {
            let report = refuse::denial(&denial.hint("bind it again"));
            return self.refuse(report, Message::Extended).await.map(|()| Taken::Done);
        }
        // its time begins when all before it is answered, and the server keeps answers back for as long as it works
        if portal.flow.limits().timeout.is_some() {
            self.to_target.control(&Control::Flush);
        }
        self.to_target.follow(&portal.flow, &Continuation::Execute(frame.clone()));
        self.reached(Pipeline::Executed);
        self.set_off(&portal.statements);
        portal.statements.iter().for_each(|statement| self.registry.executed(statement));
        portal.ran.store(self.registry.ran(), Ordering::Relaxed);
        self.replies.expect(Reply::Execute { portal });
        // nothing more is sent until it is answered, so the server is asked to answer
        if self.replies.counts() {
            self.to_target.control(&Control::Flush);
        }
        Ok(Taken::Done)
    }

    /// Whether nothing may be sent behind what is counted, or timed. A COPY waits for its data.
    pub(super) fn counts(&self) -> bool {
        self.copying == Copying::Nothing && self.replies.counts()
    }

    /// Whether the target must answer before any more messages are taken, so that what is owed, and what is kept of the
    /// names in it, is bounded. A COPY waits for its data.
    pub(super) fn owes_enough(&self) -> bool {
        let names = self.copying == Copying::Nothing && self.registry.touched() >= MOST_OWED;
        names || self.replies.len() >= MOST_OWED
    }

    /// The pipeline at hand has got as far as this.
    pub(super) fn reached(&mut self, stage: Pipeline) {
        self.pipeline = self.pipeline.max(stage);
    }

    /// While the server takes COPY data it does not answer a Sync, and so gets none.
    fn sync(&mut self) {
        if self.copying != Copying::Nothing {
            return;
        }
        (self.skipping, self.adrift) = (false, false);
        self.pipeline = Pipeline::None;
        self.registry.end_pipeline();
        if self.replies.ends_with_copy() {
            self.to_target.control(&Control::Flush);
            self.early = Some(Early { fed: false });
            return;
        }
        self.to_target.control(&Control::Sync);
        self.replies.expect(Reply::Sync);
    }

    /// Sends a Sync that came early once what it stands behind is answered; unless the server has read it as COPY data.
    pub(super) fn let_sync_follow(&mut self) {
        if self.replies.ends_with_copy() {
            return;
        }
        if let Some(Early { fed: false }) = self.early.take() {
            self.skipping = false;
            self.to_target.control(&Control::Sync);
            self.replies.expect(Reply::Sync);
        }
    }

    /// COPY data belongs to the operation that asked for it. Some clients send it ahead of the server's word; without
    /// an operation that could ask for it, it is dropped, as the server does.
    fn copy(&mut self, frame: &Frame, ends: bool) -> Taken {
        if self.copying == Copying::Nothing {
            if !self.replies.may_take_copy() {
                return Taken::Done;
            }
            return Taken::NotYet;
        }
        let continuation = Continuation::Copy(frame.clone());
        match self.replies.first() {
            Some(Reply::Query(query)) => self.to_target.follow(&query.flow, &continuation),
            Some(Reply::Execute { portal }) => self.to_target.follow(&portal.flow, &continuation),
            _ => {}
        }
        self.fed();
        if ends {
            self.replies.given();
            self.early = None;
            self.copying = Copying::Nothing;
        }
        // what is counted or timed is waited for before anything else is sent
        if self.counts() {
            self.to_target.control(&Control::Flush);
        }
        Taken::Done
    }

    /// Data is on its way to the server.
    pub(super) fn fed(&mut self) {
        if let Some(early) = &mut self.early {
            early.fed = true;
        }
    }
}

/// THREAT: the server cuts names at 63 bytes, so that two longer ones are one there and two here.
fn unusable(message: &Frontend, encoding: Encoding) -> Option<Report> {
    let other = |name: &Bytes| name.len() > LONGEST_NAME || !encoding.keeps(name);
    let found = match message {
        Frontend::Parse { name, .. } | Frontend::Describe { name, .. } | Frontend::Close { name, .. } => other(name),
        Frontend::Bind { portal, statement, .. } => other(portal) || other(statement),
        Frontend::Execute { portal, .. } => other(portal),
        _ => false,
    };
    let denial = || {
        let message = format!(
            "a name has more than {LONGEST_NAME} bytes, or letters beyond ASCII in a database that is not in UTF-8"
        );
        Denial::new(Code::NotSupported, message).hint("use a shorter name, in ASCII")
    };
    found.then(|| refuse::denial(&denial()))
}
