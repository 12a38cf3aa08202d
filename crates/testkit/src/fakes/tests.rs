//! What the fakes promise to the tests that rely on them.

use std::sync::Arc;
use std::time::Duration;

use postern_core::approval::{Answered, Choice, Refusal, State};
use postern_core::gate::{Asked, Decision, Halt, Standing};
use postern_core::ports::Approvals as _;
use postern_core::{Code, Effect, Object, Touch};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::{Dwelling, HouseBuilder, Reach, operation};

const POLICY: &str = r#"
    [[principal]]
    name   = "{sub}"
    kind   = "human"
    issuer = "corp"

    [[target]]
    name     = "shop"
    protocol = "toy"
    address  = "shop.test:7000"
    login    = { user = "app", password = "env:SHOP" }

    [[rule]]
    name   = "reads"
    effect = "allow"
    who    = ["*"]
    on     = ["*"]
    do     = { effects = ["read"] }

    [[rule]]
    name   = "deletes"
    effect = "approve"
    who    = ["*"]
    on     = ["*"]
    do     = { effects = ["delete"] }
    with   = { approvers = ["principal:ann"], expires = "10m" }
"#;

fn dwelling() -> (Dwelling, super::Arrivals) {
    let (reach, arrivals) = Reach::pairs();
    let dwelling = HouseBuilder::new(POLICY).reaching(reach).build().unwrap();
    dwelling.tokens.know("ann's", "ann");
    dwelling.tokens.know("bob's", "bob");
    dwelling.vault.put("env:SHOP", "hunter22");
    (dwelling, arrivals)
}

fn touching(effect: Effect) -> postern_core::Operation {
    operation("toy.read", vec![Touch::whole(effect, Object::at(["public", "customers"]))], "something")
}

#[tokio::test]
async fn a_held_journal_keeps_nothing_until_released() {
    let (dwelling, _arrivals) = dwelling();
    let mut gate = dwelling.open("bob's", "shop").await.unwrap();
    let before = dwelling.journal.drafts();
    dwelling.journal.hold();
    let mut submitted = std::pin::pin!(gate.submit(vec![touching(Effect::Read)], "x".into()));
    tokio::select! {
        _ = &mut submitted => panic!("it went past a journal that is held"),
        () = dwelling.journal.waited_for() => {}
    }
    assert_eq!(dwelling.journal.drafts().len(), before.len());
    dwelling.journal.release();
    assert!(matches!(submitted.await.unwrap(), Decision::Go(_)));
    assert_eq!(dwelling.journal.drafts()[before.len()..].len(), 1);
}

#[tokio::test]
async fn a_journal_fails_from_the_append_that_was_named() {
    let (dwelling, _arrivals) = dwelling();
    let mut gate = dwelling.open("bob's", "shop").await.unwrap();
    dwelling.journal.fail_from(2);
    assert!(gate.submit(vec![touching(Effect::Read)], "x".into()).await.is_ok());
    for _ in 0..2 {
        let fault = gate.submit(vec![touching(Effect::Read)], "x".into()).await.unwrap_err();
        assert_eq!(fault.code, Code::JournalUnavailable);
    }
    dwelling.journal.recover();
    assert!(gate.submit(vec![touching(Effect::Read)], "x".into()).await.is_ok());
}

#[tokio::test]
async fn a_question_expires_by_the_clock_of_the_test() {
    let (dwelling, _arrivals) = dwelling();
    let mut gate = dwelling.open("bob's", "shop").await.unwrap();
    let Decision::Ask(asking) = gate.submit(vec![touching(Effect::Delete)], "x".into()).await.unwrap() else {
        panic!("a delete needs a human");
    };
    let Asked::Wait(held) = gate.ask(asking, Standing::Free).await.unwrap() else { panic!("it waits") };
    let mut settled = std::pin::pin!(held.settled());
    assert!(timeout(Duration::from_millis(20), &mut settled).await.is_err());
    dwelling.clock.advance(Duration::from_secs(599));
    assert!(timeout(Duration::from_millis(20), &mut settled).await.is_err());
    dwelling.clock.advance(Duration::from_secs(1));
    assert_eq!(settled.await.unwrap().state, State::Expired);
}

#[tokio::test]
async fn an_answer_wakes_who_waits() {
    let (dwelling, _arrivals) = dwelling();
    let mut gate = dwelling.open("bob's", "shop").await.unwrap();
    let Decision::Ask(asking) = gate.submit(vec![touching(Effect::Delete)], "x".into()).await.unwrap() else {
        panic!("a delete needs a human");
    };
    let Asked::Wait(held) = gate.ask(asking, Standing::Free).await.unwrap() else { panic!("it waits") };
    let id = dwelling.approvals.asked().await.id;
    assert_eq!(id, held.approval());
    assert_eq!(dwelling.answer("bob's", id, Choice::Approve).await.unwrap(), Answered::Refused(Refusal::Own));
    let (settled, answered) = tokio::join!(held.settled(), dwelling.answer("ann's", id, Choice::Approve));
    assert_eq!(answered.unwrap(), Answered::Counted(State::Granted));
    assert_eq!(settled.unwrap().state, State::Granted);
}

#[tokio::test]
async fn a_store_that_is_down_answers_nothing() {
    let (dwelling, _arrivals) = dwelling();
    dwelling.approvals.set_down(true);
    assert_eq!(dwelling.approvals.list().await.unwrap_err().code, Code::StoreUnavailable);
    dwelling.approvals.set_down(false);
    assert_eq!(dwelling.approvals.list().await.unwrap(), []);
}

#[tokio::test]
async fn a_connection_ends_where_the_test_takes_it() {
    let (dwelling, arrivals) = dwelling();
    let known = dwelling.accept().identify(super::house::claim("bob's")).await.unwrap();
    let (_gate, lease, mut link) = known.open("shop", None).await.unwrap();
    assert_eq!((lease.user.as_str(), lease.password.unwrap().expose()), ("app", &b"hunter22"[..]));
    assert_eq!((dwelling.reach.dialled(), dwelling.vault.fetched()), (1, vec!["env:SHOP".to_owned()]));
    let mut far = arrivals.next().await.unwrap();
    link.stream.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    far.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
}

#[tokio::test]
async fn without_a_target_or_a_secret_no_session_opens() {
    let nowhere = HouseBuilder::new(POLICY).build().unwrap();
    nowhere.tokens.know("bob's", "bob");
    assert_eq!(nowhere.open("bob's", "shop").await.unwrap_err().code, Code::VaultUnavailable);
    nowhere.vault.put("env:SHOP", "hunter22");
    assert_eq!(nowhere.open("bob's", "shop").await.unwrap_err().code, Code::TargetUnreachable);
    assert_eq!(nowhere.open("nobody's", "shop").await.unwrap_err().code, Code::TokenInvalid);
}

#[tokio::test]
async fn halting_reaches_every_gate() {
    let (dwelling, _arrivals) = dwelling();
    let gate = dwelling.open("bob's", "shop").await.unwrap();
    dwelling.halt.send(Halt::JournalLost).unwrap();
    assert_eq!(gate.over().await.code, Code::JournalUnavailable);
}

#[test]
fn a_policy_with_a_mistake_builds_no_house() {
    let error = HouseBuilder::new(POLICY.replace("\"delete\"", "\"deleet\"")).build().err().unwrap();
    assert!(error.to_string().contains("did you mean `delete`?"), "{error}");
}

#[test]
fn the_clock_goes_where_it_is_set() {
    let clock = Arc::new(super::StillClock::default());
    clock.set(postern_core::Micros(5));
    clock.advance(Duration::from_micros(2));
    assert_eq!(postern_core::Clock::now(&*clock), postern_core::Micros(7));
}
