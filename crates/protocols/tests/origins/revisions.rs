//! A catalog that follows changes step by step says what one says that is read anew.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use postern_protocols::postgres::catalog::{Catalog, Changes, Revision};

use super::line::Line;
use super::{catalog, server};

/// What is done to the database, one after the other. All of it works.
const STORY: &[&str] = &[
    "BEGIN",
    "CREATE TABLE t0 (id int, email text, note varchar(9))",
    "CREATE VIEW v0 AS SELECT id, email FROM t0",
    "SAVEPOINT s",
    "ALTER TABLE t0 RENAME COLUMN email TO mail",
    "ALTER TABLE customers RENAME COLUMN email TO mail",
    "ROLLBACK TO s",
    "ALTER TABLE t0 ADD COLUMN g0 text GENERATED ALWAYS AS (upper(email)) STORED",
    "RELEASE s",
    "COMMIT",
    "BEGIN",
    "DROP TABLE customers CASCADE",
    "CREATE TABLE customers (id int, email text)",
    "CREATE VIEW contacts AS SELECT id AS mail FROM customers",
    "SAVEPOINT s",
    "DROP VIEW contacts",
    "ROLLBACK TO s",
    "ROLLBACK",
    "ALTER TABLE t0 ALTER COLUMN g0 DROP EXPRESSION",
    "ALTER TABLE t0 DROP COLUMN g0",
    "ALTER TABLE t0 ALTER COLUMN note TYPE text",
    "CREATE OR REPLACE VIEW v0 AS SELECT id, 'no'::text AS email FROM t0",
    "CREATE OR REPLACE VIEW v0 AS SELECT id, reveal(id) AS email FROM customers",
    "CREATE VIEW v1 AS SELECT * FROM v0",
    "CREATE OR REPLACE VIEW v0 AS SELECT id, email FROM t0",
    "ALTER VIEW v0 RENAME COLUMN email TO mail",
    "ALTER VIEW v0 RENAME TO v2",
    "ALTER TABLE t0 RENAME TO t1",
    "CREATE TABLE t0 (email text)",
    "CREATE SCHEMA apart",
    "ALTER TABLE t1 SET SCHEMA apart",
    "ALTER SCHEMA apart RENAME TO elsewhere",
    "CREATE FUNCTION elsewhere.calm(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
    "CREATE VIEW v3 AS SELECT elsewhere.calm(email) AS email FROM t0",
    "ALTER FUNCTION elsewhere.calm(text) VOLATILE",
    "ALTER FUNCTION elsewhere.calm(text) RENAME TO quiet",
    "ALTER FUNCTION elsewhere.quiet(text) IMMUTABLE",
    "DROP SCHEMA elsewhere CASCADE",
    "CREATE SCHEMA s; CREATE TABLE s.customers (id int, email text); CREATE FUNCTION s.f() RETURNS int RETURN 1",
    "ALTER SCHEMA s RENAME TO s2; CREATE SCHEMA s",
    "CREATE VIEW s.v AS SELECT email FROM customers; CREATE VIEW s2.v AS SELECT 'no'::text AS email",
    "ALTER SCHEMA s RENAME TO s3; ALTER SCHEMA s2 RENAME TO s; ALTER SCHEMA s3 RENAME TO s2",
    "BEGIN; ALTER SCHEMA s RENAME TO s3; CREATE SCHEMA s; PREPARE TRANSACTION 'two'",
    "COMMIT PREPARED 'two'",
    "DROP SCHEMA s, s2, s3 CASCADE",
    "CREATE FUNCTION pg_catalog.f() RETURNS int RETURN 1",
    "DROP FUNCTION pg_catalog.f()",
    "CREATE DOMAIN d1 AS text[]",
    "CREATE TABLE t2 (more int) INHERITS (t0)",
    "CREATE TABLE t3 (email text)",
    "ALTER TABLE t2 NO INHERIT t0",
    "ALTER TABLE t2 INHERIT t3",
    "ALTER TABLE t3 INHERIT t0",
    "DROP TABLE t3 CASCADE",
    "CREATE TABLE p0 (id int, email text) PARTITION BY RANGE (id)",
    "CREATE TABLE p1 PARTITION OF p0 FOR VALUES FROM (1) TO (9)",
    "CREATE TABLE p2 PARTITION OF p0 DEFAULT",
    "ALTER TABLE p0 DETACH PARTITION p1",
    "ALTER TABLE p0 ADD COLUMN note text",
    "CREATE TEMP TABLE orders (hidden text)",
    "CREATE TEMP VIEW letters AS SELECT hidden FROM orders",
    "ALTER TABLE pg_temp.orders RENAME COLUMN hidden TO seen",
    "DISCARD TEMP",
    "CREATE TYPE k0 AS (one text, two int)",
    "ALTER TYPE k0 ADD ATTRIBUTE three int",
    "ALTER TABLE t0 ADD COLUMN place k0",
    "DROP TYPE k0 CASCADE",
    "CREATE TYPE e0 AS ENUM ('a')",
    "ALTER TYPE e0 RENAME TO e1",
    "CREATE SCHEMA apart",
    "ALTER TYPE e1 SET SCHEMA apart",
    "ALTER SCHEMA apart RENAME TO elsewhere",
    "DROP TYPE elsewhere.e1",
    "CREATE DOMAIN d0 AS text",
    "DROP DOMAIN d0",
    "CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",
    "DROP OPERATOR === (text, text)",
    "CREATE EXTENSION citext SCHEMA public",
    "ALTER EXTENSION citext DROP FUNCTION citext_hash(citext)",
    "ALTER EXTENSION citext ADD FUNCTION citext_hash(citext)",
    "DROP EXTENSION citext CASCADE",
    "CREATE RULE r0 AS ON INSERT TO t0 DO ALSO NOTHING",
    "DROP RULE r0 ON t0",
    "CREATE MATERIALIZED VIEW m0 AS SELECT email FROM customers",
    "CREATE INDEX i0 ON m0 (email)",
    "DROP INDEX i0",
    "DROP MATERIALIZED VIEW m0",
    "CREATE SEQUENCE s0",
    "VACUUM FULL t0",
    "VACUUM FULL pg_class",
    "VACUUM FREEZE pg_attribute",
    "ANALYZE",
];

/// What is done to it afterwards, in any order; what does not work out is part of it. `{a}` and `{b}` are small numbers.
const STEPS: &[&str] = &[
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT s",
    "ROLLBACK TO s",
    "RELEASE s",
    "CREATE TABLE t{a} (id int, email text, note varchar(9))",
    "CREATE TABLE t{a} (LIKE customers)",
    "CREATE TABLE apart.t{a} (other text, id int)",
    "CREATE TEMP TABLE t{a} (hidden text)",
    "CREATE TABLE t{a} (more int) INHERITS (t{b})",
    "CREATE TABLE t{a} AS SELECT id, email AS mail FROM customers",
    "DROP TABLE t{a} CASCADE",
    "DROP TABLE IF EXISTS pg_temp.t{a}, apart.t{a} CASCADE",
    "DISCARD TEMP",
    "ALTER TABLE t{a} RENAME TO t{b}",
    "ALTER TABLE t{a} RENAME COLUMN email TO mail",
    "ALTER TABLE t{a} RENAME COLUMN mail TO email",
    "ALTER TABLE t{a} ADD COLUMN c{b} text",
    "ALTER TABLE t{a} ADD COLUMN g{b} text GENERATED ALWAYS AS (upper(email)) STORED",
    "ALTER TABLE t{a} ALTER COLUMN g{b} DROP EXPRESSION",
    "ALTER TABLE t{a} DROP COLUMN c{b} CASCADE",
    "ALTER TABLE t{a} ALTER COLUMN id TYPE bigint",
    "ALTER TABLE t{a} SET SCHEMA apart",
    "ALTER TABLE apart.t{a} SET SCHEMA public",
    "ALTER TABLE t{a} INHERIT t{b}",
    "ALTER TABLE t{a} NO INHERIT t{b}",
    "ALTER TABLE t{a} SET (fillfactor = 50)",
    "CREATE INDEX i{a} ON t{b} (id)",
    "DROP INDEX i{a}",
    "VACUUM FULL t{a}",
    "ANALYZE",
    "CREATE SEQUENCE t{a}",
    "CREATE TABLE t{a} (id int, email text) PARTITION BY RANGE (id)",
    "CREATE TABLE p{a} PARTITION OF t{b} FOR VALUES FROM ({a}) TO ({a}9)",
    "ALTER TABLE t{b} DETACH PARTITION p{a}",
    "CREATE VIEW v{a} AS SELECT id, email FROM t{b}",
    "CREATE OR REPLACE VIEW v{a} AS SELECT id, 'no'::text AS email FROM t{b}",
    "CREATE OR REPLACE VIEW v{a} AS SELECT id, reveal(id) AS email FROM customers",
    "CREATE VIEW v{a} AS SELECT * FROM v{b}",
    "CREATE VIEW v{a} AS SELECT t.email || calm(t.email) AS email FROM t{b} t",
    "CREATE MATERIALIZED VIEW m{a} AS SELECT email FROM t{b}",
    "DROP MATERIALIZED VIEW m{a}",
    "ALTER VIEW v{a} RENAME COLUMN email TO mail",
    "ALTER VIEW v{a} RENAME TO v{b}",
    "DROP VIEW v{a} CASCADE",
    "CREATE FUNCTION calm(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
    "CREATE FUNCTION f{a}(text) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT $1'",
    "CREATE OR REPLACE FUNCTION f{a}(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
    "ALTER FUNCTION calm(text) VOLATILE",
    "ALTER FUNCTION calm(text) IMMUTABLE",
    "ALTER FUNCTION f{a}(text) RENAME TO f{b}",
    "DROP FUNCTION f{a}(text) CASCADE",
    "CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",
    "DROP OPERATOR === (text, text)",
    "CREATE TYPE e{a} AS ENUM ('a')",
    "CREATE TYPE k{a} AS (one text, two int)",
    "CREATE DOMAIN d{a} AS text",
    "ALTER TYPE e{a} RENAME TO e{b}",
    "ALTER TYPE k{a} ADD ATTRIBUTE three int",
    "DROP TYPE IF EXISTS e{a}, k{b} CASCADE",
    "DROP DOMAIN d{a} CASCADE",
    "ALTER TABLE t{a} ADD COLUMN place k{b}",
    "CREATE RULE r{a} AS ON INSERT TO t{b} DO ALSO NOTHING",
    "DROP RULE r{a} ON t{b}",
    "CREATE SCHEMA apart",
    "ALTER SCHEMA apart RENAME TO elsewhere",
    "ALTER SCHEMA elsewhere RENAME TO apart",
    "DROP SCHEMA apart CASCADE",
    "CREATE EXTENSION IF NOT EXISTS citext SCHEMA public",
    "DROP EXTENSION citext CASCADE",
];

/// How many steps each server is taken through.
const WALK: u64 = 150;

/// The same numbers in every run.
struct Choice(u64);

impl Choice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).checked_rem(end).unwrap_or_default()
    }

    fn step(&mut self) -> Result<String> {
        let step = STEPS.get(usize::try_from(self.below(u64::try_from(STEPS.len())?))?).context("no such step")?;
        Ok(step.replace("{a}", &self.below(3).to_string()).replace("{b}", &self.below(3).to_string()))
    }
}

/// A catalog with the changes that it is as of, as another connection reads it.
fn shared(line: &mut Line) -> Result<Arc<Catalog>> {
    let lately = Changes::of(&line.run(&Changes::lately())?.rows)?;
    Ok(Arc::new(catalog(line)?.as_of(lately)))
}

/// What an earlier catalog becomes.
fn revised(line: &mut Line, from: &Arc<Catalog>, within: bool) -> Result<Arc<Catalog>> {
    let changes = Changes::of(&line.run(&from.changes())?.rows)?;
    let Some(revision) = Revision::of(from, changes, within) else { return Ok(Arc::clone(from)) };
    let answers = revision.questions(within).iter().map(|text| Ok(line.run(text)?.rows)).collect::<Result<_>>()?;
    Ok(Arc::new(revision.made(answers)?))
}

/// What differs, in few words.
fn difference(one: &Catalog, other: &Catalog) -> String {
    let mut differing = Vec::new();
    for relation in one.relations() {
        match other.by_oid(relation.oid) {
            Some(there) if there == relation => {}
            there => differing.push(format!("{relation:?}\nand not {there:?}")),
        }
    }
    let missing = other.relations().filter(|relation| one.by_oid(relation.oid).is_none());
    differing.extend(missing.map(|relation| format!("nothing for {relation:?}")));
    if differing.is_empty() { "something besides relations".to_owned() } else { differing.join("\n") }
}

fn walk(version: u32, seed: u64) -> Result<()> {
    let (server, mut session) = server(version)?;
    let mut other = Line::open(server.address(), "postgres")?;
    // waiting for each other is not what this is about
    session.run("SET lock_timeout = '100ms'")?;
    other.run("SET lock_timeout = '100ms'")?;
    let mut followed = shared(&mut other)?;
    let mut choice = Choice(seed);
    let mut seldom = Arc::clone(&followed);
    for (number, step) in STORY.iter().enumerate() {
        session.run(step).context(*step)?;
        followed = follow(&mut session, &followed).context(*step)?;
        // and the same over several steps
        if number % 5 == 4 {
            seldom = follow(&mut session, &seldom).context(*step)?;
        }
    }
    let mut done: Vec<String> = Vec::new();
    for number in 0..WALK {
        let step = choice.step()?;
        let well = session.run(&step).is_ok();
        done.push(format!("{step}{}", if well { "" } else { " -- failed" }));
        if !well && session.run("SELECT 1").is_err() {
            session.run("ROLLBACK")?;
            done.push("ROLLBACK".to_owned());
        }
        // a transaction of somebody else's goes on meanwhile, and what is shared is read anew
        match number % 40 {
            10 => drop(other.run(&format!("BEGIN; CREATE TABLE alien{number} (email text)"))?),
            15 => followed = shared(&mut other)?,
            20 => drop(other.run("COMMIT")?),
            30 => followed = shared(&mut other)?,
            _ => {}
        }
        followed = follow(&mut session, &followed).with_context(|| done.join(";\n"))?;
    }
    Ok(())
}

/// Follows what was done, and makes sure that it was followed.
fn follow(session: &mut Line, from: &Arc<Catalog>) -> Result<Arc<Catalog>> {
    let followed = revised(session, from, false)?;
    let anew = catalog(session)?;
    ensure!(*followed == anew, "{}", difference(&followed, &anew));
    let since = Changes::of(&session.run(&followed.changes())?.rows)?;
    ensure!(Revision::of(&followed, since, false).is_none(), "something is to be read once more");
    Ok(followed)
}

#[test]
fn a_catalog_that_follows_changes_says_what_one_read_anew_says_on_15() -> Result<()> {
    walk(15, 15)
}

#[test]
fn a_catalog_that_follows_changes_says_what_one_read_anew_says_on_18() -> Result<()> {
    walk(18, 18)
}

/// THREAT: a database that another one takes the place of, with the same numbers for other things.
#[test]
fn another_database_of_the_name_is_read_as_another() -> Result<()> {
    let (server, mut line) = server(15)?;
    line.run("CREATE DATABASE shop TEMPLATE postgres")?;
    line.run("CREATE DATABASE next TEMPLATE shop")?;
    let mut next = Line::open(server.address(), "next")?;
    next.run("CREATE OR REPLACE VIEW contacts AS SELECT id, name AS mail, email AS domain FROM customers")?;
    next.run("ALTER TABLE customers RENAME COLUMN phone TO number; DROP FUNCTION plain(text)")?;
    let mut shop = Line::open(server.address(), "shop")?;
    let before = shared(&mut shop)?;
    drop((shop, next));
    line.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ('shop', 'next')")?;
    line.run("ALTER DATABASE shop RENAME TO before")?;
    line.run("ALTER DATABASE next RENAME TO shop")?;
    let mut shop = Line::open(server.address(), "shop")?;
    let since = follow(&mut shop, &before)?;
    shop.run("ALTER TABLE customers RENAME COLUMN number TO phone")?;
    follow(&mut shop, &since)?;
    Ok(())
}

/// Only what changed is asked for, however much there is.
#[test]
fn what_is_read_again_is_what_changed_with_its_kin() -> Result<()> {
    let (_server, mut line) = server(15)?;
    line.run("CREATE TABLE lone (id int)")?;
    let from = shared(&mut line)?;
    line.run("ALTER TABLE lone ADD COLUMN note text")?;
    let changes = Changes::of(&line.run(&from.changes())?.rows)?;
    let questions = Revision::of(&from, changes, false).context("nothing changed")?.questions(false);
    let lone = from.relation("public", "lone").context("no table")?.oid;
    let of_it_alone = questions.iter().filter(|text| text.contains(&format!("ANY ('{{{lone}}}'::pg_catalog.oid[])")));
    assert_eq!((of_it_alone.count(), questions.len()), (7, 8), "{questions:#?}");
    Ok(())
}

/// Inside of a transaction no view is printed, lest its locks stay; behind it they are.
#[test]
fn views_that_were_not_printed_in_a_transaction_are_behind_it() -> Result<()> {
    let (server, mut session) = server(18)?;
    let mut other = Line::open(server.address(), "postgres")?;
    let from = shared(&mut other)?;
    session.run("BEGIN; ALTER TABLE customers ADD COLUMN more text")?;
    let within = revised(&mut session, &from, true)?;
    let source = |catalog: &Catalog| format!("{:?}", catalog.relation("public", "contacts"));
    assert_ne!(source(&within), source(&from), "all that the view reads stands behind each column of it");
    session.run("COMMIT")?;
    let behind = revised(&mut session, &within, false)?;
    ensure!(*behind == catalog(&mut session)?, "{}", difference(&behind, &catalog(&mut session)?));
    assert_eq!(source(&behind), source(&from));
    Ok(())
}
