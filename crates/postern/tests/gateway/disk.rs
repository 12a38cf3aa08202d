//! The disk that the journal is on runs full while sessions are at work: they end, and nothing ran that is not on it.
//!
//! A small file system in memory is that disk. Where this process may not mount one, files that may not grow stand for it.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::kill::unrecorded;
use crate::raw::{self, tagged};
use crate::served::Served;
use crate::site::stderr;

/// How long sessions may go on once the journal takes nothing more.
const LONGEST: Duration = Duration::from_secs(5);
/// More statements than a disk of this size has records of.
const MANY: usize = 20_000;
const TABLE: &str = "CREATE TABLE t (n int)";

/// A file system of its own, gone with its owner.
struct Disk(PathBuf);

impl Disk {
    fn of(folder: PathBuf) -> Option<Self> {
        fs::create_dir_all(&folder).unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", "size=1m", "tmpfs"], &folder);
        mounted.then(|| Self(folder))
    }

    fn grow(&self) {
        assert!(mount(&["-o", "remount,size=64m"], &self.0), "it does not grow");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // whoever still has files open there does not keep it
        let _gone = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(how: &[&str], folder: &PathBuf) -> bool {
    let mounted = Command::new("mount").args(how).arg(folder).stderr(Stdio::null()).status();
    mounted.is_ok_and(|status| status.success())
}

#[test]
fn a_full_disk_ends_sessions_at_once_and_nothing_ran_unrecorded() {
    let served = Served::new(18, &[]);
    let made = served.direct().psql(&[TABLE]);
    assert!(made.status.success(), "{}", stderr(&made));
    let disk = Disk::of(served.site.path("state/journal"));
    println!("{}", if disk.is_some() { "a disk of 1 MiB" } else { "no mount here: files of 1 MiB at most" });
    let limited = "trap '' XFSZ; ulimit -f 2048; exec";
    let mut gateway = if disk.is_some() { served.site.start() } else { served.site.start_by(limited) };
    let way = served.through();
    let mut idle = raw::logged_in(&served, &way);
    let mut session = raw::logged_in(&served, &way);
    let mut done = 0;
    let refused = loop {
        assert!(done < MANY, "the disk takes everything");
        session.write_all(&tagged(b'Q', format!("INSERT INTO t VALUES ({done})\0").as_bytes())).unwrap();
        match answer(&mut session) {
            None => done += 1,
            Some(refused) => break refused,
        }
    };
    let begun = Instant::now();
    assert!(refused.contains("58000") || refused.is_empty(), "{refused}");
    // whoever asks for nothing hears of it too
    raw::farewell(&mut idle);
    assert!(begun.elapsed() < LONGEST, "an idle session went on for {:?}", begun.elapsed());
    assert!(!gateway.ended().success(), "it goes on without its journal");
    assert!(gateway.log().contains("the journal cannot be written"), "{}", gateway.log());
    drop(session);

    // with room on the disk it comes up again, and what it says is whole
    if let Some(disk) = &disk {
        disk.grow();
    }
    let mut again = served.site.start();
    assert!(served.through().works(), "{}", again.log());
    again.signal(Signal::TERM);
    assert!(again.ended().success());
    let (through, missing) = unrecorded(&served, TABLE);
    assert!(missing.is_empty(), "{} statements ran unrecorded, such as {:?}", missing.len(), missing.first());
    let inserts = through.iter().filter(|(text, _)| text.starts_with("INSERT")).count();
    assert!(inserts >= done, "the log has {inserts} of {done}");
    println!(
        "{done} statements were answered before the disk was full, {inserts} had come to the server, all recorded"
    );
}

/// The error that comes in place of an answer; nothing where the connection just ended.
fn answer(session: &mut raw::Encrypted) -> Option<String> {
    loop {
        match raw::message(session) {
            Ok((b'Z', _)) => return None,
            Ok((b'E', body)) => return Some(String::from_utf8_lossy(&body).into_owned()),
            Ok(_) => {}
            Err(_) => return Some(String::new()),
        }
    }
}
