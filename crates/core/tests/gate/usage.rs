//! How many sessions, and how many operations a minute.

use std::time::Duration;

use postern_core::Code;
use postern_core::approval::Choice;
use postern_core::gate::{Asked, Decision, Standing};
use postern_core::journal::Event;

use crate::{asking, delete, held, house, policy, read, refused, verdicts};

const TWO: &str = r#"
    [[rule]]
    name   = "reads"
    effect = "allow"
    who    = ["*"]
    on     = ["target:shop"]
    do     = { effects = ["read"] }
    with   = { sessions = 2, per_minute = 2 }

    [[rule]]
    name   = "deletes"
    effect = "approve"
    who    = ["*"]
    on     = ["target:shop"]
    do     = { effects = ["delete"] }
    with   = { approvers = ["group:dba"], sessions = 3, per_minute = 1 }
"#;

#[tokio::test]
async fn one_session_too_many_is_refused_and_journalled() {
    let (dwelling, _arrivals) = house(TWO);
    let one = dwelling.open("bot", "shop").await.unwrap();
    let _two = dwelling.open("bot", "shop").await.unwrap();
    let fault = dwelling.open("bot", "shop").await.unwrap_err();
    assert_eq!(fault.code, Code::TooManySessions);
    let Some(Event::SessionRefused { code, .. }) = dwelling.journal.events().pop() else { panic!("no record") };
    assert_eq!(code, Code::TooManySessions.to_string());
    let _other = dwelling.open("ann", "shop").await.unwrap();
    one.close("the client left").await.unwrap();
    let _three = dwelling.open("bot", "shop").await.unwrap();
    // what does not open takes no seat
    dwelling.vault.put("env:SHOP", "other");
    assert_eq!(dwelling.open("bot", "shop").await.unwrap_err().code, Code::TooManySessions);
}

#[tokio::test]
async fn a_session_that_does_not_open_takes_no_seat() {
    let (dwelling, arrivals) = house(TWO);
    drop(arrivals);
    for _ in 0..3 {
        assert_eq!(dwelling.open("bot", "shop").await.unwrap_err().code, Code::TargetUnreachable);
    }
}

#[tokio::test]
async fn operations_count_over_all_sessions_and_the_session_lives_on() {
    let (dwelling, _arrivals) = house(TWO);
    let mut one = dwelling.open("bot", "shop").await.unwrap();
    let mut two = dwelling.open("bot", "shop").await.unwrap();
    for gate in [&mut one, &mut two] {
        assert!(matches!(gate.submit(vec![read()], "x".into()).await.unwrap(), Decision::Go(_)));
    }
    let denial = refused(&mut two, vec![read()]).await;
    assert_eq!(denial.code, Code::TooOften);
    assert_eq!(verdicts(&dwelling), ["allow", "allow", "deny PST-3018"]);
    drop((one, two));
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    refused(&mut gate, vec![read()]).await;
    // what is only prepared, and what another rule lets through, does not count
    let prepare = postern_core::Operation { stage: postern_core::operation::Stage::Prepare, ..read() };
    assert!(matches!(gate.submit(vec![prepare], "x".into()).await.unwrap(), Decision::Go(_)));
    held(&mut gate, delete()).await;
    dwelling.clock.advance(Duration::from_secs(61));
    assert!(matches!(gate.submit(vec![read()], "x".into()).await.unwrap(), Decision::Go(_)));
}

#[tokio::test]
async fn humans_are_asked_no_oftener_either() {
    let (dwelling, _arrivals) = house(TWO);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let waiting = held(&mut gate, delete()).await;
    dwelling.answer("ben", waiting.approval(), Choice::Approve).await.unwrap();
    let settled = waiting.settled().await.unwrap();
    assert!(gate.resume(waiting, settled, &[delete()]).await.unwrap().is_ok(), "it counted when it was asked");
    let asking = asking(&mut gate, delete()).await;
    let Asked::No(denial) = gate.ask(asking, Standing::Free).await.unwrap() else { panic!("it is refused") };
    assert_eq!(denial.code, Code::TooOften);
    assert_eq!(dwelling.approvals.all().len(), 1);
}

#[tokio::test]
async fn a_later_policy_counts_what_it_bounds_from_then_on() {
    let (dwelling, _arrivals) = house(TWO);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let _two = dwelling.open("bot", "shop").await.unwrap();
    dwelling.change(&policy(&TWO.replace("sessions = 2", "sessions = 1"))).unwrap();
    assert!(matches!(gate.submit(vec![read()], "x".into()).await.unwrap(), Decision::Go(_)), "an open one goes on");
    assert!(dwelling.open("bot", "shop").await.is_err());
}
