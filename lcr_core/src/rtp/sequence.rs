//! Sequence numbers of 16 bits placed on a line without end (RFC 3550 A.1): gaps, late packets, strays and restarts told apart.

/// A step forward larger than this is no loss but a restart or a stray (RFC 3550 A.1 MAX_DROPOUT).
pub const MAX_DROPOUT: u16 = 3000;
/// A packet older than this is a stray (MAX_MISORDER).
pub const MAX_MISORDER: u16 = 100;

/// Where a packet belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// The newest so far; `index` counts packets sent since the first, from 0.
    Ahead { index: u64 },
    /// Older than the newest (or equal to it): late, or a duplicate.
    Behind { index: u64 },
    /// Far away from the line; counts only when the next packet follows it.
    Stray,
    /// Older than the first packet that was seen.
    BeforeFirst,
}

/// The line of one stream.
#[derive(Debug, Clone, Copy)]
pub struct Sequence {
    newest: u16,
    newest_index: u64,
    cycles: u32,
    expect_after_stray: Option<u16>,
    restarts: u32,
}

impl Sequence {
    /// Starts with the first packet, index 0.
    pub fn new(first: u16) -> Self {
        Self {
            newest: first,
            newest_index: 0,
            cycles: 0,
            expect_after_stray: None,
            restarts: 0,
        }
    }

    pub fn place(&mut self, sequence: u16) -> Placed {
        let ahead = sequence.wrapping_sub(self.newest);
        let behind = self.newest.wrapping_sub(sequence);
        if ahead != 0 && ahead < MAX_DROPOUT {
            if sequence < self.newest {
                self.cycles = self.cycles.wrapping_add(1);
            }
            self.newest_index += u64::from(ahead);
            self.newest = sequence;
            self.expect_after_stray = None;
            return Placed::Ahead {
                index: self.newest_index,
            };
        }
        if behind <= MAX_MISORDER {
            return match self.newest_index.checked_sub(u64::from(behind)) {
                Some(index) => Placed::Behind { index },
                None => Placed::BeforeFirst,
            };
        }
        if self.expect_after_stray == Some(sequence) {
            // Two in a row far away: the sender began anew. The line goes on without a gap.
            self.newest = sequence;
            self.newest_index += 1;
            self.cycles = 0;
            self.restarts = self.restarts.saturating_add(1);
            self.expect_after_stray = None;
            return Placed::Ahead {
                index: self.newest_index,
            };
        }
        self.expect_after_stray = Some(sequence.wrapping_add(1));
        Placed::Stray
    }

    /// Packets the sender has sent as far as we can tell: newest - first + 1.
    pub fn expected(&self) -> u64 {
        self.newest_index + 1
    }

    /// The extended highest sequence number of a receiver report.
    pub fn extended_highest(&self) -> u32 {
        self.cycles << 16 | u32::from(self.newest)
    }

    pub fn restarts(&self) -> u32 {
        self.restarts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Placed::*;

    #[test]
    fn the_line_goes_on_when_sixteen_bits_wrap() {
        let mut line = Sequence::new(65534);
        assert_eq!(line.place(65535), Ahead { index: 1 });
        assert_eq!(line.place(1), Ahead { index: 3 });
        assert_eq!(line.place(0), Behind { index: 2 });
        assert_eq!(line.expected(), 4);
        assert_eq!(line.extended_highest(), 0x1_0001);
    }

    #[test]
    fn what_came_before_the_first_packet_is_not_counted() {
        let mut line = Sequence::new(10);
        assert_eq!(line.place(9), BeforeFirst);
        assert_eq!(line.place(10), Behind { index: 0 });
        assert_eq!(line.expected(), 1);
    }

    #[test]
    fn one_stray_changes_nothing_two_in_a_row_are_a_restart() {
        let mut line = Sequence::new(100);
        assert_eq!(line.place(30000), Stray);
        assert_eq!(line.place(101), Ahead { index: 1 });
        assert_eq!(
            line.place(30001),
            Stray,
            "the good packet between forgot it"
        );
        assert_eq!(line.place(30002), Ahead { index: 2 });
        assert_eq!((line.restarts(), line.expected()), (1, 3));
        assert_eq!(line.place(30003), Ahead { index: 3 });
    }

    #[test]
    fn four_rounds_of_the_number_space_count_every_packet() {
        let mut line = Sequence::new(7);
        for n in 1..=4 * 65536u64 {
            assert_eq!(line.place((7 + n) as u16), Ahead { index: n });
        }
        assert_eq!(line.extended_highest(), 4 << 16 | 7);
    }
}
