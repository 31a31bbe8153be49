//! A patch that brings an offer with origin groups or jurisdictions answers as an index built anew: explain and all.
#![allow(clippy::unwrap_used)]

mod support;

use lcr_core::answer::native_json;
use lcr_core::decide::Prepared;
use lcr_core::index::Index;
use lcr_core::index::build::{Source, compile};
use lcr_core::layers::rules::Rules;
use lcr_core::number::DigitKey;
use lcr_core::query::{Call, Common, Scope};
use proptest::prelude::*;
use support::{Dice, EPOCH, Rate, batch, bytes_of, config, snapshot_of, snapshot_over};

const ACCESS: &str = r#"{"base_currency":"USD","fx":{"EUR":"1.08"},"offers":[
    {"offer_id":1,"carrier_id":1,"vendor":"a","product":"p"},
    {"offer_id":2,"carrier_id":2,"vendor":"b","product":"p"},
    {"offer_id":3,"carrier_id":2,"vendor":"b","product":"q","lrn_rated":true}]}"#;

const RULES: [&str; 3] = [
    "{}",
    r#"{"origin":{"reading":"origin_first","groups":[{"name":"EEA","prefixes":["1"]},{"name":"Rest"}],"rest_group":"Rest"}}"#,
    r#"{"origin":{"reading":"code_first","groups":[{"name":"EEA","prefixes":["12","31"]},{"name":"Rest","prefixes":["2"]}]}}"#,
];

/// Codes of one to four digits 1–3, some for everybody, some by group, some ending inside the epoch.
fn offer(dice: &mut Dice, offer_id: i64, carrier_id: i64) -> Source {
    let at = dice.below(RULES.len() as u64) as usize;
    let rules: Rules = serde_json::from_str(RULES[at]).unwrap();
    let mut rates: Vec<Rate> = Vec::new();
    let mut codes: Vec<String> = (0..12).map(|_| dice.digits(1, 4)).collect();
    codes.sort();
    codes.dedup();
    for code in codes {
        for origin in [None, Some("EEA"), Some("Rest")] {
            if origin.is_some() && at == 0 || !dice.chance(60) {
                continue;
            }
            rates.push(Rate {
                origin,
                fee: dice.below(2) as i64 * 1_000_000,
                status: (dice.below(8) as i8 - 5).max(0),
                until: dice.chance(20).then_some(EPOCH + 500),
                ..Rate::new(&code, 1_000_000 * (1 + dice.below(9) as i64))
            });
        }
    }
    Source {
        offer_id,
        carrier_id,
        rules,
        batches: vec![batch(&rates)],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_patched_layered_offer_answers_as_a_rebuilt_one(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let then: Vec<Source> = (1..=3).map(|id| offer(&mut dice, id, if id == 1 { 1 } else { 2 })).collect();
        let fresh: Vec<Source> = (1..=3).filter(|_| dice.chance(60)).map(|id| id as i64).collect::<Vec<_>>()
            .into_iter().map(|id| offer(&mut dice, id, if id == 1 { 1 } else { 2 })).collect();
        let base = compile(&config(EPOCH), then.clone(), &|_, _| true).unwrap();
        let base = Index::from_bytes(&bytes_of(&base), "base.lcx").unwrap();
        let changed: Vec<i64> = fresh.iter().map(|s| s.offer_id).collect();
        let mut now: Vec<Source> = then.into_iter().filter(|s| !changed.contains(&s.offer_id)).collect();
        now.extend(fresh.iter().cloned());
        let patch = base.patch(&config(EPOCH), fresh, &|_, _| true).unwrap();
        let patched = base.patched_from_bytes(&bytes_of(&patch), "patch.lcx").unwrap();
        let patched = snapshot_over(patched, ACCESS).unwrap();
        let rebuilt = compile(&config(EPOCH), now, &|_, _| true).unwrap();
        let rebuilt = snapshot_of(&bytes_of(&rebuilt), ACCESS).unwrap();
        let common = Common::default();
        let (ours, theirs) = (Prepared::new(&patched, None, &common).unwrap(), Prepared::new(&rebuilt, None, &common).unwrap());
        for round in 0..24i64 {
            let mut call = Call::new(DigitKey::from_digits(&dice.digits(1, 8)).unwrap(), EPOCH + round * 40);
            call.ani = dice.chance(70).then(|| dice.digits(6, 9));
            call.lrn = dice.chance(30).then(|| DigitKey::from_digits(&dice.digits(5, 8)).unwrap());
            for explain in [None, Some(Scope::All)] {
                call.explain = explain;
                let answer = native_json(&patched, &ours.decide(&call).unwrap());
                prop_assert_eq!(&answer, &native_json(&rebuilt, &theirs.decide(&call).unwrap()));
                prop_assert_eq!(&answer, &native_json(&patched, &ours.decide_by_rows(&call).unwrap()));
            }
        }
    }
}
