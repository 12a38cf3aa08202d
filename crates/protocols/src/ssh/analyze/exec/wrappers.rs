//! Programs that run another program, or a text as a shell does.
//!
//! It knows their options as their manuals have them, GNU's and BSD's and those of BusyBox where they agree; with any
//! other option it says that nobody knows. Enter at [`inside`].

use super::super::shell::{Word, is_reserved};

/// What a command runs besides itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inside {
    /// Nothing else that is known of.
    Nothing,
    /// These words as a command, perhaps as somebody else, with these variables.
    Command { words: Vec<Word>, user: Option<String>, sets: Vec<(String, Option<String>)> },
    /// A text for a shell, perhaps as somebody else.
    Text { text: String, user: Option<String> },
    /// Several commands.
    Commands(Vec<Vec<Word>>),
    /// Something, and nobody can say what.
    Unknown(&'static str),
}

/// The options of a program that runs the words behind them.
struct Wrapper {
    names: &'static [&'static str],
    /// Letters that stand alone.
    flags: &'static str,
    /// Letters with a value, in the same word or the next.
    valued: &'static str,
    /// Long options that stand alone; with `=`, those that have a value. One that is both has its value behind a `=`.
    long: &'static [&'static str],
    /// How many words stand before those that it runs.
    operands: usize,
    /// Whether variables may be set before them.
    sets: bool,
    /// Whether it runs something where no word is left.
    fallback: Option<&'static str>,
}

const PLAIN: Wrapper =
    Wrapper { names: &[], flags: "", valued: "", long: &[], operands: 0, sets: false, fallback: None };

const WRAPPERS: &[Wrapper] = &[
    Wrapper {
        names: &["env"],
        flags: "i0v",
        valued: "uC",
        long: &["ignore-environment", "null", "debug", "unset=", "chdir="],
        sets: true,
        ..PLAIN
    },
    Wrapper {
        names: &["sudo"],
        flags: "AbEHknPSB",
        valued: "CghpTtru",
        long: &[
            "askpass",
            "background",
            "bell",
            "close-from=",
            "group=",
            "host=",
            "non-interactive",
            "preserve-env",
            "preserve-env=",
            "preserve-groups",
            "prompt=",
            "reset-timestamp",
            "set-home",
            "stdin",
            "command-timeout=",
            "user=",
            "role=",
            "type=",
        ],
        sets: true,
        ..PLAIN
    },
    Wrapper { names: &["doas"], flags: "nL", valued: "u", ..PLAIN },
    Wrapper { names: &["nohup", "busybox", "toybox"], ..PLAIN },
    Wrapper { names: &["setsid"], flags: "cfw", long: &["ctty", "fork", "wait"], ..PLAIN },
    Wrapper {
        names: &["timeout"],
        flags: "v",
        valued: "ks",
        long: &["foreground", "preserve-status", "verbose", "kill-after=", "signal="],
        operands: 1,
        ..PLAIN
    },
    Wrapper { names: &["nice"], flags: "0123456789", valued: "n", long: &["adjustment="], ..PLAIN },
    Wrapper { names: &["ionice"], flags: "t", valued: "cn", long: &["class=", "classdata=", "ignore"], ..PLAIN },
    Wrapper {
        names: &["time"],
        flags: "pvq",
        valued: "f",
        long: &["portability", "verbose", "format=", "quiet"],
        ..PLAIN
    },
    Wrapper { names: &["exec"], flags: "cl", valued: "a", ..PLAIN },
    Wrapper { names: &["command"], flags: "p", ..PLAIN },
    Wrapper { names: &["stdbuf"], valued: "ioe", long: &["input=", "output=", "error="], ..PLAIN },
    Wrapper {
        names: &["xargs"],
        flags: "0rtpx",
        valued: "adEILnPs",
        long: &[
            "null",
            "no-run-if-empty",
            "verbose",
            "interactive",
            "exit",
            "arg-file=",
            "delimiter=",
            "eof",
            "eof=",
            "max-args=",
            "max-chars=",
            "max-lines",
            "max-lines=",
            "max-procs=",
            "replace=",
            "replace",
        ],
        fallback: Some("echo"),
        ..PLAIN
    },
];

const SHELLS: &[&str] = &["sh", "bash", "dash", "ash", "ksh", "ksh93", "mksh", "zsh", "rbash", "posh", "yash"];
const OTHER_SHELLS: &[&str] = &["fish", "csh", "tcsh", "nu", "pwsh", "rc", "elvish", "xonsh"];

/// What the command does besides running its first word, which is literal.
pub(super) fn inside(words: &[Word]) -> Inside {
    let Some((program, arguments)) = words.split_first() else { return Inside::Nothing };
    let name = program.text.rsplit('/').next().unwrap_or_default();
    if SHELLS.contains(&name) {
        return shell(arguments);
    }
    match name {
        "su" | "runuser" => switch(arguments),
        "find" => found(arguments),
        "chroot" => Inside::Unknown("which programs there are inside a `chroot` is not known"),
        // it only says what a name means
        "command" if arguments.first().is_some_and(|word| matches!(word.literal(), Some("-v" | "-V"))) => {
            Inside::Nothing
        }
        _ if OTHER_SHELLS.contains(&name) => {
            Inside::Unknown("it starts a shell that reads its commands in its own way")
        }
        _ => match WRAPPERS.iter().find(|one| one.names.contains(&name)) {
            Some(wrapper) => wrapper.inside(name, arguments),
            None => Inside::Nothing,
        },
    }
}

impl Wrapper {
    fn inside(&self, name: &str, arguments: &[Word]) -> Inside {
        let Some(Options { given, mut rest }) = options(arguments, self.flags, self.valued, self.long) else {
            return Inside::Unknown(
                "a program that runs another has an option that is not known here, or no literal one",
            );
        };
        let mut sets = Vec::new();
        while let Some((first, after)) = rest.split_first().filter(|_| self.sets) {
            let Some(assignment) = first.assignment() else { break };
            // THREAT: `env A=$(echo 1 rm /x) b` runs `rm`: only what a shell sets itself is no more than one word
            if !first.is_one() {
                return Inside::Unknown("which word is a program depends on what the host puts in place of another");
            }
            sets.push(assignment);
            rest = after;
        }
        let (before, rest) = rest.split_at_checked(self.operands).unwrap_or((rest, &[]));
        if before.iter().any(|word| word.literal().is_none()) {
            return Inside::Unknown("which word is a program depends on what the host puts in place of another");
        }
        let user = matches!(name, "sudo" | "doas").then(|| value(&given, &["u", "user"]).unwrap_or("root").to_owned());
        let mut words = rest.to_vec();
        if words.is_empty() {
            words.extend(self.fallback.map(Word::of));
        }
        if name == "xargs" {
            // the last of them counts, and the others are forgotten
            let ways = ["I", "replace", "L", "n", "max-lines", "max-args"];
            if given.iter().filter(|(name, _)| ways.contains(&name.as_str())).count() > 1 {
                return Inside::Unknown("which of its options `xargs` heeds is not known here");
            }
            words = replaced(words, &given);
        }
        Inside::Command { words, user, sets }
    }
}

/// What `xargs` makes of words: one of its own behind them, or in the place of a text in any of them.
fn replaced(mut words: Vec<Word>, given: &[(String, Option<String>)]) -> Vec<Word> {
    let asked = given.iter().find(|(name, _)| matches!(name.as_str(), "I" | "replace"));
    let Some((_, text)) = asked else {
        words.push(Word::of("").unknown());
        return words;
    };
    let text = text.as_deref().unwrap_or("{}");
    words.into_iter().map(|word| if word.text.contains(text) { word.unknown() } else { word }).collect()
}

/// `sh [options] [-c TEXT | FILE]`.
fn shell(arguments: &[Word]) -> Inside {
    let long = &["login", "norc", "noprofile", "posix"];
    let Some(Options { given, rest }) = options(arguments, "ceuxvfl", "o", long) else {
        return Inside::Unknown("a shell is started with an option that is not known here, or no literal one");
    };
    let text = given.iter().any(|(name, _)| name == "c");
    let plain = |text: &str| matches!(text, "pipefail" | "errexit" | "nounset" | "xtrace" | "noglob" | "posix");
    if given.iter().any(|(name, value)| name == "o" && !value.as_deref().is_some_and(plain)) {
        return Inside::Unknown("a shell is started with an option that is not known here");
    }
    match (rest.split_first().map(|(first, rest)| (first.literal(), rest)), text) {
        // an option as well
        (Some((Some(first), _)), _) if first.starts_with('+') => {
            Inside::Unknown("a shell is started with an option that is not known here")
        }
        (None, _) => Inside::Unknown("a shell reads its commands from what is sent to it"),
        (Some((None, _)), _) => Inside::Unknown("what a shell is to run is only known on the host"),
        (Some((Some(text), _)), true) => Inside::Text { text: text.to_owned(), user: None },
        (Some((Some(file), after)), false) => {
            let words = std::iter::once(Word::of(file)).chain(after.iter().cloned()).collect();
            Inside::Command { words, user: None, sets: Vec::new() }
        }
    }
}

/// `su [options] [-] [USER]`.
fn switch(arguments: &[Word]) -> Inside {
    const UNKNOWN: Inside = Inside::Unknown("what `su` is to run is not known");
    // GNU takes options behind the user too
    let (mut user, mut rest, mut text) = (None, arguments, None);
    while !rest.is_empty() {
        let Some(options) = options(rest, "lmp", "cgG", &["login", "preserve-environment", "command="]) else {
            return UNKNOWN;
        };
        text = value(&options.given, &["c", "command"]).map(str::to_owned).or(text);
        let Some((operand, after)) = options.rest.split_first() else { break };
        match operand.literal() {
            Some("-") => {}
            Some(name) if user.is_none() => user = Some(name.to_owned()),
            Some(_) | None => return UNKNOWN,
        }
        rest = after;
    }
    match text {
        Some(text) => Inside::Text { text, user: Some(user.unwrap_or_else(|| "root".to_owned())) },
        None => UNKNOWN,
    }
}

/// What `find` runs for what it finds.
///
/// THREAT: a word that only the host knows may be `-exec`.
fn found(arguments: &[Word]) -> Inside {
    if arguments.iter().any(|word| word.literal().is_none()) {
        return Inside::Unknown("what `find` runs depends on what the host puts in place of a word");
    }
    let mut commands: Vec<Vec<Word>> = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if !matches!(word.literal(), Some("-exec" | "-execdir" | "-ok" | "-okdir")) {
            continue;
        }
        let upto = words.by_ref().take_while(|word| !matches!(word.literal(), Some(";" | "+")));
        // each of them is a file by then
        let command = upto.map(|word| if word.text.contains("{}") { word.clone().unknown() } else { word.clone() });
        commands.push(command.collect());
    }
    if commands.is_empty() { Inside::Nothing } else { Inside::Commands(commands) }
}

/// Options as they were given, by letter or name, and the words behind them.
struct Options<'a> {
    given: Vec<(String, Option<String>)>,
    rest: &'a [Word],
}

/// Reads options up to the first word that is none; nothing where one is not known, or which words they are.
fn options<'a>(arguments: &'a [Word], flags: &str, valued: &str, long: &[&str]) -> Option<Options<'a>> {
    let mut options = Options { given: Vec::new(), rest: arguments };
    while let Some((word, after)) = options.rest.split_first() {
        let Some(letters) = word.literal()?.strip_prefix('-').filter(|letters| !letters.is_empty()) else { break };
        options.rest = after;
        if letters == "-" {
            break;
        }
        if let Some(name) = letters.strip_prefix('-') {
            options.long(name, long)?;
        } else {
            options.short(letters, flags, valued)?;
        }
    }
    Some(options)
}

impl Options<'_> {
    fn long(&mut self, name: &str, known: &[&str]) -> Option<()> {
        let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value.to_owned())));
        let valued = known.iter().any(|one| one.strip_suffix('=') == Some(name));
        let alone = known.contains(&name);
        let value = match value {
            Some(value) if valued => Some(value),
            // THREAT: what a program takes for a word of its own is taken for a value here
            None if alone => None,
            None if valued => Some(self.operand()?),
            Some(_) | None => return None,
        };
        self.given.push((name.to_owned(), value));
        Some(())
    }

    fn short(&mut self, letters: &str, flags: &str, valued: &str) -> Option<()> {
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            if valued.contains(letter) {
                let own = rest.as_str();
                let value = if own.is_empty() { self.operand()? } else { own.to_owned() };
                self.given.push((letter.to_string(), Some(value)));
                break;
            }
            if !flags.contains(letter) {
                return None;
            }
            self.given.push((letter.to_string(), None));
        }
        Some(())
    }

    fn operand(&mut self) -> Option<String> {
        let (word, after) = self.rest.split_first()?;
        self.rest = after;
        word.literal().map(str::to_owned)
    }
}

fn value<'a>(given: &'a [(String, Option<String>)], names: &[&str]) -> Option<&'a str> {
    let last = given.iter().rfind(|(name, _)| names.contains(&name.as_str()))?;
    last.1.as_deref()
}

/// Whether a word can be a program: what means something else to a shell may be read as that.
pub(super) fn is_program(word: &str) -> bool {
    !word.is_empty() && !is_reserved(word) && !word.contains('=') && !word.starts_with(['-', '+'])
}
