use super::*;

fn findings(path: &str, text: &str) -> usize {
    find(&Tree::of(&[(path, text)])).len()
}

#[test]
fn a_personal_path_is_seen_in_any_file() {
    for path in PERSONAL {
        assert_eq!(findings("README.md", &format!("see `{path}ann/x`")), 1, "{path}");
        assert_eq!(findings("a.rs", &format!("let p = \"{path}ann\";")), 1, "{path}");
    }
}

#[test]
fn the_middle_of_a_path_passes() {
    assert_eq!(findings("a.sh", "$dir/home/ann {base}/home/x frame/home/x docs/home/x"), 0);
    assert_eq!(findings("a.sh", "url/{x}/home/y"), 0);
}
