//! Credentials in exchange for a proof: for how long, for what, and under which policy they are used.

use std::time::Duration;

use postern_core::credential::CredentialKind;
use postern_core::gate::{Exchanged, Wanted};
use postern_core::journal::Event;
use postern_core::ports::Clock as _;
use postern_core::{Claim, Code, Fault, Secret};
use postern_testkit::fakes::Dwelling;
use tokio::time::timeout;

use crate::{RULES, house, policy, token};

const MINUTES: Duration = Duration::from_secs(900);

async fn exchange(dwelling: &Dwelling, text: &str, target: Option<&str>) -> Result<Exchanged, Fault> {
    let known = dwelling.accept().identify(token(text)).await?;
    known.exchange(Wanted { kind: CredentialKind::AccessToken, key: None, target }).await
}

fn shown(exchanged: &Exchanged) -> Claim {
    Claim::Token(Secret::new(exchanged.issued.secret.expose()))
}

#[tokio::test]
async fn a_credential_lasts_minutes_and_never_longer_than_its_proof() {
    let (dwelling, _arrivals) = house(RULES);
    let made = exchange(&dwelling, "ann", None).await.unwrap();
    assert_eq!(made.expires, dwelling.clock.now().after(MINUTES));
    // the token has an hour; ten minutes before its end nothing is made that outlives it
    dwelling.clock.advance(Duration::from_secs(3_000));
    let made = exchange(&dwelling, "ann", None).await.unwrap();
    assert_eq!(made.expires, dwelling.clock.now().after(Duration::from_secs(600)));
    let principal = dwelling.house.recognise(&shown(&made)).await.unwrap();
    assert_eq!(principal.expires(), made.expires);
}

#[tokio::test]
async fn no_credential_makes_another() {
    let (dwelling, _arrivals) = house(RULES);
    for target in [None, Some("shop")] {
        let made = exchange(&dwelling, "ann", target).await.unwrap();
        let known = dwelling.accept().identify(shown(&made)).await.unwrap();
        let again = known.exchange(Wanted { kind: CredentialKind::AccessToken, key: None, target }).await;
        assert_eq!(again.unwrap_err().code, Code::CredentialAgain);
    }
}

/// THREAT: groups that were taken away still count; a restriction is lost on the way.
#[tokio::test]
async fn whom_it_makes_is_said_by_the_rules_in_force_when_it_is_used() {
    let (dwelling, _arrivals) = house(RULES);
    let made = exchange(&dwelling, "ann", None).await.unwrap();
    assert!(dwelling.house.recognise(&shown(&made)).await.unwrap().groups().contains("dba"));
    let people = r#"sub = ["ann", "ben", "cat"] }
    groups = ["dba"]"#;
    let changed = |to: &str| policy(RULES).replace(people, to);
    assert_ne!(changed(""), policy(RULES));
    dwelling.change(&changed(r#"sub = "ann" }"#)).unwrap();
    assert!(!dwelling.house.recognise(&shown(&made)).await.unwrap().groups().contains("dba"));
    dwelling.change(&changed(r#"sub = "ben" }"#)).unwrap();
    assert_eq!(dwelling.house.recognise(&shown(&made)).await.unwrap_err().code, Code::NoPrincipal);
}

/// THREAT: a credential that leaks serves everywhere.
#[tokio::test]
async fn one_that_is_bound_to_a_target_opens_that_and_nothing_else() {
    let (dwelling, _arrivals) = house(RULES);
    let made = exchange(&dwelling, "ann", Some("shop")).await.unwrap();
    assert_eq!(dwelling.house.recognise(&shown(&made)).await.unwrap_err().code, Code::CredentialBound);
    let known = dwelling.accept().identify(shown(&made)).await.unwrap();
    assert_eq!(known.bound().unwrap().as_str(), "shop");
    for target in ["hidden", "absent", ""] {
        let known = dwelling.accept().identify(shown(&made)).await.unwrap();
        assert_eq!(known.open(target, None).await.err().unwrap().code, Code::CredentialBound, "{target}");
    }
    let (gate, ..) = known.open("shop", None).await.unwrap();
    let opened = dwelling.journal.events().into_iter().find_map(|event| match event {
        Event::SessionOpened { credential, .. } => credential,
        _ => None,
    });
    assert_eq!(opened, Some(made.id));
    drop(gate);
}

#[tokio::test]
async fn nobody_gets_one_for_what_they_may_not_open() {
    let (dwelling, _arrivals) = house(RULES);
    let mut said = Vec::new();
    for target in ["hidden", "absent"] {
        let fault = exchange(&dwelling, "ann", Some(target)).await.unwrap_err();
        said.push((fault.code, fault.message.replace(target, "…")));
    }
    assert_eq!((said[0].0, &said[0]), (Code::TargetUnknown, &said[1]));
    let known = dwelling.accept().identify(token("ann")).await.unwrap();
    let unbound = known.exchange(Wanted { kind: CredentialKind::Session, key: None, target: None }).await;
    assert_eq!(unbound.unwrap_err().code, Code::TargetUnknown);
    let refused = dwelling.journal.events().into_iter().filter(|event| matches!(event, Event::SessionRefused { .. }));
    assert_eq!(refused.count(), 3);
}

/// A certificate of a key opens nothing where targets prove themselves inside TLS: none is made, and none is counted.
#[tokio::test]
async fn nobody_gets_a_certificate_for_what_takes_none() {
    let (dwelling, _arrivals) = house(RULES);
    let known = dwelling.accept().identify(token("ann")).await.unwrap();
    let wanted = Wanted { kind: CredentialKind::Certificate, key: Some(b"key"), target: Some("shop") };
    assert_eq!(known.exchange(wanted).await.unwrap_err().code, Code::ExchangeInvalid);
    let issued = dwelling.journal.events().into_iter().any(|event| matches!(event, Event::CredentialIssued { .. }));
    assert!(!issued);
}

#[tokio::test]
async fn a_session_ends_when_its_credential_is_taken_back() {
    let (dwelling, _arrivals) = house(RULES);
    let made = exchange(&dwelling, "ann", Some("shop")).await.unwrap();
    let other = exchange(&dwelling, "ann", None).await.unwrap();
    let known = dwelling.accept().identify(shown(&made)).await.unwrap();
    let (gate, ..) = known.open("shop", None).await.unwrap();
    let over = gate.over();
    tokio::pin!(over);
    let soon = Duration::from_secs(5);
    let ann = dwelling.house.recognise(&token("ann")).await.unwrap();
    let named = |made: &Exchanged| Secret::new(made.id.to_string());
    assert!(dwelling.house.revoke(&named(&other), &ann).await.unwrap());
    assert!(timeout(Duration::from_millis(100), &mut over).await.is_err());
    assert!(dwelling.house.revoke(&named(&made), &ann).await.unwrap());
    assert_eq!(timeout(soon, over).await.unwrap().code, Code::CredentialRevoked);
    // and one that opens in between does not live on
    assert_eq!(dwelling.accept().identify(shown(&made)).await.unwrap_err().code, Code::CredentialRevoked);
}
