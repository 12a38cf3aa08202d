use postern_core::visible::deceives;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::cast::Cast;
use super::play::judged;
use super::screen::Screen;
use super::{print_json, print_list, print_one};

fn shown(lines: &[Value]) -> String {
    let mut out = Vec::new();
    let mut screen = Screen::default();
    for line in lines {
        screen.show(line, &mut out).unwrap();
    }
    screen.settle(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A recording in which every text is this one.
fn recording(text: &str) -> Vec<Value> {
    let person = json!({ "name": text, "kind": text });
    let allowed = json!({ "verdict": "allow", "rules": [text] });
    let denied = json!({ "verdict": text, "rule": text, "code": text, "message": text });
    vec![
        json!({ "type": "opened", "ms": 0, "principal": person, "target": text, "client": text }),
        json!({ "type": "operation", "ms": 1_200, "decided": allowed, "text": text, "parameters": [text, null, "AP8="] }),
        json!({ "type": "columns", "columns": [{ "name": text, "type": text }, { "name": "id", "type": "int4" }] }),
        json!({ "type": "row", "cells": [text, "1"] }),
        json!({ "type": "row", "cells": [null, text, text] }),
        json!({ "type": "done", "note": text }),
        json!({ "type": "data", "text": text }),
        json!({ "type": "errors", "text": text }),
        json!({ "type": "window", "operation": text, "columns": 80, "rows": 24 }),
        json!({ "type": "data", "operation": text, "text": text }),
        json!({ "type": "message", "severity": text, "code": text, "message": text, "detail": text, "hint": text }),
        json!({ "type": "operation", "ms": 3_600_000, "decided": denied, "text": text, "prepare": true }),
        json!({ "type": "settled", "ms": 1, "state": text, "by": person, "reason": text }),
        json!({ "type": "finished", "ms": 1, "outcome": { "as": "unknown" } }),
        json!({ "type": "alert", "ms": 1, "code": text, "message": text }),
        json!({ "type": "left_out", "bytes": 7 }),
        json!({ "type": text }),
        json!({ "type": "killed", "ms": 1, "by": person, "reason": text }),
        json!({ "type": "closed", "ms": 1, "reason": text }),
        json!({ "type": "end", "whole": true, "live": false, "chunks": 3, "head": text }),
    ]
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || !deceives(c))
}

#[test]
fn a_recording_is_shown_as_text() {
    insta::assert_snapshot!(shown(&recording("some text")));
}

#[test]
fn a_table_is_drawn_in_columns_and_goes_on_in_them() {
    let mut lines = vec![json!({ "type": "columns", "columns": [
        { "name": "id", "type": "int4" }, { "name": "email", "type": "text" }, { "name": "note", "type": "text" },
    ] })];
    for row in 1..=150 {
        lines.push(json!({ "type": "row", "cells": [row.to_string(), "*****@shop.test", null] }));
    }
    lines.push(json!({ "type": "done", "note": "SELECT 150" }));
    let text = shown(&lines);
    assert_eq!(text.lines().count(), 153);
    assert!(
        text.contains(
            "  id   | email           | note\n  int4 | text            | text\n  1    | *****@shop.test | ∅\n"
        ),
        "{text}"
    );
    assert!(text.contains("\n  150  | *****@shop.test | ∅\n(SELECT 150)\n"), "{text}");
}

#[test]
fn what_is_not_whole_is_not_called_whole() {
    let end =
        |whole, live| shown(&[json!({ "type": "end", "whole": whole, "live": live, "chunks": 3, "head": "abc" })]);
    assert!(end(true, false).contains("verified, and whole: 3 chunks, head abc"));
    assert!(end(false, true).contains("the session goes on"));
    assert!(end(false, false).contains("NOT WHOLE"));

    let judged =
        |line: Value| judged(&line, "ses_x").map(|judged| judged.map_err(|failure| crate::failure::shown(&failure)));
    let end = |whole, live, rest| judged(json!({ "type": "end", "whole": whole, "live": live, "unread_bytes": rest }));
    assert_eq!(judged(json!({ "type": "closed" })), None);
    assert_eq!((end(true, false, 0), end(false, true, 7)), (Some(Ok(())), Some(Ok(()))));
    let cut = end(false, false, 0).unwrap().unwrap_err();
    assert!(cut.contains("not whole") && cut.contains("postern audit search session:ses_x"), "{cut}");
    assert!(end(false, false, 7).unwrap().unwrap_err().contains("and 7 bytes follow"));
    let broken = judged(json!({ "type": "broken", "code": "PST-5007", "message": "chunk 1", "hint": "\u{1b}[2J" }));
    assert!(broken.unwrap().unwrap_err().ends_with("hint: ⟨U+001B⟩[2J"));
}

/// THREAT: a target that speaks for this verb.
#[test]
fn only_this_verbs_own_words_begin_a_line() {
    let own = "verified, and whole: 3 chunks, head abc";
    let mut lines = recording(own);
    lines.truncate(lines.len() - 1);
    lines.extend([json!({ "type": "row", "cells": [own] }), json!({ "type": "message", "severity": own })]);
    let shown = shown(&lines);
    assert!(!shown.lines().any(|line| line.starts_with(own)), "{shown}");
}

#[test]
fn no_value_is_not_text_that_looks_like_it() {
    let row = |cell: Value| shown(&[json!({ "type": "row", "cells": [cell] })]);
    assert_eq!((row(Value::Null), row(json!("∅"))), ("  ∅\n".to_owned(), "  '∅'\n".to_owned()));
    assert_ne!(row(json!("∅")), row(json!("'∅'")));
}

#[test]
fn nothing_that_moves_a_cursor_is_printed() {
    for text in ["\x1b]0;title\x07", "\x1b[2J", "\r\n\x08x", "\u{9b}31m", "\u{202e}evil", "a\tb\u{200b}", "\x7f\0"] {
        let shown = shown(&recording(text));
        assert!(is_plain(&shown), "{shown:?}");
    }
}

proptest! {
    #[test]
    fn whatever_was_recorded_is_printed_as_plain_text(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        prop_assert!(is_plain(&shown(&recording(&text))));
        let session = json!({
            "id": text, "started": text, "ended": text, "reason": text, "target": text, "protocol": text, "client": text,
            "principal": { "name": text, "kind": text, "acts_for": text },
        });
        let mut out = Vec::new();
        print_list(std::slice::from_ref(&session), &mut out).unwrap();
        print_one(&session, &mut out).unwrap();
        print_json(&session, &mut out).unwrap();
        prop_assert!(is_plain(&String::from_utf8(out).unwrap()));
    }

    #[test]
    fn whatever_a_line_is_it_is_shown(keys in prop::collection::vec("type|ms|cells|columns|text|decided|[a-z]{1,4}", 0..6), text in ".{0,40}", number in any::<u64>()) {
        let mut line = serde_json::Map::new();
        for (index, key) in keys.into_iter().enumerate() {
            let value = match index % 3 { 0 => json!(text), 1 => json!(number), _ => json!([text, number, { "name": text }]) };
            line.insert(key, value);
        }
        for kind in ["row", "columns", "operation", "message", "end", "settled", "finished", "data"] {
            let mut line = line.clone();
            line.insert("type".to_owned(), json!(kind));
            prop_assert!(is_plain(&shown(&[Value::Object(line)])));
        }
    }
}

fn cast(lines: &[Value]) -> String {
    let (mut out, mut cast) = (Vec::new(), Cast::default());
    for line in lines {
        cast.show(line, &mut out).unwrap();
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn a_terminal_is_cast_in_its_size_and_time() {
    let allowed = json!({ "verdict": "allow", "rules": ["r"] });
    let person = json!({ "name": "bot", "kind": "workload" });
    let lines = [
        json!({ "type": "opened", "ms": 0, "at": "2026-11-23T10:00:00.000000Z", "principal": person, "target": "web-1", "client": "c" }),
        json!({ "type": "operation", "ms": 100, "operation": "op_1", "decided": allowed, "text": "ls\nls" }),
        json!({ "type": "data", "ms": 150, "operation": "op_1", "text": "one\n" }),
        json!({ "type": "operation", "ms": 1_100, "operation": "op_2", "decided": allowed, "text": "shell" }),
        json!({ "type": "window", "ms": 1_100, "operation": "op_2", "columns": 120, "rows": 40 }),
        json!({ "type": "data", "ms": 3_105, "operation": "op_2", "text": "\u{1b}[1m$ \u{1b}[0m\n\u{202e}" }),
        json!({ "type": "errors", "ms": 3_105, "operation": "op_1", "text": "two\n" }),
        json!({ "type": "finished", "ms": 4_000, "operation": "op_2", "outcome": { "as": "done", "note": "exit 0" } }),
        json!({ "type": "end", "whole": true, "chunks": 1, "head": "h" }),
    ];
    let expected = [
        r#"{"term":{"cols":80,"rows":24},"timestamp":1795428000,"title":"bot on web-1","version":3}"#,
        r#"[0.100, "m", "allow: ls⟨U+000A⟩ls"]"#,
        r#"[0.050, "o", "one\r\n"]"#,
        r#"[0.950, "m", "allow: shell"]"#,
        r#"[0.000, "r", "120x40"]"#,
        r#"[2.005, "o", "\u001b[1m$ \u001b[0m\n\u202e"]"#,
        r#"[0.000, "o", "two\r\n"]"#,
        r#"[0.895, "m", "exit 0"]"#,
    ];
    assert_eq!(cast(&lines).lines().collect::<Vec<_>>(), expected);
    let first = cast(&lines[3..]);
    assert!(first.starts_with(r#"{"term":{"cols":120,"rows":40}"#), "{first}");
    assert!(cast(&lines[8..]).starts_with(r#"{"term":{"cols":80,"rows":24}"#), "a recording of nothing is one");
}
