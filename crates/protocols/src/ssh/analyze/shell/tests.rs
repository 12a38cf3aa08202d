//! What is read, and what is not: each with what becomes of it.

use super::*;

/// The commands of a text, one a line: what is set, words, files. What is not known stands in `⟨⟩`.
fn commands(text: &str) -> Result<Vec<String>, String> {
    let script = read(text, 0).map_err(|why| why.to_string())?;
    let word = |word: &Word| match word.literal() {
        Some(text) => text.to_owned(),
        None => format!("⟨{}⟩", word.text),
    };
    let one = |simple: &Simple| {
        let sets = simple.assignments.iter();
        let mut parts: Vec<String> =
            sets.map(|(name, value)| format!("{name}:={}", value.as_deref().unwrap_or("⟨⟩"))).collect();
        parts.extend(simple.words.iter().map(word));
        let files = simple.redirects.iter();
        parts.extend(files.map(|file| format!("{:?}>{}", file.direction, word(&file.file))));
        parts.join("|")
    };
    Ok(script.commands.iter().map(one).collect())
}

#[test]
fn what_is_read() {
    let table: &[(&str, &[&str])] = &[
        ("", &[]),
        ("  \n # nothing", &[]),
        ("ls", &["ls"]),
        (" ls  -l\t/tmp ", &["ls|-l|/tmp"]),
        ("echo a#b #c", &["echo|a#b"]),
        ("echo 'a b' \"c d\" e\\ f", &["echo|a b|c d|e f"]),
        ("echo 'a'\"b\"c\\d", &["echo|abcd"]),
        ("echo \"\\$x \\\"q\\\" \\\\ \\a\"", &["echo|$x \"q\" \\ \\a"]),
        ("echo '' \"\"", &["echo||"]),
        ("echo a\\\nb", &["echo|ab"]),
        ("echo \\\n  b", &["echo|b"]),
        ("'ls' -l", &["ls|-l"]),
        ("l\\s", &["ls"]),
        ("echo $HOME \"$HOME\" ${HOME} \"${#x}\" $1 $? $$ \"$@\"", &["echo|⟨⟩|⟨⟩|⟨⟩|⟨⟩|⟨⟩|⟨⟩|⟨⟩|⟨⟩"]),
        ("echo ${x:-/tmp} ${x+y} a$x", &["echo|⟨⟩|⟨⟩|⟨a⟩"]),
        ("echo *.c a? [ab] ~ ~/x a:~ a~", &["echo|⟨*.c⟩|⟨a?⟩|⟨[ab]⟩|⟨~⟩|⟨~/x⟩|⟨a:~⟩|a~"]),
        ("echo '*' \\* \"~\" '$x'", &["echo|*|*|~|$x"]),
        ("echo {a,b} {} {1..3} x} =ls", &["echo|⟨{a,b}⟩|{}|⟨{1..3}⟩|⟨x}⟩|⟨=ls⟩"]),
        ("echo hi! '!x' a^b a%b @ , -", &["echo|hi!|!x|a^b|a%b|@|,|-"]),
        ("echo cost: 5$ \"5$\" \"$.\"", &["echo|cost:|5$|5$|$."]),
        ("echo $((1 + 2))", &["echo|⟨⟩"]),
        ("[ -f x ]", &["[|-f|x|]"]),
        ("echo $x[", &["echo|⟨[⟩"]),
        ("$x[ -f y ]", &["⟨[⟩|-f|y|]"]),
        ("$x{}", &["⟨{}⟩"]),
        ("grep é 'à'", &["grep|é|à"]),
        ("A=1 B='x y' cmd C=2", &["A:=1|B:=x y|cmd|C=2"]),
        ("A=1", &["A:=1"]),
        ("A=$(id)", &["A:=⟨⟩", "id"]),
        ("'A'=1", &["A=1"]),
        ("1A=1", &["1A=1"]),
        ("a; b & c", &["a", "b", "c"]),
        ("a && b || c", &["a", "b", "c"]),
        ("a && \n b | \n c", &["a", "b", "c"]),
        ("a | b", &["a", "b"]),
        ("! a", &["a"]),
        ("(a; b)", &["a", "b"]),
        ("(a)", &["a"]),
        ("{ a; b; }", &["a", "b"]),
        ("(a) > f", &["a", "Out>f"]),
        ("if a; then b; fi", &["a", "b"]),
        ("if a; then b; elif c; then d; else e; fi", &["a", "b", "c", "d", "e"]),
        ("if a\nthen b\nelse c\nfi && d", &["a", "b", "c", "d"]),
        ("while a; do b; done", &["a", "b"]),
        ("until a; do b; done < f", &["a", "b", "In>f"]),
        ("for x in 1 $(two) '3'; do b $x; done", &["x:=⟨⟩", "two", "b|⟨⟩"]),
        ("for x\ndo b; done", &["x:=⟨⟩", "b"]),
        ("echo if then fi", &["echo|if|then|fi"]),
        ("echo \"$(date)\" `id -u`", &["echo|⟨⟩|⟨⟩", "date", "id|-u"]),
        ("echo $(a $(b $(c)))", &["echo|⟨⟩", "a|⟨⟩", "b|⟨⟩", "c"]),
        ("echo $(a # )\n)", &["echo|⟨⟩", "a"]),
        ("echo \"$(echo \"a b\")\"", &["echo|⟨⟩", "echo|a b"]),
        ("diff <(a) <(b)", &["diff|⟨⟩|⟨⟩", "a", "b"]),
        ("tee >(a) > f", &["tee|⟨⟩|Out>f", "a"]),
        ("$(echo ls) -l", &["⟨⟩|-l", "echo|ls"]),
        ("a > f 2>&1 < g >> h >| i <> j 2> k", &["a|Out>f|In>g|Out>h|Out>i|Both>j|Out>k"]),
        ("a >&- 2>&1 <&0", &["a"]),
        ("> f", &["Out>f"]),
        ("a > $x", &["a|Out>⟨⟩"]),
        ("a1>f", &["a1|Out>f"]),
        ("a >f b", &["a|b|Out>f"]),
        ("cat <<EOF\nrm -rf /\nEOF\nls", &["cat", "ls"]),
        ("cat <<'E F' > f; ls\n$(rm)\nE F\n", &["cat|Out>f", "ls"]),
        ("cat <<-A <<B\n\ta\n\tA\nb\nB", &["cat"]),
        ("cat <<E\n$HOME\nE", &["cat"]),
        ("echo 'two\nlines'", &["echo|two\nlines"]),
        ("echo a\tb", &["echo|a|b"]),
    ];
    for (text, expected) in table {
        let expected: Vec<String> = expected.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(commands(text), Ok(expected), "{text:?}");
    }
}

/// Texts that no two shells need read alike, or that end too early.
const UNREAD: &[&str] = &[
    "echo 'a",
    "echo \"a",
    "echo `a",
    "echo $(a",
    "echo ${a",
    "echo \\",
    "(a",
    "a)",
    "{ a;",
    "()",
    "{ }",
    // shells of their own ways
    "echo $'a'",
    "echo $\"a\"",
    "echo $[1]",
    "echo $((x))",
    "echo $((1",
    "((1))",
    "[[ a ]]",
    "a |& b",
    "a &> f",
    "a &>> f",
    "a >& f",
    "a >&12",
    "a <<< b",
    "a 12> f",
    "a >&2- b",
    "a=(1 2)",
    ": {PATH}>f",
    "a {x}<f",
    "f() { a; }",
    "f () a",
    "function f { a; }",
    "echo @(a)",
    "select x in a; do b; done",
    "coproc a",
    "case a in a) b;; esac",
    "a ;; b",
    "a ;& b",
    "echo a(b)",
    "> >(a)",
    "2>(a)",
    "begin; a; end",
    "not a",
    "foreach x (a) b end",
    // what is worked out
    "echo ${x@P}",
    "echo ${!x}",
    "echo ${x:1}",
    "echo ${x/a/b}",
    "echo ${x:-$(id)}",
    "echo ${x:=y}",
    "echo ${a[1]}",
    "echo ${x:-'}'}",
    "echo ${ id; }",
    "echo $<",
    "echo \"$%\"",
    "echo $~x",
    // backquotes
    "echo `a \\$x`",
    "echo `a \\`b\\``",
    "echo \"`echo \"a\"`\"",
    "echo `echo '`'",
    // here-documents
    "cat <<E",
    "cat <<E\na",
    "cat <<E\n$(a)\nE",
    "cat <<E\n`a`\nE",
    "cat <<E\n${x@P}\nE",
    "cat <<E\na\\\nE\nE",
    "cat <<$E\n$E",
    "echo $(cat <<E\na\nE\n)",
    "cat <<E 'a\nE\nb' \nE",
    "cat << \nE",
    // structure
    "if a; fi",
    "if a; then b",
    "while a; done",
    "for x in a; b; done",
    "for x y; do a; done",
    "for a-b in c; do d; done",
    "for $x in a; do b; done",
    "then",
    "fi",
    "}",
    "a | | b",
    "a && ",
    "| a",
    "&& a",
    "& a",
    "; a",
    "a > ; b",
    "a >",
    "for x in a | b; do c; done",
    "for x in a > f; do c; done",
    "! ",
    "a (b)",
    // letters
    "echo \r",
    "echo a\r\nb",
    "echo 'a\u{1b}[31m'",
    "echo \u{7f}",
    "echo \u{85}",
    "echo a\u{a0}b",
    "echo à",
    "echo …\\;id",
    "echo é\\;id",
    "echo 'a\\' ; id; '",
    "echo '\\'",
    "echo a\0b",
];

#[test]
fn what_is_not_read() {
    for text in UNREAD {
        assert!(commands(text).is_err(), "{text:?}: {:?}", commands(text));
    }
}

#[test]
fn what_is_said_of_a_text_as_a_whole() {
    let flags = |text: &str| {
        let script = read(text, 0).unwrap();
        (script.pipeline, script.several, script.background)
    };
    let table = [
        ("a", (false, false, false)),
        ("! a", (false, false, false)),
        ("(a)", (false, false, false)),
        ("{ a; }", (false, false, false)),
        ("a\n", (false, false, false)),
        ("a;", (false, false, false)),
        ("a &", (false, false, true)),
        ("a & b", (false, true, true)),
        ("a; b", (false, true, false)),
        ("a\nb", (false, true, false)),
        ("a && b", (false, true, false)),
        ("a || b", (false, true, false)),
        ("a | b", (true, true, false)),
        ("a $(b)", (false, true, false)),
        ("a `b`", (false, true, false)),
        ("a <(b)", (false, true, false)),
        ("a $(b | c)", (true, true, false)),
        ("a `b &`", (false, true, true)),
        ("if a; then b; fi", (false, true, false)),
        ("while a; do b; done", (false, true, false)),
        ("for x in a; do b; done", (false, true, false)),
    ];
    for (text, expected) in table {
        assert_eq!(flags(text), expected, "{text}");
    }
}

#[test]
fn neither_length_nor_depth_hurts() {
    assert!(read(&"a;".repeat(LONGEST / 2), 0).is_ok());
    assert!(read(&"a".repeat(LONGEST), 0).is_ok());
    assert!(read(&"a".repeat(LONGEST + 1), 0).is_err());
    for (open, close) in [("( ", ")"), ("$(", ")"), ("{ ", ";}"), ("\"$(", ")\""), ("if a; then ", "; fi"), ("<(", ")")]
    {
        let text = |times: usize| format!("{}a{}", open.repeat(times), close.repeat(times));
        assert!(read(&text(DEEPEST - 1), 0).is_ok(), "{open}");
        assert!(read(&text(DEEPEST), 0).is_err(), "{open}");
        assert!(read(&text(LONGEST / 16), 0).is_err(), "{open}");
        assert!(read(&open.repeat(LONGEST / open.len()), 0).is_err(), "{open}");
    }
    assert!(read("a", DEEPEST).is_err());
}
