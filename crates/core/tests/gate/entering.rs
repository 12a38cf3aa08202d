//! From connecting to an open session.

use std::time::Duration;

use postern_core::gate::Gate;
use postern_core::journal::Event;
use postern_core::ports::Clock as _;
use postern_core::{Code, Fault, SessionId};
use postern_testkit::fakes::{Dwelling, HouseBuilder, Reach};
use tokio::time::timeout;

use crate::{RULES, house, policy, token};

#[tokio::test]
async fn an_empty_token_is_refused_before_anybody_looks_at_it() {
    let (dwelling, _arrivals) = house(RULES);
    dwelling.tokens.know("", "ann");
    let fault = dwelling.accept().called("ann").identify(token("")).await.unwrap_err();
    assert_eq!(fault.code, Code::ProofMissing);
    let events = dwelling.journal.events();
    let [Event::LoginRefused { client, called, protocol, code, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((client.as_str(), called.as_deref(), protocol.as_str()), ("192.0.2.7:50123", Some("ann"), "toy"));
    assert_eq!(*code, Code::ProofMissing.to_string());
}

#[tokio::test]
async fn a_token_of_nobody_is_refused_and_journalled_without_it() {
    let (dwelling, _arrivals) = house(RULES);
    for (text, code) in [("forged-swordfish", Code::TokenInvalid), ("stranger", Code::NoPrincipal)] {
        let fault = dwelling.accept().identify(token(text)).await.unwrap_err();
        assert_eq!(fault.code, code);
        assert!(fault.hint.is_some());
    }
    assert!(!dwelling.journal.text().contains("swordfish"));
    assert_eq!(dwelling.journal.drafts().iter().filter(|draft| draft.session.is_some()).count(), 0);
    assert_eq!(dwelling.reach.dialled(), 0);
}

/// THREAT: what a stranger says fills the journal, or acts on a terminal.
#[tokio::test]
async fn a_strangers_words_are_short_and_plain() {
    let (dwelling, _arrivals) = house(RULES);
    let said = format!("startup parameter `\u{1b}[2J\n{}` is not passed on", "x".repeat(10_000));
    let fault = dwelling.accept().refused_login(Fault::client(Code::NotSupported, said.clone()).hint(said)).await;
    let events = dwelling.journal.events();
    let [Event::LoginRefused { message, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(*message, fault.message);
    for text in [message, &fault.hint.unwrap()] {
        assert!(text.starts_with("startup parameter `⟨U+001B⟩[2J⟨U+000A⟩xxx"), "{text}");
        assert!(text.chars().count() <= 400, "{}", text.len());
    }
}

#[tokio::test]
async fn the_name_of_a_target_that_is_none_is_short_and_plain() {
    let (dwelling, _arrivals) = house(RULES);
    let known = dwelling.accept().identify(token("ann")).await.unwrap();
    let fault = known.open(&format!("\n{}", "x".repeat(10_000)), None).await.err().unwrap();
    let events = dwelling.journal.events();
    let [.., Event::SessionRefused { target, message, .. }] = &events[..] else { panic!("{events:?}") };
    assert!(target.starts_with("⟨U+000A⟩xxx") && target.chars().count() <= 400, "{target}");
    assert_eq!((message, message.chars().count() <= 400), (&fault.message, true));
}

#[tokio::test]
async fn what_cannot_be_journalled_is_said_to_be_so() {
    let (dwelling, _arrivals) = house(RULES);
    let known = dwelling.accept().identify(token("ann")).await.unwrap();
    dwelling.journal.fail_from(1);
    assert_eq!(dwelling.accept().identify(token("forged")).await.unwrap_err().code, Code::JournalUnavailable);
    assert_eq!(known.open("shop", None).await.err().unwrap().code, Code::JournalUnavailable);
    let known = dwelling.accept().identify(token("ann")).await.unwrap();
    assert_eq!(known.open("nowhere", None).await.err().unwrap().code, Code::JournalUnavailable);
    assert_eq!((dwelling.vault.fetched(), dwelling.reach.dialled()), (vec![], 0));
}

#[tokio::test]
async fn a_target_that_may_not_be_opened_is_not_told_from_one_that_is_not_there() {
    let (dwelling, _arrivals) = house(RULES);
    let mut said = Vec::new();
    for target in ["hidden", "absent", "no such name", ""] {
        let known = dwelling.accept().identify(token("ann")).await.unwrap();
        let fault = known.open(target, None).await.err().unwrap();
        said.push((fault.code, fault.message.replace(&format!("`{target}`"), "`…`"), fault.hint));
    }
    assert_eq!(said[0].0, Code::TargetUnknown);
    assert!(said.iter().all(|one| *one == said[0]), "{said:#?}");
    // asking for a database of it tells no more
    for target in ["hidden", "absent"] {
        let known = dwelling.accept().identify(token("ann")).await.unwrap();
        let fault = known.open(target, Some("secret")).await.err().unwrap();
        assert_eq!(fault.message.replace(target, "…"), said[0].1);
    }
    let refused = dwelling.journal.events().into_iter().filter(|event| matches!(event, Event::SessionRefused { .. }));
    assert_eq!(refused.count(), 6);
    assert_eq!((dwelling.vault.fetched(), dwelling.reach.dialled()), (vec![], 0));
}

#[tokio::test]
async fn a_target_of_another_protocol_is_not_there() {
    let (dwelling, _arrivals) = house(RULES);
    let gate = Gate::accept(dwelling.house.clone(), "other", Dwelling::CLIENT);
    let known = gate.identify(token("ann")).await.unwrap();
    assert_eq!(known.open("shop", None).await.err().unwrap().code, Code::TargetUnknown);
}

#[tokio::test]
async fn a_database_is_the_default_or_listed() {
    let (dwelling, _arrivals) = house(RULES);
    for (wanted, got) in [(None, "main"), (Some("main"), "main"), (Some("stats"), "stats")] {
        let known = dwelling.accept().identify(token("ann")).await.unwrap();
        let (gate, _, _) = known.open("shop", wanted).await.unwrap();
        assert_eq!(gate.space(), got);
    }
    for wanted in ["postgres", "", "Main", "main "] {
        let known = dwelling.accept().identify(token("ann")).await.unwrap();
        let fault = known.open("shop", Some(wanted)).await.err().unwrap();
        assert_eq!(fault.message, format!("target `shop` does not open database `{wanted}`"));
    }
}

#[tokio::test]
async fn a_session_is_journalled_before_its_credential_is_fetched() {
    let (dwelling, _arrivals) = house(RULES);
    let known = dwelling.accept().called("app").identify(token("helper")).await.unwrap();
    assert_eq!(known.principal().name(), "helper");
    dwelling.journal.hold();
    let mut opening = std::pin::pin!(known.open("shop", None));
    tokio::select! {
        _ = &mut opening => panic!("it did not wait for its record"),
        () = dwelling.journal.waited_for() => {}
    }
    assert!(timeout(Duration::from_millis(20), &mut opening).await.is_err());
    assert_eq!((dwelling.vault.fetched(), dwelling.reach.dialled()), (vec![], 0));
    dwelling.journal.release();
    let (gate, lease, _) = opening.await.unwrap();
    assert_eq!((lease.user.as_str(), dwelling.vault.fetched().len(), dwelling.reach.dialled()), ("app", 1, 1));
    let events = dwelling.journal.of(gate.session());
    let [Event::SessionOpened { principal, target, space, called, policy, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((principal.name.as_str(), principal.acts_for.as_deref()), ("helper", Some("ann")));
    assert_eq!((target.as_str(), space.as_deref(), called.as_deref()), ("shop", Some("main"), Some("app")));
    assert_eq!(policy.len(), 16);
    assert!(!dwelling.journal.text().contains("hunter22"));
}

#[tokio::test]
async fn a_session_that_cannot_reach_its_target_is_closed_in_the_journal() {
    let dwelling = HouseBuilder::new(policy(RULES)).reaching(Reach::nothing()).build().unwrap();
    dwelling.tokens.know("ann", "ann");
    assert_eq!(dwelling.open("ann", "shop").await.unwrap_err().code, Code::VaultUnavailable);
    dwelling.vault.put("env:SHOP", "hunter22");
    assert_eq!(dwelling.open("ann", "shop").await.unwrap_err().code, Code::TargetUnreachable);
    let sessions: Vec<SessionId> = dwelling.journal.drafts().iter().filter_map(|draft| draft.session).collect();
    assert_eq!(sessions.len(), 6);
    for session in sessions {
        let events = dwelling.journal.of(session);
        let closed =
            matches!(&events[..], [Event::SessionOpened { .. }, Event::Recorded { .. }, Event::SessionClosed { .. }]);
        assert!(closed, "{events:?}");
    }
}

#[tokio::test]
async fn what_is_called_is_cut_and_never_believed() {
    let (dwelling, _arrivals) = house(RULES);
    let known = dwelling.accept().called(&"ä".repeat(10_000)).identify(token("ben")).await.unwrap();
    assert_eq!(known.principal().name(), "ben");
    let (gate, _, _) = known.open("shop", None).await.unwrap();
    let events = dwelling.journal.of(gate.session());
    let [Event::SessionOpened { called: Some(called), .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(called.chars().count(), 256);
    assert!(dwelling.journal.drafts().iter().all(|draft| draft.at == dwelling.clock.now()));
}
