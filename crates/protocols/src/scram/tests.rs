use postern_core::Secret;
use postern_core::credential::Verifier;
use proptest::prelude::*;

use super::*;

const END: &[u8] = b"the hash of a certificate";

fn challenge() -> Challenge {
    Challenge { salt: b"sixteen of salt.".to_vec(), iterations: 4_096 }
}

/// The exchange of RFC 7677 §3, up to the nonce that is ours to choose.
#[test]
fn an_exchange_proves_what_the_verifier_says() {
    let exchange = Exchange::begin(b"SCRAM-SHA-256", b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO", None, &challenge()).unwrap();
    let first = exchange.challenge().to_owned();
    assert!(first.starts_with("r=rOprNGfwEbeRWgbNEkqO"), "{first}");
    assert!(first.ends_with(",s=c2l4dGVlbiBvZiBzYWx0Lg==,i=4096"), "{first}");
    let nonce = first.strip_prefix("r=").unwrap().split(',').next().unwrap();
    assert!(nonce.len() > "rOprNGfwEbeRWgbNEkqO".len() + 20);
    let last = format!("c=biws,r={nonce},p={}", BASE64.encode(&[7; 32]));
    let response = exchange.end("pst_x", last.as_bytes()).unwrap();
    assert_eq!((response.user.as_str(), response.proof), ("pst_x", vec![7; 32]));
    let expected = format!("n=user,r=rOprNGfwEbeRWgbNEkqO,{first},c=biws,r={nonce}");
    assert_eq!(String::from_utf8(response.message).unwrap(), expected);
}

/// The client of another hand: what it takes for proved is what is checked here.
#[test]
fn another_implementation_is_understood_with_and_without_binding() {
    use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};
    for (mechanism, binding, end_point) in [
        (PLAIN, ChannelBinding::unsupported(), None),
        (PLAIN, ChannelBinding::unsupported(), Some(END)),
        (PLAIN, ChannelBinding::unrequested(), None),
        (PLUS, ChannelBinding::tls_server_end_point(END.to_vec()), Some(END)),
    ] {
        let mut client = ScramSha256::new(b"pencil", binding);
        let exchange = Exchange::begin(mechanism.as_bytes(), client.message(), end_point, &challenge()).unwrap();
        client.update(exchange.challenge().as_bytes()).unwrap();
        let response = exchange.end("pst_x", client.message()).unwrap();
        let verifier = Verifier::of(&Secret::new("pencil"), &challenge());
        let answer = verifier.check(&response.message, &response.proof).unwrap();
        client.finish(answered(&answer).as_bytes()).unwrap();
        let other = Verifier::of(&Secret::new("pencils"), &challenge());
        assert_eq!(other.check(&response.message, &response.proof), None);
    }
}

#[test]
fn an_offer_that_was_taken_away_is_noticed() {
    let begin = |mechanism: &str, first: &str, end_point| {
        Exchange::begin(mechanism.as_bytes(), format!("{first},,n=,r=abc").as_bytes(), end_point, &challenge()).err()
    };
    // the client could bind and takes it that the server cannot: where it was offered, somebody has hidden that
    assert!(matches!(begin(PLAIN, "y", Some(END)), Some(Broken::Binding(_))));
    assert_eq!(begin(PLAIN, "y", None), None);
    assert_eq!(begin(PLAIN, "n", Some(END)), None);
    // a flag that does not go with its mechanism
    for (mechanism, flag) in [(PLUS, "n"), (PLUS, "y"), (PLAIN, "p=tls-server-end-point")] {
        assert!(matches!(begin(mechanism, flag, Some(END)), Some(Broken::Malformed(_))), "{mechanism} {flag}");
    }
    for (mechanism, flag) in [(PLUS, "p=tls-unique"), (PLUS, "p="), ("SCRAM-SHA-1", "n"), ("", "n")] {
        assert!(matches!(begin(mechanism, flag, Some(END)), Some(Broken::Unoffered(_))), "{mechanism} {flag}");
    }
    assert!(matches!(begin(PLUS, "p=tls-server-end-point", None), Some(Broken::Unoffered(_))));
}

#[test]
fn a_client_of_another_connection_is_noticed() {
    let first = b"p=tls-server-end-point,,n=,r=abc";
    for (bound, fits) in [(END, true), (&b"another certificate"[..], false), (b"", false)] {
        let exchange = Exchange::begin(PLUS.as_bytes(), first, Some(END), &challenge()).unwrap();
        let header = [b"p=tls-server-end-point,,", bound].concat();
        let last =
            ClientFinal { binding: header, nonce: exchange.nonce.clone(), extensions: vec![], proof: vec![1; 32] };
        let ended = exchange.end("pst_x", last.to_string().as_bytes());
        assert_eq!(ended.is_ok(), fits, "{bound:?}");
        assert!(fits || matches!(ended, Err(Broken::Binding(_))));
    }
    // a header that was changed on the way: `y` sent on as `n`
    let exchange = Exchange::begin(PLAIN.as_bytes(), b"n,,n=,r=abc", None, &challenge()).unwrap();
    let last = format!("c={},r={},p=AAAA", BASE64.encode(b"y,,"), exchange.nonce);
    assert!(matches!(exchange.end("pst_x", last.as_bytes()), Err(Broken::Binding(_))));
}

#[test]
fn a_nonce_serves_its_own_exchange_only() {
    let begin = || Exchange::begin(PLAIN.as_bytes(), b"n,,n=,r=abc", None, &challenge()).unwrap();
    let (one, other) = (begin(), begin());
    assert_ne!(one.nonce, other.nonce);
    let last = format!("c=biws,r={},p=AAAA", one.nonce);
    assert_eq!(other.end("pst_x", last.as_bytes()).err(), Some(Broken::Malformed("nonce of another exchange")));
    let last = "c=biws,r=abc,p=AAAA";
    assert_eq!(begin().end("pst_x", last.as_bytes()).err(), Some(Broken::Malformed("nonce of another exchange")));
}

#[test]
fn what_is_no_message_is_refused() {
    for first in [
        "",
        ",",
        "n",
        "n,",
        "n,,",
        "n,,r=abc",
        "n,,n=x",
        "n,,n=x,r=",
        "n,,n=x,r=a b",
        "n,,n=x,r=abc,",
        "n,,n=x,r=abc,z",
        "n,,n=x,r=abc,=y",
        "n,,n=x,r=abc,zz=y",
        "x,,n=x,r=abc",
        "n,,n=x\0,r=abc",
        "n,,N=x,r=abc",
        "n,,n=x,r=äbc",
    ] {
        assert!(matches!(ClientFirst::read(first.as_bytes()), Err(Broken::Malformed(_))), "{first:?}");
    }
    for first in ["n,a=root,n=x,r=abc", "n,,m=x,n=x,r=abc"] {
        assert!(matches!(ClientFirst::read(first.as_bytes()), Err(Broken::Unoffered(_))), "{first:?}");
    }
    assert!(ClientFirst::read(b"n,,n=\xff,r=abc").is_err());
    for last in [
        "",
        "c=biws",
        "c=biws,r=abc",
        "c=biws,p=AAAA",
        "r=abc,c=biws,p=AAAA",
        "c=biws,r=abc,p=AAA",
        "c=biws,r=abc,p=AA==AA==",
        "c=b,r=abc,p=AAAA",
    ] {
        assert!(ClientFinal::read(last.as_bytes()).is_err(), "{last:?}");
    }
    assert_eq!(format!("{:?}", ClientFinal::read(b"c=biws,r=abc,p=AAAA").unwrap()), "ClientFinal([secret])");
}

fn word() -> impl Strategy<Value = String> {
    "[!-+\\--~]{1,40}"
}

fn extension() -> impl Strategy<Value = String> {
    "[A-Za-z]=[!-+\\--~]{1,20}"
}

fn binding() -> impl Strategy<Value = Binding> {
    prop_oneof![Just(Binding::Cannot), Just(Binding::Unoffered), "[a-z-]{0,30}".prop_map(Binding::To)]
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(
        binding in binding(), user in "[!-+\\--~ä]{0,40}", nonce in word(),
        extensions in prop::collection::vec(extension(), 0..3),
        bound in prop::collection::vec(any::<u8>(), 0..60), proof in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let first = ClientFirst { binding, user, nonce: nonce.clone(), extensions: extensions.clone() };
        prop_assert_eq!(ClientFirst::read(first.to_string().as_bytes()), Ok(first));
        let last = ClientFinal { binding: bound, nonce, extensions, proof };
        let written = last.to_string();
        prop_assert!(ClientFinal::read(written.as_bytes()).is_ok_and(|read| read == last));
    }

    #[test]
    fn no_bytes_are_read_in_two_ways(bytes in prop::collection::vec(any::<u8>(), 0..80), text in "[nypcr=,a-zA-Z0-9+/]{0,60}") {
        for bytes in [&bytes[..], text.as_bytes()] {
            if let Ok(read) = ClientFirst::read(bytes) {
                prop_assert_eq!(read.to_string().into_bytes(), bytes);
            }
            if let Ok(read) = ClientFinal::read(bytes) {
                prop_assert_eq!(read.to_string().into_bytes(), bytes);
            }
        }
    }
}
