//! How the gateway proves itself to servers that want something else than SCRAM.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use postern_testkit::certificates::{Authority, Leaf};
use postern_testkit::postgres::Options;
use tempfile::TempDir;

use crate::served::{PASSWORD, Served};
use crate::site::{stderr, stdout};

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
        let served = Served::of(asking(version, &["host all all 127.0.0.1/32 md5"], &[("password_encryption", "md5")]));
        let kept =
            served.server.run_sql("postgres", "SELECT left(rolpassword, 3) FROM pg_authid WHERE rolname = 'app'");
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

#[test]
fn a_password_that_stands_anywhere_is_used_and_said_to_be_searched_for_nowhere() {
    for (user, password) in [("app", "elevenbytes"), ("app_readwrite", "app_readwrite")] {
        let served = Served::of(Options::default().login("app_readwrite", PASSWORD));
        let authority = served.server.ca_file().display().to_string();
        let target = served.target("shop", "localhost", served.server.port(), &authority);
        served.configure(&target.replace("user = \"app\"", &format!("user = \"{user}\"")));
        let said = |output: &std::process::Output| stdout(output).contains("replies are not searched for it");
        let checked = served.site.run(&["check", "postern.toml", "--online"]);
        assert!(checked.status.success() && !said(&checked), "{}{}", stdout(&checked), stderr(&checked));
        served.server.run_sql("postgres", &format!("ALTER ROLE {user} PASSWORD '{password}'")).unwrap();
        served.site.write("password", password);
        let checked = served.site.run(&["check", "postern.toml", "--online"]);
        assert!(checked.status.success() && said(&checked), "{}{}", stdout(&checked), stderr(&checked));
        let gateway = served.site.start();
        for _ in 0..3 {
            assert!(served.through().works(), "{}", gateway.log());
        }
        let warned = gateway.log().matches("replies are not searched for it").count();
        assert_eq!(warned, 1, "once for each target: {}", gateway.log());
        assert!(!gateway.log().contains("elevenbytes"));
    }
}

/// A server that takes `app` for its certificate, and `both` for a certificate and a password.
struct Certified {
    served: Served,
    authority: Authority,
    _folder: TempDir,
}

impl Certified {
    fn start(version: u32) -> Self {
        let authority = Authority::new("clients").unwrap();
        // the server runs under another account
        let folder = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap();
        let file = folder.path().join("clients.crt");
        fs::write(&file, authority.pem()).unwrap();
        let rules =
            ["hostssl all app 127.0.0.1/32 cert", "hostssl all both 127.0.0.1/32 scram-sha-256 clientcert=verify-full"];
        let settings = [("ssl_ca_file", file.to_str().unwrap())];
        let served = Served::of(asking(version, &rules, &settings).login("both", PASSWORD));
        Self { served, authority, _folder: folder }
    }

    fn put(&self, leaf: &Leaf) {
        self.served.site.write("app.crt", leaf.pem());
        self.served.site.write("app.key", &leaf.key_pem());
    }

    /// Starts a gateway with this login, and says what a client hears.
    fn heard(&self, login: &str) -> String {
        let Served { server, .. } = &self.served;
        let shop = self.served.target("shop", "localhost", server.port(), &server.ca_file().display().to_string());
        self.served.configure(&shop.replace("{ user = \"app\", password = \"file:password\" }", login));
        let _gateway = self.served.site.start();
        self.hears()
    }

    fn hears(&self) -> String {
        let ran = self.served.through().psql(&["SELECT current_user"]);
        String::from_utf8([ran.stdout, ran.stderr].concat()).unwrap()
    }
}

const CERTIFICATE: &str = "certificate = \"file:app.crt\", key = \"file:app.key\"";

#[test]
fn a_certificate_logs_in_alone_or_beside_a_password() {
    for version in [15, 18] {
        let certified = Certified::start(version);
        certified.put(&certified.authority.client("app").unwrap());
        assert_eq!(certified.heard(&format!("{{ user = \"app\", {CERTIFICATE} }}")), "app\n");
        let both = format!("{{ user = \"both\", password = \"file:password\", {CERTIFICATE} }}");
        certified.put(&certified.authority.client("both").unwrap());
        assert_eq!(certified.heard(&both), "both\n");
    }
}

#[test]
fn a_certificate_that_is_renewed_serves_the_next_session_and_one_that_is_wrong_says_so() {
    let certified = Certified::start(18);
    certified.put(&Authority::new("others").unwrap().client("app").unwrap());
    let unknown = certified.heard(&format!("{{ user = \"app\", {CERTIFICATE} }}"));
    assert!(unknown.contains("when it had seen the gateway's certificate"), "{unknown}");
    assert!(unknown.contains("PST-2003"), "{unknown}");

    let _gateway = certified.served.site.start();
    certified.put(&certified.authority.client("app").unwrap());
    assert_eq!(certified.hears(), "app\n");
    certified.served.site.write("app.key", &certified.authority.client("app").unwrap().key_pem());
    let strange = certified.hears();
    assert!(strange.contains("and its key do not belong together") && strange.contains("PST-2014"), "{strange}");
}

#[test]
fn a_server_that_wants_a_certificate_says_so_where_none_is_configured() {
    let certified = Certified::start(18);
    let heard = certified.heard("{ user = \"app\" }");
    assert!(heard.contains("had asked for a certificate: none that it takes is configured"), "{heard}");
    assert!(heard.contains("PST-2015"), "{heard}");
}
