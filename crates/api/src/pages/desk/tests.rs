use postern_core::{Claim, Micros, Secret};

use super::{Desk, SEATS};

fn claim() -> Claim {
    Claim::Token(Secret::new("a token"))
}

#[test]
fn seats_are_bounded_and_the_oldest_goes_first() {
    let desk = Desk::default();
    let far = Micros(u64::MAX);
    let numbers: Vec<String> =
        (0..=SEATS).map(|at| desk.take(claim(), Micros(u64::try_from(at).unwrap()), far).unwrap()).collect();
    assert_eq!(desk.lock().len(), SEATS);
    assert!(desk.find(&numbers[0], Micros(0)).is_none());
    assert!(desk.find(&numbers[1], Micros(0)).is_some());
    assert!(desk.find(&numbers[SEATS], Micros(0)).is_some());
}

#[test]
fn a_seat_does_not_outlive_its_token() {
    let desk = Desk::default();
    let number = desk.take(claim(), Micros(0), Micros(5)).unwrap();
    assert!(desk.find(&number, Micros(4)).is_some());
    assert!(desk.find(&number, Micros(5)).is_none());
}

#[test]
fn numbers_are_long_and_never_the_same() {
    let desk = Desk::default();
    let one = desk.take(claim(), Micros(0), Micros(5)).unwrap();
    let two = desk.take(claim(), Micros(0), Micros(5)).unwrap();
    assert_eq!(one.len(), 64);
    assert_ne!(one, two);
    let (one, two) = (desk.find(&one, Micros(0)).unwrap(), desk.find(&two, Micros(0)).unwrap());
    assert!(one.made(&one.form) && !one.made(&two.form) && !one.made("") && !one.made(&one.number));
}
