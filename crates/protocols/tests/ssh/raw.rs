//! A client, or a host, that says whatever it is told to, packet by packet: curve25519-sha256 and aes256-gcm, and nobody's
//! proof is looked at.
//!
//! Enter at [`Raw::connect`]; [`Raw::exchange`] makes keys, [`Raw::log_in`] is the bot.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "what fails here fails a test"
)]

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use russh::keys::PrivateKey;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_encoding::Encode as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Sooner than any login ends for want of time: what ends by then ends for what was said.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// The numbers of messages (RFC 4253 §12, RFC 4252 §6, RFC 4254 §9).
pub(crate) const DISCONNECT: u8 = 1;
pub(crate) const IGNORE: u8 = 2;
pub(crate) const SERVICE_REQUEST: u8 = 5;
pub(crate) const SERVICE_ACCEPT: u8 = 6;
pub(crate) const KEXINIT: u8 = 20;
pub(crate) const NEWKEYS: u8 = 21;
const KEX_INIT: u8 = 30;
const KEX_REPLY: u8 = 31;
pub(crate) const USERAUTH_REQUEST: u8 = 50;
pub(crate) const USERAUTH_FAILURE: u8 = 51;
pub(crate) const USERAUTH_SUCCESS: u8 = 52;
pub(crate) const USERAUTH_PK_OK: u8 = 60;
pub(crate) const GLOBAL_REQUEST: u8 = 80;
pub(crate) const REQUEST_SUCCESS: u8 = 81;
pub(crate) const REQUEST_FAILURE: u8 = 82;
pub(crate) const CHANNEL_OPEN: u8 = 90;
pub(crate) const CHANNEL_OPEN_CONFIRMATION: u8 = 91;
pub(crate) const CHANNEL_OPEN_FAILURE: u8 = 92;
pub(crate) const CHANNEL_WINDOW_ADJUST: u8 = 93;
pub(crate) const CHANNEL_DATA: u8 = 94;
pub(crate) const CHANNEL_CLOSE: u8 = 97;
pub(crate) const CHANNEL_REQUEST: u8 = 98;
pub(crate) const CHANNEL_SUCCESS: u8 = 99;

const NAME: &str = "SSH-2.0-raw";
const TAG: usize = 16;
pub(crate) const STRICT: &str = "curve25519-sha256,kex-strict-c-v00@openssh.com";

/// A message: its number, and what follows.
pub(crate) struct Words(Vec<u8>);

/// One direction of an encrypted connection (RFC 5647 §7.1).
struct Key {
    key: LessSafeKey,
    fixed: [u8; 4],
    count: u64,
}

pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    /// What the other side calls itself.
    other: String,
    sending: Option<Key>,
    hearing: Option<Key>,
    /// What the first exchange came to: it names the connection.
    session: Option<Vec<u8>>,
}

impl Words {
    pub(crate) fn of(number: u8) -> Self {
        Self(vec![number])
    }

    pub(crate) fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    pub(crate) fn number(mut self, number: u32) -> Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    pub(crate) fn text(self, text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        let mut with = self.number(u32::try_from(text.len()).unwrap());
        with.0.extend_from_slice(text);
        with
    }

    /// A positive number without a bound (RFC 4251 §5).
    fn long(self, bytes: &[u8]) -> Self {
        let from = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
        let sign = bytes.get(from).filter(|first| **first & 0x80 != 0).map(|_| 0);
        let bytes: Vec<u8> = sign.into_iter().chain(bytes[from..].iter().copied()).collect();
        self.text(bytes)
    }
}

impl AsRef<[u8]> for Words {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// What a key exchange comes to.
struct Agreed {
    shared: Vec<u8>,
    hash: Vec<u8>,
}

impl Agreed {
    /// Of one's secret, the other's point, and what both have said until then in its order (RFC 8731 §3.1).
    fn of(secret: EphemeralPrivateKey, point: &[u8], said: [&[u8]; 7]) -> Result<Self> {
        let point = UnparsedPublicKey::new(&X25519, point);
        let shared = agree_ephemeral(secret, point, (), |shared| Ok(shared.to_vec()));
        let Words(shared) = Words(Vec::new()).long(&shared.ok().context("nothing was agreed upon")?);
        let Words(hashed) = said.iter().fold(Words(Vec::new()), |hashed, said| hashed.text(said));
        let hash = digest(&SHA256, &[hashed, shared.clone()].concat()).as_ref().to_vec();
        Ok(Self { shared, hash })
    }

    /// The keys of what a host sends, and of what a client does.
    fn keys(&self, session: &mut Option<Vec<u8>>) -> Result<(Key, Key)> {
        let session = session.get_or_insert_with(|| self.hash.clone());
        let made = |iv: u8, key: u8| Key::derived(&self.shared, &self.hash, session, iv, key);
        Ok((made(b'B', b'D')?, made(b'A', b'C')?))
    }
}

fn secret() -> Result<(EphemeralPrivateKey, Vec<u8>)> {
    let secret = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).ok().context("a secret")?;
    let public = secret.compute_public_key().ok().context("its public half")?.as_ref().to_vec();
    Ok((secret, public))
}

impl Key {
    fn nonce(&mut self) -> Nonce {
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&self.fixed);
        nonce[4..].copy_from_slice(&self.count.to_be_bytes());
        self.count = self.count.wrapping_add(1);
        Nonce::assume_unique_for_key(nonce)
    }

    fn derived(shared: &[u8], hash: &[u8], session: &[u8], iv: u8, key: u8) -> Result<Self> {
        let made = |letter: u8| digest(&SHA256, &[shared, hash, &[letter], session].concat());
        let (iv, key) = (made(iv), made(key));
        let mut fixed = [0; 4];
        fixed.copy_from_slice(&iv.as_ref()[..4]);
        let count = u64::from_be_bytes(iv.as_ref()[4..12].try_into()?);
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref()).ok().context("a key")?);
        Ok(Self { key, fixed, count })
    }
}

/// A packet around a message, with so much padding as it takes.
pub(crate) fn packet(payload: &[u8], block: usize, header: usize) -> Vec<u8> {
    let padding = 4 + (block - (header + 1 + payload.len() + 4) % block) % block;
    padded(payload, padding, 1 + payload.len() + padding)
}

/// A packet that says this of its length and its padding, whatever there is.
pub(crate) fn padded(payload: &[u8], padding: usize, length: usize) -> Vec<u8> {
    let mut packet = u32::try_from(length).unwrap().to_be_bytes().to_vec();
    packet.push(u8::try_from(padding).unwrap());
    packet.extend_from_slice(payload);
    packet.resize(packet.len() + padding, 0);
    packet
}

/// What a client has to say as it begins; `compression` is for both directions.
pub(crate) fn kexinit(exchanges: &str, compression: &str) -> Words {
    let mut words = Words::of(KEXINIT);
    words.0.extend([7; 16]);
    let lists = [exchanges, "ssh-ed25519", "aes256-gcm@openssh.com", "aes256-gcm@openssh.com"];
    let words = lists.iter().fold(words, |words, list| words.text(list));
    let macs = words.text("hmac-sha2-256-etm@openssh.com").text("hmac-sha2-256-etm@openssh.com");
    macs.text(compression).text(compression).text("").text("").byte(0).number(0)
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        Self::on(TcpStream::connect(address).await?).await
    }

    /// Both have named themselves.
    pub(crate) async fn on(mut stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        stream.write_all(format!("{NAME}\r\n").as_bytes()).await?;
        let mut other = String::new();
        while !other.ends_with('\n') {
            other.push(char::from(stream.read_u8().await?));
        }
        Ok(Self { stream, other: other.trim_end().to_owned(), sending: None, hearing: None, session: None })
    }

    pub(crate) async fn logged_in(address: SocketAddr) -> Result<Self> {
        let mut raw = Self::connect(address).await?;
        raw.exchange().await?;
        raw.log_in().await?;
        Ok(raw)
    }

    pub(crate) async fn send(&mut self, words: impl AsRef<[u8]>) -> Result<()> {
        let packet = match self.sending {
            None => packet(words.as_ref(), 8, 4),
            Some(_) => packet(words.as_ref(), 16, 0),
        };
        self.send_packet(packet).await
    }

    /// A packet as it is, encrypted where there are keys.
    pub(crate) async fn send_packet(&mut self, mut packet: Vec<u8>) -> Result<()> {
        if let Some(key) = &mut self.sending {
            let nonce = key.nonce();
            let (length, rest) = packet.split_at_mut(4);
            let tag = key.key.seal_in_place_separate_tag(nonce, Aad::from(&*length), rest);
            packet.extend_from_slice(tag.ok().context("it is not sealed")?.as_ref());
        }
        Ok(self.stream.write_all(&packet).await?)
    }

    /// Counts a packet that is never sent.
    pub(crate) fn skip(&mut self) {
        if let Some(key) = &mut self.sending {
            key.nonce();
        }
    }

    /// The next message.
    pub(crate) async fn hear(&mut self) -> Result<Vec<u8>> {
        let length = timeout(PATIENCE, self.stream.read_u32()).await.context("nothing comes")??;
        let tag = if self.hearing.is_some() { TAG } else { 0 };
        let mut packet = vec![0; usize::try_from(length)? + tag];
        timeout(PATIENCE, self.stream.read_exact(&mut packet)).await.context("no more comes")??;
        if let Some(key) = &mut self.hearing {
            let nonce = key.nonce();
            let opened = key.key.open_in_place(nonce, Aad::from(length.to_be_bytes()), &mut packet);
            opened.ok().context("it is not of this connection")?;
            packet.truncate(packet.len() - TAG);
        }
        let end = packet.len().checked_sub(usize::from(packet[0])).context("it is all padding")?;
        Ok(packet[1..end].to_vec())
    }

    /// The next message of this number, whatever comes before.
    pub(crate) async fn hear_of(&mut self, number: u8) -> Result<Vec<u8>> {
        loop {
            let message = self.hear().await?;
            match message.first() {
                Some(first) if *first == number => return Ok(message),
                Some(&DISCONNECT) => bail!("it ended: {}", String::from_utf8_lossy(&message)),
                _ => {}
            }
        }
    }

    /// Makes keys, for the first time or again.
    pub(crate) async fn exchange(&mut self) -> Result<()> {
        self.exchange_with(STRICT, &[]).await
    }

    /// The same with these exchanges, and with a message before the keys are taken into use where there is one.
    pub(crate) async fn exchange_with(&mut self, exchanges: &str, before: &[u8]) -> Result<()> {
        let own = kexinit(exchanges, "none");
        self.send(&own).await?;
        let theirs = self.hear_of(KEXINIT).await?;
        let (secret, public) = secret()?;
        self.send(Words::of(KEX_INIT).text(&public)).await?;
        let reply = self.hear_of(KEX_REPLY).await?;
        let (host_key, rest) = string(&reply[1..])?;
        let (point, _) = string(rest)?;
        let said = [NAME.as_bytes(), self.other.as_bytes(), own.as_ref(), &theirs, host_key, &public, point];
        let agreed = Agreed::of(secret, point, said)?;
        self.hear_of(NEWKEYS).await?;
        if !before.is_empty() {
            self.send(before).await?;
        }
        self.send(Words::of(NEWKEYS)).await?;
        let (hearing, sending) = agreed.keys(&mut self.session)?;
        (self.sending, self.hearing) = (Some(sending), Some(hearing));
        Ok(())
    }

    /// The same as a host with this key.
    pub(crate) async fn exchange_as_host(&mut self, host_key: &PrivateKey) -> Result<()> {
        let own = kexinit("curve25519-sha256,kex-strict-s-v00@openssh.com", "none");
        self.send(&own).await?;
        let theirs = self.hear_of(KEXINIT).await?;
        let point = self.hear_of(KEX_INIT).await?;
        let (point, _) = string(&point[1..])?;
        let (secret, public) = secret()?;
        let shown = host_key.public_key().to_bytes()?;
        let said = [self.other.as_bytes(), NAME.as_bytes(), &theirs, own.as_ref(), &shown, point, &public];
        let agreed = Agreed::of(secret, point, said)?;
        let mut signature = Vec::new();
        host_key.try_sign(&agreed.hash)?.encode(&mut signature)?;
        self.send(Words::of(KEX_REPLY).text(&shown).text(&public).text(&signature)).await?;
        self.send(Words::of(NEWKEYS)).await?;
        self.hear_of(NEWKEYS).await?;
        let (sending, hearing) = agreed.keys(&mut self.session)?;
        (self.sending, self.hearing) = (Some(sending), Some(hearing));
        Ok(())
    }

    /// Lets in whoever is there, whatever that proves.
    pub(crate) async fn let_in(&mut self) -> Result<()> {
        self.hear_of(SERVICE_REQUEST).await?;
        self.send(Words::of(SERVICE_ACCEPT).text("ssh-userauth")).await?;
        self.hear_of(USERAUTH_REQUEST).await?;
        self.send(Words::of(USERAUTH_SUCCESS)).await
    }

    /// May log in from now on.
    pub(crate) async fn may_log_in(&mut self) -> Result<()> {
        self.send(Words::of(SERVICE_REQUEST).text("ssh-userauth")).await?;
        self.hear_of(SERVICE_ACCEPT).await.map(|_| ())
    }

    pub(crate) async fn log_in(&mut self) -> Result<()> {
        self.may_log_in().await?;
        self.prove("web", "token-of-bot").await?;
        self.hear_of(USERAUTH_SUCCESS).await.map(|_| ())
    }

    pub(crate) async fn prove(&mut self, user: &str, token: &str) -> Result<()> {
        let words = Words::of(USERAUTH_REQUEST).text(user).text("ssh-connection").text("password");
        self.send(words.byte(0).text(token)).await
    }

    /// Asks for a channel, with this window and these packets.
    pub(crate) async fn ask_channel(&mut self, own: u32, window: u32, most: u32) -> Result<()> {
        self.send(Words::of(CHANNEL_OPEN).text("session").number(own).number(window).number(most)).await
    }

    /// Opens one; the number that the gateway gives it.
    pub(crate) async fn open(&mut self) -> Result<u32> {
        self.ask_channel(0, 1 << 20, 32 << 10).await?;
        let confirmed = self.hear_of(CHANNEL_OPEN_CONFIRMATION).await?;
        Ok(u32::from_be_bytes(confirmed[5..9].try_into()?))
    }

    /// What a command says, and nothing else that comes.
    pub(crate) async fn run(&mut self, command: &str) -> Result<String> {
        let channel = self.open().await?;
        self.send(Words::of(CHANNEL_REQUEST).number(channel).text("exec").byte(1).text(command)).await?;
        let said = self.hear_of(CHANNEL_DATA).await?;
        Ok(String::from_utf8_lossy(string(&said[5..])?.0).into_owned())
    }

    /// Waits for the end of the connection, or says what is wrong.
    pub(crate) async fn ended(&mut self) -> Result<()> {
        let mut rest = [0; 4096];
        let over = async { while !matches!(self.stream.read(&mut rest).await, Ok(0) | Err(_)) {} };
        timeout(SOON, over).await.context("the connection goes on")
    }

    /// Sends until there is nobody left, so many times at the most; whether somebody was left.
    pub(crate) async fn flood(&mut self, words: &Words, times: usize) -> bool {
        let mut rest = [0; 4096];
        for _ in 0..times {
            if self.send(words).await.is_err() {
                return false;
            }
            // nothing that comes is waited for, and none of it may hold the other side up
            match self.stream.try_read(&mut rest) {
                Ok(0) => return false,
                Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return false,
                Ok(_) | Err(_) => {}
            }
        }
        true
    }
}

/// A string, and what follows it.
pub(crate) fn string(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>().context("no length")?;
    let length = usize::try_from(u32::from_be_bytes(*length))?;
    ensure!(length <= rest.len(), "it is cut");
    Ok(rest.split_at(length))
}

/// The memory of this process, in bytes.
pub(crate) fn memory() -> Result<usize> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<usize>()? << 10)
}
