//! Whatever the secret, its writing, what stands around it and how the stream is cut: no byte of it leaves, and of
//! harmless text every one does.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::mask::MaskSet;
use crate::mask::stream::{Echoed, Filter, TELLING, Width};

const PASSWORD: &str = "correct'horse/battery\\staple+9";

fn echo(secret: &[u8]) -> Arc<Echo> {
    Arc::new(Echo::of([&Secret::new(secret)]))
}

fn filter(echo: &Arc<Echo>) -> Filter {
    Filter::new(Arc::clone(echo), &MaskSet::default(), Width::Any)
}

/// Sends a text in these pieces; what has left, whether a secret was heard, and the most that was held.
fn sent<'a>(echo: &Arc<Echo>, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, bool, usize) {
    let (mut filter, mut came, mut left) = (filter(echo), Vec::new(), Vec::new());
    let mut most = 0;
    for piece in pieces {
        came.extend_from_slice(piece);
        match filter.pass(Bytes::copy_from_slice(piece)) {
            Ok(leaves) => {
                left.extend(leaves);
                assert_eq!(came.len().checked_sub(left.len()), Some(filter.held()));
                assert_eq!(filter.held(), model_of_held(echo, &came));
                most = most.max(filter.held());
            }
            Err(Echoed) => {
                assert_eq!(filter.pass(Bytes::from_static(b"more")), Err(Echoed), "it forgets");
                assert_eq!([filter.release(), filter.end()], [Err(Echoed), Err(Echoed)]);
                return (left, true, most);
            }
        }
    }
    left.extend(filter.end().unwrap());
    assert_eq!((filter.held(), left.len()), (0, came.len()));
    (left, false, most)
}

/// The longest end of a text that is the beginning of a writing and no whole one.
fn model_of_held(echo: &Echo, text: &[u8]) -> usize {
    let begins = |one: &[u8], end: &[u8]| one.len() > end.len() && one[..end.len()].eq_ignore_ascii_case(end);
    let is = |length: &usize| echo.writings.iter().any(|one| begins(one, &text[text.len().saturating_sub(*length)..]));
    (0..=text.len().min(LONGEST)).rev().find(is).unwrap_or_default()
}

/// Where a secret first ends in a text, and where that one began.
fn model_of_heard(echo: &Echo, text: &[u8]) -> Option<Range<usize>> {
    let ends = |end: usize, one: &[u8]| {
        let start = end.checked_sub(one.len())?;
        text[start..end].eq_ignore_ascii_case(one).then_some(start..end)
    };
    (0..=text.len()).find_map(|end| echo.writings.iter().filter_map(|one| ends(end, one)).max_by_key(Range::len))
}

#[test]
fn each_writing_is_heard_wherever_the_stream_is_cut() {
    for secret in [PASSWORD.as_bytes(), "pässwörter, 12 €".as_bytes(), b"\xff\x00raw\xfebytes\x01\x80"] {
        let echo = echo(secret);
        for (name, writing) in encodings::ALL {
            let writing = writing(secret);
            for case in [writing.to_ascii_lowercase(), writing.to_ascii_uppercase(), writing.to_vec()] {
                let text = [b"before ", &case[..], b" after"].concat();
                assert!(echo.within(&text), "{name}");
                for cut in 0..=text.len() {
                    let (left, heard, _) = sent(&echo, [&text[..cut], &text[cut..]]);
                    assert!(heard, "{name}, cut at {cut}");
                    assert!(b"before ".starts_with(&left), "{name}, cut at {cut}: {left:?}");
                }
                let (left, heard, _) = sent(&echo, text.chunks(1));
                assert!(heard && left == b"before ", "{name}, byte by byte: {left:?}");
            }
        }
    }
}

#[test]
fn writings_are_what_others_write() {
    let written = |name: &str, secret: &[u8]| {
        let (_, writing) = encodings::ALL.iter().find(|(one, _)| *one == name).unwrap();
        String::from_utf8_lossy(&writing(secret)).into_owned()
    };
    for (name, expected) in [
        ("reversed", r#"/p\'"tö"#),
        ("rot13", r#"ög"'\c/"#),
        ("base64", "w7Z0IidccC"),
        ("hexadecimal", "c3b67422275c702f"),
        ("hexadecimal with colons", "c3:b6:74:22:27:5c:70:2f"),
        (r"\x70", r"\xc3\xb6\x74\x22\x27\x5c\x70\x2f"),
        (r"\160", r"\303\266\164\042\047\134\160\057"),
        ("bytea's escape format", r#"\303\266t"'\\p/"#),
        ("%70", "%c3%b6%74%22%27%5c%70%2f"),
        ("URL", "%c3%b6t%22%27%5cp%2f"),
        ("JSON", r#"öt\"'\\p/"#),
        (r"JSON with \/", r#"öt\"'\\p\/"#),
        ("JSON in ASCII", r#"\u00f6t\"'\\p/"#),
        (r"\u0070", r"\u00f6\u0074\u0022\u0027\u005c\u0070\u002f"),
        ("single quotes doubled", r#"öt"''\p/"#),
        ("double quotes doubled", r#"öt""'\p/"#),
        ("single quotes and backslashes doubled", r#"öt"''\\p/"#),
        ("backslashes before quotes", r#"öt\"\'\\p/"#),
        ("quotes of a shell", r#"öt"'\''\p/"#),
        ("XML", r"öt&quot;'\p/"),
        ("&#112;", "&#195;&#182;&#116;&#34;&#39;&#92;&#112;&#47;"),
        ("&#x70;", "&#xc3;&#xb6;&#x74;&#x22;&#x27;&#x5c;&#x70;&#x2f;"),
        ("numbers", "195,182,116,34,39,92,112,47"),
        ("numbers with spaces", "195, 182, 116, 34, 39, 92, 112, 47"),
    ] {
        assert_eq!(written(name, "öt\"'\\p/".as_bytes()), expected, "{name}");
    }
    assert_eq!(written("form", b"a b*~"), "a+b*%7e");
    for (name, end) in [("line ends of terminals", "\r\n"), ("line ends left out", ""), ("line ends as spaces", " ")] {
        assert_eq!(written(name, b"a\nb\n"), format!("a{end}b{end}"), "{name}");
    }
    assert_eq!(written("UTF-16, little end first", b"ab"), "a\0b\0");
    assert_eq!(written("UTF-16, big end first", b"ab"), "\0a\0b");
}

/// Wherever the secret stands in what is encoded, its own characters are among those of the whole.
#[test]
fn base64_and_base32_are_heard_at_every_place() {
    use data_encoding::{BASE32, BASE64, BASE64URL, HEXLOWER, HEXUPPER};
    for length in SHORTEST..40 {
        let secret: Vec<u8> = (0..length).map(|at| b"k8$Zq!w0xTr~"[at % 12] + u8::try_from(at / 12).unwrap()).collect();
        let echo = echo(&secret);
        for (before, after) in (0..6).flat_map(|before| (0..6).map(move |after| (before, after))) {
            let whole = [&vec![b'x'; before][..], &secret, &vec![b'y'; after]].concat();
            for encoding in [BASE64, BASE64URL, BASE32, HEXLOWER, HEXUPPER] {
                assert!(
                    echo.within(encoding.encode(&whole).as_bytes()),
                    "{length} bytes after {before}, before {after}"
                );
            }
        }
    }
}

#[test]
fn what_is_short_is_not_guarded_and_said() {
    let secrets = [Secret::new("eleven-long"), Secret::new("twelve--long"), Secret::new("")];
    let echo = Arc::new(Echo::of(&secrets));
    assert_eq!(echo.unguarded(), 2);
    assert!(!echo.is_empty());
    assert!(!echo.within(b"it is eleven-long"));
    assert!(echo.within(b"it is TWELVE--long"));
    assert!(Echo::of(&secrets[..1]).is_empty());
    let nothing = echo_of_nothing();
    assert_eq!(sent(&nothing, [&b"whatever"[..]]), (b"whatever".to_vec(), false, 0));
}

fn echo_of_nothing() -> Arc<Echo> {
    Arc::new(Echo::of([]))
}

#[test]
fn of_a_long_secret_the_beginning_is_listened_for() {
    let secret: Vec<u8> = (0..4000_u32).flat_map(|at| at.to_string().into_bytes()).collect();
    let echo = echo(&secret);
    let (left, heard, most) = sent(&echo, secret.chunks(7));
    assert!(heard && left.is_empty());
    assert!(most < LONGEST);
}

#[test]
fn what_was_let_go_is_still_the_beginning_of_a_secret() {
    let of = |text: &'static str| Bytes::from_static(text.as_bytes());
    let mut filter = filter(&echo(PASSWORD.as_bytes()));
    assert_eq!(filter.pass(of("ready corre")), Ok(of("ready ")));
    assert_eq!(filter.release(), Ok(of("corre")));
    assert_eq!((filter.release(), filter.held()), (Ok(of("")), 0));
    assert_eq!(filter.pass(of("ct'hamlet")), Ok(of("ct'hamlet")));
    assert_eq!((filter.pass(of("corr")), filter.release()), (Ok(of("")), Ok(of("corr"))));
    assert_eq!((filter.pass(of("ect'h")), filter.held()), (Ok(of("")), 5));
    assert_eq!(filter.pass(of(&PASSWORD[9..])), Err(Echoed));
}

#[test]
fn what_is_no_beginning_by_chance_is_held_until_more_comes() {
    let of = |text: &'static str| Bytes::from_static(text.as_bytes());
    let mut filter = filter(&echo(PASSWORD.as_bytes()));
    assert_eq!(filter.pass(of(&PASSWORD[..TELLING])), Ok(of("")));
    assert_eq!((filter.release(), filter.held()), (Ok(of("")), TELLING));
    assert_eq!(filter.pass(of(" ")), Ok(of("correc ")));
    assert_eq!(filter.pass(of(&PASSWORD[..PASSWORD.len() - 1])), Ok(of("")));
    assert_eq!(filter.release(), Ok(of("")));
    assert_eq!(filter.end(), Ok(of(&PASSWORD[..PASSWORD.len() - 1])));
}

#[test]
fn nothing_of_it_is_printed() {
    let echo = echo(PASSWORD.as_bytes());
    assert_eq!(format!("{echo:?}"), "[secret]");
    let mut filter = filter(&echo);
    filter.pass(Bytes::from_static(b"corr")).unwrap();
    assert!(!format!("{filter:?}").contains("corr"));
}

/// In how many ways the text of a case is cut.
const CUTTINGS: usize = 13;

/// As many cases as the environment says: a secret, two more that begin or end like it, and a text of pieces of them.
#[test]
fn whatever_the_text_and_its_cutting_no_byte_of_a_secret_leaves() {
    let cases = std::env::var("POSTERN_CASES").map_or(4000, |cases| cases.parse().unwrap());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let heard = std::cell::Cell::new(0_u32);
    let (text, cuts) = (proptest::collection::vec(piece(), 0..6), proptest::collection::vec(0..40_usize, 1..6));
    let tried = runner.run(&(secrets(), text, cuts), |(secrets, pieces, cuts)| {
        heard.set(heard.get() + u32::from(hold(&secrets, &pieces, &cuts)));
        Ok(())
    });
    tried.unwrap();
    let heard = heard.get();
    assert!(heard > cases / 10 && heard < cases / 10 * 9, "{heard} of {cases} cases had a secret in them");
    println!("echo: {cases} cases, each cut in {CUTTINGS} ways, a secret in {heard} of them, no byte of it left");
}

/// Over few letters, so that secrets overlap with themselves and with each other.
fn secrets() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(prop_oneof!["[ab'\\\\]{12,16}", "[ -~]{12,40}"], 1..3)
}

#[derive(Clone, Debug)]
enum Piece {
    Harmless(String),
    Part { secret: usize, writing: usize, from: usize, to: usize },
    Whole { secret: usize, writing: usize },
}

fn piece() -> impl Strategy<Value = Piece> {
    let (secret, writing) = (0..2_usize, 0..encodings::ALL.len());
    prop_oneof![
        3 => "[ab' ]{0,30}|[ -~]{0,30}".prop_map(Piece::Harmless),
        3 => (secret.clone(), writing.clone(), 0..16_usize, 0..60_usize)
            .prop_map(|(secret, writing, from, to)| Piece::Part { secret, writing, from, to }),
        1 => (secret, writing).prop_map(|(secret, writing)| Piece::Whole { secret, writing }),
    ]
}

fn hold(secrets: &[String], pieces: &[Piece], cuts: &[usize]) -> bool {
    let written = |secret: usize, writing: usize| {
        encodings::ALL[writing].1(secrets.get(secret).unwrap_or(&secrets[0]).as_bytes())
    };
    let text: Vec<u8> = pieces
        .iter()
        .flat_map(|piece| match piece {
            Piece::Harmless(text) => text.clone().into_bytes(),
            Piece::Whole { secret, writing } => written(*secret, *writing).to_vec(),
            Piece::Part { secret, writing, from, to } => {
                let whole = written(*secret, *writing);
                let to = (*to).min(whole.len());
                whole[(*from).min(to)..to].to_vec()
            }
        })
        .collect();
    let guarded: Vec<Secret> = secrets.iter().map(|secret| Secret::new(secret.as_bytes())).collect();
    let echo = Arc::new(Echo::of(&guarded));
    let expected = model_of_heard(&echo, &text);
    assert_eq!(echo.within(&text), expected.is_some());
    for longer in 0..CUTTINGS {
        let (left, heard, _) = sent(&echo, cut(&text, cuts, longer));
        assert_eq!(heard, expected.is_some());
        match &expected {
            Some(secret) => assert!(text[..secret.start].starts_with(&left), "{} bytes of {secret:?} left", left.len()),
            None => assert_eq!(left, text),
        }
    }
    expected.is_some()
}

/// A text in pieces that are so long, each in turn longer by a bit.
fn cut<'a>(text: &'a [u8], lengths: &[usize], longer: usize) -> Vec<&'a [u8]> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    let mut lengths = lengths
        .iter()
        .enumerate()
        .cycle()
        .map(|(at, length)| if at % 3 == 0 { *length } else { length.saturating_add(longer) });
    while !rest.is_empty() {
        let length = lengths.next().unwrap().max(usize::from(pieces.len() > text.len())).min(rest.len());
        let (piece, after) = rest.split_at(length);
        pieces.push(piece);
        rest = after;
    }
    pieces
}
