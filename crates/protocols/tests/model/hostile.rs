//! Whatever client and target say, in whatever order: nothing falls, nothing hangs, and nothing comes to the target that was
//! not decided.
//!
//! The target knows the protocol well enough to break it where it hurts: it answers twice, or something else, or ends in the
//! middle. The client does so too. Nobody ever grants anything.

use anyhow::{Result, ensure};
use postern_core::journal::{Decided, Event as Written};
use tokio::time::Duration;

use crate::chance::Chance;
use crate::messages::{odd, some};
use crate::stage::Stage;
use crate::target::Event;

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

/// One case: the client chooses first, and the target apart from it.
pub(crate) async fn play(mut all: Chance) -> Result<()> {
    let mut chance = all.apart();
    let mut stage = Stage::hostile(RULES, all)?;
    // what a target says as the session opens may keep it from opening
    let Ok(mut client) = stage.log_in(&mut chance).await else { return stage.examine() };
    for _ in chance.below(10)..12 {
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
    crate::cases::each("hostile", 600, |number| crate::stage::alone(play(Chance::new(number))))
}
