//! An index with a patch laid over it answers as one built anew from the same timelines, whatever was replaced or added.
#![allow(clippy::unwrap_used)]

mod support;

use lcr_core::answer::{match_path, native_json};
use lcr_core::decide::Prepared;
use lcr_core::error::BuildError;
use lcr_core::index::Index;
use lcr_core::index::build::Source;
use lcr_core::number::DigitKey;
use lcr_core::query::{Call, Common, Scope};
use proptest::prelude::*;
use support::{
    Dice, EPOCH, Rate, bytes_of, config, index_bytes, index_bytes_at, random_rates, snapshot_of,
    snapshot_over, source, world_of,
};

type Offers = Vec<(i64, i64, Vec<Rate>)>;

/// The base without some offers and with other rates for some; what differs from `now`.
fn before(now: &Offers, dice: &mut Dice) -> (Offers, Vec<Source>) {
    let (mut base, mut changed) = (Vec::new(), Vec::new());
    for offer in now {
        match dice.below(6) {
            0 => changed.push(source(offer)),
            1 => {
                base.push((offer.0, offer.1, random_rates(dice)));
                changed.push(source(offer));
            }
            _ => base.push(offer.clone()),
        }
    }
    (base, changed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_patched_index_answers_as_a_rebuilt_one(seed in any::<u64>()) {
        let mut dice = Dice(seed ^ 3);
        let count = if dice.chance(50) { 1 + dice.below(12) } else { 33 + dice.below(100) };
        let (now, access) = world_of(seed, count as i64);
        let (then, changed) = before(&now, &mut dice);
        let base = Index::from_bytes(&index_bytes(&then), "base.lcx").unwrap();
        let until = base.meta.epoch_until_us.unwrap_or(EPOCH + 1000);
        let at = EPOCH + dice.below((until - EPOCH) as u64) as i64;
        let compiled = base.patch(&config(at), changed, &|_, _| true).unwrap();
        let patched = base.patched_from_bytes(&bytes_of(&compiled), "patch.lcx").unwrap();
        let patched = snapshot_over(patched, &access).unwrap();
        let rebuilt = snapshot_of(&index_bytes_at(&now, at), &access).unwrap();
        let until = patched.index.meta.epoch_until_us.unwrap_or(at + 1000);
        for trunk in [None, Some(1)] {
            let common = Common { trunk, max: Some(1 + dice.below(6) as u32), ..Common::default() };
            let (ours, theirs) = (Prepared::new(&patched, None, &common).unwrap(), Prepared::new(&rebuilt, None, &common).unwrap());
            for round in 0..24 {
                let number = DigitKey::from_digits(&dice.digits(1, 12)).unwrap();
                let inside = at + dice.below((until - at).max(1) as u64) as i64;
                let instant = if round % 4 == 0 { dice.below(3_000_000) as i64 } else { inside };
                let mut call = Call::new(number, instant);
                for explain in [None, Some(Scope::All)] {
                    call.explain = explain;
                    let answer = native_json(&patched, &ours.decide(&call).unwrap());
                    prop_assert_eq!(&answer, &native_json(&rebuilt, &theirs.decide(&call).unwrap()));
                    prop_assert_eq!(&answer, &native_json(&patched, &ours.decide_by_rows(&call).unwrap()));
                }
                prop_assert_eq!(match_path(&patched, number, instant), match_path(&rebuilt, number, instant));
            }
        }
    }
}

#[test]
fn a_patch_that_does_not_fit_says_so() {
    let (offers, _) = world_of(5, 4);
    let base = Index::from_bytes(&index_bytes(&offers), "base.lcx").unwrap();
    let one = || vec![source(&offers[0])];
    let stale = |result: Result<_, BuildError>| match result.err() {
        Some(error) => error.code() == "patch_stale",
        None => false,
    };
    let mut other_rates = config(EPOCH);
    other_rates.fx.clear();
    assert!(stale(base.patch(&other_rates, one(), &|_, _| true)));
    assert!(stale(base.patch(&config(EPOCH - 1), one(), &|_, _| true)));
    let mut moved = one();
    moved[0].carrier_id += 1;
    assert!(stale(base.patch(&config(EPOCH), moved, &|_, _| true)));
    let compiled = base.patch(&config(EPOCH), one(), &|_, _| true).unwrap();
    let bytes = bytes_of(&compiled);
    assert!(
        Index::from_bytes(&bytes, "patch.lcx").is_err(),
        "a patch alone is no index"
    );
    let other = Index::from_bytes(&index_bytes(&offers), "other.lcx").unwrap();
    assert!(other.patched_from_bytes(&bytes, "patch.lcx").is_err());
    let patched = base.patched_from_bytes(&bytes, "patch.lcx").unwrap();
    assert!(
        patched.patch(&config(EPOCH), one(), &|_, _| true).is_err(),
        "never one on another"
    );
}

#[test]
fn a_patch_over_an_index_without_rows_finds_its_own() {
    let mut routed = 0;
    for seed in 0..20 {
        let (now, access) = world_of(seed, 3);
        let base = Index::from_bytes(&index_bytes(&[]), "base.lcx").unwrap();
        let changed = now.iter().map(source).collect();
        let compiled = base.patch(&config(EPOCH), changed, &|_, _| true).unwrap();
        let patched = base
            .patched_from_bytes(&bytes_of(&compiled), "patch.lcx")
            .unwrap();
        let patched = snapshot_over(patched, &access).unwrap();
        let rebuilt = snapshot_of(&index_bytes(&now), &access).unwrap();
        let common = Common::default();
        let ours = Prepared::new(&patched, None, &common).unwrap();
        let theirs = Prepared::new(&rebuilt, None, &common).unwrap();
        let mut dice = Dice(seed);
        for _ in 0..50 {
            let call = Call::new(DigitKey::from_digits(&dice.digits(1, 12)).unwrap(), EPOCH);
            let decision = ours.decide(&call).unwrap();
            routed += decision.routes.len();
            let theirs = native_json(&rebuilt, &theirs.decide(&call).unwrap());
            assert_eq!(native_json(&patched, &decision), theirs);
        }
    }
    assert!(routed > 0);
}
