//! Comparing a folder of recordings with what a journal says of them.
//!
//! No key is needed, nothing is opened, and nothing is held in memory but a chunk. Enter at [`compare`].

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use postern_core::id::SessionId;
use postern_core::record::{Statements, Touched};

use super::PIECE;
use super::files::{Blobs, Folder};

/// What came of a comparison.
#[derive(Debug)]
pub struct Compared {
    /// How many recordings are as the journal says.
    pub sound: u64,
    /// What was done to the others.
    pub touched: Vec<Touched>,
}

/// Compares every recording in `folder` with `stated`. Where the folder is missing, so are all of them.
///
/// # Errors
/// Where it cannot be read.
pub fn compare(folder: &Path, stated: &Statements) -> io::Result<Compared> {
    let folder = Folder::at(folder);
    let mut compared = Compared { sound: 0, touched: Vec::new() };
    let there: BTreeSet<SessionId> = match folder.all() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeSet::new(),
        all => all?.into_iter().map(|(session, _)| session).collect(),
    };
    for session in &there {
        match file(&folder, *session, stated) {
            Ok(Ok(())) => compared.sound = compared.sound.saturating_add(1),
            Ok(Err(touched)) => compared.touched.push(touched),
            // the gateway has just removed it
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    compared.touched.extend(stated.missing(|session| there.contains(&session)));
    Ok(compared)
}

fn file(folder: &Folder, session: SessionId, stated: &Statements) -> io::Result<Result<(), Touched>> {
    let mut file = File::open(folder.path(session))?;
    let mut comparing = match stated.about(session) {
        Ok(comparing) => comparing,
        Err(touched) => return Ok(Err(touched)),
    };
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(comparing.end());
        }
        if let Err(touched) = comparing.feed(piece.get(..read).unwrap_or_default()) {
            return Ok(Err(touched));
        }
    }
}
