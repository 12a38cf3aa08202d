//! What is asked of files in the subsystem `sftp`, one request an operation.
//!
//! It knows no handle and follows no link: which file is meant is for the caller to find out, on the host. Enter at
//! [`sftp`].

use bytes::BytesMut;
use postern_core::operation::{Effect, Fact, Operation};

use super::asked::{Asked, shown};
use super::path::{self, ANY};
use crate::ssh::vocabulary::action;
use crate::ssh::wire::sftp::{Access, Call, Extension, Request};

/// A request about the file at `path`, and where it is about two, about the one at `other` too: both absolute, with
/// every link on the way followed, the last one where the request follows it. A handle stands for the path that it was
/// opened by. Of a link that is made, `path` is where it is to be, and what it is to hold is in the request.
///
/// Nothing where there is nothing to decide about: a file is closed, limits are asked for.
#[must_use]
pub fn sftp(call: &Call, path: &[u8], other: Option<&[u8]>) -> Option<Operation> {
    let file = File::of(path);
    let other = other.map(File::of);
    let asked = match call {
        Call::Close(_) | Call::Extended(Extension::Limits) => return None,
        Call::Open { access, .. } => open(*access, &file),
        Call::Read { .. } => file.read(Asked::of(action::SFTP_READ)),
        Call::Write { .. } => file.write(Asked::of(action::SFTP_WRITE)),
        Call::Lstat(_) | Call::Stat(_) | Call::Fstat(_) => file.read(Asked::of(action::SFTP_STAT)),
        Call::Setstat { .. } | Call::Fsetstat { .. } => file.write(Asked::of(action::SFTP_SETSTAT)),
        Call::Opendir(_) | Call::Readdir(_) => file.read(Asked::of(action::SFTP_LIST)),
        Call::Remove(_) => file.touched(Asked::of(action::SFTP_REMOVE), Effect::Delete),
        Call::Rmdir(_) => file.touched(Asked::of(action::SFTP_RMDIR), Effect::Delete),
        Call::Mkdir { .. } => file.write(Asked::of(action::SFTP_MKDIR)),
        Call::Realpath(name) => file.resolved(matches!(&**name, b"" | b".")),
        Call::Rename { .. } => renamed(&file, other.as_ref()),
        Call::Readlink(_) => file.read(Asked::of(action::SFTP_READLINK)),
        Call::Symlink { target, .. } => linked(&file, target),
        Call::Extended(extension) => extended(extension, &file, other.as_ref()),
        Call::Unknown { .. } => unknown(),
    };
    let both = [Some(&file), other.as_ref()];
    Some(finished(asked, call, &both.into_iter().flatten().collect::<Vec<_>>()))
}

fn extended(extension: &Extension, file: &File<'_>, other: Option<&File<'_>>) -> Asked {
    match extension {
        Extension::PosixRename { .. } => renamed(file, other),
        Extension::StatVfs(_) | Extension::FstatVfs(_) => file.read(Asked::of(action::SFTP_STAT)),
        Extension::Hardlink { .. } => {
            // whoever has a second name for a file has the file
            let asked = file.write(file.read(Asked::of(action::SFTP_LINK)));
            second(asked, other, |asked, to| to.write(asked))
        }
        Extension::Fsync(_) => file.touched(Asked::of(action::SFTP_SYNC), Effect::Session),
        Extension::Lsetstat { .. } => file.write(Asked::of(action::SFTP_SETSTAT)),
        Extension::CopyData { length, .. } => {
            let asked = file.read(Asked::of(action::SFTP_COPY));
            let asked = if *length == 0 { asked } else { asked.fact("bytes", bytes(*length)) };
            second(asked, other, |asked, to| to.write(asked))
        }
        // these were answered for before
        Extension::Limits | Extension::Unknown { .. } => unknown(),
    }
}

/// What of a file is known.
struct File<'a> {
    bytes: &'a [u8],
    /// Its name among the objects.
    object: Option<String>,
}

impl<'a> File<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        // bytes that are no text are told apart by what is meant, not by what is shown
        let object = path::absolute(&shown(bytes)).filter(|_| !bytes.contains(&0));
        Self { bytes, object }
    }

    fn touched(&self, asked: Asked, effect: Effect) -> Asked {
        match &self.object {
            Some(object) => asked.touching(effect, object.as_str()),
            None => asked.touching(effect, ANY).opaque("which file it is about is not known"),
        }
    }

    /// It, and all that is below it if it is a folder.
    fn touched_deep(&self, asked: Asked, effect: Effect) -> Asked {
        let below = self.object.iter().flat_map(|object| path::tree(object));
        below.fold(self.touched(asked, effect), |asked, object| asked.touching(effect, object))
    }

    fn read(&self, asked: Asked) -> Asked {
        self.touched(asked.answered(), Effect::Read)
    }

    fn write(&self, asked: Asked) -> Asked {
        self.touched(asked, Effect::Write)
    }

    /// Where names lead. Where a session begins, every client asks; anything else shows what there is.
    fn resolved(&self, begins: bool) -> Asked {
        let asked = Asked::of(action::SFTP_RESOLVE).answered();
        self.touched(asked, if begins { Effect::Session } else { Effect::Read })
    }
}

fn open(access: Access, file: &File<'_>) -> Asked {
    let asked = match (access.changes(), access.holds(Access::READ)) {
        (true, true) => file.read(file.write(Asked::of(action::SFTP_WRITE).also(action::SFTP_READ))),
        (true, false) => file.write(Asked::of(action::SFTP_WRITE)),
        (false, _) => file.read(Asked::of(action::SFTP_READ)),
    };
    if access.is_known() { asked } else { asked.opaque("a file is opened in a way that is not known") }
}

/// THREAT: a file that must not be read is renamed to where it may be; and with a folder goes all that is in it.
fn renamed(from: &File<'_>, to: Option<&File<'_>>) -> Asked {
    let asked = Asked::of(action::SFTP_RENAME);
    let asked = from.touched_deep(from.touched_deep(asked, Effect::Read), Effect::Delete);
    second(asked, to, |asked, to| to.touched_deep(asked, Effect::Write))
}

/// THREAT: who follows the link may be somebody else, whose rights are others: a web server, a job of root. So whoever
/// makes one needs the rights to what it leads to.
fn linked(link: &File<'_>, target: &[u8]) -> Asked {
    let asked = link.write(Asked::of(action::SFTP_SYMLINK));
    let target = shown(target);
    let folder = link.object.as_deref().and_then(|link| link.rsplit_once('/')).map(|(folder, _)| folder);
    let leads = if target.starts_with('/') { Some(target) } else { folder.map(|folder| format!("{folder}/{target}")) };
    let objects = leads.map_or_else(|| vec![ANY.to_owned()], |leads| path::tree(&leads));
    [Effect::Read, Effect::Write].into_iter().fold(asked, |asked, effect| {
        objects.iter().fold(asked, |asked, object| asked.touching(effect, object.as_str()))
    })
}

fn second(asked: Asked, other: Option<&File<'_>>, touch: impl FnOnce(Asked, &File<'_>) -> Asked) -> Asked {
    match other {
        Some(other) => touch(asked, other),
        None => asked.opaque("which other file it is about is not known"),
    }
}

fn unknown() -> Asked {
    Asked::of(action::SFTP_UNKNOWN).answered().opaque("nothing is known of what that does")
}

/// With its meaning, the facts about its files, and its words for people.
fn finished(asked: Asked, call: &Call, files: &[&File<'_>]) -> Operation {
    let mut meant = BytesMut::new();
    let written = Request { id: 0, call: call.clone() }.encode(&mut meant);
    let asked = if written.is_ok() { asked } else { asked.opaque("it is longer than any request may be") };
    let asked = files.iter().fold(asked.meaning(&meant), |asked, file| asked.meaning(file.bytes));
    let names: Option<Vec<String>> = files.iter().map(|file| file.object.clone()).collect();
    let asked = match names {
        Some(names) => {
            let first = names.first().cloned().map(Fact::Text);
            let asked = asked.fact("paths", Fact::List(names));
            first.into_iter().fold(asked, |asked, first| asked.fact("path", first))
        }
        None => asked,
    };
    let verb = asked.action().strip_prefix(action::SFTP.0).unwrap_or_default().trim_start_matches('_').to_owned();
    let files: Vec<String> = files.iter().map(|file| shown(file.bytes)).collect();
    let holds = if let Call::Symlink { target, .. } = call {
        format!(" -> {}", shown(target))
    } else if let Call::Extended(Extension::Unknown { name, .. }) = call {
        format!("({})", shown(name))
    } else {
        String::new()
    };
    asked.operation(format!("sftp {verb} {}{holds}", files.join(" ")))
}

fn bytes(count: impl TryInto<i64>) -> Fact {
    Fact::Number(count.try_into().unwrap_or(i64::MAX))
}
