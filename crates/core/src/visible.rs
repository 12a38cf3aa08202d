//! Text of strangers, made fit to be looked at: what cannot be seen, or moves what can, is written out.
//!
//! THREAT: an approver reads one thing and approves another, because a control, direction or invisible character
//! hides a part of it or shows it elsewhere. Enter at [`visible`] for text of many lines, [`line()`] for one,
//! [`json()`] for what programs read.

#[cfg(test)]
mod tests;

/// The text with every deceptive character as `⟨U+202E⟩`; line breaks and tabs stay.
#[must_use]
pub fn visible(text: &str) -> String {
    written(text, |c| c == '\n' || c == '\t')
}

/// As [`visible`], on one line: a break is written out as well, a tab is a space.
#[must_use]
pub fn line(text: &str) -> String {
    written(&text.replace('\t', " "), |_| false)
}

/// JSON that means the same, with every deceptive character in its strings written as an escape.
#[must_use]
pub fn json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || !deceives(c) {
            shown.push(c);
        } else {
            let mut units = [0_u16; 2];
            for unit in c.encode_utf16(&mut units) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    shown
}

/// Whether the character shows as nothing, or changes where or how others show.
#[must_use]
pub fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // soft hyphen, grapheme joiner, Arabic letter mark, Hangul fillers, Khmer inherent vowels, empty Braille
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}'
            | '\u{3164}' | '\u{ffa0}'
            // Mongolian and other variation selectors and vowel separator, shorthand and musical format signs
            | '\u{180b}'..='\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            // zero width and direction marks, line and paragraph separators, embeddings and overrides
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            // word joiner, invisible operators, isolates, deprecated format characters
            | '\u{2060}'..='\u{206f}'
            // byte order mark, interlinear annotations and what is kept free beside them, tags and more selectors
            | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn written(text: &str, stays: fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if deceives(c) && !stays(c) {
            shown.push_str(&format!("⟨U+{:04X}⟩", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    shown
}
