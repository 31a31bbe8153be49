//! The record of a call, word for word as docs/test-calls.md has it.
use lcr_core::rtp::packet::Protection;
use lcr_core::sip::call::{EndedBy, Record, Side};
use lcr_core::sip::method::Method;
use lcr_core::testcall::cli::{self, Plan};
use serde_json::{Map, Value, json};

use super::board::Mode;
use super::description::Audio;
use super::far::FarPart;
use super::figures::{side_words, sounds};
use super::finish::{Kept, released};
use super::identity::Signing;
use super::running::{Running, Task, leg};
use super::verdict::{finding, judge};
use crate::media::LegFigures;
use lcr_identity::CertificateChain;

pub struct Finished<'a> {
    pub running: &'a Running,
    pub far: Option<&'a FarPart>,
    pub files: Value,
    pub far_files: Option<Value>,
    pub ended_us: i64,
    pub verify: Option<&'a Signing>,
    /// Of the Identity header that arrived.
    pub certificates: Option<&'a CertificateChain>,
}

/// Instants of the call in microseconds since 1970.
pub struct Times {
    pub begun: i64,
    pub invited: Option<i64>,
    pub ringing: Option<i64>,
    pub early: Option<i64>,
    pub answered: Option<i64>,
    pub released: i64,
    /// BYE to its answer.
    pub disconnect: Option<i64>,
}

/// The words, and the talk time in microseconds.
pub fn words(finished: &Finished<'_>) -> (Map<String, Value>, i64) {
    let running = finished.running;
    let Some(record) = running.record.as_deref() else {
        return (Map::new(), 0);
    };
    let times = times(running, record);
    let talk = times
        .answered
        .map_or(0, |from| (times.released - from).max(0));
    let facts = &running.facts;
    let (mode, ids, from) = match &running.task {
        Task::Forwarded { ticket, from } => (
            Mode::Forwarded,
            (
                Some(ticket.ticket_id),
                ticket.company_id,
                Some(ticket.trunk_id),
            ),
            from.clone(),
        ),
        Task::Originated { order, .. } => (
            Mode::Originated,
            (order.ticket_id, order.company_id, None),
            order.from.clone(),
        ),
        Task::Far { .. } => return (Map::new(), 0),
    };
    let last = record.attempts.last();
    let code = if record.answered.is_some() {
        200
    } else {
        final_code(running, record)
    };
    let outcome = outcome(running, record, code);
    let judged = judge(finished, record, &times, code);
    let findings: Vec<Value> = judged.findings.iter().map(finding).collect();
    let verdict = match (findings.is_empty(), record.answered.is_some()) {
        (false, _) => "suspect",
        (true, true) => "honest",
        (true, false) => "unanswered",
    };
    let wall = |at: u64| running.wall_us(at);
    let attempts: Vec<Value> = record
        .attempts
        .iter()
        .map(|a| json!({"offer_id": facts.offer_id, "address": facts.address.to_string(), "invited_us": wall(a.invited),
            "ringing_us": a.ringing.map(wall), "code": a.code, "q850": a.q850, "ended_us": wall(a.ended)}))
        .collect();
    let (ladder, left_out) = running.live.ladder();
    let pdd = times
        .ringing
        .or(times.answered)
        .zip(times.invited)
        .map(|(r, i)| r - i);
    let ringing_for = times.ringing.zip(times.answered).map(|(r, a)| a - r);
    let price = facts
        .price
        .as_ref()
        .map(|p| p.words(u64::try_from(talk).unwrap_or(0).div_ceil(1000)));
    let spent = facts
        .price
        .as_ref()
        .map(|p| p.base_cost_nanos(u64::try_from(talk).unwrap_or(0).div_ceil(1000)));
    let kept = running.kept.as_ref();
    let heard = kept
        .and_then(Kept::heard)
        .filter(|_| readable(running, Side::B));
    let call_ids: Vec<&str> = record.attempts.iter().map(|a| a.call_id.as_str()).collect();
    let mut out = Map::new();
    let mut add = |words: Value| {
        if let Value::Object(words) = words {
            out.extend(words);
        }
    };
    add(json!({
        "kind": "record", "call": facts.name, "mode": mode.word(),
        "ticket_id": ids.0, "company_id": ids.1, "trunk_id": ids.2, "offer_id": facts.offer_id, "carrier_id": facts.carrier_id,
        "number": facts.number, "from": from, "snapshot": facts.snapshot,
        "outcome": outcome, "code": code, "reason": running.reason, "q850": record.q850.or(last.and_then(|a| a.q850)),
    }));
    add(json!({
        "begun_us": times.begun, "invited_us": times.invited, "ringing_us": times.ringing, "early_media_us": times.early,
        "answered_us": times.answered, "released_us": times.released, "ended_us": finished.ended_us,
        "pdd_us": pdd, "ringing_for_us": ringing_for, "talk_us": talk, "disconnect_us": times.disconnect,
        "released_by": released(&running.task, record.by).1,
    }));
    add(json!({
        "attempts": attempts, "price": price, "spent_nanos": spent, "media": media(running),
        "cli": cli_words(finished), "far": far_words(finished), "identity": identity_words(finished),
        "heard": heard.map(sounds), "voice_ms": heard.map(|h| h.voice_ms),
        "findings": findings, "verdict": verdict, "files": finished.files,
        "events": ladder, "events_left_out": left_out,
        "sip_call_ids": {"a": (mode == Mode::Forwarded).then_some(&record.call_id), "b": call_ids},
    }));
    (out, talk)
}

/// What the seller's trunk said at last; where it said nothing, what the caller got.
fn final_code(running: &Running, record: &Record) -> u16 {
    let said = record.attempts.last().map(|a| a.code).filter(|c| *c >= 300);
    match (&running.task, record.by) {
        (_, EndedBy::Caller) => 487,
        (_, EndedBy::Operator) if said.is_none() => 487,
        _ => said.unwrap_or(record.code),
    }
}

fn outcome(running: &Running, record: &Record, code: u16) -> &'static str {
    let rang = record.attempts.iter().any(|a| a.ringing.is_some());
    if record.answered.is_some() {
        return "answered";
    }
    if matches!(record.by, EndedBy::Caller | EndedBy::Operator) {
        return "cancelled";
    }
    if record.attempts.is_empty() {
        return "failed";
    }
    // The Reason header's cause counts before the code (RFC 6076, E.425).
    let cause = record.q850.or(record.attempts.last().and_then(|a| a.q850));
    let _ = running;
    match (cause, code) {
        (Some(17), _) => "busy",
        (Some(18..=20), _) => "no_answer",
        (Some(21), _) => "rejected",
        (Some(1 | 22 | 28), _) => "bad_number",
        (Some(2 | 3 | 34 | 38 | 41 | 42 | 47 | 127), _) => "failed",
        (_, 486 | 600) => "busy",
        (_, 480) => "no_answer",
        (_, 408 | 487) if rang => "no_answer",
        (_, 603 | 607 | 608) => "rejected",
        (_, 404 | 410 | 484 | 604) => "bad_number",
        _ => "failed",
    }
}

fn times(running: &Running, record: &Record) -> Times {
    let wall = |at: u64| running.wall_us(at);
    let first = record.attempts.first();
    let ringing = record.attempts.iter().find_map(|a| a.ringing);
    let answered = record.answered.map(wall);
    let bye = record
        .stamps
        .iter()
        .find(|s| s.method == Method::Bye && s.sent && s.code == 0);
    let over = bye.and_then(|bye| {
        let same = |s: &&lcr_core::sip::call::Stamp| {
            s.method == Method::Bye && !s.sent && s.side == bye.side && s.code >= 200
        };
        record.stamps.iter().find(same)
    });
    let figures = figures(running, Side::B);
    let began = figures.and_then(|f| f.received.streams.iter().map(|s| s.first_at_nanos).min());
    let early = began
        .map(|nanos| nanos / 1000)
        .filter(|at| answered.is_none_or(|a| *at < a));
    Times {
        begun: running.live.begun_us,
        invited: first.map(|a| wall(a.invited)),
        ringing: ringing.map(wall),
        early,
        answered,
        released: wall(record.ended),
        disconnect: bye
            .zip(over)
            .map(|(b, o)| i64::try_from(o.at - b.at).unwrap_or(0)),
    }
}

pub fn figures(running: &Running, side: Side) -> Option<&LegFigures> {
    match running.kept.as_ref()? {
        Kept::Relay(closed) => closed.legs.get(leg(side)),
        Kept::End(closed) => Some(&closed.figures),
    }
}

/// The audio of a side can be listened to.
pub fn readable(running: &Running, side: Side) -> bool {
    let audio = running.sides[leg(side)].audio.as_ref();
    audio.is_some_and(|a| a.audible.is_some() && a.protection == Protection::Clear)
}

fn media(running: &Running) -> Value {
    let of = |side: Side| {
        let figures = figures(running, side)?;
        Some(side_words(figures, running.sides[leg(side)].audio.as_ref()))
    };
    match &running.task {
        Task::Forwarded { .. } => json!({"a": of(Side::A), "b": of(Side::B)}),
        _ => json!({"b": of(Side::B)}),
    }
}

fn cli_words(finished: &Finished<'_>) -> Value {
    let (
        Some(far),
        Task::Originated {
            order,
            far: Some(slot),
            ..
        },
    ) = (finished.far, &finished.running.task)
    else {
        return Value::Null;
    };
    let Some(sent) = order.from.as_deref().filter(|_| far.invited_us.is_some()) else {
        return Value::Null;
    };
    let delivered = cli::Delivered {
        from: &far.delivered.from,
        asserted: far.delivered.asserted.as_deref(),
        private: far.delivered.private,
        diversion: far.delivered.diversion.as_deref(),
        signed: None,
    };
    let plan = Plan {
        country: &slot.own.country,
        national_prefix: &slot.own.national_prefix,
        international_prefix: &slot.own.international_prefix,
    };
    let verdict = cli::verify(sent, &delivered, &plan);
    json!({"sent": sent, "received": far.delivered.from, "asserted": far.delivered.asserted, "private": far.delivered.private,
        "diversion": far.delivered.diversion, "shown": verdict.shown.word(), "asserted_class": verdict.asserted.map(|c| c.word()),
        "disagree": verdict.disagree, "diverted": verdict.diverted})
}

fn far_words(finished: &Finished<'_>) -> Value {
    let Some(far) = finished.far else {
        return Value::Null;
    };
    let audio = Audio {
        index: 0,
        address: far.address,
        payloads: Default::default(),
        audible: None,
        codec: far.codec.clone(),
        event: None,
        protection: Protection::Clear,
    };
    let media = match &far.kept {
        Some(Kept::End(closed)) => side_words(&closed.figures, Some(&audio)),
        _ => Value::Null,
    };
    let heard = far.kept.as_ref().and_then(Kept::heard).map(sounds);
    json!({"invited_us": far.invited_us, "ringing_us": far.ringing_us, "answered_us": far.answered_us, "ended_us": far.ended_us,
        "ended_by_us": far.ended_by_us, "media": media, "heard": heard, "files": finished.far_files})
}

fn identity_words(finished: &Finished<'_>) -> Value {
    let Task::Originated { order, signed, .. } = &finished.running.task else {
        return json!({"sent": null, "received": null});
    };
    let sent = signed
        .as_ref()
        .map(|(attest, origid)| json!({"attest": attest, "origid": origid}));
    let received = finished
        .far
        .filter(|far| far.invited_us.is_some())
        .map(|far| {
            let now_us = far.invited_us.unwrap_or(0);
            match (finished.verify, &far.identity) {
                (Some(signing), Some(value)) => {
                    let numbers = (far.delivered.from.as_str(), order.number.as_str());
                    signing.verify(value, finished.certificates, numbers, now_us)
                }
                (None, Some(_)) => {
                    json!({"verstat": "No-TN-Validation", "why": "no roots are configured"})
                }
                (_, None) => {
                    json!({"verstat": "No-TN-Validation", "why": "no Identity header arrived"})
                }
            }
        });
    json!({"sent": sent, "received": received})
}
