//! What leaves of streams: the same however they are cut, with nothing in it that is looked for.

mod terminal;

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::mask::detect::{Detector, Detectors};
use crate::mask::{FIXED, Guarding, Mask, MaskKind, Predicates, Search};

const TOKEN: &str = "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";

/// Masks that hide what these detectors find.
pub(super) fn hiding(detectors: &[Detector]) -> MaskSet {
    let mask = Mask {
        name: "secrets".into(),
        kind: MaskKind::Fixed,
        predicates: Predicates::Deny,
        writes: Guarding::Deny,
        domain: "secrets".into(),
        pseudonym: None,
    };
    let search = Search::new(Arc::new(mask), Vec::new(), Arc::new(Detectors::of(detectors)));
    MaskSet::default().searching(vec![search])
}

pub(super) fn all() -> &'static MaskSet {
    static ALL: LazyLock<MaskSet> = LazyLock::new(|| hiding(Detector::ALL));
    &ALL
}

pub(super) fn filter(width: Width) -> Filter {
    Filter::new(Arc::new(Echo::of([])), all(), width)
}

/// What leaves of a stream in these pieces; of none of them is more held than is said.
pub(super) fn sent<'a>(mut filter: Filter, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut left = Vec::new();
    for piece in pieces {
        left.extend(filter.pass(Bytes::copy_from_slice(piece)).unwrap());
        assert!(filter.held() <= LONGEST, "{}", filter.held());
    }
    left.extend(filter.end().unwrap());
    assert_eq!(filter.held(), 0);
    left
}

fn shown(text: &str, width: Width) -> String {
    let whole = sent(filter(width), [text.as_bytes()]);
    let pieces = if text.len() < 4000 { 1..=1 } else { 300..=301 };
    for piece in pieces {
        assert_eq!(sent(filter(width), text.as_bytes().chunks(piece)), whole, "{text}");
    }
    String::from_utf8(whole).unwrap()
}

#[test]
fn what_is_found_is_hidden_in_its_place() {
    for (text, expected) in [
        ("nothing of this kind\n", "nothing of this kind\n"),
        ("export GH=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\nls\n", "export GH=***\nls\n"),
        ("password: hunter22\r\n4111 1111 1111 1111\r\n", "password: ***\r\n***\r\n"),
        ("A=1\0TOKEN=9f8e7d6c5b4a39281706\0B=2\0", "A=1\0TOKEN=***\0B=2\0"),
        ("postgres://app:hunter2@db/shop", "postgres://app:***@db/shop"),
        ("ada@example.org", "***"),
        (
            "{\"card\": 4111111111111111, \"all\": [4111111111111111, 1], \"s\": \"4111111111111111\"}\n",
            "{\"card\": \"***\", \"all\": [\"***\", 1], \"s\": \"***\"}\n",
        ),
        ("  \"card\": 4111111111111111,\n", "  \"card\": \"***\",\n"),
        ("{\"log\": \"\\\"card\\\": 4111111111111111, 1\"}\n", "{\"log\": \"\\\"card\\\": ***, 1\"}\n"),
        ("pässword: é\npassword: 'pässwort12'\n", "pässword: é\npassword: '***'\n"),
    ] {
        assert_eq!(shown(text, Width::Any), expected);
    }
    let latin = b"caf\xe9 ada@example.org\nna\xefve\n\xff";
    assert_eq!(sent(filter(Width::Any), latin.chunks(1)), b"caf\xe9 ***\nna\xefve\n\xff");
}

#[test]
fn on_a_terminal_it_stays_as_wide_as_it_was() {
    for (text, expected) in [
        ("password: hunter22 \r\n", "password: ******** \r\n"),
        ("password: '漢字pass12'\r\n", "password: '**********'\r\n"),
        ("{\"card\": 4111111111111111}\r\n", "{\"card\": ****************}\r\n"),
        (
            "-----BEGIN EC PRIVATE KEY-----\r\nMIIE\r\n-----END EC PRIVATE KEY-----\r\n$ ",
            "******************************\r\n****\r\n****************************\r\n$ ",
        ),
    ] {
        assert_eq!(shown(text, Width::Same), expected);
    }
}

#[test]
fn a_private_key_is_hidden_over_its_lines() {
    let long = "MIIEowIBAAKCAQEAm1gVZJ6lKk1iQe2Zt8yqz0Jp0Jc5b1uH7hX3vT9sYwRkL2aQ";
    let key = |around: &str, between: &str| {
        let (begin, end) = ("-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----");
        let lines = [begin, "Proc-Type: 4,ENCRYPTED", "", long, long, "Q8==", end].join(between);
        around.replace("{}", &lines)
    };
    for (text, expected) in [
        (key("$ cat key\n{}\n$ ", "\n"), "$ cat key\n***\n$ "),
        (key("$ cat key\r\n{}\r\n$ ", "\r\n"), "$ cat key\r\n***\r\n$ "),
        (key("tls:\n  key: |\n    {}\n  cert: x\n", "\n    "), "tls:\n  key: |\n    ***\n  cert: x\n"),
        (key("{\"key\": \"{}\\n\", \"z\": 1}\n", "\\n"), "{\"key\": \"***\\n\", \"z\": 1}\n"),
        (key("KEY='{}'\nA=1\n", " "), "KEY='***'\nA=1\n"),
        // broken off
        ("-----BEGIN RSA PRIVATE KEY-----\nuser@host:~$ ls\n".into(), "***\nuser@host:~$ ls\n"),
        (format!("-----BEGIN RSA PRIVATE KEY-----\n{long}\n{long}\n$ ls -l\n"), "***\n$ ls -l\n"),
        (
            format!("{{\"key\": \"-----BEGIN RSA PRIVATE KEY-----\n{long}\", \"z\": 1}}\n"),
            "{\"key\": \"***\", \"z\": 1}\n",
        ),
        (format!("-----BEGIN RSA PRIVATE KEY-----\n2:{long}\n3 {long}\n"), "***"),
        (format!("-----BEGIN CERTIFICATE-----\n{long}\n"), &format!("-----BEGIN CERTIFICATE-----\n{long}\n")),
    ] {
        assert_eq!(shown(&text, Width::Any), expected);
    }
    let endless = format!("-----BEGIN RSA PRIVATE KEY-----\n{}", format!("{long}\n").repeat(3000));
    let left = shown(&endless, Width::Any);
    assert!(left.starts_with("***\nMII") && left.len() > 60_000, "{} bytes", left.len());
}

#[test]
fn long_lines_are_looked_at_in_parts() {
    let filling = "x y z, ".repeat(3000);
    for secret in [TOKEN, "ada@example.org", "4111 1111 1111 1111"] {
        for at in [0, 7, 8141, 8148, 8155, 8162, 8169, 8176, 8183, 8190, 8197, 12_000, 16_380, 20_993] {
            let at = at / 7 * 7;
            let text = format!("{}{secret}, {}", &filling[..at], &filling[at..]);
            assert_eq!(shown(&text, Width::Any), format!("{}{FIXED}, {}", &filling[..at], &filling[at..]), "{at}");
        }
    }
    let one_word = "a".repeat(50_000);
    assert_eq!(shown(&one_word, Width::Any), one_word);
    let jwt = format!("eyJhbGciOiJIUzI1NiJ9.{}.c2lnbmF0dXJl", "eyJh".repeat(5000));
    assert_eq!(shown(&format!("t={TOKEN} {}", "é".repeat(9000)), Width::Any), format!("t=*** {}", "é".repeat(9000)));
    let named = shown(&format!("password='{}'; ls\n", "aB3$".repeat(60)), Width::Any);
    assert_eq!(named, "password='***'; ls\n");
    // it is a token only where it ends, and that is too far
    assert_eq!(shown(&jwt, Width::Any), jwt);
    let key =
        format!("k={}-----END PRIVATE KEY----- x\n", "-----BEGIN PRIVATE KEY-----".to_owned() + &"MIIE".repeat(9000));
    assert_eq!(shown(&key, Width::Any), "k=*** x\n");
}

#[test]
fn what_can_be_nothing_any_more_leaves_at_once() {
    let of = |text: &'static str| Bytes::from_static(text.as_bytes());
    let mut filter = filter(Width::Any);
    for (chunk, leaves, held) in [
        ("it is, ", "it is, ", 0),
        ("ghp_zQWB", "", 8),
        ("/x, ", "ghp_zQWB/x, ", 0),
        ("password: hun", "password: ", 3),
        ("ter22", "", 8),
        (" or", "*** ", 2),
        ("\n", "or\n", 0),
        ("-----BEGIN PRIVATE KEY", "", 22),
        ("-----\nMIIE", "***", 4),
        ("\n-----END PRIVATE KEY-----\n$ ", "\n$ ", 0),
    ] {
        assert_eq!((filter.pass(of(chunk)).unwrap(), filter.held()), (of(leaves), held), "{chunk}");
    }
}

#[test]
fn what_was_let_go_counts_for_what_comes() {
    let of = |text: &'static str| Bytes::from_static(text.as_bytes());
    let mut filter = filter(Width::Any);
    for (chunk, leaves, released) in [
        ("$ ec", "$ ", "ec"),
        ("ho ghp_zQWBuTSO", "ho ", "ghp_zQWBuTSO"),
        ("oRi4A9spHcVY5ncnsDkxkJ0mLq17", "", "***"),
        ("\n", "\n", ""),
        ("password: hunter22", "password: ", "***"),
        ("x", "", "***"),
        ("\nMIIE", "\n", "MIIE"),
        ("\n-----BEGIN PRIVATE KEY-----", "\n", "***"),
        ("\nMIIE", "", ""),
        ("\nada@host $ ", "", "\nada@host $ "),
        ("\n-----BEGIN PRIVATE KEY-----\n", "\n***", ""),
        ("$ ", "", "\n$ "),
    ] {
        assert_eq!(filter.pass(of(chunk)).unwrap(), of(leaves), "{chunk}");
        assert_eq!((filter.release().unwrap(), filter.release().unwrap()), (of(released), of("")), "{chunk}");
    }
}

#[test]
fn what_is_no_text_passes_as_it_is() {
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |many: usize| -> Vec<u8> {
        let mut next = || {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            noise.to_le_bytes()
        };
        (0..many / 8).flat_map(|_| next()).collect()
    };
    let megabytes: usize = std::env::var("POSTERN_CASES").map_or(4, |_| 100);
    for _ in 0..megabytes {
        let bytes = random(1 << 20);
        assert!(sent(filter(Width::Any), bytes.chunks(32 << 10)) == bytes);
    }
    // and text after it is looked at again
    let text = [random(10_000), b"\n$ it is text again\n".to_vec(), TOKEN.as_bytes().to_vec()].concat();
    assert!(sent(filter(Width::Any), text.chunks(7)).ends_with(b"again\n***"));
}

fn piece() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        TOKEN,
        "ghp_",
        "password: ",
        "hunter22",
        "\"",
        "'",
        "\\",
        "\n",
        "\r\n",
        "\0",
        " ",
        ", ",
        "4111 1111 1111 1111",
        "4111",
        "ada@example.org",
        "postgres://app:secret1@db/",
        "+44 20 7946 0958",
        "é",
        "GB82WEST12345698765432",
        "\u{1}",
        "\u{7f}\u{2}\u{3}",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "MIIEowIBAAKCAQEA",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhYmMifQ.c2lnbmF0dXJl",
        "{\"card\": 4111111111111111}",
    ]);
    prop_oneof![
        60 => known.prop_map(str::to_owned),
        10 => "[a-z ]{0,12}|[ -~]{0,8}",
        1 => (1000..9000_usize).prop_map(|many| "x".repeat(many)),
        1 => (300..3000_usize).prop_map(|many| "y, ".repeat(many)),
    ]
}

/// The bytes of a text in pieces that are so long in turn.
fn cut<'a>(text: &'a [u8], lengths: &[usize], longer: usize) -> Vec<&'a [u8]> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    let mut lengths = lengths.iter().cycle();
    while !rest.is_empty() {
        let length = lengths.next().unwrap().saturating_add(longer.max(text.len() / 50)).min(rest.len());
        let (piece, after) = rest.split_at(length);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// By how much longer the pieces are than was said, once for each way to cut a stream.
const CUTTINGS: &[usize] = &[0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 300, 5000];

/// As many cases as the environment says, each cut in some ways.
#[test]
fn however_a_stream_is_cut_the_same_leaves() {
    let cases = std::env::var("POSTERN_CASES").map_or(300, |cases| cases.parse().unwrap());
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let streams = (proptest::collection::vec(piece(), 1..14), proptest::collection::vec(1..60_usize, 1..6));
    let hidden = std::cell::Cell::new(0_u32);
    let tried = proptest::test_runner::TestRunner::new(config).run(&streams, |(pieces, lengths)| {
        let text = pieces.concat().into_bytes();
        for width in [Width::Any, Width::Same] {
            let whole = sent(filter(width), [&text[..]]);
            hidden.set(hidden.get() + u32::from(whole != text));
            if let Some(model) = model(&text).filter(|_| width == Width::Any) {
                let bare = |text: &[u8]| String::from_utf8_lossy(text).replace("\"***\"", "***");
                prop_assert_eq!(bare(&whole), bare(model.as_bytes()));
            }
            for longer in CUTTINGS {
                let left = sent(filter(width), cut(&text, &lengths, *longer));
                prop_assert_eq!(Bytes::from(left), Bytes::from(whole.clone()));
            }
        }
        Ok(())
    });
    tried.unwrap();
    println!(
        "streams: {cases} cases, each cut in {} ways, something hidden in {} of them",
        CUTTINGS.len() * 2,
        hidden.get() / 2
    );
}

/// What leaves of plain text in lines that are short: of each what is left when what is found in it is hidden.
fn model(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let short = text.split(['\n', '\0']).all(|line| line.len() < LONGEST);
    let plain = short && !text.contains("-----BEGIN") && !text.contains(['\u{1}', '\u{7f}']);
    let detectors = || all().searches().map(Search::detectors);
    let hide = |line: &str| {
        let all = line.trim_end_matches(['\n', '\0']);
        let all = if line.ends_with('\n') { all.strip_suffix('\r').unwrap_or(all) } else { all };
        let hidden = detectors().find_map(|one| one.hide(None, all)).unwrap_or_else(|| all.to_owned());
        hidden + &line[all.len()..]
    };
    plain.then(|| text.split_inclusive(['\n', '\0']).map(hide).collect())
}
