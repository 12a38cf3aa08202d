//! Some records from the middle of a journal, found by their numbers without reading what is before them.
//!
//! What is read here is not checked against anything but each line's own hash: it is for looking, and `verify` is for
//! proving. Enter at [`range`].

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use postern_core::journal::{Record, read_line};

use super::files;
use super::reading::next_line;

/// A stretch of a file that is rather read through than halved once more, in bytes.
const STRETCH: u64 = 64 * 1024;

/// How a record begins, after its line's hash.
const BEGINS: &[u8] = b" {\"seq\":";

/// Shows the records of the journal in `folder` from number `from` on, as far as they are there, one after the other
/// until `each` breaks off. What cannot be read is left out.
pub(crate) fn range(folder: &Path, from: u64, mut each: impl FnMut(Record) -> ControlFlow<()>) -> io::Result<()> {
    let segments = files::segments(folder)?;
    for (_, path) in segments.get(holding(&segments, from)?..).unwrap_or_default() {
        let mut file = File::open(path)?;
        let start = place_of(&mut file, from)?;
        file.seek(SeekFrom::Start(start))?;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        while next_line(&mut reader, &mut line)? > 0 {
            let record = line.strip_suffix(b"\n").and_then(read_line).filter(|record| record.seq >= from);
            if record.is_some_and(|record| each(record).is_break()) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The index of the segment that holds a record: the last one that does not begin behind it.
fn holding(segments: &[(u64, PathBuf)], seq: u64) -> io::Result<usize> {
    let mut failed = Ok(());
    let begins = |(_, path): &(u64, PathBuf)| {
        let first = File::open(path).and_then(|mut file| first_behind(&mut file, 0));
        match first {
            Ok(first) => first.is_some_and(|(_, first)| first <= seq),
            Err(error) => {
                failed = Err(error);
                false
            }
        }
    };
    let behind = segments.partition_point(begins);
    failed.map(|()| behind.saturating_sub(1))
}

/// A place in a segment from where a record is not far, and not behind.
fn place_of(file: &mut File, seq: u64) -> io::Result<u64> {
    let (mut low, mut high) = (0, file.metadata()?.len());
    while high.saturating_sub(low) > STRETCH {
        let middle = low.midpoint(high);
        match first_behind(file, middle)? {
            Some((place, number)) if number <= seq && place < high => low = place,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// The first line that begins at `place` or behind it and is a record: where, and its number.
fn first_behind(file: &mut File, place: u64) -> io::Result<Option<(u64, u64)>> {
    file.seek(SeekFrom::Start(place.saturating_sub(1)))?;
    let mut reader = BufReader::new(file);
    let mut at = place.saturating_sub(1);
    if place > 0 {
        let mut rest = Vec::new();
        at = at.saturating_add(u64::try_from(reader.read_until(b'\n', &mut rest)?).unwrap_or(u64::MAX));
    }
    let mut line = Vec::new();
    loop {
        let read = next_line(&mut reader, &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        if let Some(number) = number(&line) {
            return Ok(Some((at, number)));
        }
        at = at.saturating_add(read);
    }
}

/// The number of the record in a line, without reading the rest of it.
fn number(line: &[u8]) -> Option<u64> {
    let digits = line.get(64..)?.strip_prefix(BEGINS)?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(digits.get(..end)?).ok()?.parse().ok()
}
