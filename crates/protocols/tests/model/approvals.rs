//! What a human granted is what reaches the target, once, or nothing does; whatever happens meanwhile, and in what order.
//!
//! A case is a handful of steps: messages that ask for what a human must grant, in every way that the protocol has, and
//! names that come to stand for something else; answers, cancels, other rules, time that passes, and the client's leaving.
//! Between any two of them everybody may come to rest or may not.
//!
//! The model is short. What came to the target and needed a human was granted before, as it was meant there: with that
//! text behind its name, these parameters and this path. It came no more often than it was granted. It never came once it
//! was denied, taken back, overtaken by time or forbidden; and whatever the client asked for was answered.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, bail, ensure};
use postern_core::approval::{Answered, Approval, Choice, State};
use postern_core::journal::Event as Written;
use postern_core::{Clock as _, Micros};
use postern_protocols::postgres::wire::Frontend::{self, Flush, Sync};
use postern_protocols::postgres::wire::{Backend, Named};
use tokio::time::Duration;

use crate::cases::{cases, each};
use crate::chance::Chance;
use crate::client::{Client, bind, close, execute, in_full, parse, query};
use crate::server::Reached;
use crate::stage::{Stage, alone};
use crate::target::Event;

const USUALLY: u64 = 800;

const RULES: &str = r#"
[[rule]]
name   = "works"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["session", "read", "write", "define", "execute"], objects = ["*"] }
"#;

const HELD: &str = r#"
[[rule]]
name   = "deletes"
effect = "approve"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["delete"], objects = ["*"] }
with   = { approvers = ["group:dba"], expires = "15m" }
"#;

const NEVER: &str = r#"
[[rule]]
name   = "never"
effect = "forbid"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["delete"], objects = ["*"] }
"#;

/// Longer than any session takes to end, and than a cancel request is looked into.
const GOODBYE: Duration = Duration::from_secs(10);

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Say(Vec<Frontend>),
    Answer(Choice),
    Cancel,
    Expire,
    Remind,
    Forbid(bool),
    Leave,
    /// The clock goes forward or back.
    Jump(bool),
    /// The store of questions is down, or there again.
    Down(bool),
    /// The journal takes nothing more.
    Lose,
    /// The target is gone, in the middle of whatever it does.
    Break,
}

struct Case {
    chance: Chance,
    steps: Vec<(Step, bool)>,
}

impl Case {
    fn new(number: u64) -> Self {
        let mut chance = Chance::new(number);
        let count = 3 + chance.below(10);
        let steps = (0..count).map(|_| (step(&mut chance), chance.below(3) > 0)).collect();
        Self { chance, steps }
    }
}

const NAMES: &[&str] = &["", "d", "e"];

/// What a human must grant; few of them, so that the same is asked for again and again.
fn gated(chance: &mut Chance) -> String {
    let table = *chance.of(&["t", "t", "t", "public.t"]);
    format!("DELETE FROM {table} WHERE id = {}", 1 + chance.below(2))
}

fn text(chance: &mut Chance) -> String {
    match chance.below(8) {
        0 => "SELECT id, name FROM r".to_owned(),
        1 => "INSERT INTO w VALUES (1)".to_owned(),
        2 => "DELETE FROM t WHERE name = $1".to_owned(),
        _ => gated(chance),
    }
}

fn bound(chance: &mut Chance, portal: &str, name: &str) -> Frontend {
    const PARAMETERS: &[&[&str]] = &[&[], &[], &["x"], &["y"]];
    let parameters = *chance.of(PARAMETERS);
    bind(portal, name, parameters)
}

fn step(chance: &mut Chance) -> Step {
    match chance.below(23) {
        0..=9 => Step::Say(messages(chance)),
        10..=13 => Step::Answer(Choice::Approve),
        14 => Step::Answer(Choice::Deny),
        15 => Step::Cancel,
        16 => Step::Expire,
        17 => Step::Remind,
        18 => Step::Forbid(!chance.one_in(3)),
        19 => Step::Jump(chance.one_in(2)),
        20 => Step::Down(!chance.one_in(3)),
        _ => chance.of(&[Step::Leave, Step::Lose, Step::Break, Step::Remind, Step::Cancel]).clone(),
    }
}

fn messages(chance: &mut Chance) -> Vec<Frontend> {
    let (name, portal) = (*chance.of(NAMES), *chance.of(&["", "", "p"]));
    let text = text(chance);
    match chance.below(16) {
        0..=2 => vec![query(gated(chance))],
        3..=5 => vec![parse(name, &text), bound(chance, portal, name), execute(portal, 0), Sync],
        6 => vec![close(Named::Statement, name), parse(name, &text), Sync],
        7 => vec![bound(chance, portal, name), execute(portal, 0), Sync],
        8 => vec![bound(chance, portal, name), Flush],
        9 => vec![execute(portal, 0), Sync],
        10 => vec![close(*chance.of(&[Named::Statement, Named::Portal]), name)],
        11 => vec![query(format!("PREPARE {} AS {}", chance.of(&["d", "e"]), gated(chance)))],
        12 => vec![query(format!("EXECUTE {}", chance.of(&["d", "e"])))],
        13 => vec![query(format!("DEALLOCATE {}", chance.of(&["d", "e"])))],
        14 => {
            let path = *chance.of(&["public", "other"]);
            let by_function = format!("SELECT set_config('search_path', '{path}', false)");
            let texts = [format!("SET search_path = {path}"), by_function];
            vec![query(chance.of(&texts))]
        }
        _ => vec![query(chance.of(&["BEGIN", "COMMIT", "ROLLBACK", "CREATE TABLE IF NOT EXISTS made ()"]))],
    }
}

/// What a question is about, as it would come to the target. By a name alone nobody is asked.
fn asked_about(approval: &Approval) -> Result<Reached> {
    let [part] = &approval.parts[..] else { bail!("a question about {} things", approval.parts.len()) };
    let named = part.text.split_once("\n-- ").and_then(|(_, rest)| rest.split_once(": ")).map(|(_, text)| text);
    let text = named.map(|text| text.split_once(" AS ").map_or(text, |(_, text)| text));
    let other = part.touches.iter().any(|touch| touch.contains("other.t"));
    let path = if other { "other" } else { "public" }.to_owned();
    Ok(Reached { text: text.unwrap_or(&part.text).to_owned(), parameters: part.parameters.clone(), path })
}

fn needs_a_human(reached: &Reached) -> bool {
    reached.text.contains("DELETE")
}

/// Where a text that names its schema runs is the same on any path.
fn meaning(mut reached: Reached) -> Reached {
    if reached.text.contains("public.t") {
        reached.path = "public".to_owned();
    }
    reached
}

struct Play {
    stage: Stage,
    client: Client,
    /// Whether the session may end by itself: what was checked under one policy and would leave under another ends it, and
    /// so does what cannot be asked, recorded or timed.
    may_end: bool,
    /// Whether its target is gone, so that it must.
    gone: bool,
    /// Whether the journal is.
    lost: bool,
    left: bool,
    heard: Vec<Backend>,
    /// How many pipelines the client has ended.
    ends: usize,
}

impl Play {
    async fn take(&mut self, step: &Step, chance: &mut Chance) -> Result<()> {
        match step {
            Step::Say(messages) if !self.left => {
                self.ends += messages.iter().filter(|one| **one == Sync).count();
                self.client.say(messages, chance).await;
            }
            Step::Say(_) => {}
            Step::Answer(choice) => self.answer(*choice, chance).await?,
            Step::Cancel => self.stage.cancel(&self.client, chance).await?,
            Step::Expire => self.stage.dwelling.clock.advance(Duration::from_secs(901)),
            Step::Remind => tokio::time::sleep(Duration::from_secs(31)).await,
            Step::Jump(forward) => {
                self.may_end = true;
                let (hour, clock) = (Duration::from_secs(3600), &self.stage.dwelling.clock);
                match forward {
                    true => clock.advance(hour),
                    false => clock.set(Micros(clock.now().0.saturating_sub(3_600_000_000))),
                }
            }
            Step::Down(down) => {
                self.may_end = true;
                self.stage.dwelling.approvals.set_down(*down);
            }
            Step::Lose => {
                self.may_end = true;
                self.stage.dwelling.journal.fail_from(1);
                // what was recorded before is on its way
                self.stage.settle().await;
                self.stage.course.note(Event::Lost);
            }
            Step::Break => {
                self.gone = true;
                self.stage.lose_target();
            }
            Step::Forbid(forbid) => {
                self.may_end = true;
                self.stage.course.note(Event::Barred(false));
                self.stage.change(&format!("{RULES}{}", if *forbid { NEVER } else { HELD }))?;
                // what left before is on its way
                self.stage.settle().await;
                if *forbid {
                    self.stage.course.note(Event::Barred(true));
                }
            }
            Step::Leave => {
                self.client.leave().await;
                self.left = true;
                self.stage.settle().await;
                self.stage.course.note(Event::Barred(true));
            }
        }
        Ok(())
    }

    /// Answers any question that there is, an old one too.
    async fn answer(&mut self, choice: Choice, chance: &mut Chance) -> Result<()> {
        let all = self.stage.dwelling.approvals.all();
        if all.is_empty() {
            return Ok(());
        }
        let open = all.iter().rev().find(|one| one.state == State::Pending);
        let approval = open.filter(|_| !chance.one_in(8)).unwrap_or_else(|| chance.of(&all)).clone();
        let by = if chance.one_in(10) { "token-of-bot" } else { "token-of-dana" };
        // it counts from the moment at which the store has it
        let granted = Event::Granted(asked_about(&approval)?);
        let before = self.stage.course.events().len();
        let answered = match self.stage.dwelling.answer(by, approval.id, choice).await {
            Ok(answered) => answered,
            Err(fault) => {
                // without store or journal no answer counts
                ensure!(self.may_end, "{}", fault.message);
                return Ok(());
            }
        };
        if answered == Answered::Counted(State::Granted) {
            ensure!(by == "token-of-dana" && choice == Choice::Approve, "{by} granted it by {choice:?}");
            self.stage.course.insert(before, granted);
        }
        Ok(())
    }
}

async fn play(number: u64) -> Result<()> {
    let Case { mut chance, steps } = Case::new(number);
    let mut stage = Stage::new(&format!("{RULES}{HELD}"), chance.apart())?;
    let client = stage.log_in(&mut chance).await?;
    let mut play =
        Play { stage, client, may_end: false, gone: false, lost: false, left: false, heard: Vec::new(), ends: 0 };
    for (step, rest) in &steps {
        play.take(step, &mut chance).await?;
        if *rest {
            play.stage.settle().await;
        }
        play.stage.examine()?;
    }
    end(&mut play, &mut chance).await?;
    let verdict = judge(&mut play);
    verdict.map_err(|error| {
        let heard: Vec<String> = play.heard.iter().map(in_full).collect();
        let all = play.stage.dwelling.approvals.all();
        let states: Vec<String> = all
            .iter()
            .map(|one| format!("{:?} {:?} {:?}", one.state, one.parts[0].text, one.parts[0].touches))
            .collect();
        let events = play.stage.course.events();
        let steps: Vec<String> =
            steps.iter().map(|(step, rest)| format!("{step:?}{}", if *rest { " …" } else { "" })).collect();
        let events: Vec<String> = events.iter().map(|one| format!("{one:?}")).collect();
        error.context(format!("steps {steps:#?}\nheard {heard:#?}\nasked {states:#?}\ncourse {events:#?}"))
    })
}

/// Whatever still waits is denied, and whoever still listens is answered.
async fn end(play: &mut Play, chance: &mut Chance) -> Result<()> {
    play.stage.dwelling.approvals.set_down(false);
    play.stage.settle().await;
    play.lost = play.stage.course.events().contains(&Event::Lost);
    for _ in 0..200 {
        play.stage.settle().await;
        let all = play.stage.dwelling.approvals.all();
        let Some(open) = all.iter().find(|one| one.state == State::Pending) else { break };
        if play.stage.dwelling.answer("token-of-dana", open.id, Choice::Deny).await.is_err() {
            ensure!(play.lost, "an answer does not count, and the journal is there");
            break;
        }
    }
    play.take(&Step::Say(vec![Sync, query("SELECT id, name FROM r")]), chance).await?;
    tokio::time::sleep(GOODBYE).await;
    play.heard = play.client.heard();
    play.stage.examine()
}

fn judge(play: &mut Play) -> Result<()> {
    let (mut granted, mut barred, mut lost) = (Vec::new(), false, false);
    let mut running = Vec::new();
    for event in play.stage.course.events() {
        match event {
            Event::Granted(what) => granted.push(meaning(what)),
            Event::Barred(bars) => barred = bars,
            Event::Lost => lost = true,
            Event::Reached(what) if lost => bail!("{what:?} came unrecorded"),
            Event::Reached(what) if needs_a_human(&what) => {
                let what = meaning(what);
                ensure!(!barred, "{what:?} came although nothing of it may any more");
                let Some(at) = granted.iter().position(|one| *one == what) else {
                    bail!("{what:?} came and nobody granted it, or not so often");
                };
                granted.remove(at);
                running.push(what);
            }
            Event::Ran(what) if needs_a_human(&what) => {
                let what = meaning(what);
                let Some(at) = running.iter().position(|one| *one == what) else { bail!("{what:?} ran twice") };
                running.remove(at);
            }
            Event::Reached(_) | Event::Ran(_) | Event::Cancelled => {}
        }
    }
    let used = play.stage.dwelling.approvals.all().iter().filter(|one| one.state == State::Used).count();
    let events = play.stage.course.events();
    let came = events.iter().filter(|one| matches!(one, Event::Reached(what) if needs_a_human(what))).count();
    CAME.fetch_add(came, Ordering::Relaxed);
    ensure!(came <= used, "{came} came, and {used} approvals were used");
    answered(play)
}

fn answered(play: &mut Play) -> Result<()> {
    let over = play.stage.sessions() == 0;
    let asks = play.stage.dwelling.approvals.all().iter().any(|one| one.state == State::Pending);
    if play.left || play.gone {
        ensure!(over, "the client has left, or the target, and the session goes on");
        ensure!(!asks || play.may_end, "a human is asked for nobody");
        let closed =
            play.stage.dwelling.journal.events().iter().any(|one| matches!(one, Written::SessionClosed { .. }));
        ensure!(closed || play.lost, "the journal does not say that the session is over");
        return Ok(());
    }
    // an idle gateway is ended by whoever keeps the journal
    ensure!(over || !play.lost || asks, "the session goes on without a journal");
    let ready = play.heard.iter().filter(|one| matches!(one, Backend::ReadyForQuery { .. })).count();
    if play.client.is_over() || (play.lost && asks) {
        ensure!(play.may_end || play.gone, "the session ended");
        return Ok(());
    }
    // the query behind the last of them is answered whatever came before
    ensure!(ready > play.ends, "{ready} answers to {} pipelines and more", play.ends);
    ensure!(matches!(play.heard.last(), Some(Backend::ReadyForQuery { .. })), "the last query was not answered");
    Ok(())
}

/// How often something came that a human had granted, in all cases.
static CAME: AtomicUsize = AtomicUsize::new(0);

#[test]
fn nothing_comes_to_the_target_that_was_not_granted_and_nothing_twice() -> Result<()> {
    each("approvals", USUALLY, |number| alone(play(number)))?;
    let (came, cases) = (CAME.load(Ordering::Relaxed), cases(USUALLY)?);
    println!("approvals: {came} operations were granted and came");
    ensure!(
        u64::try_from(came)? * 10 >= cases.end - cases.start || cases.end - cases.start < 100,
        "hardly anything came"
    );
    Ok(())
}
