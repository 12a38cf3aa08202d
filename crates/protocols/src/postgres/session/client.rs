//! What the client says, message by message: read, submitted, forwarded, or refused.
//!
//! It decides nothing: every message that asks for something becomes operations for the gate, and what the gate does
//! not permit is replaced by a message that must fail in the same way, so that the server itself keeps transaction
//! and pipeline right.

#![expect(clippy::wildcard_enum_match_arm, reason = "most messages and kinds name nothing")]

use std::sync::Arc;

use bytes::Bytes;
use postern_core::operation::Stage;
use postern_core::{Code, Denial, Fault, Operation};

use super::super::analyze::{self, Kind, Names, Statement};
use super::super::forward::{Continuation, Control};
use super::super::login::violation;
use super::super::refuse;
use super::super::wire::{Frame, Frontend, Limit, Named, Report, TransactionStatus, frame};
use super::names::Stale;
use super::outcome::{Message, Then};
use super::registry::Found;
use super::reply::{Answers, Reply};
use super::submission;
use super::{End, MOST_OWED, MOST_READ, Parked, Session};

/// The longest name that the server tells from others (`NAMEDATALEN`, its terminator aside).
const LONGEST_NAME: usize = 63;
/// The longest text whose reading is kept, in bytes.
const LONGEST_KEPT: usize = 16 << 10;

/// What became of a message.
enum Taken {
    /// It was dealt with.
    Done,
    /// It cannot be yet: take it again once the target has answered.
    NotYet,
}

/// Why a statement cannot be submitted as it stands.
enum Obstacle {
    /// The target must answer first.
    NotYet,
    /// It must not be.
    Refuse(Report),
}

impl Session<'_> {
    /// Takes messages of the client as long as nothing stands in the way.
    pub(super) async fn advance(&mut self) -> Result<(), End> {
        loop {
            if self.holding.is_some() || self.to_target.is_full() {
                return Ok(());
            }
            let frame = match self.parked.take() {
                Some(parked @ Parked::Asking(..)) if !self.replies.settled() => {
                    self.parked = Some(parked);
                    return Ok(());
                }
                Some(parked) if !self.replies.settled() && !self.copying => {
                    self.parked = Some(parked);
                    return Ok(());
                }
                Some(Parked::Asking(asking, then)) => {
                    self.ask(asking, then).await?;
                    continue;
                }
                Some(Parked::Frame(frame)) => frame,
                None if self.replies.len() >= MOST_OWED => {
                    self.to_target.control(&Control::Flush);
                    return Ok(());
                }
                None => match frame::next(&mut self.from_client.buffer, Limit::CLIENT).map_err(violation)? {
                    Some(frame) => frame,
                    None => return Ok(()),
                },
            };
            if let Taken::NotYet = self.take(&frame).await? {
                self.parked = Some(Parked::Frame(frame));
                return Ok(());
            }
        }
    }

    async fn take(&mut self, frame: &Frame) -> Result<Taken, End> {
        let message = Frontend::decode(frame).map_err(violation)?;
        if self.skipping && !matches!(message, Frontend::Sync | Frontend::Terminate) {
            return Ok(Taken::Done);
        }
        if let Some(report) = overlong(&message) {
            return self.refuse(report, Message::Extended).await.map(|()| Taken::Done);
        }
        match message {
            Frontend::Query { text } => return self.query(text, frame).await,
            Frontend::Parse { name, text, types } => return self.parse(name, text, types, frame).await,
            Frontend::Bind { .. } => return self.bind(message, frame).await,
            Frontend::Describe { kind, name } => return self.describe(kind, &name, frame).await,
            Frontend::Execute { portal, .. } => return self.execute(&portal, frame).await,
            Frontend::Close { kind, name } => {
                self.to_target.control(&Control::Close(frame.clone()));
                self.registry.close(kind, &name);
                self.replies.expect(Reply::Close { kind, name });
            }
            Frontend::Sync => self.sync(),
            Frontend::Flush if self.copying => {}
            Frontend::Flush => self.to_target.control(&Control::Flush),
            Frontend::CopyData(_) => return Ok(self.copy(frame, false)),
            Frontend::CopyDone | Frontend::CopyFail { .. } => return Ok(self.copy(frame, true)),
            Frontend::FunctionCall => {
                let denial =
                    Denial::new(Code::NotSupported, "calling functions by number is not passed through this gateway");
                self.refuse(refuse::denial(&denial.hint("call the function in a SELECT")), Message::Simple).await?;
            }
            Frontend::Terminate => return Err(End::Client),
            Frontend::Password(_) => {
                return Err(End::Fault(Fault::client(Code::ClientViolation, "a password was sent in an open session")));
            }
        }
        Ok(Taken::Done)
    }

    async fn query(&mut self, text: Bytes, frame: &Frame) -> Result<Taken, End> {
        if !self.replies.settled() {
            return Ok(Taken::NotYet);
        }
        let statements = match self.read(&text).await? {
            Ok(statements) => statements,
            Err(obstacle) => return self.obstructed(obstacle, Message::Simple).await,
        };
        let meaning = self.whole_meaning(&statements, &text);
        let operations = statements.iter().map(|one| self.operation(one, Stage::Run, meaning.clone())).collect();
        self.submit(operations, frame.raw.clone(), Then::Query(statements)).await.map(|()| Taken::Done)
    }

    async fn parse(&mut self, name: Bytes, text: Bytes, types: Vec<u32>, frame: &Frame) -> Result<Taken, End> {
        let statement = match self.read(&text).await? {
            Ok(statement) => statement,
            Err(obstacle) => return self.obstructed(obstacle, Message::Extended).await,
        };
        let operations = statement.iter().map(|one| self.operation(one, Stage::Prepare, text.clone())).collect();
        self.submit(
            operations,
            frame.raw.clone(),
            Then::Parse { name: kept(&name), text: kept(&text), types, statement },
        )
        .await?;
        Ok(Taken::Done)
    }

    async fn bind(&mut self, message: Frontend, frame: &Frame) -> Result<Taken, End> {
        let Frontend::Bind { portal, statement: name, parameter_formats, parameters, result_formats } = message else {
            return Ok(Taken::Done);
        };
        let prepared = match self.registry.statement(&name, self.replies.settled()) {
            Found::Is(prepared) => prepared,
            Found::Unconfirmed => return Ok(Taken::NotYet),
            Found::Nothing => {
                let report = refuse::unknown_statement(&String::from_utf8_lossy(&name));
                return self.refuse(report, Message::Extended).await.map(|()| Taken::Done);
            }
        };
        // names may have come to mean something else since the statement was parsed; the server plans it anew then
        let statement = match self.read(&prepared.text).await? {
            Ok(statement) => statement,
            Err(obstacle) => return self.obstructed(obstacle, Message::Extended).await,
        };
        let whole = self.whole_meaning(&statement, &prepared.text);
        let meaning = submission::meaning(&whole, &prepared.types, &parameter_formats);
        let operations: Vec<Operation> = statement
            .iter()
            .map(|one| Operation { parameters: parameters.clone(), ..self.operation(one, Stage::Run, meaning.clone()) })
            .collect();
        let statement_name = name;
        let then = Then::Bind { name: kept(&portal), statement_name, prepared, statement, formats: result_formats };
        self.submit(operations, frame.raw.clone(), then).await?;
        Ok(Taken::Done)
    }

    async fn describe(&mut self, kind: Named, name: &Bytes, frame: &Frame) -> Result<Taken, End> {
        let settled = self.replies.settled();
        let describe = Continuation::Describe(frame.clone());
        let report = match kind {
            Named::Statement => match self.registry.statement(name, settled) {
                Found::Unconfirmed => return Ok(Taken::NotYet),
                Found::Nothing => Some(refuse::unknown_statement(&String::from_utf8_lossy(name))),
                Found::Is(prepared) => {
                    self.to_target.follow(&prepared.flow, &describe);
                    None
                }
            },
            Named::Portal => match self.registry.portal(name, settled) {
                Found::Unconfirmed => return Ok(Taken::NotYet),
                Found::Nothing => match self.registry.cursor_flow(name) {
                    None => Some(refuse::unknown_portal(&String::from_utf8_lossy(name))),
                    Some(flow) => {
                        self.to_target.follow(flow, &describe);
                        None
                    }
                },
                Found::Is(portal) => {
                    self.to_target.follow(&portal.flow, &describe);
                    None
                }
            },
        };
        match report {
            None => self.replies.expect(Reply::Describe),
            Some(report) => self.refuse(report, Message::Extended).await?,
        }
        Ok(Taken::Done)
    }

    async fn execute(&mut self, name: &Bytes, frame: &Frame) -> Result<Taken, End> {
        let portal = match self.registry.portal(name, self.replies.settled()) {
            Found::Is(portal) => portal,
            Found::Unconfirmed => return Ok(Taken::NotYet),
            Found::Nothing => {
                let report = refuse::unknown_portal(&String::from_utf8_lossy(name));
                return self.refuse(report, Message::Extended).await.map(|()| Taken::Done);
            }
        };
        if !self.gate.stands(&portal.flow) {
            let denial = Denial::new(Code::PolicyChanged, "the policy changed since this statement was bound");
            let report = refuse::denial(&denial.hint("bind it again"));
            return self.refuse(report, Message::Extended).await.map(|()| Taken::Done);
        }
        let moved = self.names.stale() != Stale::Nothing || portal.at != self.generation();
        if moved && portal.statement.iter().any(submission::resolves_late) {
            let denial = Denial::new(Code::Unreadable, "what its names mean changed since it was bound");
            let report = refuse::denial(&denial.hint("bind it again"));
            return self.refuse(report, Message::Extended).await.map(|()| Taken::Done);
        }
        self.to_target.follow(&portal.flow, &Continuation::Execute(frame.clone()));
        self.executed = true;
        let masked = !self.gate.masks().is_empty();
        for statement in portal.statement.iter() {
            self.names.forwarded(statement, masked);
        }
        self.replies.expect(Reply::Execute { portal });
        Ok(Taken::Done)
    }

    /// While the server takes COPY data it does not answer a Sync, and so gets none.
    fn sync(&mut self) {
        if self.copying {
            return;
        }
        self.skipping = false;
        self.executed = false;
        self.bound = false;
        self.registry.end_pipeline();
        self.to_target.control(&Control::Sync);
        self.replies.expect(Reply::Sync);
    }

    /// COPY data belongs to the operation that asked for it. Some clients send it ahead of the server's word; without
    /// an operation that could ask for it, it is dropped, as the server does.
    fn copy(&mut self, frame: &Frame, ends: bool) -> Taken {
        if !self.copying {
            if !self.replies.may_take_copy() {
                return Taken::Done;
            }
            // the server asks for the data only once it has seen what takes it
            self.to_target.release();
            return Taken::NotYet;
        }
        let continuation = Continuation::Copy(frame.clone());
        match self.replies.first() {
            Some(Reply::Query(query)) => self.to_target.follow(&query.flow, &continuation),
            Some(Reply::Execute { portal }) => self.to_target.follow(&portal.flow, &continuation),
            _ => {}
        }
        self.copying = !ends;
        Taken::Done
    }

    /// A text, and what it runs by name.
    fn whole_meaning(&self, statements: &[Statement], text: &Bytes) -> Bytes {
        let mut meaning = text.to_vec();
        for statement in statements {
            let named = match &statement.kind {
                Kind::Execute { name, .. } => self.registry.prepared(name),
                Kind::Fetch { name } => self.registry.cursor(name),
                _ => None,
            };
            if let Some(named) = named {
                meaning.push(0);
                meaning.extend_from_slice(named.text.as_bytes());
            }
        }
        meaning.into()
    }

    /// Grows whenever a name comes to mean something else.
    pub(super) fn generation(&self) -> (u64, u64) {
        (self.names.revision, self.registry.generation())
    }

    async fn obstructed(&mut self, obstacle: Obstacle, message: Message) -> Result<Taken, End> {
        match obstacle {
            Obstacle::NotYet => Ok(Taken::NotYet),
            Obstacle::Refuse(report) => self.refuse(report, message).await.map(|()| Taken::Done),
        }
    }

    /// Reads a text with the names that hold now.
    async fn read(&mut self, text: &Bytes) -> Result<Result<Arc<[Statement]>, Obstacle>, End> {
        if let Some(obstacle) = self.freshen().await? {
            return Ok(Err(obstacle));
        }
        let statements = self.reading(text);
        if statements.iter().any(submission::names_another) && !self.replies.is_empty() {
            if !self.replies.settled() {
                return Ok(Err(Obstacle::NotYet));
            }
            let denial = Denial::new(Code::Unreadable, "what it names may be defined by the pipeline it stands in");
            return Ok(Err(Obstacle::Refuse(refuse::denial(&denial.hint("end the pipeline with Sync before it")))));
        }
        if let Some(why) = analyze::must_be_sent_separately(&statements, self.names.unsettled()) {
            let denial = Denial::new(Code::Unreadable, why).hint("send the statements one by one");
            return Ok(Err(Obstacle::Refuse(refuse::denial(&denial))));
        }
        if let Some(name) = statements.iter().find_map(submission::unpinned) {
            let message = format!("setting `{name}` stays as it is here, because it changes how statements are read");
            return Ok(Err(Obstacle::Refuse(refuse::denial(&Denial::new(Code::SettingPinned, message)))));
        }
        Ok(Ok(statements))
    }

    fn reading(&mut self, text: &Bytes) -> Arc<[Statement]> {
        if self.readings_of != self.names.revision || self.readings.len() >= MOST_READ {
            self.readings.clear();
            self.readings_of = self.names.revision;
        }
        if let Some(reading) = self.readings.get(text) {
            return Arc::clone(reading);
        }
        let names = Names {
            catalog: &self.names.catalog,
            search_path: &self.names.path,
            user: &self.names.user,
            prepared: &|name| self.registry.prepared(name),
            cursors: &|name| self.registry.cursor(name),
        };
        let reading = submission::read(text, &names);
        // what `EXECUTE` and `FETCH` mean changes without the names changing
        if text.len() <= LONGEST_KEPT && reading.iter().all(|one| one.kind == Kind::Plain) {
            self.readings.insert(kept(text), Arc::clone(&reading));
        }
        reading
    }

    /// Makes sure that names mean what the server takes them to mean, or says why that cannot be known now.
    async fn freshen(&mut self) -> Result<Option<Obstacle>, End> {
        self.names.refresh(self.catalogs, &mut self.gate).await?;
        if self.names.stale() == Stale::Nothing {
            return Ok(None);
        }
        if !self.replies.settled() {
            return Ok(Some(Obstacle::NotYet));
        }
        // a Sync of the gateway's own would end the client's pipeline, and commit what was executed in it
        let piped = self.bound && self.status != TransactionStatus::InTransaction;
        if !self.replies.is_empty() || piped {
            let why = "an earlier statement of this pipeline changes what names mean";
            let denial = Denial::new(Code::Unreadable, why).hint("end the pipeline with Sync before this statement");
            return Ok(Some(Obstacle::Refuse(refuse::denial(&denial))));
        }
        // a failed transaction refuses everything but its end, which means the same under any names
        if self.status == TransactionStatus::Failed && !self.executed {
            return Ok(None);
        }
        let (text, payload) = self.names.question();
        let permit = self.gate.own(&text, payload).await?;
        self.to_target.forward(permit);
        self.to_target.control(&Control::Sync);
        self.replies.expect(Reply::Own(Answers::default()));
        Ok(Some(Obstacle::NotYet))
    }

    fn operation(&self, statement: &Statement, stage: Stage, meaning: Bytes) -> Operation {
        submission::operation(statement, &self.names.path, &self.names.user, stage, meaning)
    }
}

/// THREAT: the server cuts names at 63 bytes, so that two longer ones are one there and two here.
fn overlong(message: &Frontend) -> Option<Report> {
    let long = |name: &Bytes| name.len() > LONGEST_NAME;
    let found = match message {
        Frontend::Parse { name, .. } | Frontend::Describe { name, .. } | Frontend::Close { name, .. } => long(name),
        Frontend::Bind { portal, statement, .. } => long(portal) || long(statement),
        Frontend::Execute { portal, .. } => long(portal),
        _ => false,
    };
    let denial = || {
        Denial::new(Code::NotSupported, format!("a name has more than {LONGEST_NAME} bytes")).hint("use a shorter name")
    };
    found.then(|| refuse::denial(&denial()))
}

/// A copy that outlives the read buffer which a message is a slice of.
fn kept(bytes: &Bytes) -> Bytes {
    Bytes::copy_from_slice(bytes)
}
