//! Levels in tenths of a dBm0. A sine that just fills the A law has +3.14 dBm0, one that fills the mu law +3.17 (ITU-T G.711).

use super::g711::decode;
use crate::rtp::payload::Law;

/// Quieter than this is silence: -50 dBm0.
pub const SILENCE_TENTHS: i16 = -500;
/// The lowest level there is: no energy at all.
const FLOOR_TENTHS: i16 = -960;
/// Mean square of a sine of 0 dBm0 in 16-bit samples: (32256 / sqrt 2)^2 / 10^0.314.
const ZERO_DBM0: f64 = 520_224_768.0 / 2.060_629_913_269_994;

/// Of the sum of squares of `count` samples.
pub fn level_tenths_dbm0(sum_of_squares: f64, count: usize) -> i16 {
    if count == 0 || sum_of_squares <= 0.0 {
        return FLOOR_TENTHS;
    }
    let level = 100.0 * (sum_of_squares / count as f64 / ZERO_DBM0).log10();
    (level.round() as i16).max(FLOOR_TENTHS)
}

/// Of one G.711 payload.
pub fn payload_level_tenths(law: Law, payload: &[u8]) -> i16 {
    let sum: u64 = payload
        .iter()
        .map(|code| u64::from(decode(law, *code).unsigned_abs()).pow(2))
        .sum();
    level_tenths_dbm0(sum as f64, payload.len())
}

#[cfg(test)]
mod tests {
    use super::super::synth::Tones;
    use super::*;

    #[test]
    fn a_full_sine_has_3_14_dbm0_and_tones_the_level_they_were_made_with() {
        let full: Vec<u8> = (0..8000)
            .map(|n| {
                let phase = std::f64::consts::TAU * f64::from(n) * 1004.0 / 8000.0;
                super::super::g711::encode(Law::A, (phase.sin() * 32_256.0) as i16)
            })
            .collect();
        let level = payload_level_tenths(Law::A, &full);
        assert!((level - 31).abs() <= 1, "{level}");
        for law in [Law::A, Law::Mu] {
            for tenths in [-100i16, -300, -430] {
                let tone = Tones::single(425.0, tenths);
                let payload: Vec<u8> = (0..1600).map(|n| tone.code(law, n)).collect();
                let level = payload_level_tenths(law, &payload);
                assert!((level - tenths).abs() <= 5, "{level} of {tenths}");
            }
        }
    }

    #[test]
    fn idle_codes_are_silence() {
        assert!(payload_level_tenths(Law::A, &[0xd5; 160]) < SILENCE_TENTHS);
        assert_eq!(payload_level_tenths(Law::Mu, &[0xff; 160]), FLOOR_TENTHS);
        assert_eq!(payload_level_tenths(Law::Mu, &[]), FLOOR_TENTHS);
    }
}
