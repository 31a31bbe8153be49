//! Bursts and gaps of lost or discarded packets by the definition of RFC 3611 4.7.2, fed in sending order.

/// Packets received between two losses that part two bursts.
pub const GMIN: u64 = 16;

/// Losses with fewer than [`GMIN`] good packets between them are one group: of two or more a burst, from its first to its last loss;
/// of one an isolated loss, which belongs to the gap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bursts {
    packets: u64,
    missing: u64,
    /// Losses without a good packet between them, for the E-model's BurstR.
    runs: u64,
    bursts: u64,
    burst_packets: u64,
    burst_missing: u64,
    /// Gaps that have ended in a burst.
    gaps: u64,
    /// Of the open group: its losses and its length up to the last of them.
    open_missing: u64,
    open_packets: u64,
    /// Good packets since the last loss.
    good: u64,
}

/// Figures of a stream. Densities in 1/256, durations the mean in ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BurstFigures {
    pub burst_density: u8,
    pub gap_density: u8,
    pub burst_ms: u16,
    pub gap_ms: u16,
    pub bursts: u64,
    /// Lost or discarded packets and the runs they came in: their mean length is missing / runs.
    pub missing: u64,
    pub runs: u64,
}

impl Bursts {
    /// The next packet in sending order: `played` when neither lost nor discarded.
    #[inline]
    pub fn on_packet(&mut self, played: bool) {
        self.packets += 1;
        if played {
            self.good += 1;
            if self.good == GMIN {
                self.close_group();
            }
            return;
        }
        self.missing += 1;
        if self.good > 0 || self.missing == 1 {
            self.runs += 1;
        }
        if self.open_missing == 0 {
            self.open_packets = 1;
        } else {
            self.open_packets += self.good + 1;
        }
        self.open_missing += 1;
        self.good = 0;
    }

    fn close_group(&mut self) {
        if self.open_missing >= 2 {
            let before = self.packets - self.good - self.open_packets;
            self.gaps += u64::from(before > 0);
            self.bursts += 1;
            self.burst_packets += self.open_packets;
            self.burst_missing += self.open_missing;
        }
        self.open_missing = 0;
        self.open_packets = 0;
    }

    /// Figures as if the stream ended here; `packet_ms` is the time one packet holds.
    pub fn figures(&self, packet_ms: u64) -> BurstFigures {
        let mut end = *self;
        end.close_group();
        let ends_in_a_burst = end.good == 0 && self.open_missing >= 2;
        let gaps = end.gaps + u64::from(end.packets > 0 && !ends_in_a_burst);
        let gap_packets = end.packets - end.burst_packets;
        let mean_ms = |packets: u64, of: u64| {
            let ms = (packets * packet_ms).checked_div(of).unwrap_or(0);
            u16::try_from(ms).unwrap_or(u16::MAX)
        };
        BurstFigures {
            burst_density: part(end.burst_missing, end.burst_packets),
            gap_density: part(end.missing - end.burst_missing, gap_packets),
            burst_ms: mean_ms(end.burst_packets, end.bursts),
            gap_ms: mean_ms(gap_packets, gaps),
            bursts: end.bursts,
            missing: end.missing,
            runs: end.runs,
        }
    }
}

/// In 1/256, at most 255.
fn part(above: u64, below: u64) -> u8 {
    u8::try_from((256 * above).checked_div(below).unwrap_or(0)).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `.` = played, `x` = missing.
    fn figures(pattern: &str) -> BurstFigures {
        let mut bursts = Bursts::default();
        for letter in pattern.chars() {
            bursts.on_packet(letter == '.');
        }
        bursts.figures(20)
    }

    fn good(count: usize) -> String {
        ".".repeat(count)
    }

    #[test]
    fn a_stream_without_loss_is_one_gap() {
        let all = figures(&good(500));
        assert_eq!((all.burst_ms, all.gap_ms, all.gap_density), (0, 10_000, 0));
        assert_eq!((all.bursts, all.missing, all.runs), (0, 0, 0));
    }

    #[test]
    fn a_single_loss_between_long_gaps_is_no_burst() {
        let one = figures(&format!("{}x{}", good(100), good(155)));
        assert_eq!((one.bursts, one.missing, one.runs), (0, 1, 1));
        assert_eq!(one.gap_density, 1, "1 of 256 packets");
    }

    #[test]
    fn losses_closer_than_gmin_are_one_burst() {
        let burst = figures(&format!("{}x..x.x{}", good(200), good(200)));
        assert_eq!((burst.bursts, burst.missing, burst.runs), (1, 3, 3));
        assert_eq!((burst.burst_ms, burst.burst_density), (120, 128), "3 of 6");
        assert_eq!((burst.gap_ms, burst.gap_density), (4000, 0));
    }

    #[test]
    fn losses_in_a_row_are_one_run_and_a_burst_of_full_density() {
        let run = figures(&format!("{}xxxx{}", good(50), good(50)));
        assert_eq!((run.bursts, run.missing, run.runs), (1, 4, 1));
        let open = figures(&format!("{}xxxx", good(50)));
        assert_eq!((open.bursts, open.burst_ms, open.gap_ms), (1, 80, 1000));
        assert_eq!(run.burst_density, 255);
    }

    #[test]
    fn sixteen_good_packets_part_two_bursts_fifteen_do_not() {
        let near = figures(&format!("{}xx{}xx{}", good(50), good(15), good(50)));
        let far = figures(&format!("{}xx{}xx{}", good(50), good(16), good(50)));
        assert_eq!((near.bursts, far.bursts), (1, 2));
        assert_eq!((near.burst_ms, far.burst_ms), (19 * 20, 2 * 20));
        assert_eq!(far.gap_ms as u64, (50 + 16 + 50) * 20 / 3);
    }
}
