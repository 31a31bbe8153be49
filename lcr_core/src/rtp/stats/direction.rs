//! One leg, one way: its streams by SSRC and the samples of each second.

use super::dejitter::Buffer;
use super::series::{Sample, Series};
use super::stream::{Interval, Stream, StreamFigures};
use crate::rtp::packet::Packet;
use crate::rtp::payload::PayloadMap;

/// Streams kept apart; packets of further SSRCs are counted only.
pub const MAX_STREAMS: usize = 8;
const SECOND: i64 = 1_000_000_000;

/// A packet as it came in.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Kernel receive stamp, UTC nanoseconds.
    pub at_nanos: i64,
    pub packet: Packet<'a>,
    /// Level of its audio, tenths of a dBm0, when it is readable.
    pub level_tenths_dbm0: Option<i16>,
}

#[derive(Debug, Clone)]
pub struct Direction {
    payloads: PayloadMap,
    buffer: Buffer,
    streams: Vec<Stream>,
    /// Which stream the last packet belonged to.
    current: usize,
    unkept_packets: u64,
    series: Series,
    started_at: Option<i64>,
    open: Sample,
    at_open: (u64, u64, u64),
}

/// All streams together and each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectionFigures {
    pub streams: Vec<StreamFigures>,
    pub expected: u64,
    pub received: u64,
    pub lost: u64,
    pub discarded: u64,
    /// Packets of streams beyond [`MAX_STREAMS`].
    pub unkept_packets: u64,
    /// Longest time without any packet between two of them.
    pub longest_gap_nanos: i64,
}

impl Direction {
    /// `room_seconds` bounds the samples kept.
    pub fn new(payloads: PayloadMap, buffer: Buffer, room_seconds: usize) -> Self {
        Self {
            payloads,
            buffer,
            streams: Vec::with_capacity(MAX_STREAMS),
            current: 0,
            unkept_packets: 0,
            series: Series::new(room_seconds),
            started_at: None,
            open: Sample::default(),
            at_open: (0, 0, 0),
        }
    }

    /// A re-INVITE changed what the payload types mean.
    pub fn set_payloads(&mut self, payloads: PayloadMap) {
        self.payloads = payloads;
    }

    pub fn on_packet(&mut self, arrival: &Arrival) {
        self.close_seconds(arrival.at_nanos);
        let packet = &arrival.packet;
        let payload = self.payloads.of(packet.payload_type);
        self.open.packets += 1;
        self.open.octets = self.open.octets.saturating_add(packet.payload.len() as u32);
        self.open.level_tenths_dbm0 = self.open.level_tenths_dbm0.max(arrival.level_tenths_dbm0);
        let known = self.streams.get(self.current).map(|one| one.ssrc) == Some(packet.ssrc);
        if !known {
            match self.streams.iter().position(|one| one.ssrc == packet.ssrc) {
                Some(at) => self.current = at,
                None if self.streams.len() < MAX_STREAMS => {
                    let (at, clock) = (arrival.at_nanos, payload.clock_hz);
                    let stream = Stream::new(packet.ssrc, packet.sequence, at, clock, self.buffer);
                    self.current = self.streams.len();
                    self.streams.push(stream);
                }
                None => {
                    self.unkept_packets += 1;
                    return;
                }
            }
        }
        if let Some(stream) = self.streams.get_mut(self.current) {
            let (at, octets) = (arrival.at_nanos, packet.payload.len());
            stream.on_packet(at, packet.sequence, packet.timestamp, payload, octets);
        }
    }

    /// Closes every second that ended before `at_nanos`; call it also when no packet comes.
    pub fn close_seconds(&mut self, at_nanos: i64) {
        let started = *self.started_at.get_or_insert(at_nanos);
        let now = u32::try_from(at_nanos.saturating_sub(started) / SECOND).unwrap_or(0);
        while self.open.second < now {
            if !self.series.has_room() {
                self.series.skip(now - self.open.second);
                self.open = Sample {
                    second: now,
                    ..Sample::default()
                };
                self.at_open = self.progress();
                return;
            }
            let sample = self.sample_now();
            self.series.push(sample);
            self.at_open = self.progress();
            self.open = Sample {
                second: sample.second + 1,
                ..Sample::default()
            };
        }
    }

    fn progress(&self) -> (u64, u64, u64) {
        self.streams.iter().fold((0, 0, 0), |sum, stream| {
            let one = stream.progress();
            (sum.0 + one.0, sum.1 + one.1, sum.2 + one.2)
        })
    }

    /// The second that is still open, as it stands.
    pub fn sample_now(&self) -> Sample {
        let (expected, unique, discarded) = self.progress();
        let expected = expected - self.at_open.0;
        let jitter = self
            .streams
            .get(self.current)
            .map_or(0, Stream::jitter_nanos);
        Sample {
            expected: expected as u32,
            lost: (expected as i64 - (unique - self.at_open.1) as i64) as i32,
            discarded: (discarded - self.at_open.2) as u32,
            jitter_micros: u32::try_from(jitter / 1000).unwrap_or(u32::MAX),
            ..self.open
        }
    }

    pub fn series(&self) -> &Series {
        &self.series
    }

    /// Receiver reports, one a stream.
    pub fn close_interval(&mut self) -> impl Iterator<Item = Interval> + '_ {
        self.streams.iter_mut().map(Stream::close_interval)
    }

    pub fn figures(&self) -> DirectionFigures {
        let mut all = DirectionFigures {
            unkept_packets: self.unkept_packets,
            ..DirectionFigures::default()
        };
        for stream in &self.streams {
            let one = stream.figures();
            all.expected += one.expected;
            all.received += one.received;
            all.lost += one.lost;
            all.discarded += one.discarded;
            all.longest_gap_nanos = all.longest_gap_nanos.max(one.longest_gap_nanos);
            all.streams.push(one);
        }
        all
    }
}

#[cfg(test)]
#[path = "direction_tests.rs"]
mod tests;
