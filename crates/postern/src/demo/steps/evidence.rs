//! The last steps: what the injected password and the journal look like from outside.
//!
//! Files are read as bytes; nothing is trusted to be text.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use data_encoding::{BASE64, HEXLOWER};
use tokio::process::Command;

use super::{Outcome, Steps, first_line, outcome};
use crate::demo::scene::Scene;

impl Steps<'_> {
    pub(in crate::demo) fn password_nowhere(&self) -> Outcome {
        let expected = "not in what clients were told, in the log, the store or the journal";
        outcome("the injected password is nowhere", &[], expected, self.search())
    }

    pub(in crate::demo) async fn journal_verifies(&self) -> Outcome {
        let journal = self.scene.journal();
        let seen = async {
            let verified = Command::new(&self.postern).args(["audit", "verify"]).arg(&journal).output().await?;
            let said = if verified.status.success() { &verified.stdout } else { &verified.stderr };
            Ok((verified.status.success(), first_line(said)))
        };
        let mut outcome = outcome("the journal verifies", &[], "ok, and what it holds", seen.await);
        outcome.commands.push(format!("postern audit verify {}", journal.display()));
        outcome
    }

    pub(in crate::demo) async fn flipped_byte_shows(&self) -> Outcome {
        let copy = self.scene.folder.join("state/copy");
        let seen = async {
            copy_with_flipped_byte(&self.scene.journal(), &copy)?;
            let verified = Command::new(&self.postern).args(["audit", "verify"]).arg(&copy).output().await?;
            fs::remove_dir_all(&copy)?;
            Ok((verified.status.code() == Some(1), first_line(&verified.stderr)))
        };
        outcome("a copy with one flipped byte does not", &[], "an error that names the line", seen.await)
    }

    fn search(&self) -> Result<(bool, String)> {
        let password = self.scene.password.as_bytes();
        let wanted = [password.to_vec(), HEXLOWER.encode(password).into(), unpadded(&BASE64.encode(password)).into()];
        let mut places = vec![("replies".to_owned(), self.psql.heard())];
        places.extend(files(self.scene)?);
        let found = |bytes: &[u8]| wanted.iter().any(|one| bytes.windows(one.len()).any(|window| window == *one));
        let leaks: Vec<&str> = places.iter().filter(|(_, bytes)| found(bytes)).map(|(name, _)| name.as_str()).collect();
        let bytes: usize = places.iter().map(|(_, bytes)| bytes.len()).sum();
        // a search that finds nothing anywhere proves nothing
        let searches =
            found(&[b"x".as_slice(), password, b"x"].concat()) && places.iter().all(|(_, bytes)| !bytes.is_empty());
        if leaks.is_empty() {
            return Ok((searches, format!("not found in {} places, {} kB", places.len(), bytes.div_ceil(1024))));
        }
        Ok((false, format!("found in {}", leaks.join(", "))))
    }
}

/// What the gateway has written, each file with its bytes.
fn files(scene: &Scene) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = vec![("log".to_owned(), fs::read(scene.log())?)];
    let state = fs::read_dir(scene.folder.join("state"))?;
    for entry in state.chain(fs::read_dir(scene.journal())?) {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let store = name.starts_with("postern.db") && entry.metadata()?.len() > 0;
        if store || Path::new(&name).extension().is_some_and(|extension| extension == "journal") {
            files.push((name, fs::read(entry.path())?));
        }
    }
    Ok(files)
}

/// Base64 of the password followed by anything ends differently; this much of it does not.
fn unpadded(encoded: &str) -> &str {
    let kept = encoded.trim_end_matches('=').len().saturating_sub(2);
    encoded.get(..kept).unwrap_or(encoded)
}

fn copy_with_flipped_byte(journal: &Path, copy: &Path) -> Result<()> {
    fs::create_dir_all(copy)?;
    let mut segments = Vec::new();
    for entry in fs::read_dir(journal)? {
        let entry = entry?;
        fs::copy(entry.path(), copy.join(entry.file_name()))?;
        if Path::new(&entry.file_name()).extension().is_some_and(|extension| extension == "journal") {
            segments.push(copy.join(entry.file_name()));
        }
    }
    segments.sort();
    let last = segments.last().context("the journal has no segment")?;
    let mut bytes = fs::read(last)?;
    let middle = bytes.len() / 2;
    let byte = bytes.get_mut(middle).context("the segment is empty")?;
    *byte ^= 1;
    Ok(fs::write(last, bytes)?)
}
