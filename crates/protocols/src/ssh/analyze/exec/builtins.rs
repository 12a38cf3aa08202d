//! What the shell itself does under a name, where that changes what else it does.
//!
//! It knows which of them cannot be read past, and which set variables; the others are programs like any. Enter at
//! [`of`].

use super::super::shell::{Word, is_name};

/// What a word in the place of a program means to the shell.
pub(super) enum Builtin {
    /// Nothing, or nothing that matters to what runs.
    None,
    /// These variables are set, to what nobody can say.
    Sets(Vec<String>),
    /// It may run anything, or change what later words mean.
    Changes,
}

/// Of `bash`, `dash`, `ksh` and `zsh`: what runs text, gives names other meanings, or works out sums with commands in
/// them.
const CHANGES: &[&str] = &[
    ".",
    "source",
    "eval",
    "alias",
    "unalias",
    "trap",
    "builtin",
    "enable",
    "hash",
    "shopt",
    "bind",
    "complete",
    "compgen",
    "compopt",
    "fc",
    "history",
    "let",
    "getopts",
    "mapfile",
    "readarray",
    "autoload",
    "zmodload",
    "emulate",
    "noglob",
    "nocorrect",
    "setopt",
    "unsetopt",
    "functions",
    "zle",
    "zstyle",
    "sched",
    "unfunction",
    "print",
    "integer",
    "float",
    "nameref",
    "disable",
    "rehash",
    "vared",
];

/// What can be set by `set` without any word meaning something else.
const OPTIONS: &[&str] =
    &["errexit", "nounset", "xtrace", "noglob", "pipefail", "verbose", "allexport", "noclobber", "notify"];

/// What the shell does for this command, whose words are not all known to be literal.
pub(super) fn of(words: &[Word]) -> Builtin {
    let Some((Some(name), arguments)) = words.split_first().map(|(name, rest)| (name.literal(), rest)) else {
        return Builtin::None;
    };
    match name {
        "export" | "readonly" | "declare" | "typeset" | "local" | "unset" | "read" => named(name, arguments),
        "set" if arguments.iter().all(is_option) => Builtin::None,
        "test" | "[" if is_plain_test(arguments) => Builtin::None,
        "wait" if arguments.iter().all(|word| word.literal().is_some_and(|text| !text.contains('['))) => Builtin::None,
        "printf" if arguments.first().is_none_or(|word| word.literal().is_some_and(|text| !text.starts_with('-'))) => {
            Builtin::None
        }
        "set" | "test" | "[" | "printf" | "wait" => Builtin::Changes,
        _ if CHANGES.contains(&name) => Builtin::Changes,
        _ => Builtin::None,
    }
}

/// The variables that are named here, with or without what they are set to.
fn named(builtin: &str, arguments: &[Word]) -> Builtin {
    let mut names = Vec::new();
    for word in arguments {
        match (word.literal(), word.assignment()) {
            // THREAT: `export A=$(echo 1 PATH=/tmp)` sets two where words are split
            (_, Some((name, _))) if word.is_one() => names.push(name),
            (Some(text), None) if is_name(text) => names.push(text.to_owned()),
            (Some("-r"), None) if builtin == "read" => {}
            (Some("-x" | "-r"), None) if matches!(builtin, "declare" | "typeset") => {}
            (Some("-v"), None) if builtin == "unset" => {}
            (Some(_) | None, _) => return Builtin::Changes,
        }
    }
    Builtin::Sets(names)
}

/// Whether a test cannot be `-v 'a[$(id)]'`, which works the index out, whatever the host puts in place of its words.
fn is_plain_test(arguments: &[Word]) -> bool {
    let words = match arguments.split_last() {
        Some((last, words)) if last.literal() == Some("]") => words,
        Some(_) | None => arguments,
    };
    let words = match words.split_first() {
        Some((first, rest)) if first.literal() == Some("!") && !rest.is_empty() => rest,
        Some(_) | None => words,
    };
    let index = words.iter().any(|word| word.text.contains('['));
    let operator = |word: &Word| word.literal().is_some_and(|text| !matches!(text, "-v" | "-R"));
    // THREAT: `test $(echo '-v a[$(id)]')` is two words by the time that it is looked at
    !index
        && words.iter().all(Word::is_one)
        && match words {
            [] | [_] => true,
            [first, _] => operator(first),
            [_, second, _] => operator(second),
            more => more.iter().all(operator),
        }
}

fn is_option(word: &Word) -> bool {
    let Some(text) = word.literal() else { return false };
    let letters = text.strip_prefix(['-', '+']).unwrap_or_default();
    let known = |letters: &str| !letters.is_empty() && letters.bytes().all(|byte| b"euxfvabCo".contains(&byte));
    known(letters) || OPTIONS.contains(&text)
}
