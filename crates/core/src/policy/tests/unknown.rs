//! What nobody could read counts against an operation, never for it.

use super::{bot, check, decided, message, policy, scope, verdict};
use crate::verdict::Verdict;

#[test]
fn what_nobody_could_read_is_allowed_only_by_name() {
    let on = |what: &str| {
        let rules =
            policy(&format!("[[rule]]\nname = \"r\"\neffect = \"allow\"\nwho = [\"*\"]\non = [\"*\"]\n{what}\n"));
        scope(&rules, &bot(), "shop")
    };
    let (unknown, opaque) = ("tables.run: unknown public.f", "tables.run?: read public.f(x)");
    let table = [
        ("", "deny 3001", "deny 3012"),
        ("do = { objects = [\"public.*\"] }", "deny 3001", "deny 3012"),
        ("do = { actions = [\"tables.*\"] }", "deny 3001", "deny 3012"),
        ("do = { actions = [\"*\"] }", "deny 3001", "deny 3012"),
        ("do = { actions = [\"tables.run\"] }", "allow r", "allow r"),
        ("do = { actions = [\"tables.read\"] }", "deny 3001", "deny 3012"),
        ("do = { effects = [\"read\", \"execute\"] }", "deny 3001", "deny 3012"),
        ("do = { actions = [\"tables.run\"], effects = [\"read\"] }", "deny 3001", "deny 3012"),
        ("do = { effects = [\"read\", \"unknown\"] }", "allow r", "allow r"),
        ("do = { actions = [\"tables.run\"], objects = [\"public.*\"] }", "allow r", "deny 3012"),
    ];
    for (what, on_unknown, on_opaque) in table {
        let scope = on(what);
        assert_eq!(decided(&scope, unknown), on_unknown, "{what}");
        assert_eq!(decided(&scope, opaque), on_opaque, "{what}, read in part");
    }
    let Verdict::Deny(denial) = verdict(&on(""), &[message(opaque)]) else { panic!("it is refused") };
    assert_eq!(denial.message, "`tables.run` cannot be decided: it is dynamic");
    assert_eq!(denial.recorded.as_deref(), Some("`tables.run` cannot be decided"));
}

#[test]
fn what_nobody_could_read_counts_as_what_is_forbidden() {
    let rules = policy(
        r#"
        [[rule]]
        name = "runs"
        effect = "allow"
        who = ["*"]
        on = ["*"]
        do = { actions = ["tables.run"] }

        [[rule]]
        name = "ask"
        effect = "approve"
        who = ["*"]
        on = ["target:stats"]
        do = { effects = ["write"] }
        with = { approvers = ["group:dba"] }

        [[rule]]
        name = "never"
        effect = "forbid"
        who = ["*"]
        on = ["target:shop"]
        do = { effects = ["grant"] }
        "#,
    );
    check(
        &scope(&rules, &bot(), "shop"),
        &[
            ("tables.run?: execute public.f", "deny 3002 never"),
            ("tables.run: unknown public.f", "deny 3002 never"),
            ("tables.run: execute public.f", "allow runs"),
            // what would not be allowed anyway is said to be unreadable, which is more help
            ("tables.read?: read public.f", "deny 3012"),
        ],
    );
    check(
        &scope(&rules, &bot(), "stats"),
        &[("tables.run?: execute public.f", "hold ask"), ("tables.run: execute public.f", "allow runs")],
    );
}

#[test]
fn what_nobody_could_read_may_be_done_to_what_is_forbidden() {
    let rules = policy(
        r#"
        [[rule]]
        name = "runs"
        effect = "allow"
        who = ["*"]
        on = ["*"]
        do = { effects = ["read", "delete", "unknown"] }

        [[rule]]
        name = "ask"
        effect = "approve"
        who = ["*"]
        on = ["target:stats"]
        do = { effects = ["delete"], objects = ["payroll.*"] }
        with = { approvers = ["group:dba"] }

        [[rule]]
        name = "never"
        effect = "forbid"
        who = ["*"]
        on = ["target:shop"]
        do = { objects = ["payroll.salaries"] }
        "#,
    );
    let table = |decision: &'static str| {
        [
            ("tables.run: read public.orders", "allow runs"),
            ("tables.run?: read public.orders", decision),
            ("tables.run: unknown public.orders", decision),
        ]
    };
    check(&scope(&rules, &bot(), "shop"), &table("deny 3002 never"));
    check(&scope(&rules, &bot(), "stats"), &table("hold ask"));
}
