//! What a target answers to what it was asked of files, and what a client is told of it.
//!
//! INVARIANT: nothing is passed on that was not asked for, and every text in it was looked at. Enter at [`Files::told`].

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use postern_core::gate::Flow;
use postern_core::id::OperationId;
use postern_core::journal::Outcome;
use postern_core::mask::MaskSet;
use postern_core::mask::stream::{Echoed, Filter, Width};

use super::open::{self, Ours, Rights};
use super::reading::{self, Reading};
use super::{Broken, Files, Greeted, encoded};
use crate::ssh::wire::sftp::reply::status;
use crate::ssh::wire::sftp::{Answer, Hello, Reply, SftpError, frame};

/// Something that the target has to answer.
pub(super) struct Pending {
    /// What the client calls it.
    pub(super) client: u32,
    pub(super) awaited: Awaited,
}

/// What it was.
pub(super) enum Awaited {
    /// Where a name of the request at the head leads.
    Name,
    Limits,
    Open(Arc<Flow>, Rights, Bytes),
    Read(Reading),
    Write(Ours),
    List(Ours),
    Close(Ours),
    /// Anything else that was permitted.
    Other(Arc<Flow>),
}

/// What comes of an answer.
#[derive(Default)]
pub(in crate::ssh) struct Told {
    pub(in crate::ssh) to_client: Option<Bytes>,
    pub(in crate::ssh) to_target: Option<Bytes>,
    /// What is over by it.
    pub(in crate::ssh) ended: Option<(OperationId, Outcome)>,
    /// What the recording is to show.
    pub(in crate::ssh) shown: Option<(OperationId, Bytes)>,
}

impl From<SftpError> for Broken {
    fn from(error: SftpError) -> Self {
        Self::Target(error.to_string())
    }
}

impl From<Echoed> for Broken {
    fn from(_: Echoed) -> Self {
        Self::Echoed
    }
}

impl Pending {
    /// The operation that is over with the answer.
    pub(super) fn operation(self) -> Option<OperationId> {
        match self.awaited {
            Awaited::Open(flow, ..) | Awaited::Other(flow) => Some(flow.id()),
            Awaited::Name
            | Awaited::Limits
            | Awaited::Read(_)
            | Awaited::Write(_)
            | Awaited::List(_)
            | Awaited::Close(_) => None,
        }
    }
}

impl Files {
    /// Takes what the target sent.
    pub(in crate::ssh) fn answers(&mut self, bytes: &[u8]) {
        self.target.extend_from_slice(bytes);
    }

    /// What comes of its next answer, where that is all there.
    ///
    /// # Errors
    /// Where it does not speak the protocol, answers what nobody asked, or sends a credential back.
    pub(in crate::ssh) fn told(&mut self) -> Result<Option<Told>, Broken> {
        let Some(frame) = frame::next(&mut self.target)? else { return Ok(None) };
        if self.greeted == Greeted::Target {
            let hello = Hello::decode(&frame)?;
            if !hello.answers {
                return Err(Broken::Target("it says hello like a client".to_owned()));
            }
            self.greeted = Greeted::Both;
            let mut out = BytesMut::new();
            hello.known().encode(&mut out)?;
            return Ok(Some(Told { to_client: Some(out.freeze()), ..Told::default() }));
        }
        let Reply { id, answer } = Reply::decode(&frame)?;
        let Some(Pending { client, awaited }) = self.pending.remove(&id) else {
            return Err(Broken::Target("it answers what it was not asked".to_owned()));
        };
        self.heard(id, client, awaited, answer).map(Some)
    }

    fn heard(&mut self, id: u32, client: u32, awaited: Awaited, answer: Answer) -> Result<Told, Broken> {
        match awaited {
            Awaited::Name => {
                let head = self.head.as_mut().ok_or_else(|| Broken::Target("it answers twice".to_owned()))?;
                head.answered(answer)?;
                Ok(Told::default())
            }
            Awaited::Limits => self.say(client, limits(answer), &MaskSet::default()),
            Awaited::Read(reading) => self.read(id, client, reading, answer),
            Awaited::Write(ours) => {
                let file = self.open.of_mut(ours);
                let masks = file.map(|file| {
                    if !is_ok(&answer) {
                        file.written.fails();
                    }
                    Arc::clone(file.flow.masks())
                });
                self.say(client, only_status(answer)?, &masks.unwrap_or_default())
            }
            Awaited::List(ours) => self.list(client, ours, answer),
            Awaited::Open(flow, rights, path) => self.opened(client, flow, rights, path, answer),
            Awaited::Close(ours) => {
                let answer = only_status(answer)?;
                let Some(file) = self.open.remove(ours) else { return self.say(client, answer, &MaskSet::default()) };
                let (operation, masks) = (file.flow.id(), Arc::clone(file.flow.masks()));
                let ended = Some((operation, outcome(&answer, || file.note())));
                Ok(Told { ended, ..self.say(client, answer, &masks)? })
            }
            Awaited::Other(flow) => {
                if matches!(answer, Answer::Handle(_) | Answer::Data(_) | Answer::Unknown { .. }) {
                    return Err(Broken::Target("it answers something else than it was asked".to_owned()));
                }
                let ended = Some((flow.id(), outcome(&answer, || "ok".to_owned())));
                let answer = self.looked_at(answer, flow.masks())?;
                let shown = names(&answer).map(|names| (flow.id(), names));
                let to_client = self.answer(Reply { id: client, answer })?;
                Ok(Told { to_client, ended, shown, ..Told::default() })
            }
        }
    }

    fn opened(
        &mut self,
        client: u32,
        flow: Arc<Flow>,
        rights: Rights,
        path: Bytes,
        answer: Answer,
    ) -> Result<Told, Broken> {
        if let Answer::Handle(there) = answer {
            let ours = self.open.insert(there, path, flow, rights);
            let to_client = self.answer(Reply { id: client, answer: Answer::Handle(ours.handle()) })?;
            return Ok(Told { to_client, ..Told::default() });
        }
        let answer = only_status(answer)?;
        let ended = Some((flow.id(), outcome(&answer, || "ok".to_owned())));
        Ok(Told { ended, ..self.say(client, answer, flow.masks())? })
    }

    fn read(&mut self, id: u32, client: u32, mut reading: Reading, answer: Answer) -> Result<Told, Broken> {
        let Some(file) = self.open.of(reading.file) else { return Err(Broken::Target("it reads on".to_owned())) };
        let masks = Arc::clone(file.flow.masks());
        let whole = if let Answer::Data(data) = &answer {
            reading.take(data)?
        } else if matches!(answer, Answer::Status { code: status::EOF, .. }) {
            // what is behind the end is nothing, and what was before it is all there is
            true
        } else {
            return self.say(client, only_status(answer)?, &masks);
        };
        if !whole {
            let to_target = Some(encoded(id, reading.call())?);
            self.pending.insert(id, Pending { client, awaited: Awaited::Read(reading) });
            return Ok(Told { to_target, ..Told::default() });
        }
        let window = self.filtered(reading.window(), &masks)?;
        let piece = reading.piece(&window);
        if piece.is_empty() {
            let to_client = self.answer(Reply::status(client, status::EOF, "End of file"))?;
            return Ok(Told { to_client, ..Told::default() });
        }
        if let Some(file) = self.open.of_mut(reading.file) {
            file.read.add(reading.offset, &piece);
        }
        Ok(Told { to_client: self.answer(Reply { id: client, answer: Answer::Data(piece) })?, ..Told::default() })
    }

    fn list(&mut self, client: u32, ours: Ours, answer: Answer) -> Result<Told, Broken> {
        let Some(file) = self.open.of_mut(ours) else { return Err(Broken::Target("it lists on".to_owned())) };
        let (operation, masks) = (file.flow.id(), Arc::clone(file.flow.masks()));
        let answer = if let Answer::Names(names) = answer {
            file.listed = file.listed.saturating_add(u64::try_from(names.len()).unwrap_or(u64::MAX));
            Answer::Names(names)
        } else {
            only_status(answer)?
        };
        let answer = self.looked_at(answer, &masks)?;
        let shown = names(&answer).map(|names| (operation, names));
        Ok(Told { to_client: self.answer(Reply { id: client, answer })?, shown, ..Told::default() })
    }

    fn say(&mut self, client: u32, answer: Answer, masks: &MaskSet) -> Result<Told, Broken> {
        let answer = self.looked_at(answer, masks)?;
        Ok(Told { to_client: self.answer(Reply { id: client, answer })?, ..Told::default() })
    }

    /// An answer, with what is hidden in its texts.
    fn looked_at(&self, mut answer: Answer, masks: &MaskSet) -> Result<Answer, Broken> {
        if !self.looks(masks) {
            return Ok(answer);
        }
        let mut texts = answer.texts_mut();
        let mut all = BytesMut::new();
        for text in &texts {
            all.extend_from_slice(text);
            all.put_u8(b'\n');
        }
        let mut all = self.filtered(all.freeze(), masks)?;
        for text in &mut texts {
            **text = all.split_to(text.len());
            all.advance(1);
        }
        Ok(answer)
    }

    /// Bytes, with what is hidden in them, each in its place.
    fn filtered(&self, bytes: Bytes, masks: &MaskSet) -> Result<Bytes, Broken> {
        if !self.looks(masks) {
            return Ok(bytes);
        }
        let length = bytes.len();
        let mut filter = Filter::new(Arc::clone(&self.echo), masks, Width::Bytes);
        let (first, rest) = (filter.pass(bytes)?, filter.end()?);
        let all = if rest.is_empty() { first } else { [first, rest].concat().into() };
        // INVARIANT: whatever is hidden, the rest stands where it stood
        if all.len() == length {
            Ok(all)
        } else {
            Err(Broken::Target("what it sends cannot be hidden in place".to_owned()))
        }
    }
}

/// What the target bears, and not more than the gateway does.
fn limits(answer: Answer) -> Answer {
    let Answer::Extended(mut body) = answer else { return answer };
    let most = [frame::MOST, reading::MOST, reading::MOST, open::MOST];
    let mut out = BytesMut::new();
    for most in most {
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        // nothing stands for no limit
        let theirs = body.try_get_u64().ok().filter(|theirs| *theirs != 0);
        out.put_u64(theirs.map_or(most, |theirs| theirs.min(most)));
    }
    Answer::Extended(out.freeze())
}

fn is_ok(answer: &Answer) -> bool {
    matches!(answer, Answer::Status { code: status::OK, .. })
}

fn only_status(answer: Answer) -> Result<Answer, Broken> {
    if matches!(answer, Answer::Status { .. }) {
        return Ok(answer);
    }
    Err(Broken::Target("it answers something else than it was asked".to_owned()))
}

fn outcome(answer: &Answer, note: impl FnOnce() -> String) -> Outcome {
    if let Answer::Status { code, .. } = answer
        && *code != status::OK
    {
        return Outcome::Failed { code: status::word(*code) };
    }
    Outcome::Done { note: note() }
}

/// The names that a client sees, a line each.
fn names(answer: &Answer) -> Option<Bytes> {
    let Answer::Names(names) = answer else { return None };
    let lines = names.iter().map(|name| if name.line.is_empty() { &name.name } else { &name.line });
    let mut out = BytesMut::new();
    for line in lines {
        out.extend_from_slice(line);
        out.put_u8(b'\n');
    }
    Some(out.freeze())
}
