//! Of what was done to a journal, each record is named.

use data_encoding::HEXLOWER;
use proptest::prelude::*;
use proptest::sample::Index;

use super::super::chain::{hash_of, run};
use super::super::examine::{Examined, Examiner, How, Touched};
use super::edits::{edited, line, place, rechained, record, records};
use super::{Files, journal, keys, lines};
use crate::Micros;
use crate::journal::Event;

/// What is said about the records of a journal.
fn said(files: &Files) -> Vec<(u64, u64, How)> {
    found(files).into_iter().map(|Touched { from, to, how, .. }| (from, to, how)).collect()
}

fn found(files: &Files) -> Vec<Touched> {
    examined(files).touched
}

fn examined(files: &Files) -> Examined {
    let mut examiner = Examiner::new(keys().verify_key());
    for (number, segment) in (1..).zip(&files.0) {
        examiner.open(number);
        for line in lines(segment) {
            examiner.line(line.strip_suffix(b"\n").unwrap());
        }
    }
    examiner.found()
}

/// The journal after something was done to the line of one record.
fn after(seq: u64, change: impl FnOnce(&mut Vec<Vec<u8>>, usize)) -> Files {
    edited(|segments| {
        let (segment, at) = place(segments, usize::try_from(seq).unwrap().saturating_sub(1));
        change(&mut segments[segment], at);
    })
}

/// Says something else in a record, and makes its own hash fit.
fn forged(segment: &mut [Vec<u8>], at: usize) {
    let mut record = record(&segment[at]);
    record.at = Micros(0);
    segment[at] = line(&record);
}

fn count() -> u64 {
    u64::try_from(records().len()).unwrap()
}

fn is_checkpoint(seq: u64) -> bool {
    let record = records().swap_remove(usize::try_from(seq).unwrap().saturating_sub(1));
    matches!(record.event, Event::Checkpoint { .. })
}

#[test]
fn of_a_whole_journal_nothing_is_said() {
    assert_eq!(said(&journal()), []);
}

#[test]
fn a_changed_record_is_named_whether_or_not_its_hash_was_made_to_fit() {
    for seq in 1..=count() {
        let broken = after(seq, |lines, at| lines[at][80] ^= 1);
        assert_eq!(said(&broken), [(seq, seq, How::Changed)], "broken {seq}");
        let fitted = said(&after(seq, |lines, at| forged(lines, at)));
        // the very last line has none behind it that would name its hash, and no signature over it
        let expected = if seq == count() { vec![] } else { vec![(seq, seq, How::Changed)] };
        assert_eq!(fitted, expected, "forged {seq}");
    }
}

#[test]
fn a_change_that_the_next_lines_were_made_to_hide_is_named_by_its_chain() {
    // a record, and then so many lines behind it that say what the running hash is by now
    for hidden in 1..4_usize {
        let changed = edited(|segments| {
            let lines = &mut segments[0];
            forged(lines, 1);
            for at in 2..2_usize.saturating_add(hidden) {
                let (before, mut this) = (record(&lines[at.saturating_sub(1)]), record(&lines[at]));
                let hash = HEXLOWER.decode(&lines[at.saturating_sub(1)][..64]).unwrap();
                this.head = HEXLOWER.encode(&run(&hash_of(&before.head).unwrap(), &hash));
                lines[at] = line(&this);
            }
        });
        let said = said(&changed);
        assert!(said.contains(&(2, 2, How::Changed)), "{hidden}: {said:?}");
        let last = u64::try_from(hidden).unwrap().saturating_add(2);
        assert!(said.iter().any(|(from, to, _)| (*from..=*to).contains(&last)), "{hidden}: {said:?}");
        assert_eq!(examined(&changed).signed, 0);
    }
}

#[test]
fn what_was_signed_before_the_first_change_is_said_to_stand() {
    let checkpoints: Vec<u64> = (1..=count()).filter(|seq| is_checkpoint(*seq)).collect();
    assert_eq!(examined(&journal()).signed, *checkpoints.last().unwrap());
    for seq in 1..=count() {
        let broken = after(seq, |lines, at| lines[at][80] ^= 1);
        let before = checkpoints.iter().rfind(|checkpoint| **checkpoint < seq).copied();
        assert_eq!(examined(&broken).signed, before.unwrap_or(0), "{seq}");
    }
}

#[test]
fn a_removed_record_is_named() {
    for seq in 1..count() {
        let removed = after(seq, |lines, at| drop(lines.remove(at)));
        assert_eq!(said(&removed), [(seq, seq, How::Removed)], "{seq}");
    }
    let run = after(5, |lines, at| drop(lines.drain(at.saturating_sub(2)..at)));
    assert_eq!(said(&run), [(3, 4, How::Removed)]);
    let segment = edited(|segments| drop(segments.remove(1)));
    let [(from, to, How::Removed)] = said(&segment)[..] else { panic!("{:?}", said(&segment)) };
    assert_eq!(usize::try_from(to.saturating_sub(from)).unwrap().saturating_add(1), lines(&journal().0[1]).len());
}

#[test]
fn an_added_line_is_named_by_its_place() {
    let garbage = after(4, |lines, at| lines.insert(at, b"hello\n".to_vec()));
    assert_eq!(said(&garbage), [(4, 4, How::Added)]);
    let twice = after(4, |lines, at| lines.insert(at, lines[at].clone()));
    assert_eq!(said(&twice), [(4, 4, How::Added)]);
    assert_eq!(found(&twice)[0].to_string(), "a line was added, as record 4 (segment 1, line 5)");
}

#[test]
fn a_journal_written_anew_is_named_up_to_its_signature() {
    let mut records = records();
    let first = records.iter().position(|record| matches!(record.event, Event::Checkpoint { .. })).unwrap();
    records[first.saturating_add(1)].at = Micros(0);
    let from = u64::try_from(first).unwrap().saturating_add(2);
    let anew = said(&rechained(records, |_| None));
    assert!(anew.iter().all(|(.., how)| *how == How::Rewritten), "{anew:?}");
    assert_eq!(anew[0].0, from, "what was signed before it is as it was");
    assert!(is_checkpoint(anew[0].1));
}

#[test]
fn two_pieces_of_one_line_are_what_one_record_has_become() {
    let split = after(6, |lines, at| lines[at].insert(90, b'\n'));
    let edited = edited(|segments| *segments = split.0.iter().map(|segment| lines(segment)).collect());
    assert_eq!(said(&edited), [(6, 6, How::Mangled)]);
    let joined = after(6, |lines, at| {
        lines[at].pop();
    });
    assert_eq!(said(&joined), [(6, 7, How::Mangled)]);
}

proptest! {
    #[test]
    fn a_moved_record_is_named_and_no_other(from in any::<Index>(), to in any::<Index>()) {
        let last = usize::try_from(count()).unwrap();
        let (from, to) = (from.index(last), to.index(last));
        prop_assume!(from != to);
        let moved = edited(|segments| {
            let (segment, at) = place(segments, from);
            let line = segments[segment].remove(at);
            let (segment, at) = place(segments, to.min(last.saturating_sub(2)));
            segments[segment].insert(at.saturating_add(usize::from(to == last.saturating_sub(1))), line);
        });
        let seq = |at: usize| u64::try_from(at).unwrap().saturating_add(1);
        let said = said(&moved);
        prop_assert_eq!(said.len(), 1, "{:?}", said);
        let (one, other, how) = said[0];
        prop_assert_eq!((one, how), (other, How::Moved), "{:?}", said);
        // of two neighbours that changed places, either one was moved
        prop_assert!(one == seq(from) || (from.abs_diff(to) == 1 && one == seq(to)), "{:?}", said);
    }

    #[test]
    fn whatever_the_lines_are_nothing_panics(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..90), 0..20)) {
        let mut examiner = Examiner::new(keys().verify_key());
        examiner.open(1);
        for line in &lines {
            examiner.line(line);
        }
        prop_assert_eq!(examiner.found().touched.len(), lines.len());
    }
}
