//! One way of a call, listened to: packets in, sounds with their times out. Reordered packets that come too late are left out, lost ones
//! are holes; the room for sounds is bounded.

use super::block::Block;
use super::cadence::{Cadence, Rhythm};
use super::classify::{self, BLOCK_MS, Class, Classifier, Tone};
use super::level::{SILENCE_TENTHS, level_tenths_dbm0};
use super::marker::{self, MarkerDetector};
use super::silence::{Run, Span};
use super::sit::Information;
use super::{SAMPLES_PER_MS, goertzel};
use crate::rtp::payload::Law;

/// Sounds kept of one call.
pub const MAX_SOUNDS: usize = 64;
/// Holes shorter than this are filled with missing samples; longer ones are time without media.
const HOLE_MS: i64 = 1000;
/// Media time this far from arrival time belongs to another clock.
const APART_MS: i64 = 1000;
const LEAST_NO_MEDIA_MS: i64 = 2000;
const LEAST_RUN_MS: i64 = 2000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoundKind {
    /// Ring tone: which.
    Ring(Tone),
    Busy,
    /// Special information tone.
    Information,
    Marker(u16),
    /// Below -50 dBm0 for 2 s or more, packets coming.
    Silence,
    /// No packet for 2 s or more.
    NoMedia,
    /// Packets of one repeated byte for 2 s or more.
    Constant,
}

/// Half-open, ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sound {
    pub kind: SoundKind,
    pub from_ms: i64,
    pub until_ms: i64,
}

/// All that was heard, when the call is over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// In the order they ended.
    pub sounds: Vec<Sound>,
    pub left_out: u32,
    /// Loud and no tone of call progress: speech, music, noise.
    pub voice_ms: i64,
    pub first_voice_ms: Option<i64>,
    pub packets: u64,
}

#[derive(Debug, Clone)]
pub struct Ear {
    law: Law,
    classifier: Classifier,
    cadence: Cadence,
    information: Information,
    markers: Option<MarkerDetector>,
    silence: Run,
    constant: Run,
    tones: Block<{ classify::BLOCK_SAMPLES }>,
    levels: Block<{ marker::BLOCK_SAMPLES }>,
    /// Where the next sample belongs, in samples from the origin, and its timestamp.
    next: Option<(i64, u32)>,
    last_at_ms: Option<i64>,
    heard: Heard,
}

impl Ear {
    pub fn new(law: Law) -> Self {
        Self {
            law,
            classifier: Classifier::new(),
            cadence: Cadence::default(),
            information: Information::default(),
            markers: Some(MarkerDetector::default()),
            silence: Run::new(LEAST_RUN_MS),
            constant: Run::new(LEAST_RUN_MS),
            tones: Block::new(),
            levels: Block::new(),
            next: None,
            last_at_ms: None,
            heard: Heard {
                sounds: Vec::with_capacity(MAX_SOUNDS),
                ..Heard::default()
            },
        }
    }

    /// Markers are not looked for: nobody of ours sings on this call.
    pub fn without_markers(law: Law) -> Self {
        Self {
            markers: None,
            ..Self::new(law)
        }
    }

    /// Listening begins at an instant even when no packet comes.
    pub fn begin(&mut self, at_ms: i64) {
        self.last_at_ms.get_or_insert(at_ms);
    }

    /// Another law from here on (re-INVITE).
    pub fn set_law(&mut self, law: Law) {
        self.law = law;
    }

    /// One audio packet in arrival order.
    pub fn hear(&mut self, at_ms: i64, timestamp: u32, payload: &[u8]) {
        self.pause_until(at_ms);
        self.last_at_ms = Some(at_ms);
        self.heard.packets += 1;
        let arrival = at_ms * SAMPLES_PER_MS;
        let (mut position, expected) = *self.next.get_or_insert((arrival, timestamp));
        let ahead = i64::from(timestamp.wrapping_sub(expected) as i32);
        if (position + ahead - arrival).abs() > APART_MS * SAMPLES_PER_MS {
            position = arrival;
        } else if ahead < 0 {
            return;
        } else if ahead <= HOLE_MS * SAMPLES_PER_MS {
            position = self.missing(position, ahead);
        } else {
            position += ahead;
        }
        let from = position;
        position = self.samples(position, payload);
        self.next = Some((position, timestamp.wrapping_add(payload.len() as u32)));
        let same = payload
            .first()
            .is_some_and(|first| payload.iter().all(|code| code == first));
        let (from, until) = (from / SAMPLES_PER_MS, position / SAMPLES_PER_MS);
        let run = self.constant.on(same, from, until);
        self.tell(run, SoundKind::Constant);
    }

    /// Samples from a position on; the position behind them.
    fn samples(&mut self, mut position: i64, mut codes: &[u8]) -> i64 {
        while !codes.is_empty() {
            let fits = self.levels.room().min(self.tones.room()).min(codes.len());
            let (now, rest) = codes.split_at(fits);
            let full = (
                self.levels.take(self.law, now),
                self.tones.take(self.law, now),
            );
            position += fits as i64;
            self.close(full, position);
            codes = rest;
        }
        position
    }

    /// A hole from a position on; the position behind it.
    fn missing(&mut self, mut position: i64, count: i64) -> i64 {
        let mut left = usize::try_from(count).unwrap_or(0);
        while left > 0 {
            let fits = self.levels.room().min(self.tones.room()).min(left);
            let full = (self.levels.miss(fits), self.tones.miss(fits));
            position += fits as i64;
            self.close(full, position);
            left -= fits;
        }
        position
    }

    fn close(&mut self, (levels, tones): (bool, bool), position: i64) {
        if levels {
            self.close_level(position / SAMPLES_PER_MS);
        }
        if tones {
            self.close_tone(position / SAMPLES_PER_MS);
        }
    }

    fn close_level(&mut self, until_ms: i64) {
        let from_ms = until_ms - 20;
        let (valid, samples) = (self.levels.valid, self.levels.samples);
        self.levels.clear();
        let found = self
            .markers
            .as_mut()
            .and_then(|markers| markers.on_block(from_ms, &samples, valid));
        if let Some((code, began)) = found {
            self.keep(SoundKind::Marker(code), began, began + marker::MARKER_MS);
        }
        if valid == 0 {
            return;
        }
        let level = level_tenths_dbm0(goertzel::energy(&samples), valid);
        let run = self.silence.on(level < SILENCE_TENTHS, from_ms, until_ms);
        self.tell(run, SoundKind::Silence);
    }

    fn close_tone(&mut self, until_ms: i64) {
        let from_ms = until_ms - BLOCK_MS;
        let class = self.classifier.class(&self.tones.samples, self.tones.valid);
        self.tones.clear();
        let tone = match class {
            Class::Tone(tone) => Some(tone),
            Class::Active(_) => {
                self.heard.voice_ms += BLOCK_MS;
                self.heard.first_voice_ms.get_or_insert(from_ms);
                None
            }
            Class::Silent | Class::Unknown => None,
        };
        if let Some(began) = self.information.on_tone(from_ms, tone) {
            self.keep(SoundKind::Information, began, until_ms);
        }
        if let Some(found) = self.cadence.on_block(from_ms, class) {
            let kind = match found.rhythm {
                Rhythm::Ring => SoundKind::Ring(found.tone),
                Rhythm::Busy => SoundKind::Busy,
            };
            self.keep(kind, found.from_ms, found.until_ms);
        }
    }

    fn pause_until(&mut self, at_ms: i64) {
        let Some(last) = self.last_at_ms else { return };
        if at_ms - last >= LEAST_NO_MEDIA_MS {
            let (silence, constant) = (self.silence.end(), self.constant.end());
            self.tell(silence, SoundKind::Silence);
            self.tell(constant, SoundKind::Constant);
            self.keep(SoundKind::NoMedia, last, at_ms);
        }
    }

    fn tell(&mut self, span: Option<Span>, kind: SoundKind) {
        if let Some(span) = span {
            self.keep(kind, span.from_ms, span.until_ms);
        }
    }

    fn keep(&mut self, kind: SoundKind, from_ms: i64, until_ms: i64) {
        if self.heard.sounds.len() < MAX_SOUNDS {
            self.heard.sounds.push(Sound {
                kind,
                from_ms,
                until_ms,
            });
        } else {
            self.heard.left_out += 1;
        }
    }

    /// The call is over: runs that are still open end here.
    pub fn finish(mut self, at_ms: i64) -> Heard {
        self.pause_until(at_ms);
        let (silence, constant) = (self.silence.end(), self.constant.end());
        self.tell(silence, SoundKind::Silence);
        self.tell(constant, SoundKind::Constant);
        self.heard
    }
}

#[cfg(test)]
mod tests {
    use super::super::marker_frame;
    use super::super::synth::Tones;
    use super::*;

    /// 20 ms packets; None = lost.
    fn listen(packets: impl IntoIterator<Item = Option<Vec<u8>>>) -> Heard {
        let mut ear = Ear::new(Law::A);
        let mut at = 0i64;
        for (n, payload) in packets.into_iter().enumerate() {
            at = n as i64 * 20;
            if let Some(payload) = payload {
                ear.hear(at, (n as u32 * 160).wrapping_sub(1000), &payload);
            }
        }
        ear.finish(at + 20)
    }

    fn tone(tones: Tones, n: u64, on: bool) -> Option<Vec<u8>> {
        let codes =
            (n * 160..(n + 1) * 160).map(|at| if on { tones.code(Law::A, at) } else { 0xd5 });
        Some(codes.collect())
    }

    #[test]
    fn a_ring_is_heard_with_lost_packets_in_it() {
        let ring = Tones::single(425.0, -150);
        let heard = listen((0..300u64).map(|n| {
            if n % 17 == 3 {
                None
            } else {
                tone(ring, n, n % 250 < 50)
            }
        }));
        let rings: Vec<_> = heard
            .sounds
            .iter()
            .filter(|one| matches!(one.kind, SoundKind::Ring(_)))
            .collect();
        assert_eq!(rings.len(), 1, "{heard:?}");
        assert!(
            rings[0].from_ms <= 50 && (950..=1050).contains(&rings[0].until_ms),
            "{rings:?}"
        );
    }

    #[test]
    fn a_marker_is_heard_at_its_time() {
        let heard = listen((0..120u64).map(|n| Some(marker_frame(0xbeef, Law::A, n).to_vec())));
        let markers: Vec<_> = heard
            .sounds
            .iter()
            .filter(|one| one.kind == SoundKind::Marker(0xbeef))
            .collect();
        assert_eq!(markers.len(), 2, "{heard:?}");
        assert_eq!(markers[1].from_ms, 1200);
    }

    #[test]
    fn silence_and_constant_bytes_are_runs_and_no_packets_are_no_media() {
        let noise = Tones::pair(300.0, 710.0, -200);
        let heard = listen((0..600u64).map(|n| match n {
            0..50 => tone(noise, n, true),
            50..300 => Some(vec![0xd5; 160]),
            300..450 => None,
            _ => tone(noise, n, true),
        }));
        let kinds: Vec<_> = heard
            .sounds
            .iter()
            .map(|one| (one.kind, one.from_ms, one.until_ms))
            .collect();
        assert!(
            kinds.contains(&(SoundKind::Silence, 1000, 6000)),
            "{kinds:?}"
        );
        assert!(
            kinds.contains(&(SoundKind::Constant, 1000, 6000)),
            "{kinds:?}"
        );
        assert!(
            kinds.contains(&(SoundKind::NoMedia, 5980, 9000)),
            "{kinds:?}"
        );
        assert!(heard.voice_ms >= 3800 && heard.first_voice_ms == Some(0));
    }

    #[test]
    fn a_call_without_any_packet_has_no_media() {
        let mut ear = Ear::new(Law::Mu);
        ear.begin(100);
        let heard = ear.finish(5000);
        assert_eq!(heard.sounds.len(), 1);
        assert_eq!(
            (heard.sounds[0].kind, heard.sounds[0].from_ms),
            (SoundKind::NoMedia, 100)
        );
    }

    #[test]
    fn late_and_jumping_packets_do_not_shift_time() {
        let mut ear = Ear::new(Law::A);
        for n in 0..200u32 {
            let (at, timestamp) = if n < 100 {
                (n, n * 160)
            } else {
                (n, n * 160 + 7_000_000)
            };
            ear.hear(
                i64::from(at) * 20,
                timestamp,
                &marker_frame(7, Law::A, u64::from(n)),
            );
            if n > 0 {
                ear.hear(
                    i64::from(at) * 20,
                    timestamp.wrapping_sub(160),
                    &[0x2a; 160],
                );
            }
        }
        let heard = ear.finish(4000);
        assert!(
            heard
                .sounds
                .iter()
                .any(|one| one.kind == SoundKind::Marker(7) && one.from_ms >= 2000),
            "{heard:?}"
        );
    }

    #[test]
    fn the_information_tone_and_busy_have_their_names() {
        let parts = [950.0, 1400.0, 1800.0];
        let heard = listen((0..100u64).map(|n| match n {
            0..48 => tone(Tones::single(parts[(n / 16) as usize], -180), n, true),
            _ => tone(Tones::single(950.0, -180), n, false),
        }));
        assert!(
            heard
                .sounds
                .iter()
                .any(|one| one.kind == SoundKind::Information),
            "{heard:?}"
        );
        let busy = Tones::pair(480.0, 620.0, -200);
        let heard = listen((0..200u64).map(|n| tone(busy, n, n % 50 < 25)));
        assert!(
            heard.sounds.iter().any(|one| one.kind == SoundKind::Busy),
            "{heard:?}"
        );
    }
}
