//! Who becomes whom: trust rules over claims.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Kind, Template, TrustRule, matches};
use crate::Principal;
use crate::tests::{NOW, claims};

fn rule(name: &str, narrowed: &[(&str, &[&str])]) -> TrustRule {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    TrustRule {
        name: Template::parse(name).unwrap(),
        kind: Kind::Workload,
        issuer: "corp".to_owned(),
        claims: narrowed.iter().map(|(claim, patterns)| ((*claim).to_owned(), words(patterns))).collect(),
        groups: BTreeSet::from(["ci".to_owned()]),
        acts_for: None,
    }
}

/// The name of the principal that one rule makes of claims.
fn named(template: &str, given: &[(&str, &[&str])]) -> Option<String> {
    let principal = Principal::from_claims(&claims("s", given, &[]), &[rule(template, &[])]);
    principal.map(|principal| principal.name().to_owned())
}

#[test]
fn a_template_is_filled_from_claims() {
    let given: &[(&str, &[&str])] =
        &[("repo", &["acme/shop"]), ("ref", &["main"]), ("multi", &["a", "b"]), ("none", &[])];
    let table: &[(&str, Option<&str>)] = &[
        ("deploy-bot", Some("deploy-bot")),
        ("ci:{repo}", Some("ci:acme/shop")),
        ("{repo}", Some("acme/shop")),
        ("{repo}@{ref}", Some("acme/shop@main")),
        ("{repo}{repo}", Some("acme/shopacme/shop")),
        ("größe:{ref}:x", Some("größe:main:x")),
        // a hole, or a choice somebody else would make, is no name
        ("ci:{absent}", None),
        ("{multi}", None),
        ("{none}", None),
        ("{repo}:{absent}", None),
        ("{Repo}", None),
        ("{ repo }", None),
    ];
    for (template, expected) in table {
        assert_eq!(named(template, given).as_deref(), *expected, "{template}");
    }
}

#[test]
fn a_value_that_would_deceive_makes_no_name() {
    let values =
        ["", "a\nb", "a\0b", "\u{1b}[2J", "a\u{7f}", "a\u{85}b", "moc.elgoog\u{202e}", "ann\u{200b}", "\u{feff}ann"];
    for value in values {
        assert_eq!(named("u:{sub}", &[("sub", &[value])]), None, "{value:?}");
    }
    for value in ["ann", "Ann Müller", "名前", "a*b", "{sub}", "a:b"] {
        assert_eq!(named("u:{sub}", &[("sub", &[value])]), Some(format!("u:{value}")), "{value:?}");
    }
}

#[test]
fn a_template_with_a_lone_brace_or_an_empty_name_is_none() {
    for text in ["", "{", "}", "{}", "a{", "a}", "{a", "a{}b", "{a}}", "{{a}}", "}{", "a{b{c}d}"] {
        assert_eq!(Template::parse(text), None, "{text:?}");
    }
}

#[test]
fn claims_must_be_what_the_rule_says() {
    type Case =
        (&'static [(&'static str, &'static [&'static str])], &'static [(&'static str, &'static [&'static str])], bool);
    let table: &[Case] = &[
        (&[("repo", &["acme/shop"])], &[("repo", &["acme/shop"])], true),
        (&[("repo", &["acme/shop"])], &[("repo", &["acme/shop2"])], false),
        (&[("repo", &["acme/shop"])], &[("repo", &["Acme/shop"])], false),
        (&[("repo", &["acme/shop"])], &[], false),
        (&[("repo", &["acme/shop"])], &[("repo", &[])], false),
        (&[("repo", &["acme/*"])], &[("repo", &["acme/shop"])], true),
        (&[("repo", &["acme/*"])], &[("repo", &["evil/acme/shop"])], false),
        (&[("repo", &["*"])], &[("repo", &[""])], true),
        (&[("repo", &["*"])], &[], false),
        (&[("repo", &["acme/shop", "acme/site"])], &[("repo", &["acme/site"])], true),
        (&[("repo", &["acme/shop", "acme/site"])], &[("repo", &["acme/else"])], false),
        // a claim of several values fits where one of them does
        (&[("roles", &["deploy"])], &[("roles", &["read", "deploy"])], true),
        (&[("roles", &["deploy"])], &[("roles", &["read", "write"])], false),
        // all claims of the rule, not one of them
        (&[("repo", &["a"]), ("ref", &["main"])], &[("repo", &["a"]), ("ref", &["main"])], true),
        (&[("repo", &["a"]), ("ref", &["main"])], &[("repo", &["a"]), ("ref", &["dev"])], false),
        (&[("repo", &["a"]), ("ref", &["main"])], &[("repo", &["a"])], false),
        // a list without a pattern fits nothing
        (&[("repo", &[])], &[("repo", &["a"])], false),
        (&[], &[], true),
    ];
    for (wanted, given, fits) in table {
        let principal = Principal::from_claims(&claims("s", given, &[]), &[rule("bot", wanted)]);
        assert_eq!(principal.is_some(), *fits, "{wanted:?} on {given:?}");
    }
}

#[test]
fn the_first_rule_that_fits_decides() {
    let rules = [rule("main", &[("ref", &["main"])]), rule("any", &[]), rule("never", &[])];
    let name =
        |of: &str| Principal::from_claims(&claims("s", &[("ref", &[of])], &[]), &rules).unwrap().name().to_owned();
    assert_eq!(name("main"), "main");
    assert_eq!(name("dev"), "any");
    // a rule that fits but cannot fill its name is passed over, it does not end the search
    let rules = [rule("{absent}", &[]), rule("any", &[])];
    assert_eq!(Principal::from_claims(&claims("s", &[], &[]), &rules).unwrap().name(), "any");
    assert_eq!(Principal::from_claims(&claims("s", &[], &[]), &[]), None);
}

#[test]
fn another_issuer_vouches_for_nobody() {
    let mut other = rule("bot", &[]);
    other.issuer = "corp2".to_owned();
    assert_eq!(Principal::from_claims(&claims("s", &[], &[]), &[other]), None);
}

#[test]
fn a_principal_is_what_rule_and_issuer_say() {
    let rule = TrustRule {
        name: Template::parse("{sub}'s agent").unwrap(),
        kind: Kind::Agent,
        acts_for: Some(Template::parse("{sub}").unwrap()),
        ..rule("x", &[])
    };
    let principal = Principal::from_claims(&claims("7", &[("sub", &["ann"])], &["gh:dev", "ci"]), &[rule]).unwrap();
    assert_eq!(principal.kind(), Kind::Agent);
    assert_eq!(principal.name(), "ann's agent");
    assert_eq!((principal.issuer(), principal.subject()), ("corp", "7"));
    assert_eq!(principal.groups(), &BTreeSet::from(["ci".to_owned(), "gh:dev".to_owned()]));
    assert_eq!(principal.acts_for(), Some("ann"));
    assert_eq!(principal.expires(), NOW);
    let summary = principal.summary();
    assert_eq!(
        (summary.kind, summary.name.as_str(), summary.acts_for.as_deref()),
        (Kind::Agent, "ann's agent", Some("ann"))
    );
    let json = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<super::PrincipalSummary>(&json).unwrap(), summary);
}

#[test]
fn an_agent_whose_human_is_unknown_is_nobody() {
    let rule =
        TrustRule { kind: Kind::Agent, acts_for: Some(Template::parse("{owner}").unwrap()), ..rule("agent", &[]) };
    assert_eq!(Principal::from_claims(&claims("s", &[], &[]), std::slice::from_ref(&rule)), None);
    assert!(Principal::from_claims(&claims("s", &[("owner", &["ann"])], &[]), &[rule]).is_some());
}

#[test]
fn wildcards() {
    let table: &[(&str, &str, bool)] = &[
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("*", "anything", true),
        ("**", "", true),
        ("a*", "a", true),
        ("a*", "ab", true),
        ("a*", "ba", false),
        ("*a", "a", true),
        ("*a", "ba", true),
        ("*a", "ab", false),
        ("a*a", "a", false),
        ("a*a", "aa", true),
        ("a*b*c", "abc", true),
        ("a*b*c", "axxbyyc", true),
        ("a*b*c", "acb", false),
        ("*ab*ab", "ab", false),
        ("*ab*ab", "abab", true),
        ("a*bc*c", "abc", false),
        ("a*bc*c", "abcc", true),
        ("ä*", "ä", true),
        ("a.b", "aXb", false),
        ("A", "a", false),
    ];
    for (pattern, text, fits) in table {
        assert_eq!(matches(pattern, text), *fits, "`{pattern}` on `{text}`");
    }
}

/// The textbook definition, slow and plain.
fn fits(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => fits(rest, text) || (!text.is_empty() && fits(pattern, &text[1..])),
        ([one, rest @ ..], [other, more @ ..]) => one == other && fits(rest, more),
        _ => false,
    }
}

proptest! {
    #[test]
    fn wildcards_are_as_defined(pattern in "[ab*]{0,7}", text in "[ab]{0,9}") {
        let (slow, plain): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
        prop_assert_eq!(matches(&pattern, &text), fits(&slow, &plain));
    }

    #[test]
    fn a_template_never_invents(text in "[a-z{}:]{0,12}", value in "\\PC{0,6}") {
        let given = BTreeMap::from([("a", value.as_str())]);
        let given: Vec<(&str, Vec<&str>)> = given.iter().map(|(name, value)| (*name, vec![*value])).collect();
        let given: Vec<(&str, &[&str])> = given.iter().map(|(name, values)| (*name, values.as_slice())).collect();
        if Template::parse(&text).is_some() && let Some(name) = named(&text, &given) {
            prop_assert_eq!(name, text.replace("{a}", &value));
        }
    }
}
