//! The folder on disk: who has it, which segments are in it, how one more comes to be.
//!
//! Nothing here is ever truncated, overwritten or removed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::journal::VerifyKey;

/// Where segments come from; the folder, or what a test puts in its place.
pub(super) trait Segments: Send {
    /// Makes a segment that begins with this line, which is on disk when it returns.
    fn begin(&mut self, number: u64, opening: &[u8]) -> io::Result<Arc<dyn Sink>>;
}

/// A segment, open for adding to it.
pub(super) trait Sink: Send + Sync {
    /// Hands bytes to the kernel.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Returns when all that was handed over is on disk.
    fn sync(&self) -> io::Result<()>;
}

/// The journal's folder, ours as long as this lives.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Its own file, for segments may be moved to an archive. The kernel lets go of the lock with the process.
    _lock: File,
}

impl Folder {
    /// Takes the folder, and makes it where it is missing.
    pub(super) fn lock(path: &Path) -> Result<Self, Fault> {
        let unwritable = |error: io::Error| {
            Fault::gateway(
                Code::JournalUnavailable,
                format!("the journal's folder `{}` cannot be written", path.display()),
            )
            .hint(format!("see that the gateway's account may write there: {error}"))
        };
        fs::DirBuilder::new().recursive(true).mode(0o750).create(path).map_err(unwritable)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o640)
            .open(path.join("lock"))
            .map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(taken(path, &mut lock)),
            Err(TryLockError::Error(error)) => return Err(unwritable(error)),
        }
        lock.set_len(0)
            .and_then(|()| lock.write_all(format!("process {}\n", std::process::id()).as_bytes()))
            .map_err(unwritable)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }
}

/// The file in a journal's folder with the key that verifies it.
pub const KEY: &str = "journal.pub";

impl Folder {
    /// Lays the key that verifies the journal beside it; refuses where another one lies there.
    pub(super) fn show_key(&self, key: &VerifyKey) -> Result<(), Fault> {
        let path = self.path.join(KEY);
        let broken = |message: String| Fault::gateway(Code::JournalUnavailable, message);
        match fs::read_to_string(&path) {
            Ok(text) if VerifyKey::parse(&text).as_ref() == Some(key) => Ok(()),
            Ok(_) => {
                let message = format!("the journal in `{}` was begun under another seal key", self.path.display());
                Err(broken(message).hint("restore that seal key; or, to begin a new journal, move this one away whole"))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => write_whole(&path, &format!("{key}\n"))
                .map_err(|error| broken(format!("`{}` cannot be written", path.display())).hint(error.to_string())),
            Err(error) => Err(broken(format!("`{}` cannot be read", path.display())).hint(error.to_string())),
        }
    }
}

fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(unfinished, path)
}

fn taken(path: &Path, lock: &mut File) -> Fault {
    let mut holder = String::new();
    let _ = lock.rewind().and_then(|()| lock.take(100).read_to_string(&mut holder));
    let holder = if holder.trim().is_empty() { "another process" } else { holder.trim() };
    let message = format!("the journal in `{}` is being written by another gateway ({holder})", path.display());
    Fault::gateway(Code::JournalUnavailable, message)
        .hint("a journal has one writer: stop that gateway, or give this one a `journal` of its own")
}

impl Segments for Folder {
    fn begin(&mut self, number: u64, opening: &[u8]) -> io::Result<Arc<dyn Sink>> {
        // A segment gets its name once its first line is on disk, so that none is ever without.
        let unfinished = self.path.join("next.unfinished");
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let path = self.path.join(name(number));
        if path.exists() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("`{}` is there already", path.display())));
        }
        let mut file = OpenOptions::new().append(true).create_new(true).mode(0o640).open(&unfinished)?;
        file.write_all(opening)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        File::open(&self.path)?.sync_all()?;
        Ok(Arc::new(file))
    }
}

impl Sink for File {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self;
        file.write_all(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// The segments in a folder, in order.
pub(super) fn segments(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Some(number) = entry.file_name().to_str().and_then(number) else { continue };
        segments.push((number, entry.path()));
    }
    segments.sort_unstable();
    Ok(segments)
}

fn name(number: u64) -> String {
    format!("{number:08}.journal")
}

fn number(file: &str) -> Option<u64> {
    let number = file.strip_suffix(".journal")?.parse().ok()?;
    (name(number) == file).then_some(number)
}
