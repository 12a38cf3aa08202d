//! Logins by public keys: who signs with one that is known is let in, and nobody else by it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use postern_core::journal::Event;
use postern_testkit::sshd::{installed, made};
use russh::MethodKind;
use russh::client::{self, AuthResult, Handle};
use russh::keys::agent::client::AgentClient;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_encoding::{Decode as _, Encode as _};
use russh::keys::{Certificate, PrivateKey, PublicKey};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::client::Trusting;
use crate::gateway::{Gateway, ran};
use crate::raw::{Raw, USERAUTH_PK_OK, USERAUTH_REQUEST, Words};

const EVERYTHING: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["group:ci"]
on     = ["target:web"]
"#;

/// A gateway that knows some keys of those that are in a folder.
struct Doorman {
    gateway: Gateway,
    folder: tempfile::TempDir,
}

impl Doorman {
    async fn start() -> Result<Self> {
        Ok(Self { gateway: Gateway::start(EVERYTHING).await?, folder: tempfile::tempdir()? })
    }

    /// Makes a key that nobody knows.
    fn strange(&self, name: &str, kind: &str) -> Result<PathBuf> {
        let file = self.folder.path().join(name);
        made(&file, kind)?;
        Ok(file)
    }

    /// Makes a key that somebody is known by.
    fn known(&self, name: &str, kind: &str, whose: &str) -> Result<PathBuf> {
        let file = self.strange(name, kind)?;
        let public = PublicKey::from_openssh(&std::fs::read_to_string(file.with_extension("pub"))?)?;
        self.gateway.dwelling.tokens.know_key(&public.to_bytes()?, whose);
        Ok(file)
    }

    /// Makes a certificate of a key, which lies beside it from then on, as bytes.
    fn certified(&self, file: &Path, options: &[&str]) -> Result<Vec<u8>> {
        let authority = self.folder.path().join("authority");
        if !authority.exists() {
            made(&authority, "ed25519")?;
        }
        let mut keygen = std::process::Command::new(installed("ssh-keygen")?);
        keygen.arg("-qs").arg(authority).args(["-I", "somebody"]).args(options).arg(file.with_extension("pub"));
        ensure!(keygen.status()?.success(), "ssh-keygen signs nothing");
        let certificate = format!("{}-cert.pub", file.display());
        Ok(Certificate::from_openssh(&std::fs::read_to_string(certificate)?)?.to_bytes()?)
    }

    /// `ssh` with these keys, and a password.
    fn ssh(&self, keys: &[&PathBuf], methods: &str, token: &str, user: &str) -> Result<Command> {
        // what is said first counts
        let mut ssh = Command::new(installed("ssh")?);
        ssh.arg("-F/dev/null").arg(format!("-oPreferredAuthentications={methods}"));
        for key in keys {
            ssh.arg("-i").arg(key);
        }
        let plain = self.gateway.program("ssh", token)?;
        let plain = plain.as_std();
        ssh.args(plain.get_args().filter(|argument| *argument != "-oIdentityFile=none"));
        ssh.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let port = self.gateway.address.port().to_string();
        ssh.arg("-oIdentitiesOnly=yes").args(["-p", &port, &format!("{user}@127.0.0.1"), "echo in"]);
        ssh.kill_on_drop(true).stdin(std::process::Stdio::null());
        Ok(ssh)
    }

    /// What was journalled of logins that were refused.
    fn refused(&self) -> Vec<String> {
        let events = self.gateway.dwelling.journal.events();
        let code = |event| if let Event::LoginRefused { code, .. } = event { Some(code) } else { None };
        events.into_iter().filter_map(code).collect()
    }

    /// Waits until one is: a client that is gone is not waited for by it.
    async fn refuses(&self) -> Result<()> {
        let written = async {
            while self.refused().is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(10), written).await.context("no login was refused")
    }

    async fn connect(&self) -> Result<Handle<Trusting>> {
        let stream = TcpStream::connect(self.gateway.address).await?;
        Ok(client::connect_stream(Arc::default(), stream, Trusting::default()).await?)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_with_a_known_key_is_let_in() -> Result<()> {
    let doorman = Doorman::start().await?;
    let strange = doorman.strange("strange", "ed25519")?;
    for kind in ["ed25519", "ecdsa"] {
        let known = doorman.known(&format!("known-{kind}"), kind, "bot")?;
        let ran = ran(doorman.ssh(&[&strange, &known], "publickey", "none", "web")?).await?;
        assert_eq!((ran.out.as_str(), ran.status), ("in\n", Some(0)), "{kind}: {ran:?}");
    }
    // a key that is nobody's is no failed login of whoever has another
    assert_eq!(doorman.refused(), <[String; 0]>::default());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_keys_are_unknown_may_still_have_a_token() -> Result<()> {
    let doorman = Doorman::start().await?;
    let (one, two) = (doorman.strange("one", "ed25519")?, doorman.strange("two", "ecdsa")?);
    let by_token = ran(doorman.ssh(&[&one, &two], "publickey,password", "token-of-bot", "web")?).await?;
    assert_eq!((by_token.out.as_str(), by_token.status), ("in\n", Some(0)), "{by_token:?}");
    assert_eq!(doorman.refused(), <[String; 0]>::default());
    let by_nothing = ran(doorman.ssh(&[&one, &two], "publickey", "none", "web")?).await?;
    assert_eq!(by_nothing.status, Some(255), "{by_nothing:?}");
    assert!(by_nothing.err.contains("Permission denied (publickey,password)"), "{by_nothing:?}");
    doorman.refuses().await?;
    assert_eq!(doorman.refused(), ["PST-1001"], "one login, whatever the number of its keys");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_its_owner_may_open() -> Result<()> {
    let doorman = Doorman::start().await?;
    let known = doorman.known("known", "ed25519", "dana")?;
    let ran = ran(doorman.ssh(&[&known], "publickey", "none", "web")?).await?;
    assert!(ran.err.contains("PST-2001: there is no target `web` that `dana` may open"), "{ran:?}");
    assert_eq!(ran.status, Some(255));
    Ok(())
}

/// What an agent does that is asked to sign.
#[derive(Clone)]
enum Hand {
    Signs(PrivateKey),
    SignsElse(PrivateKey),
    Refuses,
}

/// One that speaks as `ssh-agent` does (draft-ietf-sshm-ssh-agent).
struct Agent {
    client: AgentClient<DuplexStream>,
    asked: Arc<AtomicUsize>,
    _signing: JoinSet<Result<()>>,
}

fn agent(hand: Hand) -> Agent {
    let (ours, mut theirs) = tokio::io::duplex(4096);
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let mut signing = JoinSet::new();
    signing.spawn(async move {
        while let Ok(length) = theirs.read_u32().await {
            let mut request = vec![0; usize::try_from(length)?];
            theirs.read_exact(&mut request).await?;
            counted.fetch_add(1, Ordering::SeqCst);
            // 13 asks for a signature: the key, what to sign, and flags
            let mut rest = request.strip_prefix(&[13]).context("it asks for something else")?;
            Vec::<u8>::decode(&mut rest)?;
            let wanted = Vec::<u8>::decode(&mut rest)?;
            let signature = match &hand {
                Hand::Signs(key) => Some(key.try_sign(&wanted)?),
                Hand::SignsElse(key) => Some(key.try_sign(b"the login of yesterday")?),
                Hand::Refuses => None,
            };
            let mut reply = vec![if signature.is_some() { 14 } else { 5 }];
            signature.map(|signature| signature.encode_prefixed(&mut reply)).transpose()?;
            theirs.write_u32(u32::try_from(reply.len())?).await?;
            theirs.write_all(&reply).await?;
        }
        Ok(())
    });
    Agent { client: AgentClient::connect(ours), asked, _signing: signing }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_shown_is_not_proved() -> Result<()> {
    let doorman = Doorman::start().await?;
    let known = PrivateKey::read_openssh_file(&doorman.known("known", "ed25519", "bot")?)?;
    let strange = PrivateKey::read_openssh_file(&doorman.strange("strange", "ed25519")?)?;
    let public = known.public_key().clone();
    let hands = [
        ("signed with another key", Hand::Signs(strange)),
        ("signed something else", Hand::SignsElse(known.clone())),
        ("not signed", Hand::Refuses),
    ];
    for (what, hand) in hands {
        let mut agent = agent(hand);
        let mut handle = doorman.connect().await?;
        let answer = handle.authenticate_publickey_with("web", public.clone(), None, &mut agent.client).await;
        assert_eq!(agent.asked.load(Ordering::SeqCst), 1, "{what}");
        assert!(!matches!(answer, Ok(AuthResult::Success)), "{what}");
        let opened = timeout(Duration::from_secs(3), handle.channel_open_session()).await;
        assert!(!matches!(opened, Ok(Ok(_))), "{what}: a session was opened");
    }
    let mut handle = doorman.connect().await?;
    let answer = handle.authenticate_publickey_with("web", public, None, &mut agent(Hand::Signs(known)).client).await?;
    assert!(answer.success(), "who signs is let in: {answer:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_tells_whose_keys_are_known() -> Result<()> {
    let doorman = Doorman::start().await?;
    let files = [doorman.known("known", "ed25519", "bot")?, doorman.strange("strange", "ed25519")?];
    for file in files {
        let public = PrivateKey::read_openssh_file(&file)?.public_key().clone();
        let mut handle = doorman.connect().await?;
        let mut agent = agent(Hand::Refuses);
        let answer = handle.authenticate_publickey_with("web", public, None, &mut agent.client).await;
        let asked = agent.asked.load(Ordering::SeqCst);
        assert!(!matches!(answer, Ok(AuthResult::Success)) && asked == 1, "{}: to sign", file.display());
    }
    Ok(())
}

/// OpenSSH asks what there is before it tries the first: that is none of the ten.
#[tokio::test(flavor = "multi_thread")]
async fn the_tenth_key_lets_in() -> Result<()> {
    let doorman = Doorman::start().await?;
    let strange: Vec<PathBuf> =
        (0..9).map(|one| doorman.strange(&format!("key-{one}"), "ed25519")).collect::<Result<_>>()?;
    let known = doorman.known("known", "ed25519", "bot")?;
    let keys: Vec<&PathBuf> = strange.iter().chain([&known]).collect();
    let ran = ran(doorman.ssh(&keys, "publickey", "none", "web")?).await?;
    assert_eq!((ran.out.as_str(), ran.status), ("in\n", Some(0)), "{ran:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_tries_keys_without_end() -> Result<()> {
    let doorman = Doorman::start().await?;
    let mut handle = doorman.connect().await?;
    let mut tried = 0;
    loop {
        let key = PrivateKey::read_openssh_file(&doorman.strange(&format!("key-{tried}"), "ed25519")?)?;
        let public = key.public_key().clone();
        match handle.authenticate_publickey_with("web", public, None, &mut agent(Hand::Signs(key)).client).await {
            Ok(AuthResult::Success) => bail!("a key that nobody knows lets in"),
            Ok(AuthResult::Failure { remaining_methods, .. }) if !remaining_methods.is_empty() => {
                assert_eq!(*remaining_methods, [MethodKind::PublicKey, MethodKind::Password]);
                tried += 1;
            }
            // the connection is over
            Ok(AuthResult::Failure { .. }) | Err(_) => break,
        }
    }
    assert_eq!(tried, 11);
    doorman.refuses().await?;
    assert_eq!(doorman.refused(), ["PST-1001"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_shows_keys_without_end() -> Result<()> {
    let doorman = Doorman::start().await?;
    let key = PrivateKey::read_openssh_file(&doorman.strange("key", "ed25519")?)?.public_key().to_bytes()?;
    let mut raw = Raw::connect(doorman.gateway.address).await?;
    raw.exchange().await?;
    raw.may_log_in().await?;
    let asked = Words::of(USERAUTH_REQUEST).text("web").text("ssh-connection").text("publickey");
    let shown = asked.byte(0).text("ssh-ed25519").text(&key);
    for _ in 0..32 {
        raw.send(&shown).await?;
        raw.hear_of(USERAUTH_PK_OK).await?;
    }
    raw.send(&shown).await?;
    raw.ended().await?;
    doorman.refuses().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_judged_whole_and_not_by_its_key() -> Result<()> {
    let doorman = Doorman::start().await?;
    let key = doorman.strange("key", "ed25519")?;
    let ssh = || doorman.ssh(&[&key], "publickey", "none", "web");
    let valid = ["-n", "web", "-V", "-1m:+5m"];
    let good = doorman.certified(&key, &valid)?;
    assert_eq!(ran(ssh()?).await?.status, Some(255), "nobody knows it");
    doorman.gateway.dwelling.tokens.know_key(&good, "bot");
    let let_in = ran(ssh()?).await?;
    assert_eq!((let_in.out.as_str(), let_in.status), ("in\n", Some(0)), "{let_in:?}");

    // another of the same key is another
    doorman.certified(&key, &valid)?;
    assert_eq!(ran(ssh()?).await?.status, Some(255));
    // the time of one that is known is over, or has not begun
    for when in ["-10m:-1m", "+5m:+10m"] {
        let late = doorman.certified(&key, &["-n", "web", "-V", when])?;
        doorman.gateway.dwelling.tokens.know_key(&late, "bot");
        assert_eq!(ran(ssh()?).await?.status, Some(255), "{when}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_shown_is_not_proved() -> Result<()> {
    let doorman = Doorman::start().await?;
    let file = doorman.strange("key", "ed25519")?;
    let bytes = doorman.certified(&file, &["-n", "web", "-V", "-1m:+5m"])?;
    doorman.gateway.dwelling.tokens.know_key(&bytes, "bot");
    let (own, other) =
        (PrivateKey::read_openssh_file(&file)?, PrivateKey::read_openssh_file(&doorman.strange("other", "ed25519")?)?);
    let hands = [
        ("signed with another key", Hand::Signs(other)),
        ("signed something else", Hand::SignsElse(own.clone())),
        ("not signed", Hand::Refuses),
    ];
    for (what, hand) in hands {
        let mut agent = agent(hand);
        let mut handle = doorman.connect().await?;
        let shown = Certificate::from_bytes(&bytes)?;
        let answer = handle.authenticate_certificate_with("web", shown, None, &mut agent.client).await;
        assert_eq!(agent.asked.load(Ordering::SeqCst), 1, "{what}");
        assert!(!matches!(answer, Ok(AuthResult::Success)), "{what}");
    }
    let mut handle = doorman.connect().await?;
    let mut agent = agent(Hand::Signs(own));
    let answer =
        handle.authenticate_certificate_with("web", Certificate::from_bytes(&bytes)?, None, &mut agent.client).await?;
    assert!(answer.success(), "who signs is let in: {answer:?}");
    Ok(())
}
