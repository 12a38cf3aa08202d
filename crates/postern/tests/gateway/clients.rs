//! Real clients, once straight to the server and once through the gateway: what they print is the same.

use std::process::{Command, Output, Stdio};

use crate::served::{POLICY, Served, Way};
use crate::site::{stderr, stdout};

/// What psql is given: what people type, and where its output comes from the protocol's finer parts.
const SESSION: &str = include_str!("session.sql");
/// What the gateway says by itself of what was never prepared or opened: its error names no place in the server's source.
const OF_ITS_OWN: [&str; 2] = ["deallocated: ", "after commit: "];
/// The driver of the programs in Java.
const JDBC: &str = "/usr/share/java/postgresql.jar";

#[test]
fn psql_pgbench_and_drivers_notice_no_difference_on_postgresql_15() {
    notice_no_difference(15);
}

#[test]
fn psql_pgbench_and_drivers_notice_no_difference_on_postgresql_18() {
    notice_no_difference(18);
}

#[test]
fn a_program_of_node_notices_no_difference_on_postgresql_15() {
    program_notices_no_difference(15, &["node", &e2e("node/session.mjs"), "1"]);
}

#[test]
fn a_program_of_node_notices_no_difference_on_postgresql_18() {
    program_notices_no_difference(18, &["node", &e2e("node/session.mjs"), "1"]);
}

#[test]
fn a_program_of_java_notices_no_difference_on_postgresql_15() {
    program_notices_no_difference(15, &["java", "-cp", JDBC, &e2e("JdbcSession.java"), "0"]);
}

#[test]
fn a_program_of_java_notices_no_difference_on_postgresql_18() {
    program_notices_no_difference(18, &["java", "-cp", JDBC, &e2e("JdbcSession.java"), "0"]);
}

fn program_notices_no_difference(version: u32, command: &[&str]) {
    let served = Served::new(version, &[("max_prepared_transactions", "2")]);
    // what cannot be read before it runs may run as well
    served.site.write("policy.toml", &POLICY.replace(r#""transfer"]"#, r#""transfer", "unknown"]"#));
    // clients call themselves what they like, and look at it
    let authority = served.server.ca_file().display().to_string();
    let shop = served.target("shop", "localhost", served.server.port(), &authority);
    served.configure(&format!("{shop}application_name = \"client\"\n"));
    let _gateway = served.site.start();
    let [direct, through] = [served.direct(), served.through()].map(|way| {
        let output = run(way.command(command[0]).args(&command[1..]));
        let said = stdout(&output);
        assert!(output.status.success() && said.ends_with("the end\n"), "{said}{}", stderr(&output));
        let own = |line: &&str| OF_ITS_OWN.iter().any(|title| line.starts_with(title));
        said.lines().filter(|line| !own(line)).collect::<Vec<_>>().join("\n")
    });
    alike(command[0], &direct, &through);
}

fn e2e(path: &str) -> String {
    format!("{}/../../e2e/{path}", env!("CARGO_MANIFEST_DIR"))
}

fn notice_no_difference(version: u32) {
    let served = Served::new(version, &[("max_prepared_transactions", "4")]);
    served.site.write("policy.toml", &POLICY.replace("\"transfer\"", "\"transfer\", \"unknown\""));
    let mut gateway = served.site.start();
    let [direct, through] = [served.direct(), served.through()];
    alike("psql", &psql(&direct), &psql(&through));
    alike("pgbench", &pgbench(&direct), &pgbench(&through));
    for script in ["psycopg_session.py", "asyncpg_session.py", "psycopg_types.py"] {
        let expected = python(&direct, script);
        assert!(expected.ends_with("the end\n"), "{expected}");
        alike(script, &expected, &python(&through, script));
    }
    // nothing of it was met with a warning, and the injected password stayed inside
    gateway.signal(rustix::process::Signal::TERM);
    assert!(gateway.ended().success());
    let log = gateway.log();
    assert!(!log.contains(r#""level":"ERROR""#) && !log.contains(r#""level":"WARN""#), "{log}");
    assert!(!log.contains(crate::served::PASSWORD));
    let verified = served.site.run(&["audit", "verify", "--config", "postern.toml"]);
    assert!(verified.status.success(), "{}", stderr(&verified));
}

/// Compares what was printed line by line, and shows where it differs first.
pub(crate) fn alike(client: &str, direct: &str, through: &str) {
    let [mut direct, mut through] = [direct.lines(), through.lines()];
    for number in 1_usize.. {
        let line = direct.next();
        assert_eq!(through.next(), line, "{client}, line {number}: through the gateway, and direct");
        if line.is_none() {
            break;
        }
    }
}

/// Both streams of a script of statements, some of which fail.
fn psql(way: &Way) -> String {
    let mut command = way.command("psql");
    command.args(["--no-psqlrc", "--echo-all"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = fed(command, SESSION);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.contains("the end"), "{said}{}", stderr(&output));
    // each way has a process of its own, and its own time
    let steady =
        |line: &str| line.split_once(" from server process with PID").map_or(line, |(line, _)| line).to_owned();
    let timeless = |line: &&str| !line.ends_with("(every 0.05s)");
    (said + &stderr(&output)).lines().filter(timeless).map(steady).collect::<Vec<_>>().join("\n")
}

/// What pgbench counts, and what it leaves in the tables. Its random numbers have a seed, so that is always the same.
fn pgbench(way: &Way) -> String {
    let made = run(way.command("pgbench").args(["--initialize", "--scale=1", "--quiet"]));
    assert!(made.status.success(), "{}", stderr(&made));
    let mut all = Vec::new();
    for mode in ["simple", "extended", "prepared"] {
        let reconnecting = ["--select-only", "--connect", "--transactions=2"];
        for script in [&["--select-only", "--client=4"][..], &["--client=1"], &reconnecting] {
            let mut command = way.command("pgbench");
            command.args(["--no-vacuum", "--random-seed=1", "--transactions=200", "--protocol", mode]).args(script);
            let ran = run(&mut command);
            assert!(ran.status.success(), "{mode}: {}{}", stdout(&ran), stderr(&ran));
            let steady =
                |line: &&str| !line.starts_with("latency") && !line.starts_with("tps") && !line.contains("time =");
            all.extend(stdout(&ran).lines().filter(steady).map(str::to_owned));
        }
    }
    let left = way.psql(&[
        "SELECT count(*), sum(abalance), max(aid) FROM pgbench_accounts",
        "SELECT md5(string_agg(format('%s %s %s %s', tid, bid, aid, delta), ',' ORDER BY tid, aid, delta)) FROM pgbench_history",
    ]);
    assert!(left.status.success(), "{}", stderr(&left));
    all.push(stdout(&left));
    all.join("\n")
}

/// What a script of `e2e/` prints.
pub(crate) fn python(way: &Way, script: &str) -> String {
    let output = run(way.command("python3").arg("-B").arg(e2e(script)));
    let said = stderr(&output);
    assert!(!said.contains("ModuleNotFoundError"), "run `scripts/setup test`, and tests by `make test`: {said}");
    assert!(output.status.success(), "{}{said}", stdout(&output));
    stdout(&output)
}

pub(crate) fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

pub(crate) fn fed(mut command: Command, text: &str) -> Output {
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || std::io::Write::write_all(&mut input, text.as_bytes()));
        child.wait_with_output().unwrap()
    })
}
