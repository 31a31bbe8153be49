//! What a receiver's jitter buffer would have thrown away: a packet later than its playout time is *discarded*. Emulated, since the
//! relay itself never holds a packet back.
//!
//! Playout = the fastest packet of the last 8 to 16 s (its transit) + the delay of the buffer. Ten late packets in a row are a new
//! path, not jitter: the buffer begins anew, as real ones do.

const MS: i64 = 1_000_000;
const LOWEST_DELAY: i64 = 20 * MS;
const HIGHEST_DELAY: i64 = 200 * MS;
const MEMORY: i64 = 8_000 * MS;
const LATE_IN_A_ROW: u32 = 10;

/// The emulated buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buffer {
    Fixed {
        delay_nanos: i64,
    },
    /// Twice the jitter, 20 to 200 ms.
    Adaptive,
}

impl Default for Buffer {
    fn default() -> Self {
        Self::Fixed {
            delay_nanos: 60 * MS,
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Dejitter {
    buffer: Buffer,
    /// Fastest transit of the window before and of this one.
    fastest: Option<(i64, i64)>,
    window_until: i64,
    late_in_a_row: u32,
    delay_sum: i64,
    packets: i64,
    highest_delay: i64,
}

impl Dejitter {
    pub fn new(buffer: Buffer) -> Self {
        Self {
            buffer,
            ..Self::default()
        }
    }

    /// True when the packet would have been played. `transit_nanos` = arrival - media time, from any common origin.
    pub fn in_time(&mut self, at_nanos: i64, transit_nanos: i64, jitter_nanos: i64) -> bool {
        let delay = match self.buffer {
            Buffer::Fixed { delay_nanos } => delay_nanos,
            Buffer::Adaptive => jitter_nanos
                .saturating_mul(2)
                .clamp(LOWEST_DELAY, HIGHEST_DELAY),
        };
        self.delay_sum = self.delay_sum.saturating_add(delay);
        self.packets += 1;
        self.highest_delay = self.highest_delay.max(delay);
        let (before, current) = match self.fastest {
            None => {
                self.window_until = at_nanos.saturating_add(MEMORY);
                (transit_nanos, transit_nanos)
            }
            Some((_, current)) if at_nanos >= self.window_until => {
                self.window_until = at_nanos.saturating_add(MEMORY);
                (current, transit_nanos)
            }
            Some((before, current)) => (before, current.min(transit_nanos)),
        };
        self.fastest = Some((before, current));
        if transit_nanos <= before.min(current).saturating_add(delay) {
            self.late_in_a_row = 0;
            return true;
        }
        self.late_in_a_row += 1;
        if self.late_in_a_row >= LATE_IN_A_ROW {
            self.begin_anew();
        }
        false
    }

    /// Another clock or another source: the next packet sets the playout.
    pub fn begin_anew(&mut self) {
        self.fastest = None;
        self.late_in_a_row = 0;
    }

    /// Mean delay of the buffer so far, ns: a part of the mouth-to-ear delay.
    pub fn mean_delay_nanos(&self) -> i64 {
        match (self.packets, self.buffer) {
            (0, Buffer::Fixed { delay_nanos }) => delay_nanos,
            (0, Buffer::Adaptive) => LOWEST_DELAY,
            (packets, _) => self.delay_sum / packets,
        }
    }

    pub fn highest_delay_nanos(&self) -> i64 {
        self.highest_delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn late(buffer: Buffer, transits_ms: impl IntoIterator<Item = i64>, jitter_ms: i64) -> usize {
        let mut emulated = Dejitter::new(buffer);
        transits_ms
            .into_iter()
            .enumerate()
            .filter(|(n, transit)| {
                !emulated.in_time(*n as i64 * 20 * MS, transit * MS, jitter_ms * MS)
            })
            .count()
    }

    #[test]
    fn a_packet_is_late_only_beyond_the_delay() {
        assert_eq!(late(Buffer::default(), [5, 65, 5], 0), 0);
        assert_eq!(late(Buffer::default(), [5, 66, 5], 0), 1);
    }

    #[test]
    fn a_slow_first_packet_gives_no_more_room_than_the_fastest_one() {
        assert_eq!(late(Buffer::default(), [50, 5, 66], 0), 1);
    }

    #[test]
    fn a_longer_path_is_thrown_away_ten_times_and_then_played() {
        let step = (0..100).map(|n| if n < 50 { 0 } else { 100 });
        assert_eq!(late(Buffer::default(), step, 0), 10);
    }

    #[test]
    fn a_clock_that_drifts_is_followed() {
        // 200 ppm for ten minutes: 120 ms in all.
        let drifting = (0..30_000).map(|n| n * 4 / 1000);
        assert_eq!(late(Buffer::default(), drifting, 0), 0);
    }

    #[test]
    fn the_adaptive_delay_is_twice_the_jitter_within_its_bounds() {
        assert_eq!(late(Buffer::Adaptive, [0, 21], 1), 1);
        assert_eq!(late(Buffer::Adaptive, [0, 60, 61], 30), 1);
        assert_eq!(late(Buffer::Adaptive, [0, 200, 201], 500), 1);
    }
}
