use proptest::prelude::*;

use super::super::frame::{self, Limit};
use super::super::tests::any;
use super::*;

fn body(row: &[Option<Bytes>]) -> Bytes {
    let mut out = BytesMut::new();
    encode(row.iter().map(Option::as_deref), &mut out).unwrap();
    let frame = frame::next(&mut out, Limit::SERVER).unwrap().unwrap();
    assert!(out.is_empty());
    frame.body()
}

fn read(body: &[u8]) -> Result<Vec<Option<Bytes>>, WireError> {
    cells(body).map(|cell| cell.map(|cell| cell.map(Bytes::copy_from_slice))).collect()
}

/// The row after `change`, or the error that `rewrite` gives.
fn rewritten(body: &[u8], change: impl FnMut(usize, Option<&[u8]>) -> Cell) -> Result<Vec<Option<Bytes>>, WireError> {
    let mut out = BytesMut::new();
    rewrite(body, change, &mut out)?;
    let frame = frame::next(&mut out, Limit::SERVER).unwrap().unwrap();
    assert!(out.is_empty());
    read(&frame.body())
}

fn some(text: &'static str) -> Option<Bytes> {
    Some(Bytes::from_static(text.as_bytes()))
}

#[test]
fn cells_are_read_in_place() {
    let body = body(&[some("7"), None, some(""), some("ann@example.com")]);
    let seen: Vec<_> = cells(&body).map(Result::unwrap).collect();
    assert_eq!(seen, [Some(&b"7"[..]), None, Some(b""), Some(b"ann@example.com")]);
    assert_eq!(seen[3].unwrap().as_ptr(), body[body.len() - 15..].as_ptr());
    assert_eq!(read(&[0, 0]), Ok(Vec::new()));
}

#[test]
fn what_is_not_a_row() {
    let what = "data row";
    let truncated = WireError::Truncated { what };
    let negative = WireError::Malformed { what, field: "value length" };
    let cases: [(&[u8], WireError); 10] = [
        (&[], truncated.clone()),
        (&[0], truncated.clone()),
        (&[0, 1], WireError::Count { what, count: 1 }),
        (&[0xff, 0xff, 0, 0, 0, 0], WireError::Count { what, count: 65_535 }),
        (&[0, 1, 0, 0, 0, 2, b'a'], truncated.clone()),
        (&[0, 1, 0x7f, 0xff, 0xff, 0xff, b'a'], truncated),
        (&[0, 1, 0xff, 0xff, 0xff, 0xfe], negative.clone()),
        (&[0, 1, 0x80, 0, 0, 0], negative),
        (&[0, 0, 0], WireError::Trailing { what, count: 1 }),
        (&[0, 1, 0, 0, 0, 1, b'a', b'b', b'c'], WireError::Trailing { what, count: 2 }),
    ];
    for (body, expected) in cases {
        let mut seen = cells(body);
        assert_eq!(seen.find_map(Result::err), Some(expected.clone()), "{body:?}");
        assert_eq!(seen.next(), None, "the first error is the last item");
        assert_eq!(rewritten(body, |_, _| Cell::Keep), Err(expected.clone()));
        assert_eq!(rewritten(body, |_, _| Cell::Null), Err(expected), "{body:?}");
    }
}

#[test]
fn a_row_that_cannot_be_rewritten_appends_nothing() {
    let mut out = BytesMut::from(&b"before"[..]);
    let body = [0, 2, 0, 0, 0, 1, b'a', 0, 0, 0, 9, b'b'];
    assert!(rewrite(&body, |_, _| Cell::Null, &mut out).is_err());
    assert!(encode(std::iter::repeat_n(None, 65_536), &mut out).is_err());
    assert_eq!(out, &b"before"[..]);
}

#[test]
fn cells_are_kept_nulled_and_replaced() {
    let body = body(&[some("7"), some("ann@example.com"), None, some("x"), some("y")]);
    let mask = Bytes::from_static(b"***");
    let change = |index, cell: Option<&[u8]>| match (index, cell) {
        (1, Some(b"ann@example.com")) | (2, None) => Cell::Value(mask.clone()),
        (4, Some(b"y")) => Cell::Null,
        _ => Cell::Keep,
    };
    assert_eq!(rewritten(&body, change), Ok(vec![some("7"), some("***"), some("***"), some("x"), None]));
}

fn change() -> impl Strategy<Value = Cell> {
    prop_oneof![
        2 => Just(Cell::Keep),
        1 => Just(Cell::Null),
        1 => any::bytes(10).prop_map(Cell::Value),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read(row in any::cells()) {
        prop_assert_eq!(read(&body(&row)), Ok(row));
    }

    #[test]
    fn a_row_kept_whole_is_the_same_bytes(row in any::cells()) {
        let body = body(&row);
        let mut out = BytesMut::new();
        rewrite(&body, |_, _| Cell::Keep, &mut out).unwrap();
        prop_assert_eq!(&out[frame::HEADER..], &body[..]);
    }

    #[test]
    fn each_cell_becomes_what_is_said(
        cells in prop::collection::vec((prop::option::of(any::bytes(10)), change()), 0..6),
    ) {
        let (row, changes): (Vec<_>, Vec<_>) = cells.into_iter().unzip();
        let mut seen = Vec::new();
        let after = rewritten(&body(&row), |index, cell| {
            seen.push(cell.map(Bytes::copy_from_slice));
            changes[index].clone()
        });
        let expected = row.iter().zip(&changes).map(|(cell, change)| match change {
            Cell::Keep => cell.clone(),
            Cell::Null => None,
            Cell::Value(value) => Some(value.clone()),
        });
        prop_assert_eq!(after, Ok(expected.collect::<Vec<_>>()));
        prop_assert_eq!(seen, row);
    }

    #[test]
    fn a_row_cut_anywhere_or_continued_is_an_error(row in any::cells(), more: u8) {
        let body = body(&row);
        for end in 0..body.len() {
            prop_assert!(read(&body[..end]).is_err());
            prop_assert!(rewritten(&body[..end], |_, _| Cell::Null).is_err());
        }
        prop_assert!(read(&[&body[..], &[more]].concat()).is_err());
    }

    #[test]
    fn both_readers_agree_on_any_bytes(count in 0..4_u16, body in any::bytes(40)) {
        let body = [&count.to_be_bytes(), &body[..]].concat();
        prop_assert_eq!(read(&body), rewritten(&body, |_, _| Cell::Keep));
    }
}
