//! The store is down while sessions are open: none opens meanwhile, and those that are go on.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use crate::raw::{self, tagged};
use crate::served::{Served, Way};
use crate::site::stderr;

const LOCKS: &str = "
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
store.execute('BEGIN IMMEDIATE')
print('held', flush=True)
sys.stdin.read()
";

/// Somebody who keeps the store from being written, for as long as this lives.
struct Lock(Child);

impl Lock {
    fn on(served: &Served) -> Self {
        let mut python = Command::new("python3");
        python.args(["-c", LOCKS]).arg(served.site.path("state/postern.db"));
        let mut child = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "held\n");
        Self(child)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _gone = self.0.wait();
    }
}

/// How many sessions the server has of the gateway.
fn there(served: &Served) -> String {
    let asked = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND pid <> pg_backend_pid()";
    String::from_utf8(served.direct().psql(&[asked]).stdout).unwrap()
}

fn turned_away(served: &Served, way: &Way) {
    let before = there(served);
    let said = stderr(&way.psql(&["SELECT 1"]));
    assert!(said.contains("the gateway's store does not answer"), "{said}");
    assert_eq!(there(served), before, "somebody is there");
}

#[test]
fn while_the_store_is_down_no_session_opens_and_those_that_are_open_go_on() {
    let served = Served::new(18, &[]);
    let gateway = served.site.start();
    let way = served.through();
    let mut session = raw::logged_in(&served, &way);
    let mut asks = || {
        session.write_all(&tagged(b'Q', b"SELECT 1\0")).unwrap();
        while raw::message(&mut session).unwrap().0 != b'Z' {}
    };
    asks();
    let lock = Lock::on(&served);
    turned_away(&served, &way);
    asks();
    drop(lock);
    assert!(way.works(), "{}", gateway.log());

    // what is in the file is no store any more
    for name in ["postern.db", "postern.db-wal", "postern.db-shm"] {
        let path = served.site.path("state").join(name);
        let length = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
        OpenOptions::new().write(true).open(path).unwrap().write_all(&vec![0x5a; length]).unwrap();
    }
    turned_away(&served, &way);
    asks();
}
