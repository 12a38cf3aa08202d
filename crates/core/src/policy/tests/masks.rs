//! Masks beside rules: they do not depend on which rule allowed an access, and have the last word.

use super::{bot, check, message, policy, said, scope, verdict};
use crate::identity::Kind;
use crate::mask::Masked;
use crate::operation::Output;
use crate::tests::{columns, principal};
use crate::verdict::Verdict;

#[test]
fn what_looks_past_masks_is_refused_where_masks_bind() {
    let rules = policy(
        r#"
        [[mask]]
        name = "pii"
        on = ["target:shop"]
        columns = ["public.customers.email"]
        kind = "fixed"

        [[rule]]
        name = "all"
        effect = "allow"
        who = ["*"]
        on = ["*"]
        "#,
    );
    for (target, expected) in [("shop", "deny 3003"), ("stats", "allow all")] {
        check(&scope(&rules, &bot(), target), &[("tables.read: read sys.passwords(a)", expected)]);
    }
}

#[test]
fn masks_have_the_last_word() {
    let rules = policy(
        r#"
        [[mask]]
        name = "pii"
        on = ["target:shop"]
        columns = ["public.customers.email"]
        kind = "fixed"
        for = ["group:ci"]
        except = ["principal:trusted-*"]

        [[rule]]
        name = "all"
        effect = "allow"
        who = ["*"]
        on = ["*"]
        "#,
    );
    let consulting = |target, who| {
        let one = message("tables.read: read public.customers(id)");
        let one = one.but(|deed| deed.uses.consulted = crate::tests::columns(&["public.customers.email"]));
        said(&verdict(&scope(&rules, &who, target), &[one]))
    };
    assert_eq!(consulting("shop", bot()), "deny 3004");
    assert_eq!(consulting("stats", bot()), "allow all");
    assert_eq!(consulting("shop", principal(Kind::Workload, "other", &[])), "allow all");
    assert_eq!(consulting("shop", principal(Kind::Workload, "trusted-1", &["ci"])), "allow all");
}

/// THREAT: a detector is believed to protect, and what it does not find goes out; or it refuses what it knows nothing of.
#[test]
fn a_search_refuses_nothing_binds_whom_it_names_and_is_lifted_where_all_is_covered() {
    let rules = policy(
        r#"
        [[mask]]
        name = "secrets"
        on = ["target:shop"]
        detect = ["jwt", "email"]
        kind = "fixed"
        except = ["principal:trusted-*"]

        [[rule]]
        name = "all"
        effect = "allow"
        who = ["*"]
        on = ["*"]
        do = { effects = ["read", "unknown"] }

        [[rule]]
        name = "opens"
        effect = "allow"
        who = ["group:ci"]
        on = ["*"]
        do = { effects = ["read"], objects = ["public.logs.*"] }
        with = { unmask = ["secrets"] }
        "#,
    );
    let shop = scope(&rules, &bot(), "shop");
    assert!(shop.masks().is_empty() && !shop.masks().lets_pass());
    assert!(scope(&rules, &bot(), "stats").masks().lets_pass());
    assert!(scope(&rules, &principal(Kind::Workload, "trusted-1", &["ci"]), "shop").masks().lets_pass());
    for (words, searched) in [
        ("tables.read?: unknown sys.anything", true),
        ("tables.read: read sys.passwords(a)", true),
        ("tables.read: read public.logs(a)", false),
        ("tables.read: read public.logs(a,b); read public.logs(c)", false),
        ("tables.read: read public.logs(a); read public.b(x)", true),
        ("tables.read: read public.logs(*)", false),
        ("tables.read: read public.b(x)", true),
    ] {
        let Verdict::Allow(duties) = verdict(&shop, &[message(words)]) else { panic!("`{words}` is refused") };
        assert_eq!(duties.masks.searches().next().is_some(), searched, "{words}");
    }
}

#[test]
fn a_search_of_columns_covers_these_and_what_is_made_of_them() {
    let rules = policy(
        r#"
        [[mask]]
        name = "secrets"
        detect = ["jwt"]
        columns = ["public.logs.{line,note}"]
        kind = "null"

        [[rule]]
        name = "all"
        effect = "allow"
        who = ["*"]
        on = ["*"]
        "#,
    );
    let scope = scope(&rules, &bot(), "shop");
    let column = |name: &str| columns(&[name]).pop_first().unwrap();
    let (line, other) = (column("public.logs.line"), column("public.logs.other"));
    let search = scope.masks().searches().next().unwrap();
    let derived = |from: &[&str]| Output::Derived { label: "x".into(), from: columns(from) };
    assert!(search.covers(Some(&line), None));
    assert!(!search.covers(Some(&other), None));
    assert!(search.covers(None, None), "of what nobody knows it may be made of them");
    assert!(search.covers(None, Some(&Output::Bare(line.clone()))));
    assert!(!search.covers(None, Some(&Output::Bare(other.clone()))));
    assert!(search.covers(None, Some(&derived(&["public.b.x", "public.logs.note"]))));
    assert!(!search.covers(None, Some(&derived(&["public.b.x"]))));
    assert!(search.covers(None, Some(&Output::Unknown { label: "x".into() })));
    assert!(!search.covers(Some(&other), Some(&Output::Unknown { label: "x".into() })));
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhYmMifQ.c2lnbmF0dXJl";
    assert_eq!(search.apply(None, jwt), Masked::Omit);
    assert_eq!(search.apply(None, "eyJ"), Masked::Keep);
    assert_eq!(search.hide(&format!("so {jwt}!")).as_deref(), Some("so ***!"));
    assert_eq!(search.to_string(), "the columns that it names by mask `secrets`, for jwt");
}
