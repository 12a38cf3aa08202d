//! Any rules, any operations: the index changes no decision, and what is called shadowed never speaks alone.

use std::sync::Arc;

use proptest::prelude::*;

use super::{TARGETS, bot, message, said, scope, verdict};
use crate::document::{Findings, Reader, Severity, parse};
use crate::identity::Kind;
use crate::operation::Effect;
use crate::policy::concern::Concern;
use crate::policy::index::Index;
use crate::policy::source::{Around, Source, Voucher};
use crate::policy::{Rulebook, Scope};
use crate::tests::{PATHS, TABLES, principal};
use crate::verdict::Verdict;

const WHO: &[&str] = &["*", "group:ci", "group:dba", "principal:bot", "principal:b*", "kind:workload", "kind:human"];
const ON: &[&str] = &["*", "target:shop", "target:stats", "label:env=prod", "protocol:tables"];
const OBJECTS: &[&str] = &[
    "*",
    "public.*",
    "public.a",
    "public.{a,b}",
    "public.a.x",
    "*.*.x",
    "*.a",
    "p*.a",
    "main/public.a",
    "main/*",
    "other.*",
    "sys.types",
];
const ACTIONS: &[&str] = &["tables.*", "tables.read", "tables.delete", "tables.run", "tables.begin"];
const WHEN: &[&str] = &[
    "facts.no_where",
    "client.address.within('10.0.0.0/8')",
    "principal.name == 'ann'",
    "1 / (size(principal.name) - 3) > 0",
];
const MESSAGES: &[&str] = &[
    "tables.read: read public.a",
    "tables.read: read public.a(x)",
    "tables.read: read public.a(x,y); read public.b(*)",
    "tables.read: read main/public.a(x)",
    "tables.read: read other.a(x)",
    "tables.read: read sys.types(a)",
    "tables.read+tables.delete: read public.b(x); delete public.a",
    "tables.write: write public.a(x)",
    "tables.drop: define public",
    "tables.drop: delete public.a; define other.b",
    "tables.run?: execute public.f",
    "tables.run?: unknown public.a",
    "tables.begin: session sys.begin",
    "tables.run: unknown other.x",
    "tables.read: read *(*); transfer *",
    "tables.read: transfer main/*",
    "tables.read: read public.*(*)",
    "tables.read: transfer *.a",
    "tables.write: write p*.a",
    "tables.delete: delete public.a*",
];

/// One rule as an operator would write it, without its name.
fn rule() -> impl Strategy<Value = String> {
    let some = |words: &'static [&'static str], most: usize| {
        prop::collection::btree_set(prop::sample::select(words), 1..=most)
    };
    let effects: Vec<&str> = Effect::ALL.iter().map(|effect| effect.word()).collect();
    let effects = prop::collection::btree_set(prop::sample::select(effects), 1..4);
    let what = (
        prop::option::weighted(0.6, effects),
        prop::option::weighted(0.2, some(ACTIONS, 2)),
        prop::option::weighted(0.6, some(OBJECTS, 3)),
    );
    let effect = prop::sample::select(&["allow", "allow", "approve", "forbid"][..]);
    let when = prop::option::weighted(0.2, prop::sample::select(WHEN));
    (effect, some(WHO, 2), some(ON, 2), what, when, prop::bool::weighted(0.8)).prop_map(
        |(effect, who, on, (effects, actions, objects), when, implied)| {
            let list = |key: &str, words: Option<std::collections::BTreeSet<&str>>| {
                words
                    .map(|words| format!("{key} = {words:?}"))
                    .into_iter()
                    .map(|list| list.replace('{', "[").replace('}', "]"))
            };
            let objects = objects.map(|objects| objects.into_iter().flat_map(expanded).collect());
            let what: Vec<String> =
                list("effects", effects).chain(list("actions", actions)).chain(list("objects", objects)).collect();
            let mut text = format!("effect = \"{effect}\"\n");
            text.extend(list("who", Some(who)).chain(list("on", Some(on))).map(|line| line + "\n"));
            text.push_str(&format!("implied = {implied}\ndo = {{ {} }}\n", what.join(", ")));
            text.extend(when.map(|when| format!("when = \"{when}\"\n")));
            text.push_str(if effect == "approve" { "with = { approvers = [\"group:dba\"] }\n" } else { "" });
            text
        },
    )
}

/// A choice in braces as its two patterns: a list is written with braces here.
fn expanded(object: &'static str) -> Vec<&'static str> {
    if object == "public.{a,b}" { vec!["public.a", "public.b"] } else { vec![object] }
}

/// The rules, named in order, leaving one out.
fn written(rules: &[String], without: Option<usize>) -> String {
    let kept = rules.iter().enumerate().filter(|(at, _)| Some(*at) != without);
    kept.map(|(at, rule)| format!("[[rule]]\nname = \"r{at}\"\n{rule}\n")).collect()
}

/// The rulebook and what it is warned of: the rule, and what is said.
fn read(rules: &str) -> (Rulebook, Vec<(usize, String)>) {
    let text = format!("{rules}{TARGETS}");
    let mut findings = Findings::new();
    let (file, table) = parse(&mut findings, "policy.toml", &text).unwrap();
    let mut top = Reader::top(file, &table);
    let mut source = Source::default();
    source.gather(&mut findings, &mut top);
    let issuers = [Voucher { name: "corp", url: "https://corp.test", groups: Some(""), only: None }];
    let around = Around { vocabularies: &[&TABLES, &PATHS], later: &[], issuers: &issuers };
    let rulebook = source.compile(&mut findings, &around, &[&text]);
    let named = |message: &str| message.strip_prefix("rule `r")?.split_once('`')?.0.parse().ok();
    let warnings = findings.diagnostics().iter().filter(|found| found.severity == Severity::Warning);
    let warnings = warnings.filter_map(|found| Some((named(&found.message)?, found.message.clone()))).collect();
    (rulebook, warnings)
}

/// The same scope, asked rule by rule.
fn walked(rulebook: &Rulebook) -> Scope {
    let scope = scope(rulebook, &bot(), "shop");
    let mut rules = rulebook.rules.clone();
    rules.retain(|rule| {
        let situation = super::situation();
        rule.who.iter().any(|who| who.names(situation.principal)) && rule.on.iter().any(|on| on.names(situation.target))
    });
    let all: Vec<usize> = (0..rules.len()).collect();
    let mut concern = Concern::of(rules, scope.concern.vocabulary);
    concern.index = Index::everything(&all);
    Scope { concern: Arc::new(concern), ..scope }
}

fn kind(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Allow(_) => "allow",
        Verdict::Hold(_) => "hold",
        Verdict::Deny(_) => "deny",
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_index_changes_no_decision(rules in prop::collection::vec(rule(), 1..12)) {
        let (rulebook, _) = read(&written(&rules, None));
        let (indexed, walked) = (scope(&rulebook, &bot(), "shop"), walked(&rulebook));
        prop_assert_eq!(&indexed.concern.rules, &walked.concern.rules);
        for text in MESSAGES {
            let operations = [message(text)];
            let (one, other) = (verdict(&indexed, &operations), verdict(&walked, &operations));
            prop_assert_eq!(format!("{one:?}"), format!("{other:?}"), "{}", text);
        }
    }

    #[test]
    fn what_is_called_shadowed_is(rules in prop::collection::vec(rule(), 2..8)) {
        let (rulebook, warnings) = read(&written(&rules, None));
        let scope_of = |rulebook: &Rulebook| scope(rulebook, &bot(), "shop");
        let whole = scope_of(&rulebook);
        for (at, warning) in warnings {
            let name = format!("r{at}");
            let lets = |names: &[crate::verdict::RuleName]| names.iter().any(|other| *other.0 == *name);
            let rest = scope_of(&read(&written(&rules, Some(at))).0);
            for text in MESSAGES {
                let operations = [message(text)];
                let verdict = verdict(&whole, &operations);
                let alone = matches!(&verdict, Verdict::Allow(duties) if lets(&duties.rules));
                let asks = matches!(&verdict, Verdict::Hold(terms) if lets(&terms.rules));
                let without = super::verdict(&rest, &operations);
                // what is implied is let through whoever names it besides
                let implied = warning.contains("through alone") && kind(&without) == "allow";
                let nothing = warning.contains("adds nothing") || implied;
                prop_assert!(!alone || nothing, "{}: {}: {}", warning, text, said(&verdict));
                prop_assert!(!asks || nothing, "{}: {}: {}", warning, text, said(&verdict));
                if warning.contains("adds nothing") {
                    prop_assert_eq!(kind(&verdict), kind(&without), "{}: {}", warning, text);
                }
            }
        }
    }
}

#[test]
fn rules_that_name_somebody_else_are_not_gone_through() {
    let rules: String = (0..100)
        .map(|at| {
            format!(
                "[[rule]]\nname = 'r{at}'\neffect = 'allow'\nwho = ['group:g{at}', 'principal:p{at}']\non = ['*']\n"
            )
        })
        .collect();
    let (rulebook, _) = read(&rules);
    let somebody = crate::tests::principal(crate::identity::Kind::Human, "p7", &["g7", "g30"]);
    assert_eq!(rulebook.naming.candidates(&somebody), [7, 30]);
    let objects: String = (0..100)
        .map(|at| format!("[[rule]]\nname = 'r{at}'\neffect = 'allow'\nwho = ['*']\non = ['*']\ndo = {{ objects = ['s{}.t{at}'] }}\n", at % 10))
        .collect();
    let (rulebook, _) = read(&objects);
    let scope = scope(&rulebook, &bot(), "shop");
    let found = |path: &str| scope.concern.index.candidates(Effect::Read, &crate::tests::object(path));
    assert_eq!(found("s3.t13"), [13]);
    assert!(found("s3.t14").is_empty());
    assert_eq!(found("s3"), [3, 13, 23, 33, 43, 53, 63, 73, 83, 93]);
    assert!(Arc::ptr_eq(&scope.concern.rules[13], &rulebook.rules[13]));
}

#[test]
fn whom_the_same_rules_concern_shares_them_for_as_long_as_somebody_is_there() {
    let rules = r#"
        [[rule]]
        name   = "reads"
        effect = "allow"
        who    = ["group:ci"]
        on     = ["target:shop", "target:stats"]
        do     = { effects = ["read"], objects = ["public.*"] }

        [[rule]]
        name   = "writes"
        effect = "allow"
        who    = ["principal:bot"]
        on     = ["target:shop"]
        do     = { effects = ["write"], objects = ["public.*"] }
    "#;
    let rulebook = super::policy(rules);
    let (ann, bob) = (principal(Kind::Workload, "ann", &["ci"]), principal(Kind::Workload, "bob", &["ci", "dba"]));
    let (of_ann, of_bob) = (scope(&rulebook, &ann, "shop"), scope(&rulebook, &bob, "stats"));
    assert!(Arc::ptr_eq(&of_ann.concern, &of_bob.concern));
    let of_bot = scope(&rulebook, &bot(), "shop");
    assert_eq!(of_bot.concern.rules.len(), 2);
    assert_eq!(of_ann.concern.rules.len(), 1);
    drop((of_ann, of_bob));
    assert_eq!(rulebook.concerns.count(), 1);
    drop(of_bot);
    assert_eq!(rulebook.concerns.count(), 0);
}
