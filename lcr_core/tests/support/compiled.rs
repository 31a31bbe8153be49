//! Indexes and snapshots in memory.
use std::collections::BTreeMap;
use std::sync::Arc;

use lcr_core::access::Access;
use lcr_core::index::Index;
use lcr_core::index::build::{Compiled, Config, Source, compile};
use lcr_core::index::container;
use lcr_core::layers::rules::Rules;
use lcr_core::snapshot::{Manifest, Snapshot, UserFiles};

use super::{EPOCH, Rate, batch};

pub fn index_bytes_with(offers: &[(i64, i64, Vec<Rate>)], rules: impl Fn(i64) -> Rules) -> Vec<u8> {
    let source = |offer: &(i64, i64, Vec<Rate>)| Source {
        rules: rules(offer.0),
        ..source(offer)
    };
    let sources = offers.iter().map(source).collect();
    bytes_of(&compile(&config(EPOCH), sources, &|_, _| true).unwrap())
}

pub fn config(epoch_us: i64) -> Config {
    Config {
        base_currency: "USD".to_owned(),
        fx: BTreeMap::from([("EUR".to_owned(), 1_080_000_000)]),
        reference_seconds: 180,
        epoch_us,
    }
}

pub fn source((offer_id, carrier_id, rates): &(i64, i64, Vec<Rate>)) -> Source {
    Source {
        offer_id: *offer_id,
        carrier_id: *carrier_id,
        rules: Rules::default(),
        batches: vec![batch(rates)],
    }
}

pub fn bytes_of(compiled: &Compiled) -> Vec<u8> {
    let mut bytes = Vec::new();
    container::write(&compiled.sections, &mut bytes).unwrap();
    bytes
}

pub fn index_bytes(offers: &[(i64, i64, Vec<Rate>)]) -> Vec<u8> {
    index_bytes_at(offers, EPOCH)
}

pub fn index_bytes_at(offers: &[(i64, i64, Vec<Rate>)], epoch_us: i64) -> Vec<u8> {
    let sources = offers.iter().map(source).collect();
    bytes_of(&compile(&config(epoch_us), sources, &|_, _| true).unwrap())
}

pub fn snapshot_of(
    bytes: &[u8],
    access_json: &str,
) -> Result<Snapshot, lcr_core::error::SnapshotError> {
    snapshot_over(Index::from_bytes(bytes, "test.lcx")?, access_json)
}

pub fn snapshot_with(
    bytes: &[u8],
    access_json: &str,
    files: &UserFiles,
) -> Result<Snapshot, lcr_core::error::SnapshotError> {
    assembled(Index::from_bytes(bytes, "test.lcx")?, access_json, files)
}

pub fn snapshot_over(
    index: Index,
    access_json: &str,
) -> Result<Snapshot, lcr_core::error::SnapshotError> {
    assembled(index, access_json, &UserFiles::default())
}

fn assembled(
    index: Index,
    access_json: &str,
    files: &UserFiles,
) -> Result<Snapshot, lcr_core::error::SnapshotError> {
    let index = Arc::new(index);
    let access = Access::parse(access_json.as_bytes()).unwrap();
    let manifest = Manifest {
        format: 1,
        id: "test".to_owned(),
        created_at_us: 0,
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
    Snapshot::assemble(manifest, access, index, &BTreeMap::new(), files)
}
