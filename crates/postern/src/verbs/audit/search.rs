//! `postern audit search`: records of a running gateway's journal, over `/v1`.
//!
//! THREAT: text of strangers on a terminal. Everything printed for people goes through [`line`].

use std::io::Write;

use anyhow::Result;
use postern_core::visible::line;
use reqwest::Url;
use serde_json::Value;

use crate::cli::Search;
use crate::verbs::client::Gateway;

/// How much of a statement a line shows, in characters.
const GLIMPSE: usize = 100;

/// The most that one request asks for.
const PAGE: u64 = 500;

pub(super) async fn run(args: &Search, out: &mut dyn Write) -> Result<()> {
    let gateway = Gateway::new(&args.remote)?;
    let query = args.query.join(" ");
    let (mut left, mut cursor) = (args.limit, None);
    while left > 0 {
        let page = gateway.get(&path(&query, left.min(PAGE), cursor)).await?;
        for record in page.get("records").and_then(Value::as_array).into_iter().flatten() {
            left = left.saturating_sub(1);
            if args.json { writeln!(out, "{record}")? } else { print(record, out)? }
        }
        cursor = page.get("next").and_then(Value::as_u64);
        if cursor.is_none() {
            break;
        }
    }
    Ok(())
}

fn path(query: &str, limit: u64, cursor: Option<u64>) -> String {
    let mut url = Url::parse("https://gateway/v1/audit").ok();
    if let Some(url) = &mut url {
        url.query_pairs_mut().append_pair("q", query).append_pair("limit", &limit.to_string());
        url.query_pairs_mut().extend_pairs(cursor.map(|cursor| ("cursor", cursor.to_string())));
    }
    url.map(|url| format!("/v1/audit?{}", url.query().unwrap_or_default())).unwrap_or_default()
}

fn print(record: &Value, out: &mut dyn Write) -> Result<()> {
    let word = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).map(line);
    let verdict = word("/event/decided/verdict").or_else(|| word("/event/state")).unwrap_or_default();
    let who = match (word("/principal"), word("/target")) {
        (Some(principal), Some(target)) => format!("{principal} on {target}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "-".to_owned(),
    };
    let said = ["/event/text", "/event/message", "/event/reason", "/event/outcome/note", "/event/outcome/code"];
    let text = said.iter().find_map(|pointer| word(pointer)).unwrap_or_default();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let glimpse: String = text.chars().take(GLIMPSE).collect();
    let more = if text.chars().count() > GLIMPSE { "…" } else { "" };
    let kind = word("/event/actions/0").or_else(|| word("/event/type")).unwrap_or_default();
    writeln!(
        out,
        "{:>8}  {}  {who}  {kind} {verdict}{}{glimpse}{more}",
        record.get("seq").and_then(Value::as_u64).unwrap_or_default(),
        word("/at").unwrap_or_default(),
        if glimpse.is_empty() { "" } else { ": " },
    )?;
    Ok(())
}
