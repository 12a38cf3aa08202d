//! A catalog written down in a test, as the rows that a server would answer.
//!
//! Only tests know it; [`shop`] is the database that most of them are about.

use super::{Catalog, QUERIES, Row};

/// The type names that tests use, and their OIDs in every server.
const TYPES: &[(&str, &str)] = &[
    ("bool", "16"),
    ("int8", "20"),
    ("int4", "23"),
    ("text", "25"),
    ("oid", "26"),
    ("jsonb", "3802"),
    ("text[]", "1009"),
    ("timestamptz", "1184"),
    ("name", "19"),
    ("varchar", "1043"),
];

/// Rows under construction.
pub(crate) struct Literal {
    answers: Vec<Vec<Row>>,
    next: u32,
}

impl Literal {
    /// A database with the schemas `public` and `pg_catalog`, searched in that order.
    pub(crate) fn new() -> Self {
        let mut literal = Self { answers: QUERIES.iter().map(|_| Vec::new()).collect(), next: 16384 };
        literal.schema("public").schema("pg_catalog").schema("information_schema");
        literal.row(1, &["pg_catalog"]).row(1, &["public"]);
        literal
    }

    fn row(&mut self, question: usize, cells: &[&str]) -> &mut Self {
        self.answers[question].push(cells.iter().map(|cell| Some((*cell).to_owned())).collect());
        self
    }

    /// A schema.
    pub(crate) fn schema(&mut self, name: &str) -> &mut Self {
        self.row(0, &[name, "f"])
    }

    /// The connection's own temporary schema.
    pub(crate) fn temporary(&mut self, name: &str) -> &mut Self {
        self.row(0, &[name, "t"])
    }

    /// A relation of a kind (`pg_class.relkind`) with columns such as `id int4 key, full text generated`.
    pub(crate) fn relation(&mut self, kind: &str, schema: &str, name: &str, columns: &str) -> &mut Self {
        let oid = self.next.to_string();
        self.next = self.next.saturating_add(1);
        self.row(2, &[&oid, schema, name, kind]);
        for (index, column) in columns.split(',').map(str::trim).filter(|column| !column.is_empty()).enumerate() {
            let mut words = column.split(' ');
            let (name, kind) = (words.next().unwrap(), words.next().unwrap());
            let flag = |held: bool| if held { "t" } else { "f" };
            let besides = words.next();
            let (generated, key) = (flag(besides == Some("generated")), flag(besides == Some("key")));
            let oid_of_type = TYPES.iter().find(|(known, _)| *known == kind).unwrap().1;
            self.row(3, &[&oid, &index.saturating_add(1).to_string(), name, oid_of_type, "-1", generated, key]);
        }
        self
    }

    /// A table.
    pub(crate) fn table(&mut self, name: &str, columns: &str) -> &mut Self {
        let (schema, name) = name.split_once('.').unwrap_or(("public", name));
        self.relation("r", schema, name, columns)
    }

    /// A view, with its definition and the base columns that the server has on record for it.
    pub(crate) fn view(&mut self, name: &str, columns: &str, definition: &str, behind: &[&str]) -> &mut Self {
        self.relation("v", "public", name, columns);
        let oid = self.oid(name);
        for column in behind {
            let (base, column) = column.split_once('.').unwrap();
            let base = self.oid(base);
            let number = self.number(&base, column);
            self.row(5, &[&oid, &base, &number]);
        }
        self.row(12, &[&oid, "mark", definition])
    }

    /// `child` inherits from `parent`.
    pub(crate) fn inherits(&mut self, child: &str, parent: &str) -> &mut Self {
        let (child, parent) = (self.oid(child), self.oid(parent));
        self.row(4, &[&child, &parent])
    }

    /// A generated column and what it is computed from.
    pub(crate) fn generated(&mut self, table: &str, column: &str, input: &str) -> &mut Self {
        let oid = self.oid(table);
        let (column, input) = (self.number(&oid, column), self.number(&oid, input));
        self.row(7, &[&oid, &column, &input])
    }

    /// A rewrite rule stands on the relation.
    pub(crate) fn ruled(&mut self, name: &str) -> &mut Self {
        let oid = self.oid(name);
        self.row(8, &[&oid])
    }

    /// A function that makes no rows, immutable or not, from an extension or not.
    pub(crate) fn function(&mut self, schema: &str, name: &str, immutable: bool, extension: bool) -> &mut Self {
        let flag = |flag| if flag { "t" } else { "f" };
        self.row(9, &[schema, name, flag(immutable), flag(extension), flag(false)])
    }

    /// An operator that did not come with the server.
    pub(crate) fn operator(&mut self, schema: &str, name: &str, extension: bool) -> &mut Self {
        self.row(10, &[schema, name, if extension { "t" } else { "f" }])
    }

    /// A type: its OID, schema, name and kind, the types or relation that it is made of, and its category.
    pub(crate) fn kind(&mut self, cells: [&str; 8]) -> &mut Self {
        self.row(11, &cells)
    }

    fn oid(&self, name: &str) -> String {
        let named = |row: &&Row| row[2].as_deref() == Some(name);
        self.answers[2].iter().find(named).unwrap()[0].clone().unwrap()
    }

    fn number(&self, oid: &str, column: &str) -> String {
        let named = |row: &&Row| row[0].as_deref() == Some(oid) && row[2].as_deref() == Some(column);
        self.answers[3].iter().find(named).unwrap()[1].clone().unwrap()
    }

    /// The rows.
    pub(crate) fn rows(&self) -> &[Vec<Row>] {
        &self.answers
    }

    /// The catalog.
    pub(crate) fn catalog(&self) -> Catalog {
        Catalog::from_rows("shop", &self.answers).unwrap()
    }
}

/// The shop that most tests are about.
pub(crate) fn shop() -> Catalog {
    shop_literal().catalog()
}

/// The shop, as rows.
pub(crate) fn shop_literal() -> Literal {
    let mut shop = Literal::new();
    shop.table("customers", "id int4, name text, email text, phone text, tags text[], meta jsonb, active bool")
        .table("orders", "id int4, customer_id int4, total int8, note text, created_at timestamptz")
        .table("items", "order_id int4, sku text, quantity int4")
        .table("employees", "id int4, name text, manager_id int4, salary int8")
        .table("archive", "id int4, email text, note text")
        .table("letters", "id int8, email text")
        .table("people", "first text, last text, full_name text generated")
        .generated("people", "full_name", "first")
        .generated("people", "full_name", "last")
        .table("ledger", "id int4, amount int8")
        .ruled("ledger")
        .relation("p", "public", "events", "id int4, at timestamptz, actor text")
        .table("events_2026", "id int4, at timestamptz, actor text")
        .inherits("events_2026", "events")
        .relation("S", "public", "orders_id_seq", "last_value int8, log_cnt int8, is_called bool")
        .relation("i", "public", "orders_pkey", "")
        .view(
            "contacts",
            "id int4, mail text, domain text",
            "SELECT id, email AS mail, split_part(email, '@', 2) AS domain FROM customers WHERE active",
            &["customers.id", "customers.email", "customers.active"],
        )
        .view("mails", "mail text", "SELECT contacts.mail FROM contacts", &["contacts.mail"])
        .view(
            "odd",
            "id int4, who text",
            "SELECT id, reveal(name) AS who FROM customers",
            &["customers.id", "customers.name"],
        )
        .relation("r", "pg_catalog", "pg_class", "oid oid, relname name, relkind text")
        .relation("r", "pg_catalog", "pg_authid", "oid oid, rolname name, rolpassword text")
        .relation("v", "pg_catalog", "pg_settings", "name text, setting text")
        .schema("hidden")
        .table("hidden.secrets", "id int4, value text")
        .function("public", "reveal", false, false)
        .function("public", "digest", true, true)
        .function("public", "lower", false, false)
        .function("hidden", "peek", false, false)
        .operator("public", "<=>", true)
        .operator("public", "@@@@", false);
    shop
}
