use std::sync::Arc;

use postern_core::document::{Findings, Reader, parse};
use postern_core::inventory::Inventory as _;
use postern_core::mask::Lineage as _;
use postern_core::target::{Attribution, Login, Target, TargetName, TargetTls};
use postern_core::verdict::Who;
use proptest::prelude::*;

use super::database::{Account, Database};
use super::name::{Name, parts};
use super::{Inventory, read, write};
use crate::postgres::analyze::{Names, Statement, read as read_statements};
use crate::postgres::catalog::literal::{Literal, shop_literal};
use crate::postgres::catalog::{Catalog, Row};

/// The shop with types, and names that have to be quoted.
fn odd_shop() -> Vec<Vec<Row>> {
    let mut shop = shop_literal();
    shop.kind(["23", "pg_catalog", "int4", "b", "0", "0", "0", "N"])
        .kind(["25", "pg_catalog", "text", "b", "0", "0", "0", "S"])
        .kind(["1009", "pg_catalog", "_text", "b", "25", "0", "0", "A"])
        .kind(["19", "pg_catalog", "name", "b", "18", "0", "0", "S"])
        .kind(["600", "pg_catalog", "point", "b", "0", "0", "0", "G"])
        .schema("odd one")
        .function("pg_catalog", "lower", true, false)
        .function("pg_catalog", "pg_later", true, false)
        .relation("v", "odd one", "it's \"x\".y", "id int4")
        .relation("m", "public", "totals", "id int4")
        .relation("c", "public", "pair", "id int4");
    qualified(&shop)
}

/// As a server prints definitions to whoever searches nothing but the system schema.
fn qualified(shop: &Literal) -> Vec<Vec<Row>> {
    let mut rows = shop.rows().to_vec();
    for definition in rows[12].iter_mut().flat_map(|row| row.last_mut()).flatten() {
        *definition = definition.replace("FROM c", "FROM public.c").replace("reveal(", "public.reveal(");
    }
    rows
}

fn database(rows: &[Vec<Row>]) -> Database {
    let mut database = Database::of("shop", rows).unwrap();
    let accounts = [("app", "app", &["public"][..]), ("admin", "owner", &["odd one", "public"])];
    for (name, role, path) in accounts {
        let path = path.iter().map(ToString::to_string).collect();
        database.accounts.insert(name.to_owned(), Account { role: role.to_owned(), path });
    }
    database
}

fn recalled(text: &str) -> Result<Vec<Database>, String> {
    let mut findings = Findings::new();
    let databases = parse(&mut findings, "a.toml", text)
        .and_then(|(file, table)| read::read(&mut findings, Reader::top(file, &table)));
    let said: Vec<String> =
        findings.diagnostics().iter().map(|one| one.to_string().replace("\nhint: ", " | ")).collect();
    assert_eq!(databases.is_some(), said.is_empty(), "{said:?}");
    databases.ok_or_else(|| said.join("\n"))
}

#[test]
fn a_database_is_written_by_name_and_read_again() {
    let odd = database(&odd_shop());
    let text = write::written([&odd].into_iter());
    insta::assert_snapshot!(text);
    let again = recalled(&text).unwrap();
    assert_eq!(again, [database(&odd_shop())]);
    assert_eq!(write::written(again.iter()), text);
    // a type that is not known is no other's
    let rows = again[0].rows();
    let kinds: Vec<_> = rows[3].iter().map(|row| row[3].clone().unwrap()).collect();
    let unknown =
        again[0].relations.values().flat_map(|one| &one.columns).zip(&kinds).filter(|(one, _)| one.kind.is_none());
    let unknown: Vec<&String> = unknown.map(|(_, kind)| kind).collect();
    assert!(unknown.len() > 5 && unknown.iter().all(|one| kinds.iter().filter(|kind| kind == one).count() == 1));
    // and what a server would say of it says it again
    let mut over = Database::of("shop", &again[0].rows()).unwrap();
    over.accounts = odd.accounts;
    assert_eq!(over, again[0]);
}

#[test]
fn the_order_of_answers_is_of_no_matter() {
    let shop = odd_shop();
    let mut turned = shop.clone();
    // columns and parents have an order of their own
    for (question, rows) in turned.iter_mut().enumerate().filter(|(question, _)| ![3, 4].contains(question)) {
        rows.reverse();
        assert!(question < 13);
    }
    assert_eq!(Database::of("shop", &turned).unwrap(), Database::of("shop", &shop).unwrap());
}

fn statements(catalog: &Catalog, text: &str) -> Vec<Statement> {
    let path: [Arc<str>; 1] = ["public".into()];
    let names = Names::of(catalog, &path, "app");
    let read = read_statements(text, &names).unwrap();
    // where a relation is named it goes by its number, which is not written down
    read.into_iter().map(|one| Statement { sites: Arc::default(), ..one }).collect()
}

#[test]
fn what_was_written_down_is_read_as_the_database_itself() {
    let shop = odd_shop();
    let direct = Catalog::from_rows("shop", &shop).unwrap();
    let noted = database(&shop).catalog().unwrap();
    for text in [
        "SELECT * FROM customers",
        "SELECT * FROM contacts",
        "SELECT * FROM mails JOIN letters ON mail = email",
        "SELECT * FROM customers JOIN archive USING (id, email)",
        "SELECT email::text, id::int4, tags::text FROM customers",
        "SELECT * FROM customers, unnest(tags) AS t",
        "SELECT * FROM odd, pg_class, pg_catalog.pg_settings",
        "SELECT full_name FROM people",
        "SELECT * FROM events",
        "SELECT reveal(name), digest(name), lower(name), pg_sleep(1), pg_later(), nosuch(name) FROM customers",
        "SELECT name <=> email, name @@@@ email FROM customers",
        "INSERT INTO ledger VALUES (1, 2)",
        "WITH c AS (SELECT * FROM customers) SELECT c FROM c",
        "SELECT * FROM nowhere; SELECT * FROM hidden.secrets; TABLE orders_pkey",
        "DROP FUNCTION lower(text); DROP TABLE contacts; CREATE TABLE fresh (id int)",
    ] {
        assert_eq!(statements(&noted, text), statements(&direct, text), "{text}");
    }
    for column in direct.columns() {
        let [mut noted, mut direct] = [&noted, &direct].map(|catalog| catalog.kin(&column));
        noted.sort();
        direct.sort();
        assert_eq!(noted, direct, "{column}");
    }
}

#[test]
fn a_file_is_read_strictly() {
    let whole =
        |changes: &str| format!("format = 1\nprotocol = \"postgres\"\n[[database]]\nname = \"shop\"\n{changes}");
    let relation =
        |more: &str| whole(&format!("[[database.relation]]\nname = \"public.customers\"\nkind = \"table\"\n{more}"));
    let columns = "columns = [\n  { name = \"id\" },\n  { name = \"email\" },\n]\n";
    let view = "[[database.relation]]\nname = \"public.contacts\"\nkind = \"view\"\n";
    let cases = [
        String::new(),
        "protocol = \"postgres\"".to_owned(),
        "format = 2\nprotocol = \"postgres\"\nwhatever = 1\n[[database]]\ndiagram = 1".to_owned(),
        "format = 0\nprotocol = \"postgres\"".to_owned(),
        "format = \"1\"\nprotocol = \"postgres\"".to_owned(),
        "format = 1\nprotocol = \"mysql\"\n[[schema]]\n".to_owned(),
        "format = 1\nprotocol = \"postgres\"\n".to_owned(),
        whole("") + &whole("").split_off(32),
        whole("shcemas = [\"public\"]\naccounts = [{ search_path = [] }]"),
        whole(
            "types = [{ name = \"public.a\", category = \"SS\", kind = \"enmu\" }, { name = \"a\", category = \"A\", array = \"pg_catalog.text\", row = \"public.a\" }]",
        ),
        whole("functions = [{ name = \"public.a.b\", immutable = 1 }]\nindexes = [\"x\"]"),
        whole(
            "accounts = [{ name = \"a\" }, { name = \"a\" }]\nfunctions = [{ name = \"public.f\" }, { name = \"public.f\", immutable = true }]",
        ),
        relation("") + "[[database.relation]]\nname = \"public.customers\"\nkind = \"tabel\"\n" + view + view,
        relation(
            "columns = [{ name = \"id\", type = \"pg_catalog.int4\", modifier = -2 }, { name = \"x\", modifier = 4294967295, generated = [\"y\"] }]",
        ),
        relation(columns)
            + view
            + "reads = [\n  \"public.customers.mail\",\n  \"public.costumers\",\n  \"public.customers.emial\",\n  \"customers\",\n]\ninherits = [\"public.b\"]",
    ];
    let said: Vec<String> =
        cases.iter().map(|text| format!("{text}\n----\n{}\n", recalled(text).unwrap_err())).collect();
    insta::assert_snapshot!(said.join("\n"));
}

fn target(databases: &[&str], users: &[&str]) -> Target {
    let login = |user: &&str| {
        (vec![Who::Anyone], Login { user: (*user).to_owned(), password: None, certificate: None, key: None })
    };
    Target {
        name: TargetName::parse("orders").unwrap(),
        protocol: "postgres",
        host: "localhost".to_owned(),
        port: 5432,
        database: None,
        databases: databases.iter().map(ToString::to_string).collect(),
        tls: TargetTls::Disable,
        logins: users.iter().map(login).collect(),
        catalog_login: None,
        attribution: Attribution::Principal,
        labels: std::collections::BTreeMap::new(),
    }
}

#[test]
fn what_is_missing_is_said_and_assumed() {
    let inventory = Inventory::of(vec![database(&qualified(&shop_literal()))]).unwrap();
    assert_eq!(inventory.gaps(&target(&["shop"], &["app", "admin"])), [""; 0]);
    let gaps = inventory.gaps(&target(&["shop", "stats"], &["app", "analyst"])).join("\n");
    insta::assert_snapshot!(gaps, @"
    does not say where account `analyst` looks names up in database `shop`
    says nothing of database `stats`
    ");
    let touches = |space, account, text| -> Vec<String> {
        let supposed = inventory.suppose(space, account, text);
        supposed.iter().flat_map(|one| &one.operation.touches).map(ToString::to_string).collect()
    };
    assert_eq!(touches("shop", "app", "SELECT * FROM archive"), ["read public.archive (email, id, note)"]);
    assert_eq!(touches("stats", "app", "SELECT id FROM archive"), ["read public.archive (id)"]);
    // what a walsender takes is SQL nowhere, and means the same wherever it is tried out
    assert_eq!(touches("shop", "app", "START_REPLICATION 0/0"), ["read * (*)", "transfer *"]);
    // the path of an account is its own
    assert_eq!(touches("shop", "admin", "CREATE TABLE a (id int)").len(), 1);
    assert!(inventory.lineage("stats").is_none());
    let objects: Vec<String> = inventory.objects().iter().map(ToString::to_string).collect();
    for object in [
        "public",
        "public.customers",
        "public.contacts",
        "public.orders_pkey",
        "public.reveal",
        "pg_catalog.pg_sleep",
        "hidden.peek",
    ] {
        assert!(objects.iter().any(|one| one == object), "{object}");
    }
}

proptest! {
    #[test]
    fn any_name_is_read_as_it_was_written(schema in "[a-zA-Z0-9_$.\" é\n]{0,6}", name in "[a-z.\"' ]{0,4}") {
        let both = Name::new(&schema, &name);
        prop_assert_eq!(Name::parse(&both.to_string()), Some(both.clone()));
        prop_assert_eq!(parts(&both.with(&name)), Some(vec![schema, name.clone(), name]));
    }

    #[test]
    fn a_name_has_one_spelling(text in "[a.\" ]{0,8}") {
        if let Some(name) = Name::parse(&text) {
            prop_assert_eq!(name.to_string(), text);
        }
    }
}
