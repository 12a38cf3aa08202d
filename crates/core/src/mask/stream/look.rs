//! What there is in a line: what detectors find, and the credentials of the session where the escapes of a terminal stand
//! between their characters.
//!
//! It knows one line as far as it has come, and not what has left of it. Enter at [`Look::at`].

use std::ops::Range;
use std::sync::Arc;

use super::edits::{Part, Width};
use super::screen::{self, Kind, Moved, Piece, View};
use super::{Echoed, TELLING, armour, text};
use crate::mask::Search;
use crate::mask::detect::{Detector, Found};
use crate::mask::echo::Echo;

/// So many characters may be taken back and written over.
const TAKEN_BACK: usize = 4;

/// So much before them is looked at.
const NEAR: usize = 256;

pub(super) struct Look {
    echo: Arc<Echo>,
    searches: Vec<Search>,
    /// Whether what is shown may be written over.
    screen: bool,
    /// Whether nobody looks through escapes: what is in a file is no more than that.
    file: bool,
}

/// What is looked for.
#[derive(Clone, Copy)]
enum For {
    All,
    /// What says by its beginning what it is.
    Tokens,
}

/// What was found, as places in the line.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// In order and apart, all before what is open.
    pub(super) hits: Vec<Hit>,
    /// From here on what comes next decides.
    pub(super) open: usize,
    /// From here on stands the beginning of a credential that is none by chance.
    pub(super) telling: Option<usize>,
    /// A private key that goes on after the line, so many bytes of it.
    pub(super) key: Option<usize>,
    /// Whether the line ends with something that is hidden.
    pub(super) cut: bool,
    /// The last place that begins something shown, where that is not any.
    screen: Option<View>,
}

/// What was found in what is shown, and places in the line as in [`Looked`].
struct Seen {
    found: Vec<Found>,
    open: Option<usize>,
    telling: Option<usize>,
}

/// Something that is hidden: each range that is shown of it.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) shown: Vec<Range<usize>>,
    pub(super) part: Part,
}

impl Look {
    pub(super) fn new(echo: Arc<Echo>, searches: Vec<Search>, width: Width) -> Self {
        Self { echo, searches, screen: width == Width::Same, file: width == Width::Bytes }
    }

    /// Whether a line without anything but text is let pass.
    pub(super) fn passes_text(&self) -> bool {
        self.searches.is_empty()
    }

    /// Whether every line is: a credential as it stands has been listened for before.
    pub(super) fn passes_all(&self) -> bool {
        self.searches.is_empty() && (self.file || self.echo.is_empty())
    }

    /// What there is in a line, or in the beginning of one where it is not closed.
    pub(super) fn at(&self, line: &[u8], closed: bool) -> Result<Looked, Echoed> {
        let noisy = if closed { screen::noisy_within(line) } else { screen::noisy(line) };
        if noisy { self.through(line, closed) } else { Ok(self.plainly(line, closed)) }
    }

    fn plainly(&self, line: &[u8], closed: bool) -> Looked {
        if self.passes_text() && closed {
            return Looked { open: line.len(), ..Looked::default() };
        }
        let text = text::text(line, closed);
        let (mut found, open) = self.found(&text, closed, For::All);
        let taken_back = if closed { text.len() } else { self.taken_back(&text, For::All) };
        let open = found.iter().rev().fold(open.min(taken_back), |open, one| before(open, &one.range));
        found.retain(|one| one.range.end <= open);
        // what is let pass need not be whole characters
        let open = if self.passes_text() && open == text.len() { line.len() } else { open };
        let ranges = apart(found.iter().map(|one| (one.range.clone(), part(&text, &one.range))).collect());
        Looked {
            open,
            key: open_key(&found, &text),
            cut: found.last().is_some_and(|last| last.range.end == text.len()),
            hits: ranges.into_iter().map(|(range, part)| Hit { shown: vec![range], part }).collect(),
            ..Looked::default()
        }
    }

    /// Looks at it as it came, as it is shown, and as if the cursor had stayed where it was.
    fn through(&self, line: &[u8], closed: bool) -> Result<Looked, Echoed> {
        let pieces = screen::pieces(line);
        if self.passes_text() && closed && self.passes_written(line, &pieces)? {
            return Ok(Looked { open: line.len(), ..Looked::default() });
        }
        let shown = screen::shown(line, &pieces, closed, Moved::Apart);
        let joined = screen::shown(line, &pieces, closed, Moved::Joined);
        let as_came = text::text(line, closed);
        let (came, came_open) = self.found(&as_came, closed, For::All);
        let (seen, tokens) = (self.listen(&shown, closed, For::All)?, self.listen(&joined, closed, For::Tokens)?);
        let came = came.into_iter().map(|one| (one.range.clone(), part(&as_came, &one.range)));
        let ranges = came.chain(seen.found.iter().map(|one| (shown.range(&one.range), Part::Whole)));
        let joined = tokens.found.iter().map(|one| (joined.range(&one.range), Part::Whole));
        let ranges = apart(ranges.chain(joined).collect());
        let opens = [Some(came_open), seen.open, tokens.open].into_iter().flatten();
        let begun = if closed { line.len() } else { opens.min().unwrap_or(line.len()) };
        let open = ranges.iter().rev().fold(begun, |open, (one, _)| before(open, one));
        let hits = ranges.into_iter().filter(|(range, _)| range.end <= open);
        Ok(Looked {
            open,
            telling: seen.telling.into_iter().chain(tokens.telling).min(),
            key: open_key(&seen.found, &shown.text),
            cut: seen.found.last().is_some_and(|last| last.range.end == shown.text.len()),
            hits: hits.map(|(range, part)| Hit { shown: texts(&pieces, &range), part }).collect(),
            screen: Some(shown),
        })
    }

    /// Whether there is no credential in a line, nor one begun at its end, where nothing is written over anything.
    fn passes_written(&self, line: &[u8], pieces: &[Piece]) -> Result<bool, Echoed> {
        if pieces.iter().any(|piece| matches!(piece.kind, Kind::Back(_))) {
            return Ok(false);
        }
        let texts = pieces.iter().filter(|piece| piece.kind == Kind::Text);
        let written = texts.filter_map(|piece| line.get(piece.range.clone())).collect::<Vec<_>>().concat();
        if self.echo.within(&written) { Err(Echoed) } else { Ok(self.echo.begun(&written) < TELLING) }
    }

    /// What there is in what is shown.
    fn listen(&self, view: &View, closed: bool, what: For) -> Result<Seen, Echoed> {
        let text = view.text.as_str();
        if self.echo.within(text.as_bytes()) {
            return Err(Echoed);
        }
        let begun = self.echo.begun(text.as_bytes());
        let begins = view.place(text.len().saturating_sub(begun));
        let (found, open) = self.found(text, closed, what);
        let opens = [view.place(open), begins, view.over, view.place(self.taken_back(text, what))];
        let (open, telling) = (opens.into_iter().flatten().min(), begins.filter(|_| begun >= TELLING));
        Ok(Seen { found, open, telling })
    }

    /// From where on something would be open if the last few characters were taken back: what comes to a terminal may do
    /// that.
    fn taken_back(&self, text: &str, what: For) -> usize {
        if !self.screen {
            return text.len();
        }
        let mut open = text.len().saturating_sub(self.echo.begun(text.as_bytes()));
        let last = text.char_indices().rev().take(TAKEN_BACK).take_while(|(_, last)| *last != '\n');
        for (end, _) in last {
            let near = end.saturating_sub(NEAR);
            let near = (near..end).find(|at| text.is_char_boundary(*at)).unwrap_or(end);
            let rest = text.get(near..end).unwrap_or_default();
            let (_, up_to) = self.found(rest, false, what);
            let up_to = up_to.min(rest.len().saturating_sub(self.echo.begun(rest.as_bytes())));
            open = if up_to < rest.len() { open.min(near.saturating_add(up_to)) } else { open };
        }
        open
    }

    fn found(&self, text: &str, closed: bool, what: For) -> (Vec<Found>, usize) {
        let (mut found, mut open): (Vec<Found>, _) = (Vec::new(), text.len());
        for detectors in self.searches.iter().map(Search::detectors) {
            let (some, up_to) = match (what, closed) {
                (For::All, true) => (detectors.find(None, text), text.len()),
                (For::All, false) => detectors.find_begun(text),
                (For::Tokens, true) => (detectors.find_tokens(text), text.len()),
                (For::Tokens, false) => detectors.find_tokens_begun(text),
            };
            found.extend(some);
            open = open.min(up_to);
        }
        found.sort_by_key(|one| one.range.start);
        let open = found.iter().rev().fold(open, |open, one| before(open, &one.range));
        found.retain(|one| one.range.end <= open);
        (found, open)
    }
}

impl Looked {
    /// Where a line is looked at from that is decided on up to what is open, with so much before that.
    pub(super) fn begins(&self, line: &[u8], before: usize) -> usize {
        let before = self.open.saturating_sub(before);
        match &self.screen {
            Some(view) => view.begins(before).unwrap_or(self.open),
            None => {
                (before..self.open).find(|at| line.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80)).unwrap_or(self.open)
            }
        }
    }
}

/// A private key that has begun in a text and not ended: how long it is.
fn open_key(found: &[Found], text: &str) -> Option<usize> {
    let last = found.last().filter(|last| last.detector == Detector::PrivateKey && last.range.end == text.len())?;
    let key = text.get(last.range.clone())?;
    (key.contains("-----BEGIN ") && armour::end(key).is_none()).then_some(key.len())
}

/// What is open from a place on is open from where something begins that goes beyond that.
fn before(open: usize, one: &Range<usize>) -> usize {
    if one.end > open { open.min(one.start) } else { open }
}

/// What is shown of a range: no escape that stands within it, but what is hidden within an escape.
fn texts(pieces: &[Piece], range: &Range<usize>) -> Vec<Range<usize>> {
    let within = |piece: &Piece| piece.range.start.max(range.start)..piece.range.end.min(range.end);
    let hides = |piece: &&Piece| match piece.kind {
        Kind::Text => true,
        Kind::Aside => piece.range.start < range.start || piece.range.end > range.end,
        Kind::Quiet | Kind::Moves | Kind::Back(_) | Kind::Begun => false,
    };
    pieces.iter().filter(hides).map(within).filter(|one| !one.is_empty()).collect()
}

/// In order; what overlaps is one.
fn apart(mut ranges: Vec<(Range<usize>, Part)>) -> Vec<(Range<usize>, Part)> {
    ranges.sort_by_key(|(one, _)| one.start);
    let mut apart: Vec<(Range<usize>, Part)> = Vec::with_capacity(ranges.len());
    for (one, part) in ranges {
        match apart.last_mut() {
            Some((last, _)) if one.start < last.end => last.end = last.end.max(one.end),
            _ => apart.push((one, part)),
        }
    }
    apart
}

fn part(text: &str, range: &Range<usize>) -> Part {
    if bare(text, range) { Part::Bare } else { Part::Whole }
}

/// Whether it is a number of a JSON document that stands in no string.
fn bare(text: &str, range: &Range<usize>) -> bool {
    let before = text.get(..range.start).unwrap_or_default().trim_end_matches([' ', '\t']);
    let value = text.get(range.clone()).unwrap_or_default();
    let named = before.strip_suffix(':').map(str::trim_end).and_then(|name| name.strip_suffix('"'));
    let listed = before.ends_with(['[', ',', ':']) && text.trim_start().starts_with(['{', '[']) && !quoted(before);
    value.bytes().all(|byte| byte.is_ascii_digit()) && (named.is_some_and(|name| !name.ends_with('\\')) || listed)
}

/// Whether a string is open at the end of it.
fn quoted(text: &str) -> bool {
    let (mut open, mut escaped) = (false, false);
    for byte in text.bytes() {
        open ^= byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
    }
    open
}
