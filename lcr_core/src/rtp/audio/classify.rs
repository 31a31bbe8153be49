//! Blocks of 50 ms named: silence, a tone of call progress, or something else that is loud.

use super::goertzel::{coefficient, energy, shares};
use super::level::{SILENCE_TENTHS, level_tenths_dbm0};

/// 20 Hz of resolution: 440 and 480 are told apart.
pub(super) const BLOCK_SAMPLES: usize = 400;
pub(super) const BLOCK_MS: i64 = 50;
/// A tone holds at least this share of its block's energy.
const PURE: f32 = 0.72;
/// Each of two tones at least this.
const PART: f32 = 0.15;
/// Softer tones are taken for cross-talk.
const TONE_TENTHS: i16 = -430;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// 400 to 450 Hz alone: ring and busy of most countries (E.180).
    Single425,
    /// 440 + 480: ring in North America.
    Pair440And480,
    /// 400 + 450: ring in the United Kingdom and its kin.
    Pair400And450,
    /// 480 + 620: busy in North America.
    Pair480And620,
    /// Part 1, 2 or 3 of a special information tone.
    Information(u8),
}

/// A block and, unless unknown, its level in tenths of a dBm0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// More than half of it never came.
    Unknown,
    Silent,
    Tone(Tone),
    Active(i16),
}

/// Frequencies looked at, in this order.
const HZ: [f32; 16] = [
    400.0, 415.0, 425.0, 435.0, 450.0, 440.0, 480.0, 620.0, 914.0, 950.0, 985.0, 1371.0, 1400.0,
    1429.0, 1777.0, 1800.0,
];

#[derive(Debug, Clone)]
pub(super) struct Classifier {
    coefficients: [f32; HZ.len()],
}

impl Classifier {
    pub fn new() -> Self {
        Self {
            coefficients: HZ.map(coefficient),
        }
    }

    /// `valid` samples of the block came; the others are zero.
    pub fn class(&self, block: &[i16], valid: usize) -> Class {
        if valid * 2 < block.len() {
            return Class::Unknown;
        }
        let energy = energy(block);
        let level = level_tenths_dbm0(energy, valid);
        if level < SILENCE_TENTHS {
            return Class::Silent;
        }
        if level < TONE_TENTHS {
            return Class::Active(level);
        }
        let [
            f400,
            f415,
            f425,
            f435,
            f450,
            f440,
            f480,
            f620,
            i1,
            i2,
            i3,
            j1,
            j2,
            j3,
            k1,
            k2,
        ] = shares(block, valid, energy, &self.coefficients);
        let both = |one: f32, other: f32| one + other >= PURE && one >= PART && other >= PART;
        let best = |of: &[f32]| of.iter().copied().fold(0.0, f32::max) >= PURE;
        let tone = if best(&[f400, f415, f425, f435, f450, f440]) {
            Tone::Single425
        } else if both(f440, f480) {
            Tone::Pair440And480
        } else if both(f400, f450) {
            Tone::Pair400And450
        } else if both(f480, f620) {
            Tone::Pair480And620
        } else if best(&[i1, i2, i3]) {
            Tone::Information(1)
        } else if best(&[j1, j2, j3]) {
            Tone::Information(2)
        } else if best(&[k1, k2]) {
            Tone::Information(3)
        } else {
            return Class::Active(level);
        };
        Class::Tone(tone)
    }
}

#[cfg(test)]
mod tests {
    use super::super::synth::{Tones, clip};
    use super::*;

    fn class(tones: Tones) -> Class {
        let block: Vec<i16> = (0..400).map(|n| clip(tones.sample(n + 77))).collect();
        Classifier::new().class(&block, 400)
    }

    #[test]
    fn each_tone_has_its_name() {
        let names = [
            (Tones::single(425.0, -200), Tone::Single425),
            (Tones::single(400.0, -200), Tone::Single425),
            (Tones::single(450.0, -350), Tone::Single425),
            (Tones::pair(440.0, 480.0, -190), Tone::Pair440And480),
            (Tones::pair(400.0, 450.0, -190), Tone::Pair400And450),
            (Tones::pair(480.0, 620.0, -240), Tone::Pair480And620),
            (Tones::single(950.0, -200), Tone::Information(1)),
            (Tones::single(985.2, -200), Tone::Information(1)),
            (Tones::single(1370.6, -200), Tone::Information(2)),
            (Tones::single(1776.7, -200), Tone::Information(3)),
        ];
        for (tones, name) in names {
            assert_eq!(class(tones), Class::Tone(name), "{tones:?}");
        }
    }

    #[test]
    fn other_sounds_are_no_tones() {
        assert!(matches!(
            class(Tones::single(697.0, -200)),
            Class::Active(_)
        ));
        assert!(matches!(
            class(Tones::pair(350.0, 440.0, -200)),
            Class::Active(_)
        ));
        assert_eq!(class(Tones::single(425.0, -520)), Class::Silent);
        assert!(
            matches!(class(Tones::single(425.0, -460)), Class::Active(_)),
            "too soft"
        );
        assert_eq!(Classifier::new().class(&[0; 400], 199), Class::Unknown);
    }
}
