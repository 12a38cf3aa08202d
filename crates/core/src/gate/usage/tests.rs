//! Seats and minutes.

#![expect(clippy::arithmetic_side_effects, reason = "a test counts in small numbers")]

use std::sync::Arc;

use proptest::prelude::*;

use super::{Lately, Usage};
use crate::clock::Micros;
use crate::code::Code;
use crate::identity::Kind;
use crate::target::TargetName;
use crate::tests::{person, principal};
use crate::verdict::{Bound, RuleName};

fn at(seconds: u64) -> Micros {
    Micros(seconds * 1_000_000)
}

fn most(most: u64) -> Bound<u64> {
    Bound { most, by: RuleName("few".into()) }
}

fn shop() -> TargetName {
    TargetName::parse("shop").unwrap()
}

#[test]
fn a_seat_is_free_again_however_its_session_ends() {
    let usage = Arc::new(Usage::default());
    let bot = principal(Kind::Workload, "bot", &[]);
    let sit = || usage.sit(&bot, &shop(), Some(most(2)), at(0));
    let (one, _two) = (sit().unwrap(), sit().unwrap());
    assert_eq!(sit().unwrap_err().code, Code::TooManySessions);
    let panicked = std::thread::spawn(move || {
        let _seat = one;
        panic!("as a session's task may");
    });
    assert!(panicked.join().is_err());
    let _three = sit().unwrap();
    assert_eq!(sit().unwrap_err().code, Code::TooManySessions);
}

#[test]
fn seats_are_those_of_a_person_on_a_target() {
    let usage = Arc::new(Usage::default());
    let sit = |who: &crate::Principal, target: &str| {
        usage.sit(who, &TargetName::parse(target).unwrap(), Some(most(1)), at(0))
    };
    let bot = principal(Kind::Workload, "bot", &[]);
    let _seat = sit(&bot, "shop").unwrap();
    let _elsewhere = sit(&bot, "stats").unwrap();
    let _other = sit(&principal(Kind::Workload, "cat", &[]), "shop").unwrap();
    // the same by another subject of its issuer, or in other groups
    let branch = person(Kind::Workload, "bot", "repo:acme/shop:ref:2", &["more"], None);
    assert_eq!(sit(&branch, "shop").unwrap_err().code, Code::TooManySessions);
    let agent = |human: &str| person(Kind::Agent, "assistant", "assistant", &[], Some(human));
    let _for_ann = sit(&agent("ann"), "shop").unwrap();
    let _for_bob = sit(&agent("bob"), "shop").unwrap();
    assert!(sit(&agent("bob"), "shop").is_err());
}

#[test]
fn several_operations_at_once_count_as_many() {
    let usage = Arc::new(Usage::default());
    let seat = usage.sit(&principal(Kind::Workload, "bot", &[]), &shop(), None, at(0)).unwrap();
    let bounds = [most(5)].into();
    let denial = seat.count(&bounds, 6, at(0)).unwrap_err();
    assert_eq!(denial.hint.as_deref(), Some("send fewer at once"));
    seat.count(&bounds, 3, at(0)).unwrap();
    assert!(seat.count(&bounds, 3, at(1)).is_err());
    seat.count(&bounds, 2, at(1)).unwrap();
    assert!(seat.count(&bounds, 1, at(2)).is_err());
}

#[test]
fn it_keeps_nobody_who_is_gone_for_a_minute() {
    let usage = Arc::new(Usage::default());
    let sit = |who: &str, now| usage.sit(&principal(Kind::Workload, who, &[]), &shop(), None, at(now)).unwrap();
    let busy = sit("busy", 0);
    busy.count(&[most(5)].into(), 1, at(0)).unwrap();
    drop((busy, sit("idle", 0)));
    drop(sit("next", 59));
    assert_eq!(usage.users().len(), 2, "what was done within the minute counts on");
    drop(sit("later", 61));
    assert_eq!(usage.users().len(), 1);
}

#[test]
fn a_new_session_does_not_begin_a_new_minute() {
    let usage = Arc::new(Usage::default());
    let bot = principal(Kind::Workload, "bot", &[]);
    let seat = usage.sit(&bot, &shop(), None, at(0)).unwrap();
    let bounds = [most(2)].into();
    seat.count(&bounds, 1, at(0)).unwrap();
    drop(seat);
    let (one, two) = (usage.sit(&bot, &shop(), None, at(1)).unwrap(), usage.sit(&bot, &shop(), None, at(1)).unwrap());
    one.count(&bounds, 1, at(1)).unwrap();
    let denial = two.count(&bounds, 1, at(10)).unwrap_err();
    assert_eq!((denial.code, denial.rule), (Code::TooOften, Some(RuleName("few".into()))));
    assert_eq!(denial.hint.as_deref(), Some("send it again in 51 s"));
    assert!(two.count(&bounds, 1, at(60)).is_err());
    two.count(&bounds, 1, at(61)).unwrap();
    assert!(one.count(&bounds, 1, at(61)).is_err(), "the one of the second before counts on");
    one.count(&bounds, 1, at(62)).unwrap();
}

#[test]
fn each_rule_counts_for_itself_and_one_that_is_full_refuses() {
    let usage = Arc::new(Usage::default());
    let seat = usage.sit(&principal(Kind::Workload, "bot", &[]), &shop(), None, at(0)).unwrap();
    let other = Bound { most: 3, by: RuleName("many".into()) };
    seat.count(&[most(1)].into(), 1, at(0)).unwrap();
    assert!(seat.count(&[most(1), other.clone()].into(), 1, at(0)).is_err());
    for _ in 0..3 {
        seat.count(&[other.clone()].into(), 1, at(0)).unwrap();
    }
    assert!(seat.count(&[other].into(), 1, at(0)).is_err(), "what was refused was not counted");
}

proptest! {
    /// No minute holds more than the bound, and whoever waits as long as it is told gets through.
    #[test]
    fn no_minute_holds_more(most in 1_u64..6, steps in proptest::collection::vec(0_u64..40, 1..60)) {
        let (mut lately, mut now, mut done) = (Lately::default(), 0, Vec::new());
        for step in steps {
            now += step;
            lately.forget(at(now));
            match lately.full(most) {
                None => {
                    lately.add(1, at(now));
                    done.push(now);
                    let within = done.iter().filter(|second| **second + 60 >= now).count();
                    prop_assert!(u64::try_from(within).unwrap() <= most);
                }
                Some(until) => {
                    prop_assert!(until > now && until <= now + 61);
                    lately.forget(at(until));
                    prop_assert_eq!(lately.full(most), None);
                    now = until;
                }
            }
        }
        prop_assert!(lately.0.len() <= 61);
    }
}
