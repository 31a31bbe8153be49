//! A circuit breaker: after so many failures in a row nothing is asked for a while, then one question tells whether it got better.
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The rest doubles up to this many times.
const MOST_DOUBLINGS: u32 = 5;

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Rests that did not help.
    rests: u32,
    open_until: Option<Instant>,
    probing: bool,
}

#[derive(Debug)]
pub struct Breaker {
    after: u32,
    rest: Duration,
    state: Mutex<State>,
}

impl Breaker {
    pub fn new(after: u32, rest: Duration) -> Self {
        Self {
            after: after.max(1),
            rest,
            state: Mutex::default(),
        }
    }

    /// May this one be asked? After a rest only one at a time may, until it has ended.
    pub fn lets_through(&self, now: Instant) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open_until {
            None => true,
            Some(until) if now < until || state.probing => false,
            Some(_) => {
                state.probing = true;
                true
            }
        }
    }

    /// One that was asked has ended.
    pub fn note(&self, good: bool, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if good {
            *state = State::default();
            return;
        }
        state.failures = state.failures.saturating_add(1);
        let again = std::mem::take(&mut state.probing);
        if again || (state.open_until.is_none() && state.failures >= self.after) {
            let factor = 1 << state.rests.min(MOST_DOUBLINGS);
            state.open_until = Some(now + self.rest * factor);
            state.rests = state.rests.saturating_add(1);
        }
    }

    pub fn is_open(&self, now: Instant) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.open_until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_open_it_and_one_probe_closes_it_again() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let breaker = Breaker::new(3, Duration::from_millis(100));
        for good in [false, false, true, false, false] {
            breaker.note(good, at(0));
        }
        assert!(breaker.lets_through(at(0)), "never three in a row");
        breaker.note(false, at(0));
        assert!(breaker.is_open(at(99)) && !breaker.lets_through(at(99)));
        assert!(breaker.lets_through(at(100)), "a probe");
        assert!(!breaker.lets_through(at(101)), "one at a time");
        breaker.note(false, at(110));
        assert!(!breaker.lets_through(at(309)), "the rest doubles");
        assert!(breaker.lets_through(at(310)));
        breaker.note(true, at(320));
        assert!(breaker.lets_through(at(321)) && breaker.lets_through(at(321)));
    }
}
