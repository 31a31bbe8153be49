//! Rules of the times of both legs.

use super::evidence::{Call, EndedBy, Finding, FindingKind, Thresholds, seconds};
use crate::rtp::audio::SoundKind;

/// Answered, and our own number was not called within the time.
pub(super) fn no_far_leg(call: &Call, thresholds: &Thresholds) -> Option<Finding> {
    let answered = call.near.answered_ms?;
    let waited = match call.far()?.invited_ms {
        None => call.near.ended_ms - call.near.invited_ms,
        Some(invited) => invited - answered,
    };
    (waited >= thresholds.no_far_leg_ms).then(|| Finding {
        kind: FindingKind::FakeAnswer,
        reason: format!(
            "answered, but our number was not called for {}",
            seconds(waited)
        ),
        evidence: vec![
            ("answered_ms", answered - call.near.invited_ms),
            ("waited_ms", waited),
        ],
    })
}

/// Answered before our far end answered, or without.
pub(super) fn early_answer(call: &Call, thresholds: &Thresholds) -> Option<Finding> {
    let answered = call.near.answered_ms?;
    if let Some(far) = call.far() {
        let invited = far.invited_ms?;
        // A far end that never answered would have answered after the end at the soonest.
        let far_answered = far.answered_ms.unwrap_or(call.near.ended_ms);
        let early = far_answered - answered;
        return (early > thresholds.early_answer_ms).then(|| Finding {
            kind: FindingKind::EarlyAnswer,
            reason: match far.answered_ms {
                Some(_) => format!("answered {} before our far end answered", seconds(early)),
                None => "answered although our far end never answered".to_owned(),
            },
            evidence: vec![
                ("answered_ms", answered - call.near.invited_ms),
                ("far_invited_ms", invited - call.near.invited_ms),
                ("early_ms", early),
            ],
        });
    }
    let pdd = answered - call.near.invited_ms;
    let ring = call
        .heard?
        .sounds
        .iter()
        .find(|sound| matches!(sound.kind, SoundKind::Ring(_)) && sound.from_ms >= answered)?;
    (pdd < thresholds.short_pdd_ms).then(|| Finding {
        kind: FindingKind::EarlyAnswer,
        reason: format!("answered after {} and ring tone followed", seconds(pdd)),
        evidence: vec![
            ("answered_ms", pdd),
            ("ring_from_ms", ring.from_ms - answered),
        ],
    })
}

/// Refused as busy or unavailable, by code or by tone, and our number was never called.
pub(super) fn false_refusal(call: &Call, _: &Thresholds) -> Option<Finding> {
    if call.far()?.invited_ms.is_some() {
        return None;
    }
    let refused = matches!(call.near.final_code, 480 | 486 | 600 | 603);
    let tone = call.heard.and_then(|heard| {
        heard
            .sounds
            .iter()
            .find(|sound| matches!(sound.kind, SoundKind::Busy | SoundKind::Information))
    });
    let reason = match (call.near.answered_ms, refused, tone) {
        (None, true, _) => format!(
            "refused with {}, but our number was never called",
            call.near.final_code
        ),
        (_, _, Some(sound)) => {
            let what = if sound.kind == SoundKind::Busy {
                "busy tone"
            } else {
                "an information tone"
            };
            format!("{what} was played, but our number was never called")
        }
        _ => return None,
    };
    let lasted = call.near.ended_ms - call.near.invited_ms;
    Some(Finding {
        kind: FindingKind::FalseRefusal,
        reason,
        evidence: vec![
            ("code", i64::from(call.near.final_code)),
            ("lasted_ms", lasted),
        ],
    })
}

/// Our far end hung up, the near leg went on.
pub(super) fn late_release(call: &Call, thresholds: &Thresholds) -> Option<Finding> {
    call.near.answered_ms?;
    let far = call.far()?;
    let hung_up = far.ended_ms.filter(|_| far.ended_by_us)?;
    let late = call.near.ended_ms - hung_up;
    (late > thresholds.late_release_ms).then(|| Finding {
        kind: FindingKind::LateRelease,
        reason: format!(
            "our far end hung up, the vendor released {} later",
            seconds(late)
        ),
        evidence: vec![("late_ms", late)],
    })
}

/// Each end was told that the other hung up.
pub(super) fn cut_between(call: &Call, _: &Thresholds) -> Option<Finding> {
    let talk = call.talk_ms()?;
    let far = call.far()?;
    far.answered_ms?;
    let cut = call.near.ended_by == EndedBy::Peer && !far.ended_by_us;
    cut.then(|| Finding {
        kind: FindingKind::Cut,
        reason: format!("cut after {}, neither end hung up", seconds(talk)),
        evidence: vec![("talk_ms", talk)],
    })
}

/// The vendor reports more than lay between answer and end.
pub(super) fn stretched(call: &Call, thresholds: &Thresholds) -> Option<Finding> {
    let (billed, talk) = (call.billed_ms?, call.talk_ms().unwrap_or(0));
    let more = billed - talk;
    (more > thresholds.stretched_ms).then(|| Finding {
        kind: FindingKind::Stretched,
        reason: format!("reported as {}, lasted {}", seconds(billed), seconds(talk)),
        evidence: vec![("billed_ms", billed), ("talk_ms", talk)],
    })
}
