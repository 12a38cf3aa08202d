//! What a recording looks like on a terminal: statements, verdicts, tables, messages, all of it text.
//!
//! THREAT: a recording that attacks whoever plays it. Nothing is printed but what [`visible`] and [`line`] give, so that
//! no control character reaches the terminal but the ends of lines. Enter at [`Screen::show`].

use std::collections::HashSet;
use std::io::{self, Write};

use anstream::adapter::strip_str;
use data_encoding::BASE64;
use postern_core::visible::{line, visible};
use serde_json::Value;

use super::word;

/// How many rows are gathered before a table is drawn.
const GATHERED: usize = 100;
/// What stands for no value. Text that looks the same is quoted.
const NULL: &str = "∅";
/// How much of a cell is shown, in characters.
const WIDEST: usize = 80;

/// What is on the screen, and what is about to be.
#[derive(Default)]
pub(super) struct Screen {
    table: Table,
    /// The operations that have terminals.
    terminals: HashSet<String>,
}

/// Rows under their columns.
#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    widths: Vec<usize>,
    /// The widths are given by rows that were drawn.
    drawn: bool,
}

impl Screen {
    /// Shows one line of a recording.
    pub(super) fn show(&mut self, value: &Value, out: &mut dyn Write) -> io::Result<()> {
        let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "columns" => {
                self.settle(out)?;
                return self.table.begin(value, out);
            }
            "row" => return self.table.add(value, out),
            _ => self.settle(out)?,
        }
        match kind {
            "opened" => writeln!(
                out,
                "{}  {} ({}) on {} from {}",
                clock(value),
                word(value, "/principal/name"),
                word(value, "/principal/kind"),
                word(value, "/target"),
                word(value, "/client"),
            ),
            "operation" => operation(value, out),
            "settled" => {
                let by = value.pointer("/by/name").is_some().then(|| format!(" by {}", word(value, "/by/name")));
                let reason = optional(value, "/reason", ": ");
                writeln!(out, "{}  {}{}{reason}", clock(value), word(value, "/state"), by.unwrap_or_default())
            }
            "finished" => finished(value, out),
            "data" => block(&self.text(value), "| ", out),
            "errors" => block(&self.text(value), "! ", out),
            "window" => {
                self.terminals.insert(word(value, "/operation"));
                writeln!(out, "[a terminal, {} by {}]", number(value, "/columns"), number(value, "/rows"))
            }
            "message" => message(value, out),
            "done" => writeln!(out, "({})", word(value, "/note")),
            "left_out" => writeln!(out, "[{} bytes left out]", number(value, "/bytes")),
            "alert" => writeln!(out, "{}  alert {}: {}", clock(value), word(value, "/code"), word(value, "/message")),
            "killed" => {
                writeln!(out, "{}  ended by {}: {}", clock(value), word(value, "/by/name"), word(value, "/reason"))
            }
            "closed" => writeln!(out, "{}  closed: {}", clock(value), word(value, "/reason")),
            "end" => end(value, out),
            // why it is broken is the verb's to say
            "broken" => Ok(()),
            other => writeln!(out, "[{}]", line(other)),
        }
    }

    /// What came of a stream; of a terminal without what moves and colours.
    fn text(&self, value: &Value) -> String {
        let text = value.get("text").and_then(Value::as_str).unwrap_or_default();
        if self.terminals.contains(&word(value, "/operation")) { strip_str(text).to_string() } else { text.to_owned() }
    }

    /// Draws what was gathered.
    pub(super) fn settle(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.table.draw(out)
    }
}

impl Table {
    fn begin(&mut self, value: &Value, out: &mut dyn Write) -> io::Result<()> {
        self.draw(out)?;
        let columns = value.get("columns").and_then(Value::as_array).into_iter().flatten();
        let names: Vec<String> = columns.clone().map(|column| word(column, "/name")).collect();
        let kinds: Vec<String> = columns.map(|column| word(column, "/type")).collect();
        *self = Self { rows: vec![names, kinds], ..Self::default() };
        Ok(())
    }

    fn add(&mut self, value: &Value, out: &mut dyn Write) -> io::Result<()> {
        let cells = value.get("cells").and_then(Value::as_array).into_iter().flatten();
        self.rows.push(cells.map(|cell| cell.as_str().map_or_else(|| NULL.to_owned(), short)).collect());
        if self.rows.len() >= GATHERED { self.draw(out) } else { Ok(()) }
    }

    fn draw(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        if !self.drawn {
            for row in &rows {
                self.widths.resize(self.widths.len().max(row.len()), 0);
                for (width, cell) in self.widths.iter_mut().zip(row) {
                    *width = (*width).max(cell.chars().count());
                }
            }
            self.drawn = !rows.is_empty();
        }
        for row in rows {
            let mut text = String::new();
            for (index, cell) in row.iter().enumerate() {
                let width = self.widths.get(index).copied().unwrap_or(0);
                text.push_str(if index == 0 { "  " } else { " | " });
                text.push_str(&format!("{cell:<width$}"));
            }
            writeln!(out, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

fn operation(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    let verdict = word(value, "/decided/verdict");
    let rules = value.pointer("/decided/rules").and_then(Value::as_array).into_iter().flatten();
    let rules: Vec<String> = rules.filter_map(Value::as_str).map(line).collect();
    let by = match (rules.is_empty(), value.pointer("/decided/rule").is_some()) {
        (false, _) => format!(" by {}", rules.join(", ")),
        (true, true) => format!(" by {}", word(value, "/decided/rule")),
        (true, false) => String::new(),
    };
    let why = optional(value, "/decided/message", ": ");
    let prepare = if value.get("prepare").is_some() { ", to be prepared" } else { "" };
    writeln!(out, "\n{}  {verdict}{by}{prepare}{why}", clock(value))?;
    block(value.get("text").and_then(Value::as_str).unwrap_or_default(), "> ", out)?;
    let parameters = value.get("parameters").and_then(Value::as_array).into_iter().flatten();
    for (index, parameter) in (1_usize..).zip(parameters) {
        let shown = parameter.as_str().map_or_else(|| NULL.to_owned(), |base64| short(&decoded(base64)));
        writeln!(out, "> ${index} = {shown}")?;
    }
    for cut in value.get("cut").and_then(Value::as_array).into_iter().flatten() {
        let number = |name| cut.get(name).and_then(Value::as_u64).unwrap_or_default();
        writeln!(out, "> ${} had {} bytes, SHA-256 {}", number("parameter"), number("bytes"), word(cut, "/sha256"))?;
    }
    Ok(())
}

/// How it ended, where the client was not told by the target.
fn finished(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    match value.pointer("/outcome/as").and_then(Value::as_str) {
        Some("unknown") => writeln!(out, "{}  nobody knows how it ended", clock(value)),
        _ => Ok(()),
    }
}

fn message(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    let code = optional(value, "/code", " ");
    // THREAT: a target that speaks for this verb; only this verb's own words begin a line
    writeln!(out, "* {}{code}: {}", word(value, "/severity"), word(value, "/message"))?;
    for (pointer, name) in [("/detail", "detail"), ("/hint", "hint")] {
        if value.pointer(pointer).is_some() {
            writeln!(out, "  {name}: {}", word(value, pointer))?;
        }
    }
    Ok(())
}

fn end(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    let flag = |name: &str| value.get(name).and_then(Value::as_bool).unwrap_or(false);
    let head = format!("{} chunks, head {}", number(value, "/chunks"), word(value, "/head"));
    match (flag("whole"), flag("live")) {
        (true, _) => writeln!(out, "\nverified, and whole: {head}"),
        (false, true) => writeln!(out, "\nverified so far: {head}; the session goes on"),
        // why is the verb's to say
        (false, false) => writeln!(out, "\nverified so far: {head}; NOT WHOLE"),
    }
}

/// Text of many lines, each behind a mark.
fn block(text: &str, mark: &str, out: &mut dyn Write) -> io::Result<()> {
    let text = visible(text).replace('\t', "    ");
    text.lines().try_for_each(|one| writeln!(out, "{mark}{one}"))
}

/// A value on one line, and not all of it where it is long.
fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(WIDEST).collect();
    let more = text.chars().count().saturating_sub(WIDEST);
    if more > 0 {
        shown.push_str(&format!("… and {more} more"));
    }
    let shown = line(&shown);
    if shown.trim_matches('\'') == NULL { format!("'{shown}'") } else { shown }
}

fn decoded(base64: &str) -> String {
    match BASE64.decode(base64.as_bytes()).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(bytes)) => format!("\\x{}", data_encoding::HEXLOWER.encode(bytes.as_bytes())),
        Err(_) => base64.to_owned(),
    }
}

fn optional(value: &Value, pointer: &str, before: &str) -> String {
    let there = value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    there.map(|text| format!("{before}{}", line(text))).unwrap_or_default()
}

fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

/// When, since the session began.
fn clock(value: &Value) -> String {
    let ms = number(value, "/ms");
    let (seconds, rest) = (ms / 1_000, ms % 1_000);
    format!("{:02}:{:02}:{:02}.{rest:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
