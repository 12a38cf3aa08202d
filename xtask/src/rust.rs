//! As much of Rust's lexical grammar as the checks need: what is code, and which paths it names.
//!
//! It never judges; it must not mistake a comment or a literal for code, nor a lifetime for a
//! character. Enter at [`code`] and [`paths`].

#[cfg(test)]
mod tests;

/// A path as written in code, such as `std::fs::File`, with imports already unfolded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Path {
    /// Whether the segments of `wanted` stand side by side somewhere in this path.
    pub(crate) fn names(&self, wanted: &str) -> bool {
        let segments: Vec<&str> = self.text.split("::").collect();
        let wanted: Vec<&str> = wanted.split("::").collect();
        segments.windows(wanted.len()).any(|window| window == wanted.as_slice())
    }
}

/// The source with every comment and literal replaced by blanks; lines stay where they are.
pub(crate) fn code(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while !rest.is_empty() {
        let (keep, length) = next(rest);
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if keep {
            out.push_str(piece);
        } else {
            out.extend(piece.chars().map(|c| if c == '\n' { c } else { ' ' }));
        }
        rest = after;
    }
    out
}

/// Whether the next piece is code, and how many bytes it has (at least one).
fn next(rest: &str) -> (bool, usize) {
    if rest.starts_with("//") {
        return (false, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (false, block_comment(rest));
    }
    if rest.starts_with('"') {
        return (false, quoted(rest, 0));
    }
    if rest.starts_with('\'') {
        return character(rest).map_or((true, 1), |length| (false, length));
    }
    let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    if word == 0 {
        return (true, rest.chars().next().map_or(1, char::len_utf8));
    }
    literal_with_prefix(rest, word).map_or((true, word), |length| (false, length))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of `/* … */`, which nests.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0_usize;
    while let Some(tail) = rest.get(at..) {
        let step = if tail.starts_with("/*") {
            depth = depth.saturating_add(1);
            2
        } else if tail.starts_with("*/") {
            depth = depth.saturating_sub(1);
            2
        } else {
            tail.chars().next().map_or(0, char::len_utf8)
        };
        at = at.saturating_add(step);
        if depth == 0 || step == 0 {
            break;
        }
    }
    at
}

/// The length of a literal with escapes whose opening quote stands at `from`.
fn quoted(rest: &str, from: usize) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().filter(|(at, _)| *at > from) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at.saturating_add(1),
            _ => {}
        }
    }
    rest.len()
}

/// The length of a character literal, or nothing where the quote opens a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        chars.next()?;
        return chars.find(|(_, c)| *c == '\'').map(|(at, _)| at.saturating_add(1));
    }
    let (at, second) = chars.next()?;
    (second == '\'').then(|| at.saturating_add(1))
}

/// The length of `r"…"`, `br#"…"#`, `b"…"`, `b'…'` and their like, where `word` bytes of prefix open one.
fn literal_with_prefix(rest: &str, word: usize) -> Option<usize> {
    let (prefix, tail) = rest.split_at_checked(word)?;
    match prefix {
        "b" | "c" if tail.starts_with('"') => Some(quoted(rest, word)),
        "b" if tail.starts_with('\'') => Some(character(tail)?.saturating_add(word)),
        "r" | "br" | "cr" => {
            let hashes = tail.chars().take_while(|c| *c == '#').count();
            tail.get(hashes..)?.strip_prefix('"')?;
            let close = format!("\"{}", "#".repeat(hashes));
            let body = word.saturating_add(hashes).saturating_add(1);
            let end = rest.get(body..)?.find(&close);
            Some(end.map_or(rest.len(), |end| body.saturating_add(end).saturating_add(close.len())))
        }
        _ => None,
    }
}

/// Every path that `code` names, imports unfolded: `use a::{b, c::d};` names `a::b` and `a::c::d`.
pub(crate) fn paths(code: &str) -> Vec<Path> {
    let mut found = Vec::new();
    let mut rest = code;
    let mut line = 1_usize;
    while let Some(start) = rest.find(|c: char| is_word(c)) {
        let (skipped, tail) = rest.split_at_checked(start).unwrap_or((rest, ""));
        line = line.saturating_add(skipped.matches('\n').count());
        let length = path_length(tail);
        let (text, after) = tail.split_at_checked(length).unwrap_or((tail, ""));
        if text == "use" {
            let end = after.find(';').unwrap_or(after.len());
            let (import, after_import) = after.split_at_checked(end).unwrap_or((after, ""));
            unfold("", import, line, &mut found);
            line = line.saturating_add(import.matches('\n').count());
            rest = after_import;
        } else {
            found.push(Path { line, text: text.to_owned() });
            rest = after;
        }
    }
    found
}

/// The length of the `a::b::c` that `tail` begins with.
fn path_length(tail: &str) -> usize {
    let mut length = 0_usize;
    loop {
        let here = tail.get(length..).unwrap_or("");
        length = length.saturating_add(here.find(|c| !is_word(c)).unwrap_or(here.len()));
        let more = tail
            .get(length..)
            .and_then(|after| after.strip_prefix("::"))
            .is_some_and(|after| after.starts_with(is_word));
        if !more {
            return length;
        }
        length = length.saturating_add(2);
    }
}

/// Adds the paths of one import tree below `prefix`.
fn unfold(prefix: &str, import: &str, line: usize, found: &mut Vec<Path>) {
    let import = import.trim();
    let head = import.split_once('{').map_or(import, |(head, _)| head);
    let head = head.split(" as ").next().unwrap_or(head);
    let head = head.trim().trim_matches(':');
    let joined = match (prefix, head) {
        ("", _) => head.to_owned(),
        (_, "" | "self") => prefix.to_owned(),
        _ => format!("{prefix}::{head}"),
    };
    let Some((_, group)) = import.split_once('{') else {
        if !head.is_empty() {
            found.push(Path { line, text: joined });
        }
        return;
    };
    let group = group.rsplit_once('}').map_or(group, |(group, _)| group);
    for branch in branches(group) {
        unfold(&joined, branch, line, found);
    }
}

/// Splits at the commas that stand in no inner braces.
fn branches(group: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    group
        .split(|c| {
            match c {
                '{' => depth = depth.saturating_add(1),
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        })
        .collect()
}
