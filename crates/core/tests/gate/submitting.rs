//! What is submitted, decided, and recorded.

use std::sync::Arc;

use postern_core::clock::Micros;
use postern_core::gate::{Decision, Payload, Sent, Wording};
use postern_core::journal::{Decided, Event, Outcome};
use postern_core::operation::{Output, Outputs, Reading, Stage};
use postern_core::verdict::Duties;
use postern_core::{Code, Column, Denial, Effect, Object, Operation, OperationId, Touch};
use postern_testkit::fakes::operation;

use crate::{RULES, delete, house, policy, read, refused, touching, verdicts};

#[tokio::test]
async fn what_is_allowed_may_send_its_own_bytes_and_no_others() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let Decision::Go(permit) = gate.submit(vec![read()], "the very bytes".into()).await.unwrap() else {
        panic!("reads are allowed")
    };
    let id = permit.id();
    let (bytes, flow) = permit.spend();
    assert_eq!((&bytes[..], flow.id()), (&b"the very bytes"[..], id));
    let events = dwelling.journal.of(gate.session());
    let Event::Operation { id: recorded, actions, touches, prepare, decided, masks, policy, sealed, .. } = &events[1]
    else {
        panic!("{events:?}")
    };
    assert_eq!((*recorded, *prepare, masks.len()), (id, false, 0));
    assert_eq!((&**actions, &**touches), (&["toy.read".to_owned()][..], &["read public.orders".to_owned()][..]));
    assert_eq!(*decided, Decided::Allow { rules: vec!["reads".to_owned()], approval: None });
    assert_eq!(policy.len(), 16);
    let open = dwelling.sealer.open(&id.to_string(), sealed).unwrap();
    assert_eq!(open.text, "read of 'swordfish'");
}

#[tokio::test]
async fn what_is_denied_gets_no_permit_and_is_journalled() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let elsewhere = operation("toy.read", vec![Touch::whole(Effect::Read, Object::at(["private", "t"]))], "x");
    let opaque = read().but(|deed| deed.reading = Reading::Opaque("near 'swordfish'".to_owned()));
    let table = [
        (elsewhere, Code::NotAllowed, None),
        (touching("toy.drop", Effect::Read, "drop"), Code::Forbidden, Some("no-drops")),
        (operation("toy.read", vec![], "nothing"), Code::Unreadable, None),
        (opaque, Code::Unreadable, None),
    ];
    for (operation, code, rule) in table {
        let denial = refused(&mut gate, vec![operation]).await;
        assert_eq!((denial.code, denial.rule.as_ref().map(ToString::to_string).as_deref()), (code, rule));
        let Some(Event::Operation { decided, .. }) = dwelling.journal.events().pop() else { panic!("no record") };
        let Decided::Deny { rule: recorded, code: said, .. } = decided else { panic!("{decided:?}") };
        assert_eq!((recorded.as_deref(), said), (rule, code.to_string()));
    }
    assert!(!dwelling.journal.text().contains("swordfish"), "a client's words stand in the journal");
}

/// A message in which an image stands for what the masks veil.
#[derive(Debug)]
struct Images;

impl Wording for Images {
    fn under(&self, due: &Duties) -> Result<Sent, Denial> {
        match due.masks.of(&mail()) {
            Some(_) => Ok(Sent { bytes: "read of '***'".into(), text: Some("read of '***'".into()) }),
            None => Err(Denial::new(Code::PreparedOtherwise, "it was prepared with images")),
        }
    }
}

/// What goes to the target for a command that a rule offers is put together by who knows how, or does not go.
#[tokio::test]
async fn what_a_rule_offers_is_not_sent_in_words_of_a_client() {
    let offer = "[[rule]]\nname = \"r\"\neffect = \"allow\"\nwho = [\"*\"]\non = [\"*\"]\ndo = { run = \"f 1\" }\n";
    let (dwelling, _arrivals) = house(offer);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let run = touching("toy.run", Effect::Execute, "f");
    let run = run.but(|deed| deed.command = Some(vec!["f".to_owned(), "1".to_owned()]));
    let denial = refused(&mut gate, vec![run]).await;
    assert_eq!(denial.code, Code::Internal);
    let Some(Event::Operation { decided, .. }) = dwelling.journal.events().pop() else { panic!("no record") };
    assert!(matches!(decided, Decided::Deny { .. }), "{decided:?}");
}

fn mail() -> Column {
    Column { object: Object::at(["public", "orders"]), name: "mail".into() }
}

#[tokio::test]
async fn what_needs_images_is_not_sent_without() {
    let mask = "[[mask]]\nname = \"mails\"\ncolumns = [\"public.orders.mail\"]\nkind = \"fixed\"\n";
    let (dwelling, _arrivals) = house(&format!("{mask}{RULES}"));
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let output = Output::Derived { label: "upper(mail)".to_owned(), from: [mail()].into() };
    let veiled = read().but(|deed| {
        deed.outputs = Outputs::Cells(vec![output.clone()]);
        deed.uses.veils = [(mail(), [mail()].into())].into();
    });
    let Decision::No(denial) = gate.submit(vec![veiled.clone()], "the client's own words".into()).await.unwrap() else {
        panic!("it was sent without images")
    };
    assert_eq!(denial.code, Code::PolicyChanged);
    let images = || Payload::Worded(Arc::new(Images));
    let Decision::Go(permit) = gate.submit(vec![veiled.clone()], images()).await.unwrap() else {
        panic!("of images anything may be made")
    };
    let id = permit.id();
    assert_eq!(&permit.spend().0[..], b"read of '***'");
    let Some(Event::Operation { masks, sealed, .. }) = dwelling.journal.events().pop() else { panic!("no record") };
    assert_eq!(masks, ["mails"]);
    let open = dwelling.sealer.open(&id.to_string(), &sealed).unwrap();
    assert_eq!(open.text, "read of 'swordfish'; -- sent as: read of '***'");
    // where it cannot be sent so any more the refusal is recorded, and nothing is permitted
    dwelling.change(&policy(RULES)).unwrap();
    let Decision::No(denial) = gate.submit(vec![veiled], images()).await.unwrap() else { panic!("it was sent") };
    assert_eq!(denial.code, Code::PreparedOtherwise);
    let Some(Event::Operation { decided, .. }) = dwelling.journal.events().pop() else { panic!("no record") };
    assert!(matches!(decided, Decided::Deny { .. }), "{decided:?}");
}

#[tokio::test]
async fn nothing_is_nothing_to_allow() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    assert_eq!(refused(&mut gate, vec![]).await.code, Code::Unreadable);
    let Some(Event::Operation { prepare, actions, .. }) = dwelling.journal.events().pop() else { panic!("no record") };
    assert_eq!((prepare, actions.len()), (false, 0));
}

#[tokio::test]
async fn without_a_record_there_is_no_permit() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    dwelling.journal.fail_from(1);
    for operations in [vec![read()], vec![], vec![touching("toy.drop", Effect::Read, "drop")]] {
        assert_eq!(gate.submit(operations, "x".into()).await.unwrap_err().code, Code::JournalUnavailable);
    }
    assert_eq!(gate.own("select 1", "x".into()).await.unwrap_err().code, Code::JournalUnavailable);
    assert_eq!(gate.alert(Code::Internal, "x").await.unwrap_err().code, Code::JournalUnavailable);
    assert_eq!(
        gate.finished(vec![(OperationId::at(Micros(0)), Outcome::Unknown)]).unwrap_err().code,
        Code::JournalUnavailable
    );
    assert_eq!(gate.close("x").await.unwrap_err().code, Code::JournalUnavailable);
    assert_eq!(dwelling.journal.events().len(), 1, "only the session's beginning was written");
}

#[tokio::test]
async fn a_permit_waits_for_its_record() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    dwelling.journal.hold();
    let mut submitted = std::pin::pin!(gate.submit(vec![read()], "x".into()));
    tokio::select! {
        biased;
        _ = &mut submitted => panic!("there is a permit before its record"),
        () = dwelling.journal.waited_for() => {}
    }
    dwelling.journal.release();
    assert!(matches!(submitted.await.unwrap(), Decision::Go(_)));
}

#[tokio::test]
async fn what_is_only_prepared_asks_nobody_yet() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let prepared = |operation: Operation| Operation { stage: Stage::Prepare, ..operation };
    assert!(matches!(gate.submit(vec![prepared(delete())], "x".into()).await.unwrap(), Decision::Go(_)));
    let Some(Event::Operation { prepare, .. }) = dwelling.journal.events().pop() else { panic!("no record") };
    assert!(prepare);
    assert_eq!(dwelling.approvals.all(), []);
    // what could never run is not even prepared
    let denial = refused(&mut gate, vec![prepared(touching("toy.drop", Effect::Read, "drop"))]).await;
    assert_eq!(denial.code, Code::Forbidden);
    // and one thing that runs now makes a human decide about all
    let mixed = vec![prepared(delete()), delete()];
    assert!(matches!(gate.submit(mixed, "x".into()).await.unwrap(), Decision::Ask(_)));
}

#[tokio::test]
async fn the_strictest_verdict_governs_a_message() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    assert!(matches!(gate.submit(vec![read(), read()], "x".into()).await.unwrap(), Decision::Go(_)));
    assert!(matches!(gate.submit(vec![read(), delete()], "x".into()).await.unwrap(), Decision::Ask(_)));
    let denial = refused(&mut gate, vec![read(), delete(), touching("toy.drop", Effect::Read, "drop")]).await;
    assert_eq!(denial.code, Code::Forbidden);
    assert_eq!(verdicts(&dwelling), ["allow", "deny PST-3002"], "what only asks is recorded when it is asked");
}

#[tokio::test]
async fn masks_are_named_once_each() {
    let masks = r#"
        [[mask]]
        name    = "phones"
        columns = ["public.orders.phone"]
        kind    = "null"
        [[mask]]
        name    = "mails"
        columns = ["public.orders.mail"]
        kind    = "fixed"
    "#;
    let (dwelling, _arrivals) = house(&format!("{RULES}{masks}"));
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let showing = |names: &[&str]| {
        let column = |name: &&str| Column { object: Object::at(["public", "orders"]), name: (*name).into() };
        read().but(|deed| deed.outputs = Outputs::Cells(names.iter().map(|name| Output::Bare(column(name))).collect()))
    };
    let message = vec![showing(&["phone", "mail", "id"]), showing(&["mail"]), showing(&["phone"])];
    assert!(matches!(gate.submit(message, "x".into()).await.unwrap(), Decision::Go(_)));
    let Some(Event::Operation { masks, .. }) = dwelling.journal.events().pop() else { panic!("no record") };
    assert_eq!(masks, ["mails", "phones"]);
    assert!(gate.masks().of(&Column { object: Object::at(["public", "orders"]), name: "mail".into() }).is_some());
}

#[tokio::test]
async fn what_the_gateway_does_itself_is_recorded_too() {
    let (dwelling, _arrivals) = house(RULES);
    let gate = dwelling.open("bot", "shop").await.unwrap();
    let permit = gate.own("select current_setting('search_path')", "bytes".into()).await.unwrap();
    let id = permit.id();
    assert_eq!(&permit.spend().0[..], b"bytes");
    gate.finished(vec![(id, Outcome::Done { note: "SELECT 1".to_owned() }), (id, Outcome::Unknown)]).unwrap();
    gate.alert(Code::TargetViolation, "it answered twice").await.unwrap();
    let session = gate.session();
    gate.close("the client left").await.unwrap();
    let events = dwelling.journal.of(session);
    assert_eq!(events[1], Event::Own { id, text: "select current_setting('search_path')".to_owned() });
    assert_eq!(events[2], Event::Finished { id, outcome: Outcome::Done { note: "SELECT 1".to_owned() } });
    assert_eq!(events[3], Event::Finished { id, outcome: Outcome::Unknown });
    assert_eq!(events[4], Event::Alert { code: "PST-2006".to_owned(), message: "it answered twice".to_owned() });
    assert_eq!(events[6], Event::SessionClosed { reason: "the client left".to_owned() });
}

#[tokio::test]
async fn a_permit_stands_as_long_as_its_policy() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let Decision::Go(permit) = gate.submit(vec![read()], "x".into()).await.unwrap() else { panic!("it is allowed") };
    let (_, flow) = permit.spend();
    assert!(gate.stands(&flow).unwrap().is_ok());
    dwelling.change(&format!("{}# said otherwise\n", policy(RULES))).unwrap();
    assert_eq!(gate.stands(&flow).unwrap().unwrap_err().code, Code::PolicyChanged);
    dwelling.change(&policy(RULES)).unwrap();
    assert!(gate.stands(&flow).unwrap().is_ok(), "the same text is the same policy");
}
