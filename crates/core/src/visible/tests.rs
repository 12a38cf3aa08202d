use super::{deceives, json, line, visible};

#[test]
fn what_reorders_or_hides_is_written_out() {
    let trojan = "DELETE FROM logs; --\u{202e} ;sresu MORF\u{2066} x\u{200b}y";
    assert_eq!(visible(trojan), "DELETE FROM logs; --⟨U+202E⟩ ;sresu MORF⟨U+2066⟩ x⟨U+200B⟩y");
    assert_eq!(visible("a\u{1b}[2Jb\u{7f}\u{85}\r"), "a⟨U+001B⟩[2Jb⟨U+007F⟩⟨U+0085⟩⟨U+000D⟩");
}

#[test]
fn lines_stay_lines_unless_one_is_wanted() {
    assert_eq!(visible("a\n\tb"), "a\n\tb");
    assert_eq!(line("a\n\tb"), "a⟨U+000A⟩ b");
}

#[test]
fn ordinary_text_of_any_script_is_left_alone() {
    for text in ["select 'größe'", "名前 = 'ä'", "имя", "שם", "emoji 🚪", "a ⟨b⟩"] {
        assert_eq!(visible(text), text);
    }
}

#[test]
fn every_direction_character_deceives() {
    for c in "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".chars() {
        assert!(deceives(c), "{c:?}");
    }
}

/// Those that Unicode says to show nothing for (`Default_Ignorable_Code_Point`), and a blank that is no space.
#[test]
fn every_invisible_character_deceives() {
    let ranges = [
        ('\u{ad}', '\u{ad}'),
        ('\u{34f}', '\u{34f}'),
        ('\u{61c}', '\u{61c}'),
        ('\u{115f}', '\u{1160}'),
        ('\u{17b4}', '\u{17b5}'),
        ('\u{180b}', '\u{180f}'),
        ('\u{200b}', '\u{200f}'),
        ('\u{202a}', '\u{202e}'),
        ('\u{2060}', '\u{206f}'),
        ('\u{2800}', '\u{2800}'),
        ('\u{3164}', '\u{3164}'),
        ('\u{fe00}', '\u{fe0f}'),
        ('\u{feff}', '\u{feff}'),
        ('\u{ffa0}', '\u{ffa0}'),
        ('\u{fff0}', '\u{fff8}'),
        ('\u{1bca0}', '\u{1bca3}'),
        ('\u{1d173}', '\u{1d17a}'),
        ('\u{e0000}', '\u{e0fff}'),
    ];
    for c in ranges.into_iter().flat_map(|(first, last)| first..=last) {
        assert!(deceives(c), "{c:?}");
    }
}

#[test]
fn json_means_the_same_and_deceives_nobody() {
    let deceptive = "a\u{1b}[2J\u{7f}\u{9b}\u{202e}\u{e0041}\t\n\u{1f600}b";
    let written = serde_json::to_string_pretty(&serde_json::json!({ deceptive: [deceptive] })).unwrap();
    let shown = json(&written);
    assert!(shown.chars().all(|c| c == '\n' || !deceives(c)), "{shown}");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
        serde_json::json!({ deceptive: [deceptive] })
    );
}
