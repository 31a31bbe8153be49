//! Gate 2: every loss of up to three packets, in every flow: one record, nothing left behind, never billed longer than the callee
//! saw the call.
use super::phone::Script;
use super::world::{MS, Outcome, play};
use crate::sip::call::EndedBy;
use crate::sip::clock::SECOND;

const RING: Script = Script {
    offer: true,
    cancel_at: None,
    caller_talks: None,
    ring_at: Some(50 * MS),
    reliable: false,
    answer: None,
    callee_talks: None,
};

fn check(script: Script, lost: &[usize]) -> Outcome {
    let out = play(script, lost);
    let what = || format!("{script:?} lost {lost:?}: {:#?}", out.records);
    assert_eq!(out.records.len(), 1, "{}", what());
    assert_eq!(out.silent, 1, "{}", what());
    assert!(out.machine.is_empty(), "{}", what());
    assert!(out.caller.idle() && out.callee.idle(), "{}", what());
    let record = &out.records[0];
    let seen = match (out.callee.answered, out.callee.ended) {
        (Some(from), Some(until)) => until - from,
        (Some(_), None) => panic!("the callee was left in a call: {}", what()),
        _ => 0,
    };
    assert!(
        record.talked() <= seen,
        "billed {} of {seen}: {}",
        record.talked(),
        what()
    );
    assert!(
        out.caller.code >= 200,
        "the caller knows the end: {}",
        what()
    );
    if out.caller.answered.is_some() {
        assert!(
            out.caller.ended.is_some(),
            "the caller was left in a call: {}",
            what()
        );
    }
    out
}

/// All patterns of up to `depth` lost packets; the later ones are chosen among what the earlier ones caused. Returns the runs.
fn every_loss(script: Script, lost: &mut Vec<usize>, depth: usize) -> usize {
    let packets = check(script, lost).packets;
    let mut runs = 1;
    if depth > 0 {
        let first = lost.last().map_or(0, |l| l + 1);
        for next in first..packets {
            lost.push(next);
            runs += every_loss(script, lost, depth - 1);
            lost.pop();
        }
    }
    runs
}

/// Three lost packets, unless `TANDEM_SIP_LOSSES` says fewer.
fn depth() -> usize {
    std::env::var("TANDEM_SIP_LOSSES")
        .ok()
        .and_then(|d| d.parse().ok())
        .unwrap_or(3)
}

fn exhaust(name: &str, script: Script) {
    println!(
        "{name}: {} runs",
        every_loss(script, &mut Vec::new(), depth())
    );
}

#[test]
fn a_call_ended_by_the_caller() {
    let script = Script {
        answer: Some((100 * MS, 200)),
        caller_talks: Some(5 * SECOND),
        ..RING
    };
    let out = check(script, &[]);
    let record = &out.records[0];
    assert_eq!(
        (record.by, record.code, record.q850),
        (EndedBy::Caller, 200, Some(16))
    );
    assert_eq!(
        record.talked(),
        5 * SECOND + 20 * MS,
        "our 200 took 10 ms to the caller, its BYE 10 ms back"
    );
    assert_eq!(record.attempts[0].ringing, Some(record.started + 70 * MS));
    assert!(record.confirmed.is_some());
    exhaust("caller BYE", script);
}

#[test]
fn a_call_ended_by_the_callee() {
    let script = Script {
        answer: Some((100 * MS, 200)),
        callee_talks: Some(5 * SECOND),
        ..RING
    };
    assert_eq!(check(script, &[]).records[0].by, EndedBy::Callee);
    exhaust("callee BYE", script);
}

#[test]
fn a_call_whose_offer_comes_with_the_200() {
    let script = Script {
        offer: false,
        answer: Some((100 * MS, 200)),
        caller_talks: Some(5 * SECOND),
        ..RING
    };
    assert_eq!(check(script, &[]).records[0].by, EndedBy::Caller);
    exhaust("delayed offer", script);
}

#[test]
fn a_call_that_is_refused() {
    let script = Script {
        answer: Some((100 * MS, 486)),
        ..RING
    };
    let out = check(script, &[]);
    assert_eq!(
        (out.records[0].code, out.records[0].by, out.caller.code),
        (486, EndedBy::Refusal, 486)
    );
    exhaust("busy", script);
}

#[test]
fn a_call_cancelled_while_it_rings() {
    let script = Script {
        cancel_at: Some(2 * SECOND),
        answer: Some((60 * SECOND, 200)),
        ..RING
    };
    let out = check(script, &[]);
    assert_eq!(
        (out.records[0].code, out.callee.code, out.caller.code),
        (487, 487, 487)
    );
    exhaust("CANCEL", script);
}

#[test]
fn a_call_cancelled_before_anything_came_back() {
    let script = Script {
        cancel_at: Some(0),
        ring_at: None,
        answer: Some((SECOND, 200)),
        ..RING
    };
    check(script, &[]);
    exhaust("early CANCEL", script);
}

#[test]
fn a_cancel_that_crosses_the_200() {
    // 10 ms each way: at 120 the 200 is between callee and machine, at 130 between machine and caller.
    for at in [105, 115, 120, 125, 130, 135] {
        let script = Script {
            cancel_at: Some(at * MS),
            answer: Some((100 * MS, 200)),
            ..RING
        };
        check(script, &[]);
        every_loss(script, &mut Vec::new(), depth().min(2));
    }
    exhaust(
        "CANCEL and 200",
        Script {
            cancel_at: Some(115 * MS),
            answer: Some((100 * MS, 200)),
            ..RING
        },
    );
}

#[test]
fn a_call_with_a_reliable_183() {
    let script = Script {
        reliable: true,
        answer: Some((300 * MS, 200)),
        caller_talks: Some(5 * SECOND),
        ..RING
    };
    let out = check(script, &[]);
    assert_eq!(out.records[0].by, EndedBy::Caller);
    exhaust("PRACK", script);
}
