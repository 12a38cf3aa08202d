//! Which words a command takes, and what is said of one that cannot be read.

use super::Offer;

fn takes(offer: &str, words: &[&str]) -> bool {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    Offer::parse(offer).unwrap().takes(&words)
}

#[test]
fn the_words_are_those_and_no_others() {
    let restart = "systemctl restart {service:[a-z-]+}";
    assert!(takes(restart, &["systemctl", "restart", "web"]));
    for others in [
        &["systemctl", "restart"][..],
        &["systemctl", "restart", "web", "db"],
        &["systemctl", "stop", "web"],
        &["Systemctl", "restart", "web"],
        &["systemctl", "restart", "WEB"],
        &["systemctl", "restart", "web db"],
        &["systemctl", "restart", "web;id"],
        &["systemctl", "restart", "web\n"],
        &["systemctl", "restart", ""],
        &["restart", "web"],
        &[],
    ] {
        assert!(!takes(restart, others), "{others:?}");
    }
}

/// A value that begins with a dash would be an option, whatever the expression meant to let in.
#[test]
fn no_value_becomes_an_option() {
    assert!(!takes("systemctl restart {service:[a-z-]+}", &["systemctl", "restart", "--force"]));
    assert!(!takes("cat {file:.*}", &["cat", "-"]));
    assert!(!takes("cat {a:x?}{b:.*}", &["cat", "-n"]));
    assert!(!takes("cat {a:x?}-n", &["cat", "-n"]));
    // what is written out is meant so
    assert!(takes("kill -{signal:[0-9]+} {pid:[0-9]+}", &["kill", "-9", "1"]));
    assert!(takes("tar --file={file:[a-z-]+}", &["tar", "--file=-x"]));
}

#[test]
fn an_expression_is_about_the_whole_value_and_nothing_else() {
    assert!(!takes("x {a:b|c}", &["x", "bad"]));
    assert!(takes("x v{a:b|c}w", &["x", "vcw"]));
    assert!(!takes("x v{a:b|c}w", &["x", "vb"]));
    // braces and sets of letters are the expression's own
    assert!(takes("x {a:[0-9]{1,3}}", &["x", "123"]));
    assert!(takes(r"x {a:\{[{}]}", &["x", "{}"]));
    assert!(takes("x {a:.+}", &["x", "two words"]));
    assert!(!takes("x {a:.+}", &["x", "two\nlines"]));
    // what is written out is no expression
    assert!(!takes("x a.c", &["x", "abc"]));
    assert!(!takes("x a.c{n:[0-9]}", &["x", "abc1"]));
}

#[test]
fn quotes_make_one_word() {
    assert!(takes("echo 'two words' \"it's\" '{}'", &["echo", "two words", "it's", "{}"]));
    assert!(takes("echo ''", &["echo", ""]));
    assert!(takes("  echo\t a ", &["echo", "a"]));
    assert!(takes("'my program' --name='a b'{n:[0-9]}", &["my program", "--name=a b3"]));
}

#[test]
fn what_cannot_be_read_is_said_with_its_place() {
    let said = |text: &str| {
        let mistake = Offer::parse(text).unwrap_err();
        format!("{}: {}", mistake.at, mistake.message)
    };
    for (text, expected) in [
        ("", "0: it names no command"),
        ("  ", "2: it names no command"),
        ("{program:[a-z]+} -v", "0: the program itself is a parameter, so that anything would run"),
        ("/opt/{name:.*} -v", "0: the program itself is a parameter, so that anything would run"),
        ("cat {file", "4: a parameter is opened and never closed"),
        ("cat {file:[a-z}", "4: a parameter is opened and never closed"),
        ("cat {[a-z]+}", "4: a parameter has no name"),
        ("cat {:x}", "4: a parameter has no name"),
        ("cat {a b:x}", "4: a parameter has no name"),
        ("cat {file:}", "5: a parameter says nothing of its value"),
        ("cat {file:(}", "5: `(` is no regular expression: unclosed group"),
        ("cat {file:a)|(b}", "5: `a)|(b` is no regular expression: unopened group"),
        ("cp {a:x} {a:y}", "10: parameter `a` stands there twice"),
        ("cat file}", "8: nothing is opened by a `{` here"),
        ("cat 'file", "4: a quote is opened and never closed"),
        (
            "x {a:(?:[a-z]{1000}){1000}}",
            "3: `(?:[a-z]{1000}){1000}` is no regular expression: Compiled regex exceeds size limit of 1048576 bytes.",
        ),
    ] {
        assert_eq!(said(text), expected, "{text}");
    }
}
