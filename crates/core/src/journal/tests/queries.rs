//! What a query is, and what it picks.

use proptest::prelude::*;

use super::super::query::{Entry, Query, object_of, objects_for};
use crate::identity::matches;
use crate::journal::{Decided, Event, Record, Sealed};
use crate::operation::{Columns, Effect, Object, Touch};
use crate::tests::NOW;
use crate::{Micros, OperationId};

/// The record of an operation that touches this.
fn touching(touch: &str) -> Record {
    let sealed: Sealed = serde_json::from_str("\"\"").unwrap();
    let event = Event::Operation {
        id: OperationId::at(NOW),
        actions: ["tables.read".to_owned()].into(),
        touches: [touch.to_owned()].into(),
        prepare: false,
        decided: Decided::Allow { rules: Vec::new(), approval: None },
        masks: Vec::new(),
        policy: String::new(),
        digest: String::new(),
        sealed,
    };
    Record { seq: 1, head: String::new(), at: NOW, session: None, n: 1, prev: String::new(), event }
}

fn picks(query: &str, touch: &str) -> bool {
    let record = touching(touch);
    let entry = Entry { record: &record, principal: None, target: None, opened: None };
    Query::parse(query, NOW).unwrap().picks(&entry)
}

#[test]
fn objects_are_found_by_name_and_by_column() {
    let touch = |effect, path: &[&str], columns: Columns| {
        Touch { effect, object: Object::at(path.iter().copied()), columns }.to_string()
    };
    let named = |names: &[&str]| Columns::Named(names.iter().map(|name| (*name).into()).collect());
    let plain = touch(Effect::Read, &["public", "customers"], named(&["id", "email"]));
    let odd = touch(Effect::Read, &["public", "customers"], named(&["x (y", "a, b", "q\"q"]));
    let all = touch(Effect::Write, &["public", "customers"], Columns::All);
    let whole = touch(Effect::Delete, &["public", "a (b"], Columns::None);
    for (query, touch, picked) in [
        ("object:public.customers", &plain, true),
        ("object:public.customers.email", &plain, true),
        ("object:public.customers.phone", &plain, false),
        ("object:*email", &plain, true),
        ("object:public.c*l", &plain, true),
        ("object:public", &plain, false),
        ("effect:read", &plain, true),
        ("effect:delete", &plain, false),
        ("object:public.customers", &odd, true),
        ("object:public.customers.id", &odd, false),
        ("object:public.customers.a", &odd, false),
        ("object:public.customers.email", &all, true),
        ("object:public.orders.email", &all, false),
        ("object:public.a", &whole, false),
        ("object:public.*b*", &whole, true),
    ] {
        assert_eq!(picks(query, touch), picked, "{query} and {touch}");
    }
    assert_eq!(object_of(&odd), "public.customers");
    assert_eq!(object_of(&whole), "public.\"a (b\"");
}

#[test]
fn a_time_is_a_day_a_moment_or_how_long_ago() {
    let since = |text: &str| Query::parse(&format!("since:{text}"), NOW).map(|query| query.since);
    assert_eq!(since("1h"), Ok(Some(Micros(NOW.0.saturating_sub(3_600_000_000)))));
    assert_eq!(since("2025-12-31"), Ok(Micros::parse("2025-12-31T00:00:00Z")));
    assert_eq!(since("2025-12-31T10:00:00Z"), Ok(Micros::parse("2025-12-31T10:00:00Z")));
    for wrong in ["", "tomorrow", "1y", "12:00"] {
        assert!(since(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn whatever_is_picked_is_led_to(
        path in prop::collection::vec("[a-c *().,\"]{1,4}", 1..4),
        columns in prop::collection::btree_set("[a-c *().,\"]{1,4}", 0..3),
        pattern in "[a-c*.]{1,8}",
    ) {
        let columns = if columns.is_empty() {
            Columns::All
        } else {
            Columns::Named(columns.iter().map(|name| name.as_str().into()).collect())
        };
        let object = Object::at(path.iter().map(String::as_str));
        let written = Touch { effect: Effect::Read, object, columns }.to_string();
        if picks(&format!("object:{pattern}"), &written) {
            prop_assert!(objects_for(&pattern).any(|one| matches(one, object_of(&written))), "{pattern} and {written}");
        }
    }

    #[test]
    fn no_text_is_too_odd_for_a_query(text in "\\PC{0,40}") {
        if let Ok(query) = Query::parse(&text, NOW) {
            let record = touching("read a.b (c)");
            let bounded = query.since.is_some() || query.until.is_some();
            let picked = query.picks(&Entry { record: &record, principal: None, target: None, opened: None });
            prop_assert!(picked || bounded || !query.terms.is_empty(), "nothing is asked of it");
        }
    }
}
