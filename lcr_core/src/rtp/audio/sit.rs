//! The special information tone: three rising tones of about a third of a second (ITU-T E.180), before "the number you have dialled".

use super::classify::{BLOCK_MS, Tone};

/// Each part lasts 276 or 380 ms; shorter ones are speech.
const PART_MS: i64 = 150;
const WHOLE_MS: i64 = 1600;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Information {
    /// Part that is heard, since when, how long.
    part: u8,
    from_ms: i64,
    lasted_ms: i64,
}

impl Information {
    /// Start of the whole tone when its third part is certain.
    pub fn on_tone(&mut self, at_ms: i64, tone: Option<Tone>) -> Option<i64> {
        let Some(Tone::Information(part)) = tone else {
            return None;
        };
        if part == self.part {
            self.lasted_ms += BLOCK_MS;
        } else if part == self.part + 1 && self.lasted_ms >= PART_MS {
            self.part = part;
            self.lasted_ms = BLOCK_MS;
        } else if part == 1 {
            *self = Self {
                part: 1,
                from_ms: at_ms,
                lasted_ms: BLOCK_MS,
            };
        }
        let done = self.part == 3 && self.lasted_ms >= PART_MS;
        if !done {
            return None;
        }
        let from = self.from_ms;
        *self = Self::default();
        (at_ms - from <= WHOLE_MS).then_some(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(parts: &[(u8, i64)]) -> Option<i64> {
        let (mut tone, mut at, mut found) = (Information::default(), 1000, None);
        for (part, ms) in parts {
            for _ in 0..ms / BLOCK_MS {
                found = found.or(tone.on_tone(at, (*part > 0).then_some(Tone::Information(*part))));
                at += BLOCK_MS;
            }
        }
        found
    }

    #[test]
    fn three_rising_parts_are_one_tone() {
        assert_eq!(
            play(&[(0, 100), (1, 330), (0, 50), (2, 330), (3, 330)]),
            Some(1100)
        );
    }

    #[test]
    fn other_orders_and_short_parts_are_not() {
        assert_eq!(play(&[(3, 330), (2, 330), (1, 330)]), None);
        assert_eq!(play(&[(1, 100), (2, 330), (3, 330)]), None);
        assert_eq!(
            play(&[(1, 330), (0, 3000), (2, 330), (3, 330)]),
            None,
            "too far apart"
        );
    }
}
