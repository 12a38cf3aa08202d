use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use postern_adapters::clock::SystemClock;
use postern_core::document::{Findings, Reader};
use postern_core::examination::{Examination, Subject};
use postern_core::gate::Accepted;
use postern_core::inventory::{Inventory, Means};
use postern_core::ports::{Client, Later, Protocol, Sessions as _, Wanted};
use postern_core::record::Replay;
use postern_core::target::Target;
use postern_core::{Claim, Clock as _, Code, Fault, Gate, Secret, Vocabulary};
use postern_testkit::fakes::TOY;
use postern_testkit::issuer::Issuer;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use super::Gateway;
use crate::config;

/// A protocol of lines: the first says what happens to the session.
struct Lines;

impl Protocol for Lines {
    fn vocabulary(&self) -> &'static Vocabulary {
        &TOY
    }

    fn assumed(&self) -> Arc<dyn Inventory> {
        postern_protocols::postgres::Postgres::new().assumed()
    }

    fn recall(&self, _: &mut Findings, _: Reader<'_>) -> Option<Arc<dyn Inventory>> {
        None
    }

    fn survey<'a>(&'a self, _: &'a Target, _: &'a Means) -> Later<'a, Result<Arc<dyn Inventory>, Fault>> {
        Box::pin(async { Err(Fault::target(Code::NotSupported, "it holds nothing")) })
    }

    fn examine<'a>(&'a self, _: &'a Subject<'a>) -> Later<'a, Result<Examination, Fault>> {
        Box::pin(async { Err(Fault::target(Code::NotSupported, "nothing is to be found")) })
    }

    fn replay(&self) -> Box<dyn Replay> {
        panic!("nothing is played here")
    }

    fn serve(&self, client: Client, gate: Gate<Accepted>) -> Later<'_, ()> {
        Box::pin(async move {
            let mut stream = BufReader::new(client.stream);
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            match line.trim_end().split_once(' ') {
                None if line == "panic\n" => panic!("as told"),
                None if line == "stay\n" => std::future::pending().await,
                None => {
                    stream.write_all(b"hello\n").await.unwrap();
                    tokio::select! {
                        _ = gate.halted() => {}
                        _ = stream.read_line(&mut line) => {}
                    }
                }
                Some((target, token)) => {
                    let known = gate.identify(Claim::Token(Secret::new(token.trim_end_matches('!')))).await.unwrap();
                    let (open, _, _) = known.open(target, None).await.unwrap();
                    stream.write_all(b"open\n").await.unwrap();
                    if token.ends_with('!') {
                        return std::future::pending().await;
                    }
                    let why = open.over().await;
                    open.close(&why.to_string()).await.unwrap();
                }
            }
        })
    }
}

struct Site {
    folder: TempDir,
    issuer: Issuer,
    address: SocketAddr,
    _target: TcpListener,
}

impl Site {
    async fn new() -> Self {
        let free = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (target, ours, https) = (free().await, free().await, free().await);
        let (address, https) = (ours.local_addr().unwrap(), https.local_addr().unwrap().port());
        let folder = tempfile::tempdir().unwrap();
        let issuer = Issuer::start().unwrap();
        let text = format!(
            r#"
[gateway]
ports = {{ toy = {}, https = {https} }}
store = "sqlite:postern.db"
journal = "journal"
seal_key = "file:seal.key"
tls = {{ self-signed = true }}

[listener.toy]
connections = 3

[[issuer]]
name = "corp"
url = "{}"
audience = "postern"

[[principal]]
name = "{{sub}}"
kind = "human"
issuer = "corp"

[[target]]
name = "shop"
protocol = "toy"
address = "{}"
tls = "disable"
login = {{ user = "app" }}

[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
do = {{ effects = ["read"] }}
"#,
            address.port(),
            issuer.url(),
            target.local_addr().unwrap(),
        );
        fs::write(folder.path().join("postern.toml"), text).unwrap();
        Self { folder, issuer, address, _target: target }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("postern.toml")
    }

    async fn start(&self) -> Gateway {
        crate::process::prepare();
        let config = config::read(&self.file(), &[&TOY]).unwrap();
        Gateway::start(&self.file(), config, vec![Arc::new(Lines)]).await.unwrap()
    }

    async fn say(&self, line: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        stream
    }
}

/// What the gateway says until it hangs up, or nothing where it does neither for a while.
async fn heard(stream: &mut TcpStream) -> Option<String> {
    let mut line = [0_u8; 6];
    match timeout(Duration::from_secs(5), stream.read(&mut line)).await {
        Ok(Ok(read)) => Some(String::from_utf8(line[..read].to_vec()).unwrap()),
        // a reset is a hang-up as well
        Ok(Err(_)) => Some(String::new()),
        Err(_) => None,
    }
}

#[tokio::test]
async fn a_panic_ends_its_own_session_only() {
    let site = Site::new().await;
    let gateway = site.start().await;
    let mut other = site.say("hi").await;
    assert_eq!(heard(&mut other).await.as_deref(), Some("hello\n"));
    let mut fated = site.say("panic").await;
    assert_eq!(heard(&mut fated).await.as_deref(), Some(""));
    let mut later = site.say("hi").await;
    assert_eq!(heard(&mut later).await.as_deref(), Some("hello\n"));
    gateway.stop().await.unwrap();
    assert_eq!(heard(&mut other).await.as_deref(), Some(""), "the other one lived until the end");
}

#[tokio::test]
async fn a_listener_full_of_sessions_turns_clients_away() {
    let site = Site::new().await;
    let gateway = site.start().await;
    let token = site.issuer.token(&site.issuer.claims("ann", SystemClock.now().seconds())).unwrap();
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let mut session = site.say(&format!("shop {token}")).await;
        assert_eq!(heard(&mut session).await.as_deref(), Some("open\n"));
        sessions.push(session);
    }
    let mut refused = site.say("hi").await;
    assert_eq!(heard(&mut refused).await.as_deref(), Some(""));
    gateway.stop().await.unwrap();
    assert!(TcpStream::connect(site.address).await.is_err(), "nobody listens any more");
}

/// THREAT: who opens connections and says nothing fills a listener, and nobody gets in any more.
#[tokio::test]
async fn whoever_has_not_logged_in_for_longest_makes_room() {
    let site = Site::new().await;
    let gateway = site.start().await;
    let token = site.issuer.token(&site.issuer.claims("ann", SystemClock.now().seconds())).unwrap();
    let mut session = site.say(&format!("shop {token}")).await;
    assert_eq!(heard(&mut session).await.as_deref(), Some("open\n"));
    let mut strangers = Vec::new();
    for _ in 0..5 {
        let mut stranger = site.say("hi").await;
        assert_eq!(heard(&mut stranger).await.as_deref(), Some("hello\n"));
        strangers.push(stranger);
    }
    let (gone, left) = strangers.split_at_mut(3);
    for stranger in gone {
        assert_eq!(heard(stranger).await.as_deref(), Some(""), "it is among the longest");
    }
    for stranger in left.iter_mut().chain([&mut session]) {
        let waits = timeout(Duration::from_millis(100), heard(stranger)).await;
        assert!(waits.is_err(), "{waits:?}");
    }
    gateway.stop().await.unwrap();
}

#[tokio::test]
async fn one_client_that_says_nothing_stalls_nobody() {
    let site = Site::new().await;
    let gateway = site.start().await;
    let _silent = TcpStream::connect(site.address).await.unwrap();
    let mut other = site.say("hi").await;
    assert_eq!(heard(&mut other).await.as_deref(), Some("hello\n"));
    drop(gateway);
}

#[tokio::test]
async fn a_stop_waits_for_sessions_but_not_for_ever() {
    let site = Site::new().await;
    let gateway = site.start().await;
    let mut polite = site.say("hi").await;
    assert_eq!(heard(&mut polite).await.as_deref(), Some("hello\n"));
    let mut stubborn = site.say("stay").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let begun = Instant::now();
    gateway.stop().await.unwrap();
    let took = begun.elapsed();
    assert!(took >= super::GRACE && took < super::GRACE.saturating_mul(2), "{took:?}");
    assert_eq!(heard(&mut stubborn).await.as_deref(), Some(""));
}

#[tokio::test]
async fn sessions_are_listed_while_they_last_and_after() {
    let site = Site::new().await;
    let gateway = site.start().await;
    let token = site.issuer.token(&site.issuer.claims("ann", SystemClock.now().seconds())).unwrap();
    let mut session = site.say(&format!("shop {token}")).await;
    assert_eq!(heard(&mut session).await.as_deref(), Some("open\n"));
    let store = Arc::clone(&gateway.store);
    let listed = store.list(Wanted { most: 10, ..Wanted::default() }).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].principal.name.as_str(), listed[0].target.as_str(), listed[0].ended), ("ann", "shop", None));
    gateway.stop().await.unwrap();

    let gateway = site.start().await;
    let listed = gateway.store.list(Wanted { most: 10, ..Wanted::default() }).await.unwrap();
    assert_eq!((listed.len(), listed[0].reason.as_deref()), (1, Some("PST-5004: the gateway is stopping")));
    assert!(listed[0].ended.is_some());
    gateway.stop().await.unwrap();
}

/// Why a session ended that nobody ended, after this change of the configuration.
async fn ended_by(change: impl Fn(&str) -> String, running: bool) -> String {
    let site = Site::new().await;
    let apply = || fs::write(site.file(), change(&fs::read_to_string(site.file()).unwrap())).unwrap();
    if !running {
        apply();
    }
    let mut gateway = site.start().await;
    let token = site.issuer.token(&site.issuer.claims("ann", SystemClock.now().seconds())).unwrap();
    let mut session = site.say(&format!("shop {token}")).await;
    assert_eq!(heard(&mut session).await.as_deref(), Some("open\n"));
    if running {
        apply();
        gateway.reloader.reload();
    }
    assert_eq!(heard(&mut session).await.as_deref(), Some(""), "the session went on");
    let listed = gateway.store.list(Wanted { most: 10, ..Wanted::default() }).await.unwrap();
    gateway.stop().await.unwrap();
    listed[0].reason.clone().unwrap()
}

#[tokio::test]
async fn a_session_lasts_as_long_as_configured() {
    let longest = |text: &str| text.replace("[gateway]\n", "[gateway]\nsession_max = \"1s\"\n");
    assert!(ended_by(longest, false).await.starts_with("PST-5005"));
}

#[tokio::test]
async fn a_reload_reaches_sessions_that_are_open() {
    let renamed = |text: &str| text.replace("name = \"{sub}\"", "name = \"x-{sub}\"");
    assert!(ended_by(renamed, true).await.starts_with("PST-3011"));
}

#[tokio::test]
async fn a_session_that_was_cut_off_is_not_listed_as_lasting() {
    let site = Site::new().await;
    let gateway = site.start().await;
    let token = site.issuer.token(&site.issuer.claims("ann", SystemClock.now().seconds())).unwrap();
    let mut session = site.say(&format!("shop {token}!")).await;
    assert_eq!(heard(&mut session).await.as_deref(), Some("open\n"));
    // as a kill would: nothing is closed
    drop(gateway);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let gateway = site.start().await;
    let listed = gateway.store.list(Wanted { most: 10, ..Wanted::default() }).await.unwrap();
    assert_eq!((listed.len(), listed[0].reason.as_deref()), (1, Some("the gateway ended before it")));
    gateway.stop().await.unwrap();
}
