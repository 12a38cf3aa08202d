//! What a client lends its host: its agent and its screen, where a rule names that.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use postern_testkit::sshd::{Options, installed, made};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::gateway::{Gateway, Ran, ran};
use crate::raw::{
    CHANNEL_DATA, CHANNEL_OPEN, CHANNEL_OPEN_CONFIRMATION, CHANNEL_REQUEST, CHANNEL_SUCCESS, PATIENCE, Raw, Words,
    string,
};

/// Programs are allowed in any case.
fn rules(also: &str) -> String {
    format!(
        "[[rule]]\nname = \"programs\"\neffect = \"allow\"\nwho = [\"group:ci\"]\non = [\"target:web\"]\n\
         do = {{ effects = [\"execute\", \"read\", \"unknown\"], actions = [\"ssh.exec\"] }}\n\n\
         [[rule]]\nname = \"lends\"\neffect = \"allow\"\nwho = [\"group:ci\"]\non = [\"target:web\"]\n{also}\n"
    )
}

/// An agent with a key, and where it is reached.
struct Agent {
    folder: tempfile::TempDir,
    _process: Child,
}

impl Agent {
    async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let socket = folder.path().join("agent");
        let mut agent = Command::new(installed("ssh-agent")?);
        let agent = agent.arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).kill_on_drop(true).spawn()?;
        while !socket.exists() {
            sleep(Duration::from_millis(20)).await;
        }
        made(&folder.path().join("key"), "ed25519")?;
        let mut add = Command::new(installed("ssh-add")?);
        add.arg("-q").arg(folder.path().join("key")).env("SSH_AUTH_SOCK", &socket);
        let added = ran(add).await?;
        ensure!(added.status == Some(0), "{added:?}");
        Ok(Self { folder, _process: agent })
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("agent")
    }

    async fn fingerprint(&self) -> Result<String> {
        let mut keygen = Command::new(installed("ssh-keygen")?);
        keygen.arg("-lf").arg(self.folder.path().join("key.pub"));
        let said = ran(keygen).await?.out;
        Ok(said.split_whitespace().nth(1).context("a fingerprint")?.to_owned())
    }
}

/// A command of a client that would lend its agent.
async fn lending(gateway: &Gateway, agent: &Agent, command: &str) -> Result<Ran> {
    let usual = gateway.program("ssh", "token-of-bot")?;
    let mut ssh = Command::new(usual.as_std().get_program());
    // it lends the one that it would use itself
    ssh.args(usual.as_std().get_args().filter(|word| *word != "-oIdentityAgent=none"));
    ssh.envs(usual.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))));
    ssh.env("SSH_AUTH_SOCK", agent.socket()).stdin(Stdio::null()).kill_on_drop(true);
    ssh.args(["-A", "-p", &gateway.address.port().to_string(), "web@127.0.0.1", command]);
    timeout(PATIENCE, ran(ssh)).await.context("it does not end")?
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_lent_where_a_rule_names_that() -> Result<()> {
    let agent = Agent::start().await?;
    let gateway = Gateway::start(&rules("do = { actions = [\"ssh.agent\"] }")).await?;
    let listed = lending(&gateway, &agent, "ssh-add -l; ssh-add -l").await?;
    let fingerprint = agent.fingerprint().await?;
    assert_eq!((listed.status, listed.out.matches(&fingerprint).count()), (Some(0), 2), "{listed:?}");
    // it signs there what only its owner can
    let folder = gateway.server.folder().display().to_string();
    std::fs::copy(agent.folder.path().join("key.pub"), format!("{folder}/lent.pub"))?;
    std::fs::write(format!("{folder}/said"), "said")?;
    let signs = format!("ssh-keygen -Y sign -n test -f {folder}/lent.pub {folder}/said");
    let signed = lending(&gateway, &agent, &signs).await?;
    assert_eq!(signed.status, Some(0), "{signed:?}");
    assert!(std::fs::read_to_string(format!("{folder}/said.sig"))?.contains("BEGIN SSH SIGNATURE"));
    let journal = gateway.dwelling.journal.text();
    assert!(journal.contains("ssh.agent") && journal.contains("2 connections from somebody, somebody"), "{journal}");
    Ok(())
}

/// THREAT: a rule that was meant for programs lends the keys of whoever it allows them.
#[tokio::test(flavor = "multi_thread")]
async fn neither_agent_nor_screen_is_lent_by_a_rule_that_does_not_name_it() -> Result<()> {
    let agent = Agent::start().await?;
    let screens = || Options { settings: vec!["X11Forwarding yes".to_owned()], ..Options::default() };
    for also in ["", "do = { actions = [\"ssh.*\"] }", "do = { effects = [\"execute\", \"transfer\"] }"] {
        let gateway = Gateway::before(screens(), &rules(also)).await?;
        let said = lending(&gateway, &agent, "echo \"agent=$SSH_AUTH_SOCK\"; ssh-add -l").await?;
        assert!(said.out == "agent=\n" && said.err.contains("authentication agent"), "{also}: {said:?}");
        let mut raw = Raw::logged_in(gateway.address).await?;
        assert_eq!(shown_screen(&mut raw, 0).await?, "display=;", "{also}");
    }
    Ok(())
}

/// Has a program say which screen it has.
async fn shown_screen(raw: &mut Raw, once: u8) -> Result<String> {
    let channel = raw.open().await?;
    let words = Words::of(CHANNEL_REQUEST).number(channel).text("x11-req").byte(0).byte(once);
    raw.send(words.text("MIT-MAGIC-COOKIE-1").text("00112233445566778899aabbccddeeff").number(0)).await?;
    let command = "printf 'display=%s;' \"$DISPLAY\"; sleep 20";
    raw.send(Words::of(CHANNEL_REQUEST).number(channel).text("exec").byte(1).text(command)).await?;
    raw.hear_of(CHANNEL_SUCCESS).await?;
    heard_until(raw, b";").await
}

/// What comes, up to this.
async fn heard_until(raw: &mut Raw, end: &[u8]) -> Result<String> {
    let mut all = Vec::new();
    while !all.ends_with(end) {
        let said = raw.hear_of(CHANNEL_DATA).await?;
        all.extend_from_slice(string(said.get(5..).context("data")?)?.0);
    }
    Ok(String::from_utf8(all)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_is_lent_where_a_rule_names_that() -> Result<()> {
    let screens = Options { settings: vec!["X11Forwarding yes".to_owned()], ..Options::default() };
    let gateway = Gateway::before(screens, &rules("do = { actions = [\"ssh.x11\"] }")).await?;
    let mut raw = Raw::logged_in(gateway.address).await?;
    let said = shown_screen(&mut raw, 0).await?;
    let number: u16 = said
        .strip_prefix("display=localhost:")
        .and_then(|rest| rest.split('.').next())
        .and_then(|number| number.parse().ok())
        .with_context(|| said.clone())?;
    for own in [7, 8] {
        let mut program = TcpStream::connect(("127.0.0.1", 6000 + number)).await?;
        program.write_all(b"draws").await?;
        let opened = raw.hear_of(CHANNEL_OPEN).await?;
        let (kind, rest) = string(opened.get(1..).context("a kind")?)?;
        assert_eq!(kind, b"x11");
        let there = u32::from_be_bytes(*rest.first_chunk().context("a number")?);
        let words = Words::of(CHANNEL_OPEN_CONFIRMATION).number(there).number(own).number(1 << 20).number(1 << 15);
        raw.send(words).await?;
        assert_eq!(heard_until(&mut raw, b"s").await?, "draws");
        raw.send(Words::of(CHANNEL_DATA).number(there).text("a key")).await?;
        let mut pressed = [0; 5];
        timeout(PATIENCE, program.read_exact(&mut pressed)).await.context("nothing comes")??;
        assert_eq!(&pressed, b"a key");
    }
    Ok(())
}
