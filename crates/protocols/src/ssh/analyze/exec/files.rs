//! The files that words of a command line name.
//!
//! It opens none of them. A name that leads somewhere only the host knows stands for every file. Enter at [`of`].

use postern_core::operation::Effect;

use super::super::path::{ANY, absolute, file};
use super::super::shell::{Direction, Word};

/// What a redirection opens.
pub(super) enum File {
    /// Nothing that keeps anything.
    None,
    /// A connection, to shells that know such names.
    Network,
    /// A file.
    Named(String),
}

impl File {
    /// Its name among the objects, where it is a file.
    pub(super) fn name(self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Network => Some(ANY.to_owned()),
            Self::Named(name) => Some(name),
        }
    }
}

/// What a word names, as a redirection opens it.
pub(super) fn of(word: &Word) -> File {
    let Some(path) = word.literal() else { return File::Named(ANY.to_owned()) };
    let name = file(path);
    let own = name.strip_prefix("/dev/fd/").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    match name.as_str() {
        "/dev/null" | "/dev/zero" | "/dev/full" | "/dev/stdin" | "/dev/stdout" | "/dev/stderr" | "/dev/tty" => {
            File::None
        }
        _ if own => File::None,
        _ if name.starts_with("/dev/tcp/") || name.starts_with("/dev/udp/") => File::Network,
        _ => File::Named(name),
    }
}

/// Whether a name is that of one file.
pub(super) fn is_known(name: &str) -> bool {
    name != ANY
}

/// A path as conditions compare it: absolute ones in one way, others as they are; nothing where it goes back.
pub(super) fn plain(path: &str) -> Option<String> {
    let back = path.split('/').any(|step| step == "..");
    (!back).then(|| absolute(path).unwrap_or_else(|| path.to_owned()))
}

pub(super) fn effects(direction: Direction) -> &'static [Effect] {
    match direction {
        Direction::In => &[Effect::Read],
        Direction::Out => &[Effect::Write],
        Direction::Both => &[Effect::Read, Effect::Write],
    }
}
