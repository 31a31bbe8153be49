//! What one worker takes on when more comes than it can answer. Refusing costs less than answering only where requests
//! arrive several at a time (pipelined, one read holds many): there a share of them is refused at once, so that those taken
//! are answered in time. A request that came alone is answered: refusing it would save next to nothing.
//!
//! The measure is the worker's own delay: how much later than asked a 1 ms timer of its event loop fires, which is what a
//! request that just became readable waits. Only a delay that stays above the target for a whole window counts (as in
//! CoDel): one slow turn, or a moment without a processor, is no overload.

use std::time::Duration;

/// The share of requests taken is counted in these parts.
const WHOLE: u32 = 1024;
const LEAST: u32 = WHOLE / 128;
/// A delay has to stay above the target this long, and for some beats, before anything is refused.
const WINDOW: Duration = Duration::from_millis(20);
const WINDOW_BEATS: u32 = 3;
/// A share that has been low comes back by this part of itself a beat, and a little.
const REGAIN: u32 = 16;

#[derive(Debug)]
pub struct Admission {
    target_us: u64,
    /// Nothing is answered behind such a delay, whichever way it came: nobody waits for it any more.
    most_us: u64,
    share: u32,
    credit: u32,
    /// Beats and time above the target without a break.
    above: u32,
    above_us: u64,
    delay_us: u64,
    /// Requests since the last beat; the beat stops when there are none.
    pub served: u32,
}

impl Admission {
    #[must_use]
    pub fn new(target_us: u64, most_us: u64) -> Self {
        Self {
            target_us,
            most_us,
            share: WHOLE,
            credit: 0,
            above: 0,
            above_us: 0,
            delay_us: 0,
            served: 0,
        }
    }

    /// Take note of the delay that was just measured.
    pub fn beat(&mut self, delay_us: u64) {
        self.delay_us = delay_us;
        if delay_us <= self.target_us {
            self.above = 0;
            self.above_us = 0;
            self.share = (self.share + self.share / REGAIN + 1).min(WHOLE);
            return;
        }
        self.above = self.above.saturating_add(1);
        self.above_us = self.above_us.saturating_add(delay_us);
        if self.lasts() || self.share < WHOLE {
            // In proportion to the excess, at most to a quarter at a time.
            let kept = (u64::from(self.share) * self.target_us / delay_us) as u32;
            self.share = kept.max(self.share / 4).max(LEAST);
        }
    }

    fn lasts(&self) -> bool {
        let window_us = u64::try_from(WINDOW.as_micros()).unwrap_or(u64::MAX);
        self.above >= WINDOW_BEATS && self.above_us >= window_us
    }

    /// Is something being refused? Then more is read at a time: refusing many together costs less.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.share < WHOLE
    }

    /// Is this request taken? `first` = the first one of a read.
    pub fn admit(&mut self, first: bool) -> bool {
        self.served = self.served.saturating_add(1);
        if self.delay_us > self.most_us && self.lasts() {
            // One in eight still tells whether it got better.
            return self.served % 8 == 0;
        }
        if first || self.share >= WHOLE {
            return true;
        }
        self.credit += self.share;
        if self.credit >= WHOLE {
            self.credit -= WHOLE;
            return true;
        }
        false
    }

    /// The share of heaped requests that is refused, in parts of 1024.
    #[must_use]
    pub fn refused_share(&self) -> u32 {
        WHOLE - self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission() -> Admission {
        Admission::new(3_000, 100_000)
    }

    fn taken(admission: &mut Admission, of: u32) -> u32 {
        (0..of).map(|_| u32::from(admission.admit(false))).sum()
    }

    #[test]
    fn a_moment_of_delay_refuses_nothing() {
        let mut admission = admission();
        admission.beat(50_000);
        admission.beat(50_000);
        admission.beat(100);
        assert_eq!(taken(&mut admission, 1000), 1000);
    }

    #[test]
    fn lasting_delay_refuses_what_came_in_heaps_and_no_single_request() {
        let mut admission = admission();
        for _ in 0..60 {
            admission.beat(9_000);
        }
        assert!(taken(&mut admission, 1000) < 100);
        assert!((0..100).all(|_| admission.admit(true)));
        for _ in 0..120 {
            admission.beat(1_000);
        }
        assert_eq!(taken(&mut admission, 1000), 1000, "it comes back");
    }

    #[test]
    fn the_share_settles_near_what_the_target_allows() {
        // A server whose delay is the load taken over a capacity of a third.
        let mut admission = admission();
        for _ in 0..500 {
            let delay = u64::from(admission.share) * 9_000 / 1024;
            admission.beat(delay);
        }
        assert!((280..420).contains(&admission.share), "{}", admission.share);
    }

    #[test]
    fn behind_a_hopeless_delay_nearly_everything_is_refused() {
        let mut admission = admission();
        for _ in 0..30 {
            admission.beat(200_000);
        }
        let taken = (0..800).filter(|_| admission.admit(true)).count();
        assert_eq!(taken, 100);
    }
}
