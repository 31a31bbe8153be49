//! Times the index over a seeded market and prints one JSON object: build, open, decisions by every way, a patch, and how
//! long this machine's memory takes, all in one process. What is timed is checked against the exact way over all rows.
//! `cargo run --release -p lcr-core --example bench_lcr -- <dir> [rates] [vendors] [export]` (default 20,000,000 of 200;
//! `export` writes the rates in force, numbers and answers for the peers of `python -m benches.lcr`).
#![allow(clippy::unwrap_used, clippy::float_arithmetic)]

mod calls;
mod export;
#[allow(dead_code)] // other benches use another part of it
mod market;
mod world;

use std::path::Path;
use std::time::Instant;

use lcr_core::decide::Prepared;
use lcr_core::index::Index;
use lcr_core::index::build::{Config, Source, compile};
use lcr_core::query::Common;
use lcr_core::snapshot::write_index;
use market::{EPOCH, Market};
use serde_json::{Value, json};

const RUNS: usize = 5;
const BUILDS: usize = 3;
/// Caller's share of the offers in percent, by trunk: those that are reported, then those both ways are compared at.
pub const SEES: [u64; 12] = [100, 70, 30, 5, 2, 8, 10, 15, 20, 25, 35, 50];
const REPORTED: usize = 4;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().unwrap();
    let dir = Path::new(&dir);
    let mut number = |default: usize| arguments.next().map_or(default, |a| a.parse().unwrap());
    let (rates, vendors) = (number(20_000_000), number(200));
    let exports = arguments.next().is_some();
    let market = Market::new(2026, rates * 3 / 100);
    let per_deck = rates / vendors;
    let sources: Vec<Source> = (1..=vendors as i64)
        .map(|v| market.source(v, &market.deck(v, per_deck, 0)))
        .collect();
    let config = Config {
        base_currency: "USD".to_owned(),
        fx: [("EUR".to_owned(), 1_080_000_000)].into(),
        reference_seconds: 180,
        epoch_us: EPOCH,
    };
    tell("building");
    let mut compiled = None;
    let before = cpu_seconds();
    let build = median(BUILDS, || {
        drop(compiled.take());
        compiled = Some(compile(&config, sources.clone(), &|_, _| true).unwrap());
    });
    let build_cpu = (cpu_seconds() - before) / BUILDS as f64;
    let compiled = compiled.unwrap();
    let sections: Vec<Value> = compiled
        .sections
        .iter()
        .map(|s| json!([s.name, s.len()]))
        .collect();
    tell("writing, opening");
    let started = Instant::now();
    let facts = write_index(dir, &compiled, EPOCH).unwrap();
    let write = started.elapsed().as_secs_f64();
    let (rates, codes) = (compiled.rates, compiled.codes);
    drop(compiled);
    let path = dir.join("indexes").join(&facts.index);
    let open = median(3, || drop(Index::open(&path).unwrap()));
    let snapshot = world::snapshot(Index::open(&path).unwrap(), vendors as i64);
    let memory = calls::memory_latency();
    let numbers = calls::Numbers::new(&market);
    let mut decisions = Vec::new();
    let mut wrong = 0;
    for trunk in 1..=REPORTED as i64 {
        tell(&format!(
            "decisions of a caller who sees {} %",
            SEES[trunk as usize - 1]
        ));
        let common = Common {
            trunk: Some(trunk),
            max: Some(5),
            ..Common::default()
        };
        let prepared = Prepared::new(&snapshot, None, &common).unwrap();
        let (figures, differ) =
            calls::all(&snapshot, &prepared, &numbers, SEES[trunk as usize - 1]);
        decisions.extend(figures);
        wrong += differ;
    }

    tell("narrow callers by both ways");
    let ways = calls::ways(&snapshot, &numbers);

    tell("patching");
    // A new deck of the first vendor, every price another.
    let deck = market.deck(1, per_deck, 1);
    let source = market.source(1, &deck);
    let mut written = None;
    let patch = median(RUNS, || {
        let compiled = snapshot
            .index
            .patch(&config, vec![source.clone()], &|_, _| true)
            .unwrap();
        written = Some(write_index(dir, &compiled, EPOCH).unwrap());
    });
    let patch_path = dir.join("indexes").join(written.unwrap().index);
    let patch_open = median(RUNS, || {
        drop(Index::open_beside(&patch_path, Some(&snapshot.index)).unwrap())
    });
    let patch_bytes = std::fs::metadata(&patch_path).unwrap().len();
    let patched = Index::open_beside(&patch_path, Some(&snapshot.index)).unwrap();
    let patched = world::snapshot(patched, vendors as i64);
    let common = Common {
        trunk: Some(2),
        max: Some(5),
        ..Common::default()
    };
    let prepared = Prepared::new(&patched, None, &common).unwrap();
    let (over_patch, differ) = calls::all(&patched, &prepared, &numbers, 70);
    wrong += differ;
    if exports {
        let prepared = Prepared::new(&snapshot, None, &common).unwrap();
        let decks = (1..=vendors as i64).map(|v| (v, market.deck(v, per_deck, 0)));
        export::write(dir, decks, &snapshot, &prepared, &numbers);
    }
    let hot = snapshot.index.bytes_hot() as f64 / rates as f64;
    println!(
        "{}",
        json!({
            "rates": rates, "codes": codes, "vendors": vendors, "build_seconds": build, "build_cpu_seconds": build_cpu, "write_seconds": write,
            "open_seconds": open, "bytes_hot": hot, "bytes_file": snapshot.index.bytes_total() as f64 / rates as f64,
            "sections": sections, "memory_ns": memory, "decisions": decisions, "ways": ways, "wrong": wrong,
            "patch_rows": deck.rows.len(), "patch_seconds": patch, "patch_open_seconds": patch_open,
            "patch_bytes": patch_bytes, "patched": over_patch, "peak_gb": peak_gb(),
        })
    );
    assert_eq!(wrong, 0, "answers differ from the exact way");
}

/// To whoever waits.
fn tell(what: &str) {
    eprintln!("      {what}");
}

/// Seconds of processor this process has had, all threads.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or("");
    let ticks = |at: usize| {
        after
            .split_ascii_whitespace()
            .nth(at)
            .and_then(|t| t.parse::<f64>().ok())
    };
    // utime and stime, in hundredths of a second on Linux.
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
}

/// Median seconds of several runs.
fn median(runs: usize, mut work: impl FnMut()) -> f64 {
    let mut taken: Vec<f64> = (0..runs)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed().as_secs_f64()
        })
        .collect();
    taken.sort_by(f64::total_cmp);
    taken[taken.len() / 2]
}

/// Median seconds this thread was on a core: what others do on the machine meanwhile is not counted, as far as Linux tells.
fn median_on_core(runs: usize, mut work: impl FnMut()) -> f64 {
    let on_core = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    let mut taken: Vec<f64> = (0..runs)
        .map(|_| {
            let (before, started) = (on_core(), Instant::now());
            work();
            let wall = started.elapsed().as_secs_f64();
            before.zip(on_core()).map_or(wall, |(a, b)| (b - a) / 1e9)
        })
        .collect();
    taken.sort_by(f64::total_cmp);
    taken[taken.len() / 2]
}

fn peak_gb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kib = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1_048_576.0
}
