//! Times the index over a seeded market: build, open, decisions by every way, a patch. Prints JSON, one object a line.
//! `cargo run --release -p lcr-core --example bench_lcr -- <dir> [rates] [vendors]` (default 20,000,000 rates of 200).
#![allow(clippy::unwrap_used, clippy::float_arithmetic)]

mod market;

use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use lcr_core::access::Access;
use lcr_core::decide::Prepared;
use lcr_core::index::Index;
use lcr_core::index::build::{Config, Source, compile};
use lcr_core::index::walk::{BATCH, Hits};
use lcr_core::number::DigitKey;
use lcr_core::query::{Call, Common};
use lcr_core::snapshot::{Manifest, Snapshot, write_index};
use market::{Dice, EPOCH, Market};

const RUNS: usize = 5;
const CALLS: usize = 1 << 20;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().unwrap();
    let mut number = |default: usize| arguments.next().map_or(default, |a| a.parse().unwrap());
    let (rates, vendors) = (number(20_000_000), number(200));
    let market = Market::new(2026, rates * 3 / 100);
    let started = Instant::now();
    let sources: Vec<Source> = (1..=vendors as i64)
        .map(|v| market.source(v, &market.deck(v, rates / vendors, 0)))
        .collect();
    eprintln!(
        "market of {} codes, {:.1} s",
        market.codes.len(),
        started.elapsed().as_secs_f64()
    );
    let config = Config {
        base_currency: "USD".to_owned(),
        fx: [("EUR".to_owned(), 1_080_000_000)].into(),
        reference_seconds: 180,
        epoch_us: EPOCH,
    };
    let mut builds = Vec::new();
    let mut compiled = None;
    for _ in 0..RUNS.min(3) {
        drop(compiled.take());
        let sources = sources.clone();
        let started = Instant::now();
        compiled = Some(compile(&config, sources, &|_, _| true).unwrap());
        builds.push(started.elapsed().as_secs_f64());
    }
    drop(sources);
    let compiled = compiled.unwrap();
    for section in &compiled.sections {
        eprintln!(
            "{:12} {:>12} {:.2} a rate",
            section.name,
            section.len(),
            section.len() as f64 / compiled.rates as f64
        );
    }
    let started = Instant::now();
    let facts = write_index(Path::new(&dir), &compiled, EPOCH).unwrap();
    let write = started.elapsed().as_secs_f64();
    let (rates, codes) = (compiled.rates, compiled.codes);
    drop(compiled);
    let path = Path::new(&dir).join("indexes").join(&facts.index);
    let mut opens = Vec::new();
    let mut index = None;
    for _ in 0..RUNS {
        drop(index.take());
        let started = Instant::now();
        index = Some(Index::open(&path).unwrap());
        opens.push(started.elapsed().as_secs_f64());
    }
    let index = index.unwrap();
    eprintln!(
        "builds {builds:.2?} {:.1} M/s, write {write:.2}, opens {opens:.3?}, hot {:.2} B, file {:.2} B a rate, {rates} rates {codes} codes",
        rates as f64 / median(&mut builds) / 1e6,
        index.bytes_hot() as f64 / rates as f64,
        index.bytes_total() as f64 / rates as f64
    );
    let snapshot = snapshot(index, vendors as i64);
    let mut dice = Dice(5);
    let uniform: Vec<DigitKey> = (0..CALLS)
        .map(|_| {
            let n = dice.below(market.codes.len() as u64) as usize;
            number_for(&market.codes[n], &mut dice)
        })
        .collect();
    let zipf: Vec<DigitKey> = (0..CALLS)
        .map(|_| {
            let n = skewed(&mut dice, market.codes.len());
            number_for(&market.codes[n], &mut dice)
        })
        .collect();
    for trunk in [1, 2, 3, 4] {
        let common = Common {
            trunk: Some(trunk),
            max: Some(5),
            ..Common::default()
        };
        let prepared = Prepared::new(&snapshot, None, &common).unwrap();
        for (name, calls) in [("zipf", &zipf), ("uniform", &uniform)] {
            let line: Vec<(&str, f64)> = vec![
                ("top", route(&snapshot, &prepared, calls, false, false)),
                ("top16", route(&snapshot, &prepared, calls, false, true)),
                ("direct", route(&snapshot, &prepared, calls, true, false)),
                ("direct16", route(&snapshot, &prepared, calls, true, true)),
                ("decide", decide(&prepared, &calls[..CALLS / 4])),
            ];
            eprintln!(
                "trunk {trunk} {name}: {}",
                line.iter()
                    .map(|(n, ns)| format!("{n} {ns:.0} ns"))
                    .collect::<Vec<_>>()
                    .join(", ")
            );
        }
        let mut wrong = 0;
        for number in &uniform[..3000] {
            let call = Call::new(*number, EPOCH + 1);
            wrong += usize::from(
                prepared.decide(&call).unwrap() != prepared.decide_by_rows(&call).unwrap(),
            );
        }
        eprintln!("{wrong} wrong");
    }
}

fn route(
    snapshot: &Snapshot,
    prepared: &Prepared<'_>,
    calls: &[DigitKey],
    direct: bool,
    batch: bool,
) -> f64 {
    let lookup = snapshot.index.lookup();
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let started = Instant::now();
        let mut hits = Hits::default();
        let mask = prepared.granted(EPOCH + 1);
        if batch {
            for group in calls.chunks(BATCH) {
                let found = lookup.find_many(group, direct);
                for found in found.iter().take(group.len()) {
                    lookup.route(*found, mask, direct, 5, |_| true, &mut hits);
                    black_box(&hits);
                }
            }
        } else {
            for number in calls {
                lookup.route(lookup.find(*number), mask, direct, 5, |_| true, &mut hits);
                black_box(&hits);
            }
        }
        runs.push(started.elapsed().as_nanos() as f64 / calls.len() as f64);
    }
    median(&mut runs)
}

fn decide(prepared: &Prepared<'_>, calls: &[DigitKey]) -> f64 {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let started = Instant::now();
        for number in calls {
            let call = Call::new(*number, EPOCH + 1);
            drop(black_box(prepared.decide(&call).unwrap()));
        }
        runs.push(started.elapsed().as_nanos() as f64 / calls.len() as f64);
    }
    median(&mut runs)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Trunks 1 to 4 see 100, 70, 30 and 5 % of the offers.
fn snapshot(index: Index, vendors: i64) -> Snapshot {
    let mut dice = Dice(77);
    let mut offers = String::new();
    let mut grants = [const { String::new() }; 4];
    for id in 1..=vendors {
        let comma = if id > 1 { "," } else { "" };
        write!(offers, r#"{comma}{{"offer_id":{id},"carrier_id":{id},"vendor":"v{id}","product":"p","uri_host":"192.0.2.1"}}"#).unwrap();
        for (grant, percent) in grants.iter_mut().zip([100, 70, 30, 5]) {
            if dice.chance(percent) {
                let comma = if grant.is_empty() { "" } else { "," };
                write!(grant, r#"{comma}{{"offer_id":{id}}}"#).unwrap();
            }
        }
    }
    let trunks: Vec<String> = (1..=4)
        .zip(&grants)
        .map(|(id, g)| format!(r#"{{"trunk_id":{id},"company_id":0,"name":"t","grants":[{g}]}}"#))
        .collect();
    let access = format!(
        r#"{{"base_currency":"USD","fx":{{"EUR":"1.08"}},"offers":[{offers}],"trunks":[{}]}}"#,
        trunks.join(",")
    );
    let access = Access::parse(access.as_bytes()).unwrap();
    let manifest = Manifest {
        format: 1,
        id: "bench".to_owned(),
        created_at_us: EPOCH,
        index: String::new(),
        base_index: None,
        access: "access.json".to_owned(),
        access_sha256: String::new(),
        epoch_from_us: EPOCH,
        epoch_until_us: None,
        offers: 0,
        rates: 0,
        codes: 0,
        card_indexes: Vec::new(),
    };
    Snapshot::assemble(
        manifest,
        access,
        std::sync::Arc::new(index),
        &Default::default(),
        &Default::default(),
    )
    .unwrap()
}

fn number_for(code: &str, dice: &mut Dice) -> DigitKey {
    let mut number = code.to_owned();
    while number.len() < 11 {
        number.push(char::from(b'0' + dice.below(10) as u8));
    }
    DigitKey::from_digits(&number).unwrap()
}

/// Ranks with density ~ 1/rank.
fn skewed(dice: &mut Dice, n: usize) -> usize {
    let u = dice.below(1 << 30) as f64 / (1u64 << 30) as f64;
    ((n as f64).powf(u) as usize).wrapping_mul(2_654_435_761) % n
}
