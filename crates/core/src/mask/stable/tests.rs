use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Fake, Pseudonym, Pseudonyms, Stable, is_token};
use crate::secret::Secret;

const ALL: &[Stable] = &[
    Stable::Hash,
    Stable::Token,
    Stable::Format,
    Stable::Fake(Fake::Name),
    Stable::Fake(Fake::Email),
    Stable::Fake(Fake::Phone),
    Stable::Fake(Fake::Company),
    Stable::Fake(Fake::City),
];

fn of(root: u8, domain: &str) -> Pseudonym {
    Pseudonyms::derive(&Secret::new(vec![root; 32])).unwrap().of(domain)
}

#[test]
fn stand_ins() {
    let people = of(7, "people");
    let texts = ["4111 1111 1111 1111", "Ann.Secret+1@example.com", "12345", "größe", ""];
    let mut lines = Vec::new();
    for text in texts {
        lines.extend(ALL.iter().map(|stable| format!("{text} {stable:?} {}", people.stand_in(*stable, text))));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn another_key_another_domain_or_another_value_is_another_stand_in() {
    let text = "4111 1111 1111 1111";
    for stable in [Stable::Hash, Stable::Token, Stable::Format] {
        let made = [of(7, "a"), of(7, "b"), of(8, "a")].map(|one| one.stand_in(stable, text));
        let others = ["4111 1111 1111 1112", "4111-1111-1111-1111"].map(|text| of(7, "a").stand_in(stable, text));
        let all: BTreeSet<&String> = made.iter().chain(&others).collect();
        assert_eq!(all.len(), 5, "{stable:?}: {all:?}");
        assert_eq!(made[0], of(7, "a").stand_in(stable, text));
    }
}

/// THREAT: a text that takes a thread for hours.
#[test]
fn what_is_too_long_is_hidden() {
    let people = of(7, "people");
    assert_eq!(people.stand_in(Stable::Format, &"7".repeat(257)), "*".repeat(257));
    assert_ne!(people.stand_in(Stable::Format, &"7".repeat(256)), "*".repeat(256));
    assert_eq!(people.stand_in(Stable::Format, "+-(/)"), "*****");
}

#[test]
fn a_short_root_makes_none() {
    assert!(Pseudonyms::derive(&Secret::new(vec![7; 31])).is_err());
}

proptest! {
    /// Of what has the form of a value nothing stays but its length and its signs.
    #[test]
    fn a_form_is_kept_and_nothing_else(text in "[ -~]{0,40}") {
        let stand_in = of(7, "people").stand_in(Stable::Format, &text);
        prop_assert_eq!(stand_in.chars().count(), text.chars().count());
        let (digits, letters) = (text.chars().filter(char::is_ascii_digit).count(), text.chars().filter(char::is_ascii_alphabetic).count());
        let permuted = digits >= 6 || letters >= 5;
        for (before, after) in text.chars().zip(stand_in.chars()) {
            match before {
                '0'..='9' if digits < 6 => prop_assert_eq!(after, '*'),
                '0'..='9' => prop_assert!(after.is_ascii_digit()),
                'a'..='z' | 'A'..='Z' if letters < 5 => prop_assert_eq!(after, '*'),
                'a'..='z' => prop_assert!(after.is_ascii_lowercase()),
                'A'..='Z' => prop_assert!(after.is_ascii_uppercase()),
                sign => prop_assert_eq!(after, if permuted { sign } else { '*' }),
            }
        }
    }

    /// No two values share one: whoever joins by it joins what belongs together.
    #[test]
    fn forms_are_permuted(number in 0_u32..1_000_000, other in 0_u32..1_000_000) {
        let people = of(7, "people");
        let form = |number: u32| people.stand_in(Stable::Format, &format!("{number:06}"));
        prop_assert_eq!(form(number) == form(other), number == other);
    }

    #[test]
    fn tokens_are_known_again(text in ".*") {
        prop_assert!(is_token(&of(7, "people").stand_in(Stable::Token, &text)));
        prop_assert!(!is_token(&text));
    }
}
