//! A host behind the real binary: plain `ssh`, a human who approves, and what the journal and the recording say of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use postern_testkit::sshd::{Options, SshServer, account, installed, made};

use rustix::process::Signal;

use crate::site::{Running, Site, free_port, stderr, stdout};

const POLICY: &str = r#"
[[principal]]
name   = "ann"
kind   = "human"
issuer = "corp"
claims = { sub = "ann" }
groups = ["deployers"]

[[principal]]
name   = "dana"
kind   = "human"
issuer = "corp"
claims = { sub = "dana" }
groups = ["dba"]

[roles]
auditors = ["group:dba"]

[[rule]]
name   = "looks"
effect = "allow"
who    = ["group:deployers"]
on     = ["target:web-1"]
do     = { actions = ["ssh.exec", "ssh.pty"], objects = ["echo", "uname", "pty"] }

[[rule]]
name   = "restarts"
effect = "approve"
who    = ["group:deployers"]
on     = ["target:web-1"]
do     = { actions = ["ssh.exec"], objects = ["printf"] }
with   = { approvers = ["group:dba"] }
"#;

struct Host {
    site: Site,
    server: SshServer,
    port: u16,
}

impl Host {
    fn new() -> Self {
        Self::logged_in_to("key = \"file:key\"")
    }

    /// One whose account the gateway proves itself to with this.
    fn logged_in_to(proof: &str) -> Self {
        let (site, server, port) = (Site::new(), SshServer::start(&Options::default()).unwrap(), free_port());
        site.write("key", server.key());
        fs::set_permissions(site.path("key"), fs::Permissions::from_mode(0o600)).unwrap();
        site.write("policy.toml", POLICY);
        let target = format!(
            "\n[[target]]\nname = \"web-1\"\nprotocol = \"ssh\"\naddress = \"{}\"\nhost_key = \"{}\"\nlogin = {{ user = \"{}\", {proof} }}\n",
            server.address(),
            server.host_key(),
            account().unwrap()
        );
        let config = site.config().replace("postgres = 0", &format!("postgres = 0, ssh = {port}"));
        site.write("postern.toml", &format!("{config}{target}"));
        site.write("askpass", "#!/bin/sh\nprintf '%s\\n' \"$TOKEN\"\n");
        fs::set_permissions(site.path("askpass"), fs::Permissions::from_mode(0o755)).unwrap();
        Self { site, server, port }
    }

    /// Starts the gateway, and has clients know its key.
    fn start(&self) -> Running {
        let gateway = self.site.start();
        let key = key_after("clients know the gateway", &gateway);
        self.site.write("known_hosts", &format!("[127.0.0.1]:{} {key}\n", self.port));
        gateway
    }

    /// Plain `ssh`, which is told nothing but where the gateway is and which key it has.
    fn ssh(&self, token: &str) -> Command {
        let mut ssh = Command::new(installed("ssh").unwrap());
        ssh.args(["-F/dev/null", "-oIdentityFile=none", "-oIdentityAgent=none", "-oStrictHostKeyChecking=yes"])
            .args(["-oNumberOfPasswordPrompts=1", "-oLogLevel=ERROR"])
            .arg(format!("-oUserKnownHostsFile={}", self.site.path("known_hosts").display()))
            .args(["-p", &self.port.to_string(), "web-1@127.0.0.1"])
            .env("SSH_ASKPASS", self.site.path("askpass"))
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("TOKEN", token)
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null());
        ssh
    }

    /// The same with a key, and what lies beside it.
    fn by_key(&self, key: &Path) -> Command {
        let mut ssh = Command::new(installed("ssh").unwrap());
        ssh.arg("-i").arg(key).args(["-F/dev/null", "-oIdentityAgent=none", "-oBatchMode=yes", "-oLogLevel=ERROR"]);
        ssh.arg(format!("-oUserKnownHostsFile={}", self.site.path("known_hosts").display()));
        ssh.args(["-p", &self.port.to_string(), "web-1@127.0.0.1", "echo in"]);
        ssh
    }

    fn run(&self, token: &str, command: &str) -> Output {
        self.ssh(token).arg(command).output().unwrap()
    }
}

/// The public key that the log names behind these words.
fn key_after(words: &str, gateway: &Running) -> String {
    let log = gateway.log();
    let behind = log.split(words).nth(1).and_then(|rest| rest.split("ssh-ed25519 ").nth(1)).unwrap();
    format!("ssh-ed25519 {}", behind.split(['"', ' ', '\n']).next().unwrap())
}

#[test]
fn a_host_is_reached_by_plain_ssh() {
    let host = Host::new();
    let _gateway = host.start();
    let made = host.site.run_as("ann", &["token", "--target", "web-1"]);
    let token = stdout(&made).trim().to_owned();
    assert!(token.starts_with("pst_at_"), "{}", stderr(&made));

    let echoed = host.run(&token, "echo $((40 + 2))");
    assert_eq!((stdout(&echoed).as_str(), echoed.status.code()), ("42\n", Some(0)), "{}", stderr(&echoed));
    let denied = host.run(&token, "rm -rf /nowhere");
    assert_eq!(denied.status.code(), Some(126));
    assert!(stderr(&denied).contains("postern: PST-3001: "), "{}", stderr(&denied));
    let stranger = host.run("pst_at_nobody", "echo x");
    assert_eq!(stranger.status.code(), Some(255));

    let held = host.ssh(&token).arg("printf approved").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let asked = || {
        let listed = stdout(&host.site.run_as("dana", &["approvals", "list"]));
        listed.split_whitespace().find(|word| word.starts_with("apr_")).map(str::to_owned)
    };
    let mut approval = asked();
    for _ in 0..200 {
        if approval.is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        approval = asked();
    }
    let approved = host.site.run_as("dana", &["approvals", "approve", &approval.unwrap()]);
    assert!(approved.status.success(), "{}", stderr(&approved));
    let ran = held.wait_with_output().unwrap();
    assert_eq!(stdout(&ran), "approved", "{}", stderr(&ran));
    assert!(stderr(&ran).contains("postern: this waits for a human to approve it: apr_"), "{}", stderr(&ran));

    let sessions = stdout(&host.site.run_as("dana", &["sessions", "list", "--json"]));
    assert!(sessions.contains("\"ssh\"") && sessions.contains("web-1"), "{sessions}");
    let first = sessions.split('"').rfind(|word| word.starts_with("ses_")).unwrap().to_owned();
    let played = stdout(&host.site.run_as("dana", &["sessions", "play", &first]));
    assert!(played.contains("42"), "{played}");

    let seen = host.ssh(&token).args(["-tt", "echo seen"]).output().unwrap();
    assert_eq!(stdout(&seen), "seen\r\n", "{}", stderr(&seen));
    let sessions = stdout(&host.site.run_as("dana", &["sessions", "list", "--json"]));
    let last = sessions.split('"').find(|word| word.starts_with("ses_")).unwrap().to_owned();
    let cast = stdout(&host.site.run_as("dana", &["sessions", "play", &last, "--cast"]));
    let lines: Vec<serde_json::Value> = cast.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["version"], 3, "{cast}");
    assert!(lines[0]["term"]["cols"].as_u64().is_some_and(|columns| columns > 0), "{cast}");
    let shown: String = lines.iter().filter(|line| line[1] == "o").filter_map(|line| line[2].as_str()).collect();
    assert_eq!(shown, "seen\r\n", "{cast}");
}

#[test]
fn a_registered_key_is_a_login_until_it_is_taken_out() {
    let host = Host::new();
    let key = host.site.path("bot-key");
    made(&key, "ed25519").unwrap();
    let printed = Command::new(installed("ssh-keygen").unwrap()).arg("-lf").arg(&key).output().unwrap();
    let fingerprint = stdout(&printed).split_whitespace().find(|word| word.starts_with("SHA256:")).unwrap().to_owned();
    let bot = format!(
        "[[principal]]\nname = \"bot\"\nkind = \"workload\"\nissuer = \"ssh\"\ngroups = [\"deployers\"]\n\
         claims = {{ key = \"{fingerprint}\" }}\n{POLICY}"
    );
    host.site.write("policy.toml", &bot);
    let mut gateway = host.start();
    let ssh = || host.by_key(&key).output().unwrap();
    let let_in = ssh();
    assert_eq!((stdout(&let_in).as_str(), let_in.status.code()), ("in\n", Some(0)), "{}", stderr(&let_in));
    let sessions = stdout(&host.site.run_as("dana", &["sessions", "list", "--json"]));
    assert!(sessions.contains("\"bot\""), "{sessions}");

    host.site.write("policy.toml", POLICY);
    gateway.signal(Signal::HUP);
    gateway.says("the configuration was taken up");
    let refused = ssh();
    assert_eq!(refused.status.code(), Some(255));
    assert!(stderr(&refused).contains("Permission denied (publickey,password)"), "{}", stderr(&refused));
    let records = stdout(&host.site.run_as("dana", &["audit", "search", "--json"]));
    assert!(records.contains(&format!("the key `{fingerprint}` is genuine, but no trust rule")), "{records}");
}

#[test]
fn a_certified_key_is_a_login_for_minutes() {
    let host = Host::new();
    let _gateway = host.start();
    let key = host.site.path("ann-key");
    let file = key.display().to_string();
    let lacking = host.site.run_as("ann", &["ssh-cert", "--target", "web-1", "--key", &file]);
    assert!(
        stderr(&lacking).contains(&format!("hint: make a key: ssh-keygen -t ed25519 -f {file}")),
        "{}",
        stderr(&lacking)
    );
    made(&key, "ed25519").unwrap();
    assert_eq!(host.by_key(&key).output().unwrap().status.code(), Some(255), "the key alone is nobody's");

    let made = host.site.run_as("ann", &["ssh-cert", "--target", "web-1", "--key", &file]);
    assert!(made.status.success(), "{}", stderr(&made));
    let known = fs::read_to_string(host.site.path("known_hosts")).unwrap();
    let said = stdout(&made);
    assert!(said.starts_with(&format!("{file}-cert.pub is good until ")), "{said}");
    let key_of_gateway = known.split_once(' ').unwrap().1.trim();
    assert!(said.contains(&format!("known_hosts: [localhost]:{} {key_of_gateway}\n", host.port)), "{said}");
    assert!(said.ends_with(&format!("ssh -i {file} -p {} web-1@localhost\n", host.port)), "{said}");
    let let_in = host.by_key(&key).output().unwrap();
    assert_eq!((stdout(&let_in).as_str(), let_in.status.code()), ("in\n", Some(0)), "{}", stderr(&let_in));
    let sessions = stdout(&host.site.run_as("dana", &["sessions", "list", "--json"]));
    assert!(sessions.contains("\"ann\""), "{sessions}");

    let elsewhere = host.site.run_as("ann", &["ssh-cert", "--target", "nowhere", "--key", &file]);
    assert!(stderr(&elsewhere).contains("PST-2001"), "{}", stderr(&elsewhere));
    let still = host.by_key(&key).output().unwrap();
    assert_eq!(still.status.code(), Some(0), "what was there stays: {}", stderr(&still));
}

#[test]
fn a_host_that_trusts_the_gateways_authority_needs_no_secret_of_its_account() {
    let host = Host::logged_in_to("certificate = \"issued\"");
    fs::remove_file(host.site.path("key")).unwrap();
    let gateway = host.start();
    let made = host.site.run_as("ann", &["token", "--target", "web-1"]);
    let token = stdout(&made).trim().to_owned();
    let stranger = host.run(&token, "echo in");
    assert!(stderr(&stranger).contains("PST-2003"), "the host trusts nobody yet: {}", stderr(&stranger));

    host.server.trust(&format!("{}\n", key_after("hosts that trust this authority", &gateway))).unwrap();
    let let_in = host.run(&token, "echo in");
    assert_eq!((stdout(&let_in).as_str(), let_in.status.code()), ("in\n", Some(0)), "{}", stderr(&let_in));
    let sessions = stdout(&host.site.run_as("dana", &["sessions", "list", "--json"]));
    let session = sessions.split('"').find(|word| word.starts_with("ses_")).unwrap();
    let said = host.server.log().unwrap();
    assert!(said.contains(&format!("ID {session} ann")), "the host's own log names who it was: {said}");

    // what a client is certified by is for the gateway alone
    let key = host.site.path("ann-key");
    postern_testkit::sshd::made(&key, "ed25519").unwrap();
    assert!(host.site.run_as("ann", &["ssh-cert", "--key", &key.display().to_string()]).status.success());
    let mut past = Command::new(installed("ssh").unwrap());
    past.args(["-F/dev/null", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oBatchMode=yes", "-i"]);
    past.arg(&key).args(["-p", &host.server.address().port().to_string()]);
    past.arg(format!("{}@127.0.0.1", account().unwrap())).arg("echo in");
    assert_eq!(past.output().unwrap().status.code(), Some(255));
}
