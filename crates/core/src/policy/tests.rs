//! Policies as operators write them, and what follows for operations as protocols report them.

mod accounts;
mod conditions;
mod decisions;
mod everything;
mod hints;
mod implied;
mod indexed;
mod lifts;
mod limits;
mod masks;
mod mistakes;
mod needs;
mod offers;
mod patterns;
mod references;
mod roles;
mod terms;
mod unknown;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use super::{Rulebook, Scope, Situation};
use crate::identity::Kind;
use crate::operation::{Columns, Operation, Reading};
use crate::target::Target;
use crate::tests::{NOW, object, operation, principal, rulebook};
use crate::verdict::{RuleName, Verdict};
use crate::{Action, Effect, Principal, Touch};

/// People, and one target of each protocol, with labels.
const TARGETS: &str = r#"
    [[principal]]
    name   = "{sub}"
    kind   = "human"
    issuer = "corp"

    [[target]]
    name      = "shop"
    protocol  = "tables"
    address   = "shop.test:7000"
    login     = { user = "app", password = "env:SHOP" }
    labels    = { env = "prod" }

    [[target]]
    name      = "stats"
    protocol  = "tables"
    address   = "stats.test:7000"
    login     = { user = "app" }
    labels    = { env = "dev" }

    [[target]]
    name      = "files"
    protocol  = "paths"
    host_key  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ"
    address   = "files.test:7001"
    login     = { user = "app", key = "env:FILES" }
"#;

/// The rulebook of these rules and masks over [`TARGETS`].
fn policy(rules: &str) -> Rulebook {
    rulebook(&format!("{TARGETS}{rules}")).unwrap_or_else(|wrong| panic!("{wrong:#?}"))
}

fn bot() -> Principal {
    principal(Kind::Workload, "bot", &["ci"])
}

/// What a principal may do on a target.
fn scope(rulebook: &Rulebook, who: &Principal, target: &str) -> Scope {
    let target = rulebook.targets.values().find(|one| one.name.as_str() == target).unwrap();
    rulebook.scope(who, target).unwrap()
}

/// The bot at the shop, from a private network, on New Year's Day.
fn situation() -> Situation<'static> {
    static BOT: LazyLock<Principal> = LazyLock::new(bot);
    static SHOP: LazyLock<Arc<Target>> =
        LazyLock::new(|| policy("").targets.values().find(|one| one.name.as_str() == "shop").map(Arc::clone).unwrap());
    Situation { principal: &BOT, target: &SHOP, client: [10, 1, 2, 3].into(), now: NOW }
}

/// What is decided there and then.
fn verdict(scope: &Scope, operations: &[Operation]) -> Verdict {
    scope.decide(operations, &situation())
}

fn admits(scope: &Scope) -> bool {
    scope.admits(&situation())
}

/// `action: effect object(column,column); effect object(*); …`, with `+action` for others in it, `?` for what was not
/// read wholly and `database/` before an object for its space.
fn message(text: &str) -> Operation {
    let (action, touches) = text.split_once(':').unwrap();
    let opaque = action.ends_with('?');
    let mut actions =
        action.trim_end_matches('?').split('+').map(|action| -> &'static str { action.to_owned().leak() });
    let touches = touches.split(';').map(str::trim).filter(|touch| !touch.is_empty()).map(touch).collect();
    operation(actions.next().unwrap(), touches).but(|deed| {
        deed.also = actions.map(Action).collect();
        if opaque {
            deed.reading = Reading::Opaque("it is dynamic".to_owned());
        }
    })
}

fn touch(text: &str) -> Touch {
    let (effect, rest) = text.split_once(' ').unwrap();
    let effect = Effect::ALL.iter().find(|one| one.word() == effect).unwrap();
    let (path, columns) = match rest.strip_suffix(')').and_then(|rest| rest.split_once('(')) {
        None => (rest, Columns::None),
        Some((path, "*")) => (path, Columns::All),
        Some((path, "")) => (path, Columns::Named(BTreeSet::new())),
        Some((path, names)) => (path, Columns::Named(names.split(',').map(Into::into).collect())),
    };
    let object = match path.split_once('/') {
        Some((space, path)) => object(path).within(space),
        None => object(path),
    };
    Touch { effect: *effect, object, columns }
}

/// A verdict in few words: what, by which rules, with which code.
fn said(verdict: &Verdict) -> String {
    let names = |rules: &[RuleName]| rules.iter().map(|rule| format!(" {rule}")).collect::<String>();
    match verdict {
        Verdict::Allow(duties) => format!("allow{}", names(&duties.rules)),
        Verdict::Hold(terms) => format!("hold{}", names(&terms.rules)),
        Verdict::Deny(denial) => {
            format!(
                "deny {}{}",
                denial.code.number(),
                denial.rule.iter().map(|rule| format!(" {rule}")).collect::<String>()
            )
        }
    }
}

/// What is decided about the messages, each on its own.
fn decided(scope: &Scope, text: &str) -> String {
    said(&verdict(scope, &[message(text)]))
}

/// Checks a table of messages and what is decided about each.
fn check(scope: &Scope, table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .map(|(text, expected)| (text, expected, decided(scope, text)))
        .filter(|(_, expected, got)| *expected != got)
        .map(|(text, expected, got)| format!("{text}\n    expected {expected}, got {got}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
