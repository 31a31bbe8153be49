//! Our marker: a code of 16 bits sung in six dual tones, told by the far end of a test call. Heard = the audio way is ours from end to
//! end; our own heard back = a loop; none heard = somebody else answered.
//!
//! The frequencies keep off DTMF, ring, busy and information tones, so that no gateway takes them out of the audio.

use super::g711::encode;
use super::goertzel::{coefficient, energy, shares};
use super::level::level_tenths_dbm0;
use super::synth::{Tones, clip};
use crate::rtp::payload::Law;

const LOW_HZ: [f32; 4] = [550.0, 650.0, 800.0, 1000.0];
const HIGH_HZ: [f32; 4] = [1250.0, 1550.0, 1900.0, 2300.0];
const SYMBOLS: usize = 6;
const START: u8 = 0xf;
const ON_SAMPLES: u64 = 640;
const STEP_SAMPLES: u64 = 1120;
const LEVEL_TENTHS: i16 = -120;

/// Length of one marker, and how often it is repeated.
pub const MARKER_MS: i64 = 840;
pub const MARKER_PERIOD_MS: i64 = 1200;
const PERIOD_SAMPLES: u64 = 9600;
pub(super) const BLOCK_SAMPLES: usize = 160;
const STEP_MS: i64 = 140;
const PURE: f32 = 0.7;
const PART: f32 = 0.18;
const SOFTEST_TENTHS: i16 = -430;

fn symbols(code: u16) -> [u8; SYMBOLS] {
    let nibble = |shift: u32| (code >> shift) as u8 & 0xf;
    let four = [nibble(12), nibble(8), nibble(4), nibble(0)];
    [START, four[0], four[1], four[2], four[3], check(four)]
}

/// Places weigh differently, so that exchanged symbols show.
fn check(four: [u8; 4]) -> u8 {
    (0x5 + four[0] + 3 * four[1] + 5 * four[2] + 7 * four[3]) & 0xf
}

/// Packet `n` (20 ms, from 0) of the marker, repeated every 1.2 s for ever.
pub fn marker_frame(code: u16, law: Law, n: u64) -> [u8; BLOCK_SAMPLES] {
    let symbols = symbols(code);
    let mut out = [0u8; BLOCK_SAMPLES];
    for (place, at) in out.iter_mut().zip(n * BLOCK_SAMPLES as u64..) {
        let within = at % PERIOD_SAMPLES;
        let symbol = symbols.get((within / STEP_SAMPLES) as usize);
        let sample = match symbol {
            Some(symbol) if within % STEP_SAMPLES < ON_SAMPLES => {
                let low = f64::from(LOW_HZ[usize::from(symbol >> 2)]);
                let high = f64::from(HIGH_HZ[usize::from(symbol & 3)]);
                clip(Tones::pair(low, high, LEVEL_TENTHS).sample(within))
            }
            _ => 0,
        };
        *place = encode(law, sample);
    }
    out
}

/// Finds markers in blocks of 20 ms.
#[derive(Debug, Clone)]
pub struct MarkerDetector {
    /// The low frequencies, then the high ones.
    coefficients: [f32; 8],
    /// The symbol that sounds, since when, how many blocks.
    sounding: Option<(u8, i64, u32)>,
    /// Symbols with their starts, oldest first.
    heard: [(u8, i64); SYMBOLS],
}

impl Default for MarkerDetector {
    fn default() -> Self {
        Self {
            coefficients: std::array::from_fn(|at| {
                coefficient(if at < 4 { LOW_HZ[at] } else { HIGH_HZ[at - 4] })
            }),
            sounding: None,
            heard: [(0, i64::MIN / 2); SYMBOLS],
        }
    }
}

impl MarkerDetector {
    /// A block of 160 samples, `valid` of which came. Yields code and start of a whole marker.
    pub fn on_block(&mut self, from_ms: i64, block: &[i16], valid: usize) -> Option<(u16, i64)> {
        if valid * 2 < block.len() {
            return None;
        }
        let symbol = self.symbol(block, valid);
        match (&mut self.sounding, symbol) {
            (Some((now, _, blocks)), Some(symbol)) if *now == symbol => {
                *blocks += 1;
                // Two blocks make it certain.
                if *blocks == 2 {
                    return self.take();
                }
            }
            (sounding, symbol) => *sounding = symbol.map(|symbol| (symbol, from_ms, 1)),
        }
        None
    }

    fn symbol(&self, block: &[i16], valid: usize) -> Option<u8> {
        let energy = energy(block);
        if level_tenths_dbm0(energy, valid) < SOFTEST_TENTHS {
            return None;
        }
        let shares = shares(block, valid, energy, &self.coefficients);
        let loudest = |shares: &[f32]| {
            let each = shares.iter().copied().enumerate();
            each.fold(
                (0, 0.0),
                |best, one| if one.1 > best.1 { one } else { best },
            )
        };
        let (low, low_share) = loudest(&shares[..4]);
        let (high, high_share) = loudest(&shares[4..]);
        let pure = low_share + high_share >= PURE && low_share >= PART && high_share >= PART;
        pure.then_some((low << 2 | high) as u8)
    }

    fn take(&mut self) -> Option<(u16, i64)> {
        let (symbol, from_ms, _) = self.sounding?;
        self.heard.rotate_left(1);
        self.heard[SYMBOLS - 1] = (symbol, from_ms);
        let begun = self.heard[0].1;
        let in_step = self
            .heard
            .iter()
            .zip(0i64..)
            .all(|((_, at), n)| (at - begun - n * STEP_MS).abs() <= 50);
        let [start, a, b, c, d, checked] = self.heard.map(|(symbol, _)| symbol);
        if !in_step || start != START || checked != check([a, b, c, d]) {
            return None;
        }
        let code = [a, b, c, d]
            .iter()
            .fold(0u16, |code, nibble| code << 4 | u16::from(*nibble));
        Some((code, begun))
    }
}

#[cfg(test)]
mod tests {
    use super::super::g711::decode;
    use super::*;

    fn found(code: u16, law: Law, shift: usize, lost: &[u64]) -> Vec<(u16, i64)> {
        let samples: Vec<Option<i16>> = (0..130u64)
            .flat_map(|n| {
                let frame = marker_frame(code, law, n);
                let here = !lost.contains(&n);
                frame.map(|byte| here.then_some(decode(law, byte)))
            })
            .skip(shift)
            .collect();
        let mut detector = MarkerDetector::default();
        samples
            .chunks_exact(BLOCK_SAMPLES)
            .zip(0i64..)
            .filter_map(|(block, n)| {
                let valid = block.iter().flatten().count();
                let block: Vec<i16> = block.iter().map(|one| one.unwrap_or(0)).collect();
                detector.on_block(n * 20, &block, valid)
            })
            .collect()
    }

    #[test]
    fn every_law_and_every_shift_of_the_blocks_yields_the_code() {
        for law in [Law::A, Law::Mu] {
            for shift in [0, 40, 79, 120] {
                for code in [0x0000, 0xffff, 0xa5f0] {
                    let found = found(code, law, shift, &[]);
                    assert!(found.iter().all(|one| one.0 == code), "{found:?}");
                    assert!(found.len() >= 2, "{law:?} {shift} {code:#x}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn its_start_is_where_it_was_played() {
        let found = found(0x4711, Law::A, 0, &[]);
        assert_eq!(found[0], (0x4711, 0));
        assert_eq!(found[1].1, MARKER_PERIOD_MS);
    }

    #[test]
    fn lost_packets_within_tones_do_not_hide_it() {
        assert!(!found(0x4711, Law::A, 0, &[1, 8, 16, 23, 30, 37]).is_empty());
    }

    #[test]
    fn exchanged_symbols_are_no_marker() {
        for code in (0..=u16::MAX).step_by(7) {
            let [_, a, b, c, d, _] = symbols(code);
            assert!(a == b || check([a, b, c, d]) != check([b, a, c, d]) || (a ^ b) == 8);
        }
    }
}
