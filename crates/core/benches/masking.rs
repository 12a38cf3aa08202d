//! How fast what leaves is looked through, and what the detectors find in cells of which it is known what is in them.
//!
//! `cargo bench -p postern-core --bench masking` prints medians of passes of one core, and a table. It asserts nothing:
//! `crates/core/tests/detect` does. Enter at [`main`].

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "it prints what it measured, and ends where it cannot"
)]

#[path = "../tests/detect/corpus.rs"]
mod corpus;
#[path = "../tests/detect/figures.rs"]
mod figures;
#[path = "../tests/detect/harmless.rs"]
mod harmless;
#[path = "../tests/detect/secrets.rs"]
mod secrets;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use postern_core::Secret;
use postern_core::mask::detect::{Detector, Detectors};
use postern_core::mask::echo::Echo;
use postern_core::mask::stream::{Filter, Width};
use postern_core::mask::{Guarding, Mask, MaskKind, MaskSet, Predicates, Search};

const SIZE: usize = 8 << 20;

fn main() {
    echo(&rows());
    streams();
    detectors();
}

fn streams() {
    let tokens = [Detector::PrivateKey, Detector::AwsKey, Detector::GithubToken, Detector::Jwt];
    let (log, noise) = (log(), noise());
    for (what, masks) in [
        ("echo guard alone", MaskSet::default()),
        ("echo guard and four detectors of tokens", hiding(&tokens)),
        ("echo guard and all detectors", hiding(Detector::ALL)),
    ] {
        let echo = Arc::new(Echo::of([&Secret::new("mR7#kVq2'Lw9/zXt4&Bn6yHd")]));
        for (of, bytes) in [("log", &log), ("random bytes", &noise)] {
            let mut filter = Filter::new(Arc::clone(&echo), &masks, Width::Any);
            let pieces: Vec<Bytes> = bytes.chunks(32 << 10).map(Bytes::copy_from_slice).collect();
            let mut pass = || {
                pieces.iter().for_each(|piece| {
                    black_box(filter.pass(piece.clone())).expect("no secret");
                })
            };
            println!("{what}, {of} in pieces of 32 KiB\t{:.3} GB/s", speed(bytes.len(), &mut pass));
        }
        let mut filter = Filter::new(Arc::clone(&echo), &masks, Width::Same);
        println!("{what}, one key at a time\t{:.0} ns", keys(&mut filter));
    }
}

fn hiding(detectors: &[Detector]) -> MaskSet {
    let mask = Mask {
        name: "secrets".into(),
        kind: MaskKind::Fixed,
        predicates: Predicates::Deny,
        writes: Guarding::Deny,
        domain: "secrets".into(),
        pseudonym: None,
    };
    MaskSet::default().searching(vec![Search::new(Arc::new(mask), Vec::new(), Arc::new(Detectors::of(detectors)))])
}

/// What a service logs, without a secret in it.
fn log() -> Vec<u8> {
    let mut log = Vec::with_capacity(SIZE);
    let mut number = 1_u64;
    while log.len() < SIZE {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let line = format!(
            "2026-11-23T10:{:02}:{:02}.{:03}Z INFO orders::ship worker={} order {} left the house, {} ms, {:016x}\n",
            number % 60,
            number >> 8 & 31,
            number >> 16 & 511,
            number >> 60,
            number >> 44,
            number >> 52,
            number
        );
        log.extend(line.into_bytes());
    }
    log
}

fn noise() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..SIZE / 8).flat_map(|_| next()).collect()
}

fn detectors() {
    let all = Detectors::of(Detector::ALL);
    let row = |number: u64| harmless::harmless(number);
    let cells: Vec<corpus::Cell> = (0..60_000).map(row).collect();
    let bytes = cells.iter().map(|cell| cell.text.len()).sum();
    let mut pass = || cells.iter().for_each(|cell| drop(black_box(all.find(cell.label.as_deref(), &cell.text))));
    println!("all detectors, the harmless cells\t{:.2} GB/s", speed(bytes, &mut pass));
    let rows = String::from_utf8_lossy(&rows()).into_owned();
    let cells: Vec<&str> = rows.split('\0').filter(|cell| !cell.is_empty()).collect();
    let bytes = cells.iter().map(|cell| cell.len()).sum();
    let mut pass = || cells.iter().for_each(|cell| drop(black_box(all.find(None, cell))));
    println!("all detectors, cells of rows\t{:.2} GB/s\n", speed(bytes, &mut pass));
    let figures = figures::Figures::count(&all, 6_000, 500_000);
    println!("{figures}\nmissed:\n{}\nfalse:\n{}", figures.misses.join("\n"), figures.alarms.join("\n"));
}

fn echo(rows: &[u8]) {
    for (what, secrets) in [
        ("one password of 24 bytes", vec![Secret::new("mR7#kVq2'Lw9/zXt4&Bn6yHd")]),
        (
            "a password and its SCRAM verifier",
            vec![
                Secret::new("mR7#kVq2'Lw9/zXt4&Bn6yHd"),
                Secret::new(
                    "SCRAM-SHA-256$4096:q1Z8nF0sYk3dPz7tC5xB2A==$Jt0mVw3q8Zr5yLk1cXf9uHs6bNe2aGd4iPo7vTxRzQ0=:Wc8eYb1nKf5sVm0qLr3tXh7uZd2gJp6aOi9kTyBvEx4=",
                ),
            ],
        ),
    ] {
        let echo = Arc::new(Echo::of(&secrets));
        for piece in [100, 1000, 16 << 10, 256 << 10] {
            let mut filter = Filter::new(Arc::clone(&echo), &MaskSet::default(), Width::Any);
            let pieces: Vec<Bytes> = rows.chunks(piece).map(Bytes::copy_from_slice).collect();
            let mut pass = || {
                pieces.iter().for_each(|piece| {
                    black_box(filter.pass(piece.clone())).expect("no secret");
                })
            };
            println!("echo guard, {what}, in pieces of {piece} bytes\t{:.2} GB/s", speed(rows.len(), &mut pass));
        }
        let mut filter = Filter::new(Arc::clone(&echo), &MaskSet::default(), Width::Any);
        println!("echo guard, {what}, one key at a time\t{:.0} ns", keys(&mut filter));
    }
}

/// The median time that the echo of one key takes, where somebody types and what is held leaves after each key.
fn keys(filter: &mut Filter) -> f64 {
    let typed = b"git commit -m 'Say what a user gains' && psql -h gateway -U ada orders # mR7\r\n";
    let keys: Vec<Bytes> = typed.chunks(1).cycle().take(100_000).map(Bytes::copy_from_slice).collect();
    let mut pass = || {
        for key in &keys {
            let left = (filter.pass(key.clone()), filter.release());
            black_box(left.0.and(left.1)).expect("no secret");
        }
    };
    1e9 / (speed(keys.len(), &mut pass) * 1e9)
}

/// DataRow messages as PostgreSQL sends them: numbers, names, addresses, times, a UUID, a text, a document.
fn rows() -> Vec<u8> {
    let mut rows = Vec::with_capacity(SIZE);
    let mut number = 1_u64;
    while rows.len() < SIZE {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let cells = [
            (number >> 40).to_string(),
            ["Ada Lovelace", "Grace Hopper", "Edsger Dijkstra", "Barbara Liskov"]
                .get(usize::try_from(number >> 62).unwrap())
                .unwrap()
                .to_string(),
            format!("someone{}@example.org", number >> 48),
            format!("2026-{:02}-{:02} 12:{:02}:07.{:06}+00", number % 12, number % 28, number % 60, number % 1_000_000),
            format!("{number:016x}").chars().chain("-4d3e-8f00".chars()).collect(),
            format!("{}.{:02}", number >> 50, number % 100),
            "Delivered to the neighbour on the second floor, who signed for it and left a note.".to_owned(),
            format!("{{\"state\": \"sent\", \"weight\": {}, \"tags\": [\"fragile\", \"gift\"]}}", number >> 52),
        ];
        rows.extend(b"D\0\0\x01\x2c\0\x08");
        for cell in cells {
            rows.extend(u32::try_from(cell.len()).unwrap().to_be_bytes());
            rows.extend(cell.into_bytes());
        }
    }
    rows
}

/// The median of some passes, in GB/s.
fn speed(bytes: usize, pass: &mut dyn FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..15)
        .map(|_| {
            let begun = Instant::now();
            pass();
            begun.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    f64::from(u32::try_from(bytes).unwrap()) / times.get(times.len() / 2).unwrap() / 1e9
}
