//! What a refusal says of what would be allowed.

use super::{bot, message, policy, scope, verdict};
use crate::Code;
use crate::identity::Kind;
use crate::tests::principal;
use crate::verdict::Verdict;

#[test]
fn a_refusal_says_what_would_be_allowed() {
    let rules = policy(
        r#"
        [[rule]]
        name = "reads"
        effect = "allow"
        who = ["*"]
        on = ["*"]
        do = { effects = ["read"], objects = ["*", "public.customers.{id,name}"] }

        [[rule]]
        name = "ask"
        effect = "approve"
        who = ["*"]
        on = ["*"]
        do = { effects = ["delete", "write"] }
        with = { approvers = ["group:dba"] }

        [[rule]]
        name = "runs"
        effect = "allow"
        who = ["group:ops"]
        on = ["*"]
        do = { actions = ["tables.run"] }
        "#,
    );
    let hint = |who, text| match verdict(&scope(&rules, &who, "shop"), &[message(text)]) {
        Verdict::Deny(denial) => (denial.code, format!("{}\nhint: {}", denial.message, denial.hint.unwrap())),
        Verdict::Allow(_) | Verdict::Hold(_) => panic!("`{text}` is allowed"),
    };
    let (code, text) = hint(bot(), "tables.drop: define public.customers(email)");
    assert_eq!(code, Code::NotAllowed);
    insta::assert_snapshot!(text, @"
    no rule allows `define` on public.customers.email (`tables.drop`)
    hint: you may: read on *, public.customers.id, public.customers.name; delete, write once a human approves
    ");
    let (_, text) = hint(principal(Kind::Human, "ann", &["ops"]), "tables.drop: define public.a");
    assert!(text.ends_with("; tables.run"), "{text}");
}

#[test]
fn a_refusal_says_what_a_rule_without_a_do_does_not_let_through() {
    let rules = policy(
        r#"
        [[rule]]
        name = "all"
        effect = "allow"
        who = ["group:ci"]
        on = ["*"]

        [[rule]]
        name = "some"
        effect = "approve"
        who = ["group:ops"]
        on = ["*"]
        when = "principal.name == 'dana'"
        with = { approvers = ["group:dba"] }
        "#,
    );
    let hint = |who, text| match verdict(&scope(&rules, &who, "shop"), &[message(text)]) {
        Verdict::Deny(denial) => (denial.code, denial.hint.unwrap()),
        Verdict::Allow(_) | Verdict::Hold(_) => panic!("`{text}` is allowed"),
    };
    let unread = hint(bot(), "tables.run?: unknown sys.anything");
    assert_eq!(unread, (Code::Unreadable, "you may: anything that can be decided".to_owned()));
    let refused = hint(principal(Kind::Human, "ann", &["ops"]), "tables.read: read public.a");
    assert_eq!(
        refused,
        (Code::NotAllowed, "you may: anything where its condition holds once a human approves".to_owned())
    );
}
