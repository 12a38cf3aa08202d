//! `postern approvals`: see and answer what waits, over `/v1`.
//!
//! THREAT: text of strangers on a terminal. Everything printed for people goes through [`visible`].

use std::io::Write;

use anyhow::Result;
use clap::ValueEnum;
use postern_core::ApprovalId;
use postern_core::visible::{line, visible};
use serde_json::{Value, json};

use crate::cli::{Answer, Approvals};
use crate::failure::Failure;

use super::client::Gateway;

/// How much of a statement a list shows, in characters.
const GLIMPSE: usize = 60;

pub(crate) async fn run(args: Approvals, out: &mut dyn Write) -> Result<()> {
    match args {
        Approvals::List { remote, state, json } => {
            let state = state.and_then(|state| state.to_possible_value()).map(|value| value.get_name().to_owned());
            let approvals = all(&Gateway::new(&remote)?, state.as_deref()).await?;
            if json { print_json(&Value::Array(approvals), out) } else { print_list(&approvals, out) }
        }
        Approvals::Show { id, remote, json } => {
            let path = path(&id, "")?;
            let approval = Gateway::new(&remote)?.get(&path).await?;
            if json { print_json(&approval, out) } else { print_one(&approval, out) }
        }
        Approvals::Approve(answer) => send(&answer, "/approve", out).await,
        Approvals::Deny(answer) => send(&answer, "/deny", out).await,
    }
}

async fn send(answer: &Answer, verb: &str, out: &mut dyn Write) -> Result<()> {
    let path = path(&answer.id, verb)?;
    let approval = Gateway::new(&answer.remote)?.post(&path, &json!({ "reason": answer.reason })).await?;
    if answer.json {
        return print_json(&approval, out);
    }
    writeln!(out, "{} {}", word(&approval, "/id"), word(&approval, "/state"))?;
    Ok(())
}

/// Every approval the caller may see, page by page.
async fn all(gateway: &Gateway, state: Option<&str>) -> Result<Vec<Value>> {
    let state = state.map(|state| format!("&state={state}")).unwrap_or_default();
    let mut approvals = Vec::new();
    let mut cursor = String::new();
    loop {
        let mut page = gateway.get(&format!("/v1/approvals?limit=200{state}{cursor}")).await?;
        if let Some(Value::Array(some)) = page.get_mut("approvals").map(Value::take) {
            approvals.extend(some);
        }
        // an id, and nothing that could change the next request
        let next = page.get("next").and_then(Value::as_str).and_then(|next| next.parse::<ApprovalId>().ok());
        let Some(next) = next else { return Ok(approvals) };
        cursor = format!("&cursor={next}");
    }
}

fn path(id: &str, verb: &str) -> Result<String> {
    let id: ApprovalId = id
        .parse()
        .map_err(|_| Failure::new(format!("`{}` is no approval", line(id))).hint("it looks like apr_0192…"))?;
    Ok(format!("/v1/approvals/{id}{verb}"))
}

fn print_json(value: &Value, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{}", serde_json::to_string_pretty(value)?)?;
    Ok(())
}

fn print_list(approvals: &[Value], out: &mut dyn Write) -> Result<()> {
    if approvals.is_empty() {
        writeln!(out, "nothing waits")?;
    }
    for approval in approvals {
        let text: String = word(approval, "/text").split_whitespace().collect::<Vec<_>>().join(" ");
        let glimpse: String = text.chars().take(GLIMPSE).collect();
        let more = if text.chars().count() > GLIMPSE { "…" } else { "" };
        writeln!(
            out,
            "{}  {:<9}  {} on {}: {glimpse}{more}",
            word(approval, "/id"),
            word(approval, "/state"),
            word(approval, "/principal/name"),
            word(approval, "/target"),
        )?;
    }
    Ok(())
}

fn print_one(approval: &Value, out: &mut dyn Write) -> Result<()> {
    let mut rows = vec![
        ("approval", word(approval, "/id")),
        ("state", word(approval, "/state")),
        ("who", format!("{} ({})", word(approval, "/principal/name"), word(approval, "/principal/kind"))),
    ];
    if approval.pointer("/principal/acts_for").is_some() {
        rows.push(("for whom", word(approval, "/principal/acts_for")));
    }
    rows.push(("target", word(approval, "/target")));
    rows.extend(words(approval, "/rules").into_iter().map(|rule| ("held by", rule)));
    rows.extend([("asked", word(approval, "/asked")), ("lapses", word(approval, "/expires"))]);
    for answer in approval.get("answers").and_then(Value::as_array).into_iter().flatten() {
        let reason = answer.get("reason").and_then(Value::as_str).map(|reason| format!(": {}", line(reason)));
        let said = format!("{} by {}{}", word(answer, "/choice"), word(answer, "/by/name"), reason.unwrap_or_default());
        rows.push(("answer", said));
    }
    print_rows(&rows, out)?;
    approval.get("parts").and_then(Value::as_array).into_iter().flatten().try_for_each(|part| print_part(part, out))
}

/// One statement of it, with what is known of that.
fn print_part(part: &Value, out: &mut dyn Write) -> Result<()> {
    writeln!(out)?;
    let mut rows = vec![("action", word(part, "/action"))];
    rows.extend(words(part, "/touches").into_iter().map(|touch| ("touches", touch)));
    let facts = part.get("facts").and_then(Value::as_object).into_iter().flatten();
    rows.extend(facts.map(|(name, value)| ("fact", line(&format!("{name} = {value}")))));
    print_rows(&rows, out)?;
    let text = part.get("text").and_then(Value::as_str).unwrap_or_default();
    writeln!(out, "\n{}", visible(text))?;
    for (index, value) in (1_usize..).zip(part.get("parameters").and_then(Value::as_array).into_iter().flatten()) {
        writeln!(out, "${index} = {}", line(&value.to_string()))?;
    }
    Ok(())
}

fn print_rows(rows: &[(&str, String)], out: &mut dyn Write) -> Result<()> {
    for (name, value) in rows {
        writeln!(out, "{name:<9} {value}")?;
    }
    Ok(())
}

/// The text at `pointer`, on one line.
fn word(value: &Value, pointer: &str) -> String {
    line(value.pointer(pointer).and_then(Value::as_str).unwrap_or_default())
}

fn words(value: &Value, pointer: &str) -> Vec<String> {
    let items = value.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(line).collect()
}
