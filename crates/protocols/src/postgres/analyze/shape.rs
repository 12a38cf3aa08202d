//! What queries have in common that differ in numbers alone, where no number changes what they are read as.
//!
//! INVARIANT: texts of one shape are read alike but for the text itself. They are the same words to the server's grammar
//! but for the values of some whole numbers, each of them compared with what ends in a name, so that the grammar makes
//! the same tree of them with other constants in it. Nothing in this folder looks at such a constant: a number is looked
//! at where it is an entry of `ORDER BY` or `GROUP BY`, where another number is compared with it, and in `SET`. Whatever
//! is said in the words of the text (a label, a password that is left out) keeps a reading from being shared. Enter at
//! [`Shape::of`] and [`Shape::fits`].

use std::sync::Arc;

use postern_core::operation::{Output, Outputs, Reading};

use super::{Kind, Statement};

#[cfg(test)]
mod tests;

/// The most digits of a number that is left out: with one more it may be a number of another kind to the grammar.
const MOST_DIGITS: usize = 9;
/// What stands for a number that is left out. No text that has a shape has it in itself.
const NUMBER: u8 = b'?';
/// What compares two values, whatever they are.
const COMPARISONS: &[&[u8]] = &[b"=", b"<", b">", b"<=", b">=", b"<>", b"!="];

/// A query with its numbers left out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape(Box<[u8]>);

/// What stood last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Name,
    /// A comparison, and a name before it.
    Comparison,
    Other,
}

impl Shape {
    /// The shape of a query whose words are beyond doubt: no quotes, no comments, nothing beyond ASCII.
    #[must_use]
    pub fn of(text: &[u8]) -> Option<Self> {
        let (mut shape, mut rest) = (Vec::with_capacity(text.len()), own(text));
        if !word(rest).0.eq_ignore_ascii_case(b"select") {
            return None;
        }
        let mut last = Last::Other;
        while let Some(first) = rest.first() {
            let taken = match first {
                b' ' | b'\t' | b'\n' | b'\r' => 1,
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                    last = Last::Name;
                    word(rest).0.len()
                }
                b'0'..=b'9' => {
                    let (number, behind) = word(rest);
                    let whole = number.len() <= MOST_DIGITS && number.iter().all(u8::is_ascii_digit);
                    if last == Last::Comparison && whole && behind.first() != Some(&b'.') {
                        shape.push(NUMBER);
                        rest = behind;
                        last = Last::Other;
                        continue;
                    }
                    last = Last::Other;
                    number.len()
                }
                b'(' | b')' | b',' | b'.' => {
                    last = Last::Other;
                    1
                }
                _ => {
                    let operator = operator(rest)?;
                    let compares = COMPARISONS.contains(&operator) && last == Last::Name;
                    last = if compares { Last::Comparison } else { Last::Other };
                    operator.len()
                }
            };
            let (same, behind) = rest.split_at_checked(taken)?;
            shape.extend_from_slice(same);
            rest = behind;
        }
        Some(Self(shape.into()))
    }

    /// The statement that a text was read as, where all texts of its shape are read alike.
    #[must_use]
    pub fn fits<'s>(text: &[u8], reading: &'s [Statement]) -> Option<&'s Statement> {
        let [one] = reading else { return None };
        let plain = one.kind == Kind::Plain && one.runs.is_empty() && !one.positional && one.reading == Reading::Clear;
        let said = |output: &Output| match output {
            Output::Bare(_) => false,
            Output::Derived { label, .. } | Output::Unknown { label } => label.contains(|c: char| c.is_ascii_digit()),
        };
        let labelled = match &one.outputs {
            Outputs::Nothing | Outputs::Unknown => false,
            Outputs::Cells(outputs) | Outputs::Stream(outputs) => outputs.iter().any(said),
        };
        (plain && !labelled && one.text.as_bytes() == own(text)).then_some(one)
    }
}

impl Statement {
    /// The reading of a text that has the shape of the one which this is the reading of, and fits it.
    #[must_use]
    pub fn of_same_shape(&self, text: &[u8]) -> Self {
        Self { text: Arc::from(&*String::from_utf8_lossy(own(text))), ..self.clone() }
    }
}

/// A text without what stands around its one statement.
fn own(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii();
    text.strip_suffix(b";").unwrap_or(text).trim_ascii_end()
}

/// The letters and digits that a text begins with, and what follows them.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_')).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}

/// The operator that a text begins with; nothing where it may be anything else.
fn operator(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|byte| !b"=<>!+-*/%".contains(byte)).unwrap_or(text.len());
    let operator = text.get(..end).filter(|operator| !operator.is_empty())?;
    let comments = operator.windows(2).any(|pair| pair == b"--" || pair == b"/*");
    (!comments).then_some(operator)
}
