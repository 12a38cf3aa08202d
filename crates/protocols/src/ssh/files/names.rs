//! Where the names of a request lead: each is asked for at the host, whose links nobody else knows.
//!
//! Where the host does not know a name as a whole, its folder is asked for; and where not even that is there, the name is
//! taken as it stands, for whoever decides, and the host's answer is the client's. Enter at [`Head::step`].

use std::collections::VecDeque;

use bytes::Bytes;

use super::open::{Open, Ours};
use super::{Asked, Broken};
use crate::ssh::wire::sftp::{About, Answer, Call, Request};

/// A request whose files are not known yet.
pub(super) struct Head {
    request: Request,
    found: Vec<Option<File>>,
    search: Option<Search>,
    waits: bool,
    nowhere: Option<(u32, Bytes)>,
}

/// A file: what it is called for whoever decides, and what the target is to be told.
struct File {
    path: Bytes,
    there: Bytes,
    /// Where it is open.
    ours: Option<Ours>,
}

/// One name that is looked for.
struct Search {
    ways: VecDeque<Way>,
    /// The one that the host has been asked for.
    asked: Option<Way>,
    name: Bytes,
    failed: Option<(u32, Bytes)>,
}

/// A name that the host may know, and what stands behind what it leads to.
struct Way {
    name: Bytes,
    behind: Bytes,
    /// Whether it leads to the file, and not to where it would be.
    leads: bool,
}

/// What is to be done next.
pub(super) enum Step {
    Wait,
    /// The host is asked where this leads.
    Ask(Bytes),
    /// It is about a file that is not open.
    Closed,
    /// All its files are known.
    Known,
}

impl Head {
    pub(super) fn of(request: Request) -> Self {
        Self { request, found: Vec::new(), search: None, waits: false, nowhere: None }
    }

    pub(super) fn id(&self) -> u32 {
        self.request.id
    }

    pub(super) fn call(&self) -> &Call {
        &self.request.call
    }

    pub(super) fn step(&mut self, open: &Open) -> Step {
        loop {
            if self.waits {
                return Step::Wait;
            }
            if let Some(search) = &mut self.search {
                if let Some(name) = search.next() {
                    self.waits = true;
                    return Step::Ask(name);
                }
                // INVARIANT: what is known of no host is asked of none
                self.nowhere = self.nowhere.take().or(search.failed.take());
                let name = search.name.clone();
                self.find(name);
                continue;
            }
            match self.request.call.about().get(self.found.len()) {
                None => return Step::Known,
                Some(About::Nothing) => self.found.push(None),
                Some(About::Handle(handle)) => {
                    let ours = Ours::of(handle);
                    let Some(file) = ours.and_then(|ours| open.named(ours)) else { return Step::Closed };
                    self.found.push(Some(File { path: file.path.clone(), there: file.there.clone(), ours }));
                }
                Some(About::Followed(name)) => self.search = Some(Search::followed(name)),
                Some(About::Itself(name)) => self.search = Some(Search::itself(name)),
            }
        }
    }

    /// What the host says of the name that it was asked for.
    pub(super) fn answered(&mut self, answer: Answer) -> Result<(), Broken> {
        let strange = || Broken::Target("it answers with something else than where a name leads".to_owned());
        let search = self.search.as_mut().ok_or_else(strange)?;
        let way = search.asked.take().ok_or_else(strange)?;
        self.waits = false;
        match answer {
            Answer::Names(names) => {
                let [one] = names.as_slice() else { return Err(strange()) };
                let path = joined(&one.name, &way.behind);
                if !way.leads {
                    self.nowhere = self.nowhere.take().or(search.failed.take());
                }
                self.find(path);
                Ok(())
            }
            Answer::Status { code, message, .. } => {
                search.failed.get_or_insert((code, message));
                Ok(())
            }
            Answer::Handle(_)
            | Answer::Data(_)
            | Answer::Attributes(_)
            | Answer::Extended(_)
            | Answer::Unknown { .. } => Err(strange()),
        }
    }

    fn find(&mut self, path: Bytes) {
        self.search = None;
        self.found.push(Some(File { there: path.clone(), path, ours: None }));
    }

    /// With its files, as the target is to be asked.
    pub(super) fn asked(self, id: u32) -> Asked {
        let Self { request: Request { id: client, mut call }, found, nowhere, .. } = self;
        let mut found = found.into_iter();
        let files = [found.next().flatten(), found.next().flatten()];
        // where a name leads is asked for by that name
        let named = if matches!(call, Call::Realpath(_)) { [None, None] } else { call.files_mut() };
        for (name, file) in named.into_iter().zip(&files) {
            if let (Some(name), Some(file)) = (name, file) {
                *name = file.there.clone();
            }
        }
        let ours = files.iter().flatten().find_map(|file| file.ours);
        Asked { client, id, call, ours, files: files.map(|file| file.map(|file| file.path)), nowhere }
    }
}

impl Search {
    /// Where a name leads to the last.
    fn followed(name: &Bytes) -> Self {
        let whole = Way { name: name.clone(), behind: Bytes::new(), leads: true };
        Self::by(name, [Some(whole), in_folder(name)])
    }

    /// Where a name is: its last step is meant itself.
    fn itself(name: &Bytes) -> Self {
        // what ends in a slash is meant behind its last link, and so are steps back
        match in_folder(name).filter(|_| !name.ends_with(b"/")) {
            Some(way) => Self::by(name, [Some(way), None]),
            None => Self::followed(name),
        }
    }

    fn by(name: &Bytes, ways: [Option<Way>; 2]) -> Self {
        let from_home = Way { name: Bytes::from_static(b"."), behind: name.clone(), leads: false };
        let from_home = Some(from_home).filter(|_| !name.starts_with(b"/"));
        let ways = ways.into_iter().chain([from_home]).flatten().collect();
        Self { ways, asked: None, name: name.clone(), failed: None }
    }

    fn next(&mut self) -> Option<Bytes> {
        let way = self.ways.pop_front()?;
        let name = way.name.clone();
        self.asked = Some(way);
        Some(name)
    }
}

/// A name in the folder that it is in; none where its last step names no file in one.
fn in_folder(name: &Bytes) -> Option<Way> {
    let end = name.iter().rposition(|byte| *byte != b'/')?;
    let name = name.slice(..=end);
    let (folder, last) = match name.iter().rposition(|byte| *byte == b'/') {
        None => (Bytes::from_static(b"."), name),
        Some(0) => (Bytes::from_static(b"/"), name.slice(1..)),
        Some(slash) => (name.slice(..slash), name.slice(slash.saturating_add(1)..)),
    };
    let named = !matches!(&*last, b"." | b"..");
    named.then_some(Way { name: folder, behind: last, leads: true })
}

fn joined(folder: &Bytes, behind: &Bytes) -> Bytes {
    if behind.is_empty() {
        return folder.clone();
    }
    let between: &[u8] = if folder.ends_with(b"/") { b"" } else { b"/" };
    [folder, between, behind].concat().into()
}
