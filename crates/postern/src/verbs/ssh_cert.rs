//! `postern ssh-cert`: a certificate of the caller's SSH key in exchange for their own token.
//!
//! It is written beside the key, where `ssh` finds it by itself. The private key is not read. Enter at [`run`].

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use crate::cli::SshCert;
use crate::failure::Failure;

use super::client::Gateway;
use super::token::word;

const CERTIFICATE: &str = "urn:postern:token-type:ssh-certificate";

pub(crate) async fn run(args: SshCert, out: &mut dyn Write) -> Result<()> {
    let SshCert { target, key, remote } = args;
    let public = public(&key)?;
    let mut wanted = vec![("public_key", public.trim())];
    wanted.extend(target.as_deref().map(|target| ("audience", target)));
    let made = Gateway::new(&remote)?.exchange(CERTIFICATE, &wanted).await?;
    let known = target.map(|_| Place::of(&made)).transpose()?;
    let file = beside(&key, "-cert.pub");
    write(&file, &word(&made, "/access_token")?)?;
    writeln!(out, "{} is good until {}", file.display(), word(&made, "/expires")?)?;
    if let Some(Place { name, host, port, key: gateway }) = known {
        // what OpenSSH looks the usual port up as
        let place = if port == 22 { host.clone() } else { format!("[{host}]:{port}") };
        writeln!(out, "known_hosts: {place} {gateway}")?;
        writeln!(out, "ssh -i {} -p {port} {name}@{host}", key.display())?;
    }
    Ok(())
}

/// How a target is reached.
struct Place {
    name: String,
    host: String,
    port: u64,
    key: String,
}

impl Place {
    fn of(made: &Value) -> Result<Self, Failure> {
        let off = || Failure::new("the gateway has its SSH listener switched off");
        let port = made.pointer("/target/port").and_then(Value::as_u64).ok_or_else(off)?;
        let (name, host) = (word(made, "/target/name")?, word(made, "/target/host")?);
        Ok(Self { name, host, port, key: word(made, "/target/host_key")? })
    }
}

/// The line of the public half of a key.
fn public(key: &Path) -> Result<String, Failure> {
    let file = beside(key, ".pub");
    fs::read_to_string(&file).map_err(|error| {
        Failure::new(format!("`{}` cannot be read: {error}", file.display()))
            .hint(format!("make a key: ssh-keygen -t ed25519 -f {}", key.display()))
    })
}

/// Puts a line where `ssh` may read at any time.
fn write(file: &Path, line: &str) -> Result<(), Failure> {
    let unfinished = beside(file, ".new");
    fs::write(&unfinished, format!("{line}\n"))
        .and_then(|()| fs::rename(&unfinished, file))
        .map_err(|error| Failure::new(format!("`{}` cannot be written: {error}", file.display())))
}

/// The file of this name with this behind it.
fn beside(file: &Path, more: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(more);
    PathBuf::from(name)
}
