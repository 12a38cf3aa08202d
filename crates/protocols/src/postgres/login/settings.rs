//! What a client sets as it connects: what changes how text is read is pinned, another role is refused, and the rest is
//! for the rules to say, as of a SET of it, but for [`PRESENTATION`], which every driver sends.

use postern_core::{Code, Fault, Principal, TargetName};

use super::super::analyze::setting::{self, APPLICATION_NAME, Class, PINNED};
use super::super::wire::startup;
use super::attribution::attributed;

/// What a session speaks that is a walsender's (PostgreSQL documentation, 55.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::postgres) enum Replication {
    /// Commands alone: it is in no database.
    Physical,
    /// Commands, and SQL in a database.
    Logical,
}

impl Replication {
    /// How a startup packet asks for it.
    pub(in crate::postgres) fn word(self) -> &'static str {
        match self {
            Self::Physical => "true",
            Self::Logical => "database",
        }
    }

    /// What `replication=…` asks for; `None` inside for none. As the server reads it (`ProcessStartupPacket`): one word, or
    /// a truth value that may be cut short.
    fn read(value: &str) -> Option<Option<Self>> {
        if value == "database" {
            return Some(Some(Self::Logical));
        }
        let value = value.to_ascii_lowercase();
        let begins = |word: &str, least: usize| value.len() >= least && word.starts_with(&value);
        if begins("true", 1) || begins("yes", 1) || begins("on", 2) || value == "1" {
            return Some(Some(Self::Physical));
        }
        (begins("false", 1) || begins("no", 1) || begins("off", 2) || value == "0").then_some(None)
    }
}

/// What a client asked for as it connected.
#[derive(Debug)]
pub(in crate::postgres) struct Settings {
    user: String,
    database: String,
    /// The target that the client has named by the host that it asked for.
    hosted: Option<String>,
    /// Whether it wants a walsender.
    pub(in crate::postgres) replication: Option<Replication>,
    /// The minor version of the protocol, as far as it is spoken here.
    pub(super) minor: u16,
    /// What is passed on to the server.
    pub(super) passed: Vec<(String, String)>,
    /// What of it the policy is asked about, in the client's order; what it has given twice, twice.
    pub(in crate::postgres) decided: Vec<(String, String)>,
    /// The names of all that the client gave and that is passed on.
    given: Vec<String>,
}

/// Settings that change how values and messages are shown, and how dates and intervals are read. Drivers send them whatever
/// is asked of them, so who may connect may set them; an approval is bound to them as to those of a SET.
const PRESENTATION: &[&str] = &[
    APPLICATION_NAME,
    "bytea_output",
    "client_min_messages",
    "datestyle",
    "extra_float_digits",
    "intervalstyle",
    "timezone",
];

impl Settings {
    /// What the gateway's own connections set: a search path in which nobody can put anything.
    pub(in crate::postgres) fn own() -> Self {
        let mut passed = pinned();
        passed.push(("search_path".to_owned(), "pg_catalog".to_owned()));
        passed.push((APPLICATION_NAME.to_owned(), setting::OWN.to_owned()));
        Self { passed, ..Self::bare() }
    }

    /// What a client sets that asks for nothing, so that all is as it is for the account.
    pub(in crate::postgres) fn bare() -> Self {
        let (user, database) = (String::new(), String::new());
        let (passed, decided, given) = (pinned(), Vec::new(), Vec::new());
        Self { user, database, hosted: None, replication: None, minor: 0, passed, decided, given }
    }

    /// Reads startup parameters, of a client that has named a target already where there is a `hosted` one. What stands by
    /// itself counts before what stands in `options`, in whatever order they come, as it does at the server.
    pub(super) fn read(
        minor: u16,
        mut parameters: Vec<(String, String)>,
        hosted: Option<String>,
    ) -> Result<Self, Fault> {
        let minor = minor.min(startup::MINOR);
        let mut settings = Self { hosted, minor, ..Self::bare() };
        parameters.sort_by_key(|(name, _)| name != "options");
        let mut asked = Vec::new();
        for (name, value) in parameters {
            match name.as_str() {
                "user" => settings.user = value,
                "database" => settings.database = value,
                "options" => asked.extend(options(&value)?),
                "replication" => {
                    settings.replication = Replication::read(&value).ok_or_else(|| no_replication(&value))?;
                }
                _ => asked.push((name, value)),
            }
        }
        let others = allowed(asked)?;
        let presents = |(name, _): &(String, String)| PRESENTATION.contains(&name.as_str());
        settings.decided = others.iter().filter(|one| !presents(one)).cloned().collect();
        settings.given = others.iter().map(|(name, _)| name.clone()).collect();
        settings.passed = each_once(others)?;
        // as the server does, the database has the user's name where none is given
        if settings.database.is_empty() {
            settings.database.clone_from(&settings.user);
        }
        settings.passed.extend(pinned());
        settings.agrees()?;
        Ok(settings)
    }

    /// The target that is asked for, and its database where one is named. Whoever has named it by host, or can have one
    /// target only, need not name it again: clients then send the user's name, and those of physical replication a word
    /// that no server looks at.
    pub(super) fn target(&self, bound: Option<&TargetName>) -> (String, Option<String>) {
        let implied = self.hosted.as_deref().or(bound.map(TargetName::as_str));
        let physical = self.replication == Some(Replication::Physical) && self.database == "replication";
        if let Some(target) = implied.filter(|_| physical || self.database == self.user) {
            return (target.to_owned(), None);
        }
        match (&self.hosted, self.database.split_once('/')) {
            (_, Some((target, space))) => (target.to_owned(), Some(space.to_owned())),
            (Some(target), None) => (target.clone(), Some(self.database.clone())),
            (None, None) => (self.database.clone(), None),
        }
    }

    /// Has the server's own log name who is connected, before what the client calls itself.
    pub(super) fn attribute(&mut self, principal: &Principal) {
        let own = self.passed.iter().position(|(name, _)| name == APPLICATION_NAME);
        let client = own.map(|at| self.passed.swap_remove(at).1).unwrap_or_default();
        self.passed.push((APPLICATION_NAME.to_owned(), attributed(principal, &client)));
    }

    /// What the target has against a setting that the client gave is told in the target's words, which name nothing else:
    /// in the hint, because they may quote a value, which is for the client alone.
    pub(super) fn blame(&self, fault: Fault) -> Fault {
        let Some(said) = &fault.cause else { return fault };
        let told = said.to_ascii_lowercase();
        let own = |name: &&String| told.contains(&format!("parameter \"{name}\""));
        let Some(name) = self.given.iter().find(own) else { return fault };
        let message = format!("the target does not take setting `{name}`");
        Fault::client(Code::SettingRefused, message).hint(format!("{said}: correct it, or leave it out"))
    }

    /// THREAT: a client is let in to the target that one of its names is for, and used with the other. Whether there are
    /// such targets is not looked at, so nobody learns that.
    fn agrees(&self) -> Result<(), Fault> {
        let named = self.database.split_once('/').filter(|_| self.database != self.user);
        match (&self.hosted, named) {
            (Some(hosted), Some((target, _))) if target != hosted => {
                let message = format!("the host name asks for target `{hosted}`, the database name for `{target}`");
                let hint =
                    format!("leave one of them out; a database of that very name is `{hosted}/{}`", self.database);
                Err(Fault::client(Code::TargetContradicted, message).hint(hint))
            }
            _ => Ok(()),
        }
    }
}

/// What of it may be passed on besides what is pinned, in lower case.
fn allowed(asked: Vec<(String, String)>) -> Result<Vec<(String, String)>, Fault> {
    let of_pinned = |name: &str| PINNED.iter().any(|(pinned, _)| *pinned == name);
    let lower = asked.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
    let (pins, others): (Vec<_>, Vec<_>) = lower.partition(|(name, _)| of_pinned(name));
    for (name, pinned) in PINNED {
        let last = pins.iter().rfind(|(given, _)| given == name);
        if last.is_some_and(|(_, value)| !setting::keeps(name, value)) {
            return Err(pinned_setting(name, pinned));
        }
    }
    if others.iter().any(|(name, value)| setting::poses(name, value)) {
        return Err(posing());
    }
    match others.iter().find(|(name, _)| !may_be_asked_for(name)) {
        None => Ok(others),
        Some((name, _)) => {
            let message = format!("startup parameter `{name}` is not passed on");
            Err(Fault::client(Code::NotSupported, message)
                .hint("leave it out of the connection string; SET it once connected, if policy allows"))
        }
    }
}

/// Whether this is the name of one setting, which a rule may let through.
///
/// THREAT: a name that is more than one to the server; one that is no setting, and asks for another login than was looked
/// at; a role, in which no rule would see what then runs.
fn may_be_asked_for(name: &str) -> bool {
    const NONE: &[&str] = &["user", "database", "options", "replication"];
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.');
    let one = name.bytes().all(plain) && !name.starts_with(startup::OPTION) && !NONE.contains(&name);
    one && !matches!(setting::class(name), Class::Role | Class::Pinned)
}

/// A startup parameter stands once. What was given before counts as well where a setting keeps a part of it, as
/// `datestyle` does, and goes into `options`, which the server reads first.
fn each_once(given: Vec<(String, String)>) -> Result<Vec<(String, String)>, Fault> {
    let mut last: Vec<(String, String)> = Vec::new();
    let mut before = String::new();
    for (name, value) in given {
        if let Some(at) = last.iter().position(|(known, _)| *known == name) {
            let (name, value) = last.remove(at);
            before.push_str(&format!("-c {name}={} ", escaped(&name, &value)?));
        }
        last.push((name, value));
    }
    if !before.is_empty() {
        last.push(("options".to_owned(), before));
    }
    Ok(last)
}

/// As one of the words of `options`.
///
/// THREAT: one word here that is two there, of which the second sets what is not on the list. Where a word ends is said by
/// the server's locale (`isspace`): whatever any locale may take for a space is not written at all.
fn escaped(name: &str, value: &str) -> Result<String, Fault> {
    if value.bytes().any(|byte| !matches!(byte, b' '..=b'~')) {
        let message = format!("startup parameter `{name}` stands twice, with more than printable ASCII");
        return Err(Fault::client(Code::NotSupported, message).hint("say it once"));
    }
    let plain = |character: char| character.is_ascii_alphanumeric();
    let escape = |character: char| (!plain(character)).then_some('\\').into_iter().chain([character]);
    Ok(value.chars().flat_map(escape).collect())
}

fn no_replication(value: &str) -> Fault {
    let message = format!("invalid value for parameter \"replication\": \"{value}\"");
    Fault::client(Code::NotSupported, message).hint("valid values are: \"false\", 0, \"true\", 1, \"database\"")
}

fn pinned() -> Vec<(String, String)> {
    PINNED.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn posing() -> Fault {
    Fault::client(Code::SettingPinned, setting::POSING).hint("call the client something else")
}

fn pinned_setting(name: &str, pinned: &str) -> Fault {
    let message = format!(
        "setting `{name}` is always `{pinned}` through this gateway, because it changes how statements are read"
    );
    Fault::client(Code::SettingPinned, message).hint(format!("connect with {name}={pinned}, or leave it out"))
}

/// Reads `-c name=value` and `--name=value`, as in libpq's `options`; a backslash takes the next character literally.
fn options(text: &str) -> Result<Vec<(String, String)>, Fault> {
    let wrong = || {
        Fault::client(Code::NotSupported, "startup parameter `options` holds more than settings")
            .hint("write only `-c name=value` in it")
    };
    let mut words = words(text).into_iter();
    let mut settings = Vec::new();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("-c") {
            Some("") => words.next().ok_or_else(wrong)?,
            Some(attached) => attached.to_owned(),
            None => word.strip_prefix("--").ok_or_else(wrong)?.to_owned(),
        };
        let (name, value) = setting.split_once('=').ok_or_else(wrong)?;
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(settings)
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => word.extend(characters.next()),
            space if space.is_ascii_whitespace() => words.push(std::mem::take(&mut word)),
            other => word.push(other),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests;
