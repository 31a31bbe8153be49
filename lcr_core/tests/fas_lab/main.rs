//! The lab of false answer supervision: a scripted bad vendor for each type and honest ones, 200 seeded calls each, with noise, loss and
//! jitter on the audio. At least 95 % of each bad type must be named, at most 1 % of honest calls accused.
#![allow(clippy::float_arithmetic, clippy::unwrap_used)]

mod calls;
mod random;
mod sound;

use calls::{Honest, Vendor, run_honest, run_vendor};
use lcr_core::rtp::audio::synth::Tones;
use lcr_core::testcall::fas::{CutCall, EndedBy, FindingKind, short_stop};
use random::Random;

const RUNS: u64 = 200;

#[track_caller]
fn found(vendor: Vendor, expected: FindingKind) {
    let mut missed = Vec::new();
    for seed in 0..RUNS {
        let verdict = run_vendor(vendor, seed);
        if verdict.first() != Some(expected) {
            missed.push((seed, verdict.first()));
        }
    }
    let named = RUNS as usize - missed.len();
    println!("{vendor:?}: {named} of {RUNS} named {}", expected.word());
    assert!(missed.len() as u64 * 20 <= RUNS, "{vendor:?} {missed:?}");
}

#[track_caller]
fn not_accused(honest: Honest) {
    let accused: Vec<_> = (0..RUNS)
        .map(|seed| (seed, run_honest(honest, seed)))
        .filter(|(_, verdict)| !verdict.is_honest())
        .map(|(seed, verdict)| (seed, verdict.findings))
        .collect();
    println!("{honest:?}: {} of {RUNS} accused", accused.len());
    assert!(accused.len() as u64 * 100 <= RUNS, "{honest:?} {accused:?}");
}

#[test]
fn an_answer_at_ring_start_is_found_with_our_own_far_end() {
    found(Vendor::EarlyAnswer, FindingKind::EarlyAnswer);
}

#[test]
fn an_answer_at_ring_start_is_found_without_it() {
    found(Vendor::EarlyAnswerStranger, FindingKind::EarlyAnswer);
}

#[test]
fn an_answer_without_a_far_leg_is_found() {
    found(Vendor::FakeAnswer, FindingKind::FakeAnswer);
}

#[test]
fn ring_tone_after_the_answer_is_found() {
    found(Vendor::RingAfterAnswer, FindingKind::RingAfterAnswer);
}

#[test]
fn silence_after_the_answer_is_found() {
    found(Vendor::Silence, FindingKind::Silence);
}

#[test]
fn comfort_noise_after_the_answer_is_found() {
    found(Vendor::ComfortNoise, FindingKind::Silence);
}

#[test]
fn one_repeated_byte_after_the_answer_is_found() {
    found(Vendor::Constant, FindingKind::Silence);
}

#[test]
fn no_packets_after_the_answer_are_found() {
    found(Vendor::NoMedia, FindingKind::NoMedia);
}

#[test]
fn a_recording_instead_of_our_far_end_is_found() {
    found(Vendor::Recording, FindingKind::ForeignAudio);
}

#[test]
fn a_loop_of_our_own_audio_is_found() {
    found(Vendor::LoopBack, FindingKind::LoopBack);
}

#[test]
fn a_late_release_is_found() {
    found(Vendor::LateRelease, FindingKind::LateRelease);
}

#[test]
fn a_stretched_call_is_found() {
    found(Vendor::Stretched, FindingKind::Stretched);
}

#[test]
fn a_call_cut_in_the_middle_is_found() {
    found(Vendor::Cut, FindingKind::Cut);
}

#[test]
fn a_refusal_that_never_reached_us_is_found() {
    found(Vendor::FalseBusy, FindingKind::FalseRefusal);
}

#[test]
fn an_information_tone_that_never_reached_us_is_found() {
    found(Vendor::FalseInformation, FindingKind::FalseRefusal);
}

#[test]
fn honest_calls_to_our_own_number_are_not_accused() {
    not_accused(Honest::Ours);
}

#[test]
fn honest_people_are_not_accused() {
    not_accused(Honest::Person);
}

#[test]
fn people_who_answer_at_once_are_not_accused() {
    not_accused(Honest::QuickPerson);
}

#[test]
fn an_honest_voicemail_with_its_beep_is_not_accused() {
    not_accused(Honest::Voicemail);
}

#[test]
fn music_is_not_accused() {
    not_accused(Honest::Music);
}

#[test]
fn a_true_busy_is_not_accused() {
    not_accused(Honest::Busy);
}

#[test]
fn a_call_our_far_end_ends_is_not_accused() {
    not_accused(Honest::FarHangsUp);
}

#[test]
fn a_vendor_that_cuts_at_one_duration_is_found_and_an_honest_one_is_not() {
    let (mut named, mut accused) = (0, 0);
    for seed in 0..RUNS {
        let mut random = Random::new(seed);
        let stop = random.between(20_000, 50_000);
        let mut calls = |honest: bool| -> Vec<CutCall> {
            (0..15)
                .map(|_| {
                    let planned_ms = 60_000;
                    let bad = !honest && random.chance(75);
                    let dropped = random.chance(20);
                    let (talk_ms, ended_by) = match (bad, dropped) {
                        (true, _) => (stop + random.between(-150, 150), EndedBy::Peer),
                        (_, true) => (random.between(1000, 60_000), EndedBy::Peer),
                        _ => (planned_ms, EndedBy::Us),
                    };
                    CutCall {
                        talk_ms,
                        planned_ms,
                        ended_by,
                    }
                })
                .collect()
        };
        let (bad, honest) = (calls(false), calls(true));
        named += u64::from(short_stop(&bad).is_some_and(|(at, _)| (at - stop).abs() < 500));
        accused += u64::from(short_stop(&honest).is_some());
    }
    assert!(named * 100 >= RUNS * 80, "{named}");
    assert!(accused * 100 <= RUNS, "{accused}");
    assert!(Tones::single(425.0, -100).sample(0).abs() < 1.0);
}
