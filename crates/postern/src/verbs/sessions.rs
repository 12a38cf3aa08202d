//! `postern sessions`: who is or was where, what was recorded of it, and its end, over `/v1`.
//!
//! THREAT: text of strangers on a terminal. Everything printed goes through [`postern_core::visible`].

mod cast;
mod play;
mod screen;

#[cfg(test)]
mod tests;

use std::io::Write;

use anyhow::Result;
use postern_core::SessionId;
use postern_core::visible::{json as shown_json, line};
use serde_json::{Value, json};

use crate::cli::{List, Sessions};
use crate::failure::Failure;

use super::client::Gateway;

/// The longest page that the gateway gives.
const PAGE: usize = 200;

pub(crate) async fn run(args: Sessions, out: &mut dyn Write) -> Result<()> {
    match args {
        Sessions::List(args) => list(&args, out).await,
        Sessions::Show { id, remote, json } => {
            let session = Gateway::new(&remote)?.get(&path("/v1/sessions/", &id, "")?).await?;
            if json { print_json(&session, out) } else { print_one(&session, out) }
        }
        Sessions::Play(args) => {
            let lines = Gateway::new(&args.remote)?.lines(&path("/v1/recordings/", &args.id, "")?).await?;
            play::play(lines, &args, out).await
        }
        Sessions::Tail { id, remote, json } => {
            let lines = Gateway::new(&remote)?.lines(&path("/v1/recordings/", &id, "?follow=true")?).await?;
            play::tail(lines, &id, json, out).await
        }
        Sessions::Kill { id, reason, remote, json } => {
            let path = path("/v1/sessions/", &id, "/kill")?;
            let killed = Gateway::new(&remote)?.post(&path, &json!({ "reason": reason })).await?;
            if json {
                return print_json(&killed, out);
            }
            writeln!(out, "{} ends", word(&killed, "/id"))?;
            Ok(())
        }
    }
}

async fn list(args: &List, out: &mut dyn Write) -> Result<()> {
    let gateway = Gateway::new(&args.remote)?;
    let mut wanted: Vec<(&str, &str)> = Vec::new();
    wanted.extend(args.principal.as_deref().map(|name| ("principal", name)));
    wanted.extend(args.target.as_deref().map(|name| ("target", name)));
    wanted.extend(args.live.then_some(("live", "true")));
    let mut sessions: Vec<Value> = Vec::new();
    let mut cursor: Option<SessionId> = None;
    while sessions.len() < args.limit {
        let limit = args.limit.saturating_sub(sessions.len()).min(PAGE).to_string();
        let cursor_text = cursor.map(|cursor| cursor.to_string());
        let mut query = wanted.clone();
        query.push(("limit", &limit));
        query.extend(cursor_text.as_deref().map(|cursor| ("cursor", cursor)));
        let mut page = gateway.get_with("/v1/sessions", &query).await?;
        if let Some(Value::Array(some)) = page.get_mut("sessions").map(Value::take) {
            sessions.extend(some);
        }
        // an id, and nothing that could change the next request
        cursor = page.get("next").and_then(Value::as_str).and_then(|next| next.parse().ok());
        if cursor.is_none() {
            break;
        }
    }
    if args.json { print_json(&Value::Array(sessions), out) } else { print_list(&sessions, out) }
}

fn path(before: &str, id: &str, behind: &str) -> Result<String> {
    let id: SessionId = id
        .parse()
        .map_err(|_| Failure::new(format!("`{}` is no session", line(id))).hint("it looks like ses_0192…"))?;
    Ok(format!("{before}{id}{behind}"))
}

fn print_json(value: &Value, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{}", shown_json(&serde_json::to_string_pretty(value)?))?;
    Ok(())
}

fn print_list(sessions: &[Value], out: &mut dyn Write) -> Result<()> {
    if sessions.is_empty() {
        writeln!(out, "no sessions")?;
    }
    for session in sessions {
        let ended = session.get("ended").and_then(Value::as_str).map_or_else(|| "lasts".to_owned(), seconds);
        writeln!(
            out,
            "{}  {}  {:<20}  {} on {}",
            word(session, "/id"),
            seconds(&word(session, "/started")),
            ended,
            word(session, "/principal/name"),
            word(session, "/target"),
        )?;
    }
    Ok(())
}

fn print_one(session: &Value, out: &mut dyn Write) -> Result<()> {
    let mut rows = vec![
        ("session", word(session, "/id")),
        ("who", format!("{} ({})", word(session, "/principal/name"), word(session, "/principal/kind"))),
    ];
    if session.pointer("/principal/acts_for").is_some() {
        rows.push(("for whom", word(session, "/principal/acts_for")));
    }
    rows.extend([
        ("target", word(session, "/target")),
        ("protocol", word(session, "/protocol")),
        ("client", word(session, "/client")),
        ("began", word(session, "/started")),
    ]);
    match session.get("ended").and_then(Value::as_str) {
        None => rows.push(("ended", "it lasts".to_owned())),
        Some(ended) => rows.extend([("ended", line(ended)), ("why", word(session, "/reason"))]),
    }
    rows.into_iter().try_for_each(|(name, value)| writeln!(out, "{name:<9} {value}"))?;
    Ok(())
}

/// A time to the second.
fn seconds(time: &str) -> String {
    let time = line(time);
    time.split_once('.').map_or(time.clone(), |(whole, _)| format!("{whole}Z"))
}

/// The text at `pointer`, on one line.
fn word(value: &Value, pointer: &str) -> String {
    line(value.pointer(pointer).and_then(Value::as_str).unwrap_or_default())
}
