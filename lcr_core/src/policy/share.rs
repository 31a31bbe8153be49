//! Chance that is none: draws by a call's seed, the same for the same call (docs/decision.md 5).

use std::fmt::{self, Write};

use sha2::{Digest, Sha256};
use smallvec::SmallVec;

/// A number in decimal, in place.
#[derive(Default)]
struct Digits(SmallVec<[u8; 24]>);

impl Write for Digits {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// The first 8 bytes of the sha256 of `kind|a|b`, as a number.
fn drawn(parts: [&[u8]; 3]) -> u64 {
    let mut hash = Sha256::new();
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            hash.update(b"|");
        }
        hash.update(part);
    }
    let mut first = [0u8; 8];
    for (slot, byte) in first.iter_mut().zip(hash.finalize()) {
        *slot = byte;
    }
    u64::from_be_bytes(first)
}

/// `⌊r · whole / 2⁶⁴⌋`.
fn scaled(r: u64, whole: u64) -> u64 {
    ((u128::from(r) * u128::from(whole)) >> 64) as u64
}

/// Is a demoted offer tried for this call?
pub fn is_trial(offer_id: i64, trial_ppm: u32, seed: &str) -> bool {
    let mut id = Digits::default();
    let _ = write!(id, "{offer_id}");
    trial_ppm > 0
        && scaled(drawn([b"trial", &id.0, seed.as_bytes()]), 1_000_000) < u64::from(trial_ppm)
}

/// Draws places without replacement by weight: `weights` in the order of ids, all positive. At most `limit` are drawn.
pub fn draw(weights: &[u32], seed: &str, limit: usize) -> SmallVec<[usize; 64]> {
    let mut left: SmallVec<[usize; 64]> = (0..weights.len()).collect();
    let mut whole: u64 = weights.iter().map(|w| u64::from(*w)).sum();
    let mut out = SmallVec::with_capacity(left.len().min(limit));
    for k in 0..left.len().min(limit) {
        let mut nth = Digits::default();
        let _ = write!(nth, "{k}");
        let x = scaled(drawn([b"share", seed.as_bytes(), &nth.0]), whole);
        let mut sum = 0u64;
        let hit = left.iter().position(|&place| {
            sum += u64::from(weights[place]);
            sum > x
        });
        let Some(hit) = hit else { break };
        let place = left.remove(hit);
        whole -= u64::from(weights[place]);
        out.push(place);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_calls_share_as_their_weights_say() {
        let weights = [50, 30, 20];
        let mut first = [0u32; 3];
        for call in 0..10_000 {
            let order = draw(&weights, &format!("call-{call}"), 3);
            assert_eq!(order.len(), 3);
            first[order[0]] += 1;
        }
        // 1.5 points of 10,000 calls are 150.
        for (got, want) in first.iter().zip([5_000u32, 3_000, 2_000]) {
            assert!(got.abs_diff(want) <= 150, "{first:?}");
        }
    }

    #[test]
    fn the_same_call_draws_the_same_and_a_limit_cuts_the_tail() {
        let weights = [1, 2, 3, 4];
        let all = draw(&weights, "x", 4);
        assert_eq!(draw(&weights, "x", 4), all);
        assert_eq!(draw(&weights, "x", 2).as_slice(), &all[..2]);
        assert!(draw(&[], "x", 4).is_empty());
    }

    #[test]
    fn trials_come_about_as_often_as_budgeted() {
        let tried = (0..10_000)
            .filter(|call| is_trial(9, 20_000, &format!("c{call}")))
            .count();
        assert!((150..=250).contains(&tried), "{tried}");
        assert!(!is_trial(9, 0, "x") && is_trial(9, 1_000_000, "x"));
    }
}
