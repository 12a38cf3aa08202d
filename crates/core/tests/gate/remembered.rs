//! What was allowed before, asked for again: the very same deed, which is decided as if it were new.

use std::sync::Arc;
use std::time::Duration;

use postern_core::gate::{Decision, Open};
use postern_core::journal::Event;
use postern_core::mask::Lineage;
use postern_core::operation::{Output, Outputs};
use postern_core::{Clock, Code, Column, Effect, Gate, Object, Operation, Touch};
use postern_testkit::fakes::operation;

use crate::{RULES, delete, house, policy, read, verdicts};

/// What comes of submitting it, with a text and parameters of its own.
async fn again(gate: &mut Gate<Open>, operation: &Operation, turn: usize) -> Result<(), Code> {
    let (text, parameters) = (format!("turn {turn}").into(), vec![Some(turn.to_string().into())]);
    let one = Operation { text, parameters, ..operation.clone() };
    match gate.submit(vec![one], "x".into()).await {
        Ok(Decision::Go(_)) => Ok(()),
        Ok(Decision::Ask(_)) => Err(Code::ApprovalPending),
        Ok(Decision::No(denial)) => Err(denial.code),
        Err(fault) => Err(fault.code),
    }
}

#[tokio::test]
async fn each_time_is_recorded_with_its_own_words() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let one = read();
    for turn in 0..3 {
        again(&mut gate, &one, turn).await.unwrap();
    }
    assert_eq!(verdicts(&dwelling), ["allow"; 3]);
    let said: Vec<_> = dwelling.journal.events().iter().filter_map(|event| dwelling.sealer.open_in(event)).collect();
    assert_eq!(said.iter().map(|said| &*said.text).collect::<Vec<_>>(), ["turn 0", "turn 1", "turn 2"]);
    assert_eq!(said.iter().filter(|said| said.values.parameters.len() == 1).count(), 3);
    let digests: std::collections::BTreeSet<_> = dwelling.journal.events().into_iter().filter_map(digest).collect();
    assert_eq!(digests.len(), 3, "an approval of one is none of the others");
}

fn digest(event: Event) -> Option<String> {
    if let Event::Operation { digest, .. } = event { Some(digest) } else { None }
}

#[tokio::test]
async fn another_policy_decides_anew() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let one = read();
    assert_eq!(again(&mut gate, &one, 0).await, Ok(()));
    let asking = RULES.replacen("effect = \"allow\"", "effect = \"approve\"", 1);
    let asking = asking.replacen(
        "objects = [\"public.*\"] }\n",
        "objects = [\"public.*\"] }\n    with = { approvers = [\"group:dba\"] }\n",
        1,
    );
    dwelling.change(&policy(&asking)).unwrap();
    assert_eq!(again(&mut gate, &one, 1).await, Err(Code::ApprovalPending));
    dwelling.change(&policy(RULES)).unwrap();
    assert_eq!(again(&mut gate, &one, 2).await, Ok(()));
    dwelling.change(&policy(&RULES.replacen("\"public.*\"", "\"other.*\"", 1))).unwrap();
    assert_eq!(again(&mut gate, &one, 3).await, Err(Code::NotAllowed));
}

#[tokio::test]
async fn what_depends_on_the_time_is_asked_each_time() {
    for (effect, after) in [("allow", Err(Code::NotAllowed)), ("forbid", Ok(()))] {
        let timed = format!(
            "{RULES}\n[[rule]]\nname='{effect}-now'\neffect='{effect}'\nwho=['*']\non=['target:shop']\n\
             do={{ effects=['write'] }}\nwhen='now < timestamp(\"UNTIL\")'\n"
        );
        let (start, _) = house(RULES);
        let until = start.clock.now().after(Duration::from_secs(60)).to_string();
        let others =
            if effect == "forbid" { RULES.replacen("\"read\"", "\"read\", \"write\"", 1) } else { RULES.to_owned() };
        let (dwelling, _arrivals) = house(&timed.replace(RULES, &others).replace("UNTIL", &until));
        let mut gate = dwelling.open("bot", "shop").await.unwrap();
        let write = operation("toy.write", vec![Touch::whole(Effect::Write, Object::at(["public", "orders"]))], "x");
        let before = again(&mut gate, &write, 0).await;
        assert_eq!(before, if effect == "allow" { Ok(()) } else { Err(Code::Forbidden) });
        dwelling.clock.advance(Duration::from_secs(61));
        assert_eq!(again(&mut gate, &write, 1).await, after, "{effect}");
    }
}

#[tokio::test]
async fn how_often_it_was_done_counts_each_time() {
    let (dwelling, _arrivals) = house(&RULES.replacen(
        "objects = [\"public.*\"] }\n",
        "objects = [\"public.*\"] }\n    with = { per_minute = 2 }\n",
        1,
    ));
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let one = read();
    assert_eq!(again(&mut gate, &one, 0).await, Ok(()));
    assert_eq!(again(&mut gate, &one, 1).await, Ok(()));
    assert_eq!(again(&mut gate, &one, 2).await, Err(Code::TooOften));
    dwelling.clock.advance(Duration::from_secs(62));
    assert_eq!(again(&mut gate, &one, 3).await, Ok(()));
}

#[tokio::test]
async fn a_human_is_asked_each_time() {
    let (dwelling, _arrivals) = house(RULES);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let one = delete();
    for turn in 0..2 {
        assert_eq!(again(&mut gate, &one, turn).await, Err(Code::ApprovalPending));
    }
}

/// `public.v.copy` shows `public.orders.mail`.
struct View;

impl Lineage for View {
    fn columns(&self) -> Vec<Column> {
        vec![column("orders", "mail"), column("v", "copy")]
    }

    fn kin(&self, of: &Column) -> Vec<Column> {
        if *of == column("orders", "mail") { vec![column("v", "copy")] } else { Vec::new() }
    }

    fn copies(&self, of: &Column) -> Vec<Column> {
        self.kin(of)
    }
}

fn column(table: &str, name: &str) -> Column {
    Column { object: Object::at(["public", table]), name: name.into() }
}

#[tokio::test]
async fn what_the_target_says_of_its_columns_counts_at_once() {
    let masks = format!("[[mask]]\nname='mails'\ncolumns=['public.orders.mail']\nkind='fixed'\n{RULES}");
    let (dwelling, _arrivals) = house(&masks);
    let mut gate = dwelling.open("bot", "shop").await.unwrap();
    let touch = Touch::columns(Effect::Read, Object::at(["public", "v"]), ["copy"]);
    let derived = Output::Derived { label: "upper(copy)".to_owned(), from: [column("v", "copy")].into() };
    let one = operation("toy.read", vec![touch], "x").but(|deed| deed.outputs = Outputs::Cells(vec![derived]));
    assert_eq!(again(&mut gate, &one, 0).await, Ok(()));
    gate.relate(Arc::new(View)).unwrap();
    assert_eq!(again(&mut gate, &one, 1).await, Err(Code::MaskedOutput));
}
