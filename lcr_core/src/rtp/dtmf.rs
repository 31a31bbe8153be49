//! Telephone events, RFC 4733: read, sent, and gathered into digits.

/// Bytes of one event.
pub const EVENT_BYTES: usize = 4;
/// Digits kept of one call.
const MAX_DIGITS: usize = 64;
/// The last packet of an event is sent this often (RFC 4733 2.5.1.4).
const END_PACKETS: u32 = 3;
const KEYS: &[u8; 16] = b"0123456789*#ABCD";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// 0..=15 are keys, 16 is flash.
    pub event: u8,
    pub end: bool,
    /// Attenuation in dBm0, 0..=63: 10 = -10 dBm0.
    pub volume: u8,
    /// Timestamp units since the event began.
    pub duration: u16,
}

impl Event {
    /// The first event of a payload; None when it is shorter than one.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let four = payload.first_chunk::<EVENT_BYTES>()?;
        Some(Self {
            event: four[0],
            end: four[1] & 0x80 != 0,
            volume: four[1] & 0x3f,
            duration: u16::from_be_bytes([four[2], four[3]]),
        })
    }

    pub fn bytes(&self) -> [u8; EVENT_BYTES] {
        let duration = self.duration.to_be_bytes();
        let flags = u8::from(self.end) << 7 | (self.volume & 0x3f);
        [self.event, flags, duration[0], duration[1]]
    }

    pub fn key(&self) -> Option<char> {
        KEYS.get(usize::from(self.event))
            .map(|key| char::from(*key))
    }
}

/// The event of a key.
pub fn event_of(key: char) -> Option<u8> {
    let key = u8::try_from(key.to_ascii_uppercase()).ok()?;
    KEYS.iter()
        .position(|known| *known == key)
        .map(|at| at as u8)
}

/// What the next packet of a pressed key carries. The RTP timestamp stays that of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPacket {
    pub marker: bool,
    pub event: Event,
}

/// One pressed key, packet by packet: updates while it lasts, then the end three times.
#[derive(Debug, Clone)]
pub struct KeyPress {
    event: u8,
    volume: u8,
    step: u16,
    updates: u32,
    sent: u32,
}

impl KeyPress {
    /// `step` = timestamp units a packet, `updates` = packets the key lasts (at least 1, duration below 16 bits).
    pub fn new(key: char, volume: u8, step: u16, updates: u32) -> Option<Self> {
        let fits = updates > 0 && u32::from(step).checked_mul(updates)? <= u32::from(u16::MAX);
        fits.then_some(Self {
            event: event_of(key)?,
            volume,
            step,
            updates,
            sent: 0,
        })
    }
}

impl Iterator for KeyPress {
    type Item = EventPacket;

    fn next(&mut self) -> Option<EventPacket> {
        if self.sent >= self.updates + END_PACKETS - 1 {
            return None;
        }
        self.sent += 1;
        let lasted = self.sent.min(self.updates);
        Some(EventPacket {
            marker: self.sent == 1,
            event: Event {
                event: self.event,
                end: self.sent >= self.updates,
                volume: self.volume,
                duration: (u32::from(self.step) * lasted) as u16,
            },
        })
    }
}

/// Keys heard: one for each event timestamp, however many of its packets came.
#[derive(Debug, Clone)]
pub struct KeysHeard {
    keys: [u8; MAX_DIGITS],
    count: usize,
    last: Option<(u32, u8)>,
    left_out: u32,
}

impl Default for KeysHeard {
    fn default() -> Self {
        Self {
            keys: [0; MAX_DIGITS],
            count: 0,
            last: None,
            left_out: 0,
        }
    }
}

impl KeysHeard {
    /// One packet; the key when it is a new one.
    pub fn on_packet(&mut self, timestamp: u32, payload: &[u8]) -> Option<char> {
        let event = Event::parse(payload)?;
        let key = event.key()?;
        if let Some((last, known)) = self.last {
            let newer = timestamp.wrapping_sub(last) as i32;
            if newer < 0 || (newer == 0 && known == event.event) {
                return None;
            }
        }
        self.last = Some((timestamp, event.event));
        match self.keys.get_mut(self.count) {
            Some(place) => {
                *place = key as u8;
                self.count += 1;
            }
            None => self.left_out += 1,
        }
        Some(key)
    }

    pub fn keys(&self) -> &str {
        std::str::from_utf8(&self.keys[..self.count]).unwrap_or("")
    }

    /// Keys beyond the room of 64.
    pub fn left_out(&self) -> u32 {
        self.left_out
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_and_written_bit_by_bit() {
        let bytes = [11, 0x8a, 0x03, 0x20];
        let event = Event::parse(&bytes).unwrap();
        assert_eq!(
            (event.key(), event.end, event.volume, event.duration),
            (Some('#'), true, 10, 800)
        );
        assert_eq!(event.bytes(), bytes);
        assert_eq!(Event::parse(&bytes[..3]), None);
        assert_eq!(
            Event::parse(&[16, 0, 0, 0]).unwrap().key(),
            None,
            "flash is no key"
        );
    }

    #[test]
    fn a_key_lasts_its_packets_and_ends_three_times() {
        let packets: Vec<_> = KeyPress::new('5', 10, 160, 5).unwrap().collect();
        let durations: Vec<_> = packets.iter().map(|one| one.event.duration).collect();
        assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800]);
        let ends: Vec<_> = packets.iter().map(|one| one.event.end).collect();
        assert_eq!(ends, [false, false, false, false, true, true, true]);
        assert_eq!(packets.iter().filter(|one| one.marker).count(), 1);
        assert!(
            KeyPress::new('5', 10, 160, 0).is_none() && KeyPress::new('x', 10, 160, 5).is_none()
        );
        assert!(
            KeyPress::new('5', 10, 160, 500).is_none(),
            "longer than 16 bits"
        );
    }

    #[test]
    fn each_key_is_heard_once_whatever_is_lost_or_late() {
        let mut heard = KeysHeard::default();
        for (n, key) in "14#A1".chars().enumerate() {
            let timestamp = (u32::MAX - 2000).wrapping_add(n as u32 * 1600);
            for (at, packet) in KeyPress::new(key, 10, 160, 4).unwrap().enumerate() {
                if (at + n) % 2 == 0 {
                    heard.on_packet(timestamp, &packet.event.bytes());
                }
            }
        }
        let late = Event::parse(&[1, 0x8a, 0, 160]).unwrap();
        assert_eq!(heard.on_packet(u32::MAX - 2000, &late.bytes()), None);
        assert_eq!(heard.keys(), "14#A1");
    }

    #[test]
    fn a_flood_of_keys_is_counted_and_not_kept() {
        let mut heard = KeysHeard::default();
        for n in 0..100u32 {
            heard.on_packet(n * 1600, &[1, 0, 0, 160]);
        }
        assert_eq!((heard.keys().len(), heard.left_out()), (64, 36));
    }
}
