//! Whatever client and target say, in whatever order: nothing falls, nothing hangs, and nothing comes to the target that was
//! not decided.
//!
//! The target knows the protocol well enough to break it where it hurts: it answers twice, or something else, or ends in the
//! middle. The client does so too. Nobody ever grants anything.

use anyhow::{Result, ensure};
use postern_core::journal::{Decided, Event as Written};
use postern_protocols::postgres::wire::Frontend;
use tokio::time::Duration;

use crate::chance::{Chance, each};
use crate::client::{bytes, query};
use crate::sequences::some;
use crate::stage::{Stage, alone};
use crate::target::Event;

const USUALLY: u64 = 600;
/// Longer than a session may take to end, whoever does not listen.
const GOODBYE: Duration = Duration::from_secs(60);

const RULES: &str = r#"
[[rule]]
name   = "works"
effect = "allow"
who    = ["*"]
on     = ["*"]
do     = { effects = ["session", "read", "write", "define", "transfer"], objects = ["*"] }

[[rule]]
name   = "deletes"
effect = "approve"
who    = ["*"]
on     = ["*"]
do     = { effects = ["delete"], objects = ["public.t"] }
with   = { approvers = ["group:dba"] }
"#;

/// What no client says that means well.
fn odd(chance: &mut Chance) -> Frontend {
    match chance.below(5) {
        0 => Frontend::Terminate,
        1 => Frontend::FunctionCall { function: 16_401, formats: Vec::new(), arguments: Vec::new(), result: 0 },
        2 => Frontend::CopyData(bytes("1\n")),
        3 => Frontend::CopyDone,
        _ => query("DELETE FROM t WHERE id = 1; DELETE FROM f WHERE id = 1"),
    }
}

async fn play(number: u64) -> Result<()> {
    let mut chance = Chance::new(number);
    let mut stage = Stage::hostile(RULES, number)?;
    // what a target says as the session opens may keep it from opening
    let Ok(mut client) = stage.log_in(&mut chance).await else { return stage.examine() };
    for _ in 0..2 + chance.below(10) {
        let messages = if chance.one_in(8) { vec![odd(&mut chance)] } else { some(&mut chance) };
        // a gateway that reads no more is not waited for
        tokio::time::timeout(GOODBYE, client.say(&messages, &mut chance)).await.ok();
        if chance.one_in(8) {
            stage.cancel(&client, &mut chance).await?;
        }
        if chance.one_in(2) {
            stage.settle().await;
        }
    }
    if chance.one_in(2) {
        stage.lose_target();
    }
    client.leave().await;
    tokio::time::sleep(GOODBYE).await;
    stage.examine()?;
    ensure!(stage.sessions() == 0, "a session goes on that nobody listens to");
    decided(&stage)
}

/// What came to the target was allowed to, each time.
fn decided(stage: &Stage) -> Result<()> {
    let (events, written) = (stage.course.events(), stage.dwelling.journal.events());
    let mut came = 0_usize;
    for event in events {
        let Event::Reached(what) = event else { continue };
        ensure!(!what.text.contains("DELETE"), "{what:?} came, and nobody granted it");
        came += usize::from(!what.text.starts_with("postern"));
    }
    let allowed = |event: &&Written| matches!(event, Written::Operation { decided: Decided::Allow { .. }, .. });
    let allowed = written.iter().filter(allowed).count();
    ensure!(came <= allowed, "{came} came, and {allowed} were allowed");
    Ok(())
}

#[test]
fn nothing_that_either_side_says_makes_a_session_fall_hang_or_pass_what_was_not_decided() -> Result<()> {
    each("hostile", USUALLY, |number| alone(play(number)))
}
