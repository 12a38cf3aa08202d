//! One table of a document, read key by key, and its values.
//!
//! It remembers what was asked for, and nothing of what was answered. Enter at [`parse`] and [`Reader::top`].

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::words::duration;
use super::{Findings, Place, meant, nearest, unknown};

/// Whether a word of a document speaks of a password, however it is spelled.
fn speaks_of_secrets(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["pass", "pwd", "secret"].iter().any(|word| text.contains(word))
}

/// One table of a document, read key by key.
#[derive(Debug)]
pub struct Reader<'d> {
    file: usize,
    span: Range<usize>,
    /// The keys that lead here from the top, as `rule.with`; empty at the top.
    path: Arc<str>,
    table: Option<&'d DeTable<'d>>,
    asked: Vec<&'static str>,
    /// Those that must be there and are not.
    missing: Vec<&'static str>,
}

/// A value of a document with its place.
#[derive(Debug)]
pub struct Value<'d> {
    /// Where it stands.
    pub place: Place,
    /// The path of the table it stands in.
    within: Arc<str>,
    value: &'d DeValue<'d>,
}

/// A string with its place.
#[derive(Clone, Debug)]
pub struct Text {
    /// What it says.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// Parses a file; what is no TOML is reported.
pub fn parse<'d>(findings: &mut Findings, file: &str, text: &'d str) -> Option<(usize, Spanned<DeTable<'d>>)> {
    let index = findings.add(file, text);
    match DeTable::parse(text) {
        Ok(table) => Some((index, table)),
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            let before = text.get(..span.start).unwrap_or(text);
            let from = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
            let line = text.get(from..).and_then(|rest| rest.lines().next()).unwrap_or_default();
            let place = Place { file: index, span };
            findings.wrong(&place, format!("this is no TOML: {}", error.message()), None);
            // THREAT: a password that only lacks its quotes
            if speaks_of_secrets(line) {
                findings.veil(&place);
            }
            None
        }
    }
}

impl<'d> Reader<'d> {
    /// Reads a parsed file from its top.
    #[must_use]
    pub fn top(file: usize, table: &'d Spanned<DeTable<'d>>) -> Self {
        Self {
            file,
            span: table.span(),
            path: "".into(),
            table: Some(table.get_ref()),
            asked: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// What the table is called in a message.
    fn what(&self) -> String {
        match self.path.rsplit('.').next() {
            None | Some("") => "file".to_owned(),
            Some(last) => format!("`{last}`"),
        }
    }

    fn holds(&self, span: Range<usize>, value: &'d DeValue<'d>) -> Value<'d> {
        Value { place: Place { file: self.file, span }, within: Arc::clone(&self.path), value }
    }

    /// Where the table stands.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { file: self.file, span: self.span.clone() }
    }

    /// What is in the table under `key`, if anything.
    pub fn value(&mut self, key: &'static str) -> Option<Value<'d>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        let value = self.table?.get(key)?;
        Some(self.holds(value.span(), value.get_ref()))
    }

    /// The string under `key`, where there is one; what is wrong with it, somebody else will say.
    #[must_use]
    pub fn peek(&self, key: &str) -> Option<&'d str> {
        self.table?.get(key)?.get_ref().as_str()
    }

    /// A string.
    pub fn text(&mut self, findings: &mut Findings, key: &'static str) -> Option<Text> {
        let value = self.value(key)?;
        value.text(findings, key)
    }

    /// A string that must be there; [`Reader::finish`] says so where it is not.
    pub fn required(&mut self, findings: &mut Findings, key: &'static str) -> Option<Text> {
        if self.has(key) {
            return self.text(findings, key);
        }
        self.asked.push(key);
        self.missing.push(key);
        None
    }

    /// A yes or no.
    pub fn flag(&mut self, findings: &mut Findings, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.value.as_bool();
        if flag.is_none() {
            value.is_not(findings, format!("`{key}` is true or false"), None);
        }
        flag
    }

    /// A whole number that is not negative.
    pub fn number(&mut self, findings: &mut Findings, key: &'static str) -> Option<u64> {
        let value = self.value(key)?;
        let number = value.number();
        if number.is_none() {
            value.is_not(findings, format!("`{key}` is a whole number, zero or more"), None);
        }
        number
    }

    /// A whole number that is more than zero.
    pub fn positive(&mut self, findings: &mut Findings, key: &'static str) -> Option<u64> {
        let value = self.value(key)?;
        let number = value.number().filter(|number| *number > 0);
        if number.is_none() {
            value.is_not(findings, format!("`{key}` is a whole number, one or more"), None);
        }
        number
    }

    /// A duration.
    pub fn duration(&mut self, findings: &mut Findings, key: &'static str) -> Option<std::time::Duration> {
        self.value(key)?.duration(findings, key)
    }

    /// A list of strings; one string stands for a list of one.
    pub fn texts(&mut self, findings: &mut Findings, key: &'static str) -> Option<Vec<Text>> {
        let value = self.value(key)?;
        value.texts(findings, key)
    }

    /// A list that may be left out to mean all, and where it stands; what comes of an empty one is said.
    pub fn some(&mut self, findings: &mut Findings, key: &'static str, empty: &str) -> Option<(Place, Vec<Text>)> {
        let place = self.value(key)?.place;
        let texts = self.texts(findings, key)?;
        if texts.is_empty() {
            let hint = format!("leave `{key}` out to mean all");
            findings.wrong(&place, format!("`{key}` is empty, so {empty}"), Some(hint));
        }
        Some((place, texts))
    }

    /// A table below this one.
    pub fn table(&mut self, findings: &mut Findings, key: &'static str) -> Option<Reader<'d>> {
        let value = self.value(key)?;
        value.table(findings, key)
    }

    /// The tables of `[[key]]`.
    pub fn tables(&mut self, findings: &mut Findings, key: &'static str) -> Vec<Reader<'d>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(array) = value.value.as_array() else {
            value.is_not(findings, format!("`{key}` is a list of tables"), Some(format!("write [[{key}]]")));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in array.iter() {
            tables.extend(self.holds(item.span(), item.get_ref()).table(findings, key));
        }
        tables
    }

    /// All keys with their values, for a table whose keys are the operator's own.
    pub fn entries(&mut self) -> Vec<(Text, Value<'d>)> {
        let table = self.table.take();
        let entries = table.into_iter().flat_map(DeTable::iter).map(|(key, value)| {
            let name = Text { text: key.get_ref().to_string(), place: Place { file: self.file, span: key.span() } };
            (name, self.holds(value.span(), value.get_ref()))
        });
        entries.collect()
    }

    /// Reports a key that exists in a later version only.
    pub fn later(&mut self, findings: &mut Findings, key: &'static str) {
        if let Some(value) = self.value(key) {
            findings.wrong(&value.place, format!("`{key}`: not in this version"), None);
        }
    }

    /// Ends the table: whatever nobody asked for is an error, and whatever is missing.
    pub fn finish(self, findings: &mut Findings) {
        let mut misspelled = Vec::new();
        for (key, _) in self.table.into_iter().flat_map(DeTable::iter) {
            let name: &str = key.get_ref();
            if !self.asked.contains(&name) {
                let place = Place { file: self.file, span: key.span() };
                misspelled.extend(nearest(name, &self.asked));
                findings.wrong(
                    &place,
                    format!("unknown key `{name}` in this {}", self.what()),
                    meant(name, &self.asked),
                );
                if speaks_of_secrets(name) {
                    findings.veil(&place);
                }
            }
        }
        // one mistake, one message
        for key in self.missing.iter().filter(|key| !misspelled.contains(*key)) {
            let message = format!("this {} has no `{key}`", self.what());
            findings.wrong(&self.place(), message, Some(format!("add `{key} = …`")));
        }
    }

    /// Whether there is a value for a key, whatever it is.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }
}

impl<'d> Value<'d> {
    fn number(&self) -> Option<u64> {
        self.value.as_integer().and_then(|integer| u64::from_str_radix(integer.as_str(), integer.radix()).ok())
    }

    /// The value as a string.
    pub fn text(&self, findings: &mut Findings, key: &str) -> Option<Text> {
        let Some(text) = self.value.as_str() else {
            self.is_not(findings, format!("`{key}` is a string"), None);
            return None;
        };
        Some(Text { text: text.to_owned(), place: self.place.clone() })
    }

    /// The value as a list of strings.
    pub fn texts(&self, findings: &mut Findings, key: &str) -> Option<Vec<Text>> {
        if self.value.is_str() {
            return self.text(findings, key).map(|text| vec![text]);
        }
        let Some(array) = self.value.as_array() else {
            self.is_not(findings, format!("`{key}` is a list of strings"), Some(format!("write {key} = [\"…\"]")));
            return None;
        };
        let mut texts = Vec::new();
        for item in array.iter() {
            let place = Place { file: self.place.file, span: item.span() };
            let value = Value { place, within: Arc::clone(&self.within), value: item.get_ref() };
            texts.extend(value.text(findings, key));
        }
        Some(texts)
    }

    /// The value as a table.
    pub fn table(&self, findings: &mut Findings, key: &str) -> Option<Reader<'d>> {
        let Some(table) = self.value.as_table() else {
            self.is_not(findings, format!("`{key}` is a table"), Some(format!("write {key} = {{ … }}")));
            return None;
        };
        Some(Reader {
            file: self.place.file,
            span: self.place.span.clone(),
            path: if self.within.is_empty() { key.into() } else { format!("{}.{key}", self.within).into() },
            table: Some(table),
            asked: Vec::new(),
            missing: Vec::new(),
        })
    }

    /// Says that it is of another kind than it must be.
    fn is_not(&self, findings: &mut Findings, must: String, hint: Option<String>) {
        let is = match self.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(integer) if integer.as_str().starts_with('-') => "a number below zero",
            DeValue::Integer(_) => match self.number() {
                None => "a larger one",
                Some(0) => "zero",
                Some(_) => "a number",
            },
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        findings.wrong(&self.place, format!("{must}, and this is {is}"), hint);
    }

    /// The value as a duration: a string of digits and `s`, `m`, `h` or `d`.
    pub fn duration(&self, findings: &mut Findings, key: &str) -> Option<std::time::Duration> {
        if let DeValue::Integer(number) = self.value {
            let hint = format!("write {key} = \"{number}s\" if these are seconds, or with m, h or d");
            findings.wrong(&self.place, format!("`{number}` for `{key}` has no unit"), Some(hint));
            return None;
        }
        self.text(findings, key)?.duration(findings, key)
    }

    /// Whether it is a string (where a key takes one or a table).
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.value.is_str()
    }

    /// Whether it is a list (where a key takes one table or several).
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.value.is_array()
    }
}

impl Text {
    /// The one of `words` that it says, or an error that suggests the nearest.
    pub fn one_of<T: Copy>(&self, findings: &mut Findings, key: &str, words: &[(&'static str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == self.text).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&'static str> = words.iter().map(|(word, _)| *word).collect();
            unknown(findings, self, key, &names);
        }
        found
    }

    /// A duration: digits and `s`, `m`, `h` or `d`.
    pub fn duration(&self, findings: &mut Findings, key: &str) -> Option<std::time::Duration> {
        let duration = duration(&self.text);
        if duration.is_none() {
            let message = format!("`{}` is no duration for `{key}`", self.text);
            findings.wrong(&self.place, message, Some("write digits and a unit: 30s, 15m, 8h, 7d".to_owned()));
        }
        duration
    }
}
