//! A row is read and rewritten by the same understanding of it.
//!
//! Whatever the bytes: no panic, and nothing written of a row that cannot be read.
#![no_main]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use postern_protocols::postgres::wire::WireError;
use postern_protocols::postgres::wire::frame::HEADER;
use postern_protocols::postgres::wire::row::{self, Cell};

fn read(body: &[u8]) -> Result<Vec<Option<&[u8]>>, WireError> {
    row::cells(body).collect()
}

fuzz_target!(|body: &[u8]| {
    let cells = read(body);

    let mut kept = BytesMut::new();
    let written = row::rewrite(body, |_, _| Cell::Keep, &mut kept);
    assert_eq!(written.clone().err(), cells.clone().err());
    let Ok(cells) = cells else {
        assert!(kept.is_empty());
        return;
    };
    assert_eq!(&kept[HEADER..], body);

    let mask = Bytes::from_static(b"***");
    let change = |index: usize, _: Option<&[u8]>| match index % 3 {
        0 => Cell::Value(mask.clone()),
        1 => Cell::Keep,
        _ => Cell::Null,
    };
    let mut masked = BytesMut::new();
    row::rewrite(body, change, &mut masked).expect("the row was read");
    let masked = read(&masked[HEADER..]).expect("the row was written");
    assert_eq!(masked.len(), cells.len());
    for (index, (after, before)) in masked.into_iter().zip(cells).enumerate() {
        let expected = match index % 3 {
            0 => Some(&mask[..]),
            1 => before,
            _ => None,
        };
        assert_eq!(after, expected);
    }
});
