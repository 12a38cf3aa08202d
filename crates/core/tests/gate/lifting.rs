//! Masks that are lifted: what a human is told of it, and what the journal says.

use postern_core::approval::Choice;
use postern_core::gate::Decision;
use postern_core::journal::Event;
use postern_core::operation::{Output, Outputs};
use postern_core::{Code, Column, Effect, Object, Operation, Touch};
use postern_testkit::fakes::operation;

use crate::{held, house, policy};

const RULES: &str = r#"
    [[mask]]
    name    = "mails"
    columns = ["public.orders.mail"]
    kind    = "fixed"

    [[rule]]
    name   = "reads"
    effect = "allow"
    who    = ["*"]
    on     = ["target:shop"]
    do     = { effects = ["read"] }

    [[rule]]
    name   = "plainly"
    effect = "approve"
    who    = ["principal:bot"]
    on     = ["target:shop"]
    do     = { effects = ["read"], objects = ["public.orders.mail"] }
    with   = { approvers = ["group:dba"], unmask = ["mails"] }
"#;

fn mail() -> Operation {
    let object = Object::at(["public", "orders"]);
    let shown = Output::Bare(Column { object: object.clone(), name: "mail".into() });
    let touches = vec![Touch::columns(Effect::Read, object, ["mail"])];
    operation("toy.read", touches, "mail").but(|deed| deed.outputs = Outputs::Cells(vec![shown]))
}

#[tokio::test]
async fn a_human_agrees_to_what_is_shown_in_clear() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let waiting = held(&mut gate, mail()).await;
    assert_eq!(dwelling.approvals.all()[0].in_clear, ["mails"]);
    dwelling.answer("ben", waiting.approval(), Choice::Approve).await.unwrap();
    let settled = waiting.settled().await.unwrap();
    let (_, flow) = gate.resume(waiting, settled, &[mail()]).await.unwrap().unwrap().spend();
    assert!(flow.masks().outputs(&mail(), &[]).iter().all(|(_, mask)| mask.is_none()));
    assert!(!gate.masks().is_empty(), "the session is bound all the same");
    let Some(Event::Operation { masks, .. }) = dwelling.journal.events().pop() else { panic!("no record") };
    assert!(masks.is_empty(), "nothing of it came masked: {masks:?}");
}

#[tokio::test]
async fn what_was_agreed_to_masked_is_not_shown_in_clear() {
    let masked = RULES.replace(", unmask = [\"mails\"]", "");
    let (dwelling, _arrivals) = house(&masked);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let waiting = held(&mut gate, mail()).await;
    dwelling.answer("ben", waiting.approval(), Choice::Approve).await.unwrap();
    let settled = waiting.settled().await.unwrap();
    dwelling.change(&policy(RULES)).unwrap();
    let denial = gate.resume(waiting, settled, &[mail()]).await.unwrap().unwrap_err();
    assert_eq!(denial.code, Code::PolicyChanged);
}

#[tokio::test]
async fn for_others_it_stays_masked() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("ann", "shop").await.unwrap();
    let Decision::Go(permit) = gate.submit(vec![mail()], "x".into()).await.unwrap() else { panic!("it is allowed") };
    let (_, flow) = permit.spend();
    assert!(flow.masks().outputs(&mail(), &[]).iter().all(|(_, mask)| mask.is_some()));
    let Some(Event::Operation { masks, .. }) = dwelling.journal.events().pop() else { panic!("no record") };
    assert_eq!(masks, ["mails"]);
}
