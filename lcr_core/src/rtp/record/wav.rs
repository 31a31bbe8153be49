//! Audio placed by its time, then written as a RIFF wave file: 16-bit PCM at 8 kHz, one channel or two.

use crate::rtp::audio::RATE_HZ;
use crate::rtp::audio::g711::decode;
use crate::rtp::payload::Law;

/// One way of a call. Holes are silence; what comes late still takes its place.
#[derive(Debug, Clone)]
pub struct Track {
    samples: Vec<i16>,
    max_samples: usize,
    left_out: u64,
    /// Place and timestamp of a packet the others are placed by.
    anchor: Option<(i64, u32)>,
}

/// Media time this far from arrival time belongs to another clock or source.
const APART_SAMPLES: i64 = RATE_HZ as i64;

impl Track {
    pub fn new(max_seconds: u32) -> Self {
        Self {
            samples: Vec::new(),
            max_samples: max_seconds as usize * RATE_HZ as usize,
            left_out: 0,
            anchor: None,
        }
    }

    /// A packet by its timestamp; `at_ms` = its arrival after the start, which places the first one and any that jumps.
    pub fn put_packet(&mut self, at_ms: i64, timestamp: u32, law: Law, payload: &[u8]) {
        let arrival = at_ms.saturating_mul(i64::from(RATE_HZ) / 1000);
        let (place, known) = self.anchor.unwrap_or((arrival, timestamp));
        let by_timestamp = place + i64::from(timestamp.wrapping_sub(known) as i32);
        let jumps = by_timestamp.saturating_sub(arrival).saturating_abs() > APART_SAMPLES;
        let at = if jumps { arrival } else { by_timestamp };
        self.anchor = Some((at, timestamp));
        self.put(at, law, payload);
    }

    /// G.711 codes whose first sample lies `at_sample` after the start. Before the start or beyond the room: left out.
    pub fn put(&mut self, at_sample: i64, law: Law, payload: &[u8]) {
        for (code, at) in payload.iter().zip(at_sample..) {
            match usize::try_from(at).ok().filter(|at| *at < self.max_samples) {
                Some(at) => {
                    if at >= self.samples.len() {
                        self.samples.resize(at + 1, 0);
                    }
                    self.samples[at] = decode(law, *code);
                }
                None => self.left_out += 1,
            }
        }
    }

    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    pub fn left_out_samples(&self) -> u64 {
        self.left_out
    }

    /// The whole file.
    pub fn wav(&self) -> Vec<u8> {
        let mut out = header(1, self.samples.len());
        for sample in &self.samples {
            out.extend_from_slice(&sample.to_le_bytes());
        }
        out
    }
}

/// Both ways in one file: left and right.
pub fn stereo_wav(left: &Track, right: &Track) -> Vec<u8> {
    let frames = left.samples.len().max(right.samples.len());
    let mut out = header(2, frames);
    for at in 0..frames {
        for track in [left, right] {
            let sample = track.samples.get(at).copied().unwrap_or(0);
            out.extend_from_slice(&sample.to_le_bytes());
        }
    }
    out
}

fn header(channels: u16, frames: usize) -> Vec<u8> {
    let frame_bytes = u32::from(channels) * 2;
    let data = u32::try_from(frames)
        .unwrap_or(u32::MAX)
        .saturating_mul(frame_bytes);
    let mut out = Vec::with_capacity(44 + data as usize);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&data.saturating_add(36).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&16u32.to_le_bytes());
    out.extend_from_slice(&1u16.to_le_bytes());
    out.extend_from_slice(&channels.to_le_bytes());
    out.extend_from_slice(&RATE_HZ.to_le_bytes());
    out.extend_from_slice(&(RATE_HZ * frame_bytes).to_le_bytes());
    out.extend_from_slice(&(frame_bytes as u16).to_le_bytes());
    out.extend_from_slice(&16u16.to_le_bytes());
    out.extend_from_slice(b"data");
    out.extend_from_slice(&data.to_le_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_is_a_wave_file_with_its_holes_as_silence() {
        let mut track = Track::new(1);
        track.put(4, Law::A, &[0xaa, 0x2a]);
        track.put(0, Law::Mu, &[0x80]);
        let wav = track.wav();
        assert_eq!((&wav[..4], &wav[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
        assert_eq!((wav.len(), wav[40]), (44 + 12, 12));
        assert_eq!(track.samples(), [32124, 0, 0, 0, 32256, -32256]);
        assert_eq!(wav[24..28], 8000u32.to_le_bytes());
    }

    #[test]
    fn packets_are_placed_by_timestamp_and_jumps_by_arrival() {
        let mut track = Track::new(10);
        track.put_packet(1000, 5, Law::A, &[0xaa; 2]);
        track.put_packet(1090, 165, Law::A, &[0x2a; 2]);
        assert_eq!(
            (track.samples()[8000], track.samples()[8160]),
            (32256, -32256)
        );
        track.put_packet(3000, 90_000_000, Law::A, &[0xaa; 2]);
        assert_eq!(
            (track.samples()[24_000], track.samples().len()),
            (32256, 24_002)
        );
    }

    #[test]
    fn what_lies_outside_is_left_out_and_counted() {
        let mut track = Track::new(1);
        track.put(-2, Law::A, &[0xd5; 4]);
        track.put(7999, Law::A, &[0xd5; 160]);
        track.put(i64::MAX - 200, Law::A, &[0xd5; 160]);
        assert_eq!(
            (track.samples().len(), track.left_out_samples()),
            (8000, 2 + 159 + 160)
        );
    }

    #[test]
    fn two_tracks_are_two_channels() {
        let (mut left, mut right) = (Track::new(1), Track::new(1));
        left.put(0, Law::A, &[0xaa, 0xaa]);
        right.put(0, Law::A, &[0x2a]);
        let wav = stereo_wav(&left, &right);
        assert_eq!((wav[22], wav[32], wav[40]), (2, 4, 8));
        assert_eq!(wav[44..46], 32256i16.to_le_bytes());
        assert_eq!(wav[46..48], (-32256i16).to_le_bytes());
        assert_eq!(wav[50..52], [0, 0]);
    }
}
