//! Waiting for a human, on the open connection or by asking again.

use std::time::Duration;

use postern_core::approval::{Answered, Choice, Refusal, State};
use postern_core::gate::{Asked, Decision, Standing};
use postern_core::journal::{Decided, Event};
use postern_core::{Code, Denial, Effect};

use crate::{RULES, asking, decisions, delete, held, house, refused, touching, verdicts};

/// The states in which approvals were recorded to be settled.
fn settlements(dwelling: &postern_testkit::fakes::Dwelling) -> Vec<String> {
    let state = |event| match event {
        Event::ApprovalSettled { state, .. } => Some(state),
        _ => None,
    };
    dwelling.journal.events().into_iter().filter_map(state).collect()
}

#[tokio::test]
async fn what_a_human_grants_runs_once() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("helper", "shop").await.unwrap();
    let waiting = held(&mut gate, delete()).await;
    let approval = waiting.approval();
    assert_eq!(waiting.url(), format!("https://gateway.test/approvals/{approval}"));
    assert_eq!(waiting.rules(), ["deletes"]);
    let asked = dwelling.approvals.asked().await;
    assert_eq!((asked.id, asked.session, asked.principal.name.as_str()), (approval, gate.session(), "helper"));
    assert_eq!((asked.target.as_str(), asked.text().as_str()), ("shop", "delete of 'swordfish'"));
    // the agent acts for ann, and a workload is no human, whatever its groups
    assert_eq!(dwelling.answer("ann", approval, Choice::Approve).await.unwrap(), Answered::Refused(Refusal::Own));
    assert_eq!(dwelling.answer("bot", approval, Choice::Approve).await.unwrap(), Answered::Refused(Refusal::NotHuman));
    assert_eq!(dwelling.answer("ben", approval, Choice::Approve).await.unwrap(), Answered::Counted(State::Granted));
    let settled = waiting.settled().await.unwrap();
    let permit = gate.resume(waiting, settled, &[delete()]).await.unwrap().unwrap();
    assert_eq!(&permit.spend().0[..], b"payload");
    assert_eq!(dwelling.approvals.all()[0].state, State::Used);
    assert_eq!(verdicts(&dwelling), ["hold", "allow by approval"]);
    assert_eq!(settlements(&dwelling), ["granted"]);
    // the digest in the journal is the one that the human answered for
    for event in dwelling.journal.events() {
        if let Event::Operation { digest, .. } = event {
            assert_eq!(digest, asked.digest);
        }
    }
    // the very same again is another question
    let again = held(&mut gate, delete()).await;
    assert_ne!(again.approval(), approval);
    assert_eq!(dwelling.approvals.all()[1].digest, asked.digest);
}

#[tokio::test]
async fn what_a_human_denies_does_not_run() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let waiting = held(&mut gate, delete()).await;
    dwelling.answer("ben", waiting.approval(), Choice::Deny).await.unwrap();
    let settled = waiting.settled().await.unwrap();
    let denial = gate.resume(waiting, settled, &[delete()]).await.unwrap().unwrap_err();
    assert_eq!((denial.code, denial.message.as_str()), (Code::ApprovalDenied, "ben denied it: a test said so"));
    assert_eq!(verdicts(&dwelling), ["hold", "deny PST-3006"]);
    assert_eq!(settlements(&dwelling), ["denied"]);
}

#[tokio::test]
async fn what_nobody_answers_does_not_run() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let waiting = held(&mut gate, delete()).await;
    dwelling.clock.advance(Duration::from_secs(600));
    let late = dwelling.answer("ben", waiting.approval(), Choice::Approve).await.unwrap();
    assert_eq!(late, Answered::Refused(Refusal::Settled));
    let settled = waiting.settled().await.unwrap();
    let denial = gate.resume(waiting, settled, &[delete()]).await.unwrap().unwrap_err();
    assert_eq!((denial.code, denial.message.as_str()), (Code::ApprovalExpired, "nobody approved it in time"));
    assert_eq!(settlements(&dwelling), ["expired"]);
}

#[tokio::test]
async fn a_grant_that_comes_to_nothing_in_time_lapses() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let waiting = held(&mut gate, delete()).await;
    dwelling.answer("ben", waiting.approval(), Choice::Approve).await.unwrap();
    let settled = waiting.settled().await.unwrap();
    dwelling.clock.advance(Duration::from_secs(600));
    let denial = gate.resume(waiting, settled, &[delete()]).await.unwrap().unwrap_err();
    assert_eq!(denial.code, Code::ApprovalExpired);
    assert_eq!(verdicts(&dwelling), ["hold", "deny PST-3007"]);
}

#[tokio::test]
async fn what_reads_otherwise_by_then_is_not_what_was_granted() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let mut other = delete();
    other.meaning = Some("delete of the same name in another place".into());
    for again in [vec![other], vec![delete(), delete()], vec![]] {
        let waiting = held(&mut gate, delete()).await;
        dwelling.answer("ben", waiting.approval(), Choice::Approve).await.unwrap();
        let settled = waiting.settled().await.unwrap();
        let denial = gate.resume(waiting, settled, &again).await.unwrap().unwrap_err();
        assert_eq!(denial.code, Code::MeaningChanged, "{again:?}");
        assert_eq!(verdicts(&dwelling).pop().unwrap(), "deny PST-3014");
    }
}

#[tokio::test]
async fn no_human_is_asked_about_what_cannot_be_told() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let untold = postern_core::Operation { meaning: None, ..delete() };
    let denial = refused(&mut gate, vec![delete(), untold]).await;
    assert_eq!(denial.code, Code::Unreadable);
    assert_eq!(verdicts(&dwelling), ["deny PST-3012"]);
    assert!(dwelling.approvals.all().is_empty());
}

#[tokio::test]
async fn a_settlement_that_a_protocol_makes_up_grants_nothing() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let waiting = held(&mut gate, delete()).await;
    let forged = postern_core::approval::Settled { state: State::Granted, answer: None };
    let denial = gate.resume(waiting, forged, &[delete()]).await.unwrap().unwrap_err();
    assert_eq!(denial.code, Code::ApprovalExpired);
}

#[tokio::test]
async fn what_is_taken_back_does_not_run_and_cannot_be_granted_after() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let waiting = held(&mut gate, delete()).await;
    let approval = waiting.approval();
    let denial = gate.withdraw(waiting).await.unwrap();
    assert_eq!(denial.code, Code::ApprovalWithdrawn);
    let late = dwelling.answer("ben", approval, Choice::Approve).await.unwrap();
    assert_eq!(late, Answered::Refused(Refusal::Settled));
    assert_eq!(verdicts(&dwelling), ["hold", "deny PST-3010"]);
    assert_eq!(settlements(&dwelling), ["withdrawn"]);
}

#[tokio::test]
async fn an_answer_that_came_before_it_was_taken_back_is_what_is_recorded() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let waiting = held(&mut gate, delete()).await;
    dwelling.answer("ben", waiting.approval(), Choice::Approve).await.unwrap();
    gate.withdraw(waiting).await.unwrap();
    assert_eq!(settlements(&dwelling), ["granted"]);
    assert_eq!(verdicts(&dwelling), ["hold", "deny PST-3010"]);
    // the grant that nobody waits for any more serves nobody else
    let again = held(&mut gate, delete()).await;
    assert_eq!(dwelling.approvals.asked().await.id, again.approval());
}

#[tokio::test]
async fn inside_a_transaction_it_is_refused_or_waits_a_minute() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let question = asking(&mut gate, delete()).await;
    let Asked::No(denial) = gate.ask(question, Standing::InTransaction).await.unwrap() else {
        panic!("it holds locks")
    };
    assert_eq!(denial.code, Code::ApprovalInTransaction);
    assert_eq!(denial.rule.unwrap().to_string(), "deletes");
    assert_eq!(dwelling.approvals.all(), []);
    assert_eq!(verdicts(&dwelling), ["deny PST-3008"]);

    let waiting = RULES.replace("expires = \"10m\"", "expires = \"10m\", hold_in_transaction = \"wait\"");
    let (dwelling, _arrivals) = house(&waiting);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let question = asking(&mut gate, delete()).await;
    let Asked::Wait(held) = gate.ask(question, Standing::InTransaction).await.unwrap() else { panic!("it waits") };
    dwelling.clock.advance(Duration::from_secs(60));
    let late = dwelling.answer("ben", held.approval(), Choice::Approve).await.unwrap();
    assert_eq!(late, Answered::Refused(Refusal::Settled));
    assert_eq!(held.settled().await.unwrap().state, State::Expired);
}

#[tokio::test]
async fn for_who_cannot_wait_nobody_is_asked_unless_he_may_come_back() {
    let unable = || Standing::Unable(Denial::new(Code::NotAllowed, "it is too long to wait"));
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let question = asking(&mut gate, delete()).await;
    let Asked::No(denial) = gate.ask(question, unable()).await.unwrap() else { panic!("it cannot wait") };
    assert_eq!(
        (denial.message.as_str(), denial.rule.unwrap().to_string()),
        ("it is too long to wait", "deletes".into())
    );
    assert_eq!(dwelling.approvals.all(), []);
    assert_eq!(verdicts(&dwelling), ["deny PST-3001"]);

    let (dwelling, _arrivals) = house(&RULES.replace("expires = \"10m\"", RETRY));
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let question = asking(&mut gate, delete()).await;
    let Asked::No(denial) = gate.ask(question, unable()).await.unwrap() else { panic!("it does not wait") };
    assert_eq!(denial.code, Code::ApprovalPending);
    let approval = dwelling.approvals.asked().await.id;
    dwelling.answer("ben", approval, Choice::Approve).await.unwrap();
    let question = asking(&mut gate, delete()).await;
    assert!(matches!(gate.ask(question, unable()).await.unwrap(), Asked::Go(_)));
}

const RETRY: &str = r#"expires = "10m", hold = "retry""#;

#[tokio::test]
async fn asking_again_uses_the_approval_once() {
    let (dwelling, _arrivals) = house(&RULES.replace("expires = \"10m\"", RETRY));
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let ask = async |gate: &mut _| {
        let question = asking(gate, delete()).await;
        gate.ask(question, Standing::InTransaction).await.unwrap()
    };
    let Asked::No(denial) = ask(&mut gate).await else { panic!("it does not wait") };
    let approval = dwelling.approvals.asked().await.id;
    assert_eq!(denial.code, Code::ApprovalPending);
    assert!(denial.message.contains(&format!("https://gateway.test/approvals/{approval}")), "{}", denial.message);
    // asking again while it is open is the same question, and is recorded
    let Asked::No(denial) = ask(&mut gate).await else { panic!("it is still open") };
    assert!(denial.message.contains(&approval.to_string()));
    assert_eq!(dwelling.approvals.all().len(), 1);
    assert_eq!(verdicts(&dwelling), ["hold", "hold"]);
    dwelling.answer("ben", approval, Choice::Approve).await.unwrap();
    // neither somebody else nor another operation uses it
    let mut other = dwelling.open("helper", "shop").await.unwrap();
    assert!(matches!(ask(&mut other).await, Asked::No(_)));
    let question = asking(&mut gate, touching("toy.delete", Effect::Delete, "delete of something else")).await;
    assert!(matches!(gate.ask(question, Standing::Free).await.unwrap(), Asked::No(_)));
    // the same principal may come back on another connection
    let mut back = dwelling.open("bot", "shop").await.unwrap();
    let Asked::Go(permit) = ask(&mut back).await else { panic!("it is approved") };
    drop(permit);
    let Some(Decided::Allow { approval: used, rules }) = decisions(&dwelling).pop() else { panic!("no record") };
    assert_eq!((used, rules.len()), (Some(approval), 0));
    assert!(matches!(ask(&mut gate).await, Asked::No(_)), "it was used");
}

#[tokio::test]
async fn an_approval_may_serve_for_a_while() {
    let (dwelling, _arrivals) = house(&RULES.replace("expires = \"10m\"", "expires = \"10m\", reuse = \"1h\""));
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let waiting = held(&mut gate, delete()).await;
    let approval = waiting.approval();
    dwelling.answer("ben", approval, Choice::Approve).await.unwrap();
    let settled = waiting.settled().await.unwrap();
    gate.resume(waiting, settled, &[delete()]).await.unwrap().map(drop).unwrap();
    for wait in [0, 1_800, 1_799] {
        dwelling.clock.advance(Duration::from_secs(wait));
        let question = asking(&mut gate, delete()).await;
        assert!(matches!(gate.ask(question, Standing::InTransaction).await.unwrap(), Asked::Go(_)), "{wait}");
    }
    dwelling.clock.advance(Duration::from_secs(1));
    let waiting = held(&mut gate, delete()).await;
    assert_ne!(waiting.approval(), approval);
}

#[tokio::test]
async fn without_the_store_nothing_that_needs_a_human_goes_on() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let question = asking(&mut gate, delete()).await;
    let waiting = held(&mut gate, delete()).await;
    let other = held(&mut gate, delete()).await;
    dwelling.answer("ben", waiting.approval(), Choice::Approve).await.unwrap();
    let settled = waiting.settled().await.unwrap();
    dwelling.approvals.set_down(true);
    assert_eq!(gate.ask(question, Standing::Free).await.unwrap_err().code, Code::StoreUnavailable);
    assert_eq!(other.settled().await.unwrap_err().code, Code::StoreUnavailable);
    assert_eq!(gate.resume(waiting, settled, &[delete()]).await.unwrap_err().code, Code::StoreUnavailable);
    assert_eq!(gate.withdraw(other).await.unwrap_err().code, Code::StoreUnavailable);
    assert!(matches!(gate.submit(vec![crate::read()], "x".into()).await.unwrap(), Decision::Go(_)));
}

#[tokio::test]
async fn without_the_journal_an_approval_is_no_permit() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let waiting = held(&mut gate, delete()).await;
    dwelling.answer("ben", waiting.approval(), Choice::Approve).await.unwrap();
    let settled = waiting.settled().await.unwrap();
    // the settlement is written, the permit's record is not: the approval is spent and nothing may run
    dwelling.journal.fail_from(2);
    assert_eq!(gate.resume(waiting, settled, &[delete()]).await.unwrap_err().code, Code::JournalUnavailable);
    assert_eq!(dwelling.approvals.all()[0].state, State::Used);
    dwelling.journal.recover();
    dwelling.journal.fail_from(1);
    let question = gate.submit(vec![delete()], "x".into()).await.unwrap();
    let Decision::Ask(question) = question else { panic!("asking is recorded when it is asked") };
    assert_eq!(gate.ask(question, Standing::Free).await.unwrap_err().code, Code::JournalUnavailable);
    assert_eq!(dwelling.approvals.all().len(), 1, "a question that is not recorded is not asked");
}

#[tokio::test]
async fn an_answer_counts_once_the_journal_has_it() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let waiting = held(&mut gate, delete()).await;
    for choice in [Choice::Approve, Choice::Deny] {
        dwelling.journal.fail_from(1);
        let fault = dwelling.answer("ben", waiting.approval(), choice).await.unwrap_err();
        assert_eq!((fault.code, dwelling.approvals.all()[0].state), (Code::JournalUnavailable, State::Pending));
        dwelling.journal.recover();
    }
    dwelling.journal.hold();
    let mut answered = std::pin::pin!(dwelling.answer("ben", waiting.approval(), Choice::Approve));
    tokio::select! {
        _ = &mut answered => panic!("it counted before it was written"),
        () = dwelling.journal.waited_for() => {}
    }
    assert_eq!(dwelling.approvals.all()[0].state, State::Pending);
    dwelling.journal.release();
    assert_eq!(answered.await.unwrap(), Answered::Counted(State::Granted));
}

#[tokio::test]
async fn what_became_of_an_answer_names_the_line_that_holds_it() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let waiting = held(&mut gate, delete()).await;
    for name in ["bot", "ben"] {
        dwelling.answer(name, waiting.approval(), Choice::Approve).await.unwrap();
    }
    let events = dwelling.journal.events();
    let taken = events.iter().filter_map(|event| match event {
        Event::AnswerTaken { answer, state, refused, .. } => Some((*answer, state.clone(), refused.is_some())),
        _ => None,
    });
    let taken: Vec<_> = taken.collect();
    let by = |line: u64| match (1..).zip(&events).find(|(number, _)| *number == line) {
        Some((_, Event::ApprovalAnswered { by, choice: Choice::Approve, .. })) => by.name.clone(),
        other => panic!("it names another line: {other:?}"),
    };
    let [(first, None, true), (second, Some(state), false)] = &taken[..] else { panic!("{taken:?}") };
    assert_eq!((by(*first).as_str(), by(*second).as_str(), state.as_str()), ("bot", "ben", "granted"));
}

#[tokio::test]
async fn refusals_need_no_human() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    refused(&mut gate, vec![delete(), touching("toy.drop", Effect::Delete, "drop")]).await;
    assert_eq!(dwelling.approvals.all(), []);
}
