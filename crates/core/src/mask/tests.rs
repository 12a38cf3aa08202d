//! What becomes of a cell, and which operations cannot be masked for certain.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use super::{Cell, Guarding, Lifts, Lineage, Mask, MaskKind, MaskSet, Masked, Predicates, Pseudonyms, partial};
use crate::operation::{Columns, Given, Operation, Output, Outputs, Reading, Uses, Value};
use crate::policy::pattern::ColumnPattern;
use crate::secret::Secret;
use crate::tests::{TABLES, column, columns, object, operation};
use crate::{Code, Column, Effect, Object, Touch};

fn mask(name: &str, kind: MaskKind) -> Arc<Mask> {
    let (predicates, writes) = (Predicates::Deny, Guarding::Deny);
    let mask = Mask { name: name.into(), kind, predicates, writes, domain: name.into(), pseudonym: None };
    Arc::new(mask.keyed(&Pseudonyms::derive(&Secret::new(vec![7; 32])).unwrap()))
}

fn set(masks: &[(&str, &Arc<Mask>)]) -> MaskSet {
    let entries = masks.iter().flat_map(|(pattern, mask)| {
        let patterns = ColumnPattern::parse(pattern, TABLES.shape).unwrap();
        patterns.into_iter().map(|pattern| (pattern, Arc::clone(mask)))
    });
    MaskSet::new(entries.collect())
}

fn pii() -> MaskSet {
    set(&[
        ("public.customers.{email,phone}", &mask("pii", MaskKind::Partial { keep_last: 4 })),
        ("*.*.{ssn,token}", &mask("secrets", MaskKind::Fixed)),
    ])
}

#[test]
fn a_cell_under_each_kind() {
    use Cell::{Json, Null, Other, Text, Unreadable};
    let replaced = |text: &str| Masked::Replace(text.to_owned());
    let four = MaskKind::Partial { keep_last: 4 };
    let none = MaskKind::Partial { keep_last: 0 };
    let table: &[(MaskKind, Cell<'_>, Masked)] = &[
        (MaskKind::Null, Text("ann@x.test"), Masked::Omit),
        (MaskKind::Null, Text(""), Masked::Omit),
        (MaskKind::Null, Json, Masked::Omit),
        (MaskKind::Null, Other, Masked::Omit),
        (MaskKind::Null, Null, Masked::Keep),
        (MaskKind::Null, Unreadable, Masked::Abort),
        (MaskKind::Fixed, Text("ann@x.test"), replaced("***")),
        (MaskKind::Fixed, Text(""), replaced("***")),
        (MaskKind::Fixed, Json, replaced("\"***\"")),
        (MaskKind::Fixed, Other, Masked::Omit),
        (MaskKind::Fixed, Null, Masked::Keep),
        (MaskKind::Fixed, Unreadable, Masked::Abort),
        (four, Text("ann@x.test"), replaced("******test")),
        (four, Text("12345678"), replaced("****5678")),
        (four, Text("1234567"), replaced("****567")),
        (four, Text("1234"), replaced("**34")),
        (four, Text("123"), replaced("**3")),
        (four, Text("1"), replaced("*")),
        (four, Text(""), replaced("")),
        (four, Text("größe größer"), replaced("********ößer")),
        (four, Text("名前名前名前名前"), replaced("****名前名前")),
        (four, Text("🚪🚪"), replaced("*🚪")),
        (four, Json, replaced("\"***\"")),
        (four, Other, Masked::Omit),
        (four, Null, Masked::Keep),
        (four, Unreadable, Masked::Abort),
        (none, Text("12345678"), replaced("********")),
        (MaskKind::Partial { keep_last: usize::MAX }, Text("123456"), replaced("***456")),
    ];
    for (kind, cell, expected) in table {
        assert_eq!(mask("m", *kind).apply(*cell), *expected, "{kind:?} on {cell:?}");
    }
}

#[test]
fn of_several_masks_the_strictest_binds() {
    let four = mask("four", MaskKind::Partial { keep_last: 4 });
    let two = mask("two", MaskKind::Partial { keep_last: 2 });
    let fixed = mask("fixed", MaskKind::Fixed);
    let null = mask("null", MaskKind::Null);
    let zero = mask("zero", MaskKind::Partial { keep_last: 0 });
    let email = column("public.customers.email");
    for (one, other, wins) in [
        (&four, &two, "two"),
        (&two, &four, "two"),
        (&two, &fixed, "fixed"),
        (&fixed, &null, "null"),
        (&null, &four, "null"),
        (&zero, &fixed, "fixed"),
        (&zero, &two, "zero"),
    ] {
        let both = set(&[("public.customers.email", one), ("*.*.email", other)]);
        assert_eq!(&*both.of(&email).unwrap().name, wins);
    }
}

#[test]
fn a_mask_binds_the_columns_it_names() {
    let masks = set(&[
        ("public.customers.{email,phone}", &mask("pii", MaskKind::Fixed)),
        ("*.*.ssn", &mask("ssn", MaskKind::Fixed)),
        ("main/audit.*.*", &mask("audit", MaskKind::Null)),
    ]);
    let table: &[(Column, Option<&str>)] = &[
        (column("public.customers.email"), Some("pii")),
        (column("public.customers.phone"), Some("pii")),
        (column("public.customers.id"), None),
        (column("public.customers.Email"), None),
        (column("public.customers_old.email"), None),
        (column("private.customers.email"), None),
        (column("any.thing.ssn"), Some("ssn")),
        (Column { object: object("audit.log").within("main"), name: "x".into() }, Some("audit")),
        (Column { object: object("audit.log").within("other"), name: "x".into() }, None),
        // a database that nobody stated may be the one
        (column("audit.log.x"), Some("audit")),
    ];
    for (column, expected) in table {
        assert_eq!(masks.of(column).map(|mask| &*mask.name), *expected, "{column}");
    }
    assert!(masks.within(&object("public.orders")).is_some(), "it may have a column `ssn`");
    let named = set(&[("public.customers.email", &mask("pii", MaskKind::Fixed))]);
    for (path, bound) in [("public.customers", true), ("public", true), ("public.orders", false), ("private", false)] {
        assert_eq!(named.within(&object(path)).is_some(), bound, "{path}");
    }
    assert!(MaskSet::default().is_empty() && !masks.is_empty());
}

/// A read of `public.customers` that answers so.
fn reading(outputs: Outputs) -> Operation {
    let touch = Touch::columns(Effect::Read, object("public.customers"), ["id", "email"]);
    operation("tables.read", vec![touch]).but(|deed| deed.outputs = outputs)
}

fn bare(path: &str) -> Output {
    Output::Bare(column(path))
}

fn derived(from: &[&str]) -> Output {
    Output::Derived { label: "left(email, 5)".to_owned(), from: columns(from) }
}

fn unknown() -> Output {
    Output::Unknown { label: "x".to_owned() }
}

/// The names of the masks that cover something in it, or the code it is refused with.
fn screened(masks: &MaskSet, operation: &Operation) -> Result<Vec<String>, Code> {
    let found = masks.screen(operation).map_err(|denial| denial.code)?;
    Ok(found.iter().map(|mask| mask.name.to_string()).collect())
}

#[test]
fn every_kind_of_reply_is_screened() {
    let (email, id) = ("public.customers.email", "public.customers.id");
    let refused = Err(Code::MaskedOutput);
    let free = || Ok(Vec::new());
    let table = vec![
        ("nothing", Outputs::Nothing, free()),
        ("unknown", Outputs::Unknown, refused.clone()),
        ("no cell", Outputs::Cells(vec![]), free()),
        ("a free cell", Outputs::Cells(vec![bare(id)]), free()),
        ("a masked cell", Outputs::Cells(vec![bare(id), bare(email)]), Ok(vec!["pii".to_owned()])),
        (
            "two masks, each once",
            Outputs::Cells(vec![bare("any.t.ssn"), bare(email), bare("any.t.token"), bare(email)]),
            Ok(vec!["pii".to_owned(), "secrets".to_owned()]),
        ),
        ("derived from nothing", Outputs::Cells(vec![derived(&[])]), free()),
        ("derived from what is free", Outputs::Cells(vec![derived(&[id])]), free()),
        ("derived from what is masked", Outputs::Cells(vec![derived(&[id, email])]), refused.clone()),
        ("a cell of unknown origin", Outputs::Cells(vec![bare(id), unknown()]), refused.clone()),
        ("a free stream", Outputs::Stream(vec![bare(id), derived(&[id])]), free()),
        ("a masked stream", Outputs::Stream(vec![bare(email)]), refused.clone()),
        ("a derived stream", Outputs::Stream(vec![derived(&[email])]), refused.clone()),
        ("a stream of unknown origin", Outputs::Stream(vec![unknown()]), refused.clone()),
    ];
    for (what, outputs, expected) in table {
        assert_eq!(screened(&pii(), &reading(outputs.clone())), expected, "{what}");
        assert_eq!(screened(&MaskSet::default(), &reading(outputs)), free(), "{what}, without masks");
    }
}

#[test]
fn what_is_unknown_is_refused_only_where_masks_are_near() {
    let near = set(&[("public.customers.email", &mask("pii", MaskKind::Fixed))]);
    let touching = |touch: Touch| operation("tables.read", vec![touch]).but(|deed| deed.outputs = Outputs::Unknown);
    let read = |path: &str| touching(Touch::whole(Effect::Read, object(path)));
    assert_eq!(screened(&near, &read("public.orders")), Ok(vec![]));
    assert_eq!(screened(&near, &read("public.customers")), Err(Code::MaskedOutput));
    assert_eq!(screened(&near, &read("public")), Err(Code::MaskedOutput));
    assert_eq!(
        screened(&near, &touching(Touch::whole(Effect::Delete, object("public.customers")))),
        Err(Code::MaskedOutput)
    );
    assert_eq!(screened(&near, &touching(Touch::whole(Effect::Session, object("public.customers")))), Ok(vec![]));
}

#[test]
fn what_was_not_read_wholly_is_refused_under_any_mask() {
    let opaque = reading(Outputs::Nothing).but(|deed| deed.reading = Reading::Opaque("it is dynamic".to_owned()));
    assert_eq!(screened(&pii(), &opaque), Err(Code::MaskedOutput));
    assert_eq!(screened(&MaskSet::default(), &opaque), Ok(vec![]));
    let far = set(&[("other.table.x", &mask("far", MaskKind::Fixed))]);
    assert_eq!(screened(&far, &opaque), Err(Code::MaskedOutput));
}

#[test]
fn hidden_code_is_refused_under_any_mask() {
    let uses = Uses { hidden: BTreeSet::from(["public.leak".to_owned()]), ..Uses::default() };
    let hiding = reading(Outputs::Nothing).but(|deed| deed.uses = uses);
    let far = set(&[("other.table.x", &mask("far", MaskKind::Fixed))]);
    let denial = far.screen(&hiding).unwrap_err();
    assert_eq!(denial.code, Code::MaskedOutput);
    assert!(denial.message.contains("public.leak"), "{}", denial.message);
    assert_eq!(screened(&MaskSet::default(), &hiding), Ok(vec![]));
}

#[test]
fn uses_of_a_masked_column_are_refused_as_its_mask_says() {
    let used = |consulted: &[&str], stored: &[&str], overwritten: &[&str]| {
        let uses = Uses {
            consulted: columns(consulted),
            stored: columns(stored),
            overwritten: columns(overwritten),
            ..Uses::default()
        };
        reading(Outputs::Nothing).but(|deed| deed.uses = uses)
    };
    let (email, id) = ("public.customers.email", "public.customers.id");
    let lax = set(&[(
        "public.customers.email",
        &Arc::new(Mask {
            predicates: Predicates::Allow,
            writes: Guarding::Allow,
            ..Mask::clone(&mask("lax", MaskKind::Null))
        }),
    )]);
    let strict = pii();
    for (what, operation, by_strict, by_lax) in [
        ("consulted", used(&[id, email], &[], &[]), Err(Code::MaskedPredicate), Ok(vec![])),
        ("stored", used(&[], &[email], &[]), Err(Code::MaskedWrite), Err(Code::MaskedWrite)),
        ("overwritten", used(&[], &[], &[email]), Err(Code::MaskedWrite), Ok(vec![])),
        ("free ones", used(&[id], &[id], &[id]), Ok(vec![]), Ok(vec![])),
    ] {
        assert_eq!(screened(&strict, &operation), by_strict, "{what}");
        assert_eq!(screened(&lax, &operation), by_lax, "{what}, where the mask allows it");
        assert_eq!(screened(&MaskSet::default(), &operation), Ok(vec![]), "{what}, without masks");
    }
    // the mask that shows least is not the one that refuses
    let lax = lax.entries.iter();
    let both = MaskSet::new(lax.chain(strict.entries.iter()).cloned().collect());
    assert_eq!(&*both.of(&column(email)).unwrap().name, "lax");
    assert_eq!(screened(&both, &used(&[email], &[], &[])), Err(Code::MaskedPredicate));
    assert_eq!(screened(&both, &used(&[], &[], &[email])), Err(Code::MaskedWrite));
}

#[test]
fn an_image_is_not_written() {
    let email = "public.customers.email";
    let given = |value: Value, textual: bool| {
        let given = [(column(email), BTreeSet::from([Given { value, textual }]))].into();
        reading(Outputs::Nothing).but(|deed| deed.uses = Uses { given, ..Uses::default() })
    };
    let replacing = |operation: Operation| operation.but(|deed| deed.uses.overwritten = columns(&[email]));
    let lax = |kind| set(&[(email, &Arc::new(Mask { writes: Guarding::Allow, ..Mask::clone(&mask("lax", kind)) }))]);
    let [null, fixed] = [MaskKind::Null, MaskKind::Fixed].map(lax);
    let partial = lax(MaskKind::Partial { keep_last: 4 });
    let text = |text: &str| given(Value::Text(text.into()), true);
    for (masks, operation, fits) in [
        (&partial, text("****1234"), false),
        (&partial, text("***  "), false),
        (&partial, text("****12345"), true),
        (&partial, text(""), true),
        (&fixed, text("***"), false),
        (&fixed, text("\"***\""), false),
        (&fixed, text("****"), true),
        (&partial, text("{abcd,\"****cret\"}"), false),
        (&partial, text("{abcd,a*,{b}}"), true),
        (&fixed, text("{{***,x},{NULL,y}}"), false),
        (&fixed, text("{\"a\": \"***\"}"), true),
        (&fixed, given(Value::Text("{***}".into()), false), true),
        (&null, text("***"), true),
        (&null, given(Value::Null, true), true),
        (&null, replacing(given(Value::Null, true)), false),
        (&fixed, replacing(given(Value::Null, true)), true),
        (&fixed, replacing(given(Value::Null, false)), false),
    ] {
        let expected = if fits { Ok(vec![]) } else { Err(Code::MaskedWrite) };
        assert_eq!(screened(masks, &operation), expected, "{:?}", operation.uses);
    }
    let bound = |operation: Operation, value: Option<&'static [u8]>| {
        let parameters = vec![None, value.map(Bytes::from_static)];
        fixed.screen_parameters(&Operation { parameters, ..operation }).is_ok()
    };
    let second = |textual| given(Value::Parameter(1), textual);
    assert!(!bound(second(true), Some(b"***")));
    assert!(!bound(second(true), Some(b"\x01\"***\"")));
    let array = b"\0\0\0\x01\0\0\0\0\0\0\0\x19\0\0\0\x02\0\0\0\x01\0\0\0\x01a\0\0\0\x03***";
    assert!(!bound(second(true), Some(array)) && bound(second(false), Some(array)));
    assert!(!bound(second(true), Some(b"{x,***}")) && bound(second(true), Some(b"line\n***")));
    assert!(bound(second(true), Some(b"free")) && bound(second(true), None) && bound(second(true), Some(b"\xff***")));
    assert!(bound(replacing(second(true)), None) && !bound(replacing(second(false)), None));
    assert!(bound(given(Value::Parameter(2), true), Some(b"***")), "it is not there");
}

/// An image stands in the place of a column, or of every column of a view that shows it.
fn veiling(places: &[(&str, &[&str])], uses: Uses) -> Operation {
    let veils = places.iter().map(|(of, places)| (column(of), columns(places))).collect();
    reading(Outputs::Nothing).but(|deed| deed.uses = Uses { veils, ..uses })
}

#[test]
fn what_is_computed_on_the_way_counts_as_shown() {
    let email = "public.customers.email";
    let computed = || Uses { computed: columns(&[email]), ..Uses::default() };
    assert_eq!(screened(&pii(), &veiling(&[], computed())), Err(Code::MaskedPredicate));
    assert_eq!(screened(&pii(), &veiling(&[(email, &[email])], computed())), Ok(vec![]), "it is computed of an image");
    let lax = Mask { predicates: Predicates::Allow, ..Mask::clone(&mask("lax", MaskKind::Fixed)) };
    assert_eq!(screened(&set(&[(email, &Arc::new(lax))]), &veiling(&[], computed())), Ok(vec![]));
}

#[test]
fn what_is_made_of_an_image_may_be_shown() {
    let [email, view] = ["public.customers.email", "public.contacts.mail"];
    let derived = Outputs::Cells(vec![derived(&[email])]);
    let shows = |masks: &MaskSet, places: &[(&str, &[&str])]| {
        screened(masks, &veiling(places, Uses::default()).but(|deed| deed.outputs = derived.clone()))
    };
    let both = set(&[(email, &mask("one", MaskKind::Fixed)), (view, &mask("two", MaskKind::Null))]);
    assert_eq!(shows(&both, &[]), Err(Code::MaskedOutput));
    assert_eq!(shows(&both, &[(email, &[email])]), Ok(vec!["one".to_owned()]));
    // behind a view the image has to stand in the view's column, and there only where that is masked as well
    assert_eq!(shows(&both, &[(email, &[view]), (view, &[view])]), Ok(vec!["one".to_owned()]));
    let one = set(&[(email, &mask("one", MaskKind::Fixed))]);
    assert_eq!(shows(&one, &[(email, &[view]), (view, &[view])]), Err(Code::MaskedOutput));
    assert_eq!(shows(&one, &[(email, &[])]), Err(Code::MaskedOutput));
    let lax = Mask { predicates: Predicates::Allow, ..Mask::clone(&mask("lax", MaskKind::Fixed)) };
    assert_eq!(shows(&set(&[(email, &Arc::new(lax))]), &[(email, &[email])]), Err(Code::MaskedOutput));
}

#[test]
fn conditions_see_an_image_where_there_is_one() {
    let email = "public.customers.email";
    let asked = || Uses { consulted: columns(&[email]), ..Uses::default() };
    let seeing = Mask { predicates: Predicates::Mask, ..Mask::clone(&mask("seeing", MaskKind::Fixed)) };
    let masks = set(&[(email, &Arc::new(seeing))]);
    assert_eq!(screened(&masks, &veiling(&[(email, &[email])], asked())), Ok(vec![]));
    assert_eq!(screened(&masks, &veiling(&[], asked())), Err(Code::MaskedPredicate));
    assert_eq!(screened(&pii(), &veiling(&[(email, &[email])], asked())), Err(Code::MaskedPredicate));
}

#[test]
fn an_image_is_told_from_a_value() {
    let four = mask("m", MaskKind::Partial { keep_last: 4 });
    let fixed = mask("m", MaskKind::Fixed);
    for (mask, image) in [(&four, "******test"), (&four, "**34"), (&four, "*"), (&four, ""), (&four, "**3  ")] {
        assert!(mask.may_be_image(image), "`{image}`");
    }
    for (mask, image) in [(&fixed, "***"), (&fixed, "**"), (&fixed, "***   ")] {
        assert!(mask.may_be_image(image), "`{image}`");
    }
    for (mask, value) in [(&four, "ann@x.test"), (&four, "a"), (&four, "*****xtest"), (&fixed, "****"), (&fixed, "x")] {
        assert!(!mask.may_be_image(value), "`{value}`");
    }
    assert!(!mask("m", MaskKind::Null).may_be_image(""));
    let all = "größe größer 1234";
    let Masked::Replace(image) = four.apply(Cell::Text(all)) else { panic!("a text is replaced") };
    assert!(four.may_be_image(&image) && !four.may_be_image(all));
}

#[test]
fn refusals_name_the_part_the_column_and_the_mask() {
    let outputs = Outputs::Cells(vec![bare("public.customers.id"), derived(&["public.customers.email"])]);
    let denial = pii().screen(&reading(outputs)).unwrap_err();
    insta::assert_snapshot!(
        format!("{}\nhint: {}", denial.message, denial.hint.unwrap()),
        @"
    output column 2 (`left(email, 5)`) is computed from public.customers.email, which is masked for you by mask `pii`
    hint: select the column as it is: it comes masked
    "
    );
}

/// A view that shows `public.customers` under other names.
struct View;

impl Lineage for View {
    fn columns(&self) -> Vec<Column> {
        columns(&["public.customers.id", "public.customers.email", "public.v.id", "public.v.mail"])
            .into_iter()
            .collect()
    }

    fn kin(&self, column: &Column) -> Vec<Column> {
        match &*column.name {
            "email" => columns(&["public.customers.email", "public.v.mail"]).into_iter().collect(),
            "id" => columns(&["public.v.id"]).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn copies(&self, column: &Column) -> Vec<Column> {
        self.kin(column)
    }
}

/// Whatever is masked is in all that there is, unless its database is another.
#[test]
fn who_takes_everything_takes_what_is_masked() {
    let taken = |object: Object| {
        let touches = vec![Touch { effect: Effect::Read, object, columns: Columns::All }];
        operation("tables.read", touches).but(|deed| deed.outputs = Outputs::Unknown)
    };
    let masks = set(&[("main/public.customers.email", &mask("pii", MaskKind::Fixed))]);
    assert_eq!(screened(&masks, &taken(Object::everything())), Err(Code::MaskedOutput));
    assert_eq!(screened(&masks, &taken(Object::everything().within("main"))), Err(Code::MaskedOutput));
    assert_eq!(screened(&masks, &taken(Object::everything().within("other"))), Ok(Vec::new()));
    let mut lifts = Lifts::default();
    lifts.note(&"pii".into(), &Object::everything(), None, true);
    assert_eq!(screened(&masks.lifting(lifts), &taken(Object::everything())), Ok(Vec::new()));
}

#[test]
fn masks_follow_the_data_to_other_names() {
    let lax = Mask { predicates: Predicates::Allow, ..Mask::clone(&mask("lax", MaskKind::Null)) };
    let both = set(&[
        ("public.customers.email", &Arc::new(lax)),
        ("public.customers.email", &mask("strict", MaskKind::Fixed)),
    ]);
    let mail = column("public.v.mail");
    assert_eq!(both.of(&mail), None);
    let closed = both.closed(&View);
    assert_eq!(&*closed.of(&mail).unwrap().name, "lax");
    assert_eq!(closed.of(&column("public.v.id")), None);
    assert_eq!(closed.of(&column("public.v.email")), None);
    assert!(closed.within(&object("public.v")).is_some());
    // each mask comes along, not only the one that shows least
    let uses = Uses { consulted: columns(&["public.v.mail"]), ..Uses::default() };
    let consulting =
        operation("tables.read", vec![Touch::whole(Effect::Read, object("public.v"))]).but(|deed| deed.uses = uses);
    assert_eq!(screened(&closed, &consulting), Err(Code::MaskedPredicate));
    assert!(MaskSet::default().closed(&View).is_empty());
}

#[test]
fn what_is_written_down_does_not_quote_the_client() {
    let hidden = Uses { hidden: BTreeSet::from(["left(email, 5)".to_owned()]), ..Uses::default() };
    let refusals = [
        reading(Outputs::Nothing).but(|deed| deed.uses = hidden),
        reading(Outputs::Cells(vec![derived(&["public.customers.email"])])),
        reading(Outputs::Cells(vec![Output::Unknown { label: "left(email, 5)".to_owned() }])),
        reading(Outputs::Nothing).but(|deed| deed.reading = Reading::Opaque("near `left(email, 5)`".to_owned())),
    ];
    for operation in refusals {
        let denial = pii().screen(&operation).unwrap_err();
        assert!(denial.message.contains("`left(email, 5)`"), "{}", denial.message);
        let recorded = denial.recorded.unwrap();
        assert!(!recorded.contains("left"), "{recorded}");
    }
}

proptest! {
    #[test]
    fn a_partial_mask_keeps_at_most_half_and_only_the_end(text in "\\PC{0,24}", keep in 0..30_usize) {
        let shown = partial(&text, keep);
        let (before, after): (Vec<char>, Vec<char>) = (text.chars().collect(), shown.chars().collect());
        prop_assert_eq!(before.len(), after.len());
        let kept = keep.min(before.len() / 2);
        let hidden = before.len().saturating_sub(kept);
        prop_assert!(after[..hidden].iter().all(|c| *c == '*'));
        prop_assert_eq!(&after[hidden..], &before[hidden..]);
    }

    #[test]
    fn no_mask_lets_a_text_through(text in "[^*]{1,24}", keep in 0..30_usize) {
        for kind in [MaskKind::Null, MaskKind::Fixed, MaskKind::Partial { keep_last: keep }] {
            match mask("m", kind).apply(Cell::Text(&text)) {
                Masked::Omit => {}
                Masked::Replace(shown) => prop_assert_ne!(&shown, &text),
                Masked::Keep | Masked::Abort => prop_assert!(false, "{kind:?}"),
            }
        }
    }
}
