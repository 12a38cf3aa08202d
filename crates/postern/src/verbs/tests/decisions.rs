//! One policy that uses the whole language, and what comes of a hundred operations under it, each explained.
//!
//! A row says who asks which target for what, and what is decided. The snapshots hold what `postern explain` says of each.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::run;

/// `WHO [+GROUP …] ON [from ADDRESS] [at TIME]`, the statement, the verdict.
type Row = (&'static str, &'static str, &'static str);

const NOON: &str = "2026-01-30T12:00:00Z";

fn policy() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("postern.toml");
    fs::write(&file, include_str!("decisions.toml")).unwrap();
    (folder, file)
}

/// What is explained of each row; every verdict must be the one expected.
fn explained(rows: &[Row]) -> String {
    let (_folder, file) = policy();
    let mut all = String::new();
    let mut wrong = Vec::new();
    for (asked, statement, expected) in rows {
        let mut words = asked.split(' ');
        let mut arguments = vec!["explain", "--config", file.to_str().unwrap(), "--as", words.next().unwrap()];
        let mut time = NOON;
        while let Some(word) = words.next() {
            match word {
                "from" => arguments.extend(["--from", words.next().unwrap()]),
                "at" => time = words.next().unwrap(),
                _ if word.starts_with('+') => arguments.extend(["--group", &word[1..]]),
                _ => arguments.extend(["--on", word]),
            }
        }
        arguments.extend(["--at", time, "--", statement]);
        let (said, failed) = run(&arguments);
        assert_eq!(failed, None, "{asked}: {statement}");
        let verdict = said.lines().find_map(|line| line.strip_prefix("verdict  ")).unwrap();
        let verdict = verdict.split_once(": ").map_or(verdict, |(verdict, _)| verdict);
        if verdict != *expected {
            wrong.push(format!("{asked}: {statement}\n    expected {expected}, got {verdict}"));
        }
        all.push_str(&format!("## {asked}: {statement}\n\n{said}\n"));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    all
}

/// One test for each part of the language.
macro_rules! decisions {
    ($($name:ident: $rows:expr;)*) => {
        $(#[test]
        fn $name() {
            let explained = explained(&$rows);
            insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(stringify!($name), explained) });
        })*

        #[test]
        fn there_are_a_hundred() {
            let count: usize = [$($rows.len()),*].iter().sum();
            assert!(count >= 100, "{count}");
        }
    };
}

const BOT: &str = "deploy-bot orders";
const LOGGER: &str = "logger-7@acme orders";

decisions! {
    objects_and_effects: [
        (BOT, "SELECT id, total FROM orders", "allow, by `ci-reads`"),
        (BOT, "SELECT count(*) FROM orders", "allow, by `ci-reads`"),
        (BOT, "SELECT id FROM ONLY items", "allow, by `ci-reads`"),
        (BOT, "SELECT 1", "allow, by what connecting implies"),
        (BOT, "SELECT * FROM other.orders", "deny PST-3001"),
        (BOT, "SELECT o.id FROM orders o JOIN other.x USING (id)", "deny PST-3001"),
        (BOT, "EXPLAIN SELECT id FROM orders", "allow, by `ci-reads`"),
        (BOT, "UPDATE orders SET total = 0 WHERE id = 1", "deny PST-3001"),
        (BOT, "GRANT SELECT ON orders TO app", "deny PST-3002, by `no-structure-in-prod`"),
        (BOT, "CREATE TABLE x (id int)", "deny PST-3002, by `no-structure-in-prod`"),
        (BOT, "SELECT id FROM orders; SELECT id FROM other.x", "deny PST-3001"),
        (BOT, "WITH o AS (SELECT id FROM orders) SELECT * FROM o", "allow, by `ci-reads`"),
    ];
    actions_and_wildcards: [
        (LOGGER, "INSERT INTO event_log (id) VALUES (1)", "allow, by `loggers-insert-events`"),
        (LOGGER, "INSERT INTO events (id) VALUES (1)", "deny PST-3001"),
        (LOGGER, "UPDATE event_log SET id = 2 WHERE id = 1", "deny PST-3001"),
        (LOGGER, "INSERT INTO event_log (id) SELECT id FROM orders", "deny PST-3001"),
        (LOGGER, "SELECT id FROM event_log", "deny PST-3001"),
        (BOT, "COPY orders TO PROGRAM 'sh'", "deny PST-3002, by `never`"),
        (BOT, "SET ROLE postgres", "deny PST-3002, by `never`"),
        ("dana@acme lab", "SET ROLE postgres", "deny PST-3002, by `never`"),
        ("dana@acme lab", "COPY orders TO PROGRAM 'sh'", "deny PST-3002, by `never`"),
    ];
    whom_a_rule_names: [
        ("deploy-bot lab", "SELECT 1", "deny PST-2001"),
        ("dana@acme lab", "DROP TABLE orders", "allow, by `staff-in-the-lab`"),
        ("assistant-of-ann lab", "SELECT 1", "deny PST-2001"),
        ("assistant-of-ann orders", "SELECT id FROM items", "allow, by `agents-read-items`"),
        ("assistant-of-ann orders", "SELECT id FROM orders", "deny PST-3001"),
        ("assistant-of-ann +ci orders", "SELECT id FROM orders", "allow, by `ci-reads`"),
        ("ann@acme +keepers vault", "SELECT 1", "deny PST-2001"),
        ("ann@acme +ci orders", "SELECT id FROM orders", "allow, by `ci-reads`"),
    ];
    what_a_rule_is_on: [
        ("ann@acme orders/stats", "SELECT id FROM visits", "deny PST-2001"),
        ("ann@acme orders/stats from 10.0.0.1", "SELECT id FROM visits", "allow, by `staff-reads-statistics`"),
        ("ann@acme orders/stats from 10.0.0.1", "SELECT id FROM other.visits", "deny PST-3001"),
        ("ann@acme orders from 10.0.0.1", "SELECT id FROM visits", "deny PST-3001"),
        ("ann@acme lab", "SELECT id FROM visits", "allow, by `staff-in-the-lab`"),
        ("ann@acme vault", "SELECT id FROM visits", "deny PST-2001"),
        ("deploy-bot orders/stats", "SELECT id FROM visits", "allow, by `ci-reads`"),
    ];
    columns: [
        ("ann@acme orders from 10.0.0.1", "SELECT id, name FROM customers", "allow, by `staff-reads-orders-from-the-office`"),
        ("ann@acme orders from 10.0.0.1", "SELECT id, phone FROM customers", "deny PST-3001"),
        ("ann@acme orders from 10.0.0.1", "SELECT * FROM customers", "deny PST-3001"),
        ("ann@acme orders from 10.0.0.1", "SELECT count(*) FROM customers", "allow, by `staff-reads-orders-from-the-office`"),
        ("ann@acme orders from 10.0.0.1", "SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM customers c WHERE c.phone = '1')", "deny PST-3001"),
        (BOT, "SELECT name FROM staff", "allow, by `ci-reads`"),
        (BOT, "SELECT name, salary FROM staff", "deny PST-3002, by `no-salaries`"),
        (BOT, "SELECT * FROM staff", "deny PST-3002, by `no-salaries`"),
        (BOT, "SELECT count(*) FROM staff", "allow, by `ci-reads`"),
        (BOT, "SELECT name FROM staff WHERE salary > 1", "deny PST-3002, by `no-salaries`"),
        ("dana@acme +dba orders", "DELETE FROM staff WHERE id = 1", "deny PST-3002, by `no-salaries`"),
        ("dana@acme +dba orders", "UPDATE staff SET name = 'x' WHERE id = 1", "allow, by `dba-by-day`"),
    ];
    forbid_over_approve_over_allow: [
        (BOT, "DELETE FROM orders WHERE id = 1", "hold, by `deletes-need-a-human`"),
        (BOT, "DELETE FROM orders", "hold, by `bulk-writes-need-a-human`, `deletes-need-a-human`"),
        (BOT, "DELETE FROM items", "hold, by `bulk-writes-need-a-human`"),
        (BOT, "DELETE FROM items WHERE id = 1", "deny PST-3001"),
        (BOT, "UPDATE orders SET total = 0", "hold, by `bulk-writes-need-a-human`"),
        (BOT, "DELETE FROM staff", "deny PST-3002, by `no-salaries`"),
        (BOT, "DELETE FROM orders; DROP TABLE orders", "deny PST-3002, by `no-structure-in-prod`"),
        (BOT, "DELETE FROM orders; SELECT id FROM orders", "hold, by `bulk-writes-need-a-human`, `deletes-need-a-human`"),
        ("ann@acme +ci +oncall orders", "UPDATE orders SET total = 0 WHERE id = 1", "allow, by `ci-reads`, `small-updates`"),
        ("ann@acme +ci +oncall orders", "UPDATE orders SET total = 0", "hold, by `bulk-writes-need-a-human`"),
        ("assistant-of-ann orders", "DELETE FROM items", "hold, by `bulk-writes-need-a-human`"),
    ];
    conditions: [
        ("ann@acme orders from 10.0.0.1", "SELECT id FROM orders", "allow, by `staff-reads-orders-from-the-office`"),
        ("ann@acme orders from 192.0.2.1", "SELECT id FROM orders", "deny PST-2001"),
        ("dana@acme +dba orders at 2026-01-30T12:00:00Z", "SELECT id FROM orders", "allow, by `dba-by-day`"),
        ("dana@acme +dba orders at 2026-01-30T06:59:00Z", "SELECT id FROM orders", "deny PST-2001"),
        ("dana@acme +dba orders at 2026-01-30T07:00:00Z", "SELECT id FROM orders", "allow, by `dba-by-day`"),
        ("dana@acme +dba orders at 2026-07-30T06:00:00Z", "SELECT id FROM orders", "allow, by `dba-by-day`"),
        ("dana@acme +dba orders at 2026-01-30T17:00:00Z", "SELECT id FROM orders", "deny PST-2001"),
        ("dana@acme +dba orders", "SELECT id FROM orders FOR UPDATE", "deny PST-3002, by `no-locks-from-outside`"),
        ("dana@acme +dba orders from 10.9.9.9", "SELECT id FROM orders FOR UPDATE", "allow, by `staff-reads-orders-from-the-office`, `dba-by-day`"),
        ("ann@acme +oncall orders", "UPDATE orders SET total = 0 WHERE id = 1", "allow, by `small-updates`"),
        ("ann@acme +oncall orders", "UPDATE orders SET total = 0 WHERE id > 1", "deny PST-3001"),
        ("ann@acme +oncall orders", "UPDATE orders SET total = 0", "deny PST-3001"),
    ];
    what_nobody_knows: [
        (BOT, "INSERT INTO event_log (id) VALUES (1)", "hold, by `bulk-writes-need-a-human`"),
        ("ann@acme +oncall vault", "DO $$ BEGIN END $$", "allow, by `opaque-by-name`"),
        ("ann@acme +oncall orders", "DO $$ BEGIN END $$", "deny PST-3012"),
        (BOT, "DO $$ BEGIN END $$", "deny PST-3012"),
        (BOT, "SELEC 1", "deny PST-3012"),
        ("dana@acme +dba orders", "SELEC 1", "deny PST-3002, by `no-locks-from-outside`"),
        ("dana@acme lab", "SELEC 1", "deny PST-3012"),
        ("dana@acme lab", "CALL refresh()", "deny PST-3003"),
        ("assistant-of-ann orders", "DO $$ BEGIN END $$", "deny PST-3002, by `no-dynamic-code-of-agents`"),
        ("assistant-of-ann orders", "SELECT id FROM items; SELEC 1", "deny PST-3002, by `no-dynamic-code-of-agents`"),
        ("ann@acme +oncall orders", "SELEC 1", "deny PST-3012"),
    ];
    conditions_that_fail: [
        ("ann@acme +broken lab", "SELECT 1", "deny PST-3015, by `a-condition-that-fails`"),
        ("ann@acme +broken lab", "DROP TABLE orders", "deny PST-3015, by `a-condition-that-fails`"),
        ("ann@acme +broken lab", "SET ROLE postgres", "deny PST-3002, by `never`"),
    ];
    what_is_implied: [
        (BOT, "BEGIN", "allow, by what connecting implies"),
        (BOT, "SET application_name = 'x'", "allow, by what connecting implies"),
        (BOT, "SHOW server_version", "allow, by what connecting implies"),
        (BOT, "SELECT relname FROM pg_catalog.pg_class", "allow, by what connecting implies"),
        (BOT, "SELECT rolpassword FROM pg_catalog.pg_authid", "deny PST-3001"),
        (BOT, "SELECT * FROM pg_catalog.pg_stats", "deny PST-3001"),
        ("ann@acme +keepers +openers vault", "BEGIN", "allow, by `vault-sessions`"),
        ("ann@acme +keepers +openers vault", "SELECT id FROM keys", "allow, by `vault-without-what-is-implied`"),
        ("ann@acme +keepers +openers vault", "SELECT relname FROM pg_catalog.pg_class", "deny PST-3001"),
    ];
    masks: [
        (BOT, "SELECT id, email FROM customers", "allow, by `ci-reads`"),
        (BOT, "SELECT id, email AS mail, phone FROM customers", "allow, by `ci-reads`"),
        (BOT, "SELECT left(email, 5) FROM customers", "allow, by `ci-reads`"),
        (BOT, "SELECT id FROM customers WHERE email = 'a'", "deny PST-3004"),
        (BOT, "SELECT id FROM customers ORDER BY email", "deny PST-3004"),
        (BOT, "SELECT born FROM customers", "allow, by `ci-reads`"),
        (BOT, "SELECT id FROM customers WHERE born < '2000-01-01'", "allow, by `ci-reads`"),
        (BOT, "SELECT token FROM sessions", "allow, by `ci-reads`"),
        ("dana@acme +dba orders", "SELECT email FROM customers", "allow, by `dba-by-day`"),
        ("dana@acme +dba orders", "SELECT id FROM customers WHERE email = 'a'", "allow, by `dba-by-day`"),
        ("dana@acme +dba orders", "SELECT password FROM accounts", "allow, by `dba-by-day`"),
        ("dana@acme +dba orders", "UPDATE accounts SET password = 'x' WHERE id = 1", "deny PST-3005"),
        ("dana@acme lab", "SELECT email FROM customers", "allow, by `staff-in-the-lab`"),
        ("dana@acme lab", "SELECT token FROM sessions", "allow, by `staff-in-the-lab`"),
    ];
}
