//! What accounts are for: which rights their users may ever need, and whom masks spare.

use std::sync::Arc;

use crate::operation::Column;
use crate::policy::source::Voucher;
use crate::policy::{Binding, Needs, Rulebook};
use crate::tests::{object, rulebook};
use crate::{Effect, TargetName};

const PEOPLE: &str = r#"
    [[principal]]
    name   = "bot"
    kind   = "workload"
    issuer = "corp"
    claims = { sub = "bot" }
    groups = ["ci"]

    [[principal]]
    name   = "{sub}"
    kind   = "human"
    issuer = "corp"
    groups = ["staff"]

    [[target]]
    name      = "shop"
    protocol  = "tables"
    address   = "shop.test:7000"
"#;
const ONE: &str = "login = { user = \"app\" }\n";
const TWO: &str = r#"
    [[target.login]]
    for  = ["group:staff"]
    user = "people"

    [[target.login]]
    user = "app"
"#;
const RULES: &str = r#"
    [[rule]]
    name   = "ci-reads"
    effect = "allow"
    who    = ["group:ci"]
    on     = ["*"]
    do     = { effects = ["read"], objects = ["public.people"] }

    [[rule]]
    name   = "staff-writes"
    effect = "approve"
    who    = ["group:staff"]
    on     = ["target:shop"]
    do     = { effects = ["write"], objects = ["public.*"] }
    with   = { approvers = ["group:staff"] }

    [[rule]]
    name   = "never"
    effect = "forbid"
    who    = ["*"]
    on     = ["*"]
    do     = { effects = ["delete"] }
"#;

fn needs(policy: &str) -> Vec<Needs> {
    let rules: Rulebook = rulebook(policy).unwrap_or_else(|wrong| panic!("{wrong:#?}"));
    let target = Arc::clone(&rules.targets[&TargetName::parse("shop").unwrap()]);
    rules.needs(&target, &[])
}

fn mask(whom: &str) -> String {
    format!("[[mask]]\nname = \"pii\"\ncolumns = [\"public.people.email\"]\nkind = \"null\"\n{whom}\n")
}

#[test]
fn what_a_rule_may_let_through_is_needed() {
    let [app] = needs(&[PEOPLE, ONE, RULES].concat()).try_into().unwrap();
    let lets = |effect, name: &str| app.lets(effect, &object(name));
    assert!(lets(Effect::Read, "public.people") && lets(Effect::Write, "public.people"));
    assert!(lets(Effect::Write, "public.orders") && !lets(Effect::Read, "public.orders"));
    assert!(!lets(Effect::Delete, "public.people"), "what is forbidden lets nothing through");
    assert!(!lets(Effect::Read, "other.people"));
}

#[test]
fn each_account_is_for_those_who_get_it() {
    let [people, app] = needs(&[PEOPLE, TWO, RULES].concat()).try_into().unwrap();
    assert_eq!((people.login.user.as_str(), app.login.user.as_str()), ("people", "app"));
    let orders = object("public.orders");
    assert!(people.lets(Effect::Write, &orders) && !people.lets(Effect::Read, &object("public.people")));
    assert!(!app.lets(Effect::Write, &orders) && app.lets(Effect::Read, &object("public.people")));
}

#[test]
fn what_nobody_can_read_needs_anything() {
    let unknown =
        "[[rule]]\nname = \"any\"\neffect = \"allow\"\nwho = [\"*\"]\non = [\"*\"]\ndo = { effects = [\"unknown\"] }";
    let [app] = needs(&[PEOPLE, ONE, unknown].concat()).try_into().unwrap();
    assert!(app.lets(Effect::Delete, &object("other.thing")));
}

fn only_binding(needs: &Needs) -> Option<Binding> {
    struct Nothing;
    impl crate::mask::Lineage for Nothing {
        fn columns(&self) -> Vec<Column> {
            Vec::new()
        }
        fn kin(&self, _: &Column) -> Vec<Column> {
            Vec::new()
        }
        fn copies(&self, _: &Column) -> Vec<Column> {
            Vec::new()
        }
    }
    needs.bindings(&Nothing).pop()
}

#[test]
fn whom_a_mask_spares_is_said() {
    let spared = |targets: &str, whom: &str| -> Vec<Option<Vec<String>>> {
        let all = needs(&[PEOPLE, targets, RULES, &mask(whom)].concat());
        all.iter().map(|needs| only_binding(needs).map(|binding| binding.spared)).collect()
    };
    assert_eq!(spared(ONE, ""), [Some(vec![])]);
    assert_eq!(spared(ONE, "except = [\"group:staff\"]"), [Some(vec!["it does not bind `group:staff`".to_owned()])]);
    assert_eq!(spared(ONE, "for = [\"group:ci\"]"), [Some(vec!["it binds `group:ci` alone".to_owned()])]);
    // what only looks for something in a column hides none
    assert_eq!(spared(ONE, "detect = [\"email\"]"), [None]);
    // with an account of their own they spoil nobody's
    assert_eq!(spared(TWO, "except = [\"group:staff\"]"), [None, Some(vec![])]);
    assert_eq!(spared(TWO, "for = [\"group:ci\"]"), [None, Some(vec![])]);
}

#[test]
fn a_rule_that_lifts_a_mask_spares() {
    let lifting = "[[rule]]\nname = \"clear\"\neffect = \"allow\"\nwho = [\"kind:human\"]\non = [\"*\"]\ndo = { effects = [\"read\"], objects = [\"public.people\"] }\nwith = { unmask = [\"pii\"] }\n";
    let [app] = needs(&[PEOPLE, ONE, RULES, &mask(""), lifting].concat()).try_into().unwrap();
    assert_eq!(only_binding(&app).unwrap().spared, ["rule `clear` lifts it for `kind:human`"]);
    assert!(
        only_binding(&app)
            .unwrap()
            .columns
            .of(&Column { object: object("public.people"), name: "email".into() })
            .is_some()
    );
}

/// Who is in a group is known when they come; who has another account than the group's is not in it.
#[test]
fn an_account_that_a_group_does_not_get_is_not_spoilt_by_it() {
    let people = PEOPLE.replace("groups = [\"staff\"]", "");
    let policy = [&people, TWO, RULES, &mask("except = [\"group:staff\"]")].concat();
    let rules = rulebook(&policy).unwrap_or_else(|wrong| panic!("{wrong:#?}"));
    let target = Arc::clone(&rules.targets[&TargetName::parse("shop").unwrap()]);
    let stating = [Voucher { name: "corp", url: "https://corp.test", groups: Some(""), only: None }];
    let all = rules.needs(&target, &stating);
    let spared: Vec<_> = all.iter().map(|needs| only_binding(needs).map(|binding| binding.spared)).collect();
    assert_eq!(spared, [None, Some(vec![])]);
}
