//! Redirections and here-documents.
//!
//! It opens nothing, and does not know which file a path leads to. Enter at [`Reader::redirect`].

use super::{Reader, Unread, Word};

/// A file that is opened for a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Redirect {
    pub(in super::super) direction: Direction,
    pub(in super::super) file: Word,
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Direction {
    In,
    Out,
    Both,
}

/// A here-document that is still to come.
pub(super) struct Pending {
    ends: String,
    /// Whether its lines are taken as they are.
    quoted: bool,
    /// Whether tabs before its lines are left out.
    stripped: bool,
}

impl Reader<'_> {
    /// Whether a redirection begins here, perhaps with the number of what it redirects.
    pub(super) fn at_redirect(&self) -> Result<bool, Unread> {
        let after = self.rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let redirects = after.starts_with(['<', '>']);
        if redirects && self.rest.len().saturating_sub(after.len()) > 1 {
            return Err(Unread("a number of more than one digit stands before `<` or `>`"));
        }
        Ok(redirects && !self.at_process())
    }

    /// A redirection; nothing where no file is opened by it.
    pub(super) fn redirect(&mut self) -> Result<Option<Redirect>, Unread> {
        self.script.adorned = true;
        if self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.next();
        }
        if self.rest.starts_with("<<<") {
            return Err(Unread("`<<<` is not read alike by all shells"));
        }
        if self.eat("<<") {
            return self.here_document().map(|()| None);
        }
        if self.eat("<&") || self.eat(">&") {
            return self.duplicate().map(|()| None);
        }
        let direction = if self.eat("<>") {
            Direction::Both
        } else if self.eat("<") {
            Direction::In
        } else {
            // `>`, `>>` and `>|`
            self.next();
            if self.rest.starts_with(['>', '|']) {
                self.next();
            }
            Direction::Out
        };
        let file = self.operand()?;
        Ok(Some(Redirect { direction, file }))
    }

    /// `2>&1` and its like.
    fn duplicate(&mut self) -> Result<(), Unread> {
        let word = self.operand()?;
        let number = word.text.len() == 1 && word.text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        if number && word.literal && word.bare {
            Ok(())
        } else {
            Err(Unread("`>&` with anything but one digit is not read alike by all shells"))
        }
    }

    fn operand(&mut self) -> Result<Word, Unread> {
        self.skip_blanks();
        match self.peek() {
            None | Some('\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' | '#') => {
                Err(Unread("a redirection leads nowhere"))
            }
            Some(_) => self.word(),
        }
    }

    fn here_document(&mut self) -> Result<(), Unread> {
        if self.inside > 0 {
            return Err(Unread("a here-document inside a substitution is not read alike by all shells"));
        }
        let stripped = self.eat("-");
        let word = self.operand()?;
        if !word.literal || word.text.contains('\n') {
            return Err(Unread("it cannot be said where a here-document ends"));
        }
        self.pending.push(Pending { ends: word.text, quoted: !word.bare, stripped });
        Ok(())
    }

    /// The lines of here-documents, behind the end of the line that asked for them.
    pub(super) fn here_documents(&mut self) -> Result<(), Unread> {
        if self.inside > 0 && !self.pending.is_empty() {
            return Err(Unread("a here-document inside a substitution is not read alike by all shells"));
        }
        for pending in std::mem::take(&mut self.pending) {
            loop {
                let (line, after) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
                let last = !self.rest.contains('\n');
                self.rest = after;
                if pending.ended_by(line) {
                    break;
                }
                if last {
                    return Err(Unread("a here-document does not end"));
                }
                if !pending.quoted && !harmless(line) {
                    return Err(Unread("there is something in a here-document that the shell would work out"));
                }
            }
        }
        Ok(())
    }
}

impl Pending {
    fn ended_by(&self, line: &str) -> bool {
        let line = if self.stripped { line.trim_start_matches('\t') } else { line };
        line == self.ends
    }
}

/// Whether nothing but variables is worked out in a line of a here-document, and it ends where it ends.
fn harmless(line: &str) -> bool {
    let names = line.split('$').skip(1).all(|after| after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
    names && !line.contains('`') && !line.ends_with('\\')
}
