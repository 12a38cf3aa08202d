//! How long a large policy takes to read and check, and a decision on it to make.
//!
//! `cargo bench -p postern-core` prints medians of wall time; what else runs on the machine shows in them. It asserts
//! nothing. Enter at [`main`].

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "it prints what it measured, and ends where it cannot")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use postern_core::policy::{Rulebook, Situation};
use postern_core::ports::Identify;
use postern_core::{Claim, Effect, Micros, Object, Operation, Principal, Secret, Touch};
use postern_testkit::fakes::{KnownTokens, TOY, operation, rulebook};

const RULES: usize = 10_000;
const GROUPS: usize = 200;
const TARGETS: usize = 50;

fn main() {
    for (what, everybody) in [("200 groups, 50 targets", false), ("everybody, everywhere", true)] {
        println!("10,000 rules for {what}:");
        let text = policy(everybody);
        let reading = measured(20, || rulebook(&text, &[&TOY]).unwrap().rule_count());
        shown("read and check them, shadows and all", &reading);
        let rulebook = rulebook(&text, &[&TOY]).unwrap();
        for (who, groups) in [("in one group", 1), ("in all groups", GROUPS)] {
            decide(&rulebook, who, groups);
        }
    }
}

/// Rules of each kind over tables, some that ask, some that forbid, some with conditions: for a group on a target each, or
/// all of them for everybody on every target.
fn policy(everybody: bool) -> String {
    let mut text = String::from("[[principal]]\nname = '{sub}'\nkind = 'human'\nissuer = 'corp'\n");
    for target in 0..TARGETS {
        text.push_str(&format!(
            "[[target]]\nname = 't{target}'\nprotocol = 'toy'\naddress = 't{target}.test:7000'\nlogin = {{ user = 'app' }}\nlabels = {{ env = '{}' }}\n",
            ["prod", "dev"].get(target % 2).unwrap()
        ));
    }
    for at in 0..RULES {
        let group = at % GROUPS;
        let target = (at / GROUPS) % TARGETS;
        let (effect, more) = match at % 10 {
            0 => ("approve", "with = { approvers = ['group:dba'] }\n"),
            1 => ("forbid", "message = 'ask the owner'\n"),
            2 => ("forbid", "when = \"facts.no_where && target.labels.env == 'prod'\"\n"),
            3 => ("allow", "when = \"client.address.within('10.0.0.0/8')\"\n"),
            _ => ("allow", ""),
        };
        let effects = ["read", "write", "delete"].get(at % 3).unwrap();
        let (who, on) = match (everybody, at % 100) {
            (true, _) => ("*".to_owned(), "*".to_owned()),
            (false, 7) => ("*".to_owned(), format!("target:t{target}")),
            (false, _) => (format!("group:g{group}"), format!("target:t{target}")),
        };
        text.push_str(&format!(
            "[[rule]]\nname = 'r{at}'\neffect = '{effect}'\nwho = ['{who}']\non = ['{on}']\ndo = {{ effects = ['{effects}'], objects = ['s{}.t{at}', 's{}.u{}'] }}\n{more}",
            at % 7, at % 5, at % 300
        ));
    }
    text
}

fn decide(rulebook: &Rulebook, who: &str, groups: usize) {
    let names: Vec<String> = (0..groups).map(|group| format!("g{group}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let principal = somebody(rulebook, &names);
    let target = rulebook.targets.values().next().unwrap();
    let situation =
        Situation { principal: &principal, target, client: [10, 0, 0, 1].into(), now: Micros(1_700_000_000_000_000) };
    let scoping = measured(200, || rulebook.scope(&principal, target).is_some());
    shown(&format!("find the rules of somebody {who}, at login"), &scoping);
    let scope = rulebook.scope(&principal, target).unwrap();
    let operations: Vec<[Operation; 1]> = (0..300).map(|at| [statement(at)]).collect();
    let mut next = operations.iter().cycle();
    let deciding = measured(20_000, || scope.decide(next.next().unwrap(), &situation));
    shown(&format!("decide one statement of two tables, somebody {who}"), &deciding);
}

fn statement(at: usize) -> Operation {
    let read = Touch::columns(Effect::Read, Object::at([format!("s{}", at % 5), format!("u{at}")]), ["id", "total"]);
    let other = Touch::columns(Effect::Read, Object::at([format!("s{}", at % 7), format!("t{at}")]), ["id"]);
    operation("toy.read", vec![read, other], "select")
}

fn somebody(rulebook: &Rulebook, groups: &[&str]) -> Principal {
    let tokens = KnownTokens::default();
    tokens.know_with("token", KnownTokens::ISSUER, "ann", &[("sub", &["ann"])], groups);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let claim = Claim::Token(Secret::new("token"));
    let claims = runtime.block_on(tokens.identify(&claim)).unwrap();
    Principal::from_claims(&claims, &rulebook.trust).unwrap()
}

/// How long each of some runs took, shortest first.
fn measured<T>(runs: usize, mut run: impl FnMut() -> T) -> Vec<Duration> {
    let mut once = || {
        let start = Instant::now();
        black_box(run());
        start.elapsed()
    };
    let mut all: Vec<Duration> = (0..runs).map(|_| once()).collect();
    all.sort();
    all
}

fn shown(what: &str, all: &[Duration]) {
    let at = |percent: usize| all.get(all.len().saturating_sub(1).saturating_mul(percent).div_euclid(100)).unwrap();
    println!("{what}: median {:?}, p99 {:?}, of {} runs", at(50), at(99), all.len());
}
