use super::*;

/// What is said, in words; a token as it stands.
fn said(message: &str) -> String {
    match Said::read(message.as_bytes()) {
        Ok(Said::Nothing) => "nothing".to_owned(),
        Ok(Said::Token(token)) => String::from_utf8_lossy(token.expose()).into_owned(),
        Ok(Said::Other) => "other".to_owned(),
        Err(Malformed(what)) => format!("malformed: {what}"),
    }
}

#[test]
fn a_token_is_read_as_it_stands() {
    for (message, token) in [
        ("n,,\x01auth=Bearer abc.def-_~+/==\x01\x01", "abc.def-_~+/=="),
        ("y,,\x01auth=Bearer x\x01\x01", "x"),
        ("n,,\x01auth=bEaReR    x\x01\x01", "x"),
        // what is not known is passed over (§3.1)
        ("n,,\x01host=gw.example.com\x01port=5432\x01auth=Bearer x\x01later=\x01\x01", "x"),
        ("n,,\x01auth=\x01\x01", "nothing"),
    ] {
        assert_eq!(said(message), token, "{message:?}");
    }
}

#[test]
fn what_is_no_bearer_token_is_none() {
    for value in
        ["Basic YTpi", "Bearer", "Bearer ", "Bearer =", "Bearer a b", "Bearer a=b", "Bearer a,b", "x", " Bearer x"]
    {
        assert_eq!(said(&format!("n,,\x01auth={value}\x01\x01")), "other", "{value:?}");
    }
}

#[test]
fn whatever_else_is_no_message() {
    for (message, what) in [
        ("", "channel binding"),
        ("\x01", "channel binding"),
        ("p=tls-server-end-point,,\x01auth=Bearer x\x01\x01", "channel binding"),
        ("N,,\x01auth=Bearer x\x01\x01", "channel binding"),
        ("n\x01auth=Bearer x\x01\x01", "channel binding"),
        ("n,a=root,\x01auth=Bearer x\x01\x01", "another identity"),
        ("n,,auth=Bearer x\x01\x01", "header"),
        ("n,,\x01", "end"),
        ("n,,\x01\x01", "no token"),
        ("n,,\x01host=h\x01\x01", "no token"),
        ("n,,\x01Auth=Bearer x\x01\x01", "no token"),
        ("n,,\x01auth=Bearer x", "end"),
        ("n,,\x01auth=Bearer x\x01", "end"),
        ("n,,\x01auth=Bearer x\x01\x01\x01", "pair"),
        ("n,,\x01\x01auth=Bearer x\x01\x01", "pair"),
        ("n,,\x01auth=Bearer x\x01\x01more", "end"),
        ("n,,\x01auth=Bearer x\x01auth=Bearer y\x01\x01", "a second token"),
        ("n,,\x01auth=\x01auth=Bearer y\x01\x01", "a second token"),
        ("n,,\x01auth=Bearer x\x01auth=\x01\x01", "a second token"),
        ("n,,\x01auth\x01\x01", "pair"),
        ("n,,\x01=x\x01\x01", "pair"),
        ("n,,\x01a1=x\x01\x01", "pair"),
        ("n,,\x01auth=Bearer x\0\x01\x01", "pair"),
        ("n,,\x01auth=Bearer \u{e9}\x01\x01", "pair"),
    ] {
        assert_eq!(said(message), format!("malformed: {what}"), "{message:?}");
    }
    assert!(Said::read(b"n,,\x01auth=Bearer \xff\x01\x01").is_err());
}

#[test]
fn a_message_that_is_cut_is_none() {
    let whole = b"y,,\x01host=h\x01auth=Bearer abc==\x01\x01";
    for end in 0..whole.len() {
        assert!(Said::read(&whole[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_failure_is_json_whatever_the_address_is() {
    let plain = failure(Some("https://id.example.com/.well-known/openid-configuration"));
    assert_eq!(
        plain,
        r#"{"status":"invalid_token","openid-configuration":"https://id.example.com/.well-known/openid-configuration","scope":"openid"}"#
    );
    assert_eq!(failure(None), r#"{"status":"invalid_token","scope":"openid"}"#);
    let odd = serde_json::from_str::<serde_json::Value>(&failure(Some("a\"b\\\n"))).unwrap();
    assert_eq!(odd["openid-configuration"], "a\"b\\\n");
}

#[test]
fn nothing_of_a_token_is_printed() {
    assert!(!format!("{:?}", Said::read(b"n,,\x01auth=Bearer c0ffee\x01\x01")).contains("c0ffee"));
}
