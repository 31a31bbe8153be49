//! Floors on measured quality; a figure without enough samples passes.

use crate::access::policy::PolicyWords;
use crate::quality::Figures;

/// The word of the floor that is missed.
pub fn missed(policy: &PolicyWords, figures: &Figures) -> Option<&'static str> {
    let below = |floor: Option<u64>, figure: Option<u64>| {
        floor
            .zip(figure)
            .is_some_and(|(floor, figure)| figure < floor)
    };
    if below(policy.floor_asr_ppm, figures.asr_ppm) {
        Some("floor_asr_ppm")
    } else if below(policy.floor_acd_ms, figures.acd_ms) {
        Some("floor_acd_ms")
    } else if below(policy.floor_ner_ppm, figures.ner_ppm) {
        Some("floor_ner_ppm")
    } else if below(policy.floor_mos_milli, figures.mos_milli) {
        Some("floor_mos_milli")
    } else if policy
        .ceiling_pdd_ms
        .zip(figures.pdd_ms)
        .is_some_and(|(ceiling, pdd)| pdd > ceiling)
    {
        Some("ceiling_pdd_ms")
    } else {
        None
    }
}
