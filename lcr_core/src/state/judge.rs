//! Is a route still good enough? Bounds of Wilson's score interval against thresholds, with hysteresis; integers only.

use serde::{Deserialize, Serialize};

use super::counters::Counts;
use super::words::{ALL_PPM, Level, key};
use crate::number::DigitKey;

const MILLION: u128 = 1_000_000;

/// Thresholds of one ratio, ppm. Leaving `warn` or `critical` needs the lower bound at `recover_ppm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub critical_ppm: u32,
    pub warn_ppm: u32,
    pub recover_ppm: u32,
}

/// How quality is counted and judged; every word optional.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    pub half_life_s: u32,
    pub min_attempts: u64,
    /// z of the one-sided bound in thousandths: 1645 = 95 %.
    pub z_milli: u32,
    /// Share of the calls that try a demoted route all the same.
    pub trial_ppm: u32,
    /// How long a judgement stands without enough samples; then the parent code's holds.
    pub hold_s: u32,
    pub asr: Option<Limits>,
    pub ner: Option<Limits>,
    /// Other limits for destinations; the longest code holds.
    pub destinations: Vec<Destination>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    pub code: String,
    #[serde(default)]
    pub asr: Option<Limits>,
    #[serde(default)]
    pub ner: Option<Limits>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            half_life_s: 1800,
            min_attempts: 30,
            z_milli: 1645,
            trial_ppm: 20_000,
            hold_s: 21_600,
            asr: Some(Limits {
                critical_ppm: 100_000,
                warn_ppm: 200_000,
                recover_ppm: 250_000,
            }),
            ner: Some(Limits {
                critical_ppm: 400_000,
                warn_ppm: 600_000,
                recover_ppm: 650_000,
            }),
            destinations: Vec::new(),
        }
    }
}

impl Rules {
    /// Says which word is out of range.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=604_800).contains(&self.half_life_s) {
            return Err("half_life_s is not 1 to 604800".to_owned());
        }
        if self.min_attempts == 0 {
            return Err("min_attempts is 0".to_owned());
        }
        if !(1..=5000).contains(&self.z_milli) {
            return Err("z_milli is not 1 to 5000".to_owned());
        }
        if self.trial_ppm > ALL_PPM {
            return Err("trial_ppm is more than 1000000".to_owned());
        }
        let ordered = |limits: &Option<Limits>| {
            limits.is_none_or(|l| {
                l.critical_ppm <= l.warn_ppm
                    && l.warn_ppm <= l.recover_ppm
                    && l.recover_ppm <= ALL_PPM
            })
        };
        let of = |name: &str| {
            format!("{name}: critical_ppm, warn_ppm and recover_ppm do not ascend to 1000000")
        };
        if !ordered(&self.asr) {
            return Err(of("asr"));
        }
        if !ordered(&self.ner) {
            return Err(of("ner"));
        }
        for destination in &self.destinations {
            key(&destination.code).map_err(|why| format!("destinations: {why}"))?;
            if !ordered(&destination.asr) || !ordered(&destination.ner) {
                return Err(of(&format!("destinations {}", destination.code)));
            }
        }
        Ok(())
    }

    /// Limits of ASR and NER for a code.
    fn limits(&self, code: DigitKey) -> (Option<Limits>, Option<Limits>) {
        let covers = |d: &&Destination| key(&d.code).is_ok_and(|k| code.starts_with(k));
        let longest = self
            .destinations
            .iter()
            .filter(covers)
            .max_by_key(|d| d.code.len());
        longest.map_or((self.asr, self.ner), |d| (d.asr, d.ner))
    }

    /// The level after `was`; `None` = too few samples to say.
    pub fn judge(&self, code: DigitKey, counts: &Counts, was: Level) -> Option<Level> {
        let attempts = counts.attempts();
        if attempts < self.min_attempts {
            return None;
        }
        let (asr, ner) = self.limits(code);
        let figures = [(asr, counts.answered()), (ner, counts.effective())];
        let mut level = Level::Healthy;
        let mut recovered = true;
        for (limits, hits) in figures {
            let Some(limits) = limits else { continue };
            let (low, high) = wilson_ppm(hits, attempts, self.z_milli);
            if high < limits.critical_ppm {
                level = level.max(Level::Critical);
            } else if high < limits.warn_ppm {
                level = level.max(Level::Warn);
            }
            recovered &= low >= limits.recover_ppm;
        }
        Some(if recovered { level } else { level.max(was) })
    }
}

/// Lower and upper bound of Wilson's score interval of `hits / attempts`, ppm; the lower floored, the upper rounded up.
/// `(s + z²/2 ± z·√(s(n−s)/n + z²/4)) / (n + z²)`.
pub fn wilson_ppm(hits: u64, attempts: u64, z_milli: u32) -> (u32, u32) {
    let (s, n) = (u128::from(hits.min(attempts)), u128::from(attempts.max(1)));
    let z2 = u128::from(z_milli) * u128::from(z_milli); // z² · 10⁶
    let under_root = z2 * (s * (n - s.min(n)) * MILLION / n + z2 / 4); // (z·√…)² · 10¹²
    let root = under_root.isqrt(); // z·√… · 10⁶
    let (middle, whole) = (s * MILLION + z2 / 2, n * MILLION + z2);
    let low = middle.saturating_sub(root + 1) * MILLION / whole;
    let high = ((middle + root + 1) * MILLION).div_ceil(whole).min(MILLION);
    (low as u32, high as u32)
}

#[cfg(test)]
mod tests {
    use super::super::counters::Fading;
    use super::super::words::CountWords;
    use super::*;

    fn counts(attempts: u64, answered: u64, effective: u64) -> Counts {
        let mut counts = Counts::default();
        let words = CountWords {
            attempts,
            answered,
            effective,
            ..CountWords::default()
        };
        counts.add(&words, &Fading::new(1800), 0);
        counts
    }

    #[test]
    fn bounds_are_those_of_wilson() {
        // 50 of 100 at 95 % two-sided: 0.4038 … 0.5962; 0 of 10: 0 … 0.2775; 10 of 10: 0.7225 … 1.
        for (hits, attempts, low, high) in [
            (50, 100, 403_829, 596_171),
            (0, 10, 0, 277_541),
            (10, 10, 722_459, 1_000_000),
            (1, 3, 61_490, 792_346),
        ] {
            let (got_low, got_high) = wilson_ppm(hits, attempts, 1960);
            assert!(got_low.abs_diff(low) <= 3, "{hits}/{attempts}: {got_low}");
            assert!(
                got_high.abs_diff(high) <= 3,
                "{hits}/{attempts}: {got_high}"
            );
        }
    }

    #[test]
    fn few_samples_say_nothing_and_a_bad_stretch_must_be_certain() {
        let rules = Rules::default();
        let code = |t: &str| DigitKey::from_digits(t);
        let Some(uk) = code("44") else { return };
        assert_eq!(rules.judge(uk, &counts(29, 0, 0), Level::Healthy), None);
        assert_eq!(
            rules.judge(uk, &counts(100, 50, 90), Level::Healthy),
            Some(Level::Healthy)
        );
        // 7 of 40 answered may be 10 % or more by chance; 1 of 100 may not.
        assert_eq!(
            rules.judge(uk, &counts(40, 7, 38), Level::Healthy),
            Some(Level::Healthy)
        );
        assert_eq!(
            rules.judge(uk, &counts(100, 1, 90), Level::Healthy),
            Some(Level::Critical)
        );
        assert_eq!(
            rules.judge(uk, &counts(200, 24, 180), Level::Healthy),
            Some(Level::Warn)
        );
    }

    #[test]
    fn recovery_needs_the_lower_bound_above_recover() {
        let rules = Rules::default();
        let Some(uk) = DigitKey::from_digits("44") else {
            return;
        };
        // 30 % of 50: no longer critical, not surely above 25 %.
        assert_eq!(
            rules.judge(uk, &counts(50, 15, 48), Level::Critical),
            Some(Level::Critical)
        );
        assert_eq!(
            rules.judge(uk, &counts(50, 15, 48), Level::Healthy),
            Some(Level::Healthy)
        );
        assert_eq!(
            rules.judge(uk, &counts(500, 200, 480), Level::Critical),
            Some(Level::Healthy)
        );
    }

    #[test]
    fn a_destination_may_have_its_own_limits() {
        let mut rules = Rules::default();
        rules.destinations.push(Destination {
            code: "882".to_owned(),
            asr: None,
            ner: None,
        });
        assert_eq!(rules.check(), Ok(()));
        let Some(satellite) = DigitKey::from_digits("8821") else {
            return;
        };
        assert_eq!(
            rules.judge(satellite, &counts(100, 0, 0), Level::Healthy),
            Some(Level::Healthy)
        );
        rules.asr = Some(Limits {
            critical_ppm: 3,
            warn_ppm: 2,
            recover_ppm: 5,
        });
        assert!(rules.check().is_err());
    }
}
