//! The policy changes while sessions are open and operations wait.

use std::time::Duration;

use postern_core::approval::Choice;
use postern_core::gate::{Asked, Decision, Open, Standing};
use postern_core::journal::{Decided, Event};
use postern_core::{Code, Gate};
use postern_testkit::fakes::Dwelling;

use crate::{PEOPLE, RULES, TARGETS, asking, delete, held, house, policy, read, token, verdicts};

/// What comes of a held and granted delete, where the policy changes before it goes on: a word, and the rule.
async fn resumed(change: &str) -> Result<String, Code> {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let waiting = held(&mut gate, delete()).await;
    dwelling.answer("ben", waiting.approval(), Choice::Approve).await.unwrap();
    let settled = waiting.settled().await.unwrap();
    dwelling.change(change).unwrap();
    let outcome = gate.resume(waiting, settled, &[delete()]).await;
    let recorded = verdicts(&dwelling).pop().unwrap();
    match outcome {
        Ok(Ok(permit)) => {
            assert_eq!(recorded, "allow by approval");
            let (_, flow) = permit.spend();
            assert!(gate.stands(&flow).unwrap().is_ok(), "it was decided under the policy in force");
            Ok("runs".to_owned())
        }
        Ok(Err(denial)) => {
            assert_eq!(recorded, format!("deny {}", denial.code));
            Ok(format!("{} {}", denial.code.number(), denial.rule.map(|rule| rule.to_string()).unwrap_or_default()))
        }
        Err(fault) => {
            assert_eq!(recorded, format!("deny {}", fault.code));
            Err(fault.code)
        }
    }
}

#[tokio::test]
async fn what_was_granted_is_decided_again_under_the_policy_in_force() {
    let with = |from: &str, to: &str| {
        let changed = policy(RULES).replace(from, to);
        assert_ne!(changed, policy(RULES), "{from}");
        changed
    };
    let forbid = "\n[[rule]]\nname='closed'\neffect='forbid'\nwho=['*']\non=['*']\ndo={ effects=['delete'] }\n";
    assert_eq!(resumed(&with("10m", "11m")).await, Ok("runs".to_owned()));
    assert_eq!(resumed(&format!("{}{forbid}", policy(RULES))).await, Ok("3002 closed".to_owned()));
    assert_eq!(resumed(&with("\"delete\"", "\"write\"")).await, Ok("3001 ".to_owned()));
    // a grant by one does not count where two are asked for now, or others
    let two = with("expires = \"10m\"", "expires = \"10m\", count = 2");
    assert_eq!(resumed(&two).await, Ok("3011 deletes".to_owned()));
    let others = with("approvers = [\"group:dba\"]", "approvers = [\"principal:cat\"]");
    assert_eq!(resumed(&others).await, Ok("3011 deletes".to_owned()));
    let wider = with("effect = \"approve\"", "effect = \"allow\"")
        .replace("with   = { approvers = [\"group:dba\"], expires = \"10m\" }", "");
    assert_eq!(resumed(&wider).await, Ok("runs".to_owned()));
    let gone = with("name      = \"shop\"", "name      = \"shop2\"").replace("target:shop", "target:shop2");
    assert_eq!(resumed(&gone).await, Err(Code::PolicyChanged));
}

/// Whether a session that was open may still read after the change.
async fn reads_after(change: &str) -> Result<(), Code> {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    reads(&mut gate).await.unwrap();
    dwelling.change(change).unwrap();
    let outcome = reads(&mut gate).await;
    let said = verdicts(&dwelling);
    let expected = outcome.map_or_else(|code| format!("deny {code}"), |()| "allow".to_owned());
    assert_eq!(said, ["allow".to_owned(), expected], "every submission is recorded");
    outcome
}

async fn reads(gate: &mut Gate<Open>) -> Result<(), Code> {
    match gate.submit(vec![read()], "x".into()).await {
        Ok(Decision::Go(_)) => Ok(()),
        Ok(Decision::No(denial)) => Err(denial.code),
        Ok(Decision::Ask(_)) => panic!("nobody is asked about reads"),
        Err(fault) => Err(fault.code),
    }
}

#[tokio::test]
async fn an_open_session_follows_the_policy() {
    let replaced = |from: &str, to: &str| {
        let changed = policy(RULES).replace(from, to);
        assert_ne!(changed, policy(RULES), "{from}");
        changed
    };
    let reading = |change: String| async move { reads_after(&change).await };
    assert_eq!(reading(replaced("10m", "11m")).await, Ok(()));
    assert_eq!(reading(replaced("effects = [\"read\"]", "effects = [\"write\"]")).await, Err(Code::NotAllowed));
    assert_eq!(reading(replaced("env = \"prod\"", "env = \"test\"")).await, Ok(()));
    assert_eq!(reading(replaced("database  = \"main\"", "database  = \"stats\"")).await, Ok(()));
    // nobody is let in any more
    let closed = format!("{PEOPLE}{TARGETS}");
    assert_eq!(reading(closed).await, Err(Code::PolicyChanged));
    // the principal is nobody now, or somebody else
    assert_eq!(
        reading(replaced("claims = { sub = \"bot\" }", "claims = { sub = \"other\" }")).await,
        Err(Code::PolicyChanged)
    );
    assert_eq!(reading(replaced("name   = \"bot\"", "name   = \"robot\"")).await, Err(Code::PolicyChanged));
    assert_eq!(reading(replaced("kind   = \"workload\"", "kind   = \"human\"")).await, Err(Code::PolicyChanged));
}

#[tokio::test]
async fn a_target_of_the_same_name_that_is_another_ends_its_sessions() {
    for (from, to) in [
        ("shop.test:7000", "shop.test:7001"),
        ("shop.test:7000", "other.test:7000"),
        ("database  = \"main\"\n    databases = [\"main\", \"stats\"]", "database = \"stats\""),
        (
            "user = \"app\", password = \"env:SHOP\" }\n    labels",
            "user = \"root\", password = \"env:SHOP\" }\n    labels",
        ),
        ("password = \"env:SHOP\" }\n    labels", "password = \"env:OTHER\" }\n    labels"),
        ("    labels ", "    tls = \"disable\"\n    labels "),
        ("name      = \"shop\"", "name      = \"shop2\""),
    ] {
        let moved = policy(RULES).replace(from, to);
        assert_ne!(moved, policy(RULES), "{from}");
        let moved = if to.contains("shop2") { moved.replace("target:shop", "target:shop2") } else { moved };
        assert_eq!(reads_after(&moved).await, Err(Code::PolicyChanged), "{to}");
    }
}

#[tokio::test]
async fn a_session_without_a_database_ends_where_it_would_get_one() {
    let bare = policy(RULES).replace("database  = \"main\"\n    databases = [\"main\", \"stats\"]\n", "");
    assert_ne!(bare, policy(RULES));
    let (dwelling, _arrivals) = house(RULES);
    dwelling.change(&bare).unwrap();
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    assert_eq!(gate.space(), "");
    reads(&mut gate).await.unwrap();
    dwelling.change(&policy(RULES)).unwrap();
    assert_eq!(reads(&mut gate).await, Err(Code::PolicyChanged));
}

#[tokio::test]
async fn a_change_between_login_and_opening_counts() {
    let rules = RULES.replace("who    = [\"*\"]", "who    = [\"group:ci\"]");
    let (dwelling, _arrivals) = house(&rules);
    let known = async || dwelling.accept().identify(token("bot")).await.unwrap();
    let (in_group, itself) = (known().await, known().await);
    dwelling.change(&policy(&rules).replace("groups = [\"ci\", \"dba\"]", "groups = [\"dba\"]")).unwrap();
    assert_eq!(in_group.open("shop", None).await.err().unwrap().code, Code::TargetUnknown);
    dwelling.change(&policy(&rules).replace("name   = \"bot\"", "name   = \"robot\"")).unwrap();
    assert_eq!(itself.open("shop", None).await.err().unwrap().code, Code::PolicyChanged);
    assert_eq!(dwelling.reach.dialled(), 0);
}

#[tokio::test]
async fn groups_are_those_of_the_policy_in_force() {
    let rules = RULES.replace(
        "who    = [\"*\"]\n    on     = [\"target:shop\"]\n    do     = { effects = [\"read\"]",
        "who    = [\"group:ci\"]\n    on     = [\"target:shop\"]\n    do     = { effects = [\"read\"]",
    );
    assert_ne!(rules, RULES);
    let (dwelling, _arrivals) = house(&rules);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    assert!(reads(&mut gate).await.is_ok());
    dwelling.change(&policy(&rules).replace("groups = [\"ci\", \"dba\"]", "groups = [\"dba\"]")).unwrap();
    assert_eq!(reads(&mut gate).await, Err(Code::NotAllowed));
    assert_eq!(gate.principal().groups().len(), 1);
    dwelling.change(&policy(&rules)).unwrap();
    assert!(reads(&mut gate).await.is_ok());
}

/// Gets a delete granted in retry mode with reuse, and used once.
async fn used_once(dwelling: &Dwelling, gate: &mut Gate<Open>) {
    let question = asking(gate, delete()).await;
    assert!(matches!(gate.ask(question, Standing::Free).await.unwrap(), Asked::No(_)));
    let approval = dwelling.approvals.asked().await.id;
    dwelling.answer("ben", approval, Choice::Approve).await.unwrap();
    let question = asking(gate, delete()).await;
    assert!(matches!(gate.ask(question, Standing::Free).await.unwrap(), Asked::Go(_)));
}

#[tokio::test]
async fn an_earlier_approval_counts_on_the_terms_in_force() {
    let rules = RULES.replace("expires = \"10m\"", "expires = \"10m\", hold = \"retry\", reuse = \"1h\"");
    for (from, to, serves) in [
        ("10m", "11m", true),
        ("reuse = \"1h\"", "reuse = \"2h\"", true),
        ("reuse = \"1h\"", "reuse = \"0s\"", false),
        ("approvers = [\"group:dba\"]", "approvers = [\"principal:cat\"]", false),
        ("expires = \"10m\"", "expires = \"10m\", count = 2", false),
    ] {
        let (dwelling, _arrivals) = house(&rules);
        let mut gate = dwelling.open("bot", "shop").await.unwrap();
        used_once(&dwelling, &mut gate).await;
        let changed = policy(&rules).replace(from, to);
        assert_ne!(changed, policy(&rules), "{from}");
        dwelling.change(&changed).unwrap();
        let question = asking(&mut gate, delete()).await;
        let asked = gate.ask(question, Standing::Free).await.unwrap();
        assert_eq!(matches!(asked, Asked::Go(_)), serves, "{to}");
        assert_eq!(dwelling.approvals.all().len(), if serves { 1 } else { 2 }, "{to}");
    }
}

/// What comes of asking about a delete, where the policy changes between its submission and that.
async fn asked_after(rules: &str, change: &str) -> Result<String, Code> {
    let (dwelling, _arrivals) = house(rules);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    if rules != RULES {
        used_once(&dwelling, &mut gate).await;
    }
    let question = asking(&mut gate, delete()).await;
    dwelling.change(change).unwrap();
    let outcome = gate.ask(question, Standing::Free).await;
    let recorded = verdicts(&dwelling).pop().unwrap();
    let said = match outcome.map_err(|fault| fault.code) {
        Ok(Asked::Go(permit)) => {
            assert!(gate.stands(&permit.spend().1).unwrap().is_ok(), "it was decided under the policy in force");
            Ok(recorded.clone())
        }
        Ok(Asked::Wait(held)) => Ok(format!("{recorded} {}", held.rules().join(" "))),
        Ok(Asked::No(denial)) => Ok(format!("deny {}", denial.code)),
        Err(code) => Err(code),
    };
    let words = said.clone().unwrap_or_else(|code| format!("deny {code}"));
    assert!(words.starts_with(&recorded), "{recorded} is recorded of {words}");
    said
}

#[tokio::test]
async fn what_is_asked_late_is_decided_under_the_policy_in_force() {
    let reusing = RULES.replace("expires = \"10m\"", "expires = \"10m\", hold = \"retry\", reuse = \"1h\"");
    let forbid = "\n[[rule]]\nname='closed'\neffect='forbid'\nwho=['*']\non=['*']\ndo={ effects=['delete'] }\n";
    // whether an approval that may be used again is there or not
    for rules in [RULES, &reusing] {
        let replaced = |from: &str, to: &str| {
            let changed = policy(rules).replace(from, to);
            assert_ne!(changed, policy(rules), "{from}");
            changed
        };
        let forbidden = format!("{}{forbid}", policy(rules));
        assert_eq!(asked_after(rules, &forbidden).await, Ok("deny PST-3002".to_owned()));
        let unnamed = replaced("\"delete\"", "\"write\"");
        assert_eq!(asked_after(rules, &unnamed).await, Ok("deny PST-3001".to_owned()));
        let allowed = format!("{RULES}\n").replace("effect = \"approve\"", "effect = \"allow\"");
        let allowed = policy(&allowed.replace("with   = { approvers = [\"group:dba\"], expires = \"10m\" }", ""));
        assert_eq!(asked_after(rules, &allowed).await, Ok("allow".to_owned()));
        let shut_out = replaced("claims = { sub = \"bot\" }", "claims = { sub = \"other\" }");
        assert_eq!(asked_after(rules, &shut_out).await, Err(Code::PolicyChanged));
    }
    let renamed = policy(RULES).replace("\"deletes\"", "\"removals\"");
    assert_eq!(asked_after(RULES, &renamed).await, Ok("hold removals".to_owned()));
    assert_eq!(
        asked_after(&reusing, &policy(&reusing).replace("10m", "11m")).await,
        Ok("allow by approval".to_owned())
    );
}

#[tokio::test]
async fn a_grant_that_nobody_used_lasts_as_long_as_the_terms_in_force_say() {
    let with = |rest: &str| policy(&RULES.replace("expires = \"10m\"", &format!("hold = \"retry\", {rest}")));
    let (short, long) = ("expires = \"10m\", reuse = \"0s\"", "expires = \"10m\", reuse = \"24h\"");
    let brief = "expires = \"1m\", reuse = \"0s\"";
    for (before, minutes, after, serves) in [
        (long, 60, long, true),
        // what the question itself was asked on binds as well
        (short, 60, long, false),
        (long, 60, short, false),
        (long, 9, short, true),
        (short, 5, brief, false),
    ] {
        // the answer comes at once, or never: a question that is as old is another one
        for answered in [true, false] {
            let (dwelling, _arrivals) = house(RULES);
            dwelling.change(&with(before)).unwrap();
            let mut gate = dwelling.open("bot", "shop").await.unwrap();
            let question = asking(&mut gate, delete()).await;
            assert!(matches!(gate.ask(question, Standing::Free).await.unwrap(), Asked::No(_)));
            if answered {
                let approval = dwelling.approvals.asked().await.id;
                dwelling.answer("ben", approval, Choice::Approve).await.unwrap();
            }
            dwelling.clock.advance(Duration::from_secs(60 * minutes));
            dwelling.change(&with(after)).unwrap();
            let question = asking(&mut gate, delete()).await;
            let asked = gate.ask(question, Standing::Free).await.unwrap();
            let case = format!("{before}, then {after}, {minutes} minutes later");
            assert_eq!(matches!(asked, Asked::Go(_)), serves && answered, "{case}");
            let same = if answered { serves } else { minutes < 10 && after != brief };
            assert_eq!(dwelling.approvals.all().len(), if same { 1 } else { 2 }, "{case}, answered: {answered}");
        }
    }
}

#[tokio::test]
async fn an_open_question_on_other_terms_is_another_question() {
    let rules = RULES.replace("expires = \"10m\"", "expires = \"10m\", hold = \"retry\"");
    let (dwelling, _arrivals) = house(&rules);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    for _ in 0..2 {
        let question = asking(&mut gate, delete()).await;
        assert!(matches!(gate.ask(question, Standing::Free).await.unwrap(), Asked::No(_)));
        assert_eq!(dwelling.approvals.all().len(), 1);
    }
    dwelling.change(&policy(&rules).replace("[\"group:dba\"], expires", "[\"principal:cat\"], expires")).unwrap();
    let question = asking(&mut gate, delete()).await;
    assert!(matches!(gate.ask(question, Standing::Free).await.unwrap(), Asked::No(_)));
    assert_eq!(dwelling.approvals.all().len(), 2);
}

#[tokio::test]
async fn records_name_the_policy_that_decided() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    reads(&mut gate).await.unwrap();
    dwelling.change(&policy(RULES).replace("10m", "11m")).unwrap();
    reads(&mut gate).await.unwrap();
    let policies: Vec<String> = dwelling
        .journal
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Operation { policy, decided: Decided::Allow { .. }, .. } => Some(policy),
            _ => None,
        })
        .collect();
    assert_eq!(policies.len(), 2);
    assert_ne!(policies[0], policies[1]);
}
