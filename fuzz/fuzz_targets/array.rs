//! Arrays, text and binary, are read and rewritten by the same understanding of them.
//!
//! Whatever the bytes: no panic, and nothing written of an array that cannot be read.
#![no_main]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use postern_protocols::postgres::wire::Cell;
use postern_protocols::postgres::wire::array::{binary, text};

/// Puts the element in again, as if a mask had come to the same value.
fn same(_: usize, element: Option<&[u8]>) -> Cell {
    element.map_or(Cell::Null, |element| Cell::Value(Bytes::copy_from_slice(element)))
}

fn text(literal: &[u8]) {
    let mut kept = BytesMut::new();
    let elements = text::elements(literal, text::DELIMITER);
    let written = text::rewrite(literal, text::DELIMITER, |_, _| Cell::Keep, &mut kept);
    assert_eq!(written.err(), elements.clone().err());
    let Ok(elements) = elements else {
        assert!(kept.is_empty());
        return;
    };
    assert_eq!(kept, literal);

    let mut again = BytesMut::new();
    text::rewrite(literal, text::DELIMITER, same, &mut again).expect("the literal was read");
    assert_eq!(text::elements(&again, text::DELIMITER), Ok(elements));
}

fn binary(value: &[u8]) {
    let mut kept = BytesMut::new();
    let array = binary::decode(value);
    let written = binary::rewrite(value, |_, _| Cell::Keep, &mut kept);
    assert_eq!(written.err(), array.clone().err());
    let Ok(array) = array else {
        assert!(kept.is_empty());
        return;
    };
    assert_eq!(kept, value);

    let mut again = BytesMut::new();
    binary::rewrite(value, same, &mut again).expect("the array was read");
    assert_eq!(binary::decode(&again), Ok(array));
}

fuzz_target!(|data: &[u8]| {
    text(data);
    binary(data);
});
