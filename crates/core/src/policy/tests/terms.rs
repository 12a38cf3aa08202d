//! The terms of an approval, and what becomes of several.

use std::time::Duration;

use super::{bot, message, policy, scope, verdict};
use crate::verdict::{HoldInTransaction, HoldMode, Terms, Verdict, Who};

fn held(rules: &str, text: &str) -> Terms {
    match verdict(&scope(&policy(rules), &bot(), "shop"), &[message(text)]) {
        Verdict::Hold(terms) => terms,
        other @ (Verdict::Allow(_) | Verdict::Deny(_)) => panic!("expected a hold, got {other:?}"),
    }
}

fn approvers(terms: &Terms) -> Vec<Vec<String>> {
    terms.approvers.iter().map(|list| list.iter().map(Who::to_string).collect()).collect()
}

#[test]
fn terms_have_defaults() {
    let terms = held(
        r#"
        [[rule]]
        name = "ask"
        effect = "approve"
        who = ["*"]
        on = ["*"]
        with = { approvers = ["group:dba", "principal:ann"] }
        "#,
        "tables.write: write public.a(x)",
    );
    assert_eq!(approvers(&terms), [["group:dba", "principal:ann"]]);
    assert_eq!((terms.count, terms.expires, terms.reuse), (1, Duration::from_secs(900), Duration::ZERO));
    assert_eq!((terms.hold, terms.in_transaction), (HoldMode::Wait, HoldInTransaction::Refuse));
}

const TWO: &str = r#"
    [[rule]]
    name = "allow"
    effect = "allow"
    who = ["*"]
    on = ["*"]

    [[rule]]
    name = "ask-dba"
    effect = "approve"
    who = ["*"]
    on = ["*"]
    do = { effects = ["write"] }
    with = { approvers = ["group:dba"], count = 2, expires = "1h", hold = "wait", hold_in_transaction = "wait", reuse = "2h" }

    [[rule]]
    name = "ask-security"
    effect = "approve"
    who = ["*"]
    on = ["*"]
    do = { objects = ["public.customers"] }
    with = { approvers = ["group:security"], expires = "2h", hold = "retry", hold_in_transaction = "refuse", reuse = "1h" }
"#;

#[test]
fn terms_of_several_rules_satisfy_each() {
    for text in [
        "tables.write: write public.customers(x)",
        "tables.write: write public.a(x); read public.customers(x)",
        "tables.write: read public.customers(x); write public.a(x)",
    ] {
        let terms = held(TWO, text);
        let mut lists = approvers(&terms);
        lists.sort();
        assert_eq!(lists, [["group:dba"], ["group:security"]], "{text}");
        assert_eq!(
            (terms.count, terms.expires, terms.reuse),
            (2, Duration::from_secs(3_600), Duration::from_secs(3_600))
        );
        assert_eq!((terms.hold, terms.in_transaction), (HoldMode::Retry, HoldInTransaction::Refuse));
        let names = |rules: &[crate::verdict::RuleName]| rules.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&terms.rules), ["ask-dba", "ask-security"], "{text}");
        assert_eq!(names(&terms.duties.rules), ["allow"], "{text}");
    }
}

#[test]
fn one_rule_over_many_touches_asks_once() {
    let terms = held(TWO, "tables.write: write public.a(x,y,z); write public.b(x); delete public.c");
    assert_eq!(approvers(&terms), [["group:dba"]]);
    assert_eq!((terms.count, terms.hold), (2, HoldMode::Wait));
}

#[test]
fn terms_of_several_operations_satisfy_each() {
    let rules = policy(TWO);
    let messages = ["tables.write: write public.a(x)", "tables.read: read public.customers(x)"].map(message);
    let Verdict::Hold(terms) = verdict(&scope(&rules, &bot(), "shop"), &messages) else { panic!("it is held") };
    assert_eq!(approvers(&terms), [["group:dba"], ["group:security"]]);
    assert_eq!((terms.count, terms.hold, terms.in_transaction), (2, HoldMode::Retry, HoldInTransaction::Refuse));
}
