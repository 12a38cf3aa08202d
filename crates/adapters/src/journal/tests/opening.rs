//! Who may write a journal, and where.

use super::*;

fn refused(folder: &Path, keys: Keys) -> Fault {
    let fault = Journal::open(folder, keys, Durability::Os, "1.0", Arc::new(StillClock::at(NOW))).err().unwrap();
    assert_eq!(fault.code, Code::JournalUnavailable);
    assert!(fault.hint.is_some());
    fault
}

#[tokio::test]
async fn a_journal_has_one_writer_at_a_time() {
    let folder = folder();
    let first = open(folder.path());
    let fault = refused(folder.path(), keys());
    assert!(fault.message.contains("another gateway"), "{}", fault.message);
    assert!(fault.message.contains(&format!("process {}", std::process::id())), "{}", fault.message);
    append(&first, &["still here"]).await.unwrap();
    drop(first);
    drop(open(folder.path()));
    assert_eq!(alerts(folder.path()), ["still here"]);
}

#[test]
fn a_folder_that_cannot_be_written_says_so() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("journal"), PathBuf::from("/proc/journal")] {
        let fault = refused(&path, keys());
        assert!(fault.message.contains("cannot be written"), "{}", fault.message);
        assert!(fault.message.contains(path.to_str().unwrap()), "{}", fault.message);
    }
}

#[tokio::test]
async fn a_journal_goes_on_after_a_restart() {
    let folder = folder();
    for (run, message) in [(1, "one"), (2, "two"), (3, "three")] {
        let journal = open(folder.path());
        append(&journal, &[message]).await.unwrap();
        journal.close().unwrap();
        assert_eq!(verify(folder.path(), &key()).unwrap().segments, run);
    }
    assert_eq!(alerts(folder.path()), ["one", "two", "three"]);
    let numbers: Vec<u64> = records(folder.path()).iter().map(|record| record.seq).collect();
    assert_eq!(numbers, (1..=9).collect::<Vec<_>>());
}

#[test]
fn a_journal_does_not_go_on_under_another_key() {
    let folder = folder();
    drop(open(folder.path()));
    let others = || Keys::derive(&Secret::new([8; 32])).unwrap();
    let fault = refused(folder.path(), others());
    assert!(fault.message.contains("begun under another seal key"), "{}", fault.message);
    fs::remove_file(folder.path().join("journal.pub")).unwrap();
    let fault = refused(folder.path(), others());
    assert!(fault.message.contains("signature is not by this key"), "{}", fault.message);
}

#[test]
fn the_key_that_verifies_a_journal_lies_beside_it() {
    let folder = folder();
    drop(open(folder.path()));
    let beside = key_beside(folder.path()).unwrap();
    assert_eq!(beside, key());
    verify(folder.path(), &beside).unwrap();
    drop(open(folder.path()));

    fs::write(folder.path().join("journal.pub"), "ed25519:none").unwrap();
    assert!(key_beside(folder.path()).unwrap_err().to_string().contains("holds no public key"));
    fs::remove_file(folder.path().join("journal.pub")).unwrap();
    assert!(key_beside(folder.path()).unwrap_err().to_string().contains("there is no public key"));
}

#[test]
fn a_journal_does_not_go_on_where_it_was_touched() {
    for (cut, changed, says) in [
        (usize::MAX, ("1.0", "1.1"), "the line was changed"),
        (20, ("", ""), "has not even its first line"),
        (0, ("", ""), "the segment is empty"),
    ] {
        let folder = folder();
        drop(open(folder.path()));
        let path = segment(folder.path(), 1);
        let text = fs::read_to_string(&path).unwrap().replacen(changed.0, changed.1, 1);
        fs::write(&path, &text[..cut.min(text.len())]).unwrap();
        let fault = refused(folder.path(), keys());
        assert!(fault.message.contains(says), "{}", fault.message);
    }
}

#[test]
fn what_a_killed_gateway_had_begun_to_prepare_is_no_segment() {
    let folder = folder();
    drop(open(folder.path()));
    fs::write(folder.path().join("next.unfinished"), "half a li").unwrap();
    drop(open(folder.path()));
    assert_eq!(verify(folder.path(), &key()).unwrap().segments, 2);
}

#[test]
fn a_segment_is_never_written_over() {
    let folder = folder();
    let mut segments = Folder::lock(folder.path()).unwrap();
    fs::write(segment(folder.path(), 1), "evidence").unwrap();
    let error = segments.begin(1, b"opening").err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(segment(folder.path(), 1)).unwrap(), "evidence");
}

#[test]
fn strangers_may_not_read_a_journal() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let home = folder.path().join("journal");
    drop(open(&home));
    assert_eq!(fs::metadata(&home).unwrap().permissions().mode() & 0o007, 0);
    assert_eq!(fs::metadata(segment(&home, 1)).unwrap().permissions().mode() & 0o007, 0);
}
