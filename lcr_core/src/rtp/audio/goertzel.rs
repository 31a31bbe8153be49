//! How much of a block's energy one frequency has (Goertzel).

use super::RATE_HZ;

/// 2 cos(2 pi f / 8000).
pub(super) fn coefficient(hz: f32) -> f32 {
    2.0 * (std::f32::consts::TAU * hz / RATE_HZ as f32).cos()
}

/// Share of the energy at each frequency, 0 to about 1. Missing samples must be zero and are not counted in `valid`: a tone with holes
/// is still a tone. All frequencies go through the samples together, a lane each: one alone waits for its own last step.
pub(super) fn shares<const N: usize>(
    samples: &[i16],
    valid: usize,
    energy: f64,
    coefficients: &[f32; N],
) -> [f32; N] {
    if energy <= 0.0 || valid == 0 {
        return [0.0; N];
    }
    let (mut one, mut two) = ([0f32; N], [0f32; N]);
    for sample in samples {
        let sample = f32::from(*sample);
        for lane in 0..N {
            let zero = sample + coefficients[lane] * one[lane] - two[lane];
            two[lane] = one[lane];
            one[lane] = zero;
        }
    }
    std::array::from_fn(|lane| {
        let (one, two) = (one[lane], two[lane]);
        let power = one * one + two * two - coefficients[lane] * one * two;
        (2.0 * f64::from(power) / (valid as f64 * energy)) as f32
    })
}

/// Sum of squares; exact, whatever the samples.
pub(super) fn energy(samples: &[i16]) -> f64 {
    let sum: u64 = samples
        .iter()
        .map(|sample| u64::from((i32::from(*sample) * i32::from(*sample)).unsigned_abs()))
        .sum();
    sum as f64
}

#[cfg(test)]
mod tests {
    use super::super::synth::{Tones, clip};
    use super::*;

    fn of(tones: Tones, hz: [f32; 3]) -> [f32; 3] {
        let samples: Vec<i16> = (0..400).map(|n| clip(tones.sample(n))).collect();
        shares(&samples, 400, energy(&samples), &hz.map(coefficient))
    }

    #[test]
    fn a_tone_has_all_its_energy_at_its_frequency() {
        let found = of(Tones::single(425.0, -150), [425.0, 480.0, 950.0]);
        assert!(
            found[0] > 0.97 && found[1] < 0.05 && found[2] < 0.01,
            "{found:?}"
        );
    }

    #[test]
    fn two_tones_share_it() {
        let found = of(Tones::pair(440.0, 480.0, -150), [440.0, 480.0, 425.0]);
        assert!(
            (found[0] - 0.5).abs() < 0.05 && (found[1] - 0.5).abs() < 0.05,
            "{found:?}"
        );
    }

    #[test]
    fn a_hole_takes_nothing_from_a_tone() {
        let mut samples: Vec<i16> = (0..400)
            .map(|n| clip(Tones::single(425.0, -150).sample(n)))
            .collect();
        samples[100..260].fill(0);
        let [found] = shares(&samples, 240, energy(&samples), &[coefficient(425.0)]);
        assert!(found > 0.95, "{found}");
    }
}
