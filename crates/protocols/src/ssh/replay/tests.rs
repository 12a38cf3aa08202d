use postern_core::record::{Replay as _, Shown};

use super::Reel;

fn data(text: &str) -> Vec<Shown> {
    vec![Shown::Data { text: text.to_owned() }]
}

fn errors(text: &str) -> Vec<Shown> {
    vec![Shown::Errors { text: text.to_owned() }]
}

#[test]
fn a_character_is_shown_once_it_is_whole() {
    let mut reel = Reel::default();
    let text = "grüße, 漢字 🦀";
    let all: String = text
        .bytes()
        .flat_map(|byte| reel.shown(None, &[byte]))
        .map(|shown| if let Shown::Data { text } = shown { text } else { panic!("{shown:?}") })
        .collect();
    assert_eq!(all, text);
    assert_eq!(reel.shown(None, b"caf\xe9 x"), data("caf\u{fffd} x"));
    assert_eq!(reel.shown(None, b"\xff"), data("\u{fffd}"));
}

#[test]
fn each_operation_has_streams_of_its_own() {
    let mut reel = Reel::default();
    let [one, two] = [1_u128, 2].map(|number| Some(format!("op_{number:032x}").parse().unwrap()));
    assert_eq!(reel.shown(one, b"out\xf0\x9f"), data("out"));
    assert_eq!(reel.shown(two, b"other"), data("other"));
    assert_eq!(
        reel.aside(one, br#"{"stream":"stderr"}"#),
        data("\u{fffd}"),
        "what goes on in no other stream is shown"
    );
    assert_eq!(reel.shown(one, b"wrong"), errors("wrong"));
    assert_eq!(reel.shown(two, b"other"), data("other"));
    assert_eq!(reel.aside(one, br#"{"stream":"stdout"}"#), []);
    assert_eq!(reel.shown(one, b"out"), data("out"));
}

#[test]
fn the_size_of_a_terminal_is_shown() {
    let mut reel = Reel::default();
    assert_eq!(reel.aside(None, br#"{"terminal":[80,24]}"#), [Shown::Window { columns: 80, rows: 24 }]);
    assert_eq!(reel.aside(None, br#"{"resized":[120,40]}"#), [Shown::Window { columns: 120, rows: 40 }]);
    for strange in ["", "{}", "[]", r#"{"terminal":[1]}"#, r#"{"terminal":[-1,2]}"#, r#"{"other":1}"#] {
        assert_eq!(reel.aside(None, strange.as_bytes()), []);
    }
}
