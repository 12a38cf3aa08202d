//! One channel: what the client has asked for on it, how far that has got, and what waits for either side.
//!
//! It asks nobody and forwards nothing; what it gives to a way was permitted.

use std::collections::VecDeque;
use std::sync::Arc;

use postern_core::gate::{Flow, Held, Permit};
use postern_core::id::OperationId;
use postern_core::journal::Outcome;
use postern_core::mask::echo::Echo;
use postern_core::mask::stream::{Filter, Width};
use postern_core::operation::Operation;
use postern_core::ports::Later;
use tokio::sync::Notify;

use super::Done;
use super::invited::Invitation;
use crate::ssh::files::{Asked, Files};
use crate::ssh::transport::target::Opened;
use crate::ssh::transport::{Gone, Inward, Level, Number, Parcel, Size, Stream, Way};

/// One of the client's channels.
pub(super) struct Channel {
    /// What goes to the client.
    pub(super) out: Queue,
    /// What goes to the target: it waits until there is something to take it.
    pub(super) into: Queue,
    /// What of that has come.
    pub(super) came: Level,
    /// What was permitted around a program that has not begun.
    pub(super) around: Vec<Permit>,
    /// The variables among that.
    pub(super) variables: Vec<(String, String)>,
    /// The terminal that the program runs in.
    pub(super) terminal: Option<Size>,
    pub(super) state: State,
    /// What the target may open channels for as long as it runs.
    pub(super) lends: Vec<(Inward, Invitation)>,
    /// What the target calls the channel.
    pub(super) there: Option<Number>,
    /// What of its output has come.
    pub(super) shown: Level,
    /// Each of its streams, once something runs.
    plain: Option<Output>,
    errors: Option<Output>,
    /// The stream that the recording says is shown.
    pub(super) on_tape: Stream,
    /// How many questions the target has not answered that came before that to begin the program.
    pub(super) asked: usize,
    /// How the program ended, once it has.
    pub(super) note: Option<String>,
    /// The client writes no more.
    pub(super) finished: bool,
    /// The client has closed it, and what it sent before is on its way to the target.
    pub(super) parting: bool,
    /// The target writes no more, and its client does not know yet.
    pub(super) silent: bool,
    /// The files that it is about, where it is the subsystem `sftp`.
    pub(super) files: Option<Files>,
    /// What of them waits for a human.
    pub(super) held: Option<(Asked, HeldProgram)>,
}

/// How far what a channel is for has got.
pub(super) enum State {
    /// The client has not said what it is for.
    Waiting,
    /// A human decides.
    Held(HeldProgram),
    /// It is permitted, and the target opens a channel for it.
    Opening,
    /// It runs.
    Running(Right),
    /// It is over, or was refused.
    Over,
}

/// The right by which something runs.
pub(super) enum Right {
    /// It is an operation of its own.
    Own(Box<Flow>),
    /// It goes on under another, which ends for itself.
    Lent(Arc<Flow>),
}

/// What waits for a human.
pub(super) struct HeldProgram {
    pub(super) held: Box<Held>,
    pub(super) operations: Vec<Operation>,
}

/// What was sent of one channel to one side.
pub(super) struct Moved {
    pub(super) to_client: bool,
    /// The way, where the connection still has it.
    way: Option<Way>,
    /// The bytes of data among it.
    bytes: usize,
}

/// How many signals and sizes may wait for one side.
const MOST_SIGNALS: usize = 16;

/// What goes to one side.
#[derive(Default)]
pub(super) struct Queue {
    way: Option<Way>,
    parcels: VecDeque<Parcel>,
    /// Something is on its way.
    sending: bool,
    /// Nothing more goes there.
    closed: bool,
    /// Gives up the data that is being sent, which may wait for room at the other side.
    cut: Arc<Notify>,
}

/// What comes of a stream of a program.
pub(super) struct Output {
    pub(super) filter: Filter,
    /// Whether what is held of it will be let go of if nothing follows.
    pub(super) lingers: bool,
}

impl Channel {
    pub(super) fn new(way: Way, came: Level) -> Self {
        Self {
            out: Queue { way: Some(way), ..Queue::default() },
            into: Queue::default(),
            came,
            around: Vec::new(),
            variables: Vec::new(),
            terminal: None,
            state: State::Waiting,
            lends: Vec::new(),
            there: None,
            shown: Level::default(),
            plain: None,
            errors: None,
            on_tape: Stream::Plain,
            asked: 0,
            note: None,
            finished: false,
            parting: false,
            silent: false,
            files: None,
            held: None,
        }
    }

    /// Something runs, whose output is listened to, and masked as its operation says.
    pub(super) fn runs(&mut self, right: Right, there: &Opened, echo: &Arc<Echo>) {
        let width = if self.terminal.is_some() { Width::Same } else { Width::Any };
        let flow = right.flow();
        let output = || Some(Output { filter: Filter::new(Arc::clone(echo), flow.masks(), width), lingers: false });
        (self.plain, self.errors) = (output(), output());
        (self.there, self.shown) = (Some(there.number), there.level.clone());
        self.state = State::Running(right);
    }

    pub(super) fn output(&mut self, stream: Stream) -> Option<&mut Output> {
        match stream {
            Stream::Plain => self.plain.as_mut(),
            Stream::Errors => self.errors.as_mut(),
        }
    }

    /// The right by which it runs.
    pub(super) fn flow(&self) -> Option<&Flow> {
        match &self.state {
            State::Running(right) => Some(right.flow()),
            State::Waiting | State::Held(_) | State::Opening | State::Over => None,
        }
    }

    /// The operation that it runs.
    pub(super) fn operation(&self) -> Option<OperationId> {
        self.flow().map(Flow::id)
    }

    /// Takes another size of its terminal, and answers with what the recording is to say of it.
    pub(super) fn resized(&mut self, size: Size) -> Option<(OperationId, Vec<u8>)> {
        self.terminal.as_mut().map(|terminal| *terminal = size)?;
        let said = serde_json::json!({ "resized": [size.columns, size.rows] });
        Some((self.operation()?, said.to_string().into_bytes()))
    }

    /// Ends what it was for: what was permitted and has no outcome, with what is known of it, and what waits for a human.
    pub(super) fn end(&mut self) -> (Vec<(OperationId, Outcome)>, Vec<Held>) {
        let mut ended = self.files.take().map(|mut files| files.unfinished()).unwrap_or_default();
        let mut held: Vec<_> = self.held.take().into_iter().map(|(_, request)| *request.held).collect();
        match std::mem::replace(&mut self.state, State::Over) {
            State::Held(program) => held.push(*program.held),
            State::Running(Right::Own(flow)) => {
                let note = self.note.take();
                ended.push((flow.id(), note.map_or(Outcome::Unknown, |note| Outcome::Done { note })));
                ended.extend(self.lends.drain(..).map(|(_, invitation)| invitation.outcome()));
            }
            State::Running(Right::Lent(_)) | State::Waiting | State::Opening | State::Over => {}
        }
        (ended, held)
    }

    /// By what the target may open channels for this.
    pub(super) fn lent(&mut self, inward: &Inward) -> Option<&mut Invitation> {
        self.lends.iter_mut().find(|(lent, _)| lent == inward).map(|(_, invitation)| invitation)
    }

    /// Whether the target opened it, by a right that was given for that.
    pub(super) fn is_lent(&self) -> bool {
        matches!(self.state, State::Running(Right::Lent(_)))
    }

    /// Whether it runs, and nobody has its way to the target for now.
    pub(super) fn is_waited_for(&self) -> bool {
        matches!(self.state, State::Running(_)) && self.into.way.is_none() && !self.into.closed
    }

    /// Whether nothing is left of it.
    pub(super) fn is_done(&self) -> bool {
        let parted = !self.parting || (self.into.is_idle() && !self.into.sending);
        matches!(self.state, State::Over) && self.out.closed && self.out.is_idle() && parted
    }
}

impl Right {
    fn flow(&self) -> &Flow {
        match self {
            Self::Own(flow) => flow,
            Self::Lent(flow) => flow,
        }
    }
}

impl Queue {
    /// Gives it a way to its side.
    pub(super) fn open(&mut self, way: Way) {
        self.way = Some(way);
    }

    pub(super) fn push(&mut self, parcel: Parcel) {
        if self.closed {
            return;
        }
        self.closed = matches!(parcel, Parcel::Close);
        let signals = self.signals();
        match (&parcel, self.parcels.back_mut()) {
            // THREAT: what waits is counted by its data, and these have none; only the last size is of use
            (Parcel::Resized(_), Some(last @ Parcel::Resized(_))) => *last = parcel,
            (Parcel::Signal(_) | Parcel::Resized(_), _) if signals >= MOST_SIGNALS => {}
            _ => self.parcels.push_back(parcel),
        }
    }

    fn signals(&self) -> usize {
        self.parcels.iter().filter(|parcel| matches!(parcel, Parcel::Signal(_) | Parcel::Resized(_))).count()
    }

    /// Lets go of all that waits, and of what cannot be sent: how many bytes of data it was.
    pub(super) fn clear(&mut self) -> usize {
        self.cut.notify_one();
        self.parcels.drain(..).map(|parcel| parcel.len()).sum()
    }

    /// Lets go of all data that waits, so that the end can be told.
    pub(super) fn cut(&mut self) {
        self.cut.notify_one();
        self.parcels.retain(|parcel| !matches!(parcel, Parcel::Data(..)));
    }

    fn is_idle(&self) -> bool {
        self.parcels.is_empty()
    }

    /// Sends what waits, where nothing is being sent.
    pub(super) fn press(&mut self, channel: Number, to_client: bool) -> Option<Later<'static, Done>> {
        if self.parcels.is_empty() {
            return None;
        }
        let way = self.way.take()?;
        let parcels = std::mem::take(&mut self.parcels);
        self.sending = true;
        // what is cut is what is sent now, and nothing that is sent later
        self.cut = Arc::default();
        let cut = Arc::clone(&self.cut);
        Some(Box::pin(async move {
            let bytes = parcels.iter().map(Parcel::len).fold(0, usize::saturating_add);
            let sent = async {
                let mut given_up = false;
                for parcel in parcels {
                    // data that has no room does not keep the end from being told
                    if !matches!(parcel, Parcel::Data(..)) {
                        way.send(parcel).await?;
                    } else if !given_up {
                        tokio::select! {
                            sent = way.send(parcel) => sent?,
                            () = cut.notified() => given_up = true,
                        }
                    }
                }
                Ok::<(), Gone>(())
            };
            let whole = sent.await.is_ok();
            Done::Moved(channel, Moved { to_client, way: whole.then_some(way), bytes })
        }))
    }

    /// Takes back what was on its way: how many bytes of data arrived.
    pub(super) fn moved(&mut self, moved: Moved) -> usize {
        self.sending = false;
        self.closed = self.closed || moved.way.is_none();
        self.way = moved.way;
        moved.bytes
    }
}
