//! Figures of one stream: one SSRC, one way. Nothing is allocated per packet.

use super::bursts::BurstFigures;
use super::dejitter::{Buffer, Dejitter};
use super::jitter::{Jitter, media_nanos};
use super::window::{Fate, Window};
use crate::rtp::payload::{Kind, Payload};
use crate::rtp::sequence::{Placed, Sequence};

/// Packets of a talkspurt that share its length; the usual one until two packets have shown another.
const USUAL_PACKET_MS: u64 = 20;

#[derive(Debug, Clone)]
pub struct Stream {
    pub ssrc: u32,
    sequence: Sequence,
    window: Window,
    jitter: Jitter,
    dejitter: Dejitter,
    clock_hz: u32,
    /// Timestamp of the last audio packet and the media time it stands for (ns since the first).
    media: Option<(u32, i64)>,
    packet_nanos: i64,
    first_at: i64,
    last_at: i64,
    longest_gap_nanos: i64,
    counts: Counts,
    last_interval: (u64, u64),
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    received: u64,
    octets: u64,
    unique: u64,
    duplicates: u64,
    reordered: u64,
    discarded: u64,
    strays: u64,
    event_packets: u64,
    clock_changes: u32,
}

/// What a stream has come to. `lost` = expected - unique, never below 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamFigures {
    pub ssrc: u32,
    pub clock_hz: u32,
    pub expected: u64,
    /// Every packet, duplicates included.
    pub received: u64,
    pub octets: u64,
    pub lost: u64,
    pub discarded: u64,
    pub duplicates: u64,
    pub reordered: u64,
    pub strays: u64,
    pub restarts: u32,
    pub clock_changes: u32,
    pub event_packets: u64,
    pub jitter_nanos: i64,
    pub highest_jitter_nanos: i64,
    pub mean_jitter_nanos: i64,
    pub mean_buffer_nanos: i64,
    /// Media time of one packet.
    pub packet_nanos: i64,
    pub first_at_nanos: i64,
    pub last_at_nanos: i64,
    pub longest_gap_nanos: i64,
    pub bursts: BurstFigures,
}

/// The reception report of the interval since the last one (RFC 3550 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub ssrc: u32,
    /// Lost of expected, 1/256; 0 when duplicates outweigh.
    pub fraction_lost: u8,
    /// Signed 24 bits.
    pub cumulative_lost: i32,
    pub extended_highest: u32,
    pub jitter_units: u32,
}

impl Stream {
    /// Begins with its first packet, which must then be given to [`Stream::on_packet`] too.
    pub fn new(
        ssrc: u32,
        first_sequence: u16,
        at_nanos: i64,
        clock_hz: u32,
        buffer: Buffer,
    ) -> Self {
        Self {
            ssrc,
            sequence: Sequence::new(first_sequence),
            window: Window::new(Fate::Missing),
            jitter: Jitter::default(),
            dejitter: Dejitter::new(buffer),
            clock_hz,
            media: None,
            packet_nanos: 0,
            first_at: at_nanos,
            last_at: at_nanos,
            longest_gap_nanos: 0,
            counts: Counts::default(),
            last_interval: (0, 0),
        }
    }

    /// One packet of this SSRC in arrival order. Returns true when it was new and would have been played.
    pub fn on_packet(
        &mut self,
        at_nanos: i64,
        sequence: u16,
        timestamp: u32,
        payload: Payload,
        octets: usize,
    ) -> bool {
        self.counts.received += 1;
        self.counts.octets += octets as u64;
        self.longest_gap_nanos = self
            .longest_gap_nanos
            .max(at_nanos.saturating_sub(self.last_at));
        self.last_at = self.last_at.max(at_nanos);
        let index = match self.sequence.place(sequence) {
            Placed::Ahead { index } => index,
            Placed::Behind { index } => {
                if self.window.fate(index) != Some(Fate::Missing) {
                    self.counts.duplicates += 1;
                    self.measure(at_nanos, timestamp, payload);
                    return false;
                }
                // The first packet is placed behind itself.
                self.counts.reordered += u64::from(index + 1 < self.sequence.expected());
                index
            }
            Placed::Stray | Placed::BeforeFirst => {
                self.counts.strays += 1;
                return false;
            }
        };
        self.counts.unique += 1;
        let played = self.measure(at_nanos, timestamp, payload);
        self.counts.discarded += u64::from(!played);
        let fate = if played {
            Fate::Played
        } else {
            Fate::Discarded
        };
        self.window.set(index, fate);
        played
    }

    /// Jitter and buffer. A telephone event's timestamp stands still, so it takes no part and is always in time.
    fn measure(&mut self, at_nanos: i64, timestamp: u32, payload: Payload) -> bool {
        if payload.kind == Kind::TelephoneEvent {
            self.counts.event_packets += 1;
            return true;
        }
        if payload.clock_hz != self.clock_hz {
            self.clock_hz = payload.clock_hz;
            self.counts.clock_changes += 1;
            self.jitter.reset();
            self.dejitter.begin_anew();
            self.media = None;
        }
        let media = match self.media {
            None => 0,
            Some((last, media)) => {
                let step = media_nanos(last, timestamp, self.clock_hz);
                if step > 0 && (self.packet_nanos == 0 || step < self.packet_nanos) {
                    self.packet_nanos = step;
                }
                media.saturating_add(step)
            }
        };
        self.media = Some((timestamp, media));
        let before = self.jitter.nanos();
        self.jitter.on_packet(at_nanos, timestamp, self.clock_hz);
        let transit = at_nanos.saturating_sub(self.first_at).saturating_sub(media);
        self.dejitter.in_time(at_nanos, transit, before)
    }

    pub fn jitter_nanos(&self) -> i64 {
        self.jitter.nanos()
    }

    /// Expected, unique and discarded so far: what a second's sample is the difference of.
    pub(super) fn progress(&self) -> (u64, u64, u64) {
        (
            self.sequence.expected(),
            self.counts.unique,
            self.counts.discarded,
        )
    }

    /// Closes the interval of a receiver report.
    pub fn close_interval(&mut self) -> Interval {
        let (expected, received) = (
            self.sequence.expected(),
            self.counts.received - self.counts.strays,
        );
        let (last_expected, last_received) = self.last_interval;
        self.last_interval = (expected, received);
        let expected_now = (expected - last_expected) as i64;
        let lost_now = expected_now - (received - last_received) as i64;
        let fraction = if expected_now == 0 || lost_now <= 0 {
            0
        } else {
            ((lost_now << 8) / expected_now).min(255) as u8
        };
        let cumulative = (expected as i64 - received as i64).clamp(-0x80_0000, 0x7f_ffff);
        Interval {
            ssrc: self.ssrc,
            fraction_lost: fraction,
            cumulative_lost: cumulative as i32,
            extended_highest: self.sequence.extended_highest(),
            jitter_units: self.jitter.units(self.clock_hz),
        }
    }

    pub fn figures(&self) -> StreamFigures {
        let packet_ms = match u64::try_from(self.packet_nanos / 1_000_000) {
            Ok(ms) if ms > 0 => ms,
            _ => USUAL_PACKET_MS,
        };
        StreamFigures {
            ssrc: self.ssrc,
            clock_hz: self.clock_hz,
            expected: self.sequence.expected(),
            received: self.counts.received,
            octets: self.counts.octets,
            lost: self.sequence.expected().saturating_sub(self.counts.unique),
            discarded: self.counts.discarded,
            duplicates: self.counts.duplicates,
            reordered: self.counts.reordered,
            strays: self.counts.strays,
            restarts: self.sequence.restarts(),
            clock_changes: self.counts.clock_changes,
            event_packets: self.counts.event_packets,
            jitter_nanos: self.jitter.nanos(),
            highest_jitter_nanos: self.jitter.highest_nanos(),
            mean_jitter_nanos: self.jitter.mean_nanos(),
            mean_buffer_nanos: self.dejitter.mean_delay_nanos(),
            packet_nanos: self.packet_nanos,
            first_at_nanos: self.first_at,
            last_at_nanos: self.last_at,
            longest_gap_nanos: self.longest_gap_nanos,
            bursts: self.window.bursts().figures(packet_ms),
        }
    }
}
