//! The seeds that the fuzz targets start from, `fuzz/corpus/TARGET/NAME`: written by the encoders,
//! so that they stay messages of this protocol. `POSTERN_WRITE_SEEDS=1 cargo test` writes them anew.

mod client;
mod server;

use std::fs;
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};

use super::super::array::{binary, text};
use super::super::*;
use super::Encode;

type Seeds = Vec<(&'static str, Vec<u8>)>;
type Targets = [(&'static str, Seeds); 6];

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

fn targets() -> Targets {
    [
        ("array", server::arrays()),
        ("backend", server::backends()),
        ("frame", client::frames()),
        ("frontend", client::frontends()),
        ("row", server::rows()),
        ("startup", client::startups()),
    ]
}

#[test]
fn seeds_are_what_the_encoders_write() {
    let write = std::env::var_os("POSTERN_WRITE_SEEDS").is_some();
    for (target, seeds) in targets() {
        let folder = corpus().join(target);
        for (name, seed) in seeds {
            let path = folder.join(name);
            if write {
                fs::create_dir_all(&folder).unwrap();
                fs::write(&path, &seed).unwrap();
            }
            let stored = fs::read(&path).ok();
            let hint = "run the tests once with POSTERN_WRITE_SEEDS=1";
            assert!(stored == Some(seed), "{}: {hint}", path.display());
        }
    }
}

#[test]
fn whatever_is_in_the_corpus_is_survived() {
    for (target, seeds) in targets() {
        let files: Vec<_> = fs::read_dir(corpus().join(target)).unwrap().map(Result::unwrap).collect();
        assert!(files.len() >= seeds.len(), "{target}");
        for file in files {
            survive(&fs::read(file.path()).unwrap());
        }
    }
}

/// Gives the bytes to every decoder.
fn survive(bytes: &[u8]) {
    let _ = startup::next(&mut BytesMut::from(bytes));
    let mut stream = BytesMut::from(bytes);
    while let Ok(Some(frame)) = frame::next(&mut stream, Limit::SERVER) {
        let _ = Frontend::decode(&frame);
        let _ = Backend::decode(&frame);
    }
    let _ = row::cells(bytes).count();
    let _ = row::rewrite(bytes, |_, _| Cell::Null, &mut BytesMut::new());
    let _ = text::rewrite(bytes, b',', |_, _| Cell::Null, &mut BytesMut::new());
    let _ = binary::rewrite(bytes, |_, _| Cell::Null, &mut BytesMut::new());
}

const fn text_of(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

impl Encode for Startup {
    fn encode_into(&self, out: &mut BytesMut) {
        self.encode(out).unwrap();
    }
}
