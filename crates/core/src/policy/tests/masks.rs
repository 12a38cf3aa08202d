//! Masks beside rules: they do not depend on which rule allowed an access, and have the last word.

use super::{bot, check, message, policy, said, scope, verdict};
use crate::identity::Kind;
use crate::tests::principal;

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
