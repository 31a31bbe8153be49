//! Ring and busy told by their rhythm (ITU-T E.180): ring 1/4 s (most countries), 2/4 s (North America), .4/.2/.4/2 s (United
//! Kingdom); busy and congestion are even, half a second or less.

use super::classify::{BLOCK_MS, Class, Tone};

/// What a rhythm means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rhythm {
    Ring,
    Busy,
}

/// A rhythm recognised: from the start of its first burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Recognised {
    pub rhythm: Rhythm,
    pub tone: Tone,
    pub from_ms: i64,
    pub until_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Burst {
    tone: Tone,
    from_ms: i64,
    until_ms: i64,
}

impl Burst {
    fn length(&self) -> i64 {
        self.until_ms - self.from_ms
    }
}

/// Blocks without the tone that end a burst; one alone is a disturbance.
const END_BLOCKS: u32 = 2;
/// The pause that makes a burst a ring.
const PAUSE_MS: i64 = 1500;
/// Louder than this is no pause, in tenths of a dBm0.
const QUIET_TENTHS: i16 = -380;

#[derive(Debug, Clone, Default)]
pub(super) struct Cadence {
    open: Option<Burst>,
    without_tone: u32,
    /// The last three closed ones, newest first.
    closed: [Option<Burst>; 3],
    pause_blocks: i64,
    loud_blocks: i64,
}

impl Cadence {
    pub fn on_block(&mut self, from_ms: i64, class: Class) -> Option<Recognised> {
        if let Class::Tone(tone) = class {
            return self.on_tone(from_ms, tone);
        }
        if class == Class::Unknown {
            return None;
        }
        if let Some(burst) = self.open {
            self.without_tone += 1;
            if self.without_tone < END_BLOCKS {
                return None;
            }
            self.closed = [Some(burst), self.closed[0], self.closed[1]];
            self.open = None;
            self.pause_blocks = i64::from(END_BLOCKS) - 1;
            self.loud_blocks = 0;
            if let Some(busy) = self.busy() {
                return Some(busy);
            }
        }
        self.pause_blocks += 1;
        self.loud_blocks +=
            i64::from(matches!(class, Class::Active(level) if level > QUIET_TENTHS));
        if self.pause_blocks * BLOCK_MS == PAUSE_MS {
            return self.ring();
        }
        None
    }

    fn on_tone(&mut self, from_ms: i64, tone: Tone) -> Option<Recognised> {
        self.without_tone = 0;
        let until_ms = from_ms + BLOCK_MS;
        match &mut self.open {
            Some(burst) if burst.tone == tone => burst.until_ms = until_ms,
            _ => {
                self.open = Some(Burst {
                    tone,
                    from_ms,
                    until_ms,
                });
            }
        }
        None
    }

    /// The pause after the newest burst is long enough: was it a ring? A burst may be twice as long as the plan says: a fake ring that
    /// begins while the true one sounds runs into it.
    fn ring(&self) -> Option<Recognised> {
        let last = self.closed[0]?;
        if self.loud_blocks * 5 > self.pause_blocks {
            return None;
        }
        let length = last.length();
        let from_ms = match last.tone {
            Tone::Single425 if (650..=2150).contains(&length) => last.from_ms,
            Tone::Pair440And480 if (1200..=4200).contains(&length) => last.from_ms,
            Tone::Pair400And450 if (250..=550).contains(&length) => {
                let first = self.closed[1].filter(|one| one.tone == last.tone)?;
                let between = last.from_ms - first.until_ms;
                let fits = (250..=850).contains(&first.length()) && (100..=400).contains(&between);
                fits.then_some(first.from_ms)?
            }
            _ => return None,
        };
        Some(Recognised {
            rhythm: Rhythm::Ring,
            tone: last.tone,
            from_ms,
            until_ms: last.until_ms,
        })
    }

    /// Three even bursts with even pauses.
    fn busy(&self) -> Option<Recognised> {
        let [Some(third), Some(second), Some(first)] = self.closed else {
            return None;
        };
        let same = first.tone == second.tone && second.tone == third.tone;
        let short = [first, second, third]
            .iter()
            .all(|burst| (100..=600).contains(&burst.length()));
        let pauses = [
            second.from_ms - first.until_ms,
            third.from_ms - second.until_ms,
        ];
        let even = pauses.iter().all(|pause| (100..=700).contains(pause))
            && (pauses[0] - pauses[1]).abs() <= 150
            && (first.length() - third.length()).abs() <= 150;
        let may = !matches!(first.tone, Tone::Pair400And450 | Tone::Information(_));
        (same && short && even && may).then_some(Recognised {
            rhythm: Rhythm::Busy,
            tone: first.tone,
            from_ms: first.from_ms,
            until_ms: third.until_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs of tone and pause, ms.
    fn play(tone: Tone, beats: &[(i64, i64)], pause: Class) -> Vec<Recognised> {
        let (mut cadence, mut at, mut found) = (Cadence::default(), 0, Vec::new());
        for (on, off) in beats {
            for (length, class) in [(*on, Class::Tone(tone)), (*off, pause)] {
                for _ in 0..length / BLOCK_MS {
                    found.extend(cadence.on_block(at, class));
                    at += BLOCK_MS;
                }
            }
        }
        found
    }

    fn rhythms(tone: Tone, beats: &[(i64, i64)]) -> Vec<Rhythm> {
        play(tone, beats, Class::Silent)
            .iter()
            .map(|one| one.rhythm)
            .collect()
    }

    #[test]
    fn rings_of_three_plans_are_recognised() {
        let ring = [Rhythm::Ring, Rhythm::Ring];
        assert_eq!(
            rhythms(Tone::Single425, &[(1000, 4000), (1000, 4000)]),
            ring
        );
        assert_eq!(
            rhythms(Tone::Pair440And480, &[(2000, 4000), (2000, 4000)]),
            ring
        );
        let british = [(400, 200), (400, 2000), (400, 200), (400, 2000)];
        assert_eq!(rhythms(Tone::Pair400And450, &british), ring);
        let first = play(Tone::Single425, &[(1000, 4000)], Class::Silent);
        assert_eq!((first[0].from_ms, first[0].until_ms), (0, 1000));
    }

    #[test]
    fn busy_and_congestion_are_not_taken_for_ringing() {
        for beat in [(500, 500), (250, 250), (200, 200)] {
            for tone in [Tone::Single425, Tone::Pair480And620] {
                let found = rhythms(tone, &[beat; 6]);
                assert!(
                    !found.is_empty() && !found.contains(&Rhythm::Ring),
                    "{beat:?}"
                );
            }
        }
    }

    #[test]
    fn a_beep_before_speech_and_a_standing_tone_are_neither() {
        assert_eq!(
            play(Tone::Single425, &[(1000, 4000)], Class::Active(-200)),
            []
        );
        assert_eq!(rhythms(Tone::Single425, &[(300, 4000)]), []);
        assert_eq!(rhythms(Tone::Single425, &[(5000, 4000)]), []);
        assert_eq!(rhythms(Tone::Information(1), &[(330, 2000)]), []);
    }

    #[test]
    fn a_disturbed_or_missing_block_does_not_break_a_burst() {
        let mut cadence = Cadence::default();
        let mut found = Vec::new();
        for n in 0..60i64 {
            let class = match n {
                7 => Class::Active(-200),
                12 | 13 => Class::Unknown,
                0..20 => Class::Tone(Tone::Single425),
                _ => Class::Silent,
            };
            found.extend(cadence.on_block(n * BLOCK_MS, class));
        }
        assert_eq!(found.len(), 1);
    }
}
