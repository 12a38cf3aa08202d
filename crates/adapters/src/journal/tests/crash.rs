//! A gateway that is killed: what it had said is written stands, and what it had begun does no harm.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;

/// Set for the process that is to be killed: the folder and the durability.
const VICTIM: &str = "POSTERN_TEST_JOURNAL_VICTIM";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_counted_as_written_outlives_a_kill() {
    if let Ok(order) = std::env::var(VICTIM) {
        return victim(&order).await;
    }
    for durability in ["os", "fsync"] {
        let folder = folder();
        let mut acknowledged = Vec::new();
        for _ in 0..5 {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "journal::tests::crash::what_counted_as_written_outlives_a_kill", "--nocapture"])
                .env(VICTIM, format!("{durability}:{}", folder.path().display()))
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
            let mut said = lines.filter_map(|line| line.strip_prefix("written ").map(str::to_owned));
            acknowledged.extend(said.by_ref().take(40));
            child.kill().unwrap();
            child.wait().unwrap();
            acknowledged.extend(said);

            let written = alerts(folder.path());
            for message in &acknowledged {
                assert!(written.contains(message), "{durability}: {message} is gone");
            }
        }
        assert!(acknowledged.len() >= 200);
        assert_eq!(verify(folder.path(), &key()).unwrap().segments, 5);
    }
}

/// Writes as fast as it can from four tasks, and says what is written, until it is killed.
async fn victim(order: &str) {
    let (durability, folder) = order.split_once(':').unwrap();
    let durability = if durability == "os" { Durability::Os } else { Durability::Fsync };
    let journal = Arc::new(open_as(Path::new(folder), Mode { records: 20, ..mode(durability) }));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let journal = Arc::clone(&journal);
        writers.spawn(async move {
            for round in 0.. {
                let message = format!("{} {writer} {round} {}", std::process::id(), "x".repeat(round % 500));
                append(&journal, &[&message]).await.unwrap();
                println!("written {message}");
            }
        });
    }
    writers.join_all().await;
}

#[tokio::test]
async fn a_journal_cut_anywhere_goes_on_and_says_what_was_torn() {
    let folder = folder();
    let journal = open(folder.path());
    append(&journal, &["one", "two"]).await.unwrap();
    journal.close().unwrap();
    drop(journal);
    let whole = fs::read(segment(folder.path(), 1)).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for end in (first..whole.len()).filter(|end| end % 7 == 0 || whole[end - 1] == b'\n') {
        let cut = tempfile::tempdir().unwrap();
        fs::write(segment(cut.path(), 1), &whole[..end]).unwrap();
        let lines = whole[..end].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
        assert_eq!(verify(cut.path(), &key()).unwrap().torn, size(end - lines));

        let journal = open(cut.path());
        append(&journal, &["three"]).await.unwrap();
        journal.close().unwrap();
        assert_eq!(fs::read(segment(cut.path(), 1)).unwrap(), &whole[..end], "nothing is repaired");
        assert_eq!(alerts(cut.path()).last().unwrap(), "three");
        let opened = records(cut.path()).into_iter().find_map(|record| {
            let Event::SegmentOpened { segment: 2, previous_bytes, torn_bytes, .. } = record.event else { return None };
            Some((previous_bytes, torn_bytes))
        });
        let torn = Some(size(end - lines)).filter(|torn| *torn > 0);
        assert_eq!(opened, Some((Some(size(lines)), torn)), "cut at {end}");

        // Whoever cuts more off afterwards is noticed.
        fs::write(segment(cut.path(), 1), &whole[..end - 1]).unwrap();
        assert!(matches!(verify(cut.path(), &key()), Err(Untrue::Tampered(_))), "cut at {end}");
    }
}
