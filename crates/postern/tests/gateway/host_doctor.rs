//! `postern doctor` and `postern check --online` against real OpenSSH servers: what they find, that the script mends it, and
//! what keeps them from looking.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use postern_testkit::sshd::{Options, SshServer, account, made};

use crate::site::{Site, stderr, stdout};

const POLICY: &str = r#"
[[principal]]
name   = "ann"
kind   = "human"
issuer = "corp"
claims = { sub = "ann" }

[[rule]]
name   = "looks"
effect = "allow"
who    = ["kind:human"]
on     = ["target:web-1"]
do     = { actions = ["ssh.exec", "ssh.pty"], objects = ["uname", "pty"] }
"#;

struct Host {
    site: Site,
    server: SshServer,
}

impl Host {
    fn new(options: &Options) -> Self {
        let host = Self { site: Site::new(), server: SshServer::start(options).unwrap() };
        host.site.write("policy.toml", POLICY);
        host.keeps("key", host.server.key());
        host.configure(
            &account().unwrap(),
            "key = \"file:key\"",
            &format!("host_key = \"{}\"", host.server.host_key()),
        );
        host
    }

    /// One that an account of this name is logged in to, which sees this folder as its own.
    fn at_home(settings: &[&str]) -> Self {
        Self::new(&Options { settings: settings.iter().map(|line| (*line).to_owned()).collect(), ..Options::default() })
    }

    fn keeps(&self, file: &str, secret: &str) {
        self.site.write(file, secret);
        fs::set_permissions(self.site.path(file), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn configure(&self, user: &str, proof: &str, known: &str) {
        let target = format!(
            "\n[[target]]\nname = \"web-1\"\nprotocol = \"ssh\"\naddress = \"{}\"\n{known}\nlogin = {{ user = \"{user}\", {proof} }}\n",
            self.server.address(),
        );
        self.site.write("postern.toml", &format!("{}{target}", self.site.config()));
    }

    fn doctor(&self, more: &[&str]) -> Output {
        let output = self.site.run(&[&["doctor", "web-1", "--config", "postern.toml"], more].concat());
        let secret = self.server.key().lines().nth(3).unwrap();
        assert!(!stdout(&output).contains(secret) && !stderr(&output).contains(secret));
        output
    }

    fn check(&self) -> Output {
        self.site.run(&["check", "postern.toml", "--online"])
    }

    /// What is found, by name.
    fn found(&self) -> Vec<String> {
        let output = self.doctor(&["--json"]);
        let said: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{output:?}"));
        let findings = said["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["name"].as_str().unwrap().to_owned()).collect()
    }

    /// What both say where the host cannot be looked at.
    fn fails(&self, code: &str, words: &str) {
        for output in [self.doctor(&[]), self.check()] {
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains(code) && said.contains(words), "{said}");
        }
    }
}

fn has(found: &[String], name: &str) -> bool {
    found.iter().any(|one| one == name)
}

/// What is put right by a script.
const MENDED: &[&str] = &["weak-cipher", "weak-mac", "login-others", "other-keys", "key-unbounded", "user-environment"];

#[test]
fn ways_round_the_gateway_are_found_and_the_script_closes_them() {
    let home = tempfile::tempdir().unwrap();
    let set_home = format!("SetEnv HOME={}", home.path().display());
    let weak = ["Ciphers +aes128-cbc", "PermitUserEnvironment yes", &set_home, "PasswordAuthentication yes"];
    let host = Host::at_home(&weak);
    let other = made(&home.path().join("other"), "ed25519").unwrap();
    let keys = host.server.folder().join("authorized_keys");
    let own = fs::read_to_string(&keys).unwrap();
    fs::write(&keys, format!("{own}{}", other.replace("test", "ann@desk"))).unwrap();

    let found = host.found();
    for name in MENDED {
        assert!(has(&found, name), "{name}: {found:?}");
    }
    assert!(has(&found, "authority-everywhere") && !has(&found, "unseen") && !has(&found, "shell"), "{found:?}");
    let is_root = account().unwrap() == "root";
    assert_eq!(has(&found, "root"), is_root, "{found:?}");
    let told = host.doctor(&[]);
    assert_eq!(told.status.code(), Some(i32::from(is_root)), "{}", stderr(&told));
    assert!(stdout(&told).contains(" (ann@desk) [other-keys]\n"), "{}", stdout(&told));

    let script = stdout(&host.doctor(&["--script"]));
    assert!(
        script.contains(&format!("restrict,pty,from=\"127.0.0.1\" {} postern\n", own.rsplit_once(' ').unwrap().0)),
        "{script}"
    );
    let (files, _) = script.split_once("sshd -t\n").unwrap();
    let ssh = home.path().join("ssh");
    fs::create_dir_all(ssh.join("sshd_config.d")).unwrap();
    let files = files.replace("/etc/ssh/", &format!("{}/", ssh.display()));
    let ran = Command::new("/bin/sh").args(["-c", &files]).output().unwrap();
    assert!(ran.status.success(), "{}", stderr(&ran));

    let key: &'static str = host.server.key().to_owned().leak();
    let included = format!("Include {}/sshd_config.d/00-postern.conf", ssh.display());
    let settings = std::iter::once(included.as_str()).chain(weak).map(str::to_owned).collect();
    let mended = Host::new(&Options { key: Some(key), settings, ..Options::default() });
    let left = mended.found();
    for name in MENDED.iter().chain(&["authority-everywhere"]) {
        assert!(!has(&left, name), "{name}: {left:?}");
    }
}

#[test]
fn an_account_that_runs_nothing_is_said_to_be_one() {
    let host = Host::at_home(&["ForceCommand internal-sftp"]);
    let told = host.doctor(&[]);
    let said = stdout(&told);
    assert!(
        said.contains("runs no commands (it says: This service allows sftp connections only.) [unseen]\n")
            && !said.contains("[sftp]"),
        "{said}"
    );
    assert!(!said.contains("[other-keys]") && !said.contains("[settings-unseen]"), "{said}");
    let forced = Host::at_home(&["ForceCommand echo no shell for you"]);
    let said = stdout(&forced.doctor(&[]));
    assert!(
        said.contains("runs no commands (it says: no shell for you) [unseen]\n") && said.contains("[sftp]"),
        "{said}"
    );
}

#[test]
fn an_account_with_nothing_grave_is_no_failure() {
    // no other account can be logged in to than that of the test, but where that is root's
    if account().unwrap() != "root" {
        return;
    }
    let host = Host::at_home(&["ForceCommand internal-sftp"]);
    host.configure("nobody", "key = \"file:key\"", &format!("host_key = \"{}\"", host.server.host_key()));
    let told = host.doctor(&[]);
    assert_eq!(told.status.code(), Some(0), "{}{}", stdout(&told), stderr(&told));
    assert!(
        stdout(&told).contains("web-1/nobody: 0 grave") || stdout(&told).contains("web-1: 0 grave"),
        "{}",
        stdout(&told)
    );
}

#[test]
fn an_account_of_its_own_is_looked_at_as_itself() {
    // the servers of other tests have this account, and it has a shell; only PAM lets in whose password is locked
    let known = Command::new("getent").args(["passwd", "postgres"]).output().unwrap();
    if account().unwrap() != "root" || !stdout(&known).ends_with("sh\n") {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let set_home = format!("SetEnv HOME={}", home.path().display());
    let host = Host::at_home(&[&set_home, "PermitUserEnvironment yes", "UsePAM yes"]);
    host.configure("postgres", "key = \"file:key\"", &format!("host_key = \"{}\"", host.server.host_key()));
    let found = host.found();
    for name in ["user-environment", "authority-everywhere", "key-unbounded", "settings-unseen"] {
        assert!(has(&found, name), "{name}: {found:?}");
    }
    // sshd was told to look for keys elsewhere, and no rule lets the account write
    for name in ["root", "keys-writable", "startup-files", "other-keys", "shell", "unseen"] {
        assert!(!has(&found, name), "{name}: {found:?}");
    }
    let writes = POLICY
        .replace("actions = [\"ssh.exec\", \"ssh.pty\"], objects = [\"uname\", \"pty\"]", "effects = [\"write\"]");
    host.site.write("policy.toml", &writes);
    let told = stdout(&host.doctor(&[]));
    assert!(told.contains("rules may let `postgres` write .ssh/rc, .ssh/environment, .bashrc"), "{told}");
}

#[test]
fn a_host_that_cannot_be_looked_at_says_why() {
    let host = Host::at_home(&[]);
    let user = account().unwrap();
    let known = format!("host_key = \"{}\"", host.server.host_key());
    let fine = host.check();
    assert!(stdout(&fine).contains("1 target answered"), "{}{}", stdout(&fine), stderr(&fine));

    let other = made(&host.site.path("other"), "ed25519").unwrap();
    let stranger = other.rsplit_once(' ').unwrap().0;
    host.configure(&user, "key = \"file:key\"", &format!("host_key = \"{stranger}\""));
    host.fails("PST-2016", "the target shows another host key");
    host.configure(&user, "key = \"file:key\"", &format!("host_authority = \"{stranger}\""));
    host.fails("PST-2016", "the target shows another host key");
    host.configure(&user, "key = \"file:other\"", &known);
    host.fails("PST-2003", &format!("it takes no key of `{user}`"));
    host.keeps("word", "wrong");
    host.configure(&user, "password = \"file:word\"", &known);
    host.fails("PST-2003", &format!("it takes no password of `{user}`"));

    let old = Host::at_home(&["Ciphers aes128-cbc"]);
    old.fails("PST-2002", "the host offers none of aes256-gcm");
}

#[test]
fn a_host_has_no_schema_to_be_written_down() {
    let host = Host::at_home(&[]);
    let refused = host.site.run(&["catalog", "export", "web-1", "--config", "postern.toml"]);
    assert_eq!((refused.status.code(), stdout(&refused).as_str()), (Some(1), ""), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("targets that speak `ssh` have no schema"), "{}", stderr(&refused));
}
