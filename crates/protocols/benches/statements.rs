//! How long it takes to read a statement that was never seen before, to decide about one that was read, and to do both and
//! write it anew with images in the place of masked columns.
//!
//! `cargo bench -p postern-protocols` prints, a line each and separated by tabs, what was done, the median and the 99th
//! percentile in microseconds. It asserts nothing. Enter at [`main`].

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "it prints what it measured, and ends where it cannot"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use postern_core::document::{Findings, Reader, parse};
use postern_core::inventory::{Inventory, Supposition};
use postern_core::policy::{Rulebook, Scope, Situation};
use postern_core::ports::{Identify, Protocol};
use postern_core::{Claim, Micros, Operation, Principal, Secret};
use postern_protocols::postgres::{Postgres, vocabulary::VOCABULARY};
use postern_testkit::fakes::{KnownTokens, rulebook};

/// The tables of them all.
const SCHEMA: &str = include_str!("shop.schema.toml");

/// Masks that a few of them meet: in what they show, and in what they compute.
const MASKS: &str = "[[mask]]\nname = 'people'\ncolumns = ['public.customers.email', 'public.customers.phone']\nkind = 'partial'\n\
     [[mask]]\nname = 'money'\ncolumns = ['public.pgbench_accounts.abalance', 'public.items.price']\nkind = 'null'\n\
     predicates = 'mask'\n";

const RUNS: u32 = 20_000;
const RULES: usize = 50;

/// A point select, a report with joins, and a change; `$` is where each run has a number of its own.
const STATEMENTS: [(&str, &str); 4] = [
    ("a point select", "SELECT abalance FROM pgbench_accounts WHERE aid = $"),
    (
        "a report",
        "SELECT c.country, count(*) AS orders, sum(i.price * i.quantity) AS total FROM customers c JOIN orders o ON \
         o.customer_id = c.id JOIN items i ON i.order_id = o.id LEFT JOIN returns r ON r.order_id = o.id WHERE o.placed >= \
         '2026-01-01' AND c.id <> $ AND r.id IS NULL GROUP BY c.country HAVING count(*) > 10 ORDER BY total DESC LIMIT 50",
    ),
    ("a look at customers", "SELECT id, email, phone FROM customers WHERE id = $"),
    ("a change", "UPDATE orders SET state = 'sent', changed = now() WHERE id = $ AND state = 'packed'"),
];

fn main() {
    let plain = rulebook(&policy(), &[&VOCABULARY]).unwrap();
    let principal = somebody(&plain);
    let target = plain.targets.values().next().unwrap();
    let scope = plain.scope(&principal, target).unwrap();
    let situation =
        Situation { principal: &principal, target, client: [10, 0, 0, 1].into(), now: Micros(1_700_000_000_000_000) };
    let inventory = Postgres::new().assumed();
    let masked = rulebook(&format!("{}{MASKS}", policy()), &[&VOCABULARY]).unwrap();
    let masked = masked.scope(&principal, target).unwrap();
    let shop = shop();
    for (what, text) in STATEMENTS {
        let texts: Vec<String> = (0..RUNS).map(|run| text.replace('$', &run.to_string())).collect();
        let read = |text: &str| operations(&*inventory, text);
        shown(&format!("read {what}"), texts.iter().map(|text| timed(|| read(text))));
        let operations: Vec<_> = texts.iter().map(|text| read(text)).collect();
        let decide = |operations: &[Operation], scope: &Scope| scope.decide(operations, &situation);
        shown(&format!("decide about {what}"), operations.iter().map(|one| timed(|| decide(one, &scope))));
        let anew = |text: &String| {
            // it is read to be decided about, and what is sent for it reads it for itself
            let operations = self::operations(&*shop, text);
            let due = masked.duties();
            timed(|| (decide(&operations, &masked), shop.sent("db", "app", text, &due)))
        };
        if shop.sent("db", "app", &texts[0], &masked.duties()).is_some() {
            shown(&format!("read, decide about and write anew {what}"), texts.iter().map(anew));
        }
    }
}

/// What is known of the tables.
fn shop() -> Arc<dyn Inventory> {
    let mut findings = Findings::new();
    let (file, table) = parse(&mut findings, "shop.schema.toml", SCHEMA).unwrap();
    Postgres::new().recall(&mut findings, Reader::top(file, &table)).unwrap()
}

fn operations(inventory: &dyn Inventory, text: &str) -> Vec<Operation> {
    let of = |supposition: Supposition| supposition.operation;
    inventory.suppose("db", "app", text).into_iter().map(of).collect()
}

/// Rules of each kind, over the tables that are asked about and over others.
fn policy() -> String {
    let mut text = String::from(
        "[[principal]]\nname = '{sub}'\nkind = 'human'\nissuer = 'corp'\n\
         [[target]]\nname = 'db'\nprotocol = 'postgres'\naddress = 'db.test:5432'\nlogin = { user = 'app' }\n",
    );
    for at in 0..RULES {
        let (effect, more) = match at % 5 {
            0 => ("approve", "with = { approvers = ['group:dba'] }\n"),
            1 => ("forbid", "when = \"facts.no_where\"\n"),
            _ => ("allow", ""),
        };
        let objects = if at % 5 < 2 || at > 10 { format!("public.t{at}") } else { "public.*".to_owned() };
        text.push_str(&format!(
            "[[rule]]\nname = 'r{at}'\neffect = '{effect}'\nwho = ['group:g']\non = ['target:db']\n\
             do = {{ effects = ['read', 'write'], objects = ['{objects}'] }}\n{more}"
        ));
    }
    text
}

fn somebody(rulebook: &Rulebook) -> Principal {
    let tokens = KnownTokens::default();
    tokens.know_with("token", KnownTokens::ISSUER, "ann", &[("sub", &["ann"])], &["g"]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let claim = Claim::Token(Secret::new("token"));
    let claims = runtime.block_on(tokens.identify(&claim)).unwrap();
    Principal::from_claims(&claims, &rulebook.trust).unwrap()
}

fn timed<T>(run: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(run());
    start.elapsed()
}

fn shown(what: &str, runs: impl Iterator<Item = Duration>) {
    let mut all: Vec<Duration> = runs.collect();
    all.sort();
    let at = |percent: usize| {
        let place = all.len().saturating_sub(1).saturating_mul(percent).div_euclid(100);
        all.get(place).unwrap().as_secs_f64() * 1e6
    };
    println!("{what}\t{:.2}\t{:.2}", at(50), at(99));
}
