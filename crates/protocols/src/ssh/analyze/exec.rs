//! Command lines.
//!
//! It knows nothing of the host that they are for. Enter at [`exec`].

use postern_core::operation::{Fact, Operation};

use super::asked::{Asked, shown};
use super::channel::word_of;
use crate::ssh::vocabulary::action;

/// A command line for the login shell, with a terminal or without.
#[must_use]
pub fn exec(command: &[u8], pty: bool) -> Operation {
    Asked::of(action::EXEC)
        .answered()
        .opaque("command lines are not read yet")
        .fact("unread", Fact::Flag(true))
        .fact("pty", Fact::Flag(pty))
        .setting("pty", word_of(pty))
        .exactly(command)
        .operation(shown(command))
}
