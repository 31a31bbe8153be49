#![allow(clippy::unwrap_used)]
use super::*;
use crate::rtp::audio::{Heard, Sound, SoundKind, Tone};

fn near(answered: Option<i64>, ended: i64) -> NearLeg {
    NearLeg {
        invited_ms: 0,
        ringing_ms: Some(1500),
        answered_ms: answered,
        ended_ms: ended,
        ended_by: EndedBy::Us,
        final_code: if answered.is_some() { 200 } else { 486 },
    }
}

fn far() -> FarLeg {
    FarLeg {
        invited_ms: Some(1000),
        answered_ms: Some(4000),
        ended_ms: Some(20_050),
        ended_by_us: false,
    }
}

fn heard(sounds: &[(SoundKind, i64, i64)]) -> Heard {
    Heard {
        sounds: sounds
            .iter()
            .map(|(kind, from_ms, until_ms)| Sound {
                kind: *kind,
                from_ms: *from_ms,
                until_ms: *until_ms,
            })
            .collect(),
        ..Heard::default()
    }
}

/// An honest call to our own number: rung for 3 s, our far end's marker 9 heard at once.
fn honest(heard: &Heard) -> Call<'_> {
    Call {
        near: near(Some(4100), 20_000),
        far: Far::Ours(far()),
        heard: Some(heard),
        no_media_ms: None,
        near_marker: Some(7),
        far_marker: Some(9),
        billed_ms: Some(16_000),
    }
}

fn marked() -> Heard {
    heard(&[(SoundKind::Marker(9), 4200, 5040)])
}

fn kinds(call: &Call) -> Vec<FindingKind> {
    let verdict = judge(call, &Thresholds::default());
    verdict
        .findings
        .iter()
        .map(|finding| finding.kind)
        .collect()
}

#[test]
fn an_honest_call_has_no_findings() {
    let heard = marked();
    assert_eq!(kinds(&honest(&heard)), []);
    let verdict = judge(&honest(&heard), &Thresholds::default());
    assert!(verdict.is_honest() && verdict.answered && verdict.first().is_none());
}

#[test]
fn an_answer_before_the_far_end_answered_is_early() {
    let heard = marked();
    let mut call = honest(&heard);
    call.near.answered_ms = Some(1500);
    call.billed_ms = None;
    let verdict = judge(&call, &Thresholds::default());
    assert_eq!(verdict.first(), Some(FindingKind::EarlyAnswer));
    assert_eq!(
        verdict.findings[0].reason,
        "answered 2.500 s before our far end answered"
    );
    assert!(verdict.findings[0].evidence.contains(&("early_ms", 2500)));
    call.near.answered_ms = Some(3900);
    assert_eq!(kinds(&call), [], "within the tolerance of one clock");
}

#[test]
fn an_answer_without_any_far_leg_is_fake() {
    let silent = heard(&[]);
    let mut call = honest(&silent);
    call.far = Far::Ours(FarLeg::default());
    assert_eq!(kinds(&call), [FindingKind::FakeAnswer]);
    call.near.ended_ms = 9_000;
    call.billed_ms = None;
    assert_eq!(kinds(&call), [], "ended too soon to be sure");
}

#[test]
fn a_stranger_who_answers_at_once_and_then_rings_answered_early() {
    let ring = heard(&[(SoundKind::Ring(Tone::Single425), 1000, 2000)]);
    let mut call = honest(&ring);
    call.far = Far::Stranger;
    call.near.answered_ms = Some(600);
    call.billed_ms = None;
    assert_eq!(kinds(&call)[0], FindingKind::EarlyAnswer);
    call.near.answered_ms = Some(1100);
    assert_eq!(
        kinds(&call),
        [],
        "the ring was there before and ended within the grace"
    );
    call.near.invited_ms = -1000;
    call.near.answered_ms = Some(900);
    assert_eq!(
        kinds(&call),
        [FindingKind::RingAfterAnswer],
        "it began after the answer"
    );
}

#[test]
fn ring_tone_long_after_the_answer_is_a_fault() {
    let ring = heard(&[
        (SoundKind::Ring(Tone::Single425), 2000, 4500),
        (SoundKind::Ring(Tone::Single425), 7000, 8000),
        (SoundKind::Marker(9), 4200, 5040),
    ]);
    let verdict = judge(&honest(&ring), &Thresholds::default());
    assert_eq!(verdict.first(), Some(FindingKind::RingAfterAnswer));
    assert_eq!(verdict.findings[0].evidence[0], ("ring_from_ms", 2900));
}

#[test]
fn silence_counts_from_the_answer_and_only_when_long() {
    for (from, until, found) in [
        (3000, 10_000, true),
        (3000, 9_000, false),
        (6000, 19_000, false),
    ] {
        for kind in [SoundKind::Silence, SoundKind::Constant] {
            let heard = heard(&[(SoundKind::Marker(9), 4200, 5040), (kind, from, until)]);
            assert_eq!(
                kinds(&honest(&heard)).contains(&FindingKind::Silence),
                found,
                "{from} {until}"
            );
        }
    }
}

#[test]
fn missing_media_counts_with_and_without_a_readable_codec() {
    let gap = heard(&[(SoundKind::NoMedia, 4100, 20_000)]);
    assert_eq!(kinds(&honest(&gap))[0], FindingKind::NoMedia);
    let nothing = heard(&[]);
    let mut call = honest(&nothing);
    call.heard = None;
    call.no_media_ms = Some(2500);
    assert_eq!(kinds(&call), [FindingKind::NoMedia]);
    call.no_media_ms = Some(1500);
    assert_eq!(kinds(&call), []);
}

#[test]
fn a_far_end_that_is_not_heard_is_foreign_audio_and_our_own_marker_a_loop() {
    let nobody = heard(&[]);
    assert_eq!(kinds(&honest(&nobody)), [FindingKind::ForeignAudio]);
    let late = heard(&[(SoundKind::Marker(9), 9000, 9840)]);
    assert_eq!(kinds(&honest(&late)), [FindingKind::ForeignAudio]);
    let mut short = honest(&nobody);
    short.near.ended_ms = 6500;
    short.billed_ms = None;
    assert_eq!(kinds(&short), [], "too short to be sure");
    let own = heard(&[(SoundKind::Marker(7), 4200, 5040)]);
    assert_eq!(kinds(&honest(&own))[0], FindingKind::LoopBack);
}

#[test]
fn release_stretching_and_cuts_are_told_apart() {
    let heard = marked();
    let mut late = honest(&heard);
    late.far = Far::Ours(FarLeg {
        ended_ms: Some(15_000),
        ended_by_us: true,
        ..far()
    });
    assert_eq!(kinds(&late), [FindingKind::LateRelease]);
    let mut stretched = honest(&heard);
    stretched.billed_ms = Some(18_000);
    assert_eq!(kinds(&stretched), [FindingKind::Stretched]);
    let mut cut = honest(&heard);
    cut.near.ended_by = EndedBy::Peer;
    assert_eq!(kinds(&cut), [FindingKind::Cut]);
}

#[test]
fn a_refusal_is_false_only_when_our_number_was_never_called() {
    let nothing = heard(&[]);
    let mut call = honest(&nothing);
    call.near = near(None, 3000);
    call.billed_ms = None;
    call.far = Far::Ours(FarLeg::default());
    assert_eq!(kinds(&call), [FindingKind::FalseRefusal]);
    call.far = Far::Ours(FarLeg {
        invited_ms: Some(800),
        ..FarLeg::default()
    });
    assert_eq!(kinds(&call), []);
    let tone = heard(&[(SoundKind::Information, 500, 1500)]);
    let mut call = honest(&tone);
    call.near = NearLeg {
        final_code: 503,
        ..near(None, 3000)
    };
    call.billed_ms = None;
    call.far = Far::Ours(FarLeg::default());
    assert_eq!(kinds(&call), [FindingKind::FalseRefusal]);
}
