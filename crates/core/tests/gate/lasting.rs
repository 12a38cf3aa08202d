//! How long sessions last, and what ends them although nobody submits anything.

use std::time::Duration;

use postern_core::approval::{Choice, State};
use postern_core::gate::{Decision, Halt, Lifetime, Open};
use postern_core::journal::Event;
use postern_core::{Code, Fault, Gate};
use postern_testkit::fakes::{Arrivals, Dwelling};
use tokio::time::timeout;

use crate::{RULES, builder, delete, held, house, known, policy, read, token, verdicts};

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTES: Duration = Duration::from_secs(360);
const INSTANT: Duration = Duration::from_micros(1);
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(5);

fn lasting(lifetime: Lifetime) -> (Dwelling, Arrivals) {
    let (builder, arrivals) = builder(RULES);
    (known(builder.lasting(lifetime)), arrivals)
}

/// Why the session must end now, where it must.
async fn over(gate: &Gate<Open>) -> Option<Fault> {
    timeout(Duration::from_millis(20), gate.over()).await.ok()
}

#[tokio::test]
async fn a_session_ends_when_its_time_is_over() {
    let (dwelling, _arrivals) = lasting(Lifetime { longest: HOUR, ends_with_token: false });
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let waiting = timeout(PATIENCE, gate.over());
    dwelling.clock.advance(HOUR.saturating_sub(INSTANT));
    assert!(over(&gate).await.is_none());
    assert!(matches!(gate.submit(vec![read()], "x".into()).await, Ok(Decision::Go(_))));
    dwelling.clock.advance(INSTANT);
    let fault = waiting.await.expect("it is not told");
    assert_eq!((fault.code, over(&gate).await.unwrap().code), (Code::SessionOver, Code::SessionOver));
    // a protocol that does not listen gets nothing through all the same
    assert_eq!(gate.submit(vec![read()], "x".into()).await.unwrap_err().code, Code::SessionOver);
    assert_eq!(verdicts(&dwelling), ["allow", "deny PST-5005"]);
    let session = gate.session();
    gate.close(&fault.to_string()).await.unwrap();
    let Some(Event::SessionClosed { reason }) = dwelling.journal.of(session).pop() else { panic!("it is not closed") };
    assert_eq!(reason, "PST-5005: the session ends here: it has lasted as long as a session may");
}

#[tokio::test]
async fn a_session_ends_with_its_token_where_that_is_said() {
    // the tokens of these fakes are good for an hour
    for (lifetime, lasts) in [
        (Lifetime::default(), Duration::from_secs(8 * 3_600)),
        (Lifetime { ends_with_token: true, ..Lifetime::default() }, HOUR),
        (Lifetime { ends_with_token: true, longest: MINUTES }, MINUTES),
    ] {
        let (dwelling, _arrivals) = lasting(lifetime);
        let gate = dwelling.open("bot", "shop").await.unwrap();
        dwelling.clock.advance(lasts.saturating_sub(INSTANT));
        assert!(over(&gate).await.is_none(), "{lifetime:?}");
        dwelling.clock.advance(INSTANT);
        let fault = over(&gate).await.unwrap();
        assert_eq!(fault.message.contains("token"), lasts == HOUR, "{lifetime:?}: {fault}");
    }
}

#[tokio::test]
async fn what_was_granted_does_not_run_in_a_session_that_is_over() {
    let (dwelling, _arrivals) = lasting(Lifetime { longest: MINUTES, ends_with_token: false });
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let waiting = held(&mut gate, delete()).await;
    dwelling.answer("ben", waiting.approval(), Choice::Approve).await.unwrap();
    let settled = waiting.settled().await.unwrap();
    dwelling.clock.advance(MINUTES);
    assert_eq!(gate.resume(waiting, settled, &[delete()]).await.unwrap_err().code, Code::SessionOver);
    assert_eq!(dwelling.approvals.all()[0].state, State::Granted, "nothing used it");
}

#[tokio::test]
async fn an_idle_session_hears_of_a_policy_that_lets_it_in_no_more() {
    let (dwelling, _arrivals) = house(RULES);
    let gate = dwelling.open("bot", "shop").await.unwrap();
    for still in [policy(RULES).replace("10m", "11m"), policy(RULES).replace("\"dba\"]", "\"dbas\"]")] {
        dwelling.change(&still).unwrap();
        assert!(over(&gate).await.is_none());
    }
    let waiting = timeout(PATIENCE, gate.over());
    dwelling.change(&policy(RULES).replace("claims = { sub = \"bot\" }", "claims = { sub = \"other\" }")).unwrap();
    let fault = waiting.await.expect("it is not told");
    assert_eq!(fault.code, Code::PolicyChanged);
    assert_eq!(fault.message, "the policy changed: your token does not make you `bot` any more");
}

#[tokio::test]
async fn a_gateway_that_does_not_go_on_ends_its_sessions() {
    for (halt, code) in [(Halt::Stopping, Code::Stopping), (Halt::JournalLost, Code::JournalUnavailable)] {
        let (dwelling, _arrivals) = house(RULES);
        let gate = dwelling.open("bot", "shop").await.unwrap();
        assert!(over(&gate).await.is_none());
        dwelling.halt.send(halt).unwrap();
        assert_eq!(over(&gate).await.unwrap().code, code);
        assert_eq!(dwelling.accept().halted().await, halt);
    }
}

/// THREAT: whoever an issuer vouched for is nobody to another of the same name.
#[tokio::test]
async fn a_session_ends_when_its_issuer_is_another() {
    let (dwelling, _arrivals) = house(RULES);
    let gate = dwelling.open("bot", "shop").await.unwrap();
    let known = dwelling.accept().identify(token("bot")).await.unwrap();
    let text = format!("{}# at another place\n", policy(RULES));
    let mut rulebook = postern_testkit::fakes::rulebook(&text, &[&postern_testkit::fakes::TOY]).unwrap();
    rulebook.issuers.insert("corp".to_owned(), "https://elsewhere.test".to_owned());
    dwelling.policy.swap(rulebook);
    let fault = over(&gate).await.expect("it goes on");
    assert_eq!(fault.code, Code::PolicyChanged);
    assert!(fault.message.contains("issuer `corp` is not the one that vouched for you"), "{}", fault.message);
    assert_eq!(known.open("shop", None).await.err().unwrap().code, Code::PolicyChanged);
}
