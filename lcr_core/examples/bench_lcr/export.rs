//! The same market for the peers: rates in force as CSV, numbers, and our answers.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use lcr_core::decide::Prepared;
use lcr_core::query::Call;
use lcr_core::snapshot::Snapshot;

use crate::calls::Numbers;
use crate::market::{Deck, EPOCH};

const NUMBERS: usize = 2_000;

/// `rates.csv` (vendor, code, cost), `numbers.txt`, `granted.txt`, `answers.txt` (costs in order): cost is what the vendor's
/// match costs a minute at the reference seconds, in nanos of the base currency.
pub fn write(
    dir: &Path,
    decks: impl Iterator<Item = (i64, Deck)>,
    snapshot: &Snapshot,
    prepared: &Prepared<'_>,
    numbers: &Numbers,
) {
    let create = |name: &str| BufWriter::new(File::create(dir.join(name)).unwrap());
    let mut rates = create("rates.csv");
    for (vendor, deck) in decks {
        for row in deck.rows.iter().filter(|row| row.begins_us() <= EPOCH) {
            let cost = if row.is_open() {
                row.cost(deck.currency).to_string()
            } else {
                String::new()
            };
            writeln!(rates, "{vendor},{},{cost}", row.code).unwrap();
        }
    }
    let (mut asked, mut answers) = (create("numbers.txt"), create("answers.txt"));
    for number in &numbers.zipf[..NUMBERS] {
        writeln!(asked, "{number}").unwrap();
        let decision = prepared.decide(&Call::new(*number, EPOCH + 1)).unwrap();
        let costs: Vec<String> = decision
            .routes
            .iter()
            .map(|route| decision.effective_nanos(route.comparable).to_string())
            .collect();
        writeln!(answers, "{}", costs.join(" ")).unwrap();
    }
    let mut granted = create("granted.txt");
    for (column, offer) in snapshot.index.columns().iter().enumerate() {
        if prepared.granted(EPOCH + 1)[column / 64] >> (column % 64) & 1 != 0 {
            writeln!(granted, "{}", offer.offer_id).unwrap();
        }
    }
}
