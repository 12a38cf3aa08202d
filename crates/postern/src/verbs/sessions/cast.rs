//! A recording as an asciicast, version 3: what players of terminals show, such as `asciinema play`.
//!
//! All that ran in the session is in one file, one after the other as it came; a marker says where each operation begins.
//! What ran without a terminal is shown as a terminal would show it. The format: docs.asciinema.org/manual/asciicast/v3.
//!
//! THREAT: a recording that attacks whoever looks at the file. It is JSON, and every control character in it is
//! written as JSON writes it; what a player makes of them is what the client's terminal made of them.

use std::collections::HashSet;
use std::io::{self, Write};

use postern_core::Micros;
use postern_core::visible::{json as shown_json, line};
use serde_json::{Value, json};

use super::word;

/// The size of a terminal where there was none.
const COLUMNS: u64 = 80;
const ROWS: u64 = 24;

/// What was written of it, and what is about to be.
#[derive(Default)]
pub(super) struct Cast {
    title: String,
    began: Option<Micros>,
    /// Whether the first line is written: it wants to know the first terminal.
    begun: bool,
    /// What comes right behind it.
    waiting: Vec<(u64, &'static str, String)>,
    before: u64,
    /// The operations that have terminals.
    terminals: HashSet<String>,
}

impl Cast {
    /// Takes one line of a recording.
    pub(super) fn show(&mut self, value: &Value, out: &mut dyn Write) -> io::Result<()> {
        let ms = value.get("ms").and_then(Value::as_u64).unwrap_or(self.before);
        let text = || value.get("text").and_then(Value::as_str).unwrap_or_default();
        match value.get("type").and_then(Value::as_str).unwrap_or_default() {
            "opened" => {
                self.title = format!("{} on {}", word(value, "/principal/name"), word(value, "/target"));
                self.began = value.get("at").and_then(|at| serde_json::from_value(at.clone()).ok());
                Ok(())
            }
            "operation" => {
                let marker = format!("{}: {}", word(value, "/decided/verdict"), line(text()));
                self.event(ms, "m", marker, out)
            }
            "window" => {
                let number = |name, other| value.get(name).and_then(Value::as_u64).filter(|n| *n > 0).unwrap_or(other);
                let (columns, rows) = (number("columns", COLUMNS), number("rows", ROWS));
                self.terminals.insert(word(value, "/operation"));
                if self.begun {
                    return self.event(ms, "r", format!("{columns}x{rows}"), out);
                }
                self.begin((columns, rows), out)
            }
            "data" | "errors" => {
                let terminal = self.terminals.contains(&word(value, "/operation"));
                let shown = if terminal { text().to_owned() } else { text().replace('\n', "\r\n") };
                if !self.begun {
                    self.begin((COLUMNS, ROWS), out)?;
                }
                self.event(ms, "o", shown, out)
            }
            "finished" => match value.pointer("/outcome/note").and_then(Value::as_str) {
                Some(note) => self.event(ms, "m", line(note), out),
                None => Ok(()),
            },
            "end" | "broken" if !self.begun => self.begin((COLUMNS, ROWS), out),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, (columns, rows): (u64, u64), out: &mut dyn Write) -> io::Result<()> {
        self.begun = true;
        let mut header = json!({
            "version": 3,
            "term": { "cols": columns, "rows": rows },
            "title": self.title,
        });
        if let (Some(began), Some(header)) = (self.began, header.as_object_mut()) {
            header.insert("timestamp".to_owned(), json!(began.0 / 1_000_000));
        }
        writeln!(out, "{}", shown_json(&header.to_string()))?;
        std::mem::take(&mut self.waiting).into_iter().try_for_each(|(ms, code, text)| self.event(ms, code, text, out))
    }

    /// An event, so many seconds after the one before.
    fn event(&mut self, ms: u64, code: &'static str, text: String, out: &mut dyn Write) -> io::Result<()> {
        if !self.begun {
            self.waiting.push((ms, code, text));
            return Ok(());
        }
        let gap = ms.saturating_sub(self.before);
        self.before = self.before.max(ms);
        let (seconds, rest) = (gap / 1_000, gap % 1_000);
        let text = json!(text).to_string();
        writeln!(out, "[{seconds}.{rest:03}, \"{code}\", {}]", shown_json(&text))
    }
}
