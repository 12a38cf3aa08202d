//! Whatever the command line: it is read or it is not, without a panic, and what is said of it fits together.
//!
//! What real shells do with such texts is held against it elsewhere, `analyze::tests::shells`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern_core::operation::{Effect, Fact, Reading};
use postern_core::vocabulary::FactKind;
use postern_protocols::ssh::analyze::exec;
use postern_protocols::ssh::vocabulary::VOCABULARY;

fuzz_target!(|command: &[u8]| {
    let operation = exec(command, false);
    assert_eq!(operation.meaning.as_deref(), Some(command), "something else is meant");
    assert!(!operation.touches.is_empty(), "nothing is touched");
    for (name, fact) in &operation.facts {
        let kind = match fact {
            Fact::Flag(_) => FactKind::Flag,
            Fact::Number(_) => FactKind::Number,
            Fact::Text(_) => FactKind::Text,
            Fact::List(_) => FactKind::List,
        };
        assert!(VOCABULARY.facts.iter().any(|word| word.name == *name && word.kind == kind), "{name}");
    }
    let unread = operation.reading != Reading::Clear;
    assert_eq!(operation.facts.get("unread"), Some(&Fact::Flag(unread)));
    assert_eq!(operation.touches.iter().any(|touch| touch.effect == Effect::Unknown), unread);
    // whatever runs is touched as it is named
    let Some(Fact::List(programs)) = operation.facts.get("programs") else {
        assert!(unread, "it was read, and nobody knows which programs run");
        return;
    };
    assert!(!unread, "nobody knows that these are all");
    for program in programs {
        let runs = |path: &[std::sync::Arc<str>]| matches!(path, [only] if **only == **program);
        let touched = |effect, path: &[_]| effect == Effect::Execute && runs(path);
        assert!(operation.touches.iter().any(|touch| touched(touch.effect, &touch.object.path)), "{program}");
    }
});
