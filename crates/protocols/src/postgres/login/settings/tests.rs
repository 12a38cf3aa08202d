//! What passes at startup, what is pinned, what is refused.

use postern_core::TargetName;

use super::{Replication, Settings};

fn read(pairs: &[(&str, &str)]) -> Result<Settings, String> {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::read(0, pairs, None).map_err(|fault| fault.message)
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
fn a_host_names_the_target_and_the_database_is_its_own() {
    let bound = TargetName::parse("stock").expect("a name");
    let target = |database: Option<&str>, bound: Option<&TargetName>| {
        let given = database.map(|name| ("database", name));
        let pairs: Vec<_> = std::iter::once(("user", "bot")).chain(given).collect();
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let settings = Settings::read(0, pairs, Some("orders".to_owned()));
        settings.map(|settings| settings.target(bound)).map_err(|fault| (fault.message, fault.hint))
    };
    for (database, space) in [
        (Some("shop"), Some("shop")),
        // a database may have any name, that of a target too
        (Some("orders"), Some("orders")),
        (Some("stock"), Some("stock")),
        (Some("orders/shop"), Some("shop")),
        (Some("orders/a/b"), Some("a/b")),
        (Some("orders/bot"), Some("bot")),
        // what clients send where nobody has named one
        (Some("bot"), None),
        (Some(""), None),
        (None, None),
    ] {
        // who is bound to another target hears of that where the target is opened
        for bound in [None, Some(&bound)] {
            let asked = ("orders".to_owned(), space.map(str::to_owned));
            assert_eq!(target(database, bound), Ok(asked), "{database:?} {bound:?}");
        }
    }
    for (database, other) in [("stock/shop", "stock"), ("stock/", "stock"), ("/shop", ""), ("ORDERS/shop", "ORDERS")] {
        let message = format!("the host name asks for target `orders`, the database name for `{other}`");
        let hint = format!("leave one of them out; a database of that very name is `orders/{database}`");
        assert_eq!(target(Some(database), None), Err((message, Some(hint))));
    }
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

/// What every driver sends needs no rule; of anything else one is asked, in whatever form it comes and however often.
#[test]
fn what_is_not_presentation_is_for_the_rules_to_decide() {
    let decided = |pairs: &[(&str, &str)]| {
        let decided = read(pairs).expect("allowed").decided;
        decided.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    };
    let shown = [("DateStyle", "ISO"), ("TimeZone", "UTC"), ("extra_float_digits", "2"), ("application_name", "x")];
    assert_eq!(decided(&shown), "");
    assert_eq!(decided(&[("client_encoding", "UTF8"), ("bytea_output", "hex"), ("IntervalStyle", "iso_8601")]), "");
    assert_eq!(decided(&[("Work_Mem", "1MB"), ("datestyle", "ISO")]), "work_mem=1MB");
    let twice = [("app.tenant", "1"), ("options", "-c App.Tenant=2 --log-statement=none")];
    assert_eq!(decided(&twice), "app.tenant=2 log_statement=none app.tenant=1");
    assert_eq!(
        decided(&[("session_replication_role", "replica"), ("nosuch", "1")]),
        "session_replication_role=replica nosuch=1"
    );
}

#[test]
fn settings_pass_in_either_form() {
    for name in [
        "app.tenant",
        "myapp.user_id",
        "log_statement",
        "maintenance_work_mem",
        "plan_cache_mode",
        "statement_timeout",
        "transaction_timeout",
        "enable_seqscan",
        "synchronous_commit",
        "default_tablespace",
        "jit_above_cost",
        "search_path",
    ] {
        let settings = read(&[("user", "bot"), (name, "1")]).expect(name);
        assert_eq!(passed(&settings, name).as_deref(), Some("1"), "{name}");
        let settings = read(&[("options", &format!("-c {name}=1"))]).expect(name);
        assert_eq!(passed(&settings, name).as_deref(), Some("1"), "{name}");
    }
}

/// THREAT: a name that anybody may make up, in which another setting stands.
#[test]
fn a_name_is_one_name() {
    for name in
        ["geqo -c role", "geqo=1 -crole", "geqo\u{b}x", "geqo\\x", "geqo_ü", "geqo'", "app.x=1 -crole", "app.x -c role"]
    {
        assert!(read(&[(name, "boss")]).is_err(), "{name:?}");
        assert!(read(&[(name, "boss"), (name, "boss")]).is_err(), "{name:?}");
    }
}

#[test]
fn what_stands_by_itself_counts_before_options() {
    let options = ("options", r"-c DateStyle=German,\ DMY -c client_encoding=SQL_ASCII -c geqo=off");
    let named = [("datestyle", "ISO"), ("client_encoding", "UTF8")];
    for pairs in [[options, named[0], named[1]], [named[1], named[0], options]] {
        let settings = read(&pairs).expect("allowed");
        let given: Vec<_> = settings.passed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("geqo", "off"),
            ("datestyle", "ISO"),
            // the server keeps the order of days and months of it
            ("options", r"-c datestyle=German\,\ DMY "),
            ("client_encoding", "UTF8"),
            ("standard_conforming_strings", "on"),
        ];
        assert_eq!(given, expected);
    }
    assert!(read(&[options]).is_err());
}

/// THREAT: one word here that the server takes for two, of which the second is `role`.
#[test]
fn what_stands_twice_is_written_so_that_no_server_reads_another_setting() {
    for space in ["\u{b}", "\u{85}", "\u{a0}", "\u{2003}", "\u{1}"] {
        let options = format!("-c datestyle=ISO{space}-c{space}role=boss -c datestyle=ISO");
        assert!(read(&[("options", &options)]).is_err(), "{space:?}");
        let named = format!("-c application_name=a{space}-crole=boss");
        assert!(read(&[("options", &named), ("application_name", "b")]).is_err(), "{space:?}");
    }
    let twice =
        read(&[("options", r"-c application_name=a\ -c\ role=boss;'\"), ("application_name", "b")]).expect("allowed");
    assert_eq!(passed(&twice, "options").expect("kept"), r"-c application_name=a\ \-c\ role\=boss\;\' ");
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
fn what_no_rule_may_let_through_is_refused() {
    let refused: &[&[(&str, &str)]] = &[
        &[("role", "postgres")],
        &[("session_authorization", "postgres")],
        &[("options", "-c role=postgres")],
        &[("options", "-F")],
        &[("options", "-c")],
        &[("options", "-c replication=true")],
        &[("backslash_quote", "on")],
        &[("names", "latin1")],
        &[("options", "-c _pq_.x=1")],
        &[("Replication", "true")],
        &[("options", "-c user=postgres")],
        &[("DATABASE", "postgres")],
        &[("options", "-c options=-crole=boss")],
    ];
    for pairs in refused {
        assert!(read(pairs).is_err(), "{pairs:?}");
    }
}

#[test]
fn replication_is_read_as_the_server_reads_it() {
    let asked = |value: &str| read(&[("user", "bot"), ("replication", value)]).map(|settings| settings.replication);
    for value in ["true", "t", "TRUE", "on", "ON", "yes", "y", "Ye", "1"] {
        assert_eq!(asked(value), Ok(Some(Replication::Physical)), "{value}");
    }
    assert_eq!(asked("database"), Ok(Some(Replication::Logical)));
    for value in ["false", "F", "off", "of", "no", "n", "0"] {
        assert_eq!(asked(value), Ok(None), "{value}");
    }
    for value in ["", "o", "Database", "databas", "truee", "10", "logical", " true"] {
        assert_eq!(asked(value), Err(format!("invalid value for parameter \"replication\": \"{value}\"")));
    }
    assert_eq!(read(&[("user", "bot")]).expect("allowed").replication, None);
}

/// Whoever can have one target only need not name it, and tools of physical replication name what no server looks at.
#[test]
fn physical_replication_names_no_database() {
    let bound = TargetName::parse("orders").expect("a name");
    let target = |replication: &str, database: &str| {
        let pairs = [("user", "bot"), ("database", database), ("replication", replication)];
        read(&pairs).expect("allowed").target(Some(&bound))
    };
    assert_eq!(target("true", "replication"), ("orders".to_owned(), None));
    assert_eq!(target("true", "stats"), ("stats".to_owned(), None));
    assert_eq!(target("database", "replication"), ("replication".to_owned(), None));
    assert_eq!(target("false", "replication"), ("replication".to_owned(), None));
    let pairs = [("replication", "true"), ("user", "bot"), ("database", "replication")];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let hosted = Settings::read(0, pairs, Some("stock".to_owned())).expect("allowed");
    assert_eq!(hosted.target(None), ("stock".to_owned(), None));
}
