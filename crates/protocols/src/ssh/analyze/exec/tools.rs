//! The far ends of `scp`, `rsync`, `git` and `sftp`, which clients start by command lines of their own.
//!
//! It knows what they say there, and nothing of what they send afterwards. Enter at [`of`].

use std::collections::BTreeMap;

use postern_core::operation::{Effect, Fact};

use super::super::path;
use super::super::shell::Word;
use super::files;

/// What such a command does.
pub(super) struct Tool {
    pub(super) touches: Vec<(Effect, String)>,
    pub(super) facts: BTreeMap<&'static str, Fact>,
    /// The files as they are named, where that is known of all of them.
    pub(super) paths: Option<Vec<String>>,
    pub(super) opaque: Option<&'static str>,
}

/// The tool that a command is the far end of, if it is one.
pub(super) fn of(words: &[Word]) -> Option<Tool> {
    let (program, arguments) = words.split_first()?;
    match program.text.rsplit('/').next().unwrap_or_default() {
        "scp" => scp(arguments),
        "rsync" => rsync(arguments),
        "git-upload-pack" | "git-upload-archive" => Some(git(arguments, false)),
        "git-receive-pack" => Some(git(arguments, true)),
        "git" => {
            let (verb, rest) = arguments.split_first()?;
            let unknown =
                || Tool::unknown("git", "`git` is started with an option, or a verb that only the host knows");
            match verb.literal().unwrap_or("-") {
                option if option.starts_with('-') => Some(unknown()),
                "upload-pack" | "upload-archive" => Some(git(rest, false)),
                "receive-pack" => Some(git(rest, true)),
                _ => None,
            }
        }
        "sftp-server" | "internal-sftp" => {
            let mut tool = Tool::new("sftp-server");
            tool.opaque = Some("what is done with files would pass unseen; use the subsystem `sftp`");
            Some(tool)
        }
        _ => None,
    }
}

impl Tool {
    fn new(name: &str) -> Self {
        let facts = BTreeMap::from([("tool", Fact::Text(name.to_owned()))]);
        Self { touches: Vec::new(), facts, paths: Some(Vec::new()), opaque: None }
    }

    fn unknown(name: &str, why: &'static str) -> Self {
        Self { opaque: Some(why), ..Self::new(name) }
    }

    fn directed(mut self, direction: &str) -> Self {
        self.facts.insert("direction", Fact::Text(direction.to_owned()));
        self
    }

    /// What is done to these files, and where it goes deeper, to all that is below them.
    fn touching(mut self, effects: &[Effect], words: &[Word], deep: bool) -> Self {
        for word in words {
            let named = word.literal().unwrap_or_default();
            let objects = if deep { path::tree(named) } else { vec![path::file(named)] };
            for object in objects {
                self.touches.extend(effects.iter().map(|effect| (*effect, object.clone())));
            }
        }
        self.paths = words.iter().map(|word| files::plain(word.literal()?)).collect();
        self
    }
}

/// `scp -t PATH` takes files, `scp -f PATH …` gives them; what else it does is not read (`do_cmd` in OpenSSH's `scp.c`).
fn scp(arguments: &[Word]) -> Option<Tool> {
    let is_option = |word: &&Word| word.literal().is_some_and(|text| text.starts_with('-') && text != "--");
    let count = arguments.iter().take_while(is_option).count();
    let (options, mut paths) = arguments.split_at_checked(count)?;
    let letters: String = options.iter().filter_map(|word| word.literal()?.strip_prefix('-')).collect();
    let (takes, gives) = (letters.contains('t'), letters.contains('f'));
    if paths.first().is_some_and(|word| word.literal() == Some("--")) {
        paths = paths.get(1..)?;
    }
    let mut tool = Tool::new("scp");
    if takes == gives || paths.is_empty() || !letters.chars().all(|letter| "tfrpdvq".contains(letter)) {
        tool.opaque = Some("`scp` is started in a way that is not known here");
    }
    let (direction, effect) = if takes { ("upload", Effect::Write) } else { ("download", Effect::Read) };
    Some(tool.directed(direction).touching(&[effect], paths, takes || letters.contains('r')))
}

/// `rsync --server [--sender] OPTIONS . PATH …` (`server_options` in `options.c`).
fn rsync(arguments: &[Word]) -> Option<Tool> {
    if arguments.first().and_then(Word::literal) != Some("--server") {
        return Some(Tool::unknown("rsync", "`rsync` is started in a way that is not known here"));
    }
    let gives = arguments.get(1).and_then(Word::literal) == Some("--sender");
    let stop = arguments.iter().position(|word| word.literal() == Some("."));
    let (options, paths) = arguments.split_at_checked(stop.unwrap_or(arguments.len()))?;
    let paths = paths.get(1..).unwrap_or_default();
    let known = options.iter().all(|word| word.literal().is_some_and(is_known));
    let removes = options.iter().any(|word| word.text.starts_with("--delete") || word.text == "--remove-source-files");
    let mut tool = Tool::new("rsync");
    if !known {
        tool.opaque = Some("`rsync` has an option that is not known here");
    } else if paths.is_empty() {
        tool.opaque = Some("`rsync` names its files where they are not seen");
    }
    let (direction, effect) = if gives { ("download", Effect::Read) } else { ("upload", Effect::Write) };
    let effects = if removes { vec![effect, Effect::Delete] } else { vec![effect] };
    Some(tool.directed(direction).touching(&effects, paths, true))
}

/// Long options of a server that name no other files and start nothing.
const ALONE: &[&str] = &[
    "server",
    "sender",
    "delete",
    "delete-before",
    "delete-during",
    "delete-delay",
    "delete-after",
    "delete-excluded",
    "remove-source-files",
    "partial",
    "inplace",
    "append",
    "append-verify",
    "numeric-ids",
    "existing",
    "ignore-existing",
    "size-only",
    "force",
    "ignore-errors",
    "safe-links",
    "copy-unsafe-links",
    "munge-links",
    "super",
    "fake-super",
    "preallocate",
    "mkpath",
    "fsync",
    "open-noatime",
    "use-qsort",
    "no-implied-dirs",
    "ignore-missing-args",
    "delete-missing-args",
    "stats",
    "no-r",
    "no-R",
    "no-relative",
    "new-compress",
    "old-compress",
    "compress",
    "delay-updates",
    "specials",
    "no-specials",
    "no-i-r",
    "no-W",
    "copy-devices",
];
/// And those with a value.
const VALUED: &[&str] = &[
    "timeout",
    "bwlimit",
    "max-size",
    "min-size",
    "modify-window",
    "checksum-choice",
    "compress-choice",
    "compress-level",
    "log-format",
    "out-format",
    "iconv",
    "max-delete",
    "max-alloc",
    "block-size",
    "skip-compress",
    "info",
    "debug",
    "checksum-seed",
    "usermap",
    "groupmap",
    "chown",
    "protocol",
];

/// Whether an option of a server names no other files and starts nothing.
fn is_known(option: &str) -> bool {
    match (option.strip_prefix("--"), option.strip_prefix('-')) {
        (Some(long), _) => match long.split_once('=') {
            Some((name, _)) => VALUED.contains(&name),
            None => ALONE.contains(&long),
        },
        // what stands behind the `e` says what the client can do; an `s` says that names come later
        (None, Some(letters)) => {
            let own = letters.split('e').next().unwrap_or_default();
            let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '.';
            !own.contains('s') && letters.chars().all(plain)
        }
        (None, None) => false,
    }
}

/// `git-upload-pack 'REPOSITORY'` and its like; the repository may be a path or a name that the host knows.
fn git(arguments: &[Word], pushes: bool) -> Tool {
    let is_option = |word: &&Word| word.literal().is_some_and(|text| text.starts_with('-') && text != "--");
    let known = |word: &Word| matches!(word.literal(), Some("--strict" | "--stateless-rpc" | "--advertise-refs"));
    let count = arguments.iter().take_while(is_option).count();
    let (options, operands) = arguments.split_at_checked(count).unwrap_or((arguments, &[]));
    let (direction, effect) = if pushes { ("push", Effect::Write) } else { ("fetch", Effect::Read) };
    let mut tool = Tool::new("git").directed(direction).touching(&[effect], operands, true);
    match operands {
        [one] if options.iter().all(known) => {
            let repository = one.literal().and_then(files::plain);
            tool.facts.extend(repository.map(|name| ("repository", Fact::Text(name))));
        }
        _ => tool.opaque = Some("`git` is started in a way that is not known here"),
    }
    tool
}
