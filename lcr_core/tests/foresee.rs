//! Chains of numbers that are looked ahead for: each comes to its end, and no answer changes.
#![allow(clippy::unwrap_used)]

mod support;

use lcr_core::decide::Prepared;
use lcr_core::index::foresee::{AHEAD, Ahead};
use lcr_core::number::{DigitKey, MAX_DIGITS};
use lcr_core::query::{Call, Common};
use support::{Dice, EPOCH, index_bytes, snapshot_of, world};

/// Table, nodes, code, next shorter code, top list, entries, rows, price, name.
const STEPS: usize = 1 + MAX_DIGITS + 7;

#[test]
fn every_number_comes_to_its_end_and_its_answer_stays() {
    for seed in 0..8 {
        let (offers, access) = world(seed);
        let snapshot = snapshot_of(&index_bytes(&offers), &access).unwrap();
        let other = world(seed + 100);
        let other = snapshot_of(&index_bytes(&other.0), &other.1).unwrap();
        let common = Common::default();
        let prepared = Prepared::new(&snapshot, None, &common).unwrap();
        let mut dice = Dice(seed);
        let mut ahead = Ahead::default();
        for _ in 0..50 {
            let numbers: Vec<DigitKey> = (0..1 + dice.below(2 * AHEAD as u64))
                .filter_map(|_| DigitKey::from_digits(&dice.digits(1, 15)))
                .collect();
            let answers = || -> Vec<String> {
                let decide = |number: &DigitKey| {
                    let decision = prepared.decide(&Call::new(*number, EPOCH + 1)).unwrap();
                    lcr_core::answer::native_json(&snapshot, &decision)
                };
                numbers.iter().map(decide).collect()
            };
            let before = answers();
            for number in &numbers {
                ahead.follow(&snapshot.index, *number);
            }
            assert_eq!(ahead.is_empty(), numbers.is_empty());
            assert_eq!(answers(), before);
            match dice.below(3) {
                // Another snapshot comes in between.
                0 => ahead.step(&other.index),
                1 => (0..STEPS).for_each(|_| ahead.step(&snapshot.index)),
                _ => ahead.finish(&snapshot.index),
            }
            ahead.finish(&snapshot.index);
            assert!(ahead.is_empty());
            assert_eq!(answers(), before);
        }
    }
}

#[test]
fn no_chain_is_longer_than_its_digits_and_what_is_read_behind_them() {
    let (offers, access) = world(1);
    let snapshot = snapshot_of(&index_bytes(&offers), &access).unwrap();
    let mut dice = Dice(1);
    for _ in 0..500 {
        let mut ahead = Ahead::default();
        ahead.follow(
            &snapshot.index,
            DigitKey::from_digits(&dice.digits(1, 15)).unwrap(),
        );
        let steps = (0..).take_while(|_| {
            ahead.step(&snapshot.index);
            !ahead.is_empty()
        });
        assert!(steps.count() < STEPS);
    }
}
