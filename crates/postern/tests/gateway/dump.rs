//! `pg_dump` and `pg_restore` through the gateway: the same text, and the same database afterwards.

use crate::clients::{alike, run};
use crate::served::{POLICY, Served, Way};
use crate::site::{stderr, stdout};

/// Of most kinds of object one that its owner may make, with rows whose text needs care.
const WRITTEN: &[&str] = &[
    "CREATE TYPE mood AS ENUM ('good', 'bad')",
    "CREATE DOMAIN short AS text CHECK (length(VALUE) < 20)",
    "CREATE TABLE people (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name short UNIQUE, mood mood, likes text[],
       boss int REFERENCES people, twice int GENERATED ALWAYS AS (id * 2) STORED)",
    r"INSERT INTO people (name, mood, likes, boss) VALUES ('ann', 'good', '{a,NULL}', 1), (E'b\\\t\n', 'bad', '{}', 1), ('', NULL, NULL, 2)",
    "CREATE TABLE visits (day date NOT NULL, who int) PARTITION BY RANGE (day)",
    "CREATE TABLE visits_2024 PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
    "CREATE TABLE visits_other PARTITION OF visits DEFAULT",
    "INSERT INTO visits SELECT date '2023-12-01' + n, n FROM generate_series(1, 500) AS n",
    "CREATE INDEX ON visits (who DESC) WHERE who > 3",
    "CREATE VIEW happy WITH (security_barrier) AS SELECT name FROM people WHERE mood = 'good'",
    "CREATE MATERIALIZED VIEW counted AS SELECT who, count(*) FROM visits GROUP BY who",
    "ALTER TABLE people ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY own ON people USING (name = current_user)",
    "CREATE FUNCTION greet(who text DEFAULT 'you') RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'hello ' || who; END $$",
    "CREATE FUNCTION noticed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "CREATE TRIGGER noticed BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION noticed()",
    "CREATE SEQUENCE tags INCREMENT 5 START 5",
    "SELECT nextval('tags'), lo_from_bytea(70001, decode(repeat('00ff5c27', 5000), 'hex'))",
    "COMMENT ON TABLE people IS 'who''s who'",
];

#[test]
fn pg_dump_reads_and_pg_restore_writes_the_same_through_the_gateway() {
    let served = Served::new(15, &[]);
    // pg_dump sets a setting whose name it has the server look up, which nobody can decide beforehand
    served.site.write("policy.toml", &POLICY.replace("\"transfer\"", "\"transfer\", \"unknown\""));
    let _gateway = served.site.start();
    let [direct, through] = [served.direct(), served.through()];
    let made = direct.psql(WRITTEN);
    assert!(made.status.success(), "{}", stderr(&made));

    let before = dumped(&direct, &[]);
    assert!(before.contains("CREATE POLICY own") && before.contains("COPY public.visits_2024"), "{before}");
    alike("pg_dump", &before, &dumped(&through, &[]));
    alike("pg_dump --inserts", &dumped(&direct, &["--inserts"]), &dumped(&through, &["--inserts"]));

    // two connections that read as of one moment
    let folder = served.site.path("written").display().to_string();
    succeeds(&through, "pg_dump", &["--format=directory", "--jobs=2", "--file", &folder]);
    let changed = direct.psql(&["DELETE FROM visits", "DROP VIEW happy", "SELECT lo_unlink(70001), nextval('tags')"]);
    assert!(changed.status.success(), "{}", stderr(&changed));
    succeeds(&through, "pg_restore", &["--jobs=2", "--clean", "--if-exists", "--dbname=shop", &folder]);
    alike("pg_restore", &before, &dumped(&direct, &[]));
}

/// A plain dump, without the key that each has of its own.
fn dumped(way: &Way, options: &[&str]) -> String {
    let said = succeeds(way, "pg_dump", options);
    let steady = |line: &&str| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict");
    said.lines().filter(steady).collect::<Vec<_>>().join("\n")
}

fn succeeds(way: &Way, program: &str, options: &[&str]) -> String {
    let output = run(way.command(program).args(options));
    assert!(output.status.success(), "{program} {options:?}: {}", stderr(&output));
    stdout(&output)
}
