//! What a payload type stands for in one session: its kind, its clock and the codec behind it, as the SDP said.

/// What a payload type carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Audio,
    /// RFC 4733: the timestamp stands still during an event, so these packets are left out of jitter.
    TelephoneEvent,
    /// RFC 3389.
    ComfortNoise,
}

/// Codecs whose audio the core can read itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    Mu,
    A,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload {
    pub payload_type: u8,
    pub clock_hz: u32,
    pub kind: Kind,
}

/// Payload types one session may use; a session with more names only its first ones.
const MAX_PAYLOADS: usize = 16;

/// The payload types of one session. Unknown ones count as audio at 8 kHz, the default of telephony.
#[derive(Debug, Clone, Default)]
pub struct PayloadMap {
    entries: [Option<Payload>; MAX_PAYLOADS],
}

impl PayloadMap {
    /// Adds or replaces; false when the map is full or the clock is zero.
    pub fn set(&mut self, payload: Payload) -> bool {
        if payload.clock_hz == 0 {
            return false;
        }
        let place = self
            .entries
            .iter()
            .position(|entry| entry.is_none_or(|old| old.payload_type == payload.payload_type));
        if let Some(at) = place {
            self.entries[at] = Some(payload);
        }
        place.is_some()
    }

    pub fn of(&self, payload_type: u8) -> Payload {
        self.entries
            .iter()
            .flatten()
            .find(|entry| entry.payload_type == payload_type)
            .copied()
            .unwrap_or_else(|| assigned(payload_type))
    }
}

/// The static assignments of RFC 3551 that are not plain 8 kHz audio.
fn assigned(payload_type: u8) -> Payload {
    let (clock_hz, kind) = match payload_type {
        13 | 19 => (8000, Kind::ComfortNoise),
        6 => (16000, Kind::Audio),
        10 | 11 => (44100, Kind::Audio),
        14 | 25..=34 => (90000, Kind::Audio),
        16 => (11025, Kind::Audio),
        17 => (22050, Kind::Audio),
        _ => (8000, Kind::Audio),
    };
    Payload {
        payload_type,
        clock_hz,
        kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_session_says_comes_before_the_static_assignments() {
        let mut map = PayloadMap::default();
        assert_eq!(map.of(13).kind, Kind::ComfortNoise);
        let event = Payload {
            payload_type: 101,
            clock_hz: 8000,
            kind: Kind::TelephoneEvent,
        };
        assert!(map.set(event));
        let wide = Payload {
            clock_hz: 48000,
            ..event
        };
        assert!(map.set(wide));
        assert_eq!(map.of(101), wide, "the last word counts");
        assert_eq!(map.of(100).clock_hz, 8000);
    }

    #[test]
    fn a_full_map_and_a_standing_clock_are_refused() {
        let mut map = PayloadMap::default();
        let audio = |payload_type, clock_hz| Payload {
            payload_type,
            clock_hz,
            kind: Kind::Audio,
        };
        assert!(!map.set(audio(96, 0)));
        for payload_type in 96..112 {
            assert!(map.set(audio(payload_type, 16000)));
        }
        assert!(!map.set(audio(112, 16000)));
        assert!(map.set(audio(111, 8000)), "a known one may still change");
    }
}
