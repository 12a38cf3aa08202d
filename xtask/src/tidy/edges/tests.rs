use super::*;

const PAGE: &str = "\
| other | table | of | four |
|---|---|---|---|
| crate | depends on | in tests also | anyhow |
|---|---|---|---|
| `postern` | core, api | testkit | yes |
| `core` | — | — | no |
";
const BINARY: &str = "[package]\nname = \"postern\"\n[dependencies]\npostern-core.workspace = true\npostern-api.workspace = true\nanyhow = \"1\"\n[dev-dependencies]\npostern-testkit.workspace = true\n";
const CORE: &str = "[package]\nname = \"postern-core\"\n[dependencies]\nserde = \"1\"\n";

fn says(page: &str, binary: &str, core: &str) -> Vec<String> {
    let tree =
        Tree::of(&[("ARCHITECTURE.md", page), ("crates/postern/Cargo.toml", binary), ("crates/core/Cargo.toml", core)]);
    find(&tree).into_iter().map(|finding| finding.to_string()).collect()
}

#[test]
fn a_tree_as_documented_passes() {
    assert_eq!(says(PAGE, BINARY, CORE), Vec::<String>::new());
}

#[test]
fn an_edge_that_the_table_lacks_is_seen_wherever_it_is_declared() {
    for declared in [
        "postern-api.workspace = true\n",
        "[build-dependencies]\npostern-api.workspace = true\n",
        "[target.'cfg(unix)'.dependencies]\npostern-api.workspace = true\n",
        "other = { package = \"postern-api\", path = \"../api\" }\n",
    ] {
        let found = says(PAGE, BINARY, &format!("{CORE}{declared}"));
        assert_eq!(found.len(), 1, "{declared}");
        assert!(found[0].contains("depends on `postern-api`, which"), "{found:?}");
    }
}

#[test]
fn an_edge_that_only_the_table_has_is_seen() {
    let found = says(PAGE, &BINARY.replace("postern-api.workspace = true\n", ""), CORE);
    assert_eq!(found, ["crates/postern/Cargo.toml: does not depend on `postern-api`, as ARCHITECTURE.md says it does"]);
}

#[test]
fn the_testkit_is_for_tests() {
    let found = says(PAGE, &BINARY.replace("anyhow", "postern-testkit = \"1\"\nanyhow"), CORE);
    assert_eq!(found.len(), 1);
    let found = says(PAGE, BINARY, &format!("{CORE}[dev-dependencies]\npostern-testkit = \"1\"\n"));
    assert_eq!(
        found,
        ["crates/core/Cargo.toml: tests depend on `postern-testkit`, which ARCHITECTURE.md does not say"]
    );
}

#[test]
fn anyhow_stays_where_the_table_lets_it() {
    let found = says(PAGE, BINARY, &format!("{CORE}anyhow = \"1\"\n"));
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("anyhow"));
}

#[test]
fn crates_and_rows_answer_each_other() {
    let unknown = CORE.replace("postern-core", "postern-extra");
    let found = says(PAGE, BINARY, &unknown);
    assert_eq!(found.len(), 2);
    assert!(found[0].contains("`postern-extra` is not in the table"));
    assert!(found[1].starts_with("ARCHITECTURE.md:6: there is no crate `postern-core`"));
}

#[test]
fn a_missing_page_and_a_broken_manifest_are_said() {
    assert_eq!(find(&Tree::default()).len(), 1);
    let found = says(PAGE, BINARY, "[package");
    assert!(found.iter().any(|says| says.starts_with("crates/core/Cargo.toml: ")));
}
