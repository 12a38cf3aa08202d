//! What passes at startup, what is pinned, what is refused.

use super::Settings;

fn read(pairs: &[(&str, &str)]) -> Result<Settings, String> {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::read(pairs).map_err(|fault| fault.message)
}

fn passed(settings: &Settings, name: &str) -> Option<String> {
    settings.passed.iter().find(|(given, _)| given == name).map(|(_, value)| value.clone())
}

#[test]
fn the_database_names_target_and_database() {
    let target = |database: &str| read(&[("user", "bot"), ("database", database)]).expect("allowed").target(None);
    assert_eq!(target("orders"), ("orders".to_owned(), None));
    assert_eq!(target("orders/stats"), ("orders".to_owned(), Some("stats".to_owned())));
    assert_eq!(read(&[("user", "bot")]).expect("allowed").target(None).0, "bot");
}

#[test]
fn drivers_settings_pass_in_either_form() {
    let settings = read(&[
        ("user", "bot"),
        ("DateStyle", "ISO"),
        ("options", r"-c statement_timeout=5s --lock-timeout=1s -c application_name=a\ b"),
    ])
    .expect("allowed");
    assert_eq!(passed(&settings, "datestyle").as_deref(), Some("ISO"));
    assert_eq!(passed(&settings, "statement_timeout").as_deref(), Some("5s"));
    assert_eq!(passed(&settings, "lock_timeout").as_deref(), Some("1s"));
    assert_eq!(passed(&settings, "application_name").as_deref(), Some("a b"));
}

#[test]
fn pinned_settings_take_one_value_and_are_always_sent() {
    for value in ["UTF8", "utf-8", "'UTF8'", "unicode"] {
        assert!(read(&[("client_encoding", value)]).is_ok(), "{value}");
    }
    for (name, value) in
        [("client_encoding", "SJIS"), ("client_encoding", "SQL_ASCII"), ("standard_conforming_strings", "off")]
    {
        let message = read(&[(name, value)]).expect_err(value);
        assert!(message.contains("is always"), "{message}");
    }
    let settings = read(&[("user", "bot")]).expect("allowed");
    assert_eq!(passed(&settings, "client_encoding").as_deref(), Some("UTF8"));
    assert_eq!(passed(&settings, "standard_conforming_strings").as_deref(), Some("on"));
}

#[test]
fn whatever_could_lend_rights_is_refused() {
    let refused: &[&[(&str, &str)]] = &[
        &[("role", "postgres")],
        &[("session_authorization", "postgres")],
        &[("options", "-c role=postgres")],
        &[("options", "--session_replication_role=replica")],
        &[("options", "-F")],
        &[("options", "-c")],
        &[("local_preload_libraries", "x")],
        &[("replication", "database")],
        &[("replication", "true")],
    ];
    for pairs in refused {
        assert!(read(pairs).is_err(), "{pairs:?}");
    }
    assert!(read(&[("replication", "false")]).is_ok());
}
