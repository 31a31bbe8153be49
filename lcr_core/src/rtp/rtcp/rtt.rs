//! Round trips: of our own reports, and of reports that pass through a relay.

use super::clock::{NtpTime, round_trip_nanos, short_duration};
use super::report::ReportBlock;

/// The last sender report heard of one source: what our receiver report must name.
#[derive(Debug, Clone, Copy, Default)]
pub struct LastSenderReport {
    heard: Option<(u32, i64)>,
}

impl LastSenderReport {
    pub fn hear(&mut self, ntp: u64, at_nanos: i64) {
        self.heard = Some((NtpTime(ntp).middle(), at_nanos));
    }

    /// LSR and DLSR; zeros before the first report.
    pub fn fields(&self, now_nanos: i64) -> (u32, u32) {
        match self.heard {
            None => (0, 0),
            Some((middle, at)) => (middle, short_duration(now_nanos.saturating_sub(at))),
        }
    }
}

/// Sender reports that went through the relay toward one leg. The leg's answer names the report, so the way from the relay to the leg
/// and back = answer seen - report seen - DLSR, whatever the clocks of both ends say.
#[derive(Debug, Clone, Copy, Default)]
pub struct PassingReports {
    seen: [Option<(u32, i64)>; 8],
    next: usize,
}

impl PassingReports {
    pub fn pass(&mut self, ntp: u64, at_nanos: i64) {
        self.seen[self.next] = Some((NtpTime(ntp).middle(), at_nanos));
        self.next = (self.next + 1) % self.seen.len();
    }

    /// None when the block names no report that is still remembered, or its delay contradicts.
    pub fn round_trip_nanos(&self, block: &ReportBlock, at_nanos: i64) -> Option<i64> {
        let (_, at) = self
            .seen
            .iter()
            .flatten()
            .find(|(middle, _)| block.last_sr != 0 && *middle == block.last_sr)?;
        let away = short_duration(at_nanos.saturating_sub(*at));
        round_trip_nanos(away.wrapping_add(1), 1, block.delay_since_last_sr)
    }
}
