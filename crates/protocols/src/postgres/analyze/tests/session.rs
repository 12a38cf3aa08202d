//! Statements about the session.

use postern_core::operation::Reading;

use super::*;

#[test]
fn transactions_settings_and_channels() {
    assert_read!(readings(&[
        "",
        "  -- nothing\n ;",
        "BEGIN",
        "START TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY",
        "COMMIT AND CHAIN",
        "END",
        "ROLLBACK",
        "ABORT",
        "SAVEPOINT a",
        "RELEASE a",
        "ROLLBACK TO a",
        "PREPARE TRANSACTION 'x'",
        "COMMIT PREPARED 'x'",
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SET statement_timeout = 500",
        "SET LOCAL search_path TO a, \"B c\", \"$user\"",
        "SET search_path = 'a, b'",
        "SET SCHEMA 'hidden'",
        "SET search_path TO DEFAULT",
        "RESET search_path",
        "RESET ALL",
        "SET TIME ZONE 'UTC'",
        "SET NAMES 'latin1'",
        "SET client_encoding = 'SJIS'",
        "SET standard_conforming_strings = off",
        "SET session_replication_role = replica",
        "SET ROLE admin",
        "SET SESSION AUTHORIZATION admin",
        "RESET ROLE",
        "RESET SESSION AUTHORIZATION",
        "SET log_statement = 'none'",
        "SET app.user_id = 5",
        "SHOW search_path",
        "SHOW data_directory",
        "SHOW ALL",
        "SET CONSTRAINTS ALL DEFERRED",
        "SELECT set_config('search_path', 'hidden', true)",
        "SELECT pg_catalog.set_config('TimeZone', 'UTC', false)",
        "SELECT set_config('role', 'admin', false)",
        "SELECT set_config(name, 'x', false) FROM customers",
        "SELECT set_config('search_path', 'hidden', false), 1",
        "SELECT set_config('search_path', email, false) FROM customers",
        "SET restrict_nonsystem_relation_kind = 'view, foreign-table'",
        "SET restrict_nonsystem_relation_kind = 'view'",
        "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'",
        "SELECT set_config(name, '', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'",
        "SELECT set_config(name, '0', true) FROM pg_catalog.pg_settings WHERE pg_settings.name IN ('statement_timeout', 'lock_timeout')",
        "SELECT set_config(name, '0', true) FROM pg_settings WHERE name IN ('statement_timeout', 'role')",
        "SELECT set_config(name, 'UTC', false) FROM pg_settings WHERE name = 'TimeZone' OR true",
        "SELECT set_config(name, 'UTC', false) FROM pg_settings WHERE name <> 'TimeZone'",
        "SELECT set_config(name, 'UTC', false) FROM pg_settings WHERE 'TimeZone' = name",
        "SELECT set_config(setting, 'UTC', false) FROM pg_settings WHERE name = 'TimeZone'",
        "SELECT set_config(name, setting, false) FROM pg_settings WHERE name = 'TimeZone'",
        "SELECT set_config(name, 'UTC', false) FROM pg_settings, customers WHERE name = 'TimeZone'",
        "SELECT set_config(name, 'UTC', false) FROM pg_settings AS s(x, name) WHERE name = 'TimeZone'",
        "SELECT set_config(name, 'UTC', false) FROM customers WHERE name = 'TimeZone'",
        "SELECT set_config(name, 'postern:x', false) FROM pg_settings WHERE name = 'application_name'",
        "SELECT 1 FROM pg_settings WHERE name = 'TimeZone' AND set_config(name, 'UTC', false) = ''",
        "DISCARD ALL",
        "DISCARD TEMP",
        "DISCARD PLANS",
        "LISTEN jobs",
        "UNLISTEN jobs",
        "UNLISTEN *",
        "NOTIFY jobs, 'payload'",
        "LOCK TABLE customers IN ACCESS EXCLUSIVE MODE",
        "LOCK customers IN ACCESS SHARE MODE",
        "LOAD 'evil'",
        "CHECKPOINT",
        "DO $$ BEGIN END $$",
        "CALL archive_all(1, (SELECT max(id) FROM orders))",
    ]));
}

#[test]
fn prepared_statements_and_cursors() {
    let catalog = shop();
    let path: Vec<Arc<str>> = vec!["public".into()];
    let inner = |text: &str| kept(read(text, &names(&catalog, &path)).unwrap().remove(0));
    let (fetched, deleting) = (inner("SELECT email FROM customers"), inner("DELETE FROM customers RETURNING id"));
    let lookup = |name: &str| match name {
        "mails" => Some(fetched.clone()),
        "purge" => Some(deleting.clone()),
        _ => None,
    };
    let known = Names { prepared: &lookup, cursors: &lookup, ..names(&catalog, &path) };
    let statements = [
        "PREPARE p (int) AS DELETE FROM customers WHERE id = $1",
        "EXECUTE mails",
        "EXECUTE purge ((SELECT 1), pg_sleep(1))",
        "EXECUTE nosuch(1)",
        "EXPLAIN EXECUTE purge",
        "EXPLAIN ANALYZE EXECUTE purge",
        "CREATE TABLE x AS EXECUTE mails",
        "DEALLOCATE p",
        "DEALLOCATE ALL",
        "DECLARE c CURSOR WITH HOLD FOR SELECT email FROM customers WHERE phone = '1'",
        "FETCH 10 FROM mails",
        "MOVE mails",
        "FETCH nosuch",
        "CLOSE mails",
        "CLOSE ALL",
    ];
    let mut all = String::new();
    for text in statements {
        let read = read(text, &known).unwrap();
        all.push_str(&format!("{text}\n{}\n", shown(&read[0])));
    }
    assert_read!(all);
}

#[test]
fn a_prepared_statement_carries_what_it_would_do() {
    let Kind::Prepare { inner, .. } = one("PREPARE p AS SELECT email FROM customers WHERE id = $1").kind else {
        panic!("not a PREPARE")
    };
    assert_eq!(shown(&inner), shown(&one("SELECT email FROM customers WHERE id = $1")));
}

/// THREAT: another principal's name in the server's log, by a value that is worked out.
#[test]
fn what_a_client_calls_itself_by_a_query_is_a_literal() {
    let reading = |text: &str| one(text).reading.clone();
    assert_eq!(reading("SELECT set_config('Application_Name', 'mine', false), 1"), Reading::Clear);
    for value in ["'post' || 'ern:dana'", "$1", "'postern:dana'", "NULL"] {
        let text = format!("SELECT set_config('Application_Name', {value}, true), 1");
        assert!(matches!(reading(&text), Reading::Opaque(_)), "{text}");
    }
}
