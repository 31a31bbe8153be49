//! Rules of what is heard after the answer.

use super::evidence::{Call, Finding, FindingKind, Thresholds, seconds};
use crate::rtp::audio::{MARKER_MS, Sound, SoundKind};

/// Our own marker comes back: the vendor looped the audio.
pub(super) fn looped_back(call: &Call, _: &Thresholds) -> Option<Finding> {
    let answered = call.near.answered_ms?;
    let ours = call.near_marker?;
    let sound = call
        .heard?
        .sounds
        .iter()
        .find(|sound| sound.kind == SoundKind::Marker(ours))?;
    Some(Finding {
        kind: FindingKind::LoopBack,
        reason: "our own marker came back: the audio is looped".to_owned(),
        evidence: vec![("heard_ms", sound.from_ms - answered)],
    })
}

/// Ring tone that began after the answer, or lasted well beyond it. (What was still on its way is too short to be taken for ringing.)
pub(super) fn ring_after_answer(call: &Call, thresholds: &Thresholds) -> Option<Finding> {
    let answered = call.near.answered_ms?;
    let ring = call.heard?.sounds.iter().find(|sound| {
        let late =
            sound.from_ms >= answered || sound.until_ms > answered + thresholds.ring_grace_ms;
        matches!(sound.kind, SoundKind::Ring(_)) && late
    })?;
    Some(Finding {
        kind: FindingKind::RingAfterAnswer,
        reason: format!(
            "ring tone {} after the answer",
            seconds(ring.from_ms.max(answered) - answered)
        ),
        evidence: vec![
            ("ring_from_ms", ring.from_ms - answered),
            ("ring_until_ms", ring.until_ms - answered),
        ],
    })
}

/// No packet came.
pub(super) fn no_media(call: &Call, thresholds: &Thresholds) -> Option<Finding> {
    let answered = call.near.answered_ms?;
    let gap = match (call.heard, call.no_media_ms) {
        (Some(heard), _) => heard
            .sounds
            .iter()
            .filter(|sound| sound.kind == SoundKind::NoMedia)
            .map(|sound| after(sound, answered))
            .find(|(from, lasted)| {
                *from <= thresholds.from_answer_ms && *lasted > thresholds.no_media_ms
            })?,
        (None, Some(lasted)) if lasted > thresholds.no_media_ms => (0, lasted),
        _ => return None,
    };
    Some(Finding {
        kind: FindingKind::NoMedia,
        reason: format!("no audio packet for {} after the answer", seconds(gap.1)),
        evidence: vec![("from_ms", gap.0), ("lasted_ms", gap.1)],
    })
}

/// Silence, comfort noise or one repeated byte from the answer on.
pub(super) fn silence(call: &Call, thresholds: &Thresholds) -> Option<Finding> {
    let answered = call.near.answered_ms?;
    let (from, lasted) = call
        .heard?
        .sounds
        .iter()
        .filter(|sound| matches!(sound.kind, SoundKind::Silence | SoundKind::Constant))
        .map(|sound| after(sound, answered))
        .find(|(from, lasted)| {
            *from <= thresholds.from_answer_ms && *lasted > thresholds.silence_ms
        })?;
    Some(Finding {
        kind: FindingKind::Silence,
        reason: format!("silence of {} after the answer", seconds(lasted)),
        evidence: vec![("from_ms", from), ("lasted_ms", lasted)],
    })
}

/// The far end's marker is not heard in time.
pub(super) fn foreign_audio(call: &Call, thresholds: &Thresholds) -> Option<Finding> {
    let answered = call.near.answered_ms?;
    let marker = call.far_marker?;
    let far_answered = call.far()?.answered_ms?;
    let since = answered.max(far_answered);
    let until = since + thresholds.marker_within_ms;
    let heard = call.heard?;
    let first = heard
        .sounds
        .iter()
        .filter(|sound| sound.kind == SoundKind::Marker(marker))
        .map(|sound| sound.from_ms)
        .min();
    // A call that ended before a whole marker could be heard proves nothing.
    let far_ended = call.far()?.ended_ms.unwrap_or(call.near.ended_ms);
    let listened = call.near.ended_ms.min(far_ended);
    if listened < until + MARKER_MS || first.is_some_and(|at| at <= until) {
        return None;
    }
    Some(Finding {
        kind: FindingKind::ForeignAudio,
        reason: match first {
            Some(at) => format!("our far end was first heard after {}", seconds(at - since)),
            None => "our far end was never heard: a recording or another party".to_owned(),
        },
        evidence: vec![
            ("voice_ms", heard.voice_ms),
            ("first_marker_ms", first.map_or(-1, |at| at - since)),
            ("listened_ms", listened - since),
        ],
    })
}

/// Start after the answer (not below 0) and length of the part after it.
fn after(sound: &Sound, answered: i64) -> (i64, i64) {
    let from = sound.from_ms.max(answered);
    (from - answered, sound.until_ms - from)
}
