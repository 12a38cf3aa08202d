//! What a query means by the server's own account: as a view it is told back with every star written out and every name
//! qualified. Whatever is read in that must have been read in the query itself; and whatever value comes back, its column
//! must have been said to go into the output.
//!
//! Queries are drawn at random from few names, so that these stand for several things at once. It draws others with
//! another `POSTERN_SEED`.
#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "what is drawn is within its bounds, and a panic is a failed test"
)]

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use postern_core::operation::{Column, Columns, Effect, Output, Outputs, Reading};
use postern_protocols::postgres::analyze::Statement;
use postern_protocols::postgres::catalog::Catalog;

use crate::line::Line;
use crate::{catalog, reading, server};

/// How many queries are drawn.
const DRAWN: u32 = 10_000;
/// How many of them the server has to take at least.
const TAKEN: usize = 300;

const TABLES: &str = "
    CREATE TABLE a (x text, y text, z text);
    CREATE TABLE b (x text, y text, w text);
    CREATE TABLE c (y text, x text, v text);
    CREATE SCHEMA other;
    CREATE TABLE other.a (z text, x text, u text);
    INSERT INTO a VALUES ('<public.a.x>', '<public.a.y>', '<public.a.z>');
    INSERT INTO b VALUES ('<public.b.x>', '<public.b.y>', '<public.b.w>');
    INSERT INTO c VALUES ('<public.c.y>', '<public.c.x>', '<public.c.v>');
    INSERT INTO other.a VALUES ('<other.a.z>', '<other.a.x>', '<other.a.u>')";

/// What of a query makes columns that the analyzer does not list: of their names it says more than there is.
const UNLISTED: &[&str] = &["NULL::b", "NULL AS c", "ARRAY[("];

/// What is drawn from: a name, and its columns.
type Seen = (String, Vec<String>);

/// Draws what comes next (xorshift, Marsaglia 2003).
struct Dice(u64);

fn list(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|column| (*column).to_owned()).collect()
}

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn one<'t, T: ?Sized>(&mut self, of: &[&'t T]) -> &'t T {
        of[self.below(of.len())]
    }

    fn column(&mut self) -> String {
        self.one(&["x", "y", "z", "w", "v"]).to_owned()
    }

    fn name(&mut self) -> String {
        self.one(&["a", "b", "c", "s", "t", "x", "y"]).to_owned()
    }

    /// An alias for something with these columns, which may name some of them anew.
    fn alias(&mut self, columns: Vec<String>) -> (String, Seen) {
        let name = self.name();
        if columns.is_empty() || self.below(3) > 0 {
            return (name.clone(), (name, columns));
        }
        let renamed: Vec<String> = (0..=self.below(columns.len())).map(|_| self.column()).collect();
        let text = format!("{name}({})", renamed.join(", "));
        let columns = renamed.iter().chain(columns.iter().skip(renamed.len())).cloned().collect();
        (text, (name, columns))
    }

    fn value(&mut self, depth: usize, seen: &[Seen]) -> String {
        let wild = seen.is_empty() || self.below(8) == 0;
        let (item, column) = if wild {
            (self.name(), self.column())
        } else {
            let (name, columns) = &seen[self.below(seen.len())];
            let column = columns.get(self.below(columns.len().max(1))).cloned();
            (name.clone(), column.unwrap_or_else(|| "x".to_owned()))
        };
        match self.below(if depth == 0 { 8 } else { 11 }) {
            0..=2 => column,
            3..=5 => format!("{item}.{column}"),
            6 => format!("upper({item}.{column})"),
            7 => format!("{item}::text"),
            8 => format!("({} LIMIT 1)", self.query(depth - 1, 1, seen).0),
            9 => format!("coalesce({}, {})", self.value(depth - 1, seen), self.value(depth - 1, seen)),
            _ => format!("public.{}.{column}", self.one(&["a", "b", "c"])),
        }
    }

    /// An entry of a target list, and the columns that it makes.
    fn target(&mut self, depth: usize, seen: &[Seen], own: usize) -> (String, Vec<String>) {
        let own = &seen[..own];
        match self.below(8) {
            0 => ("*".to_owned(), own.iter().flat_map(|(_, columns)| columns.clone()).collect()),
            1 if !own.is_empty() => {
                let (name, columns) = &own[self.below(own.len())];
                (format!("{name}.*"), columns.clone())
            }
            2 | 3 => {
                let name = self.column();
                (format!("{} AS {name}", self.value(depth, seen)), vec![name])
            }
            _ => {
                let value = self.value(depth, seen);
                let name = value.rsplit('.').next().unwrap_or_default().to_owned();
                (value, vec![name])
            }
        }
    }

    fn table(&mut self) -> (String, Seen) {
        let (text, name, columns) = *self.one(&[
            &("a", "a", &["x", "y", "z"]),
            &("b", "b", &["x", "y", "w"]),
            &("c", "c", &["y", "x", "v"]),
            &("public.a", "a", &["x", "y", "z"]),
            &("other.a", "a", &["z", "x", "u"]),
        ]);
        if self.below(2) == 0 {
            return (text.to_owned(), (name.to_owned(), list(columns)));
        }
        let (alias, seen) = self.alias(list(columns));
        (format!("{text} AS {alias}"), seen)
    }

    /// An entry of `FROM`; `seen` stands before or around it.
    fn item(&mut self, depth: usize, seen: &[Seen]) -> (String, Vec<Seen>) {
        let under = |dice: &mut Self, text: String, columns: Vec<String>| {
            let (alias, seen) = dice.alias(columns);
            (format!("{text} AS {alias}"), vec![seen])
        };
        match self.below(if depth == 0 { 3 } else { 14 }) {
            0..=2 => {
                let (text, seen) = self.table();
                (text, vec![seen])
            }
            3 | 4 => {
                let (query, columns) = self.query(depth - 1, 3, &[]);
                under(self, format!("({query})"), columns)
            }
            5 => {
                let (query, columns) = self.query(depth - 1, 2, seen);
                under(self, format!("LATERAL ({query})"), columns)
            }
            6..=9 => {
                let ((left, mut both), (right, others)) = (self.item(depth - 1, seen), self.item(depth - 1, seen));
                both.extend(others);
                let column = self.column();
                let join = match self.below(5) {
                    0 => format!("{left} NATURAL JOIN {right}"),
                    1 => format!("{left} JOIN {right} USING ({column})"),
                    2 => format!("{left} LEFT JOIN {right} ON {} = {}", self.value(0, &both), self.value(0, &both)),
                    3 => format!("{left} FULL JOIN {right} USING (x)"),
                    _ => format!("{left} CROSS JOIN {right}"),
                };
                if self.below(3) > 0 {
                    return (join, both);
                }
                let columns = both.into_iter().flat_map(|(_, columns)| columns).collect();
                under(self, format!("({join})"), columns)
            }
            10 if !seen.is_empty() => {
                let (name, columns) = &seen[self.below(seen.len())];
                under(
                    self,
                    format!("LATERAL (VALUES ({name}.*))"),
                    (1..=columns.len()).map(|n| format!("column{n}")).collect(),
                )
            }
            10 | 11 => {
                let cells = format!("({}, 'k'), ('l', {})", self.value(0, seen), self.value(0, seen));
                under(self, format!("LATERAL (VALUES {cells})"), list(&["column1", "column2"]))
            }
            _ => {
                let (function, columns) = *self.one(&[
                    &("json_array_elements_text('[1]')", &["value"][..]),
                    &("regexp_split_to_table('k', '')", &["s"]),
                    &("unnest(ARRAY['k'], ARRAY['l'])", &["unnest", "unnest"]),
                    &("unnest(ARRAY[(SELECT b FROM b LIMIT 1)])", &["x", "y", "w"]),
                    &("json_each_text('{}')", &["key", "value"]),
                    &("jsonb_populate_record(NULL::b, '{}')", &["x", "y", "w"]),
                    &("CAST(NULL AS c)", &["y", "x", "v"]),
                    &("CAST('k' AS text)", &["text"]),
                    &("COALESCE(NULL::b, NULL::b)", &["x", "y", "w"]),
                    &("ROWS FROM (regexp_split_to_table('k', ''), json_each_text('{}'))", &["s", "key", "value"]),
                ]);
                let ordinality = self.one(&["", " WITH ORDINALITY"]);
                under(self, format!("{function}{ordinality}"), list(columns))
            }
        }
    }

    /// A query, and the names of its columns.
    fn query(&mut self, depth: usize, most: usize, around: &[Seen]) -> (String, Vec<String>) {
        if depth > 0 && self.below(10) == 0 {
            let ((first, columns), (second, _)) = (self.query(depth - 1, 1, around), self.query(depth - 1, 1, around));
            let operation = self.one(&["UNION", "UNION ALL", "EXCEPT", "INTERSECT ALL"]);
            return (format!("({first}) {operation} ({second})"), columns);
        }
        let (mut text, mut items, mut seen) = (String::new(), Vec::new(), Vec::new());
        if depth > 0 && self.below(4) == 0 {
            let recursive = self.one(&["", "", "RECURSIVE "]);
            let (query, columns) = self.query(depth - 1, 3, around);
            let (alias, (name, columns)) = self.alias(columns);
            text = format!("WITH {recursive}{alias} AS ({query}) ");
            items.push(name.clone());
            seen.push((name, columns));
        }
        let lateral: Vec<Seen> = seen.iter().chain(around).cloned().collect();
        for _ in 0..=self.below(2) {
            let before: Vec<Seen> = seen.iter().chain(&lateral).cloned().collect();
            let (item, brought) = self.item(depth, &before);
            items.push(item);
            seen.extend(brought);
        }
        let own = seen.len();
        seen.extend(around.iter().cloned());
        let (mut targets, mut columns) = (Vec::new(), Vec::new());
        for _ in 0..=self.below(most) {
            let (target, made) = self.target(depth, &seen, own);
            targets.push(target);
            columns.extend(made);
        }
        text += &format!("SELECT {} FROM {}", targets.join(", "), items.join(", "));
        if self.below(3) == 0 {
            text += &format!(" WHERE {} = {}", self.value(depth.saturating_sub(1), &seen), self.value(0, &seen));
        }
        match self.below(8) {
            0 => text += &format!(" GROUP BY {}", self.column()),
            1 => text += &format!(" ORDER BY {}", self.column()),
            _ => {}
        }
        (text, columns)
    }
}

/// The query as the server tells it back, where it takes it.
fn told(line: &mut Line, text: &str) -> Option<String> {
    let columns: Vec<String> = (0..line.describe(text).ok()?.len()).map(|column| format!("c{column}")).collect();
    line.run("ROLLBACK TO s; SAVEPOINT s").ok()?;
    let view = format!("CREATE TEMP VIEW seen AS SELECT * FROM ({text}) AS q({})", columns.join(", "));
    line.run(&view).ok()?;
    let rows = line.run("SELECT pg_get_viewdef('seen'::regclass)").ok()?.rows;
    rows.into_iter().next()?.into_iter().next()?
}

fn from(output: &Output) -> Option<BTreeSet<Column>> {
    match output {
        Output::Bare(column) => Some(BTreeSet::from([column.clone()])),
        Output::Derived { from, .. } => Some(from.clone()),
        Output::Unknown { .. } => None,
    }
}

/// The columns that a statement reads.
fn read(statement: &Statement) -> BTreeSet<String> {
    let touches = statement.touches.iter().filter(|touch| touch.effect == Effect::Read);
    touches
        .flat_map(|touch| match &touch.columns {
            Columns::Named(names) => names.iter().map(|name| format!("{}.{name}", touch.object)).collect(),
            Columns::All => vec![format!("{}.*", touch.object)],
            Columns::None => Vec::new(),
        })
        .collect()
}

/// What the server's account of a query says that was not read in the query.
fn lacks(catalog: &Catalog, text: &str, told: &str) -> Result<Vec<String>> {
    let query = reading(catalog, text)?;
    let account = reading(catalog, told).with_context(|| told.to_owned())?;
    if query.reading != Reading::Clear || account.reading != Reading::Clear {
        return Ok(Vec::new());
    }
    let (Outputs::Cells(said), Outputs::Cells(true_ones)) = (&query.outputs, &account.outputs) else {
        return Ok(Vec::new());
    };
    let mut lacks = Vec::new();
    let unknown = said.iter().any(|output| matches!(output, Output::Unknown { .. }));
    if !unknown && said.len() != true_ones.len() {
        lacks.push(format!("{} columns, and not {}", true_ones.len(), said.len()));
    }
    if UNLISTED.iter().any(|unlisted| text.contains(unlisted)) {
        return Ok(lacks);
    }
    for (place, (said, there)) in said.iter().zip(true_ones).enumerate().filter(|_| !unknown) {
        if let (Some(said), Some(there)) = (from(said), from(there))
            && !there.is_subset(&said)
        {
            lacks.push(format!("column {place} is of {there:?}"));
        }
    }
    let all = |reads: &BTreeSet<String>, one: &String| {
        reads.contains(one) || one.rsplit_once('.').is_some_and(|(table, _)| reads.contains(&format!("{table}.*")))
    };
    let reads = read(&query);
    lacks.extend(read(&account).iter().filter(|one| !all(&reads, one)).map(|one| format!("reads {one}")));
    let consulted = account.uses.consulted.difference(&query.uses.consulted);
    lacks.extend(consulted.map(|column| format!("is decided by {column}")));
    Ok(lacks)
}

/// Values that come back in an output of whose column nothing was said.
fn strays(line: &mut Line, statement: &Statement, text: &str) -> Vec<String> {
    let Outputs::Cells(outputs) = &statement.outputs else { return Vec::new() };
    let rows = line.run(text).map(|answer| answer.rows).unwrap_or_default();
    let mut strays = Vec::new();
    for (place, (cell, output)) in rows.iter().flat_map(|row| row.iter().zip(outputs).enumerate()) {
        let said: BTreeSet<String> = from(output).into_iter().flatten().map(|column| column.to_string()).collect();
        let cell = cell.as_deref().unwrap_or_default().to_lowercase();
        let values = cell.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
        for (value, _) in values.filter(|(value, _)| !said.contains(*value)) {
            if !matches!(output, Output::Unknown { .. }) {
                strays.push(format!("{value} comes in column {place}"));
            }
        }
    }
    strays
}

fn check(version: u32, seed: u64) -> Result<()> {
    let (_server, mut line) = server(version)?;
    TABLES.split(';').try_for_each(|text| line.run(text).map(|_| ()))?;
    let catalog = catalog(&mut line)?;
    let (mut dice, mut taken, mut all) = (Dice(seed), 0_usize, Vec::new());
    line.run("BEGIN")?;
    for _ in 0..DRAWN {
        let text = dice.query(2, 3, &[]).0;
        line.run("SAVEPOINT s")?;
        if let Some(told) = told(&mut line, &text) {
            taken += 1;
            let mut lacks = lacks(&catalog, &text, &told).with_context(|| text.clone())?;
            let query = reading(&catalog, &text)?;
            if query.reading == Reading::Clear {
                lacks.extend(strays(&mut line, &query, &text));
            }
            if !lacks.is_empty() {
                all.push(format!("{text}\n  {}\n  {told}", lacks.join("; ")));
            }
        }
        line.run("ROLLBACK TO s")?;
    }
    assert!(taken >= TAKEN, "only {taken} of {DRAWN} were queries");
    assert!(all.is_empty(), "{} of {taken}:\n{}", all.len(), all.join("\n\n"));
    Ok(())
}

#[test]
fn what_the_server_reads_in_a_query_is_read_in_it() -> Result<()> {
    let seed = std::env::var("POSTERN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(2026);
    check(15, seed)?;
    check(18, seed)
}
