use postern_core::{Code, Fault};

use super::{Failure, shown};

#[test]
fn whatever_a_target_says_the_terminal_shows_it_and_obeys_nothing() {
    let fault = Fault::target(Code::TargetLost, "it ended").cause("\x1b[2J\u{202e}gone").hint("ask\x07");
    let said = shown(&fault.into());
    assert!(said.contains("⟨U+001B⟩[2J⟨U+202E⟩gone") && said.contains("hint: ask⟨U+0007⟩"), "{said}");
    let said = shown(&Failure::new("one\n  two\x1b").into());
    assert_eq!(said, "error: one\n  two⟨U+001B⟩");
}
