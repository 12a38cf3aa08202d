//! Commands with commands inside them: groups, conditions, loops.
//!
//! It decides nothing about which of them run: all that could are found. Enter at [`Reader::command`].

use super::{Reader, Simple, Unread, Until};

/// Words that are no programs where a command could begin, in one shell or another, and are not read.
const RESERVED: &[&str] = &[
    "case", "esac", "then", "else", "elif", "fi", "do", "done", "in", "}", "function", "select", "coproc", "[[", "]]",
    "foreach", "end", "repeat", "begin", "switch", "and", "or", "not",
];

/// Whether a word means something to the shell where a command could begin, and is no program.
pub(in super::super) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word) || matches!(word, "!" | "{" | "if" | "while" | "until" | "for")
}

impl Reader<'_> {
    pub(super) fn command(&mut self) -> Result<(), Unread> {
        self.skip_blanks();
        if self.rest.starts_with("((") {
            return Err(Unread("`((` is not read alike by all shells"));
        }
        if self.eat("(") {
            self.script.adorned = true;
            self.list(&Until::Parenthesis)?;
            return self.redirected();
        }
        match self.bare_word() {
            Some("{") => {
                self.script.adorned = true;
                self.up_to(&["}"])?;
            }
            Some("if") => self.condition()?,
            Some("while" | "until") => {
                self.script.several = true;
                self.up_to(&["do"])?;
                self.up_to(&["done"])?;
            }
            Some("for") => self.for_each()?,
            Some(word) if RESERVED.contains(&word) => {
                return Err(Unread("a word in it begins what is not read: `case`, `[[`, `function` or the like"));
            }
            Some(_) | None => return self.simple(),
        }
        self.take_word();
        self.redirected()
    }

    /// Takes the word that stands here, and the list behind it up to one of these words, which is left.
    fn up_to(&mut self, words: &'static [&'static str]) -> Result<(), Unread> {
        self.take_word();
        self.list(&Until::Word(words))
    }

    fn take_word(&mut self) {
        let length = self.bare_word().map_or(0, str::len);
        self.rest = self.rest.get(length..).unwrap_or_default();
    }

    fn condition(&mut self) -> Result<(), Unread> {
        self.script.several = true;
        self.up_to(&["then"])?;
        self.up_to(&["elif", "else", "fi"])?;
        while self.bare_word() == Some("elif") {
            self.up_to(&["then"])?;
            self.up_to(&["elif", "else", "fi"])?;
        }
        if self.bare_word() == Some("else") { self.up_to(&["fi"]) } else { Ok(()) }
    }

    /// `for NAME [in WORD …]; do … done`: the name is set to each of the words.
    fn for_each(&mut self) -> Result<(), Unread> {
        self.script.several = true;
        self.take_word();
        self.skip_blanks();
        let name = self.word()?.name().ok_or(Unread("a `for` is written in a way that is not read"))?;
        let set = Simple { assignments: vec![(name, None)], ..Simple::default() };
        self.script.commands.push(set);
        self.skip_lines()?;
        if self.bare_word() == Some("in") {
            self.take_word();
            self.skip_blanks();
            while !matches!(self.peek(), None | Some('\n' | ';')) {
                if matches!(self.peek(), Some('&' | '|' | '(' | ')')) || self.at_redirect()? {
                    return Err(Unread("a `for` is written in a way that is not read"));
                }
                self.word()?;
                self.skip_blanks();
            }
        }
        self.skip_blanks();
        self.eat(";");
        self.skip_lines()?;
        if self.bare_word() != Some("do") {
            return Err(Unread("a `for` is written in a way that is not read"));
        }
        self.up_to(&["done"])
    }

    /// The redirections behind a command with others inside it.
    fn redirected(&mut self) -> Result<(), Unread> {
        let mut all = Simple::default();
        loop {
            self.skip_blanks();
            match self.peek() {
                Some(_) if self.at_redirect()? => all.redirects.extend(self.redirect()?),
                Some(_) | None => break,
            }
        }
        if all != Simple::default() {
            self.script.commands.push(all);
        }
        Ok(())
    }
}
