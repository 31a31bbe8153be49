//! The pre-sorted lists and the timeline rows give the same answer to every question both can take.
#![allow(clippy::unwrap_used)]

mod support;

use lcr_core::decide::{Prepared, decide};
use lcr_core::number::DigitKey;
use lcr_core::query::{Call, Common, Query, Scope, Sell, TermsWords};
use lcr_core::state::{View, Words};
use proptest::prelude::*;
use support::{Dice, EPOCH, Rate, index_bytes, random_state, snapshot_of, world, world_of};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn lists_and_rows_agree(seed in any::<u64>()) {
        both_ways(seed, world(seed))?;
    }

    #[test]
    fn they_agree_where_top_lists_are_cut(seed in any::<u64>()) {
        both_ways(seed, world_of(seed, 40 + (seed % 120) as i64))?;
    }

    #[test]
    fn the_longest_match_is_the_naive_one(seed in any::<u64>()) {
        let (offers, access) = world(seed);
        let snapshot = snapshot_of(&index_bytes(&offers), &access).unwrap();
        let mut dice = Dice(seed ^ 2);
        for _ in 0..50 {
            let text = dice.digits(1, 15);
            let longest = offers.iter().flat_map(|o| &o.2).filter(|r| text.starts_with(&r.code)).map(|r| r.code.clone()).max_by_key(String::len);
            let found = snapshot.index.longest(DigitKey::from_digits(&text).unwrap()).and_then(|c| snapshot.index.code(c));
            prop_assert_eq!(found.map(|c| c.to_string()), longest);
        }
    }
}

type World = (Vec<(i64, i64, Vec<Rate>)>, String);

fn both_ways(seed: u64, (offers, access): World) -> Result<(), TestCaseError> {
    let snapshot = snapshot_of(&index_bytes(&offers), &access).unwrap();
    prop_assert!(snapshot.lists_hold);
    let view = View::compile(&snapshot, &Words::parse(&random_state(seed)).unwrap()).unwrap();
    let mut dice = Dice(seed ^ 1);
    let until = snapshot.index.meta.epoch_until_us.unwrap_or(EPOCH + 1000);
    for (trunk, view) in [
        (None, None),
        (Some(1), None),
        (None, Some(&view)),
        (Some(1), Some(&view)),
    ] {
        let terms = TermsWords {
            rate_nanos: dice.below(25) as i64 * 1_000_000,
            ..serde_json::from_str(r#"{"rate_nanos":0}"#).unwrap()
        };
        let sell = dice.chance(50).then(|| Sell {
            code: None,
            currency: "USD".to_owned(),
            terms: terms.terms().unwrap(),
        });
        let common = Common {
            trunk,
            sell,
            max: Some(1 + dice.below(4) as u32),
            ..Common::default()
        };
        let prepared = Prepared::new(&snapshot, view, &common).unwrap();
        for _ in 0..24 {
            let number = DigitKey::from_digits(&dice.digits(1, 12)).unwrap();
            let mut call = Call::new(
                number,
                EPOCH + dice.below((until - EPOCH).max(1) as u64) as i64,
            );
            if dice.chance(50) {
                call.call_id = Some(format!("c{}", dice.below(1000)));
            }
            let by_lists = prepared.decide(&call).unwrap();
            prop_assert_eq!(&by_lists, &prepared.decide_by_rows(&call).unwrap());
            call.explain = Some(Scope::All);
            let explained = prepared.decide(&call).unwrap();
            prop_assert_eq!(&by_lists.routes, &explained.routes);
            prop_assert_eq!(by_lists.status, explained.status);
            let query = Query {
                common: common.clone(),
                call,
            };
            prop_assert_eq!(explained, decide(&snapshot, view, &query).unwrap());
        }
    }
    Ok(())
}
