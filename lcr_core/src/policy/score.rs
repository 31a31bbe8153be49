//! The blended score, an integer in 10⁻⁹; every division floors (docs/decision.md 5).

use crate::access::policy::PolicyWords;
use crate::money::scale_floor;
use crate::quality::Figures;

/// `cheapest` = the lowest comparable of *E*.
pub fn score(policy: &PolicyWords, comparable: u128, cheapest: u128, figures: &Figures) -> u64 {
    let weight = |ppm: u32| u64::from(ppm) * 1000;
    let cost = if comparable == 0 {
        weight(policy.w_cost_ppm)
    } else {
        scale_floor(weight(policy.w_cost_ppm), cheapest, comparable)
    };
    let part = |ppm: u32, share: Option<(u64, u64)>| {
        let (of, whole) = share.unwrap_or((u64::from(policy.prior_ppm), 1_000_000));
        scale_floor(
            weight(ppm),
            u128::from(of.min(whole)),
            u128::from(whole.max(1)),
        )
    };
    let target =
        |figure: Option<u64>, target: Option<u64>| figure.map(|f| (f, target.unwrap_or(1)));
    let pdd_max = policy.pdd_max_ms.unwrap_or(1);
    cost + part(
        policy.w_asr_ppm,
        target(figures.asr_ppm, policy.asr_target_ppm),
    ) + part(
        policy.w_acd_ppm,
        target(figures.acd_ms, policy.acd_target_ms),
    ) + part(
        policy.w_ner_ppm,
        figures.ner_ppm.map(|ner| (ner, 1_000_000)),
    ) + part(
        policy.w_pdd_ppm,
        figures
            .pdd_ms
            .map(|pdd| (pdd_max.saturating_sub(pdd), pdd_max)),
    )
}
