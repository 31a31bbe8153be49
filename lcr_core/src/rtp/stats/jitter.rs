//! Interarrival jitter, RFC 3550 A.8: J += (|D| - J) / 16 for each packet in arrival order. Kept in sixteenths of a nanosecond,
//! so that no rounding shows at the clock of any codec.

const NANOS: i64 = 1_000_000_000;

/// How far the media clock moved between two timestamps, in nanoseconds; wraps as timestamps do.
#[inline]
pub fn media_nanos(from: u32, to: u32, clock_hz: u32) -> i64 {
    i64::from(to.wrapping_sub(from) as i32) * NANOS / i64::from(clock_hz.max(1))
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Jitter {
    last: Option<(i64, u32)>,
    sixteenths: i64,
    highest: i64,
    sum: i128,
    differences: u32,
}

impl Jitter {
    /// One packet: when it arrived (ns), its timestamp and clock.
    #[inline]
    pub fn on_packet(&mut self, at_nanos: i64, timestamp: u32, clock_hz: u32) {
        if let Some((last_at, last_timestamp)) = self.last {
            let media = media_nanos(last_timestamp, timestamp, clock_hz);
            let difference = at_nanos.saturating_sub(last_at).saturating_sub(media);
            // An hour bounds what a broken clock can do.
            let size = difference.saturating_abs().min(3600 * NANOS);
            self.sixteenths += size - ((self.sixteenths + 8) >> 4);
            self.highest = self.highest.max(self.sixteenths);
            self.sum += i128::from(self.sixteenths);
            self.differences = self.differences.saturating_add(1);
        }
        self.last = Some((at_nanos, timestamp));
    }

    /// Another clock: what was measured so far stands as the highest, the running value begins anew.
    pub fn reset(&mut self) {
        self.last = None;
        self.sixteenths = 0;
    }

    #[inline]
    pub fn nanos(&self) -> i64 {
        self.sixteenths >> 4
    }

    pub fn highest_nanos(&self) -> i64 {
        self.highest >> 4
    }

    /// Mean of the running value over all packets that have one: the first one has not.
    pub fn mean_nanos(&self) -> i64 {
        let mean = self.sum / i128::from(self.differences.max(1)) / 16;
        i64::try_from(mean).unwrap_or(i64::MAX)
    }

    /// In timestamp units, as a receiver report carries it.
    pub fn units(&self, clock_hz: u32) -> u32 {
        let units = i128::from(self.nanos()) * i128::from(clock_hz) / i128::from(NANOS);
        u32::try_from(units).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    #[test]
    fn even_spacing_has_no_jitter() {
        let mut jitter = Jitter::default();
        for n in 0..500 {
            jitter.on_packet(n * 20 * MS, (n * 160) as u32, 8000);
        }
        assert_eq!((jitter.nanos(), jitter.highest_nanos()), (0, 0));
    }

    #[test]
    fn one_late_packet_gives_a_sixteenth_of_its_delay_and_then_decays() {
        let mut jitter = Jitter::default();
        jitter.on_packet(0, 0, 8000);
        jitter.on_packet(36 * MS, 160, 8000);
        assert_eq!(jitter.nanos(), MS, "|D| = 16 ms");
        jitter.on_packet(56 * MS, 320, 8000);
        assert_eq!(jitter.nanos(), MS * 15 / 16);
        assert_eq!(jitter.highest_nanos(), MS);
        assert_eq!(jitter.mean_nanos(), (MS + MS * 15 / 16) / 2);
        assert_eq!(jitter.units(8000), 7);
    }

    #[test]
    fn alternating_delay_settles_at_that_delay() {
        let mut jitter = Jitter::default();
        for n in 0..2000i64 {
            jitter.on_packet(n * 20 * MS + (n % 2) * 5 * MS, (n * 160) as u32, 8000);
        }
        assert!((jitter.nanos() - 5 * MS).abs() < 20, "{}", jitter.nanos());
    }

    #[test]
    fn timestamps_wrap_without_a_jump() {
        let mut jitter = Jitter::default();
        jitter.on_packet(0, u32::MAX - 79, 8000);
        jitter.on_packet(20 * MS, 80, 8000);
        assert_eq!(jitter.nanos(), 0);
        assert_eq!(media_nanos(160, 0, 8000), -20 * MS);
        assert_eq!(media_nanos(0, 960, 48000), 20 * MS);
    }
}
