use super::*;

fn words(text: &str) -> Vec<(Word, &str)> {
    Tokens::new(text, 0).map(|token| (token.word, token.text)).collect()
}

#[test]
fn every_kind_of_token_is_told_apart() {
    assert_eq!(
        words("SELECT \"a\"\"b\", 'it''s', E'\\'x', $1, $$a'b$$, $t$ $$ $t$, 1.5e3::int4[2]; -- end"),
        [
            (Word::Plain, "SELECT"),
            (Word::Quoted, "\"a\"\"b\""),
            (Word::Comma, ","),
            (Word::Text, "'it''s'"),
            (Word::Comma, ","),
            (Word::Text, "E'\\'x'"),
            (Word::Comma, ","),
            (Word::Parameter, "$1"),
            (Word::Comma, ","),
            (Word::Text, "$$a'b$$"),
            (Word::Comma, ","),
            (Word::Text, "$t$ $$ $t$"),
            (Word::Comma, ","),
            (Word::Number, "1.5e3"),
            (Word::Operator, "::"),
            (Word::Plain, "int4"),
            (Word::Open, "["),
            (Word::Number, "2"),
            (Word::Close, "]"),
            (Word::Semicolon, ";"),
        ]
    );
}

#[test]
fn comments_nest_and_end_operators() {
    assert_eq!(words("a /* /* ' */ ( */ + b"), [(Word::Plain, "a"), (Word::Operator, "+"), (Word::Plain, "b")]);
    assert_eq!(words("1 +-- (\n 2"), [(Word::Number, "1"), (Word::Operator, "+"), (Word::Number, "2")]);
    assert_eq!(words("a</**/b"), [(Word::Plain, "a"), (Word::Operator, "<"), (Word::Plain, "b")]);
}

#[test]
fn a_string_that_goes_on_after_a_line_end_goes_on_in_its_own_mode() {
    // the second part still escapes by backslash, so the bracket is part of it
    let text = "E'a'\n 'b\\' (' )";
    assert_eq!(words(text), [(Word::Text, "E'a'\n 'b\\' ('"), (Word::Close, ")")]);
    assert_eq!(words("E'a' 'b\\' "), [(Word::Text, "E'a'"), (Word::Text, "'b\\'")]);
}

#[test]
fn dollars_belong_to_names_parameters_or_strings() {
    assert_eq!(words("a$b$ c"), [(Word::Plain, "a$b$"), (Word::Plain, "c")]);
    assert_eq!(words("$a b"), [(Word::Other, "$"), (Word::Plain, "a"), (Word::Plain, "b")]);
    assert_eq!(words("$1a$"), [(Word::Parameter, "$1"), (Word::Plain, "a$")]);
}

#[test]
fn what_has_no_end_runs_to_the_end() {
    for text in ["'abc", "\"abc", "/* abc", "$$abc", "E'abc\\", "$t$ $", "é'", "U&'x"] {
        let last = Tokens::new(text, 0).last();
        assert!(last.is_none_or(|token| token.end() == text.len()), "{text}");
    }
}

#[test]
fn any_text_is_cut_up_without_loss_of_place() {
    let texts = ["", "é", "'é", "$é$ é $é$", "\u{0}", "::", ":", "..", ".5", "a.b.c", "<=>", "1..2", "E'\\é'"];
    for text in texts {
        let mut at = 0;
        for token in Tokens::new(text, 0) {
            assert!(token.start >= at && text.get(token.start..token.end()) == Some(token.text), "{text}");
            at = token.end();
        }
    }
}

/// Our words end where the server's tokens end: wherever the server starts a token, so do we, or we
/// are inside one word that is as long as several of the server's (an operator run, a Unicode string).
#[test]
fn the_servers_own_scanner_agrees() {
    let texts = [
        "SELECT a.b, c::int[] FROM t WHERE x = E'it\\'s' AND y <> U&'d\\0061t' -- (\n",
        "INSERT INTO t VALUES ($1, $$ ( $$, 'a''b', B'101', X'1F', 1e10, .5)",
        "SELECT /* /* ( */ */ \"odd \"\"name\"[1:2] @> '{\"a\":[1]}' ->> 'k'",
        "SELECT 1 +-2, 3 <>-4, a IS NOT NULL, CASE WHEN b THEN c ELSE d END",
        "SELECT E'a'\n'b\\'c', 'x'\n'y'",
    ];
    for text in texts {
        let ours: Vec<(usize, usize)> = Tokens::new(text, 0).map(|token| (token.start, token.end())).collect();
        for token in pg_query::scan(text).unwrap().tokens {
            let (start, end) = (usize::try_from(token.start).unwrap(), usize::try_from(token.end).unwrap());
            let comment = text[start..end].starts_with("--") || text[start..end].starts_with("/*");
            let inside = ours.iter().any(|(from, to)| *from <= start && end <= *to);
            let outside = ours.iter().all(|(from, to)| *to <= start || end <= *from);
            assert!(if comment { outside } else { inside }, "{text}: {}", &text[start..end]);
        }
    }
}
