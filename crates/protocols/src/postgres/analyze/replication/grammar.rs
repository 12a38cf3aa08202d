//! The words of a walsender's commands and the order that they come in.
//!
//! It is the union of what PostgreSQL 14 to 18 take (`repl_scanner.l`, `repl_gram.y`): where an older server has no such
//! command or option, it fails there. It only says what was written. Enter at [`command`].

use super::super::{LONGEST_NAME, Unread};

/// A command as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Identify,
    History,
    Show(String),
    CreateSlot { slot: String, plugin: Option<String> },
    AlterSlot(String),
    DropSlot(String),
    ReadSlot(String),
    Start { logical: bool },
    BaseBackup(Backup),
    UploadManifest,
}

/// Where a backup goes, if it does not come to the client. Each may be said once, and the server sees to that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Backup {
    pub(super) targets: Vec<String>,
    pub(super) details: Vec<String>,
}

/// The words by which a server tells a command from SQL.
const COMMANDS: &[&str] = &[
    "ALTER_REPLICATION_SLOT",
    "BASE_BACKUP",
    "CREATE_REPLICATION_SLOT",
    "DROP_REPLICATION_SLOT",
    "IDENTIFY_SYSTEM",
    "READ_REPLICATION_SLOT",
    "SHOW",
    "START_REPLICATION",
    "TIMELINE_HISTORY",
    "UPLOAD_MANIFEST",
];

/// The other words that are no names, unless they are quoted or in another case.
const KEYWORDS: &[&str] = &[
    "EXPORT_SNAPSHOT",
    "LOGICAL",
    "NOEXPORT_SNAPSHOT",
    "PHYSICAL",
    "RESERVE_WAL",
    "SLOT",
    "TEMPORARY",
    "TIMELINE",
    "TWO_PHASE",
    "USE_SNAPSHOT",
    "WAIT",
];

/// What may follow the name of a new slot, without parentheses.
const SLOT_OPTIONS: &[&str] = &["EXPORT_SNAPSHOT", "NOEXPORT_SNAPSHOT", "RESERVE_WAL", "TWO_PHASE", "USE_SNAPSHOT"];

/// The command that a text is, or why it is none of any server's; `None` where its first word makes it SQL.
pub(super) fn command(text: &str) -> Option<Result<Command, Unread>> {
    let mut words = Words { rest: text, next: None };
    if let Err(unread) = words.step() {
        return Some(Err(unread));
    }
    let Some(Token::Keyword(first)) = words.next.as_ref() else { return None };
    let first = COMMANDS.iter().find(|command| **command == *first)?;
    Some(words.step().and_then(|()| words.whole(first)))
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Keyword(&'static str),
    Name(String),
    Text(String),
    Number(String),
    /// Two hexadecimal numbers: a place in the log.
    Place,
    Mark(char),
}

/// A text, word by word, one ahead.
struct Words<'t> {
    rest: &'t str,
    next: Option<Token>,
}

impl Words<'_> {
    fn whole(&mut self, first: &str) -> Result<Command, Unread> {
        let command = match first {
            "IDENTIFY_SYSTEM" => Command::Identify,
            "UPLOAD_MANIFEST" => Command::UploadManifest,
            "TIMELINE_HISTORY" => self.number().map(|()| Command::History)?,
            "SHOW" => self.dotted().map(Command::Show)?,
            "READ_REPLICATION_SLOT" => self.dotted().map(Command::ReadSlot)?,
            "DROP_REPLICATION_SLOT" => {
                let slot = self.name()?;
                self.takes(&Token::Keyword("WAIT"))?;
                Command::DropSlot(slot)
            }
            "ALTER_REPLICATION_SLOT" => {
                let slot = self.name()?;
                self.options(|_, _| {})?.then_some(Command::AlterSlot(slot)).ok_or_else(syntax)?
            }
            "CREATE_REPLICATION_SLOT" => self.create_slot()?,
            "START_REPLICATION" => self.start()?,
            _ => self.base_backup().map(Command::BaseBackup)?,
        };
        self.takes(&Token::Mark(';'))?;
        if self.next.is_none() { Ok(command) } else { Err(syntax()) }
    }

    fn create_slot(&mut self) -> Result<Command, Unread> {
        let slot = self.name()?;
        self.takes(&Token::Keyword("TEMPORARY"))?;
        let logical = !self.takes(&Token::Keyword("PHYSICAL"))?;
        let plugin = if logical {
            self.needs(&Token::Keyword("LOGICAL"))?;
            Some(self.name()?)
        } else {
            None
        };
        if !self.options(|_, _| {})? {
            while matches!(self.next, Some(Token::Keyword(option)) if SLOT_OPTIONS.contains(&option)) {
                self.step()?;
            }
        }
        Ok(Command::CreateSlot { slot, plugin })
    }

    fn start(&mut self) -> Result<Command, Unread> {
        let slot = self.takes(&Token::Keyword("SLOT"))?;
        if slot {
            self.name()?;
        }
        let logical = slot && self.takes(&Token::Keyword("LOGICAL"))?;
        if !logical {
            self.takes(&Token::Keyword("PHYSICAL"))?;
        }
        self.needs(&Token::Place)?;
        if logical {
            self.plugin_options()?;
        } else if self.takes(&Token::Keyword("TIMELINE"))? {
            self.number()?;
        }
        Ok(Command::Start { logical })
    }

    fn plugin_options(&mut self) -> Result<(), Unread> {
        if !self.takes(&Token::Mark('('))? {
            return Ok(());
        }
        loop {
            self.name()?;
            if matches!(self.next, Some(Token::Text(_))) {
                self.step()?;
            }
            if !self.takes(&Token::Mark(','))? {
                return self.needs(&Token::Mark(')'));
            }
        }
    }

    fn base_backup(&mut self) -> Result<Backup, Unread> {
        let mut backup = Backup::default();
        let parenthesised = self.options(|name, value| {
            let said = match name.to_ascii_lowercase().as_str() {
                "target" => &mut backup.targets,
                "target_detail" => &mut backup.details,
                _ => return,
            };
            said.push(value.unwrap_or_default());
        })?;
        if !parenthesised {
            self.base_backup_of_14()?;
        }
        Ok(backup)
    }

    /// The options as they were before PostgreSQL 15, none of which says where the backup goes.
    fn base_backup_of_14(&mut self) -> Result<(), Unread> {
        while let Some(Token::Name(option)) = &self.next {
            let (text, number) = match option.as_str() {
                "label" | "manifest" | "manifest_checksums" => (true, false),
                "max_rate" => (false, true),
                "progress" | "fast" | "wal" | "nowait" | "tablespace_map" | "noverify_checksums" => (false, false),
                _ => return Err(syntax()),
            };
            self.step()?;
            if text {
                let Some(Token::Text(_)) = &self.next else { return Err(syntax()) };
                self.step()?;
            }
            if number {
                self.number()?;
            }
        }
        Ok(())
    }

    /// A list of options in parentheses; tells whether there is one.
    fn options(&mut self, mut each: impl FnMut(&str, Option<String>)) -> Result<bool, Unread> {
        if !self.takes(&Token::Mark('('))? {
            return Ok(false);
        }
        loop {
            let name = match self.next.take() {
                Some(Token::Name(name)) => name,
                Some(Token::Keyword(word)) => word.to_owned(),
                Some(Token::Text(_) | Token::Number(_) | Token::Place | Token::Mark(_)) | None => return Err(syntax()),
            };
            self.step()?;
            let value = match &self.next {
                Some(Token::Name(value) | Token::Text(value) | Token::Number(value)) => Some(value.clone()),
                Some(Token::Keyword(_) | Token::Place | Token::Mark(_)) | None => None,
            };
            if value.is_some() {
                self.step()?;
            }
            each(&name, value);
            if !self.takes(&Token::Mark(','))? {
                return self.needs(&Token::Mark(')')).map(|()| true);
            }
        }
    }

    fn dotted(&mut self) -> Result<String, Unread> {
        let mut name = self.name()?;
        while self.takes(&Token::Mark('.'))? {
            name = format!("{name}.{}", self.name()?);
        }
        Ok(name)
    }

    fn name(&mut self) -> Result<String, Unread> {
        let Some(Token::Name(name)) = self.next.take() else { return Err(syntax()) };
        self.step()?;
        Ok(name)
    }

    fn number(&mut self) -> Result<(), Unread> {
        let Some(Token::Number(_)) = self.next else { return Err(syntax()) };
        self.step()
    }

    fn needs(&mut self, token: &Token) -> Result<(), Unread> {
        if self.takes(token)? { Ok(()) } else { Err(syntax()) }
    }

    fn takes(&mut self, token: &Token) -> Result<bool, Unread> {
        let there = self.next.as_ref() == Some(token);
        if there {
            self.step()?;
        }
        Ok(there)
    }

    /// Reads the next word. Of several that might begin here, the longest is meant.
    fn step(&mut self) -> Result<(), Unread> {
        // a server before 16 takes a vertical tab for no space, in commands as in SQL, and fails
        let text = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}', '\u{b}']);
        let (token, rest) = match text.chars().next() {
            None => (None, text),
            Some('\'') => text_literal(text).map(|(text, rest)| (Some(Token::Text(text)), rest))?,
            Some('"') => {
                let (name, rest) = text.get(1..).and_then(|inside| inside.split_once('"')).ok_or_else(unterminated)?;
                (Some(named(name.to_owned())?), rest)
            }
            Some(first) => plain(text, first).map(|(token, rest)| (Some(token), rest))?,
        };
        (self.next, self.rest) = (token, rest);
        Ok(())
    }
}

/// A text in single quotes, in which two of them are one.
fn text_literal(text: &str) -> Result<(String, &str), Unread> {
    let mut inside = text.get(1..).unwrap_or_default();
    let mut literal = String::new();
    loop {
        let (before, after) = inside.split_once('\'').ok_or_else(unterminated)?;
        literal.push_str(before);
        let Some(more) = after.strip_prefix('\'') else { return Ok((literal, after)) };
        literal.push('\'');
        inside = more;
    }
}

/// A word without quotes.
fn plain(text: &str, first: char) -> Result<(Token, &str), Unread> {
    let starts = first.is_ascii_alphabetic() || first == '_' || !first.is_ascii();
    let name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii();
    let (high, rest) = span(text, |byte| byte.is_ascii_hexdigit());
    if let Some((low, rest)) = rest.strip_prefix('/').map(|rest| span(rest, |byte| byte.is_ascii_hexdigit()))
        && !high.is_empty()
        && !low.is_empty()
    {
        return Ok((Token::Place, rest));
    }
    if starts {
        let (word, rest) = span(text, name);
        let keyword = COMMANDS.iter().chain(KEYWORDS).find(|keyword| **keyword == word);
        let token = keyword.map_or_else(|| named(word.to_ascii_lowercase()), |keyword| Ok(Token::Keyword(keyword)))?;
        return Ok((token, rest));
    }
    let (digits, rest) = span(text, |byte| byte.is_ascii_digit());
    if digits.is_empty() {
        let rest = text.get(first.len_utf8()..).unwrap_or_default();
        return Ok((Token::Mark(first), rest));
    }
    Ok((Token::Number(digits.to_owned()), rest))
}

/// The bytes at the front of a text that are of a kind, and the rest.
fn span(text: &str, of: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|byte| !of(byte)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// THREAT: the server cuts longer names, so that they would be others here than there.
fn named(name: String) -> Result<Token, Unread> {
    if name.len() > LONGEST_NAME {
        return Err(Unread::Beyond(format!("a name has more than {LONGEST_NAME} bytes")));
    }
    Ok(Token::Name(name))
}

/// What a server says of whatever it cannot make a command of.
fn syntax() -> Unread {
    Unread::Syntax { message: "syntax error".to_owned(), position: None }
}

fn unterminated() -> Unread {
    Unread::Syntax { message: "unterminated quoted string".to_owned(), position: None }
}
