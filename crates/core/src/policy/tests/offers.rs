//! Rules that offer commands: what they speak of, and what goes to the target for them.

use super::{bot, message, policy, said, scope, situation, verdict};
use crate::operation::Operation;
use crate::policy::{Says, Silence};
use crate::verdict::{Duties, Verdict};

const RULES: &str = r#"
    [[rule]]
    name = "restarts"
    effect = "allow"
    who = ["*"]
    on = ["target:shop"]
    do = { run = ["service restart {name:[a-z]+}", "uptime"] }

    [[rule]]
    name = "wipes"
    effect = "approve"
    who = ["*"]
    on = ["target:shop"]
    do = { run = "wipe {disk:[a-z]+}" }
    with = { approvers = ["group:dba"] }
"#;

const NEVER: &str = r#"
    [[rule]]
    name = "never"
    effect = "forbid"
    who = ["*"]
    on = ["*"]
    do = { objects = ["bin.halt"] }
"#;

const ANYTHING: &str = r#"
    [[rule]]
    name = "all programs"
    effect = "allow"
    who = ["*"]
    on = ["target:shop"]
    do = { actions = ["tables.run"] }
"#;

/// A command that runs a program, with the words that are known of it.
fn running(text: &str, words: Option<&str>) -> Operation {
    message(text).but(|deed| {
        deed.command = words.map(|words| words.split(' ').map(str::to_owned).collect());
    })
}

fn due(verdict: Verdict) -> Option<Duties> {
    match verdict {
        Verdict::Allow(duties) => Some(duties),
        Verdict::Hold(terms) => Some(terms.duties),
        Verdict::Deny(_) => None,
    }
}

#[test]
fn what_is_offered_runs_and_nothing_else_does() {
    let scope = scope(&policy(RULES), &bot(), "shop");
    let run = "tables.run: execute bin.service";
    let table = [
        (run, Some("service restart web"), "allow restarts"),
        (run, Some("uptime"), "allow restarts"),
        // whatever is in it, its words are known
        ("tables.run?: execute bin.service", Some("uptime"), "allow restarts"),
        ("tables.run: execute bin.service; write etc.f; unknown bin.x", Some("uptime"), "allow restarts"),
        (run, Some("wipe sda"), "hold wipes"),
        ("tables.run?: execute bin.wipe", Some("wipe sda"), "hold wipes"),
        (run, Some("service stop web"), "deny 3001"),
        (run, Some("service restart web db"), "deny 3001"),
        (run, Some("wipe SDA"), "deny 3001"),
        // nobody knows what words it is made of
        (run, None, "deny 3001"),
        ("tables.run?: execute bin.service", None, "deny 3012"),
        // it is no command
        ("tables.write: execute bin.service", Some("uptime"), "deny 3001"),
        ("tables.run+tables.write: execute bin.service", Some("uptime"), "deny 3001"),
        ("tables.run?: execute bin.service", Some("wipe SDA"), "deny 3012"),
    ];
    for (text, words, expected) in table {
        assert_eq!(said(&verdict(&scope, &[running(text, words)])), expected, "{text} {words:?}");
    }
    // what connecting implies is implied
    assert_eq!(said(&verdict(&scope, &[message("tables.begin: session sys.begin")])), "allow");
}

#[test]
fn an_offer_takes_nothing_away_from_what_is_forbidden() {
    let scope = scope(&policy(&format!("{RULES}{NEVER}")), &bot(), "shop");
    let table = [
        ("tables.run: execute bin.service", "allow restarts"),
        ("tables.run: execute bin.halt", "deny 3002 never"),
        // what cannot be read may be it
        ("tables.run?: execute bin.service", "deny 3002 never"),
    ];
    for (text, expected) in table {
        assert_eq!(said(&verdict(&scope, &[running(text, Some("uptime"))])), expected, "{text}");
    }
}

/// Words of a client's go to the target only where no rule that offers the command let it through.
#[test]
fn what_is_offered_is_put_together() {
    let offered = |rules: &str, text: &str, words| {
        let verdict = verdict(&scope(&policy(rules), &bot(), "shop"), &[running(text, words)]);
        due(verdict).map(|due| due.offered)
    };
    let run = "tables.run: execute bin.service";
    let both = format!("{ANYTHING}{RULES}");
    assert_eq!(offered(RULES, run, Some("uptime")), Some(true));
    assert_eq!(offered(RULES, run, Some("wipe sda")), Some(true));
    assert_eq!(offered(ANYTHING, run, Some("uptime")), Some(false));
    assert_eq!(offered(&both, run, Some("uptime")), Some(true));
    assert_eq!(offered(&both, run, Some("ls")), Some(false));
    // of several operations in one message one is enough
    let scope = scope(&policy(&both), &bot(), "shop");
    let pair = [running(run, Some("ls")), running(run, Some("uptime"))];
    assert_eq!(due(verdict(&scope, &pair)).map(|due| due.offered), Some(true));
}

#[test]
fn a_refusal_tells_what_is_offered() {
    let scope = scope(&policy(RULES), &bot(), "shop");
    let Verdict::Deny(denial) = verdict(&scope, &[running("tables.run: execute bin.ls", Some("ls"))]) else { panic!() };
    let hint = denial.hint.unwrap();
    assert!(hint.contains("run `service restart {name:[a-z]+}`, run `uptime`"), "{hint}");
    assert!(hint.contains("run `wipe {disk:[a-z]+}` once a human approves"), "{hint}");
}

#[test]
fn a_rule_that_offers_other_commands_says_so() {
    let rules = policy(RULES);
    let operation = running("tables.run: execute bin.ls", Some("ls"));
    let says = rules.accounts(&operation, &situation()).into_iter().map(|account| account.says).next();
    assert_eq!(says, Some(Says::Silent(Silence::Command)));
}
