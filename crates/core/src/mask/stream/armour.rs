//! The inside of a private key in armour, line after line, once its first line has been seen.
//!
//! It knows lines, and not which of them came before. Enter at [`end`] and [`goes_on`].

/// Where the armour ends in what goes on with it: after its last line, or where the string ends that it stands in.
pub(super) fn end(text: &str) -> Option<usize> {
    const ENDS: &str = "-----END ";
    let string = text.find('"').unwrap_or(text.len());
    let last = text.find(ENDS).and_then(|label| {
        let label = label.saturating_add(ENDS.len());
        Some(label.saturating_add(text.get(label..)?.find("-----")?).saturating_add("-----".len()))
    });
    let escaped = |end: usize| text.get(..end).unwrap_or_default().trim_end_matches('\\').len();
    last.filter(|last| *last <= string).or((string < text.len()).then(|| escaped(string)))
}

/// Whether a line may be one of it: empty, of base64 alone, a header, or with enough base64 in it behind what a log or a
/// number of the line has put before it.
pub(super) fn goes_on(line: &str) -> bool {
    const LONG: usize = 40;
    let base64 = |one: char| one.is_ascii_alphanumeric() || matches!(one, '+' | '/' | '=');
    let line = line.trim();
    let header = || {
        let name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
        line.split_once(": ").is_some_and(|(first, _)| name(first))
    };
    line.chars().all(base64) || line.split(|one| !base64(one)).any(|run| run.len() >= LONG) || header()
}
