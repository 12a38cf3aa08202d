//! Command lines: which programs run, on which files, and what of it only the host knows.
//!
//! It knows nothing of that host. The login shell there may be `fish` or `csh`, which read some of what is said to be
//! read here in another way; startup files of the account may give every name another meaning; a program may run
//! others. What is promised is that a shell of POSIX without such files runs these programs with these words: a rule
//! that means to bound an account names programs that run nothing else, and words of theirs, on an account with such a
//! shell. Enter at [`exec`].

mod builtins;
mod files;
mod tools;
mod wrappers;

use std::collections::{BTreeMap, BTreeSet};

use postern_core::operation::{Effect, Fact, Operation};

use self::builtins::Builtin;
use self::tools::Tool;
use self::wrappers::Inside;
use super::asked::{Asked, shown};
use super::channel::{is_followed, is_harmless, variable, word_of};
use super::shell::{self, Redirect, Script, Simple, Unread, Word};
use crate::ssh::vocabulary::action;

/// A command line for the login shell, with a terminal or without.
#[must_use]
pub fn exec(command: &[u8], pty: bool) -> Operation {
    let mut found = Found::default();
    let script = match std::str::from_utf8(command) {
        Ok(text) => shell::read(text, 0),
        Err(_) => Err(Unread("it is not UTF-8")),
    };
    match &script {
        Ok(script) => found.script(script, 0),
        Err(Unread(why)) => found.opaque(why),
    }
    let asked = Asked::of(action::EXEC).answered().fact("pty", Fact::Flag(pty)).setting("pty", word_of(pty));
    let script = script.ok();
    let asked = asked.command(script.as_ref().and_then(Script::words));
    let asked = found.told(asked, script.as_ref());
    asked.exactly(command).operation(shown(command))
}

/// What a command line was found to do.
#[derive(Default)]
struct Found {
    programs: Vec<String>,
    touches: Vec<(Effect, String)>,
    users: BTreeSet<String>,
    /// Files that redirections name, where it is known which they are.
    paths: Vec<String>,
    /// Whether one of them is not known.
    elsewhere: bool,
    redirects: bool,
    pipeline: bool,
    several: bool,
    background: bool,
    /// A word is only known on the host.
    expands: bool,
    tools: Vec<Tool>,
    opaque: Option<String>,
}

impl Found {
    fn opaque(&mut self, why: &str) {
        self.opaque.get_or_insert_with(|| why.to_owned());
    }

    fn touch(&mut self, effect: Effect, object: impl Into<String>) {
        self.touches.push((effect, object.into()));
    }

    /// Takes in a text for a shell that stands so deep in others.
    fn script(&mut self, script: &Script, depth: usize) {
        self.pipeline |= script.pipeline;
        self.several |= script.several || script.commands.len() > 1;
        self.background |= script.background;
        for simple in &script.commands {
            self.simple(simple, depth);
        }
    }

    fn simple(&mut self, simple: &Simple, depth: usize) {
        let files = simple.redirects.iter().map(|redirect| &redirect.file);
        self.expands |= simple.words.iter().chain(files).any(|word| word.literal().is_none());
        self.expands |= simple.assignments.iter().any(|(_, value)| value.is_none());
        for (name, value) in &simple.assignments {
            self.sets(name, value.as_deref());
        }
        for redirect in &simple.redirects {
            self.redirect(redirect);
        }
        if !simple.words.is_empty() {
            self.command(&simple.words, depth);
        }
    }

    /// Words that run as a command.
    fn command(&mut self, words: &[Word], depth: usize) {
        let Some(program) = words.first().and_then(Word::literal) else {
            return self.opaque("which program runs is only known on the host");
        };
        // THREAT: `/usr/bin/../../tmp/evil` begins as `/usr/bin/*` does
        let named = if program.contains('/') { files::plain(program) } else { Some(program.to_owned()) };
        let Some(named) = named.filter(|_| wrappers::is_program(program)) else {
            return self.opaque("what stands in the place of a program may mean something else to a shell");
        };
        self.touch(Effect::Execute, named.as_str());
        self.programs.push(named);
        match builtins::of(words) {
            Builtin::None => {}
            Builtin::Sets(names) => names.iter().for_each(|name| self.sets(name, None)),
            Builtin::Changes => self.opaque("a command in it may run anything, or change what other words mean"),
        }
        if let Some(tool) = tools::of(words) {
            self.tool(tool);
        }
        self.inside(wrappers::inside(words), depth);
    }

    fn inside(&mut self, inside: Inside, depth: usize) {
        let deeper = depth.saturating_add(1);
        if deeper > shell::DEEPEST {
            return self.opaque("its commands stand deeper in one another than is read");
        }
        match inside {
            Inside::Nothing => {}
            Inside::Unknown(why) => self.opaque(why),
            Inside::Command { words, user, sets } => {
                self.users.extend(user);
                sets.iter().for_each(|(name, value)| self.sets(name, value.as_deref()));
                if !words.is_empty() {
                    self.command(&words, deeper);
                }
            }
            Inside::Commands(commands) => commands.iter().for_each(|words| self.command(words, deeper)),
            Inside::Text { text, user } => {
                self.users.extend(user);
                match shell::read(&text, deeper) {
                    Ok(script) => self.script(&script, deeper),
                    Err(Unread(why)) => self.opaque(why),
                }
            }
        }
    }

    /// A variable, which programs may read.
    fn sets(&mut self, name: &str, value: Option<&str>) {
        if is_followed(name) {
            self.opaque("a variable is set in it that changes what other words mean or run");
        }
        let harmless = value.is_some_and(|value| is_harmless(name.as_bytes(), value.as_bytes()));
        self.touch(if harmless { Effect::Session } else { Effect::Write }, variable(name));
    }

    fn redirect(&mut self, redirect: &Redirect) {
        let file = files::of(&redirect.file);
        if let files::File::Network = file {
            self.opaque("a file in it is a connection to some shells");
        }
        let Some(name) = file.name() else { return };
        self.redirects = true;
        match files::is_known(&name) {
            true => self.paths.push(name.clone()),
            false => self.elsewhere = true,
        }
        for effect in files::effects(redirect.direction) {
            self.touch(*effect, name.as_str());
        }
    }

    fn tool(&mut self, tool: Tool) {
        for (effect, file) in &tool.touches {
            self.touch(*effect, file.as_str());
        }
        if let Some(why) = tool.opaque {
            self.opaque(why);
        }
        self.tools.push(tool);
    }

    /// Everything, as the operation has it. What is not known wholly is no fact.
    fn told(self, asked: Asked, script: Option<&Script>) -> Asked {
        let asked = self.touches.iter().fold(asked, |asked, (effect, object)| asked.touching(*effect, object.as_str()));
        let unread = self.opaque.is_some();
        let asked = asked.fact("unread", Fact::Flag(unread));
        if let Some(why) = &self.opaque {
            return asked.opaque(why.as_str());
        }
        if self.touches.is_empty() {
            return asked.opaque("no command stands in it").fact("unread", Fact::Flag(true));
        }
        let facts = self.facts(script);
        facts.into_iter().fold(asked, |asked, (name, fact)| asked.fact(name, fact))
    }

    fn facts(self, script: Option<&Script>) -> BTreeMap<&'static str, Fact> {
        let mut facts = BTreeMap::from([
            ("pipeline", Fact::Flag(self.pipeline)),
            ("several", Fact::Flag(self.several)),
            ("redirects", Fact::Flag(self.redirects)),
            ("background", Fact::Flag(self.background)),
            ("expands", Fact::Flag(self.expands)),
            ("run_as", Fact::List(self.users.into_iter().collect())),
        ]);
        let first = self.programs.first().cloned();
        facts.extend(first.map(|first| ("command", Fact::Text(first))));
        facts.insert("programs", Fact::List(self.programs));
        if let Some([only]) = script.map(|script| script.commands.as_slice()) {
            let words: Option<Vec<String>> = only.words.iter().map(|word| word.literal().map(str::to_owned)).collect();
            facts.extend(words.filter(|words| !words.is_empty()).map(|words| ("argv", Fact::List(words))));
        }
        let mut paths = (!self.elsewhere).then_some(self.paths);
        let mut tools = self.tools.into_iter();
        let tool = tools.next();
        let alone = tools.next().is_none() && !self.several;
        for tool in tool.into_iter() {
            paths = paths.zip(tool.paths).map(|(all, own)| all.into_iter().chain(own).collect());
            facts.extend(tool.facts.into_iter().filter(|_| alone));
        }
        facts.extend(paths.filter(|_| alone).map(|paths| ("paths", Fact::List(paths))));
        facts
    }
}
