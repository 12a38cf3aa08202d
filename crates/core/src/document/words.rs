//! Words that were meant, and words that say a time: what is suggested to whoever wrote something else.
//!
//! It knows no document but for where a word stands. Enter at [`meant`].

use std::cmp::Reverse;

use super::{Findings, Text};

/// Reports a value that is none of `words`.
pub fn unknown(findings: &mut Findings, text: &Text, key: &str, words: &[&str]) {
    findings.wrong(&text.place, format!("unknown value `{}` for `{key}`", text.text), meant(&text.text, words));
}

/// A hint for whoever wrote a word that is none of these: the one that was probably meant, or else all of them.
#[must_use]
pub fn meant(word: &str, words: &[&str]) -> Option<String> {
    let near = nearest(word, words).map(|word| format!("did you mean `{word}`?"));
    near.or_else(|| (!words.is_empty()).then(|| format!("it takes {}", list(words))))
}

/// The word that was probably meant.
#[must_use]
pub fn nearest<'w>(word: &str, words: &[&'w str]) -> Option<&'w str> {
    // of two that are as near, the one that begins as the word does
    let alike = |candidate: &str| word.chars().zip(candidate.chars()).take_while(|(one, other)| one == other).count();
    let scored = words
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), Reverse(alike(candidate)), *candidate));
    let bound = (word.chars().count() / 3).max(1);
    scored.filter(|(distance, ..)| *distance <= bound).min().map(|(.., candidate)| candidate)
}

fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// What digits and a unit say.
#[must_use]
pub fn duration(text: &str) -> Option<std::time::Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    count.checked_mul(seconds).map(std::time::Duration::from_secs)
}
