//! Playing a recording: its lines as they come, in their own time.
//!
//! What they look like is [`Screen`]'s, or [`Cast`]'s; here they are read, waited for, and judged: a recording that was touched is a
//! failure, after everything that comes before.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use postern_core::visible::{json as shown_json, line};
use serde_json::Value;

use crate::cli::Play;
use crate::failure::Failure;
use crate::verbs::client::Lines;

use super::cast::Cast;
use super::screen::Screen;

/// The longest time in which nothing happened that is waited for, at its own speed: no session lasts longer.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Shows a recording as it was, in time.
pub(super) async fn play(mut lines: Lines, args: &Play, out: &mut dyn Write) -> Result<()> {
    let (mut screen, mut cast) = (Screen::default(), Cast::default());
    let mut before = 0_u64;
    while let Some(text) = lines.next().await? {
        let value = read(&text)?;
        if args.json {
            writeln!(out, "{}", shown_json(&text))?;
        } else if args.cast {
            cast.show(&value, out)?;
        } else {
            let now = value.get("ms").and_then(Value::as_u64).unwrap_or(before);
            let wait = wait(now.saturating_sub(before), args);
            before = before.max(now);
            if !wait.is_zero() {
                screen.settle(out)?;
                out.flush()?;
                tokio::time::sleep(wait).await;
            }
            screen.show(&value, out)?;
        }
        if let Some(judged) = judged(&value, &args.id) {
            return judged;
        }
    }
    Err(broken_off().into())
}

/// Shows a recording as it is made.
pub(super) async fn tail(mut lines: Lines, id: &str, json: bool, out: &mut dyn Write) -> Result<()> {
    let mut screen = Screen::default();
    while let Some(text) = lines.next().await? {
        let value = read(&text)?;
        if json {
            writeln!(out, "{}", shown_json(&text))?;
        } else {
            screen.show(&value, out)?;
        }
        if !lines.has_more() {
            screen.settle(out)?;
            out.flush()?;
        }
        if let Some(judged) = judged(&value, id) {
            return judged;
        }
    }
    Err(broken_off().into())
}

fn read(text: &str) -> Result<Value> {
    serde_json::from_str(text).context("the gateway's answer is unreadable")
}

/// How long to wait for something that came so many milliseconds later.
fn wait(gap: u64, args: &Play) -> Duration {
    let gap = Duration::from_millis(gap).min(LONGEST).div_f64(args.speed);
    args.idle.map_or(gap, |idle| gap.min(Duration::from_secs_f64(idle)))
}

/// What a line says of the whole recording, if it is the last.
pub(super) fn judged(value: &Value, id: &str) -> Option<Result<()>> {
    let flag = |name: &str| value.get(name).and_then(Value::as_bool).unwrap_or(false);
    match value.get("type").and_then(Value::as_str) {
        Some("end") if flag("whole") || flag("live") => Some(Ok(())),
        Some("end") => Some(Err(not_whole(value, id).into())),
        Some("broken") => {
            let said = |name| super::word(value, name);
            let failure = Failure::new(format!("{}: {}", said("/code"), said("/message")));
            let hint = value.get("hint").and_then(Value::as_str).map(line);
            Some(Err(hint.into_iter().fold(failure, Failure::hint).into()))
        }
        _ => None,
    }
}

/// Which of the two it is only the journal can tell.
fn not_whole(value: &Value, id: &str) -> Failure {
    let rest = value.get("unread_bytes").and_then(Value::as_u64).unwrap_or(0);
    let rest = if rest > 0 { format!(", and {rest} bytes follow that make no part of it") } else { String::new() };
    Failure::new(format!(
        "the recording is not whole: its end was cut off or changed, or the gateway was killed before it was kept{rest}"
    ))
    .hint(format!(
        "`postern audit verify` compares it with what the journal states; `postern audit search session:{}` tells the rest",
        line(id)
    ))
}

fn broken_off() -> Failure {
    Failure::new("the gateway's answer broke off").hint("what came before was verified; look again for the rest")
}
