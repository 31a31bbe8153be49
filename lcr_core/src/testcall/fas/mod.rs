//! False answer supervision: from the times of both legs and what was heard to findings, each with its reason and evidence.
//!
//! One rule a file section; `judge` runs them all. Thresholds have the field's defaults and may be tuned. No single finding is proof:
//! the audio and the times it names are kept with it.

mod evidence;
mod history;
mod media;
mod timing;

pub use evidence::{
    Call, EndedBy, Far, FarLeg, Finding, FindingKind, NearLeg, Thresholds, Verdict,
};
pub use history::{CutCall, Prefilter, prefilter, short_stop};

/// Every finding, the weightiest first.
pub fn judge(call: &Call, thresholds: &Thresholds) -> Verdict {
    let rules = [
        timing::no_far_leg,
        timing::early_answer,
        timing::false_refusal,
        media::looped_back,
        media::ring_after_answer,
        media::no_media,
        media::silence,
        media::foreign_audio,
        timing::late_release,
        timing::cut_between,
        timing::stretched,
    ];
    let mut findings: Vec<Finding> = rules
        .iter()
        .filter_map(|rule| rule(call, thresholds))
        .collect();
    findings.sort_by_key(|finding| finding.kind);
    Verdict {
        findings,
        answered: call.near.answered_ms.is_some(),
    }
}

#[cfg(test)]
mod tests;
