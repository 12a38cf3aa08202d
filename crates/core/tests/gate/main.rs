//! The gate, from the first connection to the last record, in a house of fakes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test names what it looks for, and ends where it does not find it"
)]

mod changes;
mod credentials;
mod entering;
mod holding;
mod lasting;
mod lifting;
mod logins;
mod recording;
mod remembered;
mod submitting;
mod usage;

use postern_core::gate::{Asked, Asking, Decision, Held, Open, Standing};
use postern_core::journal::{Decided, Event};
use postern_core::{Claim, Denial, Effect, Gate, Object, Operation, Secret, Touch};
use postern_testkit::fakes::{Arrivals, Dwelling, HouseBuilder, Reach, operation};

/// Who is who, and where. `ann` and `ben` are people, `helper` is an agent that acts for `ann`, `bot` is a workload.
const PEOPLE: &str = r#"
    [[principal]]
    name     = "helper"
    kind     = "agent"
    issuer   = "corp"
    claims   = { sub = "helper" }
    acts_for = "ann"
    groups   = ["ci"]

    [[principal]]
    name   = "bot"
    kind   = "workload"
    issuer = "corp"
    claims = { sub = "bot" }
    groups = ["ci", "dba"]

    [[principal]]
    name   = "{sub}"
    kind   = "human"
    issuer = "corp"
    claims = { sub = ["ann", "ben", "cat"] }
    groups = ["dba"]
"#;

const TARGETS: &str = r#"
    [[target]]
    name      = "shop"
    protocol  = "toy"
    address   = "shop.test:7000"
    database  = "main"
    databases = ["main", "stats"]
    login     = { user = "app", password = "env:SHOP" }
    labels    = { env = "prod" }

    [[target]]
    name      = "hidden"
    protocol  = "toy"
    address   = "hidden.test:7000"
    login     = { user = "app", password = "env:SHOP" }
"#;

const RULES: &str = r#"
    [[rule]]
    name   = "reads"
    effect = "allow"
    who    = ["*"]
    on     = ["target:shop"]
    do     = { effects = ["read"], objects = ["public.*"] }

    [[rule]]
    name   = "deletes"
    effect = "approve"
    who    = ["*"]
    on     = ["target:shop"]
    do     = { effects = ["delete"], objects = ["public.*"] }
    with   = { approvers = ["group:dba"], expires = "10m" }

    [[rule]]
    name    = "no-drops"
    effect  = "forbid"
    who     = ["*"]
    on      = ["*"]
    do      = { actions = ["toy.drop"] }
    message = "ask #dba"
"#;

/// The usual people and targets under these rules.
fn policy(rules: &str) -> String {
    format!("{PEOPLE}{TARGETS}{rules}")
}

/// A house under these rules, in which everybody's token is their name.
fn house(rules: &str) -> (Dwelling, Arrivals) {
    let (builder, arrivals) = builder(rules);
    (known(builder), arrivals)
}

fn builder(rules: &str) -> (HouseBuilder, Arrivals) {
    let (reach, arrivals) = Reach::pairs();
    (HouseBuilder::new(policy(rules)).reaching(reach), arrivals)
}

fn known(builder: HouseBuilder) -> Dwelling {
    let dwelling = builder.build().unwrap();
    for name in ["ann", "ben", "cat", "helper", "bot", "stranger"] {
        dwelling.tokens.know(name, name);
    }
    dwelling.vault.put("env:SHOP", "hunter22");
    dwelling
}

fn token(text: &str) -> Claim {
    Claim::Token(Secret::new(text))
}

fn touching(action: &'static str, effect: Effect, text: &str) -> Operation {
    operation(action, vec![Touch::whole(effect, Object::at(["public", "orders"]))], text)
}

fn read() -> Operation {
    touching("toy.read", Effect::Read, "read of 'swordfish'")
}

fn delete() -> Operation {
    touching("toy.delete", Effect::Delete, "delete of 'swordfish'")
}

/// What the journal says was decided, in order.
fn decisions(dwelling: &Dwelling) -> Vec<Decided> {
    let decided = |event| match event {
        Event::Operation { decided, .. } => Some(decided),
        _ => None,
    };
    dwelling.journal.events().into_iter().filter_map(decided).collect()
}

/// The same in a word each.
fn verdicts(dwelling: &Dwelling) -> Vec<String> {
    let word = |decided| match decided {
        Decided::Allow { approval: None, .. } => "allow".to_owned(),
        Decided::Allow { approval: Some(_), .. } => "allow by approval".to_owned(),
        Decided::Hold { .. } => "hold".to_owned(),
        Decided::Deny { code, .. } => format!("deny {code}"),
    };
    decisions(dwelling).into_iter().map(word).collect()
}

/// Submits what needs a human.
async fn asking(gate: &mut Gate<Open>, operation: Operation) -> Box<Asking> {
    match gate.submit(vec![operation], "payload".into()).await.unwrap() {
        Decision::Ask(asking) => asking,
        other => panic!("it needs a human: {other:?}"),
    }
}

/// Submits what waits for a human.
async fn held(gate: &mut Gate<Open>, operation: Operation) -> Held {
    let asking = asking(gate, operation).await;
    match gate.ask(asking, Standing::Free).await.unwrap() {
        Asked::Wait(held) => *held,
        other => panic!("it waits: {other:?}"),
    }
}

/// Submits what is refused at once.
async fn refused(gate: &mut Gate<Open>, operations: Vec<Operation>) -> Denial {
    match gate.submit(operations, "payload".into()).await.unwrap() {
        Decision::No(denial) => denial,
        other => panic!("it is refused: {other:?}"),
    }
}
