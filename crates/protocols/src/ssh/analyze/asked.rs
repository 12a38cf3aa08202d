//! An operation while it is put together.
//!
//! It knows nothing of what is asked; what makes an operation opaque it only notes. Enter at [`Asked::of`].

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use postern_core::operation::{
    Action, Deed, Effect, Fact, Facts, Object, Operation, Outputs, Reading, Stage, Touch, Uses,
};

/// What is known of an operation so far.
pub(super) struct Asked {
    deed: Deed,
    meaning: Vec<u8>,
    settings: BTreeMap<String, String>,
}

impl Asked {
    /// Nothing but what it is called; nothing comes back.
    pub(super) fn of(action: Action) -> Self {
        let deed = Deed {
            action,
            also: Vec::new(),
            touches: Vec::new(),
            outputs: Outputs::Nothing,
            uses: Uses::default(),
            facts: Facts::new(),
            reading: Reading::Clear,
            command: None,
        };
        Self { deed, meaning: Vec::new(), settings: BTreeMap::new() }
    }

    /// What it is called.
    pub(super) fn action(&self) -> &'static str {
        self.deed.action.0
    }

    /// Another verb in it.
    pub(super) fn also(mut self, action: Action) -> Self {
        self.deed.also.push(action);
        self
    }

    /// Something comes back, whatever that is.
    pub(super) fn answered(mut self) -> Self {
        self.deed.outputs = Outputs::Unknown;
        self
    }

    /// An effect on something, said once.
    pub(super) fn touching(mut self, effect: Effect, object: impl Into<Arc<str>>) -> Self {
        let touch = Touch::whole(effect, Object::at([object]));
        if !self.deed.touches.contains(&touch) {
            self.deed.touches.push(touch);
        }
        self
    }

    /// The words of a command that is nothing else.
    pub(super) fn command(mut self, words: Option<Vec<String>>) -> Self {
        self.deed.command = words;
        self
    }

    /// A fact.
    pub(super) fn fact(mut self, name: &'static str, fact: Fact) -> Self {
        self.deed.facts.insert(name, fact);
        self
    }

    /// It could not be read wholly: what it does besides is not known.
    pub(super) fn opaque(mut self, why: impl Into<String>) -> Self {
        if self.deed.reading == Reading::Clear {
            self.deed.reading = Reading::Opaque(why.into());
        }
        self.touching(Effect::Unknown, "?")
    }

    /// A part of what it means, told from any other.
    pub(super) fn meaning(mut self, part: &[u8]) -> Self {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        self.meaning.extend_from_slice(&length.to_be_bytes());
        self.meaning.extend_from_slice(part);
        self
    }

    /// All that it means.
    pub(super) fn exactly(mut self, bytes: &[u8]) -> Self {
        self.meaning = bytes.to_vec();
        self
    }

    /// What else changes what it means.
    pub(super) fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The operation, in these words for people.
    pub(super) fn operation(self, text: impl Into<Arc<str>>) -> Operation {
        Operation {
            deed: Arc::new(self.deed),
            stage: Stage::Run,
            text: text.into(),
            meaning: Some(Bytes::from(self.meaning)),
            parameters: Vec::new(),
            settings: Arc::new(self.settings),
        }
    }
}

/// Bytes of a client as words; `None` where they are none that a rule could name.
pub(super) fn word(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty() && !text.contains('\0'))
}

/// Bytes of a client for people, whatever they are.
pub(super) fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
