//! Every kind of node that the grammar can make, and every text: understood, or opaque, or unread.
//!
//! The nodes are made empty, as no statement has them; what counts is that none passes in silence.

use pg_query::NodeEnum;
use pg_query::protobuf::Node;
use postern_core::operation::{Effect, Reading};
use prost::Message as _;

use super::*;
use crate::postgres::analyze::scope::Scope;
use crate::postgres::analyze::statement::Reader;
use crate::postgres::analyze::work::Work;

/// More than there are kinds of nodes; tags beyond the last make no node.
const TAGS: u32 = 400;

/// An empty node of each kind that there is, with its name.
fn kinds() -> Vec<(String, Node)> {
    let kind = |tag: u32| {
        let mut bytes = Vec::new();
        // a field of wire type 2, of length 0
        prost::encoding::encode_key(tag, prost::encoding::WireType::LengthDelimited, &mut bytes);
        bytes.push(0);
        let node = Node::decode(bytes.as_slice()).unwrap();
        let name = format!("{:?}", node.node.as_ref()?);
        let name = name.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
        Some((name, node))
    };
    (1..TAGS).filter_map(kind).collect()
}

fn with_reader<T>(act: impl FnOnce(&mut Reader<'_>) -> T) -> T {
    let catalog = shop();
    let path = ["public".into()];
    let names = names(&catalog, &path);
    act(&mut Reader::new("", "", &names, Work::whole()))
}

/// Those kinds that leave the reading clear, by name.
fn understood(read: impl Fn(&mut Reader<'_>, &Node)) -> Vec<String> {
    let clear = |node: &Node| {
        with_reader(|reader| {
            read(reader, node);
            let unknown = reader.found.touches().iter().any(|touch| touch.effect == Effect::Unknown);
            !reader.found.is_opaque() && !unknown
        })
    };
    kinds().into_iter().filter(|(_, node)| clear(node)).map(|(name, _)| name).collect()
}

#[test]
fn all_kinds_are_made() {
    let names: Vec<String> = kinds().into_iter().map(|(name, _)| name).collect();
    assert!(names.len() > 260, "{}", names.len());
    for name in ["SelectStmt", "AConst", "JsonTable", "ReturningClause", "Query", "MergeSupportFunc"] {
        assert!(names.iter().any(|other| other == name), "{name}");
    }
}

#[test]
fn expressions_that_are_understood() {
    let names = understood(|reader, node| {
        reader.value(node, &Scope::default());
    });
    assert_read!(names.join("\n"));
}

#[test]
fn from_items_that_are_understood() {
    let names = understood(|reader, node| {
        let mut level = Scope::default();
        reader.bring_in(std::slice::from_ref(node), &mut level);
    });
    assert_read!(names.join("\n"));
}

#[test]
fn queries_that_are_understood() {
    let names = understood(|reader, node| {
        reader.query_in(Some(node), &Scope::default());
    });
    assert_read!(names.join("\n"));
}

#[test]
fn statements_that_are_understood() {
    let names = understood(|reader, node| {
        let outcome = reader.utility(node.node.as_ref().unwrap_or(&NodeEnum::Integer(Default::default())));
        // an action of no kind is one that was not understood
        assert!(crate::postgres::vocabulary::VOCABULARY.actions.contains(&outcome.action.0));
    });
    assert_read!(names.join("\n"));
}

/// Statements of every kind, one a line; a real server answers the same ones for the test of origins.
const STATEMENTS: &str = concat!(
    include_str!("../../../../tests/origins/corpus.sql"),
    include_str!("../../../../tests/origins/corpus18.sql"),
);

#[test]
fn a_text_cut_anywhere_is_read_or_it_is_not() {
    let catalog = shop();
    let path = ["public".into()];
    let (mut clear, mut refused) = (0, 0);
    for text in STATEMENTS.lines() {
        for (cut, _) in text.char_indices() {
            let _ = redact::passwords(&text[..cut]);
            match read(&text[..cut], &names(&catalog, &path)) {
                Ok(statements) => {
                    assert!(statements.iter().all(|one| !one.touches.is_empty()), "{}", &text[..cut]);
                    clear += usize::from(statements.iter().all(|one| one.reading == Reading::Clear));
                }
                Err(Unread::Syntax { position: Some(position), .. }) => {
                    assert!((1..=text[..cut].chars().count() + 1).contains(&position), "{}", &text[..cut]);
                    refused += 1;
                }
                Err(unread) => panic!("{unread}, at no place: {}", &text[..cut]),
            }
        }
    }
    // both happen, and often
    assert!(clear > 2000 && refused > 2000, "{clear} {refused}");
}
