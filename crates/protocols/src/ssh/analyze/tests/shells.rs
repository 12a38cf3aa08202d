//! What is said of a text, held against what real shells do with it.
//!
//! THREAT: the reader and the host's shell are two parsers of one text. Where they differ, one thing is decided about
//! and another runs.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use tempfile::TempDir;

use postern_core::operation::Fact;

use super::exec;
use super::shell::{self, Script, Word};

const SHELLS: [&str; 2] = ["/bin/sh", "/bin/bash"];
/// Programs that run others, beside what the shells have of their own.
const WRAPPERS: [&str; 9] = ["sh", "env", "timeout", "xargs", "nice", "find", "time", "exec", "command"];

/// A folder with two programs, `a` and `b`, that write down what they are called with.
fn bench() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("bin")).unwrap();
    for name in ["a", "b"] {
        let path = folder.path().join("bin").join(name);
        let text = format!("#!/bin/sh\nprintf '%s\\0' {name} \"$@\" '' >> \"$LOG\"\necho b\n");
        fs::write(&path, text.replace("'' >>", "\"\u{1}\" >>")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for name in WRAPPERS.into_iter().filter(|name| !matches!(*name, "time" | "exec" | "command")) {
        std::os::unix::fs::symlink(format!("/usr/bin/{name}"), folder.path().join("bin").join(name)).unwrap();
    }
    folder
}

/// What `a` and `b` are called with where a shell runs the text.
fn calls(shell: &str, text: &str, bench: &Path) -> Vec<Vec<String>> {
    // its own each time: what goes on behind the end of one text writes into no other's, and where no text finds it
    let place = tempfile::tempdir_in(bench).unwrap();
    let (log, here) = (place.path().join("log"), place.path().join("here"));
    fs::create_dir(&here).unwrap();
    fs::write(&log, "").unwrap();
    let mut run = Command::new(shell);
    run.arg("-c").arg(text).env_clear().env("PATH", bench.join("bin")).env("LOG", &log).current_dir(here);
    run.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    let all = fs::read_to_string(&log).unwrap();
    let calls = all.split_terminator("\u{1}\0");
    calls.map(|call| call.split_terminator('\0').map(str::to_owned).collect()).collect()
}

/// Whether a call is what one of the commands was said to be.
fn foretold(script: &Script, call: &[String]) -> bool {
    let called: Vec<&str> = call.iter().map(String::as_str).collect();
    script.commands.iter().any(|simple| {
        let words: Option<Vec<&str>> = simple.words.iter().map(Word::literal).collect();
        match words {
            Some(words) => words == called,
            None => simple.words.first().and_then(Word::literal) == call.first().map(String::as_str),
        }
    })
}

/// The programs that a text was read as running, where it was read wholly.
fn programs(text: &str) -> Option<Vec<String>> {
    match exec(text.as_bytes(), false).facts.get("programs") {
        Some(Fact::List(programs)) => Some(programs.clone()),
        Some(_) | None => None,
    }
}

/// Runs a text that was read, where it was read wholly, and tells what ran unforetold.
fn surprises(text: &str, bench: &Path) -> BTreeSet<String> {
    let Ok(script) = shell::read(text, 0) else { return BTreeSet::new() };
    let Some(programs) = programs(text) else { return BTreeSet::new() };
    let named = |call: &[String]| call.first().is_some_and(|name| programs.contains(name));
    // what others run stands in no command of its own
    let wrapped = programs.iter().any(|program| WRAPPERS.contains(&program.as_str()));
    let known = |call: &[String]| named(call) && (wrapped || foretold(&script, call));
    let mut surprises = BTreeSet::new();
    for shell in SHELLS {
        let unforetold = calls(shell, text, bench).into_iter().filter(|call| !known(call));
        surprises.extend(unforetold.map(|call| format!("{shell} runs {call:?}")));
    }
    surprises
}

/// What texts are put together of: nothing that two programs and a few files do not survive.
const PIECES: &[&str] = &[
    "xargs --eof ",
    "xargs --max-lines ",
    "xargs -I{} ",
    "-n2 ",
    "find . -maxdepth 0 ",
    "-exec a ",
    "\\;",
    "test ",
    "env A=1 ",
    "b=$(",
    "+e ",
    "sh -c ",
    "echo 1 b ",
    "a",
    "b",
    "a ",
    "b ",
    " ",
    " ",
    "'",
    "'",
    "\"",
    "\"",
    "\\",
    "$",
    "`",
    ";",
    "&",
    "|",
    "&&",
    "||",
    "\n",
    "(",
    ")",
    "$(",
    "{ ",
    ";}",
    "{",
    "}",
    "<",
    ">",
    ">>",
    "2>",
    "&1",
    "#",
    " #",
    "!",
    "! ",
    "=",
    "~",
    "*",
    "?",
    "[",
    "]",
    "%",
    "^",
    ",",
    "..",
    "-",
    "1",
    "$x",
    "\"$x\"",
    "${x}",
    "$1",
    "$@",
    "x=",
    "<<a\n",
    "<<'a'\n",
    "\na\n",
    "if ",
    "; then ",
    "; fi",
    "for x in ",
    "; do ",
    "; done",
    "'a b'",
    "\"a b\"",
    "\\ ",
    "\\\n",
    "é",
    "$((1",
    "))",
    "<(",
    "\t",
    "case ",
    "function ",
    "in",
    "time ",
    "exec ",
    "sh -c ",
    "env ",
    "xargs ",
    "timeout 1 ",
    "nice ",
    "-c ",
    "x=1 ",
    "-I{} ",
    "eval ",
    "{} ",
    "command ",
    "exec >x ",
];

fn pieces() -> impl Strategy<Value = Vec<&'static str>> {
    let piece = prop::sample::select(PIECES);
    prop::collection::vec(piece, 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_runs_that_was_not_foretold(pieces in pieces()) {
        thread_local!(static BENCH: TempDir = bench());
        let text = pieces.concat();
        let surprises = BENCH.with(|bench| surprises(&text, bench.path()));
        prop_assert!(surprises.is_empty(), "{text:?}: {surprises:?}");
    }

    #[test]
    fn literal_words_are_what_a_program_is_given(pieces in pieces()) {
        let text = format!("a {}", pieces.concat());
        // the words are told on the output, which a redirection leads elsewhere
        if text.contains(['<', '>']) {
            return Ok(());
        }
        let Ok(script) = shell::read(&text, 0) else { return Ok(()) };
        let [only] = script.commands.as_slice() else { return Ok(()) };
        let words: Option<Vec<String>> = only.words.iter().map(|word| word.literal().map(str::to_owned)).collect();
        let (Some(words), true) = (words, only.redirects.is_empty() && !script.background) else { return Ok(()) };
        for shell in SHELLS {
            prop_assert_eq!(&given(shell, &text), &words, "{} {:?}", shell, text);
        }
    }

    /// A line that is put together is read as its words: by shells, and here again.
    #[test]
    fn what_is_written_is_read_as_its_words(rest in prop::collection::vec(r#"([^\x00]|['\\\\!\n\t "$`~*{}=#&;|<>()-]){0,8}"#, 0..5)) {
        let words: Vec<String> = std::iter::once("a".to_owned()).chain(rest).collect();
        let text = shell::written(&words);
        for shell in SHELLS {
            prop_assert_eq!(&given(shell, &text), &words, "{} {:?}", shell, text);
        }
        if let Some(read) = &exec(text.as_bytes(), false).command {
            prop_assert_eq!(read, &words, "{:?}", text);
        }
    }
}

/// What a program `a` is given where a shell runs the text.
fn given(shell: &str, text: &str) -> Vec<String> {
    let program = "a() { printf '%s\\0' a \"$@\"; }\n";
    let mut run = Command::new(shell);
    let output = run.arg("-c").arg(format!("{program}{text}")).env_clear().stdin(Stdio::null()).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect()
}

/// What is read as running something does run it: else nothing above could fail.
#[test]
fn what_is_foretold_runs() {
    let bench = bench();
    for text in
        ["a b", "a 'x y' | b", "a $(b)", "if a; then b; fi", "for x in 1; do b $x; done", "(a); { b; }", "a `b` || a 1"]
    {
        let script = shell::read(text, 0).unwrap();
        for shell in SHELLS {
            let calls = calls(shell, text, bench.path());
            assert!(!calls.is_empty(), "{text}");
            assert!(calls.iter().all(|call| foretold(&script, call)), "{shell} {text}: {calls:?}");
        }
    }
    let script = shell::read("a 'b'", 0).unwrap();
    for other in [&["a"][..], &["b"], &["a", "b", ""], &["a", "c"]] {
        let call: Vec<String> = other.iter().map(|word| (*word).to_owned()).collect();
        assert!(!foretold(&script, &call), "{call:?}");
    }
}
