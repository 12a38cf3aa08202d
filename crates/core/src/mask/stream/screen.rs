//! What a terminal makes of a line: what is written with colours, titles and moves of the cursor between its characters.
//!
//! It draws nothing, and knows one line at a time. What it does not know of a terminal it takes for nothing shown. The
//! sequences are those of ECMA-48 and of xterm (invisible-island.net/xterm/ctlseqs). Enter at [`pieces`], then
//! [`shown`].

use std::ops::Range;

use super::many::{self, within};
use super::text;

/// So many steps back in a line are followed.
pub(super) const BACK: usize = 256;

/// The longest sequence that is no string.
const SEQUENCE: usize = 64;

const BACKSPACE: u8 = 8;
const BELL: u8 = 7;
const ESCAPE: u8 = 0x1b;

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) range: Range<usize>,
    pub(super) kind: Kind,
}

/// What a terminal does with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It writes it.
    Text,
    /// It changes how it looks.
    Quiet,
    /// It says something elsewhere: a title, where a link goes to.
    Aside,
    /// It goes on somewhere else.
    Moves,
    /// It goes back so many columns, and writes over what stands there.
    Back(usize),
    /// It is not whole.
    Begun,
}

/// Whether there is anything but text.
pub(super) fn noisy(line: &[u8]) -> bool {
    many::position(line, control).is_some()
}

/// The same, but for what stands before and after all that is shown, and is no sequence.
pub(super) fn noisy_within(line: &[u8]) -> bool {
    let shown = |byte: &u8| !control(*byte) || *byte == ESCAPE;
    let first = line.iter().position(shown).unwrap_or(line.len());
    let last = line.iter().rposition(shown).map_or(0, |last| last.saturating_add(1));
    noisy(line.get(first..last).unwrap_or_default())
}

/// Whether there is nothing but text in lines that end with a line feed, perhaps behind a carriage return.
pub(super) fn plain(lines: &[u8]) -> bool {
    let odd =
        |byte| within(byte, &(0..=8)) | within(byte, &(0x0b..=0x0c)) | within(byte, &(0x0e..=0x1f)) | (byte == 0x7f);
    let Some(first) = many::position(lines, |byte| odd(byte) | (byte == b'\r')) else { return true };
    let rest = lines.get(first..).unwrap_or_default();
    let ends = |at: usize| rest.get(at.saturating_add(1)) == Some(&b'\n');
    many::position(rest, odd).is_none() && memchr::memchr_iter(b'\r', rest).all(ends)
}

/// What a line is made of.
pub(super) fn pieces(line: &[u8]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = 0;
    while let Some(first) = line.get(at) {
        let rest = line.get(at..).unwrap_or_default();
        let (length, kind) = match *first {
            ESCAPE => escape(rest),
            BACKSPACE => (1, Kind::Back(1)),
            b'\r' | 0x0b | 0x0c => (1, Kind::Moves),
            byte if control(byte) => (1, Kind::Quiet),
            _ => (many::position(rest, control).unwrap_or(rest.len()), Kind::Text),
        };
        let end = at.saturating_add(length);
        pieces.push(Piece { range: at..end, kind });
        at = end;
    }
    pieces
}

/// What a terminal acts on within a line. Other controls it does nothing at, and three of them make a line no text.
fn control(byte: u8) -> bool {
    within(byte, &(BELL..=BACKSPACE)) | within(byte, &(0x0b..=0x0f)) | (byte == ESCAPE)
}

/// How long a sequence is, and what it does.
fn escape(rest: &[u8]) -> (usize, Kind) {
    match rest.get(1) {
        None => (1, Kind::Begun),
        Some(b'[') => control_sequence(rest),
        Some(b']' | b'P' | b'X' | b'^' | b'_') => string(rest),
        Some(b' '..=b'/') => {
            let after = rest.iter().skip(1).position(|byte| !matches!(byte, b' '..=b'/'));
            match after {
                Some(last) if last < SEQUENCE => (last.saturating_add(2), Kind::Quiet),
                Some(_) => (1, Kind::Quiet),
                None => (rest.len(), Kind::Begun),
            }
        }
        Some(b'D' | b'E' | b'M' | b'8' | b'c') => (2, Kind::Moves),
        Some(b'0'..=b'~') => (2, Kind::Quiet),
        Some(_) => (1, Kind::Quiet),
    }
}

/// ECMA-48, section 5.4: parameters, intermediate bytes, a final one.
fn control_sequence(rest: &[u8]) -> (usize, Kind) {
    let parameters = rest.get(2..).unwrap_or_default();
    let Some(length) = parameters.iter().position(|byte| !matches!(byte, b' '..=b'?')) else {
        return if rest.len() > SEQUENCE { (2, Kind::Quiet) } else { (rest.len(), Kind::Begun) };
    };
    let end = length.saturating_add(3);
    let kind = match parameters.get(length) {
        _ if end > SEQUENCE => return (2, Kind::Quiet),
        Some(b'D') => Kind::Back(number(parameters.get(..length).unwrap_or_default())),
        Some(b'@'..=b'C' | b'E'..=b'J' | b'L' | b'M' | b'P' | b'S' | b'T' | b'X' | b'Z') => Kind::Moves,
        Some(b'`' | b'a' | b'd'..=b'f' | b'r' | b'u') => Kind::Moves,
        Some(b'@'..=b'~') => Kind::Quiet,
        // something else begins within it
        Some(_) | None => return (end.saturating_sub(1), Kind::Quiet),
    };
    (end, kind)
}

fn number(digits: &[u8]) -> usize {
    std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or(1).max(1)
}

/// A title, a link, an answer: to a bell, or ESC and a backslash. What else begins with ESC ends it as well.
fn string(rest: &[u8]) -> (usize, Kind) {
    let from = 2;
    let end = rest.iter().skip(from).position(|byte| matches!(*byte, BELL | ESCAPE | 0x18 | 0x1a));
    let Some(end) = end.map(|end| end.saturating_add(from)) else { return (rest.len(), Kind::Aside) };
    match (rest.get(end), rest.get(end.saturating_add(1))) {
        (Some(&ESCAPE), Some(b'\\')) => (end.saturating_add(2), Kind::Aside),
        (Some(&ESCAPE), None) => (rest.len(), Kind::Aside),
        (Some(&ESCAPE), Some(_)) => (end, Kind::Aside),
        (Some(_) | None, _) => (end.saturating_add(1), Kind::Aside),
    }
}

/// A text, and where in the line each byte of it comes from.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) text: String,
    places: Vec<Column>,
    /// Where in the line that begins which is written over next.
    pub(super) over: Option<usize>,
}

/// A byte that is shown.
#[derive(Clone, Copy, Debug)]
struct Column {
    /// Where what it is written over begins.
    from: usize,
    at: usize,
    end: usize,
}

impl View {
    /// What of a line such a range of the text is made of, with what is written over in it.
    pub(super) fn range(&self, range: &Range<usize>) -> Range<usize> {
        let column = |place: usize| self.places.get(place);
        let last = range.end.checked_sub(1).and_then(column).map_or(0, |last| last.end);
        column(range.start).map_or(last, |first| first.from)..last
    }

    /// Where in the line that stands; nowhere where the text has ended.
    pub(super) fn place(&self, at: usize) -> Option<usize> {
        self.places.get(at).map(|column| column.from)
    }

    /// The last place in the line, up to this one, where something shown begins.
    pub(super) fn begins(&self, before: usize) -> Option<usize> {
        self.places.iter().map(|column| column.at).filter(|at| *at <= before).max()
    }

    fn push(&mut self, shown: &str, at: usize, from: Option<usize>) {
        let end = at.saturating_add(shown.len());
        self.text.push_str(shown);
        self.places.extend(shown.bytes().map(|_| Column { from: from.unwrap_or(at), at, end }));
    }

    /// Takes back the last character of what was written since the cursor moved; where what it stands in begins.
    fn pop(&mut self) -> Option<usize> {
        if self.text.ends_with('\n') {
            return None;
        }
        self.text.pop()?;
        let first = self.places.get(self.text.len())?.from;
        self.places.truncate(self.text.len());
        Some(first)
    }
}

/// What becomes of what the cursor moves away from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// It stands for itself.
    Apart,
    /// What is written next goes on with it.
    Joined,
}

/// What a line shows in the end.
pub(super) fn shown(line: &[u8], pieces: &[Piece], closed: bool, moved: Moved) -> View {
    let (mut view, mut over, mut steps) = (View::default(), Vec::<usize>::new(), 0_usize);
    for piece in pieces {
        match piece.kind {
            Kind::Text => characters(line, piece, closed, |at, shown| view.push(shown, at, over.pop())),
            Kind::Back(columns) if steps < BACK => {
                steps = steps.saturating_add(1);
                over.extend((0..columns.min(BACK)).map_while(|_| view.pop()));
            }
            Kind::Moves | Kind::Back(_) if moved == Moved::Apart => {
                over.clear();
                view.text.push('\n');
                let Range { start, end } = piece.range;
                view.places.push(Column { from: start, at: start, end });
            }
            Kind::Moves | Kind::Back(_) | Kind::Quiet | Kind::Aside | Kind::Begun => {}
        }
    }
    view.over = over.into_iter().min();
    view
}

fn characters(line: &[u8], piece: &Piece, closed: bool, mut each: impl FnMut(usize, &str)) {
    // what is followed by something else has ended
    let closed = closed || piece.range.end < line.len();
    let text = text::text(line.get(piece.range.clone()).unwrap_or_default(), closed);
    for (at, one) in text.char_indices() {
        let shown = text.get(at..at.saturating_add(one.len_utf8())).unwrap_or_default();
        each(piece.range.start.saturating_add(at), shown);
    }
}
