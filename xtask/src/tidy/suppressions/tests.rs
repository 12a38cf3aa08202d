use super::*;

fn findings(path: &str, text: &str) -> usize {
    find(&Tree::of(&[(path, text)])).len()
}

#[test]
fn each_word_is_seen_in_its_language() {
    for (word, _) in IN_RUST {
        assert_eq!(findings("a.rs", word), 1, "{word}");
    }
    for (word, _) in IN_CFG_ATTR {
        assert_eq!(findings("a.rs", &format!("#[cfg_attr(x,{word}")), 1, "{word}");
    }
    for (word, _) in IN_COMMENTS {
        assert_eq!(findings("a.rs", &format!("/// {word}")), 1, "{word}");
    }
    for (word, _) in IN_PYTHON {
        assert_eq!(findings("a.py", &format!("self{word}")), usize::from(word.starts_with('.')), "{word}");
        assert_eq!(findings("a.py", &format!("@{word}")), 1, "{word}");
    }
    for (word, _) in IN_JAVASCRIPT {
        assert_eq!(findings("a.js", word), 1, "{word}");
    }
}

#[test]
fn what_only_looks_like_one_passes() {
    assert_eq!(findings("a.rs", "iter.skip(1); // todo!\nlet s = \"#[ignore]\";"), 0);
    assert_eq!(findings("a.rs", "#[serde(skip)] struct S; fn f(a: A, ignore: bool) {}"), 0);
    assert_eq!(findings("a.rs", "#[expect(dead_code, reason = \"x\")]"), 0);
    assert_eq!(findings("a.js", "await.skip(); exit(1)"), 0);
}

#[test]
fn a_test_file_without_tests_is_seen() {
    assert_eq!(findings("a/tests.rs", "use super::*;\nfn helper() {}\n// #[test]"), 1);
    assert_eq!(findings("a/tests/mod.rs", ""), 1);
    for one in [
        "#[test]\nfn a() {}",
        "#[tokio::test]\nasync fn a() {}",
        "#[tokio::test(start_paused = true)]\nasync fn a() {}",
        "mod inner;",
    ] {
        assert_eq!(findings("a/tests.rs", one), 0, "{one}");
    }
}
