//! What detectors find in a stream of text, line by line; a private key over its lines. What is no text passes.
//!
//! A line ends with a line feed or, because environments and lists of names are written so, with a zero byte. What is
//! found in it depends on nothing else, but where it is long on the end of what has been decided on already.
//!
//! INVARIANT: where a line is cut, and what it is taken for, its bytes decide and never the chunks that they come in.
//!
//! Enter at [`Lines::pass`].

use bytes::{Bytes, BytesMut};
use memchr::memchr2;

use super::edits::{Edits, Part, Width};
use super::look::{Look, Looked};
use super::screen::{self, Kind, Moved};
use super::{Echoed, LONGEST, armour, many, text};

/// A line that is so long may be cut, and so may one that is longer by so much.
const PART: usize = LONGEST / 4;

/// How much of what is decided on is looked at with what is not, in a line that is cut.
const BEFORE: usize = 256;

/// The longest private key, in bytes.
const KEY: usize = 64 << 10;

/// Of a key in one line so much is held: its end may have begun in that.
const CLOSING: usize = 64;

/// So many bytes of text in a line are none by chance.
const TEXT: usize = 8;

pub(super) struct Lines {
    look: Look,
    width: Width,
    within: Within,
    /// Whether the last line was none.
    binary: bool,
    /// What came of the line, as far as it is still looked at.
    line: Bytes,
    /// In that.
    place: Place,
}

/// What it goes on with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Text,
    /// A private key: how much of it is hidden, and whether the end of a line is.
    Key(usize, bool),
    /// A secret that was too long to be held whole.
    Secret,
    /// Something that is no text.
    Binary,
}

/// Where one is in some bytes.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Where the line begins that is looked at.
    start: usize,
    /// With so much of it was tried to cut it.
    tried: usize,
    /// Before this all steps back are done.
    back: usize,
    /// As far as that is decided on, because it is too long to be looked at whole.
    decided: usize,
    /// As far as all may leave.
    left: usize,
}

impl Place {
    /// Nothing before this place is looked at any more.
    fn at(place: usize) -> Self {
        Self { start: place, decided: place, left: place, ..Self::default() }
    }
}

/// Whether more of the bytes can be looked at.
#[derive(PartialEq, Eq)]
enum Step {
    Next,
    Wait,
}

impl Lines {
    pub(super) fn new(look: Look, width: Width) -> Self {
        let (line, place) = (Bytes::new(), Place::default());
        Self { look, width, within: Within::Text, binary: false, line, place }
    }

    pub(super) fn held(&self) -> usize {
        self.line.len().saturating_sub(self.place.left)
    }

    pub(super) fn pass(&mut self, chunk: Bytes) -> Result<Bytes, Echoed> {
        if self.look.passes_all() || chunk.is_empty() {
            return Ok(chunk);
        }
        let bytes = joined(std::mem::take(&mut self.line), chunk);
        let mut edits = Edits::of(bytes.clone(), self.place.left, self.width);
        self.skip(&bytes);
        while self.place.start < bytes.len() && self.step(&bytes, &mut edits)? == Step::Next {}
        let Place { start, left, .. } = self.place;
        self.line = bytes.slice(start..);
        self.place.start = 0;
        self.place.decided = self.place.decided.saturating_sub(start);
        self.place.left = left.saturating_sub(start);
        Ok(edits.leave(left))
    }

    /// Takes what is there for all there is. What goes on with it is still looked at together with it.
    pub(super) fn release(&mut self) -> Result<Bytes, Echoed> {
        let bytes = self.line.clone();
        let mut edits = Edits::of(bytes.clone(), self.place.left, self.width);
        if let Within::Key(_, broken) = self.within
            && !bytes.is_empty()
            && !armour::goes_on(&plain(&bytes).text)
        {
            self.leave_key(&mut edits, broken);
        }
        if self.within == Within::Text {
            let looked = self.look.at(&bytes, true)?;
            self.hide(&looked, &mut edits);
            self.place.left = looked.telling.unwrap_or(bytes.len()).max(self.place.left);
        }
        Ok(edits.leave(self.place.left))
    }

    /// Takes what is there for all there is, and what would go on with a key for a part of it.
    pub(super) fn end(&mut self) -> Result<Bytes, Echoed> {
        let released = self.release()?;
        let rest = self.line.slice(self.place.left.min(self.line.len())..);
        (self.line, self.place) = (Bytes::new(), Place::default());
        Ok(if self.within == Within::Text { [released, rest].concat().into() } else { released })
    }

    /// Goes to the last line of what is text alone, where that is let pass.
    fn skip(&mut self, bytes: &[u8]) {
        let text = self.look.passes_text() && self.within == Within::Text && !self.binary;
        if text
            && screen::plain(bytes)
            && let Some(last) = bytes.iter().rposition(|byte| *byte == b'\n')
        {
            self.place = Place::at(last.saturating_add(1));
        }
    }

    fn step(&mut self, bytes: &Bytes, edits: &mut Edits) -> Result<Step, Echoed> {
        let rest = bytes.get(self.place.start..).unwrap_or_default();
        if self.within == Within::Text && rest.starts_with(&[0]) {
            // a line in which nothing stands changes nothing, and files have holes of gigabytes
            self.place = Place::at(self.place.start.saturating_add(zeros(rest)));
            return Ok(Step::Next);
        }
        // what is looked at is no longer
        let most = if self.within == Within::Binary { rest.len() } else { LONGEST };
        let line = memchr2(b'\n', 0, rest.get(..most).unwrap_or(rest));
        match self.within {
            Within::Binary => Ok(self.pass_binary(rest, line)),
            Within::Secret => Ok(self.hide_secret(rest, edits)),
            Within::Key(hidden, broken) => Ok(self.hide_key((hidden, broken), rest, line, edits)),
            Within::Text => self.pass_text(rest, line, edits),
        }
    }

    fn pass_text(&mut self, rest: &[u8], line: Option<usize>, edits: &mut Edits) -> Result<Step, Echoed> {
        let length = line.unwrap_or(rest.len()).min(LONGEST);
        let whole = rest.get(..length).unwrap_or_default();
        if let Some(line) = line
            && self.look.passes_text()
            && length < PART
            && self.place.tried == 0
            && !screen::noisy(whole)
        {
            self.pass_plain(whole, line);
            return Ok(Step::Next);
        }
        loop {
            let part = self.place.tried.saturating_add(PART);
            let stretch = whole.get(..part).unwrap_or(whole);
            let text = text::binary(stretch, self.binary);
            let stretch = text.and_then(|end| stretch.get(..end)).unwrap_or(stretch);
            if let Some(back) = self.steps_back(stretch) {
                // what is decided here is decided before something is written over it
                self.decide(stretch.get(..back).unwrap_or_default(), edits)?;
                self.place.back = back.saturating_add(1);
                continue;
            }
            if text.is_some() {
                self.leave_text(stretch, edits)?;
                return Ok(Step::Next);
            }
            if stretch.len() < part {
                break;
            }
            self.place.tried = part;
            if self.cut(stretch, edits)? {
                return Ok(Step::Next);
            }
        }
        let Some(line) = line else {
            self.decide(whole, edits)?;
            return Ok(Step::Wait);
        };
        let start = self.place.start;
        let next = start.saturating_add(line).saturating_add(1);
        let whole = whole.strip_suffix(b"\r").unwrap_or(whole);
        let looked = self.look.at(whole, true)?;
        self.hide(&looked, edits);
        if let Some(key) = looked.key {
            // the line ends within the key
            edits.hide(start.saturating_add(whole.len()).max(self.place.left)..next, Part::Rest);
            self.within = Within::Key(key, true);
        }
        self.binary = self.binary && length < TEXT;
        self.place = Place::at(next);
        Ok(Step::Next)
    }

    /// Passes a line in which there is nothing to look for.
    fn pass_plain(&mut self, whole: &[u8], line: usize) {
        let start = self.place.start;
        self.place = match text::binary(whole, self.binary) {
            Some(end) => {
                (self.within, self.binary) = (Within::Binary, true);
                Place::at(start.saturating_add(end).max(self.place.left))
            }
            None => {
                self.binary = self.binary && whole.len() < TEXT;
                Place::at(start.saturating_add(line).saturating_add(1))
            }
        };
    }

    /// Decides on the beginning of a line as far as nothing that comes changes it.
    fn decide(&mut self, stretch: &[u8], edits: &mut Edits) -> Result<(), Echoed> {
        let looked = self.look.at(stretch, false)?;
        self.hide(&looked, edits);
        self.place.left = self.place.left.max(self.place.start.saturating_add(looked.open));
        Ok(())
    }

    /// Where the line next goes back to write over what stands there.
    fn steps_back(&self, stretch: &[u8]) -> Option<usize> {
        if !screen::noisy(stretch) {
            return None;
        }
        let back = |piece: &screen::Piece| matches!(piece.kind, Kind::Back(_)).then_some(piece.range.start);
        let mut steps = screen::pieces(stretch).into_iter().filter_map(|piece| back(&piece)).take(screen::BACK);
        steps.find(|at| *at >= self.place.back)
    }

    /// Whether something is decided of a long line, so that the rest is looked at without the beginning; at [`LONGEST`] all is.
    fn cut(&mut self, stretch: &[u8], edits: &mut Edits) -> Result<bool, Echoed> {
        let start = self.place.start;
        let mut looked = self.look.at(stretch, false)?;
        if start.saturating_add(looked.open) <= self.place.decided {
            if stretch.len() < LONGEST {
                return Ok(false);
            }
            looked = self.look.at(stretch, true)?;
            self.within = match looked.key {
                Some(key) => Within::Key(key, false),
                None if looked.cut => Within::Secret,
                None => Within::Text,
            };
        }
        self.hide(&looked, edits);
        let decided = start.saturating_add(looked.open);
        let begins = if self.within == Within::Text { looked.begins(stretch, BEFORE) } else { looked.open };
        let left = self.place.left.max(decided);
        self.place = Place { start: start.saturating_add(begins), decided, left, ..Place::default() };
        Ok(true)
    }

    /// Decides on what stands before something that is no text.
    fn leave_text(&mut self, stretch: &[u8], edits: &mut Edits) -> Result<(), Echoed> {
        let looked = self.look.at(stretch, true)?;
        self.hide(&looked, edits);
        (self.within, self.binary) = (Within::Binary, true);
        self.place = Place::at(self.place.start.saturating_add(stretch.len()).max(self.place.left));
        Ok(())
    }

    fn pass_binary(&mut self, rest: &[u8], line: Option<usize>) -> Step {
        let next = line.map_or(rest.len(), |line| line.saturating_add(1));
        self.place = Place::at(self.place.start.saturating_add(next));
        self.within = if line.is_some() { Within::Text } else { Within::Binary };
        Step::Next
    }

    fn hide_secret(&mut self, rest: &[u8], edits: &mut Edits) -> Step {
        let ends = |byte: &u8| !byte.is_ascii_graphic() || b"\"'`,;&|<>()[]{}".contains(byte);
        let end = rest.iter().position(ends);
        let next = self.place.start.saturating_add(end.unwrap_or(rest.len()));
        edits.hide(self.place.start..next, Part::Rest);
        self.place = Place::at(next);
        self.within = if end.is_some() { Within::Text } else { Within::Secret };
        Step::Next
    }

    fn hide_key(
        &mut self,
        (hidden, broken): (usize, bool),
        rest: &[u8],
        line: Option<usize>,
        edits: &mut Edits,
    ) -> Step {
        let start = self.place.start;
        let length = line.unwrap_or(rest.len()).min(LONGEST);
        let stretch = rest.get(..length).unwrap_or_default();
        let view = plain(stretch);
        let text = &view.text;
        let end = armour::end(text).map(|end| view.range(&(0..end)).end);
        let (hides, within) = match (end, line) {
            (Some(end), _) => (end, Within::Text),
            (None, None) if length < LONGEST => return Step::Wait,
            (None, _) if hidden > KEY || !armour::goes_on(text) => {
                self.leave_key(edits, broken);
                return Step::Next;
            }
            (None, None) => {
                let hides = length.saturating_sub(CLOSING);
                (hides, Within::Key(hidden.saturating_add(hides), broken))
            }
            (None, Some(line)) => {
                let hides = line.saturating_add(1);
                (hides, Within::Key(hidden.saturating_add(hides), true))
            }
        };
        let next = start.saturating_add(hides);
        for piece in screen::pieces(rest.get(..hides).unwrap_or_default()) {
            let range = start.saturating_add(piece.range.start)..start.saturating_add(piece.range.end);
            if matches!(piece.kind, Kind::Text | Kind::Moves) || piece.range.len() == 1 {
                edits.hide(range, Part::Rest);
            }
        }
        (self.within, self.place) = (within, Place::at(next));
        Step::Next
    }

    /// What comes is none of the key any more, although that has not ended.
    fn leave_key(&mut self, edits: &mut Edits, broken: bool) {
        self.within = Within::Text;
        if broken && self.width == Width::Any {
            edits.insert(self.place.start, b"\n");
        }
    }

    fn hide(&self, looked: &Looked, edits: &mut Edits) {
        let Place { start, left, .. } = self.place;
        for hit in &looked.hits {
            let mut part = hit.part;
            for shown in &hit.shown {
                let range = start.saturating_add(shown.start).max(left)..start.saturating_add(shown.end);
                if range.start < range.end {
                    edits.hide(range, part);
                    part = Part::Rest;
                }
            }
        }
    }
}

/// A line as it is shown.
fn plain(line: &[u8]) -> screen::View {
    screen::shown(line, &screen::pieces(line), true, Moved::Apart)
}

/// How many zero bytes there are at the beginning.
fn zeros(bytes: &[u8]) -> usize {
    many::position(bytes, |byte| byte != 0).unwrap_or(bytes.len())
}

fn joined(line: Bytes, chunk: Bytes) -> Bytes {
    if line.is_empty() {
        return chunk;
    }
    let mut bytes = BytesMut::with_capacity(line.len().saturating_add(chunk.len()));
    bytes.extend_from_slice(&line);
    bytes.extend_from_slice(&chunk);
    bytes.freeze()
}
