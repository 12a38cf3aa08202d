//! What the target still owes: one entry for each message that it will answer, in order.
//!
//! It is how a reply is known to belong to an operation, and how the gateway says what the server does with a
//! pipeline after an error: everything up to the next Sync is skipped, there and here.

#![expect(clippy::wildcard_enum_match_arm, reason = "only some replies end an operation")]

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use postern_core::OperationId;
use postern_core::gate::Flow;
use postern_core::journal::Outcome;

use super::super::analyze::{Kind, Replaced, Statement};
use super::super::catalog::Row;
use super::super::cells::ColumnMasks;
use super::super::wire::{Named, Report};
use super::bounds::{self, Tally};
use super::registry::{Portal, Prepared};

/// One thing that the target will answer.
pub(super) enum Reply {
    /// A Query message: results, then `ReadyForQuery`.
    Query(Box<Query>),
    /// A Parse message.
    Parse { name: Bytes, prepared: Arc<Prepared> },
    /// The gateway's own question what a statement returns; the client does not see the answer.
    Fields { prepared: Arc<Prepared> },
    /// A Bind message.
    Bind { name: Bytes, portal: Arc<Portal> },
    /// A Describe message, answered by up to two messages.
    Describe { of: Described },
    /// An Execute message.
    Execute { portal: Arc<Portal> },
    /// A Close message.
    Close { kind: Named, name: Bytes },
    /// A message that must fail, in place of one that was refused.
    Refused(Refusal),
    /// The end of a pipeline: `ReadyForQuery`.
    Sync,
    /// The gateway's own question what names mean.
    Own(Answers),
    /// A Sync of the gateway's own after it, where no pipeline of the client's is under way.
    OwnSync,
    /// The beginning of a transaction of the gateway's own.
    Opening,
    /// Its end, for the Query message inside.
    Closing(Box<Query>),
}

/// What the client hears of what was refused.
pub(super) enum Refusal {
    /// This.
    Said(Report),
    /// What the server says.
    Server,
    /// The same, which it says of something else, with this name.
    Missing(Bytes),
}

/// What a Describe message asks about.
pub(super) enum Described {
    /// What was prepared.
    Statement(Arc<Prepared>),
    /// What was bound.
    Portal(Arc<Portal>),
    /// What SQL opened.
    Cursor(Arc<Flow>),
}

impl Described {
    fn id(&self) -> OperationId {
        match self {
            Self::Statement(prepared) => prepared.flow.id(),
            Self::Portal(portal) => portal.flow.id(),
            Self::Cursor(flow) => flow.id(),
        }
    }
}

/// A Query message on its way.
pub(super) struct Query {
    /// What lets its COPY data through.
    pub(super) flow: Arc<Flow>,
    /// Its statements, or none where it stands in place of one that was refused.
    pub(super) statements: Arc<[Statement]>,
    /// Its text as it was sent, where an image stands in it for a masked column.
    pub(super) sent: Option<Arc<Replaced>>,
    /// How many of them are done.
    pub(super) done: usize,
    /// What the client hears instead of the server's error.
    pub(super) instead: Option<Report>,
    /// How many rows have come.
    pub(super) tally: Arc<Tally>,
    /// Whether a transaction of the gateway's own is around it.
    pub(super) enclosed: bool,
    /// Whether it is a function called by number, which has one answer and no rows.
    pub(super) called: bool,
    /// What the client hears only once that transaction has ended well.
    pub(super) held: Option<Bytes>,
    /// How the rows of the result at hand are masked.
    pub(super) masks: Option<ColumnMasks>,
    /// The server's words for what it did.
    pub(super) tags: Vec<String>,
    /// The server's code for what it did not do.
    pub(super) failed: Option<String>,
    /// Whether the server streams, and has not said that it is at the end.
    pub(super) streams: bool,
    /// How many bytes of rows and streams have come.
    pub(super) streamed: u64,
}

/// Answers to the gateway's own questions, as they come in.
pub(super) struct Answers {
    pub(super) done: Vec<Vec<Row>>,
    pub(super) rows: Vec<Row>,
    /// How many there will be.
    questions: usize,
    /// How many `CloseComplete` are still to come, two before the first answer and two after each; none of a Query.
    closes: usize,
    /// How much memory they may still take, in bytes.
    left: usize,
}

/// How much memory answers to questions of the gateway's own may take, in bytes.
const MOST_SAID: usize = 256 << 20;

impl Answers {
    /// None yet, of so many, asked by a Query or one by one.
    pub(super) fn to(questions: usize, by_query: bool) -> Self {
        let closes = if by_query { 0 } else { questions.saturating_add(1).saturating_mul(2) };
        Self { done: Vec::new(), rows: Vec::new(), questions, closes, left: MOST_SAID }
    }

    /// Takes a row that came in so many bytes; not where there are more than anybody has a use for.
    ///
    /// THREAT: a target that answers for as long as anybody listens.
    pub(super) fn take(&mut self, row: Row, bytes: usize) -> bool {
        let cells = size_of::<Option<String>>().saturating_mul(row.len());
        let left = self.left.checked_sub(bytes.saturating_add(cells));
        self.left = left.unwrap_or_default();
        self.rows.push(row);
        left.is_some()
    }

    /// A `CloseComplete` came.
    pub(super) fn closed(&mut self) {
        self.closes = self.closes.saturating_sub(1);
    }

    /// Whether nothing of them is still to come.
    pub(super) fn are_whole(&self) -> bool {
        self.closes == 0 && self.done.len() == self.questions
    }
}

/// Everything owed, oldest first.
#[derive(Default)]
pub(super) struct Replies {
    queue: VecDeque<Owed>,
    ends: usize,
    /// Whether all of it is awaited, and not its ends alone.
    all: bool,
    place: Place,
    /// How many have been answered.
    turn: u64,
    /// The answer for which a client has given all its COPY data.
    given: Option<u64>,
}

/// How far a client's stream has got, in bytes: where a message ends, or how much has arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(pub(super) u64);

struct Owed {
    reply: Reply,
    /// The message that it is owed for.
    place: Place,
}

impl Replies {
    /// The message that is taken now: what is expected from here on is owed for it.
    pub(super) fn taken(&mut self, place: Place) {
        self.place = place;
    }

    /// The message that was taken last.
    pub(super) fn last(&self) -> Place {
        self.place
    }

    /// The oldest message that has not been answered wholly.
    pub(super) fn oldest(&self) -> Option<Place> {
        self.queue.front().map(|owed| owed.place)
    }

    pub(super) fn expect(&mut self, reply: Reply) {
        if reply.is_awaited() {
            self.ends = self.ends.saturating_add(1);
        }
        self.queue.push_back(Owed { reply, place: self.place });
    }

    pub(super) fn first(&mut self) -> Option<&mut Reply> {
        self.queue.front_mut().map(|owed| &mut owed.reply)
    }

    /// What is answered now, and its place among all that ever was.
    pub(super) fn at_hand(&self) -> Option<(u64, &Reply)> {
        self.queue.front().map(|owed| (self.turn, &owed.reply))
    }

    /// What runs, or will, oldest first: how it was let through, and whether it is of the pipeline that the target answers
    /// now, whose answers it keeps back as long as it works.
    pub(super) fn running(&self) -> impl Iterator<Item = (bool, Arc<Flow>)> {
        let mut at_hand = true;
        self.queue.iter().filter_map(move |owed| {
            let now = at_hand;
            at_hand &= !matches!(owed.reply, Reply::Query(_) | Reply::Sync);
            owed.reply.runs().map(|flow| (now, flow))
        })
    }

    /// The same of what has become owed since so many answers were.
    pub(super) fn running_since(&self, turns: u64) -> impl Iterator<Item = Arc<Flow>> {
        let before = usize::try_from(turns.saturating_sub(self.turn)).unwrap_or(usize::MAX);
        self.queue.iter().skip(before).filter_map(|owed| owed.reply.runs())
    }

    /// How many answers were owed since the session began.
    pub(super) fn turns(&self) -> u64 {
        self.turn.saturating_add(u64::try_from(self.queue.len()).unwrap_or(u64::MAX))
    }

    /// Whether an answer is owed whose rows are counted or whose time is: nothing may be sent behind it, because there may
    /// be too many, and because a cancel request would meet what comes next where this ends just then.
    pub(super) fn counts(&self) -> bool {
        self.queue.iter().any(|owed| match &owed.reply {
            Reply::Query(query) => bounds::counted(query.flow.limits(), &query.statements),
            Reply::Execute { portal } => {
                let limits = portal.flow.limits();
                limits.timeout.is_some() || bounds::counted(limits, &portal.statements)
            }
            Reply::Closing(_) => true,
            _ => false,
        })
    }

    pub(super) fn pop(&mut self) -> Option<Reply> {
        let Owed { reply, .. } = self.queue.pop_front()?;
        self.turn = self.turn.saturating_add(1);
        if reply.is_awaited() {
            self.ends = self.ends.saturating_sub(1);
        }
        self.all &= !self.queue.is_empty();
        Some(reply)
    }

    /// Whether nothing is owed.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many replies are owed.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether every pipeline that was ended has been answered, and every question of the gateway's own, so that names
    /// and transaction are known; and whatever else [`Self::await_all`] was called for.
    pub(super) fn settled(&self) -> bool {
        self.ends == 0 && !self.all
    }

    /// Takes nothing for settled before all that is owed now is answered. Whoever calls this lets the target know.
    pub(super) fn await_all(&mut self) {
        self.all = !self.queue.is_empty();
    }

    /// Takes what the server skips after an error: everything before the next end of a pipeline. Tells whether there
    /// is such an end; without one the server goes on skipping what it gets.
    pub(super) fn skip(&mut self, code: &str, outcomes: &mut Vec<(OperationId, Outcome)>) -> bool {
        while let Some(Owed { reply, .. }) = self.queue.front() {
            match reply {
                Reply::Sync | Reply::OwnSync => return true,
                Reply::Bind { portal, .. } => outcomes.push((portal.flow.id(), failed(code))),
                Reply::Query(query) | Reply::Closing(query) => outcomes.push((query.flow.id(), failed(code))),
                _ => {}
            }
            self.pop();
        }
        false
    }

    /// Forgets the ends of pipelines that the server reads while it takes COPY data, and so never answers. Anything
    /// else in their place is a violation.
    pub(super) fn enter_copy(&mut self) -> bool {
        while self.queue.len() > 1 {
            match self.queue.get(1).map(|owed| &owed.reply) {
                Some(Reply::Sync) => {
                    self.queue.remove(1);
                    self.turn = self.turn.saturating_add(1);
                    self.ends = self.ends.saturating_sub(1);
                }
                _ => return false,
            }
        }
        true
    }

    /// Whether something is owed that may yet ask for COPY data.
    pub(super) fn may_take_copy(&self) -> bool {
        let takes =
            |statements: &[Statement]| statements.iter().any(|one| matches!(one.kind, Kind::CopyIn | Kind::CopyBoth));
        self.queue.iter().any(|owed| match &owed.reply {
            Reply::Query(query) => takes(query.statements.get(query.done..).unwrap_or_default()),
            Reply::Execute { portal } => takes(&portal.statements),
            _ => false,
        })
    }

    /// Whether a COPY comes last of all that is owed, and has not been given all its data.
    pub(super) fn ends_with_copy(&self) -> bool {
        let Some(Owed { reply: Reply::Execute { portal }, .. }) = self.queue.back() else { return false };
        let takes = portal.statements.iter().any(|one| one.kind == Kind::CopyIn);
        takes && self.given.is_none_or(|given| given.saturating_add(1) != self.turns())
    }

    /// The COPY that is answered now has been given all its data.
    pub(super) fn given(&mut self) {
        self.given = Some(self.turn);
    }

    /// The operations of which nobody will learn how they ended; what is bound may be planned already, and run code.
    pub(super) fn unknown(&self) -> impl Iterator<Item = OperationId> {
        self.queue.iter().filter_map(|owed| match &owed.reply {
            Reply::Query(query) | Reply::Closing(query) => Some(query.flow.id()),
            Reply::Execute { portal } | Reply::Bind { portal, .. } => Some(portal.flow.id()),
            _ => None,
        })
    }
}

/// What a reply is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// This operation.
    Operation(OperationId),
    /// Whatever the reply before it was about.
    Before,
    /// Nothing that was asked for.
    Nothing,
}

impl Reply {
    /// What lets through what it is owed for, where that runs.
    fn runs(&self) -> Option<Arc<Flow>> {
        match self {
            Self::Query(query) => Some(Arc::clone(&query.flow)),
            Self::Execute { portal } => Some(Arc::clone(&portal.flow)),
            _ => None,
        }
    }

    /// Whether the server, in answering, has dropped what has no name: for a Query, and for no call of a function.
    pub(super) fn drops_unnamed(&self) -> bool {
        match self {
            Self::Query(query) => !query.called,
            Self::Opening | Self::Closing(_) => true,
            _ => false,
        }
    }

    /// What the client sees of it is about this.
    pub(super) fn about(&self) -> About {
        match self {
            Self::Query(query) if query.statements.is_empty() => About::Nothing,
            Self::Query(query) | Self::Closing(query) => About::Operation(query.flow.id()),
            Self::Parse { prepared, .. } => About::Operation(prepared.flow.id()),
            Self::Bind { portal, .. } | Self::Execute { portal } => About::Operation(portal.flow.id()),
            Self::Describe { of } => About::Operation(of.id()),
            Self::Refused(_) => About::Nothing,
            Self::Close { .. } | Self::Sync => About::Before,
            Self::Fields { .. } | Self::Own(_) | Self::OwnSync | Self::Opening => About::Before,
        }
    }

    fn is_awaited(&self) -> bool {
        matches!(self, Self::Query(_) | Self::Sync | Self::Own(_) | Self::OwnSync | Self::Opening | Self::Closing(_))
    }
}

pub(super) fn failed(code: &str) -> Outcome {
    Outcome::Failed { code: code.to_owned() }
}
