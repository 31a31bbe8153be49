//! Quality counters and the figures made of them (docs/decision.md 5). Counts are stored, ratios made when asked.

use rustc_hash::FxHashMap;

use crate::access::policy::PolicyWords;
use crate::access::words::QualityWords;
use crate::number::DigitKey;
use crate::state::CountWords;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counters {
    attempts: u64,
    answered: u64,
    effective: u64,
    talk_ms: u64,
    pdd_ms_sum: u64,
    pdd_samples: u64,
    mos_milli_sum: u64,
    mos_samples: u64,
}

/// Counters by offer place, each sorted by code.
#[derive(Debug, Default)]
pub struct Quality {
    by_offer: Vec<Vec<(DigitKey, Counters)>>,
}

/// Each figure of the longest code with enough samples; `None` = not enough anywhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    pub asr_ppm: Option<u64>,
    /// Attempts and code behind the ASR.
    pub attempts: Option<u64>,
    pub asr_code: Option<DigitKey>,
    pub ner_ppm: Option<u64>,
    pub acd_ms: Option<u64>,
    pub pdd_ms: Option<u64>,
    pub mos_milli: Option<u64>,
}

const LARGEST: u64 = 1 << 53;

impl Quality {
    pub fn parse(
        rows: &[QualityWords],
        places: &FxHashMap<i64, u32>,
        offers: usize,
    ) -> Result<Self, String> {
        let mut by_offer: Vec<Vec<(DigitKey, Counters)>> = vec![Vec::new(); offers];
        for (
            line,
            (
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
            ),
        ) in rows.iter().enumerate()
        {
            let of = |why: &str| format!("quality[{line}]: {why}");
            let place = *places
                .get(offer_id)
                .ok_or_else(|| of(&format!("offer_id {offer_id} is unknown")))?;
            let key = DigitKey::from_digits(code)
                .ok_or_else(|| of(&format!("code {code:?} is not 1 to 15 digits")))?;
            let counters = Counters {
                attempts: *attempts,
                answered: *answered,
                effective: *effective,
                talk_ms: *talk_ms,
                pdd_ms_sum: *pdd_ms_sum,
                pdd_samples: *pdd_samples,
                mos_milli_sum: *mos_milli_sum,
                mos_samples: *mos_samples,
            };
            if counters.answered > counters.attempts || counters.effective > counters.attempts {
                return Err(of("answered or effective is more than attempts"));
            }
            if [
                *attempts,
                *talk_ms,
                *pdd_ms_sum,
                *pdd_samples,
                *mos_milli_sum,
                *mos_samples,
            ]
            .iter()
            .any(|n| *n > LARGEST)
            {
                return Err(of("a counter is more than 2^53"));
            }
            if let Some(of_offer) = by_offer.get_mut(place as usize) {
                of_offer.push((key, counters));
            }
        }
        for of_offer in &mut by_offer {
            of_offer.sort_unstable_by_key(|(key, _)| *key);
            if let Some(pair) = of_offer.windows(2).find(|w| w[0].0 == w[1].0) {
                return Err(format!(
                    "quality: code {} of one offer stands twice",
                    pair[0].0
                ));
            }
        }
        Ok(Self { by_offer })
    }

    /// The rows of a state, checked before (`CountWords::check`); offers without a place are passed over.
    pub fn of_state(
        rows: &[CountWords],
        place_of: impl Fn(i64) -> Option<u32>,
        offers: usize,
    ) -> Result<Self, String> {
        if rows.is_empty() {
            return Ok(Self::default());
        }
        let mut by_offer: Vec<Vec<(DigitKey, Counters)>> = vec![Vec::new(); offers];
        for row in rows {
            let slot = place_of(row.offer_id).and_then(|place| by_offer.get_mut(place as usize));
            let Some(of_offer) = slot else { continue };
            let counters = Counters {
                attempts: row.attempts,
                answered: row.answered,
                effective: row.effective,
                talk_ms: row.talk_ms,
                pdd_ms_sum: row.pdd_ms_sum,
                pdd_samples: row.pdd_samples,
                mos_milli_sum: row.mos_milli_sum,
                mos_samples: row.mos_samples,
            };
            of_offer.push((crate::state::words::key(&row.code)?, counters));
        }
        for of_offer in &mut by_offer {
            of_offer.sort_unstable_by_key(|(key, _)| *key);
        }
        Ok(Self { by_offer })
    }

    fn rows(&self, offer: u32) -> &[(DigitKey, Counters)] {
        self.by_offer.get(offer as usize).map_or(&[], Vec::as_slice)
    }

    /// The figures of an offer (its place in access) for a number. `fresh` are the state's rows: they replace the
    /// snapshot's rows of the same code.
    pub fn figures(
        &self,
        fresh: Option<&Self>,
        offer: u32,
        number: DigitKey,
        policy: &PolicyWords,
    ) -> Figures {
        let mut out = Figures::default();
        let rows = self.rows(offer);
        let fresh = fresh.map_or(&[][..], |f| f.rows(offer));
        if rows.is_empty() && fresh.is_empty() {
            return out;
        }
        let find = |rows: &[(DigitKey, Counters)], key: DigitKey| {
            let at = rows.binary_search_by_key(&key, |(code, _)| *code).ok()?;
            rows.get(at).map(|(_, counters)| *counters)
        };
        for len in (1..=number.len()).rev() {
            let key = number.prefix(len);
            let Some(c) = find(fresh, key).or_else(|| find(rows, key)) else {
                continue;
            };
            if c.attempts >= policy.min_attempts && c.attempts > 0 {
                if out.asr_ppm.is_none() {
                    out.asr_ppm = Some(ratio(c.answered, 1_000_000, c.attempts));
                    (out.attempts, out.asr_code) = (Some(c.attempts), Some(key));
                }
                out.ner_ppm = out
                    .ner_ppm
                    .or(Some(ratio(c.effective, 1_000_000, c.attempts)));
            }
            if c.answered >= policy.min_answered && c.answered > 0 {
                out.acd_ms = out.acd_ms.or(Some(c.talk_ms / c.answered));
            }
            if c.pdd_samples >= policy.min_pdd && c.pdd_samples > 0 {
                out.pdd_ms = out.pdd_ms.or(Some(c.pdd_ms_sum / c.pdd_samples));
            }
            if c.mos_samples >= policy.min_mos && c.mos_samples > 0 {
                out.mos_milli = out.mos_milli.or(Some(c.mos_milli_sum / c.mos_samples));
            }
        }
        out
    }
}

fn ratio(part: u64, factor: u64, whole: u64) -> u64 {
    u64::try_from(u128::from(part) * u128::from(factor) / u128::from(whole.max(1)))
        .unwrap_or(u64::MAX)
}
