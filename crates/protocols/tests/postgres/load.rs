//! The policy flips under load: every answer is one that a policy gives which was in force between question and answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use postern_protocols::postgres::wire::Backend;
use postern_protocols::postgres::wire::Frontend::{self, Sync};
use tokio::task::JoinSet;

use crate::SHOP;
use crate::gateway::{Gateway, PREAMBLE};
use crate::raw::{Raw, bind, close, describe, execute, extended, parse, query};

const CLIENTS: usize = 6;
/// How many policies come one after the other, and how many answers each sees at least: how long that takes is the
/// machine's.
const REIGNS: usize = 40;
const ANSWERS: usize = 40;

/// The first lets everybody read ids and names, the second ids and mail addresses; the one masks names, the other not.
const FIRST: &str = r#"
[[rule]]
name   = "reads"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read"], objects = ["public.t.{id,name}"] }

[[mask]]
name    = "names"
columns = ["public.t.name"]
kind    = "fixed"
"#;
const SECOND: &str = r#"
[[rule]]
name   = "reads"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read"], objects = ["public.t.{id,name,email}"] }
"#;

/// From when to when a policy may have been in force, and which of the two.
type Reign = (Instant, Option<Instant>, usize);

/// What is asked, and the answer under each policy.
const QUESTIONS: &[(&str, [&str; 2])] = &[
    ("SELECT id FROM t WHERE id = 1", ["row 1", "row 1"]),
    ("SELECT name FROM t WHERE id = 1", ["row ***", "row Ann"]),
    ("SELECT email FROM t WHERE id = 1", ["error 42501", "row ann@example.com"]),
    ("SELECT upper(name) FROM t WHERE id = 1", ["row ***", "row ANN"]),
];

struct Asked {
    text: &'static str,
    answers: &'static [&'static str; 2],
    sent: Instant,
    heard: Instant,
    answer: String,
}

/// What all clients together have come to.
#[derive(Default)]
struct Course {
    answered: AtomicUsize,
    over: AtomicBool,
}

/// What comes back, and whether the session has ended with it.
async fn answer(raw: &mut Raw, messages: &[Frontend]) -> Result<(String, bool)> {
    let mut answer = None;
    raw.say(messages).await?;
    loop {
        let (heard, over) = match raw.hear().await {
            Ok(message) => (describe(&message), matches!(message, Backend::ReadyForQuery { .. })),
            // what was checked under one policy and would leave under another ends its session
            Err(_) if answer.as_deref() == Some("error 42501") => return Ok(("error 42501".to_owned(), true)),
            Err(error) => return Err(error),
        };
        if heard.starts_with("row") || heard.starts_with("error") {
            answer = Some(heard);
        } else if over {
            return answer.map(|answer| (answer, false)).context("there was no answer");
        }
    }
}

/// One client, that asks in this way.
async fn client(gateway: Arc<Gateway>, way: usize, course: Arc<Course>) -> Result<Vec<Asked>> {
    let mut all = Vec::new();
    let mut raw = Raw::log_in(&gateway).await?;
    while !course.over.load(Ordering::SeqCst) {
        for (text, answers) in QUESTIONS {
            let messages: Vec<Frontend> = match way % 3 {
                0 => vec![query(text)],
                1 => extended(text).into_iter().chain([Sync]).collect(),
                _ => vec![close("again"), parse("again", text), bind("", "again", &[]), execute(""), Sync],
            };
            let sent = Instant::now();
            let (answer, over) = answer(&mut raw, &messages).await?;
            all.push(Asked { text, answers, sent, heard: Instant::now(), answer });
            course.answered.fetch_add(1, Ordering::SeqCst);
            if over {
                raw = Raw::log_in(&gateway).await?;
            }
        }
    }
    Ok(all)
}

/// Which policies may have been in force between two moments.
fn in_force(reigns: &[Reign], from: Instant, to: Instant) -> Vec<usize> {
    let overlap = |(begun, over, _): &&Reign| *begun <= to && over.is_none_or(|over| over >= from);
    reigns.iter().filter(overlap).map(|(_, _, which)| *which).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_of_a_policy_that_was_not_in_force() -> Result<()> {
    for version in [15, 18] {
        let gateway = Arc::new(Gateway::start(version, SHOP, FIRST).await?);
        let policy = |rules: &str| format!("{}{rules}", PREAMBLE.replace("PORT", &gateway.server.port().to_string()));
        let mut reigns: Vec<Reign> = vec![(Instant::now(), None, 0)];
        let course = Arc::new(Course::default());
        let mut clients = JoinSet::new();
        for way in 0..CLIENTS {
            clients.spawn(client(Arc::clone(&gateway), way, Arc::clone(&course)));
        }
        for which in (0..REIGNS).map(|turn| (turn + 1) % 2) {
            let enough = course.answered.load(Ordering::SeqCst) + ANSWERS;
            while course.answered.load(Ordering::SeqCst) < enough {
                if let Some(done) = clients.try_join_next() {
                    done??;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let begun = Instant::now();
            gateway.dwelling.change(&policy(if which == 0 { FIRST } else { SECOND }))?;
            if let Some(last) = reigns.last_mut() {
                last.1 = Some(Instant::now());
            }
            reigns.push((begun, None, which));
        }
        course.over.store(true, Ordering::SeqCst);
        let (mut certain, mut flipped) = ([0_usize; 2], 0);
        while let Some(done) = clients.join_next().await {
            for Asked { text, answers, sent, heard, answer } in done?? {
                let possible = in_force(&reigns, sent, heard);
                let explained = possible.iter().any(|which| answers[*which] == answer);
                // what runs or was bound when it changes may be refused for that alone
                let refused = possible.len() > 1 && ["error 42501", "error 0A000"].contains(&answer.as_str());
                assert!(explained || refused, "{text}: {answer} under {possible:?}");
                match possible[..] {
                    [only] => certain[only] += 1,
                    _ => flipped += 1,
                }
            }
        }
        assert!(certain.iter().all(|count| *count > 100), "too little was asked under one policy alone: {certain:?}");
        assert!(flipped > 10, "too little was asked across a change: {flipped}");
    }
    Ok(())
}
