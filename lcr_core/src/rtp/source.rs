//! Which source a relay listens to. An address learnt from the first packet that happens to arrive can be stolen; so the address of
//! the SDP counts at once, another only where NAT is allowed for, after packets in a row, and never while the locked one speaks.

use std::net::SocketAddr;

use super::packet::Packet;

/// Packets in a row, one source, one SSRC, rising numbers, before a source the SDP does not name is believed.
const LEARN_PACKETS: u32 = 4;
/// The locked source must have been silent this long before another may take its place.
const SILENT_NANOS: i64 = 2_000_000_000;
/// A step forward that still counts as in a row.
const STEP: u16 = 16;

/// Who may take part besides the address of the SDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learning {
    /// Nobody: peers with public addresses.
    Never,
    /// The address of the SDP on another port.
    SameHost,
    /// Any: peers behind NAT.
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// From the locked source.
    Accept,
    /// This packet locked the source, or moved the lock: answers go there from now on.
    AcceptAndLock,
    Refuse,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    from: SocketAddr,
    ssrc: u32,
    sequence: u16,
    in_a_row: u32,
}

/// The lock of one leg.
#[derive(Debug, Clone, Copy)]
pub struct SourceLock {
    announced: Option<SocketAddr>,
    learning: Learning,
    locked: Option<SocketAddr>,
    last_at: i64,
    candidate: Option<Candidate>,
    refused: u64,
    moved: u32,
}

impl SourceLock {
    pub fn new(announced: Option<SocketAddr>, learning: Learning) -> Self {
        Self {
            announced,
            learning,
            locked: None,
            last_at: 0,
            candidate: None,
            refused: 0,
            moved: 0,
        }
    }

    /// Another SDP of the same leg: a changed address opens the lock, the same one does not.
    pub fn announce(&mut self, announced: SocketAddr) {
        if self.announced != Some(announced) {
            self.announced = Some(announced);
            self.locked = None;
            self.candidate = None;
        }
    }

    /// One valid RTP packet.
    pub fn judge(&mut self, at_nanos: i64, from: SocketAddr, packet: &Packet) -> Judgement {
        if self.locked == Some(from) {
            self.last_at = self.last_at.max(at_nanos);
            self.candidate = None;
            return Judgement::Accept;
        }
        let speaks = self.speaker(at_nanos).is_some();
        let named = self.announced == Some(from);
        if speaks || !(named || self.may_learn(from)) {
            return self.refuse();
        }
        if !named && !self.in_a_row(from, packet) {
            return self.refuse();
        }
        self.moved += u32::from(self.locked.is_some());
        self.locked = Some(from);
        self.last_at = at_nanos;
        self.candidate = None;
        Judgement::AcceptAndLock
    }

    /// RTCP and other packets never lock; they count only from the locked host.
    pub fn is_locked_host(&self, from: SocketAddr) -> bool {
        self.locked.is_some_and(|locked| locked.ip() == from.ip())
    }

    fn may_learn(&self, from: SocketAddr) -> bool {
        match self.learning {
            Learning::Never => false,
            Learning::SameHost => self.announced.is_some_and(|known| known.ip() == from.ip()),
            Learning::Any => true,
        }
    }

    fn in_a_row(&mut self, from: SocketAddr, packet: &Packet) -> bool {
        let follows = self.candidate.filter(|known| {
            let step = packet.sequence.wrapping_sub(known.sequence);
            known.from == from && known.ssrc == packet.ssrc && (1..=STEP).contains(&step)
        });
        let in_a_row = follows.map_or(0, |known| known.in_a_row) + 1;
        self.candidate = Some(Candidate {
            from,
            ssrc: packet.ssrc,
            sequence: packet.sequence,
            in_a_row,
        });
        in_a_row >= LEARN_PACKETS
    }

    fn refuse(&mut self) -> Judgement {
        self.refused += 1;
        Judgement::Refuse
    }

    /// Where media for this leg goes: the locked source, before that the address of the SDP.
    pub fn target(&self) -> Option<SocketAddr> {
        self.locked.or(self.announced)
    }

    /// The locked source while nobody may take its place.
    pub fn speaker(&self, at_nanos: i64) -> Option<SocketAddr> {
        self.locked
            .filter(|_| at_nanos.saturating_sub(self.last_at) < SILENT_NANOS)
    }

    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// How often the lock has moved.
    pub fn moved(&self) -> u32 {
        self.moved
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Judgement::*;
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn packet(sequence: u16, ssrc: u32) -> Packet<'static> {
        Packet {
            marker: false,
            payload_type: 8,
            sequence,
            timestamp: 0,
            ssrc,
            csrc: &[],
            extension: None,
            payload: &[],
            padding: 0,
        }
    }

    fn hear(lock: &mut SourceLock, at_nanos: i64, from: &str, sequence: u16) -> Judgement {
        lock.judge(at_nanos, at(from), &packet(sequence, 1))
    }

    #[test]
    fn the_announced_source_is_believed_at_once() {
        let mut lock = SourceLock::new(Some(at("192.0.2.1:4000")), Learning::Never);
        assert_eq!(lock.target(), Some(at("192.0.2.1:4000")));
        assert_eq!(hear(&mut lock, 0, "192.0.2.1:4000", 1), AcceptAndLock);
        assert_eq!(hear(&mut lock, 1, "192.0.2.1:4000", 2), Accept);
        for n in 0..20 {
            assert_eq!(hear(&mut lock, n, "192.0.2.1:4001", n as u16), Refuse);
        }
        assert_eq!(lock.refused(), 20);
    }

    #[test]
    fn behind_nat_a_source_is_learnt_from_four_packets_in_a_row() {
        let mut lock = SourceLock::new(Some(at("10.0.0.1:4000")), Learning::Any);
        for (sequence, judgement) in [
            (65534, Refuse),
            (65535, Refuse),
            (1, Refuse),
            (2, AcceptAndLock),
        ] {
            assert_eq!(hear(&mut lock, 0, "192.0.2.9:7000", sequence), judgement);
        }
        assert_eq!(lock.target(), Some(at("192.0.2.9:7000")));
    }

    #[test]
    fn guesses_in_between_do_not_add_up() {
        let mut lock = SourceLock::new(None, Learning::Any);
        for n in 0..50u16 {
            assert_eq!(hear(&mut lock, 0, "192.0.2.9:7000", n * 1000), Refuse);
            assert_eq!(
                hear(&mut lock, 0, "192.0.2.8:7000", n),
                Refuse,
                "sources alternate"
            );
        }
    }

    #[test]
    fn nobody_takes_the_lock_while_the_owner_speaks() {
        let mut lock = SourceLock::new(None, Learning::Any);
        (0..4).for_each(|n| _ = hear(&mut lock, 0, "192.0.2.1:4000", n));
        for n in 4..200u16 {
            let now = i64::from(n) * SECOND / 50;
            assert_eq!(hear(&mut lock, now, "192.0.2.1:4000", n), Accept);
            assert_eq!(hear(&mut lock, now, "203.0.113.5:9", n), Refuse);
        }
        assert_eq!(lock.moved(), 0);
    }

    #[test]
    fn after_two_silent_seconds_the_source_may_move() {
        let mut lock = SourceLock::new(Some(at("192.0.2.1:4000")), Learning::SameHost);
        assert_eq!(hear(&mut lock, 0, "192.0.2.1:4000", 1), AcceptAndLock);
        let mut last = Refuse;
        for n in 0..4 {
            assert_eq!(
                hear(&mut lock, 3 * SECOND, "192.0.2.7:5000", n),
                Refuse,
                "another host"
            );
        }
        for n in 0..4 {
            last = hear(&mut lock, 3 * SECOND, "192.0.2.1:5000", n);
        }
        assert_eq!((last, lock.moved()), (AcceptAndLock, 1));
        assert_eq!(
            hear(&mut lock, 3 * SECOND, "192.0.2.1:4000", 2),
            Refuse,
            "the new one speaks"
        );
    }

    #[test]
    fn a_new_announcement_opens_the_lock_and_the_same_one_does_not() {
        let mut lock = SourceLock::new(Some(at("192.0.2.1:4000")), Learning::Never);
        assert_eq!(hear(&mut lock, 0, "192.0.2.1:4000", 1), AcceptAndLock);
        lock.announce(at("192.0.2.1:4000"));
        assert_eq!(hear(&mut lock, 0, "192.0.2.1:4000", 2), Accept);
        lock.announce(at("192.0.2.2:6000"));
        assert_eq!(hear(&mut lock, 0, "192.0.2.2:6000", 3), AcceptAndLock);
        assert_eq!(hear(&mut lock, 0, "192.0.2.1:4000", 4), Refuse);
        assert!(
            lock.is_locked_host(at("192.0.2.2:6001")) && !lock.is_locked_host(at("192.0.2.1:4000"))
        );
    }
}
