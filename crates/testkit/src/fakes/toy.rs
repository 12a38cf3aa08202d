//! A protocol of no consequence, so that core can be tested without naming a real one.
//!
//! It has words and no wire. Enter at [`TOY`].

use std::sync::Arc;

use bytes::Bytes;
use postern_core::operation::{Deed, Facts, Outputs, Reading, Stage, Uses};
use postern_core::vocabulary::{FactKind, FactWord, Harmless, Proof, Shape, Vocabulary};
use postern_core::{Action, Effect, Operation, Touch};

/// The words of the toy protocol: schemas, tables and columns, and a few verbs.
pub static TOY: Vocabulary = Vocabulary {
    protocol: "toy",
    actions: &["toy.read", "toy.write", "toy.delete", "toy.drop", "toy.run", "toy.begin"],
    commands: &["toy.run"],
    shape: Shape { space: Some("database"), levels: &["schema", "table"], columns: true },
    facts: &[FactWord { name: "no_where", kind: FactKind::Flag, about: "whether every row is concerned" }],
    harmless: &[Harmless { effect: Effect::Read, object: "sys.*" }],
    guarded: &["sys.passwords"],
    credentials: &[],
    proof: Proof::Certificate,
    port: 7_000,
};

/// An operation of the toy protocol that runs at once, was read wholly and answers nothing.
#[must_use]
pub fn operation(action: &'static str, touches: Vec<Touch>, text: &str) -> Operation {
    let deed = Deed {
        action: Action(action),
        touches,
        outputs: Outputs::Nothing,
        uses: Uses::default(),
        facts: Facts::new(),
        reading: Reading::Clear,
        command: None,
        also: Vec::new(),
    };
    Operation {
        deed: Arc::new(deed),
        stage: Stage::Run,
        text: text.into(),
        meaning: Some(Bytes::copy_from_slice(text.as_bytes())),
        parameters: Vec::new(),
        settings: Arc::default(),
    }
}
