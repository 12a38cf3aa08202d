//! Verdicts: forbid over approve over allow, and nothing where no rule allows.

use super::{admits, bot, check, message, policy, said, scope, verdict};
use crate::identity::Kind;
use crate::tests::principal;
use crate::verdict::Verdict;

#[test]
fn nothing_is_allowed_that_no_rule_allows() {
    let rules = policy(
        r#"
        [[rule]]
        name = "reads"
        effect = "allow"
        who = ["group:ci"]
        on = ["target:shop"]
        do = { effects = ["read"], objects = ["public.*"] }
        "#,
    );
    check(
        &scope(&rules, &bot(), "shop"),
        &[
            ("tables.read: read public.customers(id)", "allow reads"),
            ("tables.read: read public.customers(*)", "allow reads"),
            ("tables.read: read public.customers", "allow reads"),
            ("tables.read: read public.a(x); read public.b(y)", "allow reads"),
            ("tables.read: read private.customers(id)", "deny 3001"),
            ("tables.read: read public.a(x); read private.b(y)", "deny 3001"),
            ("tables.write: write public.customers(id)", "deny 3001"),
            ("tables.write: read public.a(x); write public.a(x)", "deny 3001"),
            ("tables.delete: delete public.customers", "deny 3001"),
            ("tables.drop: define public.customers", "deny 3001"),
            ("tables.run: execute public.f", "deny 3001"),
            ("tables.run: transfer public.f", "deny 3001"),
            ("tables.run: grant public.f", "deny 3001"),
            ("tables.run: unknown public.f", "deny 3001"),
            // the schema itself is not one of its tables
            ("tables.drop: read public", "deny 3001"),
            // nothing at all is not nothing to worry about
            ("tables.read:", "deny 3012"),
            ("tables.read?:", "deny 3012"),
        ],
    );
    assert_eq!(said(&verdict(&scope(&rules, &bot(), "shop"), &[])), "deny 3012");
    for (who, target) in [(principal(Kind::Workload, "other", &["dev"]), "shop"), (bot(), "stats")] {
        let scope = scope(&rules, &who, target);
        assert!(!admits(&scope));
        check(
            &scope,
            &[("tables.read: read public.a(x)", "deny 3001"), ("tables.begin: session sys.begin", "deny 3001")],
        );
    }
}

#[test]
fn forbid_over_approve_over_allow() {
    let rules = policy(
        r#"
        [[rule]]
        name = "all"
        effect = "allow"
        who = ["*"]
        on = ["*"]

        [[rule]]
        name = "ask"
        effect = "approve"
        who = ["*"]
        on = ["*"]
        do = { effects = ["write", "delete"] }
        with = { approvers = ["group:dba"] }

        [[rule]]
        name = "never"
        effect = "forbid"
        who = ["*"]
        on = ["*"]
        do = { objects = ["audit.*"], effects = ["write", "delete", "define"] }

        [[rule]]
        name = "no-files"
        effect = "forbid"
        who = ["*"]
        on = ["*"]
        do = { actions = ["tables.run"] }
        message = "ask #dba"
        "#,
    );
    check(
        &scope(&rules, &bot(), "shop"),
        &[
            ("tables.read: read public.a(x)", "allow all"),
            ("tables.write: write public.a(x)", "hold ask"),
            ("tables.delete: delete public.a", "hold ask"),
            ("tables.write: read public.b(x); write public.a(x)", "hold ask"),
            ("tables.write: write audit.log(x)", "deny 3002 never"),
            ("tables.write: write public.a(x); write audit.log(x)", "deny 3002 never"),
            ("tables.read: read audit.log(x)", "allow all"),
            ("tables.run: read public.a(x)", "deny 3002 no-files"),
            ("tables.drop: define public.a", "allow all"),
            ("tables.begin: session sys.begin", "allow all"),
            // whatever is done to the schema is done to what is in it
            ("tables.drop: define audit", "deny 3002 never"),
            ("tables.drop: define audit.log.index", "deny 3002 never"),
            ("tables.drop: define public", "allow all"),
            ("tables.write: unknown public.log", "deny 3001"),
        ],
    );
    let Verdict::Deny(denial) = verdict(&scope(&rules, &bot(), "shop"), &[message("tables.run: read public.a")]) else {
        panic!("it is forbidden");
    };
    assert_eq!(denial.message, "rule `no-files` forbids it: ask #dba");
}

#[test]
fn columns() {
    let rules = policy(
        r#"
        [[rule]]
        name = "some"
        effect = "allow"
        who = ["*"]
        on = ["*"]
        do = { effects = ["read", "write"], objects = ["public.customers.{id,name_*}", "public.orders"] }

        [[rule]]
        name = "every"
        effect = "allow"
        who = ["*"]
        on = ["*"]
        do = { effects = ["read"], objects = ["public.open.*"] }

        [[rule]]
        name = "no-cards"
        effect = "forbid"
        who = ["*"]
        on = ["*"]
        do = { objects = ["public.orders.card", "public.open.hidden"] }
        "#,
    );
    check(
        &scope(&rules, &bot(), "shop"),
        &[
            ("tables.read: read public.customers(id)", "allow some"),
            ("tables.read: read public.customers(id,name_first,name_last)", "allow some"),
            ("tables.read: read public.customers(id,email)", "deny 3001"),
            ("tables.read: read public.customers(*)", "deny 3001"),
            // whoever may see one column may count rows, and no more
            ("tables.read: read public.customers", "allow some"),
            ("tables.read: read public.customers()", "allow some"),
            ("tables.delete: write public.customers", "deny 3001"),
            ("tables.write: write public.customers(id)", "allow some"),
            ("tables.write: write public.customers(id,email)", "deny 3001"),
            // a forbidden column forbids what may be it
            ("tables.read: read public.orders(id)", "allow some"),
            ("tables.read: read public.orders(card)", "deny 3002 no-cards"),
            ("tables.read: read public.orders(id,card)", "deny 3002 no-cards"),
            ("tables.read: read public.orders(*)", "deny 3002 no-cards"),
            ("tables.read: read public.orders", "allow some"),
            ("tables.write: write public.orders", "deny 3002 no-cards"),
            ("tables.read: read public.open(a,b)", "allow every"),
            ("tables.read: read public.open(a,hidden)", "deny 3002 no-cards"),
            ("tables.read: read public.open(*)", "deny 3002 no-cards"),
            ("tables.read: read public.open", "allow every"),
        ],
    );
    let every = policy(
        r#"
        [[rule]]
        name = "every"
        effect = "allow"
        who = ["*"]
        on = ["*"]
        do = { objects = ["public.open.*"] }
        "#,
    );
    check(
        &scope(&every, &bot(), "shop"),
        &[
            ("tables.read: read public.open(*)", "allow every"),
            ("tables.write: write public.open(*)", "allow every"),
            // all columns are not the table
            ("tables.delete: delete public.open", "deny 3001"),
            ("tables.drop: define public.open", "deny 3001"),
        ],
    );
}

#[test]
fn an_approval_grants_what_its_rule_names_and_no_more() {
    let rules = policy(
        r#"
        [[rule]]
        name = "reads"
        effect = "allow"
        who = ["*"]
        on = ["*"]
        do = { effects = ["read"], objects = ["public.orders.id"] }

        [[rule]]
        name = "ask"
        effect = "approve"
        who = ["*"]
        on = ["*"]
        do = { effects = ["read", "delete"], objects = ["public.customers.email"] }
        with = { approvers = ["group:dba"] }
        "#,
    );
    check(
        &scope(&rules, &bot(), "shop"),
        &[
            ("tables.read: read public.customers(email)", "hold ask"),
            ("tables.read: read public.orders(id); read public.customers(email)", "hold ask"),
            ("tables.read: read public.customers(email,ssn)", "deny 3001"),
            ("tables.read: read public.customers(*)", "deny 3001"),
            ("tables.read: read public.customers", "deny 3001"),
            ("tables.delete: delete public.customers", "deny 3001"),
            ("tables.read: read public.orders(id)", "allow reads"),
        ],
    );
    let wide = policy(
        r#"
        [[rule]]
        name = "all"
        effect = "allow"
        who = ["*"]
        on = ["*"]

        [[rule]]
        name = "ask"
        effect = "approve"
        who = ["*"]
        on = ["*"]
        do = { effects = ["read", "delete"], objects = ["public.customers.email"] }
        with = { approvers = ["group:dba"] }
        "#,
    );
    check(
        &scope(&wide, &bot(), "shop"),
        &[
            ("tables.read: read public.customers(email,ssn)", "hold ask"),
            ("tables.read: read public.customers(*)", "hold ask"),
            ("tables.read: read public.customers(ssn)", "allow all"),
            ("tables.read: read public.customers", "allow all"),
            ("tables.delete: delete public.customers", "hold ask"),
            ("tables.drop: delete public", "hold ask"),
        ],
    );
}

#[test]
fn actions_with_wildcards() {
    let rules = policy(
        r#"
        [[rule]]
        name = "d"
        effect = "allow"
        who = ["*"]
        on = ["*"]
        do = { actions = ["tables.d*"] }

        [[rule]]
        name = "rw"
        effect = "allow"
        who = ["*"]
        on = ["*"]
        do = { actions = ["*.read", "tables.wr*e"], effects = ["read"] }
        "#,
    );
    check(
        &scope(&rules, &bot(), "shop"),
        &[
            ("tables.delete: delete public.a", "allow d"),
            ("tables.drop: define public.a", "allow d"),
            ("tables.read: read public.a(x)", "allow rw"),
            ("tables.write: read public.a(x)", "allow rw"),
            ("tables.write: write public.a(x)", "deny 3001"),
            ("tables.run: read public.a(x)", "deny 3001"),
            ("tables.readx: read public.a(x)", "deny 3001"),
            ("tables.delete+tables.drop: delete public.a", "allow d"),
            ("tables.delete+tables.read: delete public.a", "deny 3001"),
            ("tables.read+tables.delete: delete public.a", "deny 3001"),
        ],
    );
}

#[test]
fn of_several_actions_in_one_an_allow_names_all_and_a_forbid_one() {
    let rules = policy(
        r#"
        [[rule]]
        name = "all"
        effect = "allow"
        who = ["*"]
        on = ["*"]

        [[rule]]
        name = "ask"
        effect = "approve"
        who = ["*"]
        on = ["*"]
        do = { actions = ["tables.delete"] }
        with = { approvers = ["group:dba"] }

        [[rule]]
        name = "never"
        effect = "forbid"
        who = ["*"]
        on = ["*"]
        do = { actions = ["tables.drop"] }
        "#,
    );
    check(
        &scope(&rules, &bot(), "shop"),
        &[
            ("tables.read: read public.a(x)", "allow all"),
            ("tables.read+tables.delete: read public.a(x)", "hold ask"),
            ("tables.read+tables.delete+tables.drop: read public.a(x)", "deny 3002 never"),
            ("tables.drop+tables.read: read public.a(x)", "deny 3002 never"),
        ],
    );
}

#[test]
fn spaces_labels_and_protocols() {
    let rules = policy(
        r#"
        [[rule]]
        name = "main"
        effect = "allow"
        who = ["*"]
        on = ["label:env=prod"]
        do = { effects = ["read"], objects = ["main/public.*", "tmp_*/*"] }

        [[rule]]
        name = "not-archive"
        effect = "forbid"
        who = ["*"]
        on = ["label:env=prod"]
        do = { objects = ["main/public.archive_{2020,2021}", "old/*"] }

        [[rule]]
        name = "paths"
        effect = "allow"
        who = ["*"]
        on = ["protocol:paths"]
        do = { objects = ["etc.*", "home.*.*"] }

        [[rule]]
        name = "dev"
        effect = "allow"
        who = ["*"]
        on = ["label:env=dev"]
        "#,
    );
    check(
        &scope(&rules, &bot(), "shop"),
        &[
            ("tables.read: read main/public.a(x)", "allow main"),
            ("tables.read: read tmp_1/any.thing(x)", "allow main"),
            ("tables.read: read other/public.a(x)", "deny 3001"),
            // a database that nobody stated is not the allowed one, and may be the forbidden one
            ("tables.read: read public.a(x)", "deny 3002 not-archive"),
            ("tables.read: read main/public.archive_2020(x)", "deny 3002 not-archive"),
            ("tables.read: read main/public.archive_2022(x)", "allow main"),
            ("tables.read: read old/any.thing(x)", "deny 3002 not-archive"),
        ],
    );
    check(
        &scope(&rules, &bot(), "files"),
        &[
            ("paths.get: read etc.passwd.v1", "allow paths"),
            ("paths.get: read home.ann.v1", "allow paths"),
            ("paths.get: read home", "deny 3001"),
            ("paths.get: read root.x.y", "deny 3001"),
        ],
    );
    check(&scope(&rules, &bot(), "stats"), &[("tables.drop: define any/thing.at_all", "allow dev")]);
}

#[test]
fn of_several_operations_the_strictest_verdict_governs() {
    let rules = policy(
        r#"
        [[rule]]
        name = "reads"
        effect = "allow"
        who = ["*"]
        on = ["*"]
        do = { effects = ["read"] }

        [[rule]]
        name = "writes"
        effect = "allow"
        who = ["*"]
        on = ["*"]
        do = { effects = ["write"] }

        [[rule]]
        name = "ask"
        effect = "approve"
        who = ["*"]
        on = ["*"]
        do = { effects = ["delete"] }
        with = { approvers = ["group:dba"] }
        "#,
    );
    let scope = scope(&rules, &bot(), "shop");
    let (read, write) = ("tables.read: read public.a(x)", "tables.write: write public.a(x)");
    let (delete, drop) = ("tables.delete: delete public.a", "tables.drop: define public.a");
    let table: &[(&[&str], &str)] = &[
        (&[read], "allow reads"),
        (&[read, write], "allow reads writes"),
        (&[write, read, read], "allow writes reads"),
        (&[read, delete], "hold ask"),
        (&[delete, read], "hold ask"),
        (&[delete, delete], "hold ask"),
        (&[read, drop], "deny 3001"),
        (&[drop, delete], "deny 3001"),
        (&[delete, read, drop, read], "deny 3001"),
    ];
    for (messages, expected) in table {
        let operations: Vec<_> = messages.iter().map(|text| message(text)).collect();
        let verdict = verdict(&scope, &operations);
        assert_eq!(said(&verdict), *expected, "{messages:?}");
        if let Verdict::Hold(terms) = verdict {
            let reads = messages.contains(&read);
            assert_eq!(terms.duties.rules.len(), usize::from(reads), "{messages:?}");
        }
    }
}
