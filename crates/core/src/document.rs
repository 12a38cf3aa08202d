//! Strict reading of TOML: every key is asked for by name, and what nobody asked for is an error with its place.
//!
//! It knows no meaning. It gives each value with its span, collects what is wrong instead of stopping at the first,
//! and suggests the word that was probably meant. Enter at [`parse()`].

use std::cmp::Reverse;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

#[cfg(test)]
mod tests;

/// Something wrong in a document, at a place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file, as the operator named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The bytes concerned.
    pub span: Range<usize>,
    /// What is wrong: lower case, no full stop, the operator's words in backticks.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
    /// Whether the line may be shown; false where it seems to hold a secret.
    pub quotable: bool,
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// A place in a document: which file, which bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index into the list of sources.
    file: usize,
    span: Range<usize>,
}

/// All that is wrong in a set of files, and the files to say it about.
#[derive(Debug, Default)]
pub struct Findings {
    sources: Vec<(String, String)>,
    found: Vec<Diagnostic>,
}

impl Findings {
    /// Nothing wrong yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What is wrong, in the order in which it was found.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.found
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.found.is_empty()
    }

    /// The text of a file that was read, for showing the line concerned.
    #[must_use]
    pub fn source(&self, file: &str) -> Option<&str> {
        self.sources.iter().find(|(name, _)| name == file).map(|(_, text)| text.as_str())
    }

    /// The file and line of a place, as `policy.toml:12`.
    #[must_use]
    pub fn line_of(&self, place: &Place) -> String {
        let (file, text) = self.sources.get(place.file).map_or(("", ""), |(file, text)| (file, text));
        let before = text.get(..place.span.start).unwrap_or(text);
        format!("{file}:{}", before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1))
    }

    /// Says that something is wrong at a place.
    pub fn wrong(&mut self, place: &Place, message: impl Into<String>, hint: Option<String>) {
        let (file, text) = self.sources.get(place.file).map_or(("", ""), |(file, text)| (file, text));
        let before = text.get(..place.span.start).unwrap_or(text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1);
        let start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let column = before.get(start..).unwrap_or_default().chars().count().saturating_add(1);
        let found = Diagnostic {
            file: file.to_owned(),
            line,
            column,
            span: place.span.clone(),
            message: message.into(),
            hint,
            quotable: true,
        };
        self.found.push(found);
    }

    /// The place of some bytes of a string; the whole string, where escapes in the file move them.
    #[must_use]
    pub fn inside(&self, text: &Text, bytes: Range<usize>) -> Place {
        let Place { file, span } = &text.place;
        let raw = self.sources.get(*file).and_then(|(_, source)| source.get(span.clone()));
        let Some(from) = raw.and_then(|raw| raw.find(&text.text)) else { return text.place.clone() };
        let from = span.start.saturating_add(from);
        Place { file: *file, span: from.saturating_add(bytes.start)..from.saturating_add(bytes.end) }
    }

    /// Lets nobody show the lines of what was said inside of a place: it may hold a secret, well or badly spelled.
    pub fn veil(&mut self, place: &Place) {
        let file = self.sources.get(place.file).map_or("", |(file, _)| file);
        for found in self.found.iter_mut().filter(|found| found.file == file) {
            let inside = place.span.start <= found.span.start && found.span.end <= place.span.end;
            found.quotable &= !inside;
        }
    }

    /// Says that something is wrong at a place that seems to hold a secret, so that nobody shows the line.
    pub fn exposed(&mut self, place: &Place, message: impl Into<String>, hint: Option<String>) {
        self.wrong(place, message, hint);
        if let Some(found) = self.found.last_mut() {
            found.quotable = false;
        }
    }
}

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
    what: String,
    table: Option<&'d DeTable<'d>>,
    asked: Vec<&'static str>,
}

/// A value of a document with its place.
#[derive(Debug)]
pub struct Value<'d> {
    /// Where it stands.
    pub place: Place,
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
    let index = findings.sources.len();
    findings.sources.push((file.to_owned(), text.to_owned()));
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
        Self { file, span: table.span(), what: "file".to_owned(), table: Some(table.get_ref()), asked: Vec::new() }
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
        Some(Value { place: Place { file: self.file, span: value.span() }, value: value.get_ref() })
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

    /// A string that must be there.
    pub fn required(&mut self, findings: &mut Findings, key: &'static str) -> Option<Text> {
        if self.has(key) {
            return self.text(findings, key);
        }
        self.asked.push(key);
        let message = format!("this {} has no `{key}`", self.what);
        findings.wrong(&self.place(), message, Some(format!("add `{key} = …`")));
        None
    }

    /// A yes or no.
    pub fn flag(&mut self, findings: &mut Findings, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.value.as_bool();
        if flag.is_none() {
            findings.wrong(&value.place, format!("`{key}` is true or false"), None);
        }
        flag
    }

    /// A whole number that is not negative.
    pub fn number(&mut self, findings: &mut Findings, key: &'static str) -> Option<u64> {
        let value = self.value(key)?;
        let number = value.number();
        if number.is_none() {
            findings.wrong(&value.place, format!("`{key}` is a whole number, zero or more"), None);
        }
        number
    }

    /// A whole number that is more than zero.
    pub fn positive(&mut self, findings: &mut Findings, key: &'static str) -> Option<u64> {
        let value = self.value(key)?;
        let number = value.number().filter(|number| *number > 0);
        if number.is_none() {
            findings.wrong(&value.place, format!("`{key}` is a whole number, one or more"), None);
        }
        number
    }

    /// A list of strings; one string stands for a list of one.
    pub fn texts(&mut self, findings: &mut Findings, key: &'static str) -> Option<Vec<Text>> {
        let value = self.value(key)?;
        value.texts(findings, key)
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
            findings.wrong(&value.place, format!("`{key}` is a list of tables"), Some(format!("write [[{key}]]")));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in array.iter() {
            let value = Value { place: Place { file: self.file, span: item.span() }, value: item.get_ref() };
            tables.extend(value.table(findings, key));
        }
        tables
    }

    /// All keys with their values, for a table whose keys are the operator's own.
    pub fn entries(&mut self) -> Vec<(Text, Value<'d>)> {
        let table = self.table.take();
        let entries = table.into_iter().flat_map(DeTable::iter).map(|(key, value)| {
            let name = Text { text: key.get_ref().to_string(), place: Place { file: self.file, span: key.span() } };
            (name, Value { place: Place { file: self.file, span: value.span() }, value: value.get_ref() })
        });
        entries.collect()
    }

    /// Reports a key that exists in a later version only.
    pub fn later(&mut self, findings: &mut Findings, key: &'static str) {
        if let Some(value) = self.value(key) {
            findings.wrong(&value.place, format!("`{key}`: not in this version"), None);
        }
    }

    /// Ends the table: whatever nobody asked for is an error.
    pub fn finish(self, findings: &mut Findings) {
        for (key, _) in self.table.into_iter().flat_map(DeTable::iter) {
            let name: &str = key.get_ref();
            if !self.asked.contains(&name) {
                let place = Place { file: self.file, span: key.span() };
                findings.wrong(&place, format!("unknown key `{name}` in this {}", self.what), meant(name, &self.asked));
                if speaks_of_secrets(name) {
                    findings.veil(&place);
                }
            }
        }
    }

    fn has(&self, key: &str) -> bool {
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
            findings.wrong(&self.place, format!("`{key}` is a string"), None);
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
            findings.wrong(
                &self.place,
                format!("`{key}` is a list of strings"),
                Some(format!("write {key} = [\"…\"]")),
            );
            return None;
        };
        let mut texts = Vec::new();
        for item in array.iter() {
            let value = Value { place: Place { file: self.place.file, span: item.span() }, value: item.get_ref() };
            texts.extend(value.text(findings, key));
        }
        Some(texts)
    }

    /// The value as a table.
    pub fn table(&self, findings: &mut Findings, key: &str) -> Option<Reader<'d>> {
        let Some(table) = self.value.as_table() else {
            findings.wrong(&self.place, format!("`{key}` is a table"), Some(format!("write {key} = {{ … }}")));
            return None;
        };
        Some(Reader {
            file: self.place.file,
            span: self.place.span.clone(),
            what: format!("`{key}`"),
            table: Some(table),
            asked: Vec::new(),
        })
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

/// Reports a value that is none of `words`.
pub fn unknown(findings: &mut Findings, text: &Text, key: &str, words: &[&str]) {
    findings.wrong(&text.place, format!("unknown value `{}` for `{key}`", text.text), meant(&text.text, words));
}

/// A hint for whoever wrote a word that is none of these: the one that was probably meant, or else all of them.
#[must_use]
pub fn meant(word: &str, words: &[&str]) -> Option<String> {
    let near = nearest(word, words).map(|word| format!("did you mean `{word}`?"));
    near.or_else(|| (!words.is_empty()).then(|| format!("it takes {}", list(words))))
}

/// The word that was probably meant.
#[must_use]
pub fn nearest<'w>(word: &str, words: &[&'w str]) -> Option<&'w str> {
    // of two that are as near, the one that begins as the word does
    let alike = |candidate: &str| word.chars().zip(candidate.chars()).take_while(|(one, other)| one == other).count();
    let scored = words
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), Reverse(alike(candidate)), *candidate));
    let bound = (word.chars().count() / 3).max(1);
    scored.filter(|(distance, ..)| *distance <= bound).min().map(|(.., candidate)| candidate)
}

fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

fn duration(text: &str) -> Option<std::time::Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    count.checked_mul(seconds).map(std::time::Duration::from_secs)
}
