//! One sample a second for the page. The room is taken at the start; a call longer than it keeps its first seconds and says so.

/// What happened within one second. Jitter as it stood at the second's end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sample {
    /// From the start of the measurement.
    pub second: u32,
    pub packets: u32,
    pub octets: u32,
    /// Packets sent within the second as far as the sequence tells.
    pub expected: u32,
    /// Negative when late packets of the second before came in.
    pub lost: i32,
    pub discarded: u32,
    pub jitter_micros: u32,
    /// Loudest packet in tenths of a dBm0; None = the audio is not readable here.
    pub level_tenths_dbm0: Option<i16>,
}

#[derive(Debug, Clone)]
pub struct Series {
    samples: Vec<Sample>,
    room: usize,
    left_out_seconds: u32,
}

impl Series {
    pub fn new(room_seconds: usize) -> Self {
        Self {
            samples: Vec::with_capacity(room_seconds),
            room: room_seconds,
            left_out_seconds: 0,
        }
    }

    pub(super) fn push(&mut self, sample: Sample) {
        if self.samples.len() < self.room {
            self.samples.push(sample);
        } else {
            self.left_out_seconds = self.left_out_seconds.saturating_add(1);
        }
    }

    pub(super) fn skip(&mut self, seconds: u32) {
        self.left_out_seconds = self.left_out_seconds.saturating_add(seconds);
    }

    pub fn has_room(&self) -> bool {
        self.samples.len() < self.room
    }

    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    pub fn left_out_seconds(&self) -> u32 {
        self.left_out_seconds
    }
}
