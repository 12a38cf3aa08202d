//! The folder on disk: `2026-01-31/ses_….rec`, by the day that a session began, in UTC; and `ses_….keep` beside it where a
//! rule says how long.
//!
//! Nothing here is ever overwritten. Whoever has the folder and not the root secret has names and sizes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use postern_core::id::SessionId;
use postern_core::record::Keep;

/// What the file is called that says how long a recording is kept.
const KEEP: &str = "keep";

/// Where recordings are kept; the folder, or what a test puts in its place.
pub(super) trait Blobs: Send + Sync {
    /// Makes a recording that begins with this.
    fn create(&self, session: SessionId, opening: &[u8]) -> io::Result<Box<dyn Blob>>;

    /// Every recording, and what the rules say of how long it is kept; nothing where that cannot be told.
    fn all(&self) -> io::Result<Vec<(SessionId, Option<Keep>)>>;

    /// Removes a recording.
    fn remove(&self, session: SessionId) -> io::Result<()>;

    /// Answers once the disk has what the kernel has of a recording.
    fn sync(&self, session: SessionId) -> io::Result<()>;

    /// At most `most` bytes of a recording, from byte `from` on.
    fn read(&self, session: SessionId, from: u64, most: usize) -> io::Result<Bytes>;
}

/// A recording, open for adding to it.
pub(super) trait Blob: Send {
    /// Hands bytes to the kernel.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Notes how long it is kept.
    fn keep(&mut self, keep: Keep) -> io::Result<()>;
}

/// A recording in the folder.
struct Sheet {
    file: File,
    path: PathBuf,
}

/// The folder of recordings.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// The folder, for reading.
    pub(super) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Takes the folder, and makes it where it is missing.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        private(path)?;
        // it may be older, and open to others
        if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        }
        // it may be there and not be ours to write
        let trial = path.join(format!("trial-{}", std::process::id()));
        drop(OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&trial)?);
        fs::remove_file(trial)?;
        Ok(Self(path.to_owned()))
    }

    fn day(&self, session: SessionId) -> PathBuf {
        let born = session.born().to_string();
        self.0.join(born.split('T').next().unwrap_or(&born))
    }

    pub(super) fn path(&self, session: SessionId) -> PathBuf {
        self.day(session).join(format!("{session}.rec"))
    }
}

impl Blobs for Folder {
    fn create(&self, session: SessionId, opening: &[u8]) -> io::Result<Box<dyn Blob>> {
        private(&self.day(session))?;
        let mut file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(self.path(session))?;
        file.write_all(opening)?;
        Ok(Box::new(Sheet { file, path: self.path(session) }))
    }

    fn all(&self) -> io::Result<Vec<(SessionId, Option<Keep>)>> {
        let mut all = Vec::new();
        for day in fs::read_dir(&self.0)? {
            let day = day?.path();
            if !day.is_dir() {
                continue;
            }
            let entries = match fs::read_dir(day) {
                // its last recording has just gone
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries?,
            };
            for entry in entries {
                let path = entry?.path();
                let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".rec"));
                let Some(session) = name.and_then(|name| name.parse().ok()) else { continue };
                let keep = match fs::read_to_string(path.with_extension(KEEP)) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Keep::default()),
                    // THREAT: evidence that is removed because nobody can read how long it had to be kept
                    keep => keep.ok().as_deref().and_then(Keep::parse),
                };
                all.push((session, keep));
            }
        }
        Ok(all)
    }

    fn remove(&self, session: SessionId) -> io::Result<()> {
        let path = self.path(session);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed?,
        }
        // most recordings have none, and a day's folder goes with its last
        drop(fs::remove_file(path.with_extension(KEEP)));
        drop(fs::remove_dir(self.day(session)));
        Ok(())
    }

    fn sync(&self, session: SessionId) -> io::Result<()> {
        File::open(self.path(session))?.sync_data()?;
        // a file that no folder names is lost as well
        File::open(self.day(session))?.sync_all()?;
        File::open(&self.0)?.sync_all()
    }

    fn read(&self, session: SessionId, from: u64, most: usize) -> io::Result<Bytes> {
        let mut file = File::open(self.path(session))?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(u64::try_from(most).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }
}

impl Blob for Sheet {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn keep(&mut self, keep: Keep) -> io::Result<()> {
        let unfinished = self.path.with_extension("unfinished");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(format!("{keep}\n").as_bytes())?;
        fs::rename(unfinished, self.path.with_extension(KEEP))
    }
}

fn private(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
