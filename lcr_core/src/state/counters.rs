//! What is counted: calls a second, and quality that fades by its half-life. Integers only; the instant is told.

use super::words::CountWords;

/// Buckets of the window of one second.
const BUCKETS: usize = 10;
const BUCKET_US: i64 = 100_000;

/// Calls of the last second, to a tenth of it.
#[derive(Debug, Clone, Default)]
pub struct PerSecond {
    /// Number of the newest bucket, and the calls of the last ten, newest first.
    newest: i64,
    calls: [u32; BUCKETS],
}

impl PerSecond {
    pub fn note(&mut self, calls: u32, now_us: i64) {
        self.forget(now_us);
        self.calls[0] = self.calls[0].saturating_add(calls);
    }

    pub fn count(&mut self, now_us: i64) -> u32 {
        self.forget(now_us);
        self.calls.iter().fold(0, |sum, c| sum.saturating_add(*c))
    }

    /// A clock that is set back changes nothing until it has caught up.
    fn forget(&mut self, now_us: i64) {
        let bucket = now_us.div_euclid(BUCKET_US);
        let passed = usize::try_from(bucket.saturating_sub(self.newest)).unwrap_or(0);
        if passed == 0 {
            return;
        }
        self.newest = bucket;
        let kept = BUCKETS.saturating_sub(passed);
        self.calls.copy_within(0..kept, BUCKETS - kept);
        self.calls[..BUCKETS - kept].fill(0);
    }
}

/// Steps of one half-life: counters fade in 64 steps to their half.
const STEPS: i64 = 64;
/// After so many half-lives nothing is left.
const GONE: i64 = 53;
/// Fraction bits of a counter, so that fading a little does not lose whole calls.
const FRACTION: u32 = 10;

/// `2^(−i/64)` in 2⁻³², by integer square roots.
#[derive(Debug, Clone)]
pub struct Fading {
    step_us: i64,
    factors: [u64; STEPS as usize],
}

impl Fading {
    pub fn new(half_life_s: u32) -> Self {
        let one = 1u128 << 62;
        let mut root = one / 2;
        for _ in 0..STEPS.ilog2() {
            root = (root << 62).isqrt();
        }
        let mut factors = [0u64; STEPS as usize];
        let mut factor = one;
        for slot in &mut factors {
            *slot = (factor >> 30) as u64;
            factor = (factor * root) >> 62;
        }
        let step_us = (i64::from(half_life_s.max(1)) * 1_000_000 / STEPS).max(1);
        Self { step_us, factors }
    }

    pub fn step(&self, now_us: i64) -> i64 {
        now_us.div_euclid(self.step_us)
    }

    fn faded(&self, value: u64, steps: i64) -> u64 {
        let (halves, rest) = (steps / STEPS, (steps % STEPS) as usize);
        if halves > GONE {
            return 0;
        }
        let factor = self.factors.get(rest).copied().unwrap_or(0);
        ((u128::from(value) * u128::from(factor)) >> (32 + halves)) as u64
    }
}

/// Places of the eight counters.
const ATTEMPTS: usize = 0;
const ANSWERED: usize = 1;
const EFFECTIVE: usize = 2;

/// Counters of one (offer, code), fading.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    step: i64,
    values: [u64; 8],
}

impl Counts {
    pub fn add(&mut self, counts: &CountWords, fading: &Fading, now_us: i64) {
        self.fade(fading, now_us);
        let more = [
            counts.attempts,
            counts.answered,
            counts.effective,
            counts.talk_ms,
            counts.pdd_ms_sum,
            counts.pdd_samples,
            counts.mos_milli_sum,
            counts.mos_samples,
        ];
        for (value, more) in self.values.iter_mut().zip(more) {
            let most = super::words::LARGEST << FRACTION;
            *value = value
                .saturating_add(more.min(super::words::LARGEST) << FRACTION)
                .min(most);
        }
    }

    pub fn fade(&mut self, fading: &Fading, now_us: i64) {
        let now = fading.step(now_us);
        let steps = now.saturating_sub(self.step);
        if steps <= 0 {
            return;
        }
        for value in &mut self.values {
            *value = fading.faded(*value, steps);
        }
        self.step = now;
    }

    pub fn attempts(&self) -> u64 {
        self.values[ATTEMPTS] >> FRACTION
    }
    pub fn answered(&self) -> u64 {
        self.values[ANSWERED] >> FRACTION
    }
    pub fn effective(&self) -> u64 {
        self.values[EFFECTIVE] >> FRACTION
    }

    /// Nothing whole is left.
    pub fn is_empty(&self) -> bool {
        self.values.iter().all(|v| v >> FRACTION == 0)
    }

    pub fn words(&self, offer_id: i64, code: String) -> CountWords {
        let [
            attempts,
            answered,
            effective,
            talk_ms,
            pdd_ms_sum,
            pdd_samples,
            mos_milli_sum,
            mos_samples,
        ] = self.values.map(|v| v >> FRACTION);
        CountWords {
            offer_id,
            code,
            attempts,
            answered,
            effective,
            talk_ms,
            pdd_ms_sum,
            pdd_samples,
            mos_milli_sum,
            mos_samples,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_a_second_are_those_of_the_last_second() {
        let mut window = PerSecond::default();
        let start = 1_795_000_000_000_000;
        window.note(3, start);
        window.note(2, start + 550_000);
        assert_eq!(window.count(start + 999_999), 5);
        assert_eq!(window.count(start + 1_000_000), 2);
        assert_eq!(window.count(start + 900_000), 2); // a clock set back
        assert_eq!(window.count(start + 10_000_000), 0);
    }

    #[test]
    fn counters_halve_in_a_half_life_whatever_the_steps() {
        let fading = Fading::new(1800);
        let counts = CountWords {
            attempts: 10_000,
            answered: 5_000,
            effective: 9_000,
            talk_ms: 1 << 53,
            ..CountWords::default()
        };
        let second = 1_000_000;
        let (mut at_once, mut by_and_by) = (Counts::default(), Counts::default());
        at_once.add(&counts, &fading, 0);
        by_and_by.add(&counts, &fading, 0);
        at_once.fade(&fading, 1800 * second);
        for minute in 1..=30 {
            by_and_by.fade(&fading, minute * 60 * second);
        }
        assert_eq!((at_once.attempts(), at_once.answered()), (5_000, 2_500));
        assert!(
            by_and_by.attempts().abs_diff(5_000) <= 1,
            "{}",
            by_and_by.attempts()
        );
        assert!(by_and_by.answered() <= by_and_by.attempts());
        at_once.fade(&fading, 1800 * second * 60);
        assert!(at_once.is_empty());
    }
}
