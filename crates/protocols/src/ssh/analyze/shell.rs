//! Command lines as the shells of POSIX read them, as far as they all read them alike.
//!
//! It knows no program and runs nothing: it says which commands stand in a text, wherever in it they stand. What is not
//! surely read the same by `dash`, `bash`, `ksh` and `sh` of BusyBox is [`Unread`], and nothing is said of such a text:
//! one wrong guess about where a quote ends is enough to take a command for a word. Enter at [`read`].

mod compound;
mod redirect;
mod substitution;
mod word;

use std::mem;

pub(super) use compound::is_reserved;
pub(super) use redirect::{Direction, Redirect};
pub(super) use word::{Word, is_name};

/// The longest text that is read, in bytes.
pub(super) const LONGEST: usize = 64 << 10;
/// How deep commands may stand inside commands.
pub(super) const DEEPEST: usize = 32;

/// Why a text was not read, in one clause for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unread(pub(super) &'static str);

/// All commands of a text, those inside others after the one they stand in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) commands: Vec<Simple>,
    /// Output of one is input of another.
    pub(super) pipeline: bool,
    /// There is more than one, or one may run more than once.
    pub(super) several: bool,
    /// Something is not waited for.
    pub(super) background: bool,
    /// Something else than words belongs to a command: a group around it, a `!`, a redirection.
    pub(super) adorned: bool,
}

impl Script {
    /// The words, where that is all there is to it: one command, and each word is known.
    pub(super) fn words(&self) -> Option<Vec<String>> {
        let [only] = self.commands.as_slice() else { return None };
        let more = self.pipeline || self.several || self.background || self.adorned;
        let words = || only.words.iter().map(|word| word.literal().map(str::to_owned)).collect();
        if more || !only.assignments.is_empty() || only.words.is_empty() { None } else { words() }
    }
}

/// Words as a command line that every shell reads as these words.
///
/// INVARIANT: nothing stands outside of quotes but one letter behind each backslash, and nothing within them that a shell of
/// any kind takes for more than itself: `fish` knows a backslash there, and `csh` a `!`.
pub(in crate::ssh) fn written(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let mut text = String::from("'");
    for c in word.chars() {
        match c {
            '\'' | '\\' | '!' => text.extend(['\'', '\\', c, '\'']),
            _ => text.push(c),
        }
    }
    text.push('\'');
    text
}

/// A command without any inside it: a program with its words, or none where variables are set or files opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Simple {
    /// What is set before it runs: names, and values where they are known.
    pub(super) assignments: Vec<(String, Option<String>)>,
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
}

/// Reads a text that stands so deep in others.
pub(super) fn read(text: &str, depth: usize) -> Result<Script, Unread> {
    if text.len() > LONGEST {
        return Err(Unread("the command line is longer than is read"));
    }
    if let Some(why) = uncertain(text) {
        return Err(why);
    }
    let mut reader = Reader { rest: text, depth, ..Reader::default() };
    reader.list(&Until::End)?;
    Ok(reader.script)
}

/// What no text may hold anywhere, quoted or not.
fn uncertain(text: &str) -> Option<Unread> {
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    // THREAT: where the host's characters are not UTF-8, the last byte of one may swallow the backslash that follows
    let swallows = |pair: &[u8]| matches!(pair, [first, b'\\'] if !first.is_ascii());
    if text.contains(control) {
        Some(Unread("there is a control character in it"))
    } else if text.as_bytes().windows(2).any(swallows) {
        Some(Unread("there is a backslash behind a character that is not ASCII"))
    } else {
        None
    }
}

/// What is left of a text, and what was found in it.
#[derive(Default)]
struct Reader<'a> {
    rest: &'a str,
    depth: usize,
    script: Script,
    /// Here-documents whose lines begin after this one.
    pending: Vec<redirect::Pending>,
    /// How many substitutions are open.
    inside: usize,
}

/// Where a list of commands ends.
enum Until {
    /// With the text.
    End,
    /// At the parenthesis.
    Parenthesis,
    /// At one of these words, where a command could begin.
    Word(&'static [&'static str]),
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    fn eat(&mut self, text: &str) -> bool {
        let after = self.rest.strip_prefix(text);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Commands up to and with what ends them. There is at least one, except in a text that ends.
    fn list(&mut self, until: &Until) -> Result<(), Unread> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEEPEST {
            return Err(Unread("its commands stand deeper in one another than is read"));
        }
        let mut count = 0_usize;
        loop {
            self.skip_lines()?;
            if self.ends(until)? {
                break;
            }
            self.script.several |= count > 0;
            self.and_or()?;
            self.separator()?;
            count = count.saturating_add(1);
        }
        self.depth = self.depth.saturating_sub(1);
        match until {
            Until::End if !self.pending.is_empty() => Err(Unread("a here-document does not begin")),
            Until::Parenthesis | Until::Word(_) if count == 0 => Err(Unread("there is no command where one has to be")),
            Until::End | Until::Parenthesis | Until::Word(_) => Ok(()),
        }
    }

    /// Whether what ends a list stands here, which is then taken; the words that do are left to whoever asked for them.
    fn ends(&mut self, until: &Until) -> Result<bool, Unread> {
        match (until, self.peek()) {
            (Until::End, None) => Ok(true),
            (_, None) => Err(Unread("something is opened in it and never closed")),
            (Until::Parenthesis, Some(')')) => {
                self.next();
                Ok(true)
            }
            (Until::Word(words), Some(_)) => Ok(self.bare_word().is_some_and(|word| words.contains(&word))),
            (Until::End | Until::Parenthesis, Some(_)) => Ok(false),
        }
    }

    /// What stands between two commands, or nothing where the list ends.
    fn separator(&mut self) -> Result<(), Unread> {
        self.skip_blanks();
        if self.rest.starts_with(";;") || self.rest.starts_with(";&") {
            return Err(Unread("a `case` is not read"));
        }
        if self.rest.starts_with("&>") {
            return Err(Unread("`&>` is not read alike by all shells"));
        }
        if self.eat("&") {
            self.script.background = true;
            return Ok(());
        }
        if self.eat(";") || matches!(self.peek(), None | Some('\n' | ')')) {
            return Ok(());
        }
        Err(Unread("something stands behind a command that is no part of it"))
    }

    fn and_or(&mut self) -> Result<(), Unread> {
        self.pipeline()?;
        self.skip_blanks();
        while self.eat("&&") || self.eat("||") {
            self.script.several = true;
            self.skip_lines()?;
            self.pipeline()?;
            self.skip_blanks();
        }
        Ok(())
    }

    fn pipeline(&mut self) -> Result<(), Unread> {
        while self.bare_word() == Some("!") {
            self.script.adorned = true;
            self.next();
            self.skip_blanks();
        }
        self.command()?;
        self.skip_blanks();
        while !self.rest.starts_with("||") && self.eat("|") {
            if self.rest.starts_with('&') {
                return Err(Unread("`|&` is not read alike by all shells"));
            }
            (self.script.pipeline, self.script.several) = (true, true);
            self.skip_lines()?;
            self.command()?;
            self.skip_blanks();
        }
        Ok(())
    }

    /// Words and redirections up to what cannot be part of them.
    fn simple(&mut self) -> Result<(), Unread> {
        let before = mem::take(&mut self.script.commands);
        let mut simple = Simple::default();
        loop {
            self.skip_blanks();
            match self.peek() {
                None | Some('\n' | ';' | '&' | '|' | ')') => break,
                Some('(') => return Err(Unread("a function, or a pattern of some shells, is not read")),
                Some(_) if self.at_redirect()? => simple.redirects.extend(self.redirect()?),
                Some(_) => self.word()?.join(&mut simple),
            }
        }
        if simple == Simple::default() {
            return Err(Unread("there is no command where one has to be"));
        }
        let inside = mem::replace(&mut self.script.commands, before);
        self.script.commands.push(simple);
        self.script.commands.extend(inside);
        Ok(())
    }

    /// The word that begins here, where no letter of it is quoted and none changes on the way.
    fn bare_word(&self) -> Option<&'a str> {
        let end = self.rest.find(|c: char| c.is_whitespace() || ";&|()<>".contains(c)).unwrap_or(self.rest.len());
        let word = self.rest.get(..end)?;
        let bare = !word.is_empty() && !word.contains(|c| "'\"\\$`".contains(c));
        bare.then_some(word)
    }

    /// What stands between words, and a comment.
    fn skip_blanks(&mut self) {
        while self.eat(" ") || self.eat("\t") || self.eat("\\\n") {}
        if self.rest.starts_with('#') {
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            self.rest = self.rest.get(end..).unwrap_or_default();
        }
    }

    /// The same and ends of lines, with the here-documents that follow those.
    fn skip_lines(&mut self) -> Result<(), Unread> {
        self.skip_blanks();
        while self.eat("\n") {
            self.here_documents()?;
            self.skip_blanks();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
