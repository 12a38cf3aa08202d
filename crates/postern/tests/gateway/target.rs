//! How the gateway proves itself to servers that want something else than SCRAM.

use postern_testkit::postgres::Options;

use crate::served::Served;
use crate::site::stderr;

/// A `pg_hba.conf` and settings for a server of that version.
fn asking(version: u32, rules: &[&str], settings: &[(&str, &str)]) -> Options {
    let text = |text: &&str| (*text).to_owned();
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Options {
        version,
        host_rules: rules.iter().map(text).collect(),
        settings: settings.iter().map(pair).collect(),
        ..Options::default()
    }
}

#[test]
fn an_md5_password_goes_to_a_server_inside_tls_and_to_no_other() {
    for version in [15, 18] {
        let served =
            Served::of(asking(version, &["host all all 127.0.0.1/32 md5"], &[("password_encryption", "md5")]));
        let kept = served.server.run_sql("postgres", "SELECT left(rolpassword, 3) FROM pg_authid WHERE rolname = 'app'");
        assert_eq!(kept.unwrap(), "md5");
        let gateway = served.site.start();
        let ran = served.through().psql(&["SELECT 1"]);
        assert!(ran.status.success(), "{version}: {}", stderr(&ran));

        drop(gateway);
        let plain = served.target("shop", "localhost", served.server.port(), "").replace("ca       = \"\"", "");
        served.configure(&plain.replace("verify-full", "disable"));
        let _gateway = served.site.start();
        let refused = stderr(&served.through().psql(&["SELECT 1"]));
        assert!(refused.contains("it asks for an MD5 password without TLS"), "{version}: {refused}");
        assert!(refused.contains("PST-2003"), "{version}: {refused}");
    }
}
