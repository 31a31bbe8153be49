//! A snapshot over an index: offers, and trunks that may use 100, 70, 30 and 5 % of them.

use std::fmt::Write;
use std::sync::Arc;

use lcr_core::access::Access;
use lcr_core::index::Index;
use lcr_core::snapshot::{Manifest, Snapshot};

use crate::SEES;
use crate::market::{Dice, EPOCH};

pub fn snapshot(index: Index, vendors: i64) -> Snapshot {
    let mut dice = Dice(77);
    let mut offers = String::new();
    let mut grants = [const { String::new() }; SEES.len()];
    for id in 1..=vendors {
        let comma = if id > 1 { "," } else { "" };
        write!(offers, r#"{comma}{{"offer_id":{id},"carrier_id":{id},"vendor":"v{id}","product":"p","uri_host":"192.0.2.1"}}"#).unwrap();
        for (grant, percent) in grants.iter_mut().zip(SEES) {
            if dice.chance(percent) {
                let comma = if grant.is_empty() { "" } else { "," };
                write!(grant, r#"{comma}{{"offer_id":{id}}}"#).unwrap();
            }
        }
    }
    let trunk = |(id, grant): (usize, &String)| {
        format!(
            r#"{{"trunk_id":{},"company_id":0,"name":"t","grants":[{grant}]}}"#,
            id + 1
        )
    };
    let trunks: Vec<String> = grants.iter().enumerate().map(trunk).collect();
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
        Arc::new(index),
        &Default::default(),
        &Default::default(),
    )
    .unwrap()
}
