use super::*;

#[test]
fn passwords_are_taken_out() {
    let cases = [
        ("CREATE ROLE a PASSWORD 'geheim'", "CREATE ROLE a PASSWORD '[removed]'"),
        (
            "ALTER USER a WITH ENCRYPTED PASSWORD E'ge\\'heim' VALID UNTIL '2030-01-01'",
            "ALTER USER a WITH ENCRYPTED PASSWORD '[removed]' VALID UNTIL '2030-01-01'",
        ),
        ("alter role a password $$geheim$$", "alter role a password '[removed]'"),
        ("ALTER ROLE a PASSWORD NULL", "ALTER ROLE a PASSWORD NULL"),
        (
            "CREATE USER MAPPING FOR a SERVER b OPTIONS (user 'u', password 'geheim')",
            "CREATE USER MAPPING FOR a SERVER b OPTIONS (user '[removed]', password '[removed]')",
        ),
        ("ALTER SERVER b OPTIONS (SET host 'geheim')", "ALTER SERVER b OPTIONS (SET host '[removed]')"),
        (
            "CREATE SUBSCRIPTION s CONNECTION 'host=h password=geheim' PUBLICATION p",
            "CREATE SUBSCRIPTION s CONNECTION '[removed]' PUBLICATION p",
        ),
        ("SELECT dblink('host=h password = geheim', 'SELECT 1')", "SELECT dblink('[removed]', 'SELECT 1')"),
        ("SELECT dblink('postgres://u:geheim@h/d', 'x')", "SELECT dblink('[removed]', 'x')"),
        ("SET myapp.secret = 'geheim'; SELECT 'shown'", "SET myapp.secret = '[removed]'; SELECT 'shown'"),
        ("SET LOCAL app.api_key TO 'geheim'", "SET LOCAL app.api_key TO '[removed]'"),
        (
            "DO $$ BEGIN ALTER ROLE a PASSWORD 'geheim'; PERFORM 'shown'; END $$",
            "DO $$ BEGIN ALTER ROLE a PASSWORD '[removed]'; PERFORM 'shown'; END $$",
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(passwords(text), wanted);
        assert!(!passwords(text).contains("heim"), "{text}");
    }
}

#[test]
fn what_holds_no_password_stays_as_it_is() {
    let texts = [
        "SELECT * FROM users WHERE note = 'reset my password please'",
        "COMMENT ON COLUMN u.password IS 'hashed'",
        "SET password_encryption = 'md5'",
        "SELECT 'https://example.com/a@b'",
        "INSERT INTO t VALUES ('it''s', $1)",
        "SET search_path TO 'a', 'b'",
        "",
    ];
    for text in texts {
        assert_eq!(passwords(text), text);
    }
}

#[test]
fn text_that_cannot_be_parsed_is_served_as_well() {
    assert_eq!(passwords("ALTER ROLE ((( PASSWORD 'geheim"), "ALTER ROLE ((( PASSWORD '[removed]'");
    assert_eq!(passwords("DO $as_long_as_it$ ALTER ROLE a PASSWORD 'geheim'"), "DO '[removed]'");
}

#[test]
fn code_in_code_in_code_is_taken_out_as_a_whole() {
    let nested = |levels: usize| {
        let marks: Vec<String> = (0..levels).map(|level| format!("$a{level}$")).collect();
        let back: Vec<String> = marks.iter().rev().cloned().collect();
        format!("DO {} ALTER ROLE a PASSWORD 'geheim' {}", marks.join(" "), back.join(" "))
    };
    assert!(passwords(&nested(2)).contains("ALTER ROLE a PASSWORD '[removed]'"));
    for levels in [DEEPEST, 10, 20_000] {
        assert!(!passwords(&nested(levels)).contains("geheim"));
    }
    assert!(!passwords(&nested(10)).contains("ALTER"));
}

#[test]
fn text_that_the_grammar_refuses_ends_where_a_password_may_begin() {
    for (text, wanted) in [
        ("ALTER ROLE a PASSWORD 'ge' 'heim'", "ALTER ROLE a PASSWORD '[removed]' […]"),
        ("ALTER ROLE a PASSWORD 'don't say geheim'", "ALTER ROLE a PASSWORD '[removed]' […]"),
        ("ALTER ROLE a PASSWORD TO 'geheim'", "ALTER ROLE a PASSWORD TO '[removed]' […]"),
        ("CREATE USER a PASWORD 'geheim'", "CREATE USER a PASWORD '[removed]' […]"),
        ("SELEC 'a'; SET x = 'don't'; ALTER ROLE a PASSWORD 'geheim'", "SELEC 'a'; SET x = 'don't'[removed]' […]"),
        ("SELEC dblink('host=h password=geheim')", "SELEC dblink('[removed]' […]"),
        ("SELEC 'a' FROM t WHERE b = 'c'", "SELEC 'a' FROM t WHERE b = 'c'"),
    ] {
        assert_eq!(up_to_password(text), wanted);
    }
}
