//! Cells of which it is known what is in them: made from a number, so that no secret stands in the repository and every
//! run sees the same ones.
//!
//! Enter at [`secret`] and [`harmless`](super::harmless::harmless).

use postern_core::mask::detect::Detector;

use super::secrets;

/// A sequence of choices (splitmix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or_default()
    }

    pub(crate) fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(all.len().try_into().unwrap());
        &all[usize::try_from(at).unwrap()]
    }

    /// So many characters of these.
    pub(crate) fn text(&mut self, many: usize, of: &str) -> String {
        let of: Vec<char> = of.chars().collect();
        (0..many).map(|_| *self.of(&of)).collect()
    }

    pub(crate) fn digits(&mut self, many: usize) -> String {
        self.text(many, DIGITS)
    }
}

pub(crate) const DIGITS: &str = "0123456789";
pub(crate) const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What a cell is written as.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    Row,
    Json,
    Log,
    Ldif,
    Yaml,
}

pub(crate) const FORMS: [Form; 5] = [Form::Row, Form::Json, Form::Log, Form::Ldif, Form::Yaml];

/// A cell, the name that it stands under, and the secrets in it.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) label: Option<String>,
    pub(crate) text: String,
    pub(crate) truth: Vec<(Detector, String)>,
}

/// Puts a value under a name into a cell, among what usually stands around it.
pub(crate) fn cell(chance: &mut Chance, form: Form, name: &str, value: &str) -> (Option<String>, String) {
    let id = chance.below(100_000);
    match form {
        Form::Row => (Some(name.to_owned()), value.to_owned()),
        Form::Json => {
            let value = serde_json::to_string(value).unwrap();
            let pretty = *chance.of(&["", " "]);
            (
                Some("payload".to_owned()),
                format!("{{\"id\":{pretty}{id},{pretty}\"{name}\":{pretty}{value},{pretty}\"done\":{pretty}true}}"),
            )
        }
        Form::Log => {
            let between = *chance.of(&["=", ": ", "="]);
            let (level, minute) = (chance.of(&["INFO", "WARN", "DEBUG"]).to_string(), chance.below(60));
            (
                None,
                format!(
                    "2026-11-{:02}T09:{minute:02}:07.123Z {level} worker-{id} {name}{between}{value} took=12ms",
                    1 + id % 28
                ),
            )
        }
        Form::Ldif => {
            (None, format!("dn: uid=u{id},ou=people,dc=corp,dc=test\nobjectClass: person\n{name}: {value}\n"))
        }
        Form::Yaml => {
            let quote = *chance.of(&["", "\""]);
            (None, format!("service:\n  replicas: {}\n  {name}: {quote}{value}{quote}\n  port: 8080\n", id % 9))
        }
    }
}

/// The `number`th cell with a secret in it, each detector in turn.
pub(crate) fn secret(number: u64) -> Cell {
    let mut chance = Chance(number ^ 0x5ec2_e700);
    let at = usize::try_from(number).unwrap();
    let detector = Detector::ALL[at % Detector::ALL.len()];
    let form = FORMS[(at / Detector::ALL.len()) % FORMS.len()];
    let (name, value, hidden) = secrets::make(&mut chance, detector);
    let (label, text) = cell(&mut chance, form, &name, &value);
    let escaped = serde_json::to_string(&hidden).unwrap();
    let escaped = escaped.trim_matches('"').to_owned();
    let hidden = if matches!(form, Form::Json) { escaped } else { hidden };
    Cell { label, text, truth: vec![(detector, hidden)] }
}
