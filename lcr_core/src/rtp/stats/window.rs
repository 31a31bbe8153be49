//! The fate of the newest packets, in sending order: a late packet may still fill its hole until it leaves the window.

use super::bursts::Bursts;

/// More than MAX_MISORDER, so that nothing final is ever asked for again.
const PLACES: usize = 256;

/// What became of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Missing,
    Played,
    /// Received, too late for the buffer.
    Discarded,
}

#[derive(Debug, Clone)]
pub struct Window {
    places: [Fate; PLACES],
    newest: u64,
    /// Packets that have left.
    settled: Bursts,
}

impl Window {
    /// Begins with packet 0, whose fate is known.
    pub fn new(first: Fate) -> Self {
        let mut places = [Fate::Missing; PLACES];
        places[0] = first;
        Self {
            places,
            newest: 0,
            settled: Bursts::default(),
        }
    }

    /// None when the packet has left the window (or was never in it).
    pub fn fate(&self, index: u64) -> Option<Fate> {
        let known = index <= self.newest && self.newest - index < PLACES as u64;
        known.then(|| self.places[Self::place(index)])
    }

    /// The packet was received; newer ones than any before push old ones out.
    pub fn set(&mut self, index: u64, fate: Fate) {
        while self.newest < index {
            self.newest += 1;
            let at = Self::place(self.newest);
            if self.newest >= PLACES as u64 {
                self.settled.on_packet(self.places[at] == Fate::Played);
            }
            self.places[at] = Fate::Missing;
        }
        if self.newest - index < PLACES as u64 {
            self.places[Self::place(index)] = fate;
        }
    }

    /// Bursts of everything so far, the window included.
    pub fn bursts(&self) -> Bursts {
        let mut all = self.settled;
        for index in (self.newest + 1).saturating_sub(PLACES as u64)..=self.newest {
            all.on_packet(self.places[Self::place(index)] == Fate::Played);
        }
        all
    }

    fn place(index: u64) -> usize {
        (index % PLACES as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_packet_fills_its_hole() {
        let mut window = Window::new(Fate::Played);
        window.set(2, Fate::Played);
        assert_eq!(window.fate(1), Some(Fate::Missing));
        assert_eq!(window.bursts().figures(20).missing, 1);
        window.set(1, Fate::Played);
        assert_eq!(window.bursts().figures(20).missing, 0);
    }

    #[test]
    fn every_packet_is_counted_once_however_long_the_stream() {
        let mut window = Window::new(Fate::Played);
        for index in 1..10_000u64 {
            if index % 100 != 0 {
                window.set(index, Fate::Played);
            }
        }
        window.set(10_000, Fate::Discarded);
        let figures = window.bursts().figures(20);
        assert_eq!((figures.missing, figures.runs), (100, 100));
        assert_eq!(window.fate(10_000), Some(Fate::Discarded));
        assert_eq!((window.fate(5), window.fate(10_001)), (None, None));
    }
}
