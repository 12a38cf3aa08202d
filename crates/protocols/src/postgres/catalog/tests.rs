use std::sync::Arc;

use postern_core::mask::Lineage as _;
use postern_core::operation::Column;

use super::literal::{Literal, shop};
use super::*;

fn column(text: &str) -> Column {
    let (object, name) = text.rsplit_once('.').unwrap();
    Column { object: Object::at(object.split('.')).within("shop"), name: name.into() }
}

fn kin(catalog: &Catalog, text: &str) -> Vec<String> {
    catalog.kin(&column(text)).iter().map(ToString::to_string).collect()
}

fn path(catalog: &Catalog, listed: &[&str]) -> Vec<String> {
    let listed: Vec<Arc<str>> = listed.iter().map(|name| (*name).into()).collect();
    Path::new(catalog, &listed, "app").for_relations().map(ToString::to_string).collect()
}

#[test]
fn relations_are_found_by_name_and_by_number() {
    let shop = shop();
    let customers = shop.relation("public", "customers").unwrap();
    assert_eq!(shop.by_oid(customers.oid).unwrap().object, customers.object);
    assert_eq!(shop.origin(customers.oid, 3), Some(column("public.customers.email")));
    assert_eq!(shop.origin(customers.oid, 99), None);
    assert_eq!(shop.origin(1, 1), None);
    assert!(shop.relation("public", "nosuch").is_none());
    assert!(shop.relation("nosuch", "customers").is_none());
}

#[test]
fn the_own_temporary_schema_has_one_name() {
    let catalog = Literal::new().temporary("pg_temp_7").table("pg_temp_7.notes", "id int4").catalog();
    let notes = catalog.relation("pg_temp", "notes").unwrap();
    assert_eq!(notes.object.to_string(), "pg_temp.notes");
    assert_eq!(catalog.relation("pg_temp_7", "notes").unwrap().oid, notes.oid);
    assert!(catalog.relation("pg_temp_8", "notes").is_none());
}

#[test]
fn the_path_has_the_implied_schemas_where_the_server_has_them() {
    let shop = shop();
    assert_eq!(path(&shop, &["public"]), ["pg_temp", "pg_catalog", "public"]);
    assert_eq!(path(&shop, &["$user", "public", "nosuch"]), ["pg_temp", "pg_catalog", "public"]);
    assert_eq!(path(&shop, &["public", "pg_catalog"]), ["pg_temp", "public", "pg_catalog"]);
    assert_eq!(path(&shop, &["hidden", "pg_temp"]), ["pg_catalog", "hidden", "pg_temp"]);
    assert_eq!(path(&shop, &[]), ["pg_temp", "pg_catalog"]);
    assert_eq!(path(&Catalog::empty("shop"), &[]), ["pg_temp", "pg_catalog", "public"]);
    let own = Literal::new().schema("app").catalog();
    assert_eq!(path(&own, &["$user", "public"]), ["pg_temp", "pg_catalog", "app", "public"]);
}

#[test]
fn functions_are_never_looked_for_among_temporary_ones() {
    let listed: Vec<Arc<str>> = vec!["pg_temp".into(), "public".into()];
    let path = Path::new(&shop(), &listed, "app");
    let schemas: Vec<String> = path.for_functions().map(ToString::to_string).collect();
    assert_eq!(schemas, ["pg_catalog", "public"]);
}

#[test]
fn kin_follow_views_partitions_and_generated_columns() {
    let shop = shop();
    assert_eq!(
        kin(&shop, "public.customers.email"),
        ["public.contacts.domain", "public.contacts.mail", "public.mails.mail"]
    );
    assert_eq!(kin(&shop, "public.customers.phone"), [""; 0]);
    assert_eq!(kin(&shop, "public.people.last"), ["public.people.full_name"]);
    assert_eq!(kin(&shop, "public.events.actor"), ["public.events_2026.actor"]);
    assert_eq!(kin(&shop, "public.events_2026.actor"), ["public.events.actor"]);
}

#[test]
fn a_view_column_that_is_a_base_column_passes_for_one() {
    let shop = shop();
    let source = |relation: &str, name: &str| {
        let relation = shop.relation("public", relation).unwrap();
        let column = relation.columns.iter().find(|column| *column.name == *name).unwrap();
        relation.source(column)
    };
    assert_eq!(source("contacts", "mail").bare, Some(column("public.contacts.mail")));
    assert_eq!(source("mails", "mail").bare, Some(column("public.mails.mail")));
    let domain = source("contacts", "domain");
    assert_eq!(domain.bare, None);
    assert!(domain.from.contains(&column("public.customers.email")) && !domain.unknown);
    assert!(!domain.from.contains(&column("public.customers.active")));
    assert!(source("odd", "who").unknown && !source("odd", "id").unknown);
    assert_eq!(source("people", "full_name").bare, None);
}

#[test]
fn a_definition_that_cannot_be_read_leaves_the_servers_record() {
    let mut literal = Literal::new();
    literal.table("a", "x text, y text").view("v", "x text", "SELECT (((", &["a.x", "a.y"]);
    let catalog = literal.catalog();
    let view = catalog.relation("public", "v").unwrap();
    let source = view.source(&view.columns[0]);
    assert_eq!(source.bare, None);
    assert!(source.from.contains(&column("public.a.x")) && source.from.contains(&column("public.a.y")));
}

#[test]
fn a_view_under_another_path_is_read_under_its_own() {
    let mut literal = Literal::new();
    literal.schema("other").table("other.a", "x text").table("a", "x text");
    literal.view("v", "x text", "SELECT a.x FROM a", &["a.x"]);
    assert_eq!(kin(&literal.catalog(), "public.a.x"), ["public.v.x"]);
}

#[test]
fn answers_that_do_not_fit_are_errors() {
    let good = Literal::new().table("a", "x text").rows().to_vec();
    assert!(Catalog::from_rows("shop", &good).is_ok());
    let few = Catalog::from_rows("shop", &good[1..]).unwrap_err();
    assert_eq!(few.to_string(), "the catalog has 13 questions and the target gave 12 answers");
    for question in 0..QUERIES.len() {
        let mut bad = good.clone();
        bad[question].push(vec![]);
        let wanted = CatalogError::Row { question };
        assert_eq!(Catalog::from_rows("shop", &bad).err(), Some(wanted), "{question}");
    }
    let mut null = good.clone();
    null[2][0][0] = None;
    assert_eq!(Catalog::from_rows("shop", &null).err(), Some(CatalogError::Row { question: 2 }));
    let mut word = good;
    word[3][0][1] = Some("many".to_owned());
    assert_eq!(Catalog::from_rows("shop", &word).err(), Some(CatalogError::Row { question: 3 }));
}

#[test]
fn the_catalog_kept_for_fuzzing_answers_todays_questions() {
    let mut answers: Vec<Vec<Row>> = QUERIES.iter().map(|_| Vec::new()).collect();
    for line in include_str!("../../../../../fuzz/catalog.tsv").lines() {
        let (question, row) = line.split_once('\t').unwrap();
        answers[question.parse::<usize>().unwrap()].push(row.split('\t').map(|cell| Some(cell.to_owned())).collect());
    }
    let catalog = Catalog::from_rows("shop", &answers).unwrap();
    assert!(catalog.relation("public", "customers").is_some());
}
