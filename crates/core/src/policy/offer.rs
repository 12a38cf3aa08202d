//! Commands that a rule offers word by word: `systemctl restart {service:[a-z-]+}`.
//!
//! It knows no shell and no program: an operation that is one command of known words has them, and they are compared one
//! by one. Enter at [`Offer::parse`] and [`Offer::takes`].

use std::fmt;

use regex::{Regex, RegexBuilder};

/// How large a parameter's expression may become once it is compiled, in bytes.
const LARGEST_EXPRESSION: usize = 1 << 20;

/// A command with its parameters.
#[derive(Clone, Debug)]
pub struct Offer {
    /// As the policy writes it.
    text: String,
    words: Vec<Slot>,
}

/// One word of it.
#[derive(Clone, Debug)]
enum Slot {
    /// This and no other.
    Fixed(String),
    /// What stands around parameters, and what these may be.
    Open {
        /// What the whole word must match.
        form: Regex,
        /// Whether a parameter stands first in it.
        leads: bool,
    },
}

/// What is wrong with a command, where in its text it begins, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) at: usize,
    pub(super) message: String,
    pub(super) hint: &'static str,
}

impl Offer {
    /// Reads a command: words between blanks, quotes around what holds blanks or braces, `{NAME:EXPRESSION}` for a parameter.
    pub(super) fn parse(text: &str) -> Result<Self, Mistake> {
        let mut reader = Reader { text, at: 0, names: Vec::new() };
        let mut words = Vec::new();
        while reader.skip_blanks() {
            words.push(reader.word()?);
        }
        match words.first() {
            None => Err(reader.mistake("it names no command", "write the program and its words, as `uptime -p`")),
            Some(Slot::Open { .. }) => Err(Mistake {
                at: 0,
                message: "the program itself is a parameter, so that anything would run".to_owned(),
                hint: "write out the program, and one command for each",
            }),
            Some(Slot::Fixed(_)) => Ok(Self { text: text.to_owned(), words }),
        }
    }

    /// Whether these are the words of it, all and in order.
    #[must_use]
    pub fn takes(&self, words: &[String]) -> bool {
        let fits = |(slot, word): (&Slot, &String)| match slot {
            Slot::Fixed(fixed) => fixed == word,
            // THREAT: `systemctl restart --force`: what begins with a dash is an option, whatever the expression lets in
            Slot::Open { form, leads } => !(*leads && word.starts_with('-')) && form.is_match(word),
        };
        words.len() == self.words.len() && self.words.iter().zip(words).all(fits)
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Offer {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    names: Vec<&'t str>,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, length: usize) -> &'t str {
        let taken = self.rest().get(..length).unwrap_or_default();
        self.at = self.at.saturating_add(taken.len());
        taken
    }

    /// Whether a word follows.
    fn skip_blanks(&mut self) -> bool {
        let blanks = self.rest().len().saturating_sub(self.rest().trim_start().len());
        self.take(blanks);
        !self.rest().is_empty()
    }

    fn mistake(&self, message: impl Into<String>, hint: &'static str) -> Mistake {
        Mistake { at: self.at, message: message.into(), hint }
    }

    fn word(&mut self) -> Result<Slot, Mistake> {
        let (mut fixed, mut form) = (String::new(), String::new());
        let (mut open, mut leads) = (false, false);
        while let Some(c) = self.rest().chars().next().filter(|c| !c.is_whitespace()) {
            let literal = match c {
                '\'' | '"' => self.quoted(c)?,
                '{' => {
                    (open, leads) = (true, leads || fixed.is_empty());
                    form.push_str(&self.parameter()?);
                    continue;
                }
                '}' => return Err(self.mistake("nothing is opened by a `{` here", "write '}' for the letter itself")),
                _ => self.take(c.len_utf8()),
            };
            fixed.push_str(literal);
            form.push_str(&regex::escape(literal));
        }
        if !open {
            return Ok(Slot::Fixed(fixed));
        }
        match compiled(&format!(r"\A(?:{form})\z")) {
            Ok(form) => Ok(Slot::Open { form, leads }),
            Err(_) => Err(self.mistake("the expressions of this word cannot stand in one word", "make them simpler")),
        }
    }

    /// What stands between two quotes, which mean nothing but that it is one word.
    fn quoted(&mut self, quote: char) -> Result<&'t str, Mistake> {
        let begun = self.mistake("a quote is opened and never closed", "close it, or put other quotes around it");
        self.take(quote.len_utf8());
        let length = self.rest().find(quote).ok_or(begun)?;
        let inside = self.take(length);
        self.take(quote.len_utf8());
        Ok(inside)
    }

    /// A parameter, as the expression that its value must match.
    fn parameter(&mut self) -> Result<String, Mistake> {
        const FORM: &str = "write {NAME:EXPRESSION}, as {service:[a-z-]+}; '{' is the letter itself";
        let begun = self.mistake("a parameter is opened and never closed", FORM);
        let named = self.mistake("a parameter has no name", FORM);
        self.take(1);
        let length = closing(self.rest()).ok_or(begun)?;
        let place = self.at;
        let inside = self.take(length);
        self.take(1);
        let (name, form) = inside.split_once(':').ok_or_else(|| named.clone())?;
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if name.is_empty() || !plain {
            return Err(named);
        }
        if self.names.contains(&name) {
            let message = format!("parameter `{name}` stands there twice");
            return Err(Mistake { at: place, message, hint: "give each a name of its own" });
        }
        self.names.push(name);
        // INVARIANT: it is one expression by itself, so that no parenthesis in it ends what stands around it
        match compiled(form) {
            Ok(_) if form.is_empty() => {
                Err(Mistake { at: place, message: "a parameter says nothing of its value".into(), hint: FORM })
            }
            Ok(_) => Ok(format!("(?:{form})")),
            Err(error) => {
                let last = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
                let message = format!("`{form}` is no regular expression: {}", last.trim_start_matches("error: "));
                Err(Mistake { at: place, message, hint: FORM })
            }
        }
    }
}

/// Where the brace is that closes a parameter: those of its expression, and those in its sets of letters, are its own.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut set, mut escaped) = (0_usize, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => set = true,
            ']' => set = false,
            _ if set => {}
            '{' => depth = depth.saturating_add(1),
            '}' if depth == 0 => return Some(at),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn compiled(form: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(form).size_limit(LARGEST_EXPRESSION).build()
}

#[cfg(test)]
mod tests;
