//! Several bounds are one.

use std::time::Duration;

use proptest::prelude::*;

use super::{Bound, Limits};
use crate::verdict::RuleName;

fn bound<T: std::fmt::Debug>(most: impl Strategy<Value = T>) -> impl Strategy<Value = Option<Bound<T>>> {
    let by = prop_oneof!["a", "b", "c"].prop_map(|name| RuleName(name.as_str().into()));
    proptest::option::of((most, by).prop_map(|(most, by)| Bound { most, by }))
}

fn limits() -> impl Strategy<Value = Limits> {
    let seconds = (1_u64..5).prop_map(Duration::from_secs);
    let often = proptest::collection::vec(bound(1_u64..5), 0..3);
    (bound(1_u64..5), bound(seconds), often).prop_map(|(max_rows, timeout, often)| Limits {
        max_rows,
        timeout,
        per_minute: often.into_iter().flatten().collect(),
    })
}

proptest! {
    #[test]
    fn it_means_nothing_in_which_order_and_how_often(one in limits(), two in limits(), three in limits()) {
        let and = |one: &Limits, two: &Limits| one.clone().and(two.clone());
        prop_assert_eq!(and(&and(&one, &two), &three), and(&one, &and(&two, &three)));
        prop_assert_eq!(and(&one, &two), and(&two, &one));
        prop_assert_eq!(and(&one, &one), one.clone());
        prop_assert_eq!(and(&one, &Limits::default()), one);
    }

    #[test]
    fn no_rule_lifts_the_bound_of_another(one in limits(), two in limits()) {
        let both = one.clone().and(two.clone());
        for of in [one, two] {
            for (bound, kept) in [
                (of.max_rows.map(|bound| bound.most), both.max_rows.as_ref().map(|bound| bound.most)),
                (
                    of.timeout.map(|bound| bound.most.as_secs()),
                    both.timeout.as_ref().map(|bound| bound.most.as_secs()),
                ),
            ] {
                prop_assert!(of.per_minute.is_subset(&both.per_minute));
                prop_assert!(bound.is_none_or(|bound| kept.is_some_and(|kept| kept <= bound)));
            }
        }
    }
}
