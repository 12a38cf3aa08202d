//! The subsystem `sftp`: what a client asks of files, one request after the other, and what the target answers.
//!
//! It decides nothing and does no IO. Where names lead is asked at the host before anything is decided about them, and
//! what is sent is about the file that was found; open files go by names of the gateway's own, and requests by its numbers.
//! Enter at [`Files::turn`] for what a client sent, and at [`Files::told`] for what the target answers.
//!
//! THREAT: a link on the way that changes between the question where it leads and the request. Whoever can change links
//! there while they are asked about has the rights of the account at the host; docs/threats.md says so.

mod answer;
mod names;
mod open;
mod order;
mod reading;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use postern_core::Operation;
use postern_core::gate::Flow;
use postern_core::id::OperationId;
use postern_core::journal::Outcome;
use postern_core::mask::MaskSet;
use postern_core::mask::echo::Echo;

use self::answer::{Awaited, Pending};
use self::names::{Head, Step};
use self::open::{Open, Ours, Rights};
use self::order::Order;
use self::reading::Reading;
use super::analyze;
use super::wire::sftp::reply::status;
use super::wire::sftp::{About, Call, Extension, Hello, Reply, Request, SftpError, frame};

#[cfg(test)]
mod tests;

/// Why a client is served no more.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// What the client says is not the protocol.
    #[error("the client does not speak sftp: {0}")]
    Client(SftpError),
    /// What the target says is not the protocol, or nothing that was asked for.
    #[error("the target does not speak sftp: {0}")]
    Target(String),
    /// A credential came back.
    #[error("the target sent back the credential that this session was opened with")]
    Echoed,
}

/// The files of one channel.
pub(super) struct Files {
    echo: Arc<Echo>,
    client: BytesMut,
    target: BytesMut,
    greeted: Greeted,
    /// The client says nothing more.
    finished: bool,
    /// The request whose files are not known yet; the next ones wait behind it.
    head: Option<Head>,
    pending: HashMap<u32, Pending>,
    order: Order,
    next: u32,
    open: Open,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Greeted {
    Nobody,
    Target,
    Both,
}

/// What is to be done next about what a client sent.
pub(super) enum Turn {
    /// Nothing, until something comes.
    Wait,
    /// The target is told or asked something that is part of the subsystem.
    Pass(Bytes),
    /// The client is told something, unless it waits for other answers first.
    Say(Option<Bytes>),
    /// Somebody decides about it.
    Decide(Box<Asked>, Box<Operation>),
    /// It is about an open file, and goes on as that was opened.
    Under(Box<Asked>, Arc<Flow>),
    /// The target is told that nothing more comes.
    Finish,
}

/// A request whose files are known.
pub(super) struct Asked {
    /// What the client calls it, and what the target does.
    client: u32,
    id: u32,
    /// With the names that were found.
    call: Call,
    /// The open file that it is about.
    ours: Option<Ours>,
    files: [Option<Bytes>; 2],
    /// How the host says that there is no such file: nothing is asked for then.
    nowhere: Option<(u32, Bytes)>,
}

impl Asked {
    /// What is asked for, for whoever decides; nothing where there is nothing to decide.
    fn operation(&self) -> Option<Operation> {
        let [path, other] = &self.files;
        analyze::sftp(&self.call, path.as_deref().unwrap_or_default(), other.as_deref())
    }

    /// As it goes to the target.
    pub(super) fn encoded(&self) -> Result<Bytes, Broken> {
        encoded(self.id, self.call.clone())
    }

    /// How the host says that there is no such file.
    pub(super) fn nowhere(&self) -> Option<Outcome> {
        self.nowhere.as_ref().map(|(code, _)| Outcome::Failed { code: status::word(*code) })
    }
}

impl Files {
    pub(super) fn new(echo: Arc<Echo>) -> Self {
        Self {
            echo,
            client: BytesMut::new(),
            target: BytesMut::new(),
            greeted: Greeted::Nobody,
            finished: false,
            head: None,
            pending: HashMap::new(),
            order: Order::default(),
            next: 0,
            open: Open::default(),
        }
    }

    /// Takes what the client sent.
    pub(super) fn came(&mut self, bytes: &[u8]) {
        self.client.extend_from_slice(bytes);
    }

    /// How much of that is not looked at yet.
    pub(super) fn backlog(&self) -> usize {
        self.client.len()
    }

    /// The client says nothing more.
    pub(super) fn finish(&mut self) {
        self.finished = true;
    }

    /// What is to be done next.
    ///
    /// # Errors
    /// Where the client does not speak the protocol.
    pub(super) fn turn(&mut self) -> Result<Turn, Broken> {
        if self.head.is_none()
            && let Some(turn) = self.cut()?
        {
            return Ok(turn);
        }
        let Some(head) = &mut self.head else { return Ok(Turn::Wait) };
        match head.step(&self.open) {
            Step::Wait => Ok(Turn::Wait),
            Step::Ask(name) => {
                let id = self.number();
                self.pending.insert(id, Pending { client: 0, awaited: Awaited::Name });
                Ok(Turn::Pass(encoded(id, Call::Realpath(name))?))
            }
            Step::Closed => Ok(Turn::Say(self.status(status::FAILURE, "no such file is open")?)),
            Step::Known => self.known(),
        }
    }

    /// Takes the next request off what the client sent; answers with what is to be done instead.
    fn cut(&mut self) -> Result<Option<Turn>, Broken> {
        if self.greeted == Greeted::Target || self.order.is_full() {
            return Ok(Some(Turn::Wait));
        }
        let Some(frame) = frame::next(&mut self.client).map_err(Broken::Client)? else {
            let finished = std::mem::take(&mut self.finished);
            return Ok(Some(if finished { Turn::Finish } else { Turn::Wait }));
        };
        if self.greeted == Greeted::Nobody {
            let hello = Hello::decode(&frame).map_err(Broken::Client)?;
            if hello.answers {
                let wrong = SftpError::Unexpected { what: "INIT", kind: frame.kind };
                return Err(Broken::Client(wrong));
            }
            self.greeted = Greeted::Target;
            let mut out = BytesMut::new();
            hello.known().encode(&mut out).map_err(Broken::Client)?;
            return Ok(Some(Turn::Pass(out.freeze())));
        }
        let mut request = Request::decode(&frame).map_err(Broken::Client)?;
        self.order.takes(request.id, reading::asked_for(&request.call));
        // names end at it for those who keep files
        let cut = |name: &&mut Bytes| name.contains(&0);
        let handles = request.call.about().iter().any(|about| matches!(about, About::Handle(_)));
        if !handles && request.call.files_mut().iter().flatten().any(cut) {
            let refused = Reply::status(request.id, status::BAD_MESSAGE, "no name of a file holds a zero byte");
            return Ok(Some(Turn::Say(self.answer(refused)?)));
        }
        self.head = Some(Head::of(request));
        Ok(None)
    }

    /// The files of the request are known.
    fn known(&mut self) -> Result<Turn, Broken> {
        let Some(head) = &self.head else { return Ok(Turn::Wait) };
        if !is_offered(head.call()) {
            return Ok(Turn::Say(self.status(status::UNSUPPORTED, "the gateway does not know this request")?));
        }
        if self.open.is_full() && matches!(head.call(), Call::Open { .. } | Call::Opendir(_)) {
            return Ok(Turn::Say(self.status(status::FAILURE, "too many files are open")?));
        }
        let id = self.number();
        let Some(head) = self.head.take() else { return Ok(Turn::Wait) };
        let asked = head.asked(id);
        let Some(operation) = asked.operation() else { return Ok(Turn::Pass(self.go(asked)?)) };
        let asked = Box::new(asked);
        Ok(match self.right(&asked) {
            Some(flow) => Turn::Under(asked, flow),
            None => Turn::Decide(asked, Box::new(operation)),
        })
    }

    /// What an open file was opened by, where that is for this as well.
    fn right(&self, asked: &Asked) -> Option<Arc<Flow>> {
        let file = self.open.of(asked.ours?)?;
        let Rights { reads, writes, lists } = file.rights;
        let covered = reads && matches!(asked.call, Call::Read { .. })
            || writes && matches!(asked.call, Call::Write { .. })
            || lists && matches!(asked.call, Call::Readdir(_));
        covered.then(|| Arc::clone(&file.flow))
    }

    /// What goes to the target of a request that needs no permit of its own.
    ///
    /// # Errors
    /// Where it fits into no packet.
    pub(super) fn go(&mut self, asked: Asked) -> Result<Bytes, Broken> {
        let Asked { client, id, call, ours, .. } = asked;
        let (awaited, call) = self.goes(call, ours);
        self.pending.insert(id, Pending { client, awaited });
        encoded(id, call)
    }

    fn goes(&mut self, call: Call, ours: Option<Ours>) -> (Awaited, Call) {
        let Some(ours) = ours else { return (Awaited::Limits, call) };
        if let Call::Read { handle, offset, length } = call {
            let looks = self.open.of(ours).is_some_and(|file| self.looks(file.flow.masks()));
            let reading = Reading::of(ours, handle, offset, length, looks);
            let call = reading.call();
            return (Awaited::Read(reading), call);
        }
        let awaited = if let Call::Write { offset, data, .. } = &call {
            if let Some(file) = self.open.of_mut(ours) {
                file.written.add(*offset, data);
            }
            Awaited::Write(ours)
        } else if let Call::Readdir(_) = &call {
            Awaited::List(ours)
        } else {
            self.open.closes(ours);
            Awaited::Close(ours)
        };
        (awaited, call)
    }

    /// A request was permitted, and goes to the target.
    pub(super) fn permitted(&mut self, asked: Asked, flow: Flow) {
        let flow = Arc::new(flow);
        let rights = if let Call::Open { access, .. } = &asked.call {
            Some(Rights::of(*access))
        } else {
            matches!(asked.call, Call::Opendir(_)).then(Rights::listing)
        };
        let awaited = match rights {
            Some(rights) => Awaited::Open(flow, rights, asked.files.into_iter().flatten().next().unwrap_or_default()),
            None => Awaited::Other(flow),
        };
        self.pending.insert(asked.id, Pending { client: asked.client, awaited });
    }

    /// What a client is told of a request that is not passed on, where nothing comes before that.
    ///
    /// # Errors
    /// Where it fits into no packet.
    pub(super) fn refused(&mut self, asked: &Asked, why: &str) -> Result<Option<Bytes>, Broken> {
        let (code, message) = match &asked.nowhere {
            // it would have been permitted, and there is no such file
            Some((code, message)) if why.is_empty() => (*code, String::from_utf8_lossy(message).into_owned()),
            Some(_) | None => (status::PERMISSION_DENIED, why.to_owned()),
        };
        self.answer(Reply::status(asked.client, code, &message))
    }

    /// Tells the client how the request at the head went, and goes on behind it.
    fn status(&mut self, code: u32, message: &str) -> Result<Option<Bytes>, Broken> {
        let client = self.head.take().map_or(0, |head| head.id());
        self.answer(Reply::status(client, code, message))
    }

    /// Answers a request of the client's. Tells what may go to it by that.
    fn answer(&mut self, reply: Reply) -> Result<Option<Bytes>, Broken> {
        let (client, mut out) = (reply.id, BytesMut::new());
        reply.encode(&mut out).map_err(|error| Broken::Target(error.to_string()))?;
        self.order.answered(client, out.freeze())
    }

    /// All that was permitted and has no outcome.
    pub(super) fn unfinished(&mut self) -> Vec<(OperationId, Outcome)> {
        let pending = self.pending.drain().filter_map(|(_, pending)| pending.operation());
        let all: Vec<_> = pending.chain(self.open.drain()).collect();
        all.into_iter().map(|operation| (operation, Outcome::Unknown)).collect()
    }

    /// What was opened, and may not stay open under another policy.
    pub(super) fn flows(&self) -> impl Iterator<Item = &Arc<Flow>> {
        self.open.flows()
    }

    /// Whether anything is looked for in what leaves.
    fn looks(&self, masks: &MaskSet) -> bool {
        !self.echo.is_empty() || masks.searches().any(|search| search.covers(None, None))
    }

    fn number(&mut self) -> u32 {
        self.next = self.next.wrapping_add(1);
        while self.pending.contains_key(&self.next) {
            self.next = self.next.wrapping_add(1);
        }
        self.next
    }
}

/// Whether it is a request that the client was told of: the others are about no file that is known here.
fn is_offered(call: &Call) -> bool {
    !matches!(call, Call::Unknown { .. } | Call::Extended(Extension::Unknown { .. }))
}

fn encoded(id: u32, call: Call) -> Result<Bytes, Broken> {
    let mut out = BytesMut::new();
    Request { id, call }.encode(&mut out).map_err(Broken::Client)?;
    Ok(out.freeze())
}
