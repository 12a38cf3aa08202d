//! Colours, titles and moves of the cursor between the characters of what is looked for hide nothing of it.

use super::*;
use crate::secret::Secret;

const PASSWORD: &str = "correct'horse/battery";

fn listening(width: Width) -> Filter {
    Filter::new(Arc::new(Echo::of([&Secret::new(PASSWORD)])), &MaskSet::default(), width)
}

/// What left before it was heard.
fn heard<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, Vec<u8>> {
    let (mut filter, mut left) = (listening(Width::Same), Vec::new());
    for piece in pieces {
        match filter.pass(Bytes::copy_from_slice(piece)) {
            Ok(leaves) => left.extend(leaves),
            Err(Echoed) => {
                assert_eq!([filter.pass(Bytes::new()), filter.release(), filter.end()], [const { Err(Echoed) }; 3]);
                return Err(left);
            }
        }
    }
    left.extend(filter.end().unwrap());
    Ok(left)
}

/// What stands between two characters.
const NOISE: &[&str] = &[
    "\u{1b}[31m",
    "\u{1b}[0;1;38;5;200m",
    "\u{1b}[K",
    "\u{1b}[?25h",
    "\u{1b}]0;a title\u{7}",
    "\u{1b}]8;;https://example.org\u{1b}\\",
    "\u{1b}P+q\u{1b}\\",
    "\u{1b}(B",
    "\u{1b}7",
    "\r",
    "\u{1b}[5;7H",
    "\u{1b}[A",
    "x\u{8}",
    "xy\u{8}\u{8}",
    "x\u{1b}[D",
    "abc\u{1b}[3D",
    "\u{7}",
    "\u{f}",
];

#[test]
fn a_token_is_hidden_whatever_stands_between_its_characters() {
    for noise in NOISE {
        let token: Vec<String> = TOKEN.chars().map(String::from).collect();
        let text = format!("it is {}, or so\n", token.join(noise));
        let left = shown(&text, Width::Any);
        let clean: String = left.chars().filter(|one| !one.is_control()).collect();
        assert!(clean.contains("***"), "{noise:?}: {clean}");
        // of the token itself, nothing stays but what stands in the noise
        let rest = TOKEN.chars().filter(|one| left.replace(noise, "").contains(*one) && one.is_ascii_digit()).count();
        assert_eq!(rest, 0, "{noise:?}: {left:?}");
        assert!(left.starts_with("it is ") && left.ends_with(", or so\n"), "{noise:?}: {left:?}");
        let same = shown(&text, Width::Same);
        let letter = |one: char| if one.is_ascii_alphanumeric() { '*' } else { one };
        if !noise.contains(|one: char| one.is_ascii_alphanumeric()) {
            let expected: String =
                token.join(noise).chars().map(|one| if one == '_' { '*' } else { letter(one) }).collect();
            assert_eq!(same, format!("it is {expected}, or so\n"), "{noise:?}");
        }
    }
}

#[test]
fn escapes_stay_where_they_are() {
    for (text, expected) in [
        ("\u{1b}[31merror\u{1b}[0m: none\n", "\u{1b}[31merror\u{1b}[0m: none\n"),
        ("a\rb\rc\u{8}\u{8}\u{1b}[2J\u{1b}[1;1H\u{1b}", "a\rb\rc\u{8}\u{8}\u{1b}[2J\u{1b}[1;1H\u{1b}"),
        ("\u{1b}]0;title\u{7}$ \u{1b}[?2004h", "\u{1b}]0;title\u{7}$ \u{1b}[?2004h"),
        ("password: \u{1b}[31mhun\u{1b}[0mter22\u{1b}[0m ok\n", "password: \u{1b}[31m***\u{1b}[0m\u{1b}[0m ok\n"),
        ("\u{1b}[32mada@example.org\u{1b}[0m\n", "\u{1b}[32m***\u{1b}[0m\n"),
        ("\u{1b}]password: hunter22\u{1b}[\u{1b}[31m\n", "\u{1b}]password: ***\u{1b}[\u{1b}[31m\n"),
        // what is written over it is gone
        ("password: hunter22\rpassword: \u{1b}[K\n", "password: ***\rpassword: \u{1b}[K\n"),
        ("p\u{8}pa\u{8}assword: h\u{8}hu\u{8}un\u{8}nter22\n", "p\u{8}pa\u{8}assword: ***\u{8}\u{8}\u{8}\n"),
        ("\u{1b}]8;;https://app:secret1@db/\u{1b}\\link\n", "\u{1b}]8;;https://app:***@db/\u{1b}\\link\n"),
    ] {
        assert_eq!(shown(text, Width::Any), expected);
    }
    let key = "\u{1b}[1m-----BEGIN EC PRIVATE KEY-----\u{1b}[0m\r\n\u{1b}[2mMIIE\u{1b}[0m\r\n-----END EC PRIVATE KEY-----\r\n";
    let starred = "\u{1b}[1m******************************\u{1b}[0m\r\n\u{1b}[2m****\u{1b}[0m\r\n****************************\r\n";
    assert_eq!(shown(key, Width::Same), starred);
}

/// A piece of a file is what stands in it, and no terminal shows it.
#[test]
fn in_a_file_a_credential_is_heard_as_it_stands() {
    let pass = |text: &str| listening(Width::Bytes).pass(Bytes::copy_from_slice(text.as_bytes()));
    assert_eq!(pass(&format!("it is {PASSWORD}\n")), Err(Echoed));
    let coloured = PASSWORD.replace('/', "/\u{1b}[31m") + "\n";
    assert_eq!(pass(&coloured), Ok(Bytes::from(coloured.clone())));
    // text that is shown besides is looked through
    assert_eq!(listening(Width::Any).pass(Bytes::from(coloured)), Err(Echoed));
}

#[test]
fn a_credential_is_heard_whatever_stands_between_its_characters() {
    for noise in NOISE {
        let password: Vec<String> = PASSWORD.chars().map(String::from).collect();
        let text = format!("it is {} or so\n", password.join(noise));
        for left in [heard([text.as_bytes()]), heard(text.as_bytes().chunks(1)), heard(text.as_bytes().chunks(7))] {
            let left = left.expect_err(noise);
            assert!(b"it is ".starts_with(&left), "{noise:?}: {:?}", String::from_utf8_lossy(&left));
        }
    }
    let harmless = NOISE.concat().repeat(20) + "correct'\u{1b}[31mham\u{1b}[0mlet\r\ncorrect\u{8}";
    assert_eq!(heard([harmless.as_bytes()]), Ok(harmless.clone().into_bytes()));
    assert_eq!(heard(harmless.as_bytes().chunks(1)), Ok(harmless.into_bytes()));
}

#[test]
fn what_is_typed_is_seen_before_it_is_whole() {
    let of = |text: &'static str| Bytes::from_static(text.as_bytes());
    let mut filter = listening(Width::Same);
    for (chunk, leaves, released) in [
        ("\u{1b}[1mc", "\u{1b}[1m", "c"),
        ("\u{1b}[0mo", "", "\u{1b}[0mo"),
        ("rre", "", "rre"),
        ("ct", "", ""),
        ("\u{1b}[0m'", "", ""),
        ("\u{8}", "", ""),
        (" \r\n", "ct\u{1b}[0m'\u{8} \r\n", ""),
    ] {
        assert_eq!(filter.pass(of(chunk)), Ok(of(leaves)), "{chunk:?}");
        assert_eq!(filter.release(), Ok(of(released)), "{chunk:?}");
    }
}

fn noisy() -> impl Strategy<Value = String> {
    let noise = prop::sample::select(NOISE.to_vec());
    let known = prop::sample::select(vec![
        TOKEN,
        "ghp_",
        "password: ",
        "hunter22",
        "'",
        " ",
        ", ",
        "\n",
        "\r\n",
        "4111 1111 1111 1111",
        "4111",
        "ada@example.org",
        "+44 20 7946 0958",
        "\u{8}",
        "\u{8}\u{8}",
        "\u{1b}",
        "\u{1b}[",
        "\u{1b}]",
        "é",
        "3D",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "MIIEow",
        "\u{1}",
    ]);
    let spread = (prop::sample::select(vec![TOKEN, "password: hunter22 ", "ada@example.org"]), noise.clone());
    prop_oneof![
        8 => known.prop_map(str::to_owned),
        4 => noise.prop_map(str::to_owned),
        2 => spread.prop_map(|(text, noise)| text.chars().map(String::from).collect::<Vec<_>>().join(noise)),
        1 => "[a-z ]{0,8}",
    ]
}

#[test]
fn however_what_a_terminal_shows_is_cut_the_same_leaves() {
    let cases = std::env::var("POSTERN_CASES").map_or(120, |cases| cases.parse().unwrap());
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let streams = (proptest::collection::vec(noisy(), 1..14), proptest::collection::vec(1..20_usize, 1..6));
    let tried = proptest::test_runner::TestRunner::new(config).run(&streams, |(pieces, lengths)| {
        let text = pieces.concat().into_bytes();
        for width in [Width::Any, Width::Same] {
            let whole = sent(filter(width), [&text[..]]);
            for longer in CUTTINGS {
                let left = sent(filter(width), cut(&text, &lengths, *longer));
                prop_assert_eq!(Bytes::from(left), Bytes::from(whole.clone()));
            }
        }
        Ok(())
    });
    tried.unwrap();
}

/// A secret with something of that kind between its characters, in some text, cut into pieces.
#[test]
fn whatever_stands_between_its_characters_no_byte_of_a_credential_leaves() {
    let cases = std::env::var("POSTERN_CASES").map_or(1000, |cases| cases.parse().unwrap());
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let noise = proptest::collection::vec(prop::sample::select([&[""; 12], NOISE].concat()), 30);
    let lengths = proptest::collection::vec(1..20_usize, 1..6);
    let streams = ("[ -~]{12,30}", noise, "[ -~]{0,20}\n|[ ,.]{0,8}", lengths);
    let tried = proptest::test_runner::TestRunner::new(config).run(&streams, |(secret, noise, before, lengths)| {
        let spread: String = secret.chars().zip(&noise).map(|(one, noise)| format!("{one}{noise}")).collect();
        let text = format!("{before}{spread} after");
        let echo = Arc::new(Echo::of([&Secret::new(secret.as_bytes())]));
        for longer in CUTTINGS {
            let mut filter = Filter::new(Arc::clone(&echo), &MaskSet::default(), Width::Same);
            let mut left = Vec::new();
            let pieces = cut(text.as_bytes(), &lengths, *longer);
            let heard = pieces.into_iter().any(|piece| match filter.pass(Bytes::copy_from_slice(piece)) {
                Ok(leaves) => {
                    left.extend(leaves);
                    false
                }
                Err(Echoed) => true,
            });
            prop_assert!(heard, "{:?}", text);
            prop_assert!(before.as_bytes().starts_with(&left), "{:?} of {:?}", Bytes::from(left), text);
        }
        Ok(())
    });
    tried.unwrap();
}
