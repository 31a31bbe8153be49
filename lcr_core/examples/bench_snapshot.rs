//! Publishes a seeded market as a snapshot for `make bench-http`, with numbers to ask.
//! `bench_snapshot <dir> [rates] [vendors]`: key `tk_bench`, a trunk that may use 70 % of the offers, `<dir>/numbers` (Zipf).
#![allow(clippy::unwrap_used, clippy::float_arithmetic)]

#[path = "bench_lcr/market.rs"]
#[allow(dead_code)]
mod market;

use std::fmt::Write;
use std::path::Path;

use lcr_core::index::build::{Config, Source, compile};
use lcr_core::index::container::{hex, sha256};
use lcr_core::snapshot::{publish, write_index};
use market::{Dice, EPOCH, Market};

const NUMBERS: usize = 100_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().unwrap();
    let mut number = |default: usize| arguments.next().map_or(default, |a| a.parse().unwrap());
    let (rates, vendors) = (number(20_000_000), number(200));
    let root = Path::new(&dir);
    let market = Market::new(2026, rates * 3 / 100);
    let sources: Vec<Source> = (1..=vendors as i64)
        .map(|v| market.source(v, &market.deck(v, rates / vendors, 0)))
        .collect();
    let config = Config {
        base_currency: "USD".to_owned(),
        fx: [("EUR".to_owned(), 1_080_000_000)].into(),
        reference_seconds: 180,
        epoch_us: EPOCH,
    };
    let compiled = compile(&config, sources, &|_, _| true).unwrap();
    let facts = write_index(root, &compiled, EPOCH).unwrap();
    let rates = compiled.rates;
    drop(compiled);
    let id = publish(root, &facts.index, &access(vendors as i64), EPOCH).unwrap();
    let mut dice = Dice(5);
    let mut numbers = String::new();
    for _ in 0..NUMBERS {
        let code = &market.codes[skewed(&mut dice, market.codes.len())];
        let _ = write!(numbers, "{code}");
        for _ in code.len()..12.max(code.len()) {
            let _ = write!(numbers, "{}", dice.below(10));
        }
        numbers.push('\n');
    }
    std::fs::write(root.join("numbers"), numbers).unwrap();
    println!(
        "{{\"snapshot\":\"{id}\",\"rates\":{rates},\"codes\":{},\"at_us\":{}}}",
        market.codes.len(),
        EPOCH + 3_600_000_000
    );
}

/// Zipf: the logarithm of the rank is uniform; ranks are spread over the codes.
fn skewed(dice: &mut Dice, n: usize) -> usize {
    let u = dice.below(1 << 30) as f64 / f64::from(1u32 << 30);
    ((n as f64).powf(u) as usize).wrapping_mul(2_654_435_761) % n
}

fn access(vendors: i64) -> String {
    let offers: Vec<String> = (1..=vendors)
        .map(|v| format!(r#"{{"offer_id":{v},"carrier_id":{v},"vendor":"vendor {v}","product":"Premium CLI","class":"premium","uri_host":"192.0.2.10","uri_port":5060}}"#))
        .collect();
    let grants: Vec<String> = (1..=vendors)
        .filter(|v| (v * 7919) % 100 < 70)
        .map(|v| format!(r#"{{"offer_id":{v},"from_us":null,"until_us":null}}"#))
        .collect();
    let digest = hex(&sha256(b"tk_bench"));
    format!(
        r#"{{"base_currency":"USD","fx":{{"EUR":"1.08"}},"reference_seconds":180,"offers":[{}],
"trunks":[{{"trunk_id":1,"company_id":100000,"name":"bench","grants":[{}]}}],
"keys":[{{"key_id":1,"sha256":"{digest}","trunk_id":1,"company_id":100000,"scopes":["lcr:query","lcr:explain"]}}]}}"#,
        offers.join(","),
        grants.join(",")
    )
}
