//! Times build and look-up over a seeded synthetic market and prints one line of JSON.
//! `cargo run --release -p lcr-core --example bench_lookup [rates] [offers]` (default 1,000,000 rates of 100 offers).
#![allow(clippy::unwrap_used, clippy::float_arithmetic)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use lcr_core::decide::Prepared;
use lcr_core::index::build::{Config, Source, compile};
use lcr_core::index::container;
use lcr_core::number::DigitKey;
use lcr_core::query::{Call, Common, Query};
use support::{Dice, EPOCH, Rate, batch, snapshot_of};

const CALLS: usize = 400_000;

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|a| a.parse::<usize>().unwrap());
    let rates = arguments.next().unwrap_or(1_000_000);
    let offers = arguments.next().unwrap_or(100);
    let mut dice = Dice(2026);
    let universe = codes(&mut dice, rates * 2 / offers);
    let sources: Vec<Source> = (0..offers as i64)
        .map(|offer| source(&mut dice, &universe, offer, rates / offers))
        .collect();
    let rows: usize = sources
        .iter()
        .flat_map(|s| &s.batches)
        .map(|b| b.num_rows())
        .sum();

    let config = Config {
        base_currency: "USD".to_owned(),
        fx: Default::default(),
        reference_seconds: 180,
        epoch_us: EPOCH,
    };
    let started = Instant::now();
    let compiled = compile(&config, sources, &|_, _| true).unwrap();
    let compile_seconds = started.elapsed().as_secs_f64();
    let mut bytes = Vec::new();
    container::write(&compiled.sections, &mut bytes).unwrap();
    let build_seconds = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let snapshot = snapshot_of(&bytes, &access(offers as i64, &mut dice)).unwrap();
    let open_seconds = started.elapsed().as_secs_f64();

    let common = Common {
        trunk: Some(1),
        ..Common::default()
    };
    let prepared = Prepared::new(&snapshot, None, &common).unwrap();
    let uniform: Vec<Call> = (0..CALLS)
        .map(|_| {
            call(
                &universe,
                dice.below(universe.len() as u64) as usize,
                &mut dice,
            )
        })
        .collect();
    let zipf: Vec<Call> = (0..CALLS)
        .map(|_| call(&universe, skewed(&mut dice, universe.len()), &mut dice))
        .collect();
    let routes: usize = uniform
        .iter()
        .map(|c| prepared.decide(c).unwrap().routes.len())
        .sum();
    let (ns_zipf, ns_uniform) = (time(&prepared, &zipf), time(&prepared, &uniform));
    let ns_rows = {
        let started = Instant::now();
        zipf[..20_000]
            .iter()
            .for_each(|c| drop(black_box(prepared.decide_by_rows(c).unwrap())));
        started.elapsed().as_nanos() as usize / 20_000
    };
    let json_calls = 50_000;
    let started = Instant::now();
    for call in &zipf[..json_calls] {
        let query = Query {
            common: common.clone(),
            call: call.clone(),
        };
        let decision = lcr_core::decide::decide(&snapshot, None, &query).unwrap();
        black_box(lcr_core::answer::native_json(&snapshot, &decision));
    }
    let ns_json = started.elapsed().as_nanos() as usize / json_calls;
    let half = zipf.len() / 2;
    let started = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| time(&prepared, &zipf[..half]));
        scope.spawn(|| time(&prepared, &zipf[half..]));
    });
    let per_second = zipf.len() as f64 / started.elapsed().as_secs_f64();
    println!(
        r#"{{"rates":{rows},"offers":{offers},"codes":{},"compile_seconds":{compile_seconds:.3},"build_seconds":{build_seconds:.3},"rates_per_second":{:.0},"open_seconds":{open_seconds:.3},"bytes":{},"bytes_per_rate":{:.1},"ns_zipf":{ns_zipf},"ns_uniform":{ns_uniform},"ns_by_rows":{ns_rows},"ns_with_json":{ns_json},"two_threads_per_second":{per_second:.0},"routes_per_call":{:.2}}}"#,
        compiled.codes,
        rows as f64 / build_seconds,
        bytes.len(),
        bytes.len() as f64 / rows as f64,
        routes as f64 / CALLS as f64,
    );
}

fn time(prepared: &Prepared<'_>, calls: &[Call]) -> usize {
    let started = Instant::now();
    for call in calls {
        drop(black_box(prepared.decide(call).unwrap()));
    }
    started.elapsed().as_nanos() as usize / calls.len()
}

/// Codes as decks have them: country-like stems, ever longer below.
fn codes(dice: &mut Dice, count: usize) -> Vec<String> {
    let mut all: Vec<String> = (10..100).map(|n| n.to_string()).collect();
    while all.len() < count {
        let stem = all[dice.below(all.len() as u64) as usize].clone();
        if stem.len() < 10 {
            let digit = char::from(b'0' + dice.below(10) as u8);
            all.push(format!("{stem}{digit}"));
            if all.len() % 4096 == 0 {
                all.sort();
                all.dedup();
            }
        }
    }
    all.sort();
    all.dedup();
    all
}

fn source(dice: &mut Dice, universe: &[String], offer: i64, count: usize) -> Source {
    let stems = universe.iter().filter(|c| c.len() == 2);
    let mut picked: Vec<&String> = stems.collect();
    picked.extend((0..count).map(|_| &universe[dice.below(universe.len() as u64) as usize]));
    picked.sort();
    picked.dedup();
    let rates: Vec<Rate> = picked
        .iter()
        .map(|code| Rate::new(code, (1 + dice.below(300) as i64) * 100_000))
        .collect();
    Source {
        offer_id: offer + 1,
        carrier_id: offer + 1,
        rules: Default::default(),
        batches: vec![batch(&rates)],
    }
}

/// 70 % of the offers granted.
fn access(offers: i64, dice: &mut Dice) -> String {
    let mut words = String::new();
    let mut grants = String::new();
    for id in 1..=offers {
        let comma = if id > 1 { "," } else { "" };
        write!(words, r#"{comma}{{"offer_id":{id},"carrier_id":{id},"vendor":"v{id}","product":"p","uri_host":"192.0.2.1"}}"#).unwrap();
        if dice.chance(70) {
            let comma = if grants.is_empty() { "" } else { "," };
            write!(grants, r#"{comma}{{"offer_id":{id}}}"#).unwrap();
        }
    }
    format!(
        r#"{{"base_currency":"USD","fx":{{}},"offers":[{words}],"trunks":[{{"trunk_id":1,"company_id":0,"name":"t","grants":[{grants}]}}]}}"#
    )
}

fn call(universe: &[String], code: usize, dice: &mut Dice) -> Call {
    let mut number = universe[code].clone();
    while number.len() < 12 {
        number.push(char::from(b'0' + dice.below(10) as u8));
    }
    Call::new(DigitKey::from_digits(&number).unwrap(), EPOCH)
}

/// Ranks with density ~ 1/rank: rank = n^u for a uniform u.
fn skewed(dice: &mut Dice, n: usize) -> usize {
    let u = dice.below(1 << 30) as f64 / (1u64 << 30) as f64;
    let rank = (n as f64).powf(u) as usize;
    // spread the hot ranks over the codes
    rank.wrapping_mul(2_654_435_761) % n
}
