use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};
use proptest::prelude::*;

use super::super::error::WireError;
use super::super::row::Cell;
use super::super::tests::any;
use super::*;

fn texts(literal: &str) -> Result<Vec<Option<String>>, WireError> {
    let string = |text: Cow<'_, [u8]>| String::from_utf8(text.into_owned()).unwrap();
    let elements = text::elements(literal.as_bytes(), text::DELIMITER)?;
    Ok(elements.into_iter().map(|element| element.map(string)).collect())
}

fn masked(literal: &str, mask: &Cell) -> Result<String, WireError> {
    let mut out = BytesMut::new();
    let change = |_, element: Option<&[u8]>| match element {
        None => Cell::Keep,
        Some(_) => mask.clone(),
    };
    text::rewrite(literal.as_bytes(), text::DELIMITER, change, &mut out)?;
    Ok(String::from_utf8(out.to_vec()).unwrap())
}

#[test]
fn elements_of_what_a_server_writes() {
    let cases: [(&str, &[Option<&str>]); 12] = [
        ("{}", &[]),
        ("{a}", &[Some("a")]),
        ("{a,NULL,b}", &[Some("a"), None, Some("b")]),
        (r#"{"NULL",null}"#, &[Some("NULL"), None]),
        (r#"{"","a b","a,b","{}"}"#, &[Some(""), Some("a b"), Some("a,b"), Some("{}")]),
        (r#"{"say \"hi\"","a\\b","\\","\""}"#, &[Some(r#"say "hi""#), Some(r"a\b"), Some(r"\"), Some(r#"""#)]),
        ("{{a,b},{c,NULL}}", &[Some("a"), Some("b"), Some("c"), None]),
        ("{{{1}},{{2}}}", &[Some("1"), Some("2")]),
        ("{{{{{{x}}}}}}", &[Some("x")]),
        ("[0:1]={a,b}", &[Some("a"), Some("b")]),
        ("[-1:0][2:2]={{a},{b}}", &[Some("a"), Some("b")]),
        ("{καλή,naïve}", &[Some("καλή"), Some("naïve")]),
    ];
    for (literal, expected) in cases {
        let expected = expected.iter().map(|element| element.map(str::to_owned)).collect();
        assert_eq!(texts(literal), Ok(expected), "{literal}");
        assert_eq!(masked(literal, &Cell::Keep).as_deref(), Ok(literal));
    }
}

#[test]
fn what_is_not_a_literal() {
    let what = "text array";
    let truncated = || WireError::Truncated { what };
    let malformed = |field| WireError::Malformed { what, field };
    let dimensions = || malformed("number of dimensions");
    let cases = [
        ("", truncated()),
        ("{", truncated()),
        ("{a", truncated()),
        ("{a,", truncated()),
        (r#"{"a"#, truncated()),
        (r#"{"a\"#, truncated()),
        ("{{a}", truncated()),
        ("a", dimensions()),
        ("{a}}", WireError::Trailing { what, count: 1 }),
        ("{}{}", malformed("element")),
        ("{a}b", WireError::Trailing { what, count: 1 }),
        ("{,}", malformed("element")),
        ("{a,}", malformed("element")),
        ("{a, b}", malformed("element")),
        ("{a\\,b}", malformed("element")),
        ("{a{b}", malformed("element")),
        (r#"{"a"b}"#, malformed("delimiter")),
        (r#"{a"b"}"#, malformed("element")),
        ("{{a}b}", malformed("delimiter")),
        ("{{a},b}", dimensions()),
        ("{a,{b}}", dimensions()),
        ("{{a,b},{c}}", malformed("length of a sub-array")),
        ("{{{{{{{x}}}}}}}", dimensions()),
        ("[1:2]={a}", malformed("bound")),
        ("[1:1]={{a}}", malformed("bound")),
        ("[1:0]={a}", malformed("bound")),
        ("[1:1]{a}", malformed("bound")),
        ("[1]={a}", malformed("bound")),
        ("[:]={a}", malformed("bound")),
        ("[-2147483648:2147483647]={a}", malformed("bound")),
        ("[1:99999999999]={a}", malformed("bound")),
        ("[1:1][1:1][1:1][1:1][1:1][1:1][1:1]={a}", dimensions()),
    ];
    for (literal, expected) in cases {
        assert_eq!(texts(literal), Err(expected.clone()), "{literal}");
        assert_eq!(masked(literal, &Cell::Null), Err(expected), "{literal}");
    }
}

#[test]
fn a_replaced_element_gets_the_quotes_it_needs() {
    let cases = [
        ("***", "[0:1]={***,NULL}"),
        ("", r#"[0:1]={"",NULL}"#),
        ("null", r#"[0:1]={"null",NULL}"#),
        ("a b", r#"[0:1]={"a b",NULL}"#),
        ("a,b", r#"[0:1]={"a,b",NULL}"#),
        (r#"},"{\"#, r#"[0:1]={"},\"{\\",NULL}"#),
    ];
    for (mask, expected) in cases {
        let mask = Cell::Value(Bytes::from_static(mask.as_bytes()));
        assert_eq!(masked("[0:1]={secret,NULL}", &mask).as_deref(), Ok(expected));
    }
    assert_eq!(masked("{{a},{\"b c\"}}", &Cell::Null).as_deref(), Ok("{{NULL},{NULL}}"));
}

#[test]
fn boxes_are_divided_by_semicolons() {
    let literal = b"{(1,1),(0,0);(2,2),(1,1)}";
    let elements = text::elements(literal, text::BOX_DELIMITER).unwrap();
    let expected: [Option<Cow<'_, [u8]>>; 2] =
        [Some(Cow::Borrowed(b"(1,1),(0,0)")), Some(Cow::Borrowed(b"(2,2),(1,1)"))];
    assert_eq!(elements, expected);
}

const TEXT_OID: u32 = 25;

/// A binary array, right or wrong.
fn array(head: &[u32], elements: &[Option<&[u8]>]) -> Vec<u8> {
    let mut out = BytesMut::new();
    head.iter().for_each(|number| out.put_u32(*number));
    for element in elements {
        out.put_i32(element.map_or(-1, |element| i32::try_from(element.len()).unwrap()));
        out.put_slice(element.unwrap_or_default());
    }
    out.to_vec()
}

#[test]
fn a_binary_array_is_read_and_rewritten() {
    let value = array(&[2, 0, TEXT_OID, 2, 1, 2, 0], &[Some(b"a"), Some(b""), Some(b"c"), Some(b"d")]);
    let read = binary::decode(&value).unwrap();
    assert_eq!(read.element_type, TEXT_OID);
    assert_eq!(read.dimensions, [(2, 1), (2, 0)]);
    assert_eq!(read.elements, [Some(&b"a"[..]), Some(b""), Some(b"c"), Some(b"d")]);

    let mut out = BytesMut::from(&b"before"[..]);
    let change = |index, element: Option<&[u8]>| match (index, element) {
        (0, Some(b"a")) => Cell::Value(Bytes::from_static(b"***")),
        (2, Some(b"c")) => Cell::Null,
        _ => Cell::Keep,
    };
    binary::rewrite(&value, change, &mut out).unwrap();
    let expected = array(&[2, 1, TEXT_OID, 2, 1, 2, 0], &[Some(b"***"), Some(b""), None, Some(b"d")]);
    assert_eq!(out, [b"before".as_slice(), &expected].concat());
}

#[test]
fn an_empty_binary_array_has_no_dimensions() {
    let empty = array(&[0, 0, TEXT_OID], &[]);
    assert_eq!(
        binary::decode(&empty),
        Ok(binary::Array { element_type: TEXT_OID, dimensions: Vec::new(), elements: Vec::new() })
    );
}

#[test]
fn what_is_not_a_binary_array() {
    let what = "binary array";
    let truncated = || WireError::Truncated { what };
    let malformed = |field| WireError::Malformed { what, field };
    let length = || malformed("length of a dimension");
    let seven: Vec<u32> = [7, 0, TEXT_OID].into_iter().chain([1; 14]).collect();
    let wraps: Vec<u32> = [4, 0, TEXT_OID].into_iter().chain([0x0001_0000, 1].repeat(4)).collect();
    let cases = [
        (vec![], truncated()),
        (array(&[1, 0], &[]), truncated()),
        (array(&[1, 0, TEXT_OID, 1], &[]), truncated()),
        (array(&seven, &[Some(b"a")]), malformed("number of dimensions")),
        (array(&[0xffff_ffff, 0, TEXT_OID], &[]), malformed("number of dimensions")),
        (array(&[1, 2, TEXT_OID, 1, 1], &[Some(b"a")]), malformed("flag")),
        (array(&[1, 0, TEXT_OID, 0xffff_ffff, 1], &[Some(b"a")]), length()),
        (array(&[1, 0, TEXT_OID, 0x7fff_ffff, 1], &[Some(b"a")]), length()),
        (array(&wraps, &[]), length()),
        (array(&[1, 0, TEXT_OID, 2, 1], &[Some(b"abcd")]), truncated()),
        (array(&[1, 0, TEXT_OID, 1, 1, 0x7fff_ffff], &[]), truncated()),
        (array(&[1, 0, TEXT_OID, 1, 1, 0x8000_0000], &[]), malformed("value length")),
        (array(&[1, 0, TEXT_OID, 1, 1], &[None, None]), WireError::Trailing { what, count: 4 }),
        (array(&[0, 0, TEXT_OID], &[None]), WireError::Trailing { what, count: 4 }),
    ];
    for (value, expected) in cases {
        assert_eq!(binary::decode(&value), Err(expected.clone()), "{value:?}");
        let mut out = BytesMut::new();
        assert_eq!(binary::rewrite(&value, |_, _| Cell::Null, &mut out), Err(expected));
        assert!(out.is_empty(), "{value:?}");
    }
}

/// A literal of one dimension, all of whose elements were replaced by these.
fn literal(elements: &[Option<Bytes>]) -> BytesMut {
    let nulls = vec!["NULL"; elements.len()].join(",");
    let mut out = BytesMut::new();
    let change = |index: usize, _: Option<&[u8]>| match &elements[index] {
        Some(value) => Cell::Value(value.clone()),
        None => Cell::Null,
    };
    text::rewrite(format!("{{{nulls}}}").as_bytes(), text::DELIMITER, change, &mut out).unwrap();
    out
}

proptest! {
    #[test]
    fn any_element_survives_its_quotes(elements in any::cells()) {
        let literal = literal(&elements);
        let read = text::elements(&literal, text::DELIMITER).unwrap();
        let read: Vec<Option<Bytes>> =
            read.into_iter().map(|text| text.map(|text| Bytes::from(text.into_owned()))).collect();
        prop_assert_eq!(read, elements);
    }

    #[test]
    fn a_literal_cut_anywhere_is_an_error(elements in any::cells()) {
        let literal = literal(&elements);
        for end in 0..literal.len() {
            prop_assert!(text::elements(&literal[..end], text::DELIMITER).is_err());
        }
    }

    #[test]
    fn any_literal_kept_whole_is_the_same(literal in r#"(\[[-0-2]:[0-2]\])?=?[{}",\\ a-cNUL]{0,20}"#) {
        let mut out = BytesMut::new();
        let kept = text::rewrite(literal.as_bytes(), b',', |_, _| Cell::Keep, &mut out);
        if kept.is_ok() {
            prop_assert_eq!(&out[..], literal.as_bytes());
        } else {
            prop_assert!(out.is_empty());
        }
    }

    #[test]
    fn any_bytes_as_an_array_are_survived(
        head in prop::collection::vec(0..5_u32, 0..8),
        body in any::bytes(40),
    ) {
        let value = [&array(&head, &[])[..], &body[..]].concat();
        let mut out = BytesMut::new();
        let kept = binary::rewrite(&value, |_, _| Cell::Keep, &mut out);
        prop_assert_eq!(kept.is_ok(), binary::decode(&value).is_ok());
        if kept.is_ok() {
            prop_assert_eq!(&out[..], &value[..]);
        }
        let _ = text::elements(&body, b',');
    }
}
