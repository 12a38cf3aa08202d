//! Whatever client and target say, in whatever order: nothing falls, nothing hangs, nothing comes to the target that was
//! not decided and recorded before, the client hears whole messages, and no masked cell in clear.
//!
//! The target knows the protocol well enough to break it where it hurts: it answers twice, or something else, or ends in the
//! middle. The client does so too. Nobody ever grants anything. The same cases are what `fuzz/fuzz_targets/session.rs` makes
//! of its bytes. Enter at [`play`].

use anyhow::{Context as _, Result, ensure};
use postern_core::journal::{Decided, Event as Written};
use postern_protocols::postgres::wire::Backend;
use tokio::time::Duration;

use crate::chance::Chance;
use crate::client::{Client, in_full};
use crate::messages::{broken, odd, some};
use crate::stage::Stage;
use crate::target::Arrival;

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

[[mask]]
name       = "names"
columns    = ["public.r.name"]
kind       = "fixed"
predicates = "allow"
"#;

/// What may no longer be done under other rules.
const FEWER: &str = r#"
[[rule]]
name   = "never"
effect = "forbid"
who    = ["*"]
on     = ["*"]
do     = { effects = ["write"], objects = ["*"] }
"#;

/// What stands in the masked column. Conditions may see it, so that the target shows it and the session masks it.
const NAMES: [&str; 3] = ["Ann", "Bob", "Cem"];

/// One case: the client chooses, how what it says is cut, and the target, each apart from the others.
pub(crate) async fn play(mut all: Chance) -> Result<()> {
    let (mut chance, mut cuts) = (all.apart(), all.apart());
    let honest = chance.one_in(3);
    let mut stage = if honest { Stage::new(RULES, all)? } else { Stage::hostile(RULES, all)? };
    // what a target says as the session opens may keep it from opening
    let Ok(mut client) = stage.log_in(&mut cuts).await else { return stage.examine() };
    for _ in chance.below(10)..12 {
        step(&mut stage, &mut client, &mut chance, &mut cuts).await?;
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
    client.examine()?;
    // a target that lies about its columns shows what it likes
    if honest {
        veiled(&client.heard())?;
    }
    decided(&stage)
}

async fn step(stage: &mut Stage, client: &mut Client, chance: &mut Chance, cuts: &mut Chance) -> Result<()> {
    // a gateway that reads no more is not waited for
    match chance.below(24) {
        0 => {
            let bytes = broken(chance);
            tokio::time::timeout(GOODBYE, client.write(&bytes, cuts)).await.ok();
        }
        1 | 2 => drop(tokio::time::timeout(GOODBYE, client.say(&[odd(chance)], cuts)).await),
        3 | 4 => stage.cancel(client, cuts).await?,
        5 if chance.one_in(2) => stage.change(&format!("{RULES}{FEWER}"))?,
        5 => stage.change(RULES)?,
        // as long as whoever waits for a human is told nothing
        6 => tokio::time::sleep(Duration::from_secs(31)).await,
        7 if chance.one_in(4) => stage.lose_target(),
        7 if chance.one_in(4) => stage.dwelling.journal.fail_from(1),
        7 => client.leave().await,
        _ => drop(tokio::time::timeout(GOODBYE, client.say(&some(chance), cuts)).await),
    }
    Ok(())
}

fn veiled(heard: &[Backend]) -> Result<()> {
    for message in heard {
        let shown = in_full(message);
        let cells = matches!(message, Backend::DataRow(_) | Backend::CopyData(_));
        ensure!(!cells || !NAMES.iter().any(|name| shown.contains(name)), "a masked cell leaves in clear: {shown}");
    }
    Ok(())
}

/// What came to the target was allowed to, each time, and the journal said so before.
fn decided(stage: &Stage) -> Result<()> {
    let drafts = stage.dwelling.journal.drafts();
    let mut used = vec![false; drafts.len()];
    for Arrival { what, written } in stage.course.arrivals() {
        ensure!(!what.text.contains("DELETE"), "{what:?} came, and nobody granted it");
        if what.text.starts_with("postern") {
            continue;
        }
        let record = drafts.iter().take(written).zip(&mut used).find(|(draft, used)| {
            let allowed = matches!(draft.event, Written::Operation { decided: Decided::Allow { .. }, .. });
            let opened = || stage.dwelling.sealer.open_in(&draft.event);
            allowed && !**used && opened().is_some_and(|opened| opened.text == what.text)
        });
        let (_, used) = record.with_context(|| format!("{what:?} came before it was recorded"))?;
        *used = true;
    }
    Ok(())
}

#[test]
fn nothing_that_either_side_says_makes_a_session_fall_hang_or_pass_what_was_not_decided() -> Result<()> {
    crate::cases::each("hostile", 600, |number| crate::stage::alone(play(Chance::new(number))))
}
