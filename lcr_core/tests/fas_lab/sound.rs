//! Audio of the lab: voices, tones and markers in time, sent as RTP through a network that loses and delays.

use std::f64::consts::TAU;
use std::sync::OnceLock;

use lcr_core::rtp::audio::synth::{Tones, clip};
use lcr_core::rtp::audio::{Ear, Heard, g711, marker_frame};
use lcr_core::rtp::payload::Law;

use crate::random::Random;

/// What sounds from an instant on (ms), until the next.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    Quiet,
    /// Which of the voices; loudness in percent.
    Voice(usize, i64),
    Music(usize),
    Marker(u16),
    /// 0 = 425 Hz 1/4 s, 1 = 440+480 Hz 2/4 s, 2 = 400+450 Hz .4/.2/.4/2 s.
    Ring(usize),
    Information,
    Beep,
    Constant(u8),
    NoPackets,
}

pub struct Network {
    pub loss_percent: i64,
    pub jitter_ms: i64,
    pub delay_ms: i64,
    /// Background noise, RMS in 16-bit samples.
    pub noise: f64,
    pub law: Law,
}

impl Network {
    pub fn new(random: &mut Random) -> Self {
        Self {
            loss_percent: random.between(0, 5),
            jitter_ms: random.between(0, 35),
            delay_ms: random.between(10, 250),
            noise: random.between(2, 14) as f64,
            law: if random.chance(50) { Law::A } else { Law::Mu },
        }
    }
}

const VOICES: usize = 6;
const VOICE_SAMPLES: usize = 8000 * 6;

fn voices() -> &'static [Vec<f32>; VOICES] {
    static BANK: OnceLock<[Vec<f32>; VOICES]> = OnceLock::new();
    BANK.get_or_init(|| std::array::from_fn(|speaker| voice(speaker as u64)))
}

/// Syllables of harmonics with moving pitch and formants, hisses between them, short pauses after phrases.
fn voice(speaker: u64) -> Vec<f32> {
    let mut random = Random::new(1000 + speaker);
    let pitch = 95.0 + 28.0 * speaker as f64;
    let mut out = Vec::with_capacity(VOICE_SAMPLES);
    let mut phase = 0.0;
    while out.len() < VOICE_SAMPLES {
        let length = random.between(900, 2200) as usize;
        let formants = [
            300.0 + 500.0 * random.unit(),
            1000.0 + 1200.0 * random.unit(),
        ];
        let (glide, hiss) = (0.8 + 0.4 * random.unit(), random.chance(20));
        let kind = random.between(0, 9);
        for n in 0..length {
            let at = n as f64 / length as f64;
            let envelope = (std::f64::consts::PI * at).sin().powf(0.6);
            let now =
                pitch * (1.0 + (glide - 1.0) * at + 0.03 * (TAU * 5.0 * n as f64 / 8000.0).sin());
            phase += now / 8000.0;
            let sample = if kind == 0 {
                0.0
            } else if hiss {
                random.noise() * 900.0
            } else {
                (1..16)
                    .map(|harmonic| {
                        let hz = now * f64::from(harmonic);
                        let near = |formant: f64| 1.0 / (1.0 + ((hz - formant) / 150.0).powi(2));
                        let weight = near(formants[0]) + 0.5 * near(formants[1]) + 0.05;
                        weight * (TAU * phase * f64::from(harmonic)).sin()
                    })
                    .sum::<f64>()
                    * 2600.0
            };
            out.push((sample * envelope) as f32);
        }
    }
    out
}

/// Chords that change twice a second.
fn music(which: usize, n: u64) -> f64 {
    const ROOTS: [f64; 4] = [220.0, 261.6, 293.7, 329.6];
    let root = ROOTS[((n / 4000) as usize + which) % 4];
    let at = n as f64 / 8000.0;
    let fade = 1.0 - (n % 4000) as f64 / 6000.0;
    let chord: f64 = [1.0, 1.26, 1.5, 2.0]
        .iter()
        .map(|ratio| (TAU * root * ratio * at).sin())
        .sum();
    chord * 1200.0 * fade
}

fn ring(which: usize, n: u64) -> f64 {
    let ms = n / 8;
    let (on, tones) = match which {
        0 => (ms % 5000 < 1000, Tones::single(425.0, -160)),
        1 => (ms % 6000 < 2000, Tones::pair(440.0, 480.0, -190)),
        _ => {
            let at = ms % 3000;
            (
                at < 400 || (600..1000).contains(&at),
                Tones::pair(400.0, 450.0, -190),
            )
        }
    };
    if on { tones.sample(n) } else { 0.0 }
}

fn information(n: u64) -> f64 {
    let hz = [950.0, 1400.0, 1800.0].get((n / 8 / 330) as usize);
    hz.map_or(0.0, |hz| Tones::single(*hz, -180).sample(n))
}

/// Sample `n` since the source began.
fn sample(source: Source, n: u64) -> f64 {
    match source {
        Source::Quiet | Source::Constant(_) | Source::NoPackets => 0.0,
        Source::Voice(which, percent) => {
            let bank = &voices()[which % VOICES];
            f64::from(bank[n as usize % bank.len()]) * percent as f64 / 100.0
        }
        Source::Music(which) => music(which, n),
        Source::Marker(_) => 0.0,
        Source::Ring(which) => ring(which, n),
        Source::Information => information(n),
        Source::Beep if n < 8 * 500 => Tones::single(1000.0, -150).sample(n),
        Source::Beep => 0.0,
    }
}

/// Sends the scene from its first instant to `until_ms` and listens at the other end.
pub fn listen(
    scene: &[(i64, Source)],
    until_ms: i64,
    network: &Network,
    random: &mut Random,
) -> Heard {
    let mut packets: Vec<(i64, u32, Vec<u8>)> = Vec::new();
    let begun = scene.first().map_or(0, |(at, _)| *at);
    let mut lost_before = false;
    for n in 0..(until_ms - begun).max(0) / 20 {
        let at = begun + n * 20;
        let (since, source) = *scene.iter().rev().find(|(from, _)| *from <= at).unwrap();
        if matches!(source, Source::NoPackets) {
            continue;
        }
        let payload = payload(source, ((at - since) * 8) as u64, network, random);
        // Losses come in runs now and then.
        let percent = if lost_before {
            network.loss_percent * 5
        } else {
            network.loss_percent
        };
        lost_before = random.chance(percent);
        let jitter = if network.jitter_ms > 0 {
            random.between(0, network.jitter_ms)
        } else {
            0
        };
        if !lost_before {
            packets.push((at + network.delay_ms + jitter, n as u32 * 160, payload));
        }
    }
    packets.sort_by_key(|packet| packet.0);
    let mut ear = Ear::new(network.law);
    ear.begin(begun);
    for (at, timestamp, payload) in packets.iter().filter(|packet| packet.0 <= until_ms) {
        ear.hear(*at, *timestamp, payload);
    }
    ear.finish(until_ms)
}

fn payload(source: Source, n: u64, network: &Network, random: &mut Random) -> Vec<u8> {
    match source {
        Source::Constant(byte) => vec![byte; 160],
        Source::Marker(code) => {
            let frame = marker_frame(code, network.law, n / 160);
            let noisy = frame.map(|byte| {
                let sample =
                    f64::from(g711::decode(network.law, byte)) + random.noise() * network.noise;
                g711::encode(network.law, clip(sample))
            });
            noisy.to_vec()
        }
        _ => (n..n + 160)
            .map(|n| {
                let sample = sample(source, n) + random.noise() * network.noise;
                g711::encode(network.law, clip(sample))
            })
            .collect(),
    }
}
