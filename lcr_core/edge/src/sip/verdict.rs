//! False answer supervision of one call, from its record and what was heard.
use lcr_core::sip::call::{Record, Side};
use lcr_core::testcall::fas::{self, Call, Far, FarLeg, NearLeg, Thresholds};
use serde_json::{Map, Value, json};

use super::finish::{Kept, released};
use super::record::{Finished, Times, figures, readable};
use super::running::{Running, Task};

/// One finding, as the record has it.
pub fn finding(finding: &fas::Finding) -> Value {
    let evidence: Map<String, Value> = finding
        .evidence
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    json!({"finding": finding.kind.word(), "reason": finding.reason, "evidence": evidence})
}

/// False answer supervision, on the clock of the call (ms since its INVITE).
pub fn judge(finished: &Finished<'_>, record: &Record, times: &Times, code: u16) -> fas::Verdict {
    let running = finished.running;
    let origin = times.invited.unwrap_or(times.begun);
    let ms = |us: i64| (us - origin).div_euclid(1000);
    let by_us = match released(&running.task, record.by).0 {
        Some("b") => fas::EndedBy::Peer,
        _ => fas::EndedBy::Us,
    };
    let heard = running
        .kept
        .as_ref()
        .and_then(Kept::heard)
        .filter(|_| readable(running, Side::B))
        .map(|heard| {
            let mut heard = heard.clone();
            let shift = origin.div_euclid(1000);
            for sound in &mut heard.sounds {
                sound.from_ms -= shift;
                sound.until_ms -= shift;
            }
            heard.first_voice_ms = heard.first_voice_ms.map(|at| at - shift);
            heard
        });
    let far = match finished.far {
        None => Far::Stranger,
        Some(part) => Far::Ours(FarLeg {
            invited_ms: part.invited_us.map(ms),
            answered_ms: part.answered_us.map(ms),
            ended_ms: part.ended_us.map(ms),
            ended_by_us: part.ended_by_us,
        }),
    };
    let (near_marker, far_marker) = match &running.task {
        Task::Originated { marker, far, .. } => {
            (*marker, far.as_ref().and_then(|slot| slot.marker))
        }
        _ => (None, None),
    };
    let call = Call {
        near: NearLeg {
            invited_ms: ms(origin),
            ringing_ms: times.ringing.map(ms),
            answered_ms: times.answered.map(ms),
            ended_ms: ms(times.released),
            ended_by: by_us,
            final_code: code,
        },
        far,
        heard: heard.as_ref(),
        no_media_ms: no_media(running, times),
        near_marker,
        far_marker,
        billed_ms: None,
    };
    fas::judge(&call, &Thresholds::default())
}

/// The longest time without a packet from the answer on.
fn no_media(running: &Running, times: &Times) -> Option<i64> {
    let answered = times.answered?;
    let figures = figures(running, Side::B)?;
    let talk = (times.released - answered).div_euclid(1000);
    let first = figures
        .received
        .streams
        .iter()
        .map(|s| s.first_at_nanos / 1000)
        .min();
    let last = figures
        .received
        .streams
        .iter()
        .map(|s| s.last_at_nanos / 1000)
        .max();
    let Some((first, last)) = first.zip(last) else {
        return Some(talk);
    };
    let before = (first - answered).div_euclid(1000);
    let after = (times.released - last).div_euclid(1000);
    let between = figures.received.longest_gap_nanos / 1_000_000;
    Some(before.max(after).max(between).clamp(0, talk))
}
