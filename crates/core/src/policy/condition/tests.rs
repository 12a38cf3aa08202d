//! What is said about conditions that cannot be right.

use super::check::Facts;
use super::words::Words;
use super::{Condition, within};
use crate::vocabulary::FactKind;

/// Each condition with what is wrong in it, the place marked.
fn said(conditions: &[&str]) -> String {
    let facts = Facts {
        known: [
            ("no_where", Some(FactKind::Flag)),
            ("where_columns", Some(FactKind::List)),
            ("rows", Some(FactKind::Number)),
            ("path", Some(FactKind::Text)),
            ("both", None),
        ]
        .into(),
        elsewhere: vec!["pty"],
        words: Words {
            issuers: &["corp"],
            targets: &["shop", "stats"],
            protocols: vec!["tables"],
            actions: vec!["tables.read", "tables.drop"],
            later: &["phone"],
        },
    };
    let mut said = String::new();
    for text in conditions {
        said.push_str(&format!("{text}\n"));
        match Condition::read(text, &facts) {
            Ok(_) => said.push_str("    nothing\n"),
            Err(mistakes) => {
                for mistake in mistakes {
                    let at = mistake.at.map_or_else(|| "(all)".to_owned(), |at| format!("«{}»", &text[at]));
                    said.push_str(&format!("    {at} {}\n", mistake.message));
                    said.extend(mistake.hint.map(|hint| format!("    hint: {hint}\n")));
                }
            }
        }
        said.push('\n');
    }
    said
}

#[test]
fn mistakes_in_conditions() {
    insta::assert_snapshot!(said(&[
        "facts.no_where || !('id' in facts.where_columns)",
        "facts.both == 1 || facts.both == 'x'",
        "",
        "facts.no_where ||",
        "(facts.no_where",
        "facts.no_where & facts.no_where",
        "facts.no_where and true",
        "facts.no_where = true",
        "facts.nowhere",
        "facts.pty",
        "facts.zebra",
        "facts",
        "fact.no_where",
        "no_where",
        "principal.nam == 'x'",
        "principal.groups.contains('ci')",
        "'ci' in principal.name",
        "'ci' in principal.groups",
        "client.ip == '10.0.0.1'",
        "target.label.env == 'prod'",
        "target.labels.env == 'prod'",
        "operation.text.contains('DROP')",
        "now.hour > 8",
        "now > '2026-01-01'",
        "now > timestamp('tomorrow')",
        "now > timestamp('2026-01-01T00:00:00Z') + duration('a while')",
        "now > timestamp('2026-01-01T00:00:00Z') + duration('90m')",
        "now > timestamp('2026-01-01T00:00:00Z') + duration('90m later')",
        "now > timestamp('2026-01-01T00:00:00Z') + duration('99999999999h')",
        "now > timestamp('2026-02-30T00:00:00Z')",
        "now.getHours('Europe/Berlin') > 8 && now.getDayOfWeek('+05:30') > 0",
        "now.getHours('Europe/Belin') > 8",
        "now.getFullYear('25:00') > 2026",
        "now.getHours(facts.path) > 8",
        "facts.rows > '5'",
        "facts.rows == '5'",
        "facts.rows",
        "facts.rows + 1",
        "!facts.rows",
        "facts.rows && facts.no_where",
        "facts.no_where ? 1 : 2",
        "facts.no_where ? facts.no_where : !facts.no_where",
        "size(facts.rows) > 1",
        "len(facts.where_columns) > 1",
        "facts.where_columns.size() > 1",
        "facts.where_columns.length > 1",
        "facts.where_columns[0] == 'id'",
        "facts.where_columns['id']",
        "facts.where_columns.any(c, c == 'id')",
        "facts.where_columns.exists(c, d == 'id')",
        "facts.where_columns.exists(c, c == 1)",
        "facts.rows.exists(c, c == 1)",
        "facts.path.matches('[')",
        "facts.path.matches(principal.name)",
        "facts.path.matches('a{1000}{1000}')",
        "facts.path.starts_with('/x')",
        "client.address.within('10.0.0.0')",
        "client.address.within('10.0.0.0/33')",
        "client.address.within('lan')",
        "client.address.within(principal.name)",
        "facts.where_columns.all(a, facts.where_columns.all(b, a == b))",
        "facts.where_columns.all(a, ['x', 'y'].exists(b, a == b))",
        "facts.where_columns.all(a, a.matches('x'))",
        "true",
        "1 == 2",
        "1 / 0 == 1",
        "{'a': 1}.a == 1",
        "b'abc' == b'abc'",
        "dyn(facts.rows) == 1",
        "facts.größe || facts.nowhere",
        "ä == facts.nowhere",
    ]));
}

#[test]
fn a_condition_has_a_length_it_may_have_and_no_depth_that_hurts() {
    let deep = |open: &str, close: &str, count: usize| {
        let text = format!("{}facts.no_where{}", open.repeat(count), close.repeat(count));
        Condition::read(&text, &Facts { known: [("no_where", Some(FactKind::Flag))].into(), ..Facts::default() })
    };
    assert!(deep("(", ")", 12).is_ok());
    for (open, close, count) in [("(", ")", 2_000), ("[", "]", 2_000), ("!(", ")", 1_300), ("a ? b : ", "", 500)] {
        assert!(deep(open, close, count).is_err(), "{open}");
    }
    assert!(deep("!", "", 4_000).is_ok());
    assert!(deep("!", "", 4_100).is_err());
}

#[test]
fn networks() {
    let table = [
        ("10.0.0.1", "10.0.0.0/8", Some(true)),
        ("11.0.0.1", "10.0.0.0/8", Some(false)),
        ("10.0.0.1", "0.0.0.0/0", Some(true)),
        ("10.0.0.1", "10.0.0.1", Some(true)),
        ("10.0.0.1", "10.0.0.2/32", Some(false)),
        ("10.0.0.1", "10.0.0.2/30", Some(true)),
        ("2001:db8::1", "2001:db8::/32", Some(true)),
        ("2001:db9::1", "2001:db8::/32", Some(false)),
        ("10.0.0.1", "::/0", Some(false)),
        ("::1", "0.0.0.0/0", Some(false)),
        ("10.0.0.1", "10.0.0.0/-1", None),
        ("10.0.0.1", "10.0.0.0/+8", Some(true)),
        ("10.0.0.1", "10.0.0.0/33", None),
        ("10.0.0.1", "", None),
        ("nowhere", "10.0.0.0/8", None),
    ];
    for (address, network, expected) in table {
        let said = within(&address.to_owned().into(), &network.to_owned().into()).ok().map(|flag| *flag.inner());
        assert_eq!(said, expected, "{address} in {network}");
    }
}
