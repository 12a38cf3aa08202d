//! What the shell puts in the place of words: variables, and the output of commands, which are read as well.
//!
//! Nothing is worked out here; a word with any of it is not literal. Enter at [`Reader::dollar`].

use super::word::is_name;
use super::{Reader, Unread, Until, Word};

impl Reader<'_> {
    /// Whether `<(` or `>(` stands here.
    pub(super) fn at_process(&self) -> bool {
        self.rest.starts_with("<(") || self.rest.starts_with(">(")
    }

    /// `<(…)`: shells that do not know it refuse the whole line.
    pub(super) fn process(&mut self) -> Result<(), Unread> {
        self.next();
        self.next();
        self.commands()
    }

    /// The commands of a substitution up to its parenthesis.
    fn commands(&mut self) -> Result<(), Unread> {
        if !self.pending.is_empty() {
            return Err(Unread("it cannot be said where a here-document begins"));
        }
        self.script.several = true;
        self.inside = self.inside.saturating_add(1);
        self.list(&Until::Parenthesis)?;
        self.inside = self.inside.saturating_sub(1);
        Ok(())
    }

    /// What begins with a dollar, inside double quotes or outside.
    pub(super) fn dollar(&mut self, word: &mut Word, quoted: bool) -> Result<(), Unread> {
        self.next();
        if self.eat("((") {
            word.literal = false;
            return self.sum();
        }
        if self.eat("(") {
            word.literal = false;
            return self.commands();
        }
        if self.eat("{") {
            word.literal = false;
            return self.braced();
        }
        let stands_alone = |c: char| if quoted { "\" .,/;)|".contains(c) } else { " \t\n;&|)".contains(c) };
        match self.peek() {
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
                self.rest = self.rest.get(end..).unwrap_or_default();
                word.literal = false;
                Ok(())
            }
            Some(c) if c.is_ascii_digit() || "@*#?$!-".contains(c) => {
                self.next();
                word.literal = false;
                Ok(())
            }
            Some(c) if !stands_alone(c) => Err(Unread("what stands behind a `$` is not read alike by all shells")),
            Some(_) | None => {
                word.bare = false;
                word.text.push('$');
                Ok(())
            }
        }
    }

    /// `$((…))` of numbers alone: a name may stand for a text with commands in it.
    fn sum(&mut self) -> Result<(), Unread> {
        let unread = Unread("a sum with anything but numbers in it may run commands");
        let (sum, after) = self.rest.split_once("))").ok_or(unread.clone())?;
        if !sum.bytes().all(|byte| byte.is_ascii_digit() || b" +-*/%".contains(&byte)) {
            return Err(unread);
        }
        self.rest = after;
        Ok(())
    }

    /// `${NAME}`, perhaps its length, perhaps with a plain text in its place.
    fn braced(&mut self) -> Result<(), Unread> {
        let unread = Unread("what stands in a `${…}` is not read");
        let (inside, after) = self.rest.split_once('}').ok_or(unread.clone())?;
        let special = |name: &str| matches!(name, "@" | "*" | "#" | "?" | "$" | "!" | "-");
        let known = |name: &str| is_name(name) || special(name) || number(name);
        let length = || inside.strip_prefix('#').is_some_and(|name| is_name(name) || number(name));
        if !(known(inside) || length() || is_name(replaced(inside).unwrap_or_default())) {
            return Err(unread);
        }
        self.rest = after;
        Ok(())
    }

    /// A command in backquotes. What is quoted inside is no matter of the quotes around it.
    pub(super) fn backquoted(&mut self, word: &mut Word, quoted: bool) -> Result<(), Unread> {
        self.next();
        word.literal = false;
        let (inside, after) =
            self.rest.split_once('`').ok_or(Unread("a backquote is opened in it and never closed"))?;
        if inside.contains('\\') || (quoted && inside.contains('"')) || !self.pending.is_empty() {
            return Err(Unread("what stands in backquotes is not read alike by all shells"));
        }
        self.script.several = true;
        let mut reader = Self {
            rest: inside,
            depth: self.depth,
            inside: self.inside.saturating_add(1),
            script: std::mem::take(&mut self.script),
            ..Reader::default()
        };
        reader.list(&Until::End)?;
        self.script = reader.script;
        self.rest = after;
        Ok(())
    }
}

/// The name in `NAME:-text` and its like, if the text is nothing but that; `=` would set it.
fn replaced(inside: &str) -> Option<&str> {
    let (name, text) = inside.split_once(['-', '+', '?'])?;
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./:- ,".contains(&byte));
    plain.then(|| name.strip_suffix(':').unwrap_or(name))
}

fn number(text: &str) -> bool {
    text.len() == 1 && text.bytes().all(|byte| byte.is_ascii_digit())
}
