//! Which bounds an operation gets: those of every rule that speaks of it, the lowest of each.

use std::time::Duration;

use super::{bot, message, policy, scope, verdict};
use crate::verdict::{Bound, Limits, RuleName, Verdict};

const RULES: &str = r#"
    [[rule]]
    name = "few"
    effect = "allow"
    who = ["*"]
    on = ["*"]
    do = { effects = ["read"] }
    with = { max_rows = 10, timeout = "30s" }

    [[rule]]
    name = "many"
    effect = "allow"
    who = ["*"]
    on = ["*"]
    with = { max_rows = 1_000, timeout = "5s" }

    [[rule]]
    name = "others"
    effect = "allow"
    who = ["group:others"]
    on = ["*"]
    with = { max_rows = 1 }

    [[rule]]
    name = "by-night"
    effect = "allow"
    who = ["*"]
    on = ["*"]
    when = "now < timestamp('2000-01-01T00:00:00Z')"
    with = { max_rows = 1 }

    [[rule]]
    name = "ask"
    effect = "approve"
    who = ["*"]
    on = ["*"]
    do = { effects = ["delete"] }
    with = { approvers = ["group:dba"], max_rows = 2 }
"#;

fn limits(rules: &str, texts: &[&str]) -> Limits {
    let messages: Vec<_> = texts.iter().map(|text| message(text)).collect();
    match verdict(&scope(&policy(rules), &bot(), "shop"), &messages) {
        Verdict::Allow(duties) => duties.limits,
        Verdict::Hold(terms) => terms.duties.limits,
        Verdict::Deny(denial) => panic!("it is let through: {denial:?}"),
    }
}

fn bound<T>(most: T, by: &str) -> Option<Bound<T>> {
    Some(Bound { most, by: RuleName(by.into()) })
}

#[test]
fn the_lowest_of_each_among_the_rules_that_speak() {
    let read = "tables.read: read public.a(x)";
    let write = "tables.write: write public.a(x)";
    let delete = "tables.delete: delete public.a";
    let seconds = |most, by| bound(Duration::from_secs(most), by);
    for (texts, max_rows, timeout) in [
        (&[read][..], bound(10, "few"), seconds(5, "many")),
        (&[write], bound(1_000, "many"), seconds(5, "many")),
        (&[delete], bound(2, "ask"), seconds(5, "many")),
        (&["tables.write: write public.a(x); read public.b(x)"], bound(10, "few"), seconds(5, "many")),
        (&[write, read], bound(10, "few"), seconds(5, "many")),
        (&[read, delete], bound(2, "ask"), seconds(5, "many")),
    ] {
        assert_eq!(limits(RULES, texts), Limits { max_rows, timeout, ..Limits::default() }, "{texts:?}");
    }
}

#[test]
fn what_no_rule_bounds_is_not_bounded() {
    let rules = "[[rule]]\nname='all'\neffect='allow'\nwho=['*']\non=['*']\n";
    assert_eq!(limits(rules, &["tables.read: read public.a(x)"]), Limits::default());
}
