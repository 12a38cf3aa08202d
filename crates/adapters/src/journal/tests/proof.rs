//! What was written is read back, and what was not written there is noticed.

use super::*;

#[tokio::test]
async fn a_record_is_in_the_file_when_it_counts_as_written() {
    let folder = folder();
    let journal = open_as(folder.path(), mode(Durability::Os));
    for round in 0..20 {
        let message = format!("round {round}");
        append(&journal, &[&message]).await.unwrap();
        assert!(fs::read_to_string(segment(folder.path(), 1)).unwrap().contains(&message));
    }
}

#[tokio::test]
async fn drafts_are_written_in_order_and_numbered_without_gaps() {
    let folder = folder();
    let journal = open_as(folder.path(), mode(Durability::Os));
    let session = SessionId::at(NOW);
    assert_eq!(append(&journal, &["a", "b"]).await.unwrap(), 3, "after the line that opens the segment");
    let drafts = vec![of_session(session, "c"), alert("d"), of_session(session, "e")];
    assert_eq!(journal.append(drafts).await.unwrap().sequence, 6);
    journal.close().unwrap();

    assert_eq!(alerts(folder.path()), ["a", "b", "c", "d", "e"]);
    let proof = verify(folder.path(), &key()).unwrap();
    assert_eq!((proof.end.seq, proof.end.signed, proof.end.sessions), (7, 7, 1));
    assert_eq!((proof.segments, proof.torn), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_write_at_once_and_each_knows_its_own_number() {
    for durability in [Durability::Os, Durability::Fsync] {
        let folder = folder();
        let journal = Arc::new(open_as(folder.path(), Mode { segment: 64 * 1024, records: 100, ..mode(durability) }));
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..8 {
            let journal = Arc::clone(&journal);
            writers.spawn(async move {
                let session = SessionId::at(NOW);
                let mut numbers = Vec::new();
                for round in 0..50 {
                    let draft = of_session(session, &format!("{writer} {round}"));
                    numbers.push((journal.append(vec![draft]).await.unwrap().sequence, writer, round));
                }
                numbers
            });
        }
        let numbers = writers.join_all().await.concat();
        drop(journal);
        let records = records(folder.path());
        for (number, writer, round) in numbers {
            let record = records.iter().find(|record| record.seq == number).unwrap();
            let Event::Alert { message, .. } = &record.event else { panic!("{record:?}") };
            assert_eq!(*message, format!("{writer} {round}"));
        }
        let proof = verify(folder.path(), &key()).unwrap();
        assert_eq!(proof.end.sessions, 8);
        assert!(proof.end.checkpoints >= 4 && proof.segments >= 2, "{proof:?}");
    }
}

#[tokio::test]
async fn a_full_segment_is_signed_and_the_next_one_begun() {
    let folder = folder();
    let journal = open_as(folder.path(), Mode { segment: 2000, ..mode(Durability::Os) });
    for round in 0..50 {
        append(&journal, &[&format!("round {round}")]).await.unwrap();
    }
    journal.close().unwrap();
    let proof = verify(folder.path(), &key()).unwrap();
    assert!(proof.segments > 5, "{proof:?}");
    assert_eq!(proof.end.checkpoints, proof.segments);
    for number in 1..=proof.segments {
        let text = fs::read_to_string(segment(folder.path(), number)).unwrap();
        assert!(text.lines().last().unwrap().contains(r#""type":"checkpoint""#));
    }
    assert_eq!(alerts(folder.path()).len(), 50);

    fs::remove_file(segment(folder.path(), 3)).unwrap();
    let Err(Untrue::Tampered(tamper)) = verify(folder.path(), &key()) else { panic!("a segment is gone") };
    assert!(tamper.what.contains("segment 3 is missing"), "{tamper}");
}

#[tokio::test]
async fn checkpoints_are_signed_by_number_and_by_time() {
    let by_number = folder();
    let journal = open_as(by_number.path(), Mode { records: 5, ..mode(Durability::Os) });
    for _ in 0..9 {
        append(&journal, &["x"]).await.unwrap();
    }
    // With the line that opens the segment: 5 records, checkpoint, 5 records, checkpoint.
    assert_eq!(verify(by_number.path(), &key()).unwrap().end.checkpoints, 2);

    let by_time = folder();
    let journal = open_as(by_time.path(), Mode { time: Duration::from_millis(20), ..mode(Durability::Os) });
    append(&journal, &["x"]).await.unwrap();
    let signed = || verify(by_time.path(), &key()).unwrap().end;
    while signed().signed < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let quiet = signed();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(signed(), quiet, "nothing new, nothing signed");
}

#[tokio::test]
async fn every_changed_byte_is_noticed() {
    let folder = folder();
    let journal = open(folder.path());
    append(&journal, &["one", "two"]).await.unwrap();
    journal.close().unwrap();
    let path = segment(folder.path(), 1);
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        assert!(matches!(verify(folder.path(), &key()), Err(Untrue::Tampered(_))), "byte {at}");
    }
    fs::write(&path, &good).unwrap();
    verify(folder.path(), &key()).unwrap();
}

#[tokio::test]
async fn a_line_that_is_removed_moved_or_repeated_is_noticed() {
    let folder = folder();
    let journal = open(folder.path());
    append(&journal, &["one", "two", "three"]).await.unwrap();
    journal.close().unwrap();
    let path = segment(folder.path(), 1);
    let good = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let [a, b, c, d, e] = lines[..] else { panic!("{lines:?}") };
    for bad in [vec![a, c, d, e], vec![a, c, b, d, e], vec![a, b, b, c, d, e], vec![b, c, d, e], vec![a, b, c, e]] {
        fs::write(&path, bad.join("\n") + "\n").unwrap();
        assert!(matches!(verify(folder.path(), &key()), Err(Untrue::Tampered(_))), "{bad:?}");
    }
}

#[test]
fn a_folder_without_a_journal_proves_nothing() {
    let folder = folder();
    fs::write(folder.path().join("1.journal"), "not the name of a segment").unwrap();
    let Err(Untrue::Unreadable(why)) = verify(folder.path(), &key()) else { panic!("there is no journal") };
    assert!(why.contains("there is no journal in"), "{why}");
    let Err(Untrue::Unreadable(why)) = verify(&folder.path().join("nowhere"), &key()) else { panic!("no folder") };
    assert!(why.contains("cannot be read"), "{why}");
}
