//! What was recorded of real sessions: played, looked on at, ended, and kept whatever happens to the gateway.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::served::{POLICY, Served};
use crate::site::{stderr, stdout};

const MORE: &str = r#"
[roles]
auditors  = ["principal:ann"]
operators = ["principal:ann"]

[[mask]]
name      = "mail"
columns   = ["public.customers.email"]
kind      = "partial"
keep_last = 4
for       = ["principal:ann"]
"#;

fn served() -> Served {
    let served = Served::new(18, &[]);
    served.site.write("policy.toml", &format!("{POLICY}{MORE}"));
    let table = "CREATE TABLE customers (id int, email text)";
    let made = served.direct().psql(&[table, "INSERT INTO customers VALUES (1, 'whole-secret@example.com')"]);
    assert!(made.status.success(), "{}", stderr(&made));
    served
}

/// The sessions that ann sees, newest first.
fn sessions(served: &Served, args: &[&str]) -> Vec<Value> {
    let listed = served.site.run_as("ann", &[&["sessions", "list", "--json"], args].concat());
    assert!(listed.status.success(), "{}", stderr(&listed));
    serde_json::from_str(&stdout(&listed)).unwrap()
}

fn id(session: &Value) -> String {
    session.get("id").unwrap().as_str().unwrap().to_owned()
}

/// Waits until something is there, but not for ever.
fn comes<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "it does not come");
        thread::sleep(Duration::from_millis(50));
    }
}

fn file(served: &Served, id: &str) -> PathBuf {
    let days = fs::read_dir(served.site.path("state/recordings")).unwrap();
    let files = days.map(|day| day.unwrap().path().join(format!("{id}.rec")));
    files.into_iter().find(|file| file.exists()).unwrap()
}

/// Starts psql with a statement through the gateway.
fn start(served: &Served, statement: &str) -> Child {
    let mut psql = served.through().command("psql");
    psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--command", statement]);
    psql.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn what_a_client_saw_is_played_masked_and_kept_sealed() {
    let served = served();
    let mut gateway = served.site.start();
    let asked = served.through().psql(&["SELECT id, email FROM customers", "SELECT 'swordfish' AS word", "SELEC 1"]);
    assert!(stdout(&asked).contains(".com") && !stdout(&asked).contains("whole-secret"), "{}", stdout(&asked));
    let id = comes(|| sessions(&served, &[]).iter().find(|one| one.get("ended").unwrap().is_string()).map(id));

    let played = served.site.run_as("ann", &["sessions", "play", &id, "--idle", "0"]);
    assert!(played.status.success(), "{}", stderr(&played));
    let said = stdout(&played);
    for part in ["ann (human) on shop", "> SELECT id, email FROM customers", "email", "*.com", "swordfish", "42601"] {
        assert!(said.contains(part), "no {part}: {said}");
    }
    assert!(said.contains("verified, and whole: ") && !said.contains("whole-secret"), "{said}");

    let lines = stdout(&served.site.run_as("ann", &["sessions", "play", &id, "--json"]));
    assert!(!lines.contains("whole-secret"));
    let row = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let cells: Vec<Value> = row.filter_map(|mut line| line.get_mut("cells").map(Value::take)).collect();
    assert_eq!(cells.len(), 2, "{lines}");

    let sealed = fs::read(file(&served, &id)).unwrap();
    for word in ["customers", "swordfish", "example", "ann", "SELECT"] {
        assert!(!sealed.windows(word.len()).any(|window| window == word.as_bytes()), "{word} is in clear");
    }
    let refused = served.site.run_as("bob", &["sessions", "play", &id]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("PST-3025"), "{}", stderr(&refused));
    assert_eq!(stdout(&served.site.run_as("bob", &["sessions", "list"])), "no sessions\n");

    // a recording that was touched says so, and is no success
    let mut touched = sealed.clone();
    let last = touched.len().checked_sub(5).unwrap();
    touched[last] ^= 1;
    fs::write(file(&served, &id), &touched).unwrap();
    let played = served.site.run_as("ann", &["sessions", "play", &id, "--idle", "0"]);
    assert_eq!(played.status.code(), Some(1));
    assert!(stderr(&played).contains(&format!("PST-5007: recording {id}, chunk ")), "{}", stderr(&played));

    gateway.signal(Signal::TERM);
    assert!(gateway.ended().success());
    // and the journal's signatures find it without any key, as well as one that is gone
    let verify = || served.site.run(&["audit", "verify", "--config", "postern.toml"]);
    let found = verify();
    assert_eq!(found.status.code(), Some(1));
    assert!(
        stderr(&found).contains(&format!("recordings were touched: recording {id} was changed")),
        "{}",
        stderr(&found)
    );
    let there = file(&served, &id);
    fs::write(&there, sealed).unwrap();
    assert!(stdout(&verify()).contains("recordings: 1 recording in "), "{}", stdout(&verify()));
    fs::remove_file(there).unwrap();
    assert!(stderr(&verify()).contains(&format!("recording {id} was removed, and not by the gateway")));
    let journal = stdout(&served.site.run(&["audit", "export", "--config", "postern.toml"]));
    assert!(journal.contains("\"recorded\"") && journal.contains("\"recording_viewed\""), "{journal}");
}

#[test]
fn an_operator_ends_a_session_and_what_it_runs() {
    let served = served();
    let _gateway = served.site.start();
    let mut psql = start(&served, "SELECT pg_sleep(60)");
    let running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'";
    comes(|| (served.server.run_sql("shop", running).unwrap().trim() == "1").then_some(()));
    let id = id(sessions(&served, &["--live"]).first().unwrap());
    let refused = served.site.run_as("bob", &["sessions", "kill", &id, "--reason", "mine"]);
    assert!(stderr(&refused).contains("PST-3025"), "{}", stderr(&refused));

    let since = Instant::now();
    let killed = served.site.run_as("ann", &["sessions", "kill", &id, "--reason", "it runs wild"]);
    assert!(killed.status.success(), "{}", stderr(&killed));
    comes(|| psql.try_wait().unwrap());
    comes(|| (served.server.run_sql("shop", running).unwrap().trim() == "0").then_some(()));
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    let said = stderr(&psql.wait_with_output().unwrap());
    assert!(said.contains("FATAL") && said.contains("ann ended this session: it runs wild"), "{said}");
    let shown = comes(|| {
        let shown = stdout(&served.site.run_as("ann", &["sessions", "show", &id]));
        shown.contains("PST-5008").then_some(shown)
    });
    assert!(shown.contains("ann ended this session: it runs wild"), "{shown}");
}

#[test]
fn a_gateway_that_is_killed_leaves_all_but_the_last_moment() {
    let served = served();
    let mut gateway = served.site.start();
    let mut psql = served.through().command("psql");
    psql.args(["--no-psqlrc", "--command", "SELECT 'swordfish'", "--command", "SELECT pg_sleep(60)"]);
    let mut psql = psql.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'";
    comes(|| (served.server.run_sql("shop", running).unwrap().trim() == "1").then_some(()));
    thread::sleep(Duration::from_millis(200));
    let id = id(sessions(&served, &["--live"]).first().unwrap());
    gateway.signal(Signal::KILL);
    gateway.ended();
    psql.wait().unwrap();

    let _gateway = served.site.start();
    let played = served.site.run_as("ann", &["sessions", "play", &id, "--idle", "0"]);
    let (said, failed) = (stdout(&played), stderr(&played));
    assert!(said.contains("swordfish") && said.contains("pg_sleep"), "{said}");
    assert!(said.contains("NOT WHOLE") && !said.contains("and whole"), "{said}");
    assert_eq!(played.status.code(), Some(1));
    assert!(failed.contains("the recording is not whole") && failed.contains("postern audit verify"), "{failed}");
}

#[test]
fn a_dead_terminal_costs_a_session_nothing() {
    let served = served();
    let _gateway = served.site.start();
    // one session that lasts, and somebody who looks on and never reads
    let mut psql = served.through().command("psql");
    let statements = "SELECT pg_sleep(2);\nSELECT repeat('x', 1000) FROM generate_series(1, 30000);\n";
    served.site.write("much.sql", statements);
    psql.args(["--no-psqlrc", "--quiet", "--file"]).arg(served.site.path("much.sql"));
    let mut psql = psql.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let id = comes(|| sessions(&served, &["--live"]).first().map(id));
    let mut tail = served.site.verb_as("ann", &["sessions", "tail", &id]);
    let mut tail = tail.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let ended = comes(|| psql.try_wait().unwrap());
    assert!(ended.success());
    assert!(tail.try_wait().unwrap().is_none(), "it waits for its reader");
    tail.kill().unwrap();
    tail.wait().unwrap();
    comes(|| {
        let played = stdout(&served.site.run_as("ann", &["sessions", "play", &id, "--idle", "0"]));
        (played.contains("verified, and whole") && played.contains("(SELECT 30000)")).then_some(())
    });
}

#[test]
fn a_stop_tells_the_end_of_sessions_whose_clients_do_not_read() {
    let served = served();
    let mut gateway = served.site.start();
    let mut psql = start(&served, "SELECT repeat('x', 1000) FROM generate_series(1, 300000)");
    // it is read no more as soon as a pipe is full, and nobody reads that
    let stuck =
        "SELECT wait_event FROM pg_stat_activity WHERE query LIKE 'SELECT repeat%' AND wait_event = 'ClientWrite'";
    comes(|| served.server.run_sql("shop", stuck).unwrap().contains("ClientWrite").then_some(()));
    gateway.signal(Signal::TERM);
    assert!(gateway.ended().success());
    psql.kill().unwrap();
    psql.wait().unwrap();
    let journal = stdout(&served.site.run(&["audit", "export", "--config", "postern.toml"]));
    let said = |what: &str| journal.matches(&format!("\"type\":\"{what}\"")).count();
    assert_eq!((said("session_opened"), said("session_closed")), (1, 1), "{journal}");
    assert_eq!(said("finished"), 1, "{journal}");
}
