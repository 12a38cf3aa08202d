//! What a host opens to a client of OpenSSH that has asked for it: connections that come in there.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use postern_core::approval::{Choice, State};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use crate::gateway::Gateway;
use crate::sessions::echoing;
use crate::shared::Shared;

const PATIENCE: Duration = Duration::from_secs(20);
const SECRET: &str = "AKIAQ3EGU5TNVDWN4XPZ";

/// Rules for what is listened on, and a mask that binds what comes of it.
fn rules(effect: &str, actions: &str, objects: &str) -> String {
    format!(
        "[[rule]]\nname = \"listens\"\neffect = \"{effect}\"\nwho = [\"group:ci\"]\non = [\"target:web\"]\n\
         do = {{ actions = [{actions}], objects = [\"{objects}\"] }}\n{}\n\
         [[mask]]\nname = \"secrets\"\ndetect = [\"aws-key\"]\nkind = \"fixed\"\n",
        if effect == "approve" { "with = { approvers = [\"group:dba\"] }" } else { "" }
    )
}

const REMOTE: &str = r#""ssh.forward", "ssh.forward_remote""#;
const SOCKETS: &str = r#""ssh.forward", "ssh.forward_remote_socket""#;

/// A port that nobody listens on.
async fn free() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port())
}

/// A client that wants nothing but this.
fn asking(gateway: &Gateway, forward: &str) -> Result<Child> {
    let mut ssh = gateway.program("ssh", "token-of-bot")?;
    ssh.args(["-N", "-oExitOnForwardFailure=yes", "-R", forward]);
    ssh.args(["-p", &gateway.address.port().to_string(), "web@127.0.0.1"]);
    Ok(ssh.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
}

/// Whoever listens there by and by.
async fn reached(port: u16) -> Result<TcpStream> {
    let connected = async {
        loop {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)).await {
                return stream;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, connected).await.context("nobody listens")
}

/// Whether nobody does, for as long as it takes to find out.
async fn is_silent(port: u16) -> bool {
    let refused = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, refused).await.is_ok()
}

/// Says something, and hears all that comes.
async fn said(mut stream: TcpStream, words: &[u8]) -> Result<String> {
    stream.write_all(words).await?;
    stream.shutdown().await?;
    let mut all = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut all)).await.context("it goes on")??;
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_at_the_host_leads_to_the_client_where_a_rule_says_so() -> Result<()> {
    let (port, other) = (free().await?, free().await?);
    let (behind, _tasks) = echoing().await?;
    let gateway = Gateway::start(&rules("allow", REMOTE, &format!("localhost:{port}"))).await?;
    let _client = asking(&gateway, &format!("{port}:127.0.0.1:{behind}"))?;
    for words in ["world", "again"] {
        assert_eq!(said(reached(port).await?, words.as_bytes()).await?, format!("hello {words}"));
    }
    // another port, another address, and what only one of both actions is allowed for
    for forward in [format!("{other}:127.0.0.1:{behind}"), format!("127.0.0.1:{port}:127.0.0.1:{behind}")] {
        let output = timeout(PATIENCE, asking(&gateway, &forward)?.wait_with_output()).await??;
        assert_eq!(output.status.code(), Some(255), "{forward}");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(err.contains("remote port forwarding failed"), "{err}");
    }
    ensure!(TcpStream::connect(("127.0.0.1", other)).await.is_err(), "what was refused is listened on");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_for_other_forwards_lets_no_port_be_listened_on() -> Result<()> {
    let port = free().await?;
    for actions in [r#""ssh.forward""#, r#""ssh.forward", "ssh.forward_remote_socket""#] {
        let gateway = Gateway::start(&rules("allow", actions, &format!("localhost:{port}"))).await?;
        let output = timeout(PATIENCE, asking(&gateway, &format!("{port}:127.0.0.1:1"))?.wait_with_output()).await??;
        assert_eq!(output.status.code(), Some(255));
        ensure!(TcpStream::connect(("127.0.0.1", port)).await.is_err(), "it is listened on");
        assert!(gateway.dwelling.journal.text().contains("ssh.forward_remote"));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_in_is_masked_recorded_and_journalled() -> Result<()> {
    let port = free().await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let gateway = Gateway::start(&rules("allow", REMOTE, &format!("localhost:{port}"))).await?;
    let mut client = asking(&gateway, &format!("{port}:127.0.0.1:{}", listener.local_addr()?.port()))?;
    let mut host = reached(port).await?;
    let from = host.local_addr()?;
    let (mut mine, _) = timeout(PATIENCE, listener.accept()).await??;
    host.write_all(format!("key {SECRET} end").as_bytes()).await?;
    host.shutdown().await?;
    let mut heard = String::new();
    mine.read_to_string(&mut heard).await?;
    assert!(heard.starts_with("key ") && heard.ends_with(" end") && !heard.contains(SECRET), "{heard}");
    // what goes there is the client's own
    mine.write_all(SECRET.as_bytes()).await?;
    drop(mine);
    let mut back = String::new();
    host.read_to_string(&mut back).await?;
    assert_eq!(back, SECRET);
    client.kill().await?;
    let ended = format!("1 connection from {from}");
    let until = Instant::now() + PATIENCE;
    while !gateway.dwelling.journal.text().contains(&ended) && Instant::now() < until {
        sleep(Duration::from_millis(20)).await;
    }
    let journal = gateway.dwelling.journal.text();
    for said in [format!("transfer localhost:{port}"), "ssh.forward_remote".to_owned(), ended] {
        assert!(journal.contains(&said), "{said}: {journal}");
    }
    let recorded = gateway.dwelling.recordings.text()?;
    let shown = gateway.dwelling.recordings.shown()?;
    assert!(shown.contains(&heard) && recorded.contains(&from.to_string()), "{recorded}");
    assert!(!recorded.contains(SECRET) && !journal.contains(SECRET));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_may_choose_the_port_and_it_can_be_taken_back() -> Result<()> {
    let (behind, _tasks) = echoing().await?;
    let gateway = Gateway::start(&rules("allow", REMOTE, "localhost:0")).await?;
    let shared = Shared::open(&gateway).await?;
    let forward = format!("0:127.0.0.1:{behind}");
    let asked = shared.ask("forward", &forward).await?;
    let port: u16 = asked.out.trim().parse().with_context(|| format!("{asked:?}"))?;
    assert_eq!(said(reached(port).await?, b"chosen").await?, "hello chosen");
    // what has come in stays
    let mut open = reached(port).await?;
    let mut greeting = [0; 6];
    open.read_exact(&mut greeting).await?;
    let taken = shared.ask("cancel", &forward).await?;
    ensure!(taken.status == Some(0) && is_silent(port).await, "it listens on: {taken:?}");
    assert_eq!(said(open, b"stays").await?, "stays");
    Ok(())
}

/// THREAT: what is asked for while a human thinks is there before the answer.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens_before_a_human_has_agreed() -> Result<()> {
    let (behind, _tasks) = echoing().await?;
    let port = free().await?;
    let gateway = Gateway::start(&rules("approve", REMOTE, &format!("localhost:{port}"))).await?;
    for choice in [Choice::Deny, Choice::Approve] {
        let client = asking(&gateway, &format!("{port}:127.0.0.1:{behind}"))?;
        let asked = timeout(PATIENCE, gateway.dwelling.approvals.asked()).await?;
        sleep(Duration::from_millis(500)).await;
        ensure!(TcpStream::connect(("127.0.0.1", port)).await.is_err(), "it listens before anybody has decided");
        gateway.dwelling.answer("token-of-dana", asked.id, choice).await?;
        if choice == Choice::Approve {
            assert_eq!(said(reached(port).await?, b"approved").await?, "hello approved");
        } else {
            let output = timeout(PATIENCE, client.wait_with_output()).await??;
            assert_eq!(output.status.code(), Some(255));
            ensure!(TcpStream::connect(("127.0.0.1", port)).await.is_err(), "what was denied is listened on");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_takes_back_what_waits() -> Result<()> {
    let port = free().await?;
    let gateway = Gateway::start(&rules("approve", REMOTE, &format!("localhost:{port}"))).await?;
    let mut client = asking(&gateway, &format!("{port}:127.0.0.1:1"))?;
    let asked = timeout(PATIENCE, gateway.dwelling.approvals.asked()).await?;
    client.kill().await?;
    let until = Instant::now() + PATIENCE;
    let state = || gateway.dwelling.approvals.all().iter().find(|one| one.id == asked.id).map(|one| one.state);
    while state() == Some(State::Pending) && Instant::now() < until {
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(state(), Some(State::Withdrawn));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_later_policy_does_not_allow_is_listened_on_no_more() -> Result<()> {
    let (behind, _tasks) = echoing().await?;
    let port = free().await?;
    let gateway = Gateway::start(&rules("allow", REMOTE, &format!("localhost:{port}"))).await?;
    let _client = asking(&gateway, &format!("{port}:127.0.0.1:{behind}"))?;
    let mut open = reached(port).await?;
    let mut greeting = [0; 6];
    open.read_exact(&mut greeting).await?;
    let never = "\n[[rule]]\nname = \"never\"\neffect = \"forbid\"\nwho = [\"*\"]\non = [\"*\"]\n\
                 do = { actions = [\"ssh.forward_remote\"] }\n";
    gateway.dwelling.change(&format!("{}{never}", gateway.policy()))?;
    let mut rest = Vec::new();
    timeout(PATIENCE, open.read_to_end(&mut rest)).await.context("the connection goes on")?.ok();
    ensure!(rest.is_empty() && is_silent(port).await, "it listens on, or says {rest:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_listened_on_ends_with_its_session() -> Result<()> {
    let port = free().await?;
    let gateway = Gateway::start(&rules("allow", REMOTE, &format!("localhost:{port}"))).await?;
    let client = asking(&gateway, &format!("{port}:127.0.0.1:1"))?;
    drop(reached(port).await?);
    // nobody may open the target any more, and so no session of it goes on
    gateway.dwelling.change(&gateway.policy().replace("effect = \"allow\"", "effect = \"forbid\""))?;
    timeout(PATIENCE, client.wait_with_output()).await.context("the session goes on")??;
    ensure!(is_silent(port).await, "it listens on");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_at_the_host_leads_to_the_client_where_a_rule_says_so() -> Result<()> {
    let (behind, _tasks) = echoing().await?;
    let folder = tempfile::tempdir()?;
    let (there, other) = (folder.path().join("there"), folder.path().join("other"));
    let gateway = Gateway::start(&rules("allow", SOCKETS, &there.display().to_string())).await?;
    let _client = asking(&gateway, &format!("{}:127.0.0.1:{behind}", there.display()))?;
    let connected = async {
        loop {
            if let Ok(stream) = UnixStream::connect(&there).await {
                return stream;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let mut stream = timeout(PATIENCE, connected).await.context("nobody listens")?;
    stream.write_all(b"socket").await?;
    stream.shutdown().await?;
    let mut all = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut all)).await??;
    assert_eq!(all, "hello socket");
    let refused = asking(&gateway, &format!("{}:127.0.0.1:{behind}", other.display()))?;
    let output = timeout(PATIENCE, refused.wait_with_output()).await??;
    ensure!(output.status.code() == Some(255) && !other.exists(), "what no rule allows is listened on");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_to_a_socket_goes_on_where_a_rule_says_so() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let there = folder.path().join("there");
    let listener = tokio::net::UnixListener::bind(&there)?;
    for (actions, passes) in [(r#""ssh.forward", "ssh.forward_socket""#, true), (r#""ssh.forward""#, false)] {
        let gateway = Gateway::start(&rules("allow", actions, &there.display().to_string())).await?;
        let port = free().await?;
        let mut ssh = gateway.ssh()?;
        let _client = ssh.args(["-N", "-L", &format!("{port}:{}", there.display())]).stderr(Stdio::null()).spawn()?;
        let mut stream = reached(port).await?;
        let mut all = String::new();
        if passes {
            let (mut end, _) = timeout(PATIENCE, listener.accept()).await??;
            end.write_all(b"from there").await?;
            drop(end);
        }
        timeout(PATIENCE, stream.read_to_string(&mut all)).await??;
        assert_eq!(all, if passes { "from there" } else { "" });
    }
    Ok(())
}
