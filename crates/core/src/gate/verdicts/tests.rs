use std::collections::BTreeMap;

use super::*;
use crate::operation::{Action, Effect, Object, Outputs, Reading, Stage, Touch, Uses};
use crate::record::Keep;
use crate::verdict::{Limits, Revision};

/// What touches so many tables.
fn touching(tables: usize) -> Operation {
    let touch = |table: usize| Touch::whole(Effect::Read, Object::at(["public".to_owned(), table.to_string()]));
    let deed = Deed {
        action: Action("toy.read"),
        also: Vec::new(),
        touches: (0..tables).map(touch).collect(),
        outputs: Outputs::Nothing,
        uses: Uses::default(),
        facts: BTreeMap::new(),
        reading: Reading::Clear,
        command: None,
    };
    let (stage, text, settings) = (Stage::Run, "".into(), Arc::default());
    Operation { deed: Arc::new(deed), stage, text, meaning: None, parameters: Vec::new(), settings }
}

fn duties() -> Duties {
    let keep = Keep::asked(None);
    let (masks, limits, revision) = (Arc::default(), Limits::default(), Revision([0; 8]));
    Duties { masks, limits, keep, offered: false, rules: Vec::new(), revision }
}

fn is_known(verdicts: &Verdicts, one: &Operation) -> bool {
    verdicts.find(std::slice::from_ref(one)).is_some()
}

/// THREAT: a short text that touches much, and another one, and another one.
#[test]
fn what_is_kept_is_bounded_by_what_it_takes() {
    let mut verdicts = Verdicts::default();
    let heavy = touching(HEAVIEST + 1);
    verdicts.keep(&heavy.deed, &duties());
    assert!(!is_known(&verdicts, &heavy));
    let many: Vec<_> = (0..100).map(|_| touching(HEAVIEST)).collect();
    many.iter().for_each(|one| verdicts.keep(&one.deed, &duties()));
    let held = many.iter().filter(|one| is_known(&verdicts, one)).count();
    assert!((1..=MOST_HELD / HEAVIEST).contains(&held), "{held}");
    assert!(many.last().is_some_and(|one| is_known(&verdicts, one)));
}

#[test]
fn what_is_met_again_outlasts_what_is_not() {
    let mut verdicts = Verdicts::default();
    let again = touching(1);
    verdicts.keep(&again.deed, &duties());
    let others: Vec<_> = (0..4 * MOST).map(|_| touching(1)).collect();
    for one in &others {
        verdicts.keep(&one.deed, &duties());
        assert!(verdicts.meet(std::slice::from_ref(&again)).is_some());
    }
    assert!(verdicts.0.len() <= MOST);
}
