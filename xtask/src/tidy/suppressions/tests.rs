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
