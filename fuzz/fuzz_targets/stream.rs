//! However a stream is cut, the same leaves of it, and no more of it is held than is said.
//!
//! The first byte says how long the pieces are, the second what stands for what is hidden; then the stream.
#![no_main]

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use postern_core::Secret;
use postern_core::mask::detect::{Detector, Detectors};
use postern_core::mask::echo::{Echo, LONGEST as WRITING};
use postern_core::mask::stream::{Echoed, Filter, LONGEST, Width};
use postern_core::mask::{Guarding, Mask, MaskKind, MaskSet, Predicates, Search};

static MASKS: LazyLock<MaskSet> = LazyLock::new(|| {
    let mask = Mask {
        name: "secrets".into(),
        kind: MaskKind::Fixed,
        predicates: Predicates::Deny,
        writes: Guarding::Deny,
        domain: "secrets".into(),
        pseudonym: None,
    };
    let detectors = Arc::new(Detectors::of(Detector::ALL));
    MaskSet::default().searching(vec![Search::new(Arc::new(mask), Vec::new(), detectors)])
});

static ECHO: LazyLock<Arc<Echo>> = LazyLock::new(|| Arc::new(Echo::of([&Secret::new("correct'horse")])));

fuzz_target!(|input: &[u8]| {
    let [piece, width, stream @ ..] = input else { return };
    let width = if width % 2 == 0 { Width::Any } else { Width::Same };
    let whole = sent(stream.chunks(usize::MAX), width);
    let pieces = sent(stream.chunks(usize::from(*piece).max(1)), width);
    match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces),
        // what is before it may have left where it came before
        (Err(_), Err(left)) => assert!(!ECHO.within(&left)),
        (whole, pieces) => panic!("{} and {}", whole.is_ok(), pieces.is_ok()),
    }
});

/// What leaves, or has left when a credential is heard.
fn sent<'a>(pieces: impl Iterator<Item = &'a [u8]>, width: Width) -> Result<Vec<u8>, Vec<u8>> {
    let (mut filter, mut left) = (Filter::new(Arc::clone(&ECHO), &MASKS, width), Vec::new());
    for piece in pieces {
        let Ok(leaves) = filter.pass(Bytes::copy_from_slice(piece)) else { return Err(left) };
        left.extend(leaves);
        assert!(filter.held() <= LONGEST + WRITING);
    }
    match filter.end() {
        Ok(leaves) => left.extend(leaves),
        Err(Echoed) => return Err(left),
    }
    Ok(left)
}
