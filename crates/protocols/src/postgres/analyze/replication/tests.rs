//! Commands of replication, and what is none.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::tests::{names, shown};
use super::*;
use crate::postgres::catalog::Catalog;

fn reading(text: &str) -> Option<Result<Statement, Unread>> {
    command(text, &names(&Catalog::empty("shop"), &[]))
}

/// What several texts are read as, those for people.
fn readings(texts: &[&str]) -> String {
    texts.iter().fold(String::new(), |mut all, text| {
        writeln!(all, "{}", text.escape_debug()).unwrap();
        match reading(text) {
            None => all.push_str("  SQL\n"),
            Some(Ok(statement)) => all.push_str(&shown(&statement)),
            Some(Err(unread)) => writeln!(all, "  unread: {unread}").unwrap(),
        }
        all.push('\n');
        all
    })
}

#[test]
fn commands_are_read() {
    let all = readings(&[
        "IDENTIFY_SYSTEM",
        " \t\r\n\u{b}\u{c}IDENTIFY_SYSTEM ;",
        "SHOW wal_segment_size",
        "SHOW \"Data_directory\".B",
        "SHOW all",
        "TIMELINE_HISTORY 2",
        "CREATE_REPLICATION_SLOT s PHYSICAL",
        "CREATE_REPLICATION_SLOT \"S\" TEMPORARY PHYSICAL RESERVE_WAL",
        "CREATE_REPLICATION_SLOT s PHYSICAL (RESERVE_WAL)",
        "CREATE_REPLICATION_SLOT s LOGICAL pgoutput",
        "CREATE_REPLICATION_SLOT s LOGICAL \"pgoutput\" (SNAPSHOT 'nothing', TWO_PHASE, failover true)",
        "CREATE_REPLICATION_SLOT s TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT TWO_PHASE;",
        "CREATE_REPLICATION_SLOT s LOGICAL \"/tmp/x.so\"",
        "CREATE_REPLICATION_SLOT s LOGICAL Wal2Json",
        "CREATE_REPLICATION_SLOT s LOGICAL \"Wal2Json\"",
        "ALTER_REPLICATION_SLOT s (FAILOVER false)",
        "READ_REPLICATION_SLOT s",
        "DROP_REPLICATION_SLOT s WAIT",
        "START_REPLICATION 0/3000000",
        "START_REPLICATION SLOT s PHYSICAL ABC/FFFFFFFF TIMELINE 7",
        "START_REPLICATION SLOT \"s\" LOGICAL 0/0 (proto_version '4', publication_names '\"it''s\"', \"binary\")",
        "UPLOAD_MANIFEST",
        "BASE_BACKUP",
        "BASE_BACKUP ( LABEL 'x',  PROGRESS,  MAX_RATE 32,  CHECKPOINT 'fast', WAIT 0, TARGET 'client')",
        "BASE_BACKUP (target 'server', target_detail '/var/backup')",
        "BASE_BACKUP (TARGET shell, \"TARGET_DETAIL\" 'rm')",
        "BASE_BACKUP (TARGET 'moon')",
        "BASE_BACKUP LABEL 'x' PROGRESS FAST WAL NOWAIT MAX_RATE 32 TABLESPACE_MAP MANIFEST 'yes'",
    ]);
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(all) });
}

/// By the first word alone, as it is written.
#[test]
fn what_a_server_takes_for_sql_is_sql() {
    for text in [
        "",
        ";",
        "SELECT 1",
        "show all",
        "Show all",
        "identify_system",
        "\"IDENTIFY_SYSTEM\"",
        "IDENTIFY_SYSTEMS",
        "IDENTIFY_SYSTEM$",
        "BASE_BACKUPé",
        "-- \nIDENTIFY_SYSTEM",
        "/* */ BASE_BACKUP",
        "(SHOW all)",
        "; BASE_BACKUP",
        "'BASE_BACKUP'",
        "E'\\'' BASE_BACKUP",
        "SLOT s",
        "1 BASE_BACKUP",
        "\u{a0}BASE_BACKUP",
        "BEGIN; START_REPLICATION 0/0",
    ] {
        assert_eq!(reading(text), None, "{text}");
    }
}

/// Whatever begins like a command and is none is read as nothing else.
#[test]
fn what_no_server_makes_a_command_of_is_not_read() {
    for text in [
        "IDENTIFY_SYSTEM; SELECT 1",
        "IDENTIFY_SYSTEM;;",
        "IDENTIFY_SYSTEM -- here",
        "IDENTIFY_SYSTEM()",
        "SHOW",
        "SHOW TIME ZONE",
        "SHOW a.",
        "SHOW a; DROP TABLE t",
        "SHOW \"a\"\"b\"",
        "SHOW SLOT",
        "TIMELINE_HISTORY",
        "TIMELINE_HISTORY x",
        "CREATE_REPLICATION_SLOT s",
        "CREATE_REPLICATION_SLOT s LOGICAL",
        "CREATE_REPLICATION_SLOT 's' PHYSICAL",
        "CREATE_REPLICATION_SLOT SLOT PHYSICAL",
        "CREATE_REPLICATION_SLOT s physical",
        "CREATE_REPLICATION_SLOT s PHYSICAL ()",
        "CREATE_REPLICATION_SLOT s PHYSICAL (a 'b' 'c')",
        "ALTER_REPLICATION_SLOT s",
        "DROP_REPLICATION_SLOT s.t",
        "START_REPLICATION",
        "START_REPLICATION 0",
        "START_REPLICATION 0/",
        "START_REPLICATION 0 / 0",
        "START_REPLICATION LOGICAL 0/0",
        "START_REPLICATION SLOT s LOGICAL 0/0 TIMELINE 1",
        "START_REPLICATION SLOT s 0/0 (a 'b')",
        "START_REPLICATION SLOT s LOGICAL 0/0 (a 1)",
        "UPLOAD_MANIFEST 'x'",
        "BASE_BACKUP (LABEL 'x') FAST",
        "BASE_BACKUP LABEL x",
        "BASE_BACKUP SLOW",
        "BASE_BACKUP (LABEL 'x",
        "BASE_BACKUP (\"LABEL 'x')",
        "'",
        "\"",
    ] {
        assert!(matches!(reading(text), Some(Err(Unread::Syntax { .. }))), "{text}");
    }
    let long = format!("DROP_REPLICATION_SLOT {}", "s".repeat(64));
    assert!(matches!(reading(&long), Some(Err(Unread::Beyond(_)))));
    let long = format!("IDENTIFY_SYSTEM{}", " ".repeat(LONGEST));
    assert!(matches!(reading(&long), Some(Err(Unread::Beyond(_)))));
}

#[test]
fn a_walsender_is_opened_for_all_that_there_is() {
    let catalog = Catalog::empty("shop");
    let spaces = [true, false].map(|logical| {
        let opening = opening(logical, &names(&catalog, &[]));
        assert_eq!(opening.action, action::REPLICATE);
        opening.touches.iter().map(|touch| format!("{touch} {:?}", touch.object.space)).collect::<Vec<_>>()
    });
    insta::assert_debug_snapshot!(spaces);
}

const PIECES: &[&str] = &[
    "START_REPLICATION",
    "BASE_BACKUP",
    "SHOW",
    "CREATE_REPLICATION_SLOT",
    "IDENTIFY_SYSTEM",
    "SLOT",
    "LOGICAL",
    "PHYSICAL",
    "TEMPORARY",
    "s",
    "\"q\"",
    "'t'",
    "0/0",
    "7",
    "(",
    ")",
    ",",
    ";",
    ".",
    "'",
    "é",
    "target",
    "SELECT",
];

proptest! {
    /// Whatever the text: it is a command, none, or SQL; and nothing that is a command is SQL as well.
    #[test]
    fn no_text_is_two_things(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12), space in "[ \t]?") {
        let text = pieces.join(&space);
        if let Some(Ok(statement)) = reading(&text) {
            prop_assert!(!statement.touches.is_empty());
            prop_assert!([action::REPLICATE, action::SHOW].contains(&statement.action));
            // a word in capitals that is no word of SQL: only SHOW is both, and means the same
            let sql = super::super::read(&text, &names(&Catalog::empty("shop"), &[]));
            prop_assert!(sql.is_err() || statement.action == action::SHOW, "{text}");
        }
    }

    #[test]
    fn any_text_is_read_or_it_is_not(text in "\\PC*") {
        let _ = reading(&text);
    }
}
