use super::*;

fn texts(code: &str) -> Vec<String> {
    paths(code).into_iter().map(|path| path.text).collect()
}

#[test]
fn comments_and_literals_are_blanked_and_lines_stay() {
    let source = "let a = \"std::fs\"; // std::net\n/* std::\n/* env */ x */ let b = r#\"q\"q\"#;\nlet c = b\"\\\"x\"; let d = '\"'; end";
    let code = code(source);
    assert_eq!(code.lines().count(), source.lines().count());
    let words: Vec<&str> = code.split_whitespace().collect();
    assert_eq!(words.join(" "), "let a = ; let b = ; let c = ; let d = ; end");
}

#[test]
fn a_lifetime_is_no_character() {
    assert_eq!(code("fn f<'a>(x: &'a str) -> &'a str"), "fn f<'a>(x: &'a str) -> &'a str");
    assert_eq!(code("m('a', '\\'', b'z')"), "m(   ,     ,     )");
}

#[test]
fn a_raw_identifier_is_no_literal() {
    assert_eq!(code("r#type br cr"), "r#type br cr");
}

#[test]
fn an_unclosed_literal_ends_with_the_file() {
    assert_eq!(code("a \"b").trim(), "a");
    assert_eq!(code("a /* b").trim(), "a");
    assert_eq!(code("a r#\"b").trim(), "a");
}

#[test]
fn imports_are_unfolded() {
    assert_eq!(texts("use std::{fs::{self, File}, net as n};"), ["std::fs", "std::fs::File", "std::net"]);
    assert_eq!(texts("pub(crate) use a::b;"), ["pub", "crate", "a::b"]);
}

#[test]
fn paths_in_expressions_keep_their_line() {
    let found = paths("use a;\nfn f() {\n  std::fs::read(x)\n}");
    let read = found.iter().find(|path| path.text == "std::fs::read");
    assert_eq!(read.map(|path| path.line), Some(3));
}

#[test]
fn a_path_names_whole_segments() {
    let path = Path { line: 1, text: "std::fs::File".to_owned() };
    assert!(path.names("std::fs"));
    assert!(path.names("fs::File"));
    assert!(!path.names("std::f"));
    assert!(!path.names("std::File"));
}
