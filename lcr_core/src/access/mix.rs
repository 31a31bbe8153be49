//! How long calls to a destination really last (docs/decision.md 3).

use super::words::DurationWords;
use crate::number::DigitKey;
use crate::rating::{MAX_SECONDS, Terms};

/// Seconds and weights in thousandths, ascending; the weights sum to 1000.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix {
    pub code: DigitKey,
    pub parts: Vec<(u32, u32)>,
    /// `Σ wᵢ·dᵢ`: stands where a formula has the reference seconds.
    pub basis: u32,
}

impl Mix {
    /// `Σ wᵢ·A60(dᵢ) · fx`.
    pub fn comparable(&self, terms: &Terms, fx: u64) -> u128 {
        let parts = self.parts.iter();
        let sum: u128 = parts
            .map(|&(seconds, weight)| {
                terms.amount_times_60(u64::from(seconds)) * u128::from(weight)
            })
            .sum();
        // Within the limits of rates, increments and exchange rates the product stays below 2^128.
        sum.saturating_mul(u128::from(fx))
    }
}

/// Sorted by code.
#[derive(Debug, Default)]
pub struct Mixes(Vec<Mix>);

impl Mixes {
    pub fn parse(words: Vec<DurationWords>) -> Result<Self, String> {
        let mut mixes = Vec::with_capacity(words.len());
        for (i, DurationWords { code, mix }) in words.into_iter().enumerate() {
            let of = |why: &str| format!("durations[{i}]: {why}");
            let key = DigitKey::from_digits(&code)
                .ok_or_else(|| of(&format!("code {code:?} is not 1 to 15 digits")))?;
            if mix.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
                return Err(of("the seconds of mix do not ascend"));
            }
            if !mix.iter().all(|(d, _)| (1..=MAX_SECONDS).contains(d)) {
                return Err(of("seconds of mix are not 1 to 86400"));
            }
            if !mix.iter().all(|(_, w)| (1..=1000).contains(w))
                || mix.iter().map(|(_, w)| w).sum::<u32>() != 1000
            {
                return Err(of(
                    "the weights of mix are not 1 to 1000 with a sum of 1000",
                ));
            }
            let basis = mix.iter().map(|(d, w)| d * w).sum();
            mixes.push(Mix {
                code: key,
                parts: mix,
                basis,
            });
        }
        mixes.sort_by_key(|m| m.code);
        if let Some(pair) = mixes.windows(2).find(|w| w[0].code == w[1].code) {
            return Err(format!("durations: code {} stands twice", pair[0].code));
        }
        Ok(Self(mixes))
    }

    /// The mix of the longest code that is a prefix of the number.
    pub fn of(&self, number: DigitKey) -> Option<&Mix> {
        if self.0.is_empty() {
            return None;
        }
        (1..=number.len()).rev().find_map(|len| {
            let key = number.prefix(len);
            let at = self.0.binary_search_by_key(&key, |m| m.code).ok()?;
            self.0.get(at)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn words(code: &str, mix: &[(u32, u32)]) -> DurationWords {
        DurationWords {
            code: code.to_owned(),
            mix: mix.to_vec(),
        }
    }

    #[test]
    fn the_longest_code_gives_the_mix_and_its_mean() {
        let mixes = Mixes::parse(vec![
            words("4420", &[(60, 1000)]),
            words("44", &[(12, 400), (95, 350), (610, 250)]),
        ])
        .unwrap();
        let number = |t| DigitKey::from_digits(t).unwrap();
        assert_eq!(mixes.of(number("442079")).unwrap().basis, 60_000);
        assert_eq!(
            mixes.of(number("447")).unwrap().basis,
            4_800 + 33_250 + 152_500
        );
        assert!(mixes.of(number("45")).is_none());
        let terms = Terms {
            rate_nanos: 60,
            first_rate_nanos: None,
            connect_fee_nanos: 0,
            initial_increment: 60,
            next_increment: 60,
            free_seconds: 0,
        };
        let mix = mixes.of(number("447")).unwrap();
        assert_eq!(
            mix.comparable(&terms, 2),
            2 * 60 * (400 * 60 + 350 * 120 + 250 * 660)
        );
    }

    #[test]
    fn a_wrong_mix_is_named() {
        for (mix, why) in [
            (vec![(10, 500), (5, 500)], "ascend"),
            (vec![(10, 500)], "sum of 1000"),
            (vec![(0, 1000)], "1 to 86400"),
            (vec![], "sum of 1000"),
        ] {
            let got = Mixes::parse(vec![words("44", &mix)]).unwrap_err();
            assert!(
                got.starts_with("durations[0]") && got.contains(why),
                "{got}"
            );
        }
        assert!(Mixes::parse(vec![words("4", &[(1, 1000)]), words("4", &[(1, 1000)])]).is_err());
    }
}
