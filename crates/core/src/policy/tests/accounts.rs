//! What each rule has to say, as an explanation shows it.

use super::{message, policy, situation};
use crate::policy::{Answer, Says, Silence};

const RULES: &str = r#"
    [[rule]]
    name = "others"
    effect = "allow"
    who = ["group:dba"]
    on = ["*"]

    [[rule]]
    name = "elsewhere"
    effect = "allow"
    who = ["*"]
    on = ["target:stats"]

    [[rule]]
    name = "reads"
    effect = "allow"
    who = ["*"]
    on = ["target:shop"]
    do = { effects = ["read"], objects = ["public.*"] }

    [[rule]]
    name = "narrow"
    effect = "allow"
    who = ["*"]
    on = ["*"]
    do = { objects = ["public.a.x"], actions = ["tables.read"] }

    [[rule]]
    name = "bulk"
    effect = "approve"
    who = ["*"]
    on = ["*"]
    do = { effects = ["write"] }
    when = "facts.no_where"
    with = { approvers = ["group:dba"] }

    [[rule]]
    name = "never"
    effect = "forbid"
    who = ["*"]
    on = ["*"]
    do = { actions = ["tables.run"] }
"#;

/// What every rule says of a message, one word or list each.
fn said(text: &str) -> Vec<String> {
    let rules = policy(RULES);
    let word = |says: Says| match says {
        Says::Silent(why) => match why {
            Silence::Who => "who".to_owned(),
            Silence::Target => "target".to_owned(),
            Silence::Action => "action".to_owned(),
            Silence::Command => "command".to_owned(),
            Silence::Effect => "effect".to_owned(),
            Silence::Object => "object".to_owned(),
        },
        Says::Speaks { of, answer: Answer::Yes } => of.join("; "),
        Says::Speaks { of, answer } => format!("{answer:?}: {}", of.join("; ")),
    };
    rules.accounts(&message(text), &situation()).into_iter().map(|account| word(account.says)).collect()
}

#[test]
fn every_rule_is_accounted_for() {
    let table = [
        (
            "tables.read: read public.a(x,y); read private.b(z)",
            ["who", "target", "read public.a.x; read public.a.y", "read public.a.x", "effect", "action"],
        ),
        ("tables.read: read public.c(x)", ["who", "target", "read public.c.x", "object", "effect", "action"]),
        (
            "tables.write: write public.a(x)",
            ["who", "target", "effect", "action", "Unknown: write public.a.x", "action"],
        ),
        ("tables.run: execute public.f", ["who", "target", "effect", "action", "effect", "execute public.f"]),
        (
            "tables.read+tables.run: read public.a(x)",
            ["who", "target", "read public.a.x", "action", "effect", "read public.a.x"],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(said(text), expected, "{text}");
    }
}
