//! One word: literal letters, quotes, and what only the host can put in its place.
//!
//! INVARIANT: what is said to be literal is what a program is given, letter for letter, as exactly one word. Enter at
//! [`Reader::word`].

use super::{Reader, Simple, Unread};

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Word {
    /// What it is, where it is literal; else what of it is known.
    pub(in super::super) text: String,
    /// Whether the text is all of it, and it is one word whatever the host holds.
    pub(in super::super) literal: bool,
    /// Whether the host may put several words in its place, or none.
    pub(in super::super) splits: bool,
    /// Whether nothing in it was quoted.
    pub(in super::super) bare: bool,
    /// How long the name is that it would set before a command.
    assigns: Option<usize>,
}

impl Word {
    /// A literal word, for what is not written anywhere.
    pub(in super::super) fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), literal: true, splits: false, bare: true, assigns: None }
    }

    /// The same, where it is not known what it is, nor what it would set.
    pub(in super::super) fn unknown(self) -> Self {
        Self { literal: false, splits: true, assigns: None, ..self }
    }

    /// Whether it is one word whatever the host holds.
    pub(in super::super) fn is_one(&self) -> bool {
        self.literal || !self.splits
    }

    /// What it is, where that is known.
    pub(in super::super) fn literal(&self) -> Option<&str> {
        self.literal.then_some(self.text.as_str())
    }

    /// What it sets, and to what where that is known, if it is an assignment.
    pub(in super::super) fn assignment(&self) -> Option<(String, Option<String>)> {
        let (name, value) = self.text.split_at_checked(self.assigns?)?;
        Some((name.to_owned(), self.literal.then(|| value.strip_prefix('=').unwrap_or(value).to_owned())))
    }

    /// The name that it is, if it is one.
    pub(in super::super) fn name(&self) -> Option<String> {
        let name = self.literal().filter(|text| self.bare && is_name(text))?;
        Some(name.to_owned())
    }

    /// Takes its place in a command.
    pub(super) fn join(self, simple: &mut Simple) {
        match self.assignment().filter(|_| simple.words.is_empty()) {
            Some(assignment) => simple.assignments.push(assignment),
            None => simple.words.push(self),
        }
    }
}

pub(in super::super) fn is_name(text: &str) -> bool {
    let letters = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    letters && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

impl Reader<'_> {
    /// The word that begins here.
    pub(super) fn word(&mut self) -> Result<Word, Unread> {
        let mut word = Word::of("");
        if self.at_process() {
            self.process()?;
            return Ok(word.unknown());
        }
        let (mut braces, mut pattern) = (false, false);
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')' => break,
                '\'' => self.single(&mut word)?,
                '"' => self.double(&mut word)?,
                '\\' => self.escaped(&mut word)?,
                '$' => {
                    self.dollar(&mut word, false)?;
                    word.splits = true;
                }
                '`' => {
                    self.backquoted(&mut word, false)?;
                    word.splits = true;
                }
                _ => {
                    braces |= matches!(c, '{' | '}');
                    pattern |= matches!(c, '*' | '?' | '[');
                    self.unquoted(&mut word, c)?;
                }
            }
        }
        // THREAT: `: {PATH}>f` sets a variable in `bash`, and opens a file in all of them
        if braces && matches!(self.peek(), Some('<' | '>')) {
            return Err(Unread("a brace before `<` or `>` is not read alike by all shells"));
        }
        // a lone bracket is a program, and empty braces are what some programs put words in the place of
        word.splits |= pattern || braces;
        word.literal &= !pattern || (word.bare && word.text == "[");
        word.literal &= !braces || !word.text.replace("{}", "").contains(['{', '}']);
        // `=ls` is the path of `ls` to some
        word.literal &= !(word.bare && word.text.len() > 1 && word.text.starts_with('='));
        Ok(word)
    }

    fn unquoted(&mut self, word: &mut Word, c: char) -> Result<(), Unread> {
        let mut bytes = [0; 4];
        // THREAT: these bytes are blanks in some character sets, and `bash` ends a word there
        if !c.is_ascii() && c.encode_utf8(&mut bytes).bytes().any(|byte| matches!(byte, 0x85 | 0xa0)) {
            return Err(Unread("there is a character in it that some shells take for a blank"));
        }
        let home = c == '~' && (word.text.is_empty() || word.text.ends_with(['=', ':']));
        word.literal &= !home;
        if c == '=' && word.bare && word.literal && word.assigns.is_none() && is_name(&word.text) {
            word.assigns = Some(word.text.len());
        }
        word.text.push(c);
        self.next();
        Ok(())
    }

    fn single(&mut self, word: &mut Word) -> Result<(), Unread> {
        word.bare = false;
        self.next();
        let (quoted, after) = self.rest.split_once('\'').ok_or(Unread("a quote is opened in it and never closed"))?;
        self.in_line(quoted)?;
        // THREAT: `fish` takes the quote behind a backslash for a letter, and what follows for more of the word
        if quoted.ends_with('\\') {
            return Err(Unread("a backslash stands before a closing quote"));
        }
        word.text.push_str(quoted);
        self.rest = after;
        Ok(())
    }

    fn double(&mut self, word: &mut Word) -> Result<(), Unread> {
        word.bare = false;
        self.next();
        loop {
            match self.peek().ok_or(Unread("a quote is opened in it and never closed"))? {
                '"' => {
                    self.next();
                    return Ok(());
                }
                '\\' => {
                    self.next();
                    match self.next().ok_or(Unread("it ends in a backslash"))? {
                        c @ ('$' | '`' | '"' | '\\') => word.text.push(c),
                        '\n' => self.in_line("\n")?,
                        c => word.text.extend(['\\', c]),
                    }
                }
                '$' => {
                    // all the words that a text was given, each for itself
                    word.splits |= self.rest.starts_with("$@") || self.rest.starts_with("${@");
                    self.dollar(word, true)?;
                }
                '`' => self.backquoted(word, true)?,
                c => {
                    if c == '\n' {
                        self.in_line("\n")?;
                    }
                    word.text.push(c);
                    self.next();
                }
            }
        }
    }

    fn escaped(&mut self, word: &mut Word) -> Result<(), Unread> {
        self.next();
        match self.next() {
            None => Err(Unread("it ends in a backslash")),
            Some('\n') => self.in_line("\n"),
            Some(c) => {
                word.bare = false;
                word.text.push(c);
                Ok(())
            }
        }
    }

    /// Where a here-document begins after a line that ends inside a quote, shells do not agree.
    fn in_line(&self, quoted: &str) -> Result<(), Unread> {
        if quoted.contains('\n') && !self.pending.is_empty() {
            return Err(Unread("it cannot be said where a here-document begins"));
        }
        Ok(())
    }
}
