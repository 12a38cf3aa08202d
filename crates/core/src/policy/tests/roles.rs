//! Who audits and who operates.

use super::{bot, policy};
use crate::identity::Kind;
use crate::tests::principal;

#[test]
fn a_role_is_held_by_whom_it_names() {
    let roles = policy("[roles]\nauditors = ['group:dba', 'principal:ci-*']\noperators = ['kind:human']\n").roles;
    let cases = [
        (principal(Kind::Human, "ann", &["dba"]), true, true),
        (principal(Kind::Human, "bob", &[]), false, true),
        (principal(Kind::Workload, "ci-audit", &[]), true, false),
        (bot(), false, false),
    ];
    for (who, audits, operates) in cases {
        assert_eq!((roles.audits(&who), roles.operates(&who)), (audits, operates), "{}", who.name());
    }
}

#[test]
fn nobody_has_a_role_that_nobody_was_given() {
    for text in ["", "[roles]\n", "[roles]\nauditors = []\n"] {
        let roles = policy(text).roles;
        assert!(!roles.audits(&principal(Kind::Human, "ann", &["dba"])), "{text}");
        assert!(!roles.operates(&principal(Kind::Human, "ann", &["dba"])), "{text}");
    }
}
