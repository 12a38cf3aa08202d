//! What is found, by examples that their issuers have published, and what is told apart from it.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

fn all() -> &'static Detectors {
    static ALL: LazyLock<Detectors> = LazyLock::new(|| Detectors::of(Detector::ALL));
    &ALL
}

/// The names of what is found, each with its text.
fn found(label: Option<&str>, text: &str) -> Vec<(&'static str, String)> {
    let one = |one: Found| (one.detector.name(), text[one.range].to_owned());
    all().find(label, text).into_iter().map(one).collect()
}

#[test]
fn numbers_are_those_that_their_issuers_give_as_examples() {
    for (detector, label, text) in [
        ("card-number", None, "4111 1111 1111 1111"),
        ("card-number", None, "378282246310005"),
        ("card-number", None, "6011000990139424"),
        ("card-number", None, "3530-1113-3330-0000"),
        ("iban", None, "GB82 WEST 1234 5698 7654 32"),
        ("iban", None, "DE89370400440532013000"),
        ("us-ssn", None, "078-05-1120"),
        ("de-tax-id", Some("steuer_id"), "86095742719"),
        ("fr-nir", Some("nir"), "2 55 08 14 168 025 38"),
        ("es-dni", Some("dni"), "12345678Z"),
        ("es-dni", Some("nie"), "X1234567L"),
        ("nl-bsn", Some("bsn"), "111222333"),
        ("pl-pesel", Some("pesel"), "44051401359"),
        ("br-cpf", None, "529.982.247-25"),
        ("uk-nino", Some("nino"), "AB 12 34 56 C"),
        ("in-aadhaar", Some("aadhaar"), "2341 2341 2346"),
        ("phone", None, "+44 20 7946 0958"),
        ("phone", Some("phone"), "(030) 2345 6789"),
        ("email", None, "ada.lovelace+note@example.co.uk"),
    ] {
        let expected = vec![(detector, text.to_owned())];
        assert_eq!(found(label, text), expected);
        let sentence = format!("it is {}: {text}.", label.unwrap_or("this"));
        assert_eq!(found(None, &sentence), expected, "{sentence}");
        // the numbers of these have no check digit
        if matches!(detector, "email" | "phone" | "us-ssn" | "uk-nino") {
            continue;
        }
        let at = text.rfind(|one: char| one.is_ascii_digit()).unwrap();
        let other = (text.as_bytes()[at] - b'0' + 1) % 10;
        let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
        assert_eq!(found(label, &changed), [], "{changed}");
    }
}

#[test]
fn tokens_are_known_by_prefix_and_checksum() {
    // published with the description of the checksum, and revoked
    let rest = "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17";
    for (detector, begins) in [("github-token", "ghp_"), ("npm-token", "npm_")] {
        let token = format!("{begins}{rest}");
        for around in ["{}", "export X={}", "\"{}\"", "a\\n{}\\n", "see {}.", "({})"] {
            assert_eq!(found(None, &around.replace("{}", &token)), [(detector, token.clone())], "{around}");
        }
        assert_eq!(found(None, &token.replace("17", "18")), []);
        assert_eq!(found(None, &format!("x{token}")), []);
        assert_eq!(found(None, &format!("{token}x")), []);
        assert_eq!(found(None, &token.to_uppercase()), []);
    }
}

#[test]
fn values_are_known_by_the_names_beside_them() {
    for (text, secret) in [
        (r#"{"password": "hunter2!x"}"#, "hunter2!x"),
        (r#"{"db": "{\"password\":\"hun\\\"ter2\"}"}"#, r#"hun\\\"ter2"#),
        ("PGPASSWORD=hunter22 psql", "hunter22"),
        ("<password>hunter22</password>", "hunter22"),
        ("mysql --password hunter22 -h db", "hunter22"),
        ("Server=db;User Id=app;Password=hunter22;Encrypt=yes", "hunter22"),
        ("password: 'it is hunter22 or so'", "it is hunter22 or so"),
        ("clientSecret => 9f8e7d6c5b4a39281706", "9f8e7d6c5b4a39281706"),
    ] {
        assert_eq!(found(None, text), [("named-secret", secret.to_owned())], "{text}");
    }
    assert_eq!(found(Some("db_password"), "hunter22"), [("named-secret", "hunter22".to_owned())]);
    assert_eq!(found(Some("password_hint"), "hunter22"), []);
}

#[test]
fn what_looks_alike_is_told_apart() {
    for (label, text) in [
        (Some("order_id"), "4111111111111111"),
        (None, "order 4111111111111111"),
        (None, r#"{"invoiceId": 4111111111111111}"#),
        (None, "IMEI: 4111111111111111"),
        (None, "#4111111111111111"),
        (None, "a-4111-1111-1111-1111"),
        (None, "4111 1111 1111 1111 1111 1111"),
        (None, "4111111111111111.25"),
        (None, "4111111111111112"),
        (None, "9111111111111111"),
        (None, "DE88370400440532013000"),
        (None, "000-12-3456, 666-12-3456, 912-12-3456, 123-00-4567, 123-45-0000"),
        (None, "111222333, 12345678Z, 44051401359"),
        (None, "logo@2x.png, left-pad@1.3.0, @ada, git@github.com:acme/shop.git"),
        (None, "+0200, +1000000000, +12345"),
        (None, "password: required, token: expired, secret: null"),
        (None, "password=${DB_PASSWORD} token={{ .Values.token16 }}"),
        (None, "password: vault:kv/data/orders1#password"),
        (None, "password_changed_at: 2026-11-23T10:00:00Z, max_tokens=4096"),
        (None, "postgres://app@db/shop postgres://app:***@db/shop https://example.org:8443/a@b"),
        (None, "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"),
        (None, "eyJhbGciOiJSUzI1NiJ9 eyJhIjoxfQ.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln"),
        (None, "AKIA-compatible MAKIAABCDEFGHIJKLMNOP"),
        (None, "550e8400-e29b-41d4-a716-446655440000"),
    ] {
        assert_eq!(found(label, text), [], "{text}");
    }
    assert_eq!(found(Some("card_number"), "4111111111111111").len(), 1);
    assert_eq!(found(None, "card no 4111111111111111").len(), 0, "a name that may be anything's");
}

#[test]
fn what_is_hidden_leaves_the_rest() {
    let hide = |text: &str| all().hide(None, text);
    assert_eq!(hide("postgres://app:hunter2@db/shop").as_deref(), Some("postgres://app:***@db/shop"));
    assert_eq!(hide(r#"{"card": 4111111111111111, "n": 1}"#).as_deref(), Some(r#"{"card": "***", "n": 1}"#));
    assert_eq!(hide(r#"{"card": "4111111111111111"}"#).as_deref(), Some(r#"{"card": "***"}"#));
    assert_eq!(hide("4111111111111111 and ada@example.org").as_deref(), Some("*** and ***"));
    let key = "-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----";
    assert_eq!(hide(&format!(r#"{{"k": "{key}\n", "z": 1}}"#)).as_deref(), Some(r#"{"k": "***\n", "z": 1}"#));
    let cut = key.split("-----END").next().unwrap();
    assert_eq!(hide(&format!(r#"{{"k": "{cut}", "z": 1}}"#)).as_deref(), Some(r#"{"k": "***", "z": 1}"#));
    assert_eq!(hide("nothing of this kind"), None);
    assert_eq!(
        Detectors::of(&[Detector::Email]).hide(None, "4111111111111111 and ada@example.org").as_deref(),
        Some("4111111111111111 and ***")
    );
    assert_eq!(Detectors::of(&[]).find(Some("password"), "hunter22 4111111111111111 a@example.org"), []);
}

#[test]
fn what_can_be_nothing_more_is_not_open() {
    for (text, open) in [
        ("nothing of this kind,", 21),
        ("nothing of this kin", 16),
        ("it is gh", 6),
        ("it is ghp_zQWB", 6),
        ("it is ghp-", 6),
        ("it is ghp/", 10),
        ("xghp_zQWB ", 10),
        ("password", 0),
        ("password:", 9),
        ("password: hunter22", 10),
        ("password: hunter22 ", 19),
        ("password: \"hunter22 or", 11),
        ("https://example.org/", 20),
        ("https://app:hun", 12),
        ("https://app:hun/", 16),
        ("order 4111 1111 1111", 6),
        ("order 4111 1111 1111,", 21),
        ("12:30 GB8", 6),
        ("12:30 GB8,", 10),
        ("it is +44 20", 6),
        ("it is +44 20,", 13),
        ("mail ada@example.or", 5),
        ("mail ada@example.org,", 21),
        ("-----BEGIN CERTIFICATE-----\nMIIB,", 33),
        ("-----BEGIN PRIVATE KEY-----\nMIIB,", 0),
    ] {
        let (_, at) = all().find_begun(text);
        assert_eq!(at, open, "{text}");
        let (_, at) = Detectors::of(&[]).find_begun(text);
        assert_eq!(at, text.len(), "{text}");
    }
}

#[test]
fn each_has_a_name_of_its_own() {
    let mut names: Vec<_> = Detector::ALL.iter().map(|one| one.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Detector::ALL.len());
    assert!(Detector::ALL.iter().all(|one| !one.about().is_empty()));
}

/// Pieces of what is looked for, whole and in parts, and of what it stands in.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("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"),
        Just("ghp_"),
        Just("AccountKey="),
        Just("-----BEGIN PUBLIC KEY-----"),
        Just("-----"),
        Just("GB"),
        Just("--"),
        Just("ssn 078-05-1120"),
        Just("secret_access_key"),
        Just("+"),
        Just("://"),
        Just("a"),
        Just("password"),
        Just("\"token\":"),
        Just("="),
        Just(": "),
        Just("\\"),
        Just("\""),
        Just("\\n"),
        Just("\\u00e9"),
        Just("é"),
        Just("4111111111111111"),
        Just(" 1111"),
        Just("4111 1111 1111 1111"),
        Just("-"),
        Just("."),
        Just("123-45-6789"),
        Just("ada@example.org"),
        Just("@"),
        Just("://app:secret1@db"),
        Just("+44 20 7946 0958"),
        Just("-----BEGIN PRIVATE KEY-----"),
        Just("-----END PRIVATE KEY-----"),
        Just("GB82WEST12345698765432"),
        Just("a1b2c3d4e5f6a7b8"),
        Just("bsn 111222333"),
        Just("{"),
        Just("}"),
        Just("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhYmMifQ.c2lnbmF0dXJl"),
        Just("pwd"),
        Just("'"),
        Just(" "),
        Just(","),
    ];
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_are_in_order_and_apart_whatever_the_text(text in text()) {
        let mut end = 0;
        for one in all().find(Some("password"), &text) {
            prop_assert!(one.range.start >= end && one.range.end > one.range.start && text.get(one.range.clone()).is_some());
            end = one.range.end;
        }
    }

    #[test]
    fn a_document_stays_one_whatever_is_in_it(texts in proptest::collection::vec(text(), 1..4), number in any::<u64>()) {
        let document = serde_json::json!({ "password": texts[0], "phone": number, "note": texts, "card": 4_111_111_111_111_111_u64 });
        for document in [document.to_string(), serde_json::to_string_pretty(&document).unwrap()] {
            let hidden = all().hide(None, &document).unwrap();
            prop_assert!(serde_json::from_str::<serde_json::Value>(&hidden).is_ok(), "{document}\n{hidden}");
        }
    }

    /// The beginning of a text is judged as it will be judged in the whole, and what is still open is said.
    #[test]
    fn whatever_comes_nothing_changes_before_the_open_place(text in text(), cut in any::<prop::sample::Index>()) {
        let whole = all().find(None, &text);
        let ends: Vec<usize> = (0..=text.len()).filter(|end| text.is_char_boundary(*end)).collect();
        let beginning = &text[..ends[cut.index(ends.len())]];
        let (found, open) = all().find_begun(beginning);
        let settled: Vec<Found> = whole.iter().filter(|one| one.range.start < open).cloned().collect();
        prop_assert_eq!(&found, &settled, "{:?} of {:?}, open from {}", beginning, text, open);
        prop_assert!(found.iter().all(|one| one.range.end <= open));
        prop_assert!(open <= beginning.len() && beginning.is_char_boundary(open));
    }
}
