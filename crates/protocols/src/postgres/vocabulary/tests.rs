use std::collections::BTreeSet;

use super::*;

#[test]
fn words_are_said_once() {
    let actions: BTreeSet<_> = VOCABULARY.actions.iter().collect();
    assert_eq!(actions.len(), VOCABULARY.actions.len());
    assert!(VOCABULARY.actions.iter().all(|action| action.starts_with("postgres.")));
    let harmless: BTreeSet<_> = VOCABULARY.harmless.iter().map(|one| (one.effect, one.object)).collect();
    assert_eq!(harmless.len(), VOCABULARY.harmless.len());
}

#[test]
fn what_is_guarded_is_not_said_to_be_harmless() {
    for guarded in VOCABULARY.guarded.iter().chain(VOCABULARY.credentials) {
        assert!(VOCABULARY.harmless.iter().all(|one| one.object != *guarded), "{guarded}");
    }
}

#[test]
fn harmless_functions_are_recognised() {
    let object = |name: &str| Object::at(["pg_catalog", name]).within("shop");
    for name in ["version", "pg_get_viewdef", "to_regclass", "pg_table_is_visible", "has_table_privilege"] {
        assert!(shows_no_data(&object(name)), "{name}");
    }
    for name in ["pg_read_file", "lo_get", "query_to_xml", "pg_stat_get_activity", "pg_ls_dir", "versions"] {
        assert!(!shows_no_data(&object(name)), "{name}");
    }
    assert!(!shows_no_data(&Object::at(["public", "version"])));
}
