//! All that there is, taken at once.

use super::{bot, check, policy, scope};

/// Who takes everything has taken each thing: what lets through some of it lets none of it through, and what refuses
/// or asks about some of it does so of all.
#[test]
fn everything_is_each_thing_and_more_than_all_that_are_named() {
    let on = |what: &str| {
        let all = "[[rule]]\nname = \"all\"\neffect = \"allow\"\nwho = [\"*\"]\non = [\"*\"]\n";
        let rules = policy(&format!("{all}do = {{ {what} }}\n"));
        scope(&rules, &bot(), "shop")
    };
    let (here, everywhere) = ("tables.read: read main/*(*); transfer main/*", "tables.read: read *(*); transfer *");
    let table = [
        ("effects = [\"read\", \"transfer\"]", "allow all", "allow all"),
        ("actions = [\"tables.read\"]", "allow all", "allow all"),
        ("effects = [\"read\", \"transfer\"], objects = [\"*\"]", "allow all", "allow all"),
        ("effects = [\"read\", \"transfer\"], objects = [\"main/*\"]", "allow all", "deny 3001"),
        ("effects = [\"read\", \"transfer\"], objects = [\"other/*\"]", "deny 3001", "deny 3001"),
        ("effects = [\"read\", \"transfer\"], objects = [\"*.*\", \"public.*\"]", "deny 3001", "deny 3001"),
        ("effects = [\"read\"]", "deny 3001", "deny 3001"),
        ("effects = [\"transfer\"]", "deny 3001", "deny 3001"),
    ];
    for (what, in_main, in_all) in table {
        check(&on(what), &[(here, in_main), (everywhere, in_all)]);
    }
    for (what, in_main, in_all) in [
        ("objects = [\"public.salaries\"]", "deny 3002 some", "deny 3002 some"),
        ("objects = [\"public.salaries.amount\"], effects = [\"read\"]", "deny 3002 some", "deny 3002 some"),
        ("objects = [\"other/public.salaries\"]", "allow all", "deny 3002 some"),
        ("objects = [\"public.salaries\"], effects = [\"delete\"]", "allow all", "allow all"),
    ] {
        let rules = policy(&format!(
            r#"
            [[rule]]
            name = "all"
            effect = "allow"
            who = ["*"]
            on = ["*"]

            [[rule]]
            name = "some"
            effect = "forbid"
            who = ["*"]
            on = ["*"]
            do = {{ {what} }}
            "#
        ));
        check(&scope(&rules, &bot(), "shop"), &[(here, in_main), (everywhere, in_all)]);
    }
}
