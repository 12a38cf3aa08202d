//! Masks that a rule lifts, and all that it does not lift.

use super::{bot, message, policy, scope, verdict};
use crate::operation::{Operation, Output, Outputs};
use crate::tests::{column, columns};
use crate::verdict::Verdict;

const RULES: &str = r#"
    [[mask]]
    name = "pii"
    columns = ["public.customers.{email,phone}", "public.staff.email"]
    kind = "fixed"

    [[mask]]
    name = "secrets"
    columns = ["*.*.token"]
    kind = "null"

    [[rule]]
    name = "all"
    effect = "allow"
    who = ["*"]
    on = ["*"]

    [[rule]]
    name = "mail"
    effect = "allow"
    who = ["*"]
    on = ["*"]
    do = { effects = ["read"], objects = ["public.customers.email"] }
    with = { unmask = ["pii"] }

    [[rule]]
    name = "tokens-by-night"
    effect = "allow"
    who = ["*"]
    on = ["*"]
    do = { effects = ["read"] }
    when = "now < timestamp('2000-01-01T00:00:00Z') || facts.no_where"
    with = { unmask = ["secrets"] }
"#;

fn showing(touches: &str, shown: &[&str]) -> Operation {
    let outputs = shown.iter().map(|name| Output::Bare(column(name)));
    message(&format!("tables.read: {touches}")).but(|deed| deed.outputs = Outputs::Cells(outputs.collect()))
}

/// Which of the columns stay masked in the first of these operations, or why they may not run.
fn masked(rules: &str, operations: &[Operation]) -> Vec<String> {
    let masks = match verdict(&scope(&policy(rules), &bot(), "shop"), operations) {
        Verdict::Allow(duties) => duties.masks,
        Verdict::Hold(terms) => terms.duties.masks,
        Verdict::Deny(denial) => return vec![format!("deny {}", denial.code.number())],
    };
    let outputs = masks.outputs(&operations[0], &[]).into_iter();
    outputs.filter_map(|(name, mask)| mask.map(|mask| format!("{name} by {}", mask.name))).collect()
}

#[test]
fn a_mask_is_lifted_from_what_the_rule_covers_and_from_nothing_else() {
    let shown = ["public.customers.email", "public.customers.phone", "public.customers.token"];
    let read = showing("read public.customers(email, phone, token)", &shown);
    assert_eq!(masked(RULES, &[read]), ["phone by pii", "token by secrets"]);
    let other = showing("read public.staff(email)", &["public.staff.email"]);
    assert_eq!(masked(RULES, &[other]), ["email by pii"]);
    // whoever reads all columns is not covered by a rule for one
    let all = showing("read public.customers(*)", &["public.customers.email"]);
    assert_eq!(masked(RULES, &[all]), ["email by pii"]);
    let of_all = RULES.replace("public.customers.email\"] }", "public.customers\"] }");
    let all = showing("read public.customers(*)", &shown);
    assert_eq!(masked(&of_all, &[all]), ["token by secrets"]);
    let both = showing("read public.customers(*); read public.staff(*)", &["public.staff.email"]);
    assert_eq!(masked(&of_all, &[both]), ["email by pii"]);
}

#[test]
fn where_it_is_not_lifted_for_all_it_is_lifted_for_none() {
    let read = || showing("read public.customers(email)", &["public.customers.email"]);
    assert!(masked(RULES, &[read()]).is_empty());
    let stored = showing("read public.customers(email); write public.customers(email)", &["public.customers.email"]);
    assert_eq!(masked(RULES, &[stored]), ["email by pii"], "the rule does not cover the write");
    // several operations of one message go out as one
    let other = showing("read public.customers(phone)", &["public.customers.phone"]);
    assert!(masked(RULES, &[read(), other]).is_empty());
    let all = showing("read public.customers(*)", &["public.customers.email"]);
    assert_eq!(masked(RULES, &[read(), all]), ["email by pii"]);
}

#[test]
fn what_a_mask_would_refuse_passes_where_it_is_lifted() {
    let consulting = |name: &str| {
        let one = showing(&format!("read public.customers({name})"), &[]);
        one.but(|deed| deed.uses.consulted = columns(&[&format!("public.customers.{name}")]))
    };
    assert!(masked(RULES, &[consulting("email")]).is_empty());
    assert_eq!(masked(RULES, &[consulting("phone")]), ["deny 3004"]);
}

#[test]
fn a_condition_that_does_not_hold_for_certain_lifts_nothing() {
    let read = || showing("read public.customers(token)", &["public.customers.token"]);
    assert_eq!(masked(RULES, &[read()]), ["token by secrets"]);
    let asking = RULES.replace(
        "name = \"tokens-by-night\"\n    effect = \"allow\"",
        "name = \"tokens-by-night\"\n    effect = \"approve\"",
    );
    let asking = asking.replace("unmask = [\"secrets\"]", "unmask = [\"secrets\"], approvers = [\"*\"]");
    assert_ne!(asking, RULES);
    assert_eq!(masked(&asking, &[read()]), ["token by secrets"], "a human is asked, and sees that nothing is lifted");
    let certain = asking.replace("|| facts.no_where", "|| principal.kind == 'workload'");
    assert!(masked(&certain, &[read()]).is_empty());
}
