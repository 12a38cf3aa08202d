//! Check digits of numbers that states give to people. Each takes letters and digits alone, in upper case.
//!
//! They say whether a number could be one, never whether it stands for somebody.

/// The digits, where it is so many of them and nothing else.
fn digits(text: &str, many: usize) -> Option<Vec<u32>> {
    let all: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(10)).collect();
    all.filter(|digits| digits.len() == many)
}

fn weighted(digits: &[u32], weights: impl IntoIterator<Item = u32>) -> u32 {
    digits.iter().zip(weights).fold(0, |sum, (digit, weight)| sum.wrapping_add(digit.wrapping_mul(weight)))
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// No area 000, 666 or 900 and up; no group 00; no serial 0000 (SSA, "Social Security Number Randomization").
pub(super) fn us_ssn(text: &str) -> bool {
    let (Some(area), Some(group), Some(serial)) = (text.get(..3), text.get(3..5), text.get(5..9)) else { return false };
    digits(text, 9).is_some() && !matches!(area, "000" | "666") && area < "900" && group != "00" && serial != "0000"
}

/// ISO 7064, MOD 11,10; among the first ten digits one stands twice or three times, and no other more than once.
pub(super) fn de_tax_id(text: &str) -> bool {
    let Some(digits) = digits(text, 11) else { return false };
    let Some((check, first)) = digits.split_last() else { return false };
    let mut product = 10_u32;
    for digit in first {
        let sum = digit.wrapping_add(product) % 10;
        product = (if sum == 0 { 10 } else { sum }).wrapping_mul(2) % 11;
    }
    let counted = (0..10).map(|digit| first.iter().filter(|one| **one == digit).count());
    let repeated: Vec<usize> = counted.filter(|count| *count > 1).collect();
    let form = first.first() != Some(&0) && matches!(repeated.as_slice(), [2 | 3]);
    form && 11_u32.saturating_sub(product) % 10 == *check
}

/// Sex, year, month, place, order, and a key of 97; 2A and 2B are departments of Corsica.
pub(super) fn fr_nir(text: &str) -> bool {
    let (Some(whole), Some(key)) = (text.get(..13), text.get(13..).and_then(number)) else { return false };
    let whole = whole.replace("2A", "19").replace("2B", "18");
    let month = whole.get(3..5).and_then(number).unwrap_or_default();
    let form = text.len() == 15 && matches!(whole.as_bytes().first(), Some(b'1' | b'2')) && (1..=12).contains(&month);
    form && number(&whole).is_some_and(|whole| 97_u64.saturating_sub(whole % 97) == key)
}

/// A letter by the remainder of 23; numbers of foreigners begin with X, Y or Z for 0, 1 or 2.
pub(super) fn es_dni(text: &str) -> bool {
    let text = match text.as_bytes().first() {
        Some(b'X') => text.replacen('X', "0", 1),
        Some(b'Y') => text.replacen('Y', "1", 1),
        Some(b'Z') => text.replacen('Z', "2", 1),
        _ => text.to_owned(),
    };
    let Some((whole, letter)) = text.split_at_checked(8) else { return false };
    let letters = "TRWAGMYFPDXBNJZSQVHLCKE".bytes();
    let expected = number(whole).and_then(|whole| letters.into_iter().nth(usize::try_from(whole % 23).ok()?));
    text.len() == 9 && expected.is_some() && expected == letter.bytes().next()
}

/// The sum with the weights 9 to 2 and −1 is divided by 11.
pub(super) fn nl_bsn(text: &str) -> bool {
    let Some(digits) = digits(text, 9) else { return false };
    let (sum, last) = (weighted(&digits, (2..=9).rev()), digits.last().copied().unwrap_or_default());
    sum > 0 && sum % 11 == last
}

/// A date of birth whose month tells the century, and a check digit.
pub(super) fn pl_pesel(text: &str) -> bool {
    let Some(digits) = digits(text, 11) else { return false };
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(number).unwrap_or_default();
    let date = (1..=12).contains(&(part(2..4) % 20)) && (1..=31).contains(&part(4..6));
    date && weighted(&digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 == 0
}

/// Two check digits by 11, and not one digit eleven times.
pub(super) fn br_cpf(text: &str) -> bool {
    let Some(digits) = digits(text, 11) else { return false };
    let check = |many: u32| match weighted(&digits, (2..=many).rev()) % 11 {
        0 | 1 => 0,
        rest => 11_u32.saturating_sub(rest),
    };
    let different = digits.iter().any(|digit| Some(digit) != digits.first());
    different && digits.get(9..) == Some(&[check(10), check(11)])
}

/// HMRC, NIM39110: which letters there are.
pub(super) fn uk_nino(text: &str) -> bool {
    let (Some(prefix), Some(number), Some(suffix)) = (text.get(..2), text.get(2..8), text.get(8..)) else {
        return false;
    };
    let letters = prefix.bytes().all(|letter| letter.is_ascii_uppercase() && !b"DFIQUV".contains(&letter));
    let given = !prefix.ends_with('O') && !matches!(prefix, "BG" | "GB" | "KN" | "NK" | "NT" | "TN" | "ZZ");
    letters && given && digits(number, 6).is_some() && matches!(suffix, "A" | "B" | "C" | "D")
}

/// Verhoeff's digit over the dihedral group of ten; the first digit is neither 0 nor 1.
pub(super) fn in_aadhaar(text: &str) -> bool {
    let Some(digits) = digits(text, 12) else { return false };
    let check =
        digits.iter().rev().enumerate().fold(0, |check, (place, digit)| product(check, permuted(*digit, place)));
    digits.first().is_some_and(|first| *first > 1) && check == 0
}

/// In the dihedral group of order ten: 0 to 4 turn, 5 to 9 turn over.
fn product(left: u32, right: u32) -> u32 {
    match (left < 5, right < 5) {
        (true, true) => left.wrapping_add(right) % 5,
        (true, false) => (left.wrapping_add(right) % 5).wrapping_add(5),
        (false, true) => (left.wrapping_sub(right) % 5).wrapping_add(5),
        (false, false) => left.wrapping_add(5).wrapping_sub(right) % 5,
    }
}

fn permuted(digit: u32, times: usize) -> u32 {
    let once =
        |digit: u32| [1, 5, 7, 6, 2, 8, 3, 0, 9, 4].into_iter().nth(usize::try_from(digit).unwrap_or(0)).unwrap_or(0);
    (0..times % 8).fold(digit, |digit, _| once(digit))
}

/// ISO/IEC 7812-1, annex B: every second digit from the right counts twice.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let value = |(place, digit): (usize, &u8)| match (place % 2, u32::from(digit.saturating_sub(b'0'))) {
        (0, digit) => digit,
        (_, digit) if digit > 4 => digit.wrapping_mul(2).wrapping_sub(9),
        (_, digit) => digit.wrapping_mul(2),
    };
    digits.iter().rev().enumerate().map(value).sum::<u32>() % 10 == 0
}
