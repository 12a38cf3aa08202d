//! The crates depend on each other exactly as the table in ARCHITECTURE.md says.
//!
//! The table is the one headed `| crate | depends on | in tests also | anyhow |`. The second
//! column is exact; the third is the most that `[dev-dependencies]` may add. Crates from
//! elsewhere are deny.toml's business, but for `anyhow`, which erases whose fault an error is.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, table_rows};
use crate::tree::Tree;

#[cfg(test)]
mod tests;

const TABLE: &str = "ARCHITECTURE.md";
const HEADING: [&str; 4] = ["crate", "depends on", "in tests also", "anyhow"];

#[derive(Debug, Default, PartialEq, Eq)]
struct Edges {
    line: usize,
    normal: BTreeSet<String>,
    in_tests: BTreeSet<String>,
    anyhow: bool,
}

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.file(TABLE) else {
        return vec![Finding::of(TABLE, 0, "is missing")];
    };
    let mut documented = documented(&page.text);
    let mut found = Vec::new();
    for file in tree.files().filter(|file| is_manifest(&file.path)) {
        let manifest: toml::Table = match file.text.parse() {
            Ok(manifest) => manifest,
            Err(error) => {
                found.push(Finding::at(file, 0, error.to_string()));
                continue;
            }
        };
        let (name, real) = built(&manifest);
        match documented.remove(&name) {
            Some(written) => compare(&file.path, &written, &real, &mut found),
            None => found.push(Finding::at(file, 0, format!("`{name}` is not in the table of {TABLE}"))),
        }
    }
    for (name, edges) in documented {
        found.push(Finding::of(TABLE, edges.line, format!("there is no crate `{name}`")));
    }
    found
}

fn is_manifest(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts.as_slice(), ["crates", _, "Cargo.toml"] | ["xtask", "Cargo.toml"])
}

/// The table of the page, by crate.
fn documented(page: &str) -> BTreeMap<String, Edges> {
    table_rows(page, HEADING.len())
        .into_iter()
        .skip_while(|(_, cells)| *cells != HEADING)
        .skip(1)
        .filter_map(|(line, cells)| {
            let [name, normal, in_tests, anyhow] = cells.try_into().ok()?;
            let edges = Edges { line, normal: names(normal), in_tests: names(in_tests), anyhow: anyhow == "yes" };
            Some((full(name), edges))
        })
        .collect()
}

fn names(cell: &str) -> BTreeSet<String> {
    cell.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "—").map(full).collect()
}

/// The table writes `core` for `postern-core`.
fn full(name: &str) -> String {
    match name.trim_matches('`') {
        own @ ("postern" | "xtask") => own.to_owned(),
        short => format!("postern-{short}"),
    }
}

/// The name of a crate and what its manifest depends on, of ours and `anyhow`.
fn built(manifest: &toml::Table) -> (String, Edges) {
    let name = manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str)
        .unwrap_or_default();
    let mut edges = Edges::default();
    let targets = manifest
        .get("target")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flat_map(toml::Table::values)
        .filter_map(toml::Value::as_table);
    for table in std::iter::once(manifest).chain(targets) {
        let normal: BTreeSet<String> =
            ["dependencies", "build-dependencies"].iter().flat_map(|section| dependencies(table, section)).collect();
        edges.anyhow |= normal.contains("anyhow");
        edges.normal.extend(normal.into_iter().filter(|name| is_ours(name)));
        edges.in_tests.extend(dependencies(table, "dev-dependencies").into_iter().filter(|name| is_ours(name)));
    }
    (name.to_owned(), edges)
}

fn dependencies(table: &toml::Table, section: &str) -> Vec<String> {
    table
        .get(section)
        .and_then(toml::Value::as_table)
        .map(|section| {
            section
                .iter()
                .map(|(name, value)| {
                    let renamed = value.get("package").and_then(toml::Value::as_str);
                    renamed.unwrap_or(name).to_owned()
                })
                .collect()
        })
        .unwrap_or_default()
}

fn is_ours(name: &str) -> bool {
    name == "postern" || name == "xtask" || name.starts_with("postern-")
}

fn compare(path: &str, written: &Edges, real: &Edges, found: &mut Vec<Finding>) {
    for extra in real.normal.difference(&written.normal) {
        found.push(Finding::of(path, 0, format!("depends on `{extra}`, which {TABLE} does not say")));
    }
    for missing in written.normal.difference(&real.normal) {
        found.push(Finding::of(path, 0, format!("does not depend on `{missing}`, as {TABLE} says it does")));
    }
    let allowed: BTreeSet<String> = written.in_tests.union(&written.normal).cloned().collect();
    for extra in real.in_tests.difference(&allowed) {
        found.push(Finding::of(path, 0, format!("tests depend on `{extra}`, which {TABLE} does not say")));
    }
    if real.anyhow && !written.anyhow {
        found.push(Finding::of(path, 0, "depends on `anyhow`: errors here say whose fault they are"));
    }
}
