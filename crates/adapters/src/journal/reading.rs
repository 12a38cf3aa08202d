//! Reads a journal back: for an auditor from its first line on, for a gateway that goes on the last segment alone.
//!
//! Offline: it needs the files and the public key, and no gateway. It writes nothing.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::id::SessionId;
use postern_core::journal::examine::{Examined, Examiner};
use postern_core::journal::receipt::{Gathering, Span};
use postern_core::journal::verify::{End, Tamper, Verifier};
use postern_core::journal::{Record, Torn, VerifyKey};

use super::files;

/// Longer than any line that a gateway writes; the text in it is bounded by what its protocols take.
const LONGEST: u64 = 1 << 30;

/// How much is read at once.
const BUFFER: usize = 256 * 1024;

/// What a journal turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Where it ends, and how much of it is signed.
    pub end: End,
    /// How many segments it has.
    pub segments: u64,
    /// Bytes of an unfinished line at its very end: a gateway was killed, or is writing at this moment.
    pub torn: u64,
}

/// Why a journal proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum Untrue {
    /// It was touched.
    #[error(transparent)]
    Tampered(#[from] Tamper),
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

/// What an earlier gateway has left.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) end: End,
    pub(super) segment: u64,
    pub(super) torn: Torn,
}

/// The key that lies beside the journal in `folder`. Whoever can write there can exchange both: an auditor who does
/// not trust that machine brings a copy of the key.
///
/// # Errors
/// Where no key lies there.
pub fn key_beside(folder: &Path) -> Result<VerifyKey, Untrue> {
    let path = folder.join(files::KEY);
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Untrue::Unreadable(format!("there is no public key at `{}`: {error}", path.display())))?;
    VerifyKey::parse(&text).ok_or_else(|| Untrue::Unreadable(format!("`{}` holds no public key", path.display())))
}

/// Checks the journal in `folder` from its first line to its last.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn verify(folder: &Path, key: &VerifyKey) -> Result<Proof, Untrue> {
    walk(folder, key, |_| ())
}

/// Checks the journal in `folder` and shows each record as it comes by. What was shown counts only as far as a
/// checkpoint follows, and only if this ends well.
///
/// # Errors
/// The first thing that is wrong with the journal.
pub fn walk(folder: &Path, key: &VerifyKey, mut each: impl FnMut(Record)) -> Result<Proof, Untrue> {
    lines(folder, key, &mut |record, _| each(record))
}

/// The same, with the text of each line.
fn lines(folder: &Path, key: &VerifyKey, each: &mut impl FnMut(Record, &[u8])) -> Result<Proof, Untrue> {
    let mut verifier = Verifier::new(key.clone());
    let mut proof = Proof { end: End::default(), segments: 0, torn: 0 };
    for (number, file) in segments_of(folder)? {
        proof.torn = segment(&mut verifier, number, file?, each)?.torn;
        proof.segments = proof.segments.saturating_add(1);
    }
    proof.end = verifier.end().clone();
    Ok(proof)
}

/// What was done to the journal in `folder`, which does not verify: as far as can be told, record by record.
///
/// # Errors
/// Where its files cannot be read.
pub fn examine(folder: &Path, key: &VerifyKey) -> Result<Examined, Untrue> {
    let mut examiner = Examiner::new(key.clone());
    for (number, file) in segments_of(folder)? {
        examiner.open(number);
        let mut reader = BufReader::with_capacity(BUFFER, file?);
        let mut line = Vec::new();
        while next_line(&mut reader, &mut line).map_err(|error| broken_off(number, &error))? > 0 {
            if let Some(whole) = line.strip_suffix(b"\n") {
                examiner.line(whole);
            }
        }
    }
    Ok(examiner.found())
}

/// Reads the journal in `folder` and gives the receipt of a session, span by span. Tells whether something of it is not
/// signed yet, and so not in it.
///
/// # Errors
/// Where the journal does not verify.
pub fn receipt(folder: &Path, key: &VerifyKey, session: SessionId, mut each: impl FnMut(Span)) -> Result<bool, Untrue> {
    let mut gathering = Gathering::of(session);
    lines(folder, key, &mut |record, text| {
        // a line that was verified is JSON behind its hash, and so text
        if let Ok(text) = std::str::from_utf8(text)
            && let Some(span) = gathering.line(text, &record)
        {
            each(span);
        }
    })?;
    Ok(gathering.is_unsigned())
}

/// The segments in a folder, each opened when it is its turn.
fn segments_of(folder: &Path) -> Result<impl Iterator<Item = (u64, Result<File, Untrue>)>, Untrue> {
    let unreadable =
        |path: &Path, error: &io::Error| Untrue::Unreadable(format!("`{}` cannot be read: {error}", path.display()));
    let segments = files::segments(folder).map_err(|error| unreadable(folder, &error))?;
    if segments.is_empty() {
        return Err(Untrue::Unreadable(format!("there is no journal in `{}`", folder.display())));
    }
    let open = move |path: &Path| File::open(path).map_err(|error| unreadable(path, &error));
    Ok(segments.into_iter().map(move |(number, path)| (number, open(&path))))
}

/// What the last segment in `folder` says about where to go on; nothing where there is no journal yet.
pub(super) fn left(folder: &Path, key: &VerifyKey) -> Result<Option<Left>, Fault> {
    let broken = |why: &dyn std::fmt::Display| {
        Fault::gateway(Code::JournalUnavailable, format!("the journal in `{}` cannot go on: {why}", folder.display()))
            .hint("`postern audit verify` says more; to begin a new journal, move this one away whole")
    };
    let segments = files::segments(folder).map_err(|error| broken(&error))?;
    let Some((number, path)) = segments.into_iter().next_back() else { return Ok(None) };
    let file = File::open(path).map_err(|error| broken(&error))?;
    let mut verifier = Verifier::from_segment(key.clone(), number);
    let torn = segment(&mut verifier, number, file, &mut |_, _| ()).map_err(|untrue| broken(&untrue))?;
    if torn.whole == 0 {
        return Err(broken(&format!("segment {number} has not even its first line")));
    }
    Ok(Some(Left { end: verifier.end().clone(), segment: number, torn }))
}

/// Checks one segment. Tells how it ends.
fn segment(
    verifier: &mut Verifier,
    number: u64,
    file: File,
    each: &mut impl FnMut(Record, &[u8]),
) -> Result<Torn, Untrue> {
    verifier.open(number)?;
    let mut reader = BufReader::with_capacity(BUFFER, file);
    let mut torn = Torn { whole: 0, torn: 0 };
    let mut line = Vec::new();
    let mut lines = 0_u64;
    loop {
        let read = next_line(&mut reader, &mut line).map_err(|error| broken_off(number, &error))?;
        if let Some(whole) = line.strip_suffix(b"\n") {
            each(verifier.line(whole)?, whole);
            torn.whole = torn.whole.saturating_add(read);
            lines = lines.saturating_add(1);
            continue;
        }
        torn.torn = read;
        // A killed gateway leaves a piece of a line, never a whole one with another byte in its newline's place.
        if line.split_last().is_some_and(|(_, whole)| verifier.line(whole).is_ok()) {
            let (segment, line) = (number, lines.saturating_add(1));
            return Err(Tamper { segment, line, what: "the newline at its end was changed".to_owned() }.into());
        }
        break;
    }
    verifier.close(torn.whole, torn.torn)?;
    Ok(torn)
}

/// Reads a line with its newline, or what is left without one. Tells how many bytes it is.
pub(super) fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    line.clear();
    let read = reader.take(LONGEST).read_until(b'\n', line)?;
    let read = u64::try_from(read).unwrap_or(u64::MAX);
    if read < LONGEST { Ok(read) } else { Err(io::Error::other("it holds a line without end")) }
}

fn broken_off(segment: u64, error: &io::Error) -> Untrue {
    Untrue::Unreadable(format!("segment {segment} cannot be read: {error}"))
}
