use super::*;

fn listed(value: &str) -> Option<Vec<String>> {
    search_path(value).map(|names| names.iter().map(ToString::to_string).collect())
}

#[test]
fn settings_have_the_class_of_what_they_change() {
    let cases = [
        ("TimeZone", Class::Harmless),
        ("statement_timeout", Class::Harmless),
        ("enable_seqscan", Class::Harmless),
        ("app.tenant", Class::Harmless),
        ("search_path", Class::Tracked),
        ("SEARCH_PATH", Class::Tracked),
        ("standard_conforming_strings", Class::Pinned),
        ("client_encoding", Class::Pinned),
        ("transform_null_equals", Class::Pinned),
        ("role", Class::Role),
        ("session_authorization", Class::Role),
        ("session_replication_role", Class::Privileged),
        ("row_security", Class::Harmless),
        ("local_preload_libraries", Class::Privileged),
        ("plperl.on_init", Class::Unknown),
        ("log_statement", Class::Unknown),
        ("nosuch", Class::Unknown),
    ];
    for (name, wanted) in cases {
        assert_eq!(class(name), wanted, "{name}");
    }
}

#[test]
fn no_client_calls_itself_in_the_gateways_words_or_what_looks_like_them() {
    for value in ["postern:dana", "Postern:dana", " postern:dana", "post ern :dana", "\u{a0}postern:", "postern", OWN] {
        assert!(poses(APPLICATION_NAME, value), "{value}");
    }
    for value in ["", "psql", "posterns", "my postern", "app (postern:dana)", "postern-report"] {
        assert!(!poses(APPLICATION_NAME, value), "{value}");
    }
    assert!(!poses("search_path", "postern"));
}

#[test]
fn a_search_path_is_a_list_of_names() {
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    assert_eq!(listed("\"$user\", public"), names(&["$user", "public"]));
    assert_eq!(listed("A,b , \"C \"\"d\"\"\""), names(&["a", "b", "C \"d\""]));
    assert_eq!(listed(""), names(&[]));
    assert_eq!(listed("\"\""), names(&[""]));
    assert_eq!(listed("a,"), None);
    assert_eq!(listed("a b"), None);
    assert_eq!(listed("\"a"), None);
    assert_eq!(listed(",a"), None);
}

#[test]
fn names_are_quoted_so_that_they_are_read_back() {
    for name in ["public", "Public", "a b", "a,b", "a\"b", "", "1a", "$user"] {
        assert_eq!(listed(&quoted(name)), Some(vec![name.to_owned()]), "{name}");
    }
}
