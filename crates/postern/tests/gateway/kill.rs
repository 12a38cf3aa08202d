//! The gateway is killed at work, again and again: whatever the server has begun stands in the journal.
//!
//! The server's own log is the witness. Every statement in it is looked for in the journal with the same text and
//! the same parameters, as often as it was run; the load numbers its statements, so none stands in for another.

#![expect(clippy::arithmetic_side_effects, reason = "lengths and counts of a test are small")]

use std::collections::HashMap;
use std::fs;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::{BASE64, HEXLOWER};
use postern_adapters::journal::{key_beside, walk};
use postern_core::Secret;
use postern_core::journal::{Decided, Event, Sealer};

use crate::served::{Served, Way};
use crate::site::{stderr, stdout};

/// How many rounds there are, where the environment does not say for how many minutes they go on (`POSTERN_MINUTES`).
const ROUNDS: u32 = 100;
/// The connections of each kind of load.
const CLIENTS: &str = "3";
/// How long the load may run once statements flow, in milliseconds; each round another time.
const LONGEST: u64 = 100;
/// Longer than a machine takes that has much else to do.
const PATIENCE: Duration = Duration::from_secs(20);

/// A statement, without the semicolons that end it, and its parameters as text.
pub(crate) type Statement = (String, Vec<Option<String>>);

#[test]
fn whatever_ran_before_a_kill_is_in_the_journal() {
    let minutes =
        std::env::var("POSTERN_MINUTES").ok().map(|said| Duration::from_secs(said.parse::<u64>().unwrap() * 60));
    let served = Served::new(18, &[]);
    let tables = "CREATE TABLE simple (round int, client int, n int); CREATE TABLE extended (LIKE simple)";
    let made = served.direct().psql(&[tables]);
    assert!(made.status.success(), "{}", stderr(&made));
    for table in ["simple", "extended"] {
        served.site.write(table, &format!("\\set n :n + 1\nINSERT INTO {table} VALUES (:round, :client_id, :n);\n"));
    }
    let (mut rounds, begun) = (0, Instant::now());
    while minutes.map_or(rounds < ROUNDS, |minutes| begun.elapsed() < minutes) {
        rounds += 1;
        kill_at_work(&served, rounds);
        if rounds % ROUNDS == 0 {
            println!("{rounds} rounds in {} s", begun.elapsed().as_secs());
        }
    }
    // what the last one has left unsigned is signed by the next
    let mut gateway = served.site.start();
    gateway.signal(rustix::process::Signal::TERM);
    assert!(gateway.ended().success());
    let verified = served.site.run(&["audit", "verify", "--config", "postern.toml"]);
    assert!(verified.status.success(), "{}", stderr(&verified));
    assert!(stdout(&verified).contains(&format!(" in {} segments", rounds + 1)), "{}", stdout(&verified));

    let (through, missing) = unrecorded(&served, tables);
    assert!(missing.is_empty(), "{} statements ran unrecorded, such as {:?}", missing.len(), missing.first());
    for table in ["simple", "extended"] {
        let inserts = through.iter().filter(|(text, _)| text.starts_with(&format!("INSERT INTO {table} "))).count();
        assert!(u32::try_from(inserts).unwrap() > rounds, "{inserts} of {table} are no load");
        let rows = stdout(&served.direct().psql(&[&format!("SELECT count(*) FROM {table}")]));
        assert!(rows.trim().parse::<usize>().unwrap() <= inserts, "the log is not whole");
    }
    println!("{rounds} rounds, {} statements at the server, all of them in the journal", through.len());
}

/// Starts the gateway and a load, and kills it in the middle.
fn kill_at_work(served: &Served, round: u32) {
    let mut gateway = served.site.start();
    let way = served.through();
    let begun = fs::metadata(served.server.log_file()).unwrap().len();
    let load =
        [("simple", "simple"), ("extended", "extended")].map(|(table, mode)| load(served, &way, table, mode, round));
    let since = Instant::now();
    // some hundred statements have been logged: both loads are at work
    while fs::metadata(served.server.log_file()).unwrap().len() < begun + 50_000 {
        assert!(since.elapsed() < PATIENCE, "round {round} gets nothing done: {}", gateway.log());
        thread::sleep(Duration::from_millis(2));
    }
    thread::sleep(Duration::from_millis(u64::from(round) * 37 % LONGEST));
    gateway.signal(rustix::process::Signal::KILL);
    gateway.ended();
    for mut one in load {
        one.wait().unwrap();
    }
}

fn load(served: &Served, way: &Way, table: &str, mode: &str, round: u32) -> Child {
    let mut command = way.command("pgbench");
    command.args(["--no-vacuum", "--transactions=1000000", "--client", CLIENTS, "--protocol", mode, "--define=n=0"]);
    command.arg(format!("--define=round={round}")).arg("--file").arg(served.site.path(table));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// What the server has begun for `app` but for `besides`, and what of it the journal does not have.
pub(crate) fn unrecorded(served: &Served, besides: &str) -> (Vec<Statement>, Vec<Statement>) {
    let log = fs::read_to_string(served.server.log_file()).unwrap();
    let through: Vec<Statement> = bare(in_log(&log)).into_iter().filter(|(text, _)| text != besides).collect();
    let missing = not_in(&through, &bare(in_journal(served)));
    (through, missing)
}

/// Everything that the server has begun for `app`, in any of its sessions.
fn in_log(log: &str) -> Vec<Statement> {
    let mut statements: Vec<Statement> = Vec::new();
    // which statement a continuation belongs to, by whether the last entry was one
    let mut open = false;
    for line in log.lines() {
        if let Some(more) = line.strip_prefix('\t') {
            if let Some((text, _)) = statements.last_mut().filter(|_| open) {
                text.push('\n');
                text.push_str(more);
            }
            continue;
        }
        open = false;
        let Some((_, entry)) = line.split_once("] app@") else { continue };
        let entry = entry.split_once(' ').unwrap().1;
        if let Some(text) = entry.strip_prefix("LOG:  statement: ") {
            statements.push((text.to_owned(), Vec::new()));
            open = true;
        } else if let Some(execute) = entry.strip_prefix("LOG:  execute ") {
            statements.push((execute.split_once(": ").unwrap().1.to_owned(), Vec::new()));
            open = true;
        } else if let Some(detail) = entry.strip_prefix("DETAIL:  ")
            && detail.to_lowercase().starts_with("parameters: ")
        {
            // it follows its statement at once: the server writes both as one
            statements.last_mut().unwrap().1 = parameters(detail);
        }
    }
    statements
}

/// Reads `parameters: $1 = '4', $2 = NULL`, with numbers for values.
fn parameters(detail: &str) -> Vec<Option<String>> {
    let (_, list) = detail.split_once(": ").unwrap();
    let value = |one: &str| {
        one.split_once(" = ").unwrap().1.strip_prefix('\'').map(|one| one.trim_end_matches('\'').to_owned())
    };
    list.split(", ").map(value).collect()
}

/// Everything that the journal says was allowed, or was the gateway's own.
fn in_journal(served: &Served) -> Vec<Statement> {
    let folder = served.site.path("state/journal");
    let root = fs::read_to_string(served.site.path("state/seal.key")).unwrap();
    let root = HEXLOWER.decode(root.trim().as_bytes()).unwrap();
    let sealer = Sealer::derive(&Secret::new(root)).unwrap();
    let mut statements = Vec::new();
    let walked = walk(&folder, &key_beside(&folder).unwrap(), |record| {
        if let Event::Operation { id, decided: Decided::Allow { .. }, prepare: false, sealed, .. } = &record.event {
            let opened = sealer.open(&id.to_string(), sealed).unwrap();
            let text = |value: String| String::from_utf8(BASE64.decode(value.as_bytes()).unwrap()).unwrap();
            statements.push((opened.text, opened.values.parameters.into_iter().map(|value| value.map(text)).collect()));
        } else if let Event::Own { text, .. } = record.event {
            statements.push((text, Vec::new()));
        }
    });
    walked.unwrap();
    statements
}

/// The journal has each statement by itself, and a semicolon belongs to none.
fn bare(mut statements: Vec<Statement>) -> Vec<Statement> {
    for (text, _) in &mut statements {
        text.truncate(text.trim_end_matches([';', ' ', '\n']).len());
    }
    statements
}

/// Those of `some` that are not in `all` as often.
fn not_in(some: &[Statement], all: &[Statement]) -> Vec<Statement> {
    let mut left: HashMap<&Statement, usize> = HashMap::new();
    for one in all {
        *left.entry(one).or_default() += 1;
    }
    let mut missing = Vec::new();
    for one in some {
        match left.get_mut(one) {
            Some(count) if *count > 0 => *count -= 1,
            _ => missing.push(one.clone()),
        }
    }
    missing
}
