//! What one worker takes on when more comes than it can answer. Refusing costs less than answering only where requests
//! arrive several at a time (pipelined, one read holds many): there those behind the first are refused at once when their
//! connection has had its share of the turn, so that those taken are answered in time. A request that came alone is
//! answered: refusing it would save next to nothing.
//!
//! A turn is the time in which every connection with something to read is visited once; it is what a request that just
//! became readable waits. In an overload each of the N visits of a turn may compute an Nth of the target, so a turn cannot
//! grow beyond the target and what refusals cost, whatever is offered, and however long the worker was kept from its
//! processor. What the refusals of a turn take is taken off the answers of the next. Only turns that stay above the target
//! for a whole window begin it (as in CoDel): one burst is no overload.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Turns have to stay above the target this long before anything is refused.
const WINDOW: Duration = Duration::from_millis(10);
/// The limit is lifted when nothing had to be refused for this long, not counting times without a visit: after a pause as
/// much is waiting as came meanwhile.
const CALM: Duration = Duration::from_millis(50);
const PAUSE: Duration = Duration::from_millis(1);
/// A hopeless delay of the worker's timer has to last this many beats.
const BEATS: u32 = 3;
/// So many visits in a turn are worth a second pass over their connections.
const COMPANY: u64 = 4;
/// Answers keep this part of the target, however much there is to refuse.
const LEAST: u128 = 2;

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

thread_local! {
    static RESTS: Cell<u64> = const { Cell::new(0) };
}

/// The event loop of this thread has nothing left that is ready: a turn ends.
pub fn rest() {
    RESTS.with(|rests| rests.set(rests.get().wrapping_add(1)));
}

/// What a connection remembers of its last visit.
#[derive(Debug, Default)]
pub struct Place {
    /// Its number among the worker's.
    visit: u64,
}

#[derive(Debug)]
pub struct Admission {
    target: Duration,
    /// Nothing is answered behind such a delay, whichever way it came: nobody waits for it any more.
    most_us: u64,
    /// Visits in all; before the turn that goes on; of the turn before it.
    visits: u64,
    before: u64,
    last_turn: u64,
    rests: u64,
    turn_began: Instant,
    last_visit: Instant,
    last_end: Instant,
    /// What the visits of a turn may compute together, while there is a limit.
    answers: Duration,
    /// Time lately spent in turns above the target.
    above: Duration,
    /// How long nothing had to be refused, while there is a limit.
    limited: Option<Duration>,
    /// Until when this visit may answer what is heaped.
    until: Instant,
    /// Beats in a row whose delay was hopeless.
    hopeless: u32,
    heaped: u32,
    refused: u32,
    /// Requests since the last beat; the beat stops when there are none.
    pub served: u32,
}

impl Admission {
    #[must_use]
    pub fn new(target_us: u64, most_us: u64, now: Instant) -> Self {
        Self {
            target: Duration::from_micros(target_us),
            most_us,
            visits: 0,
            before: 0,
            last_turn: 0,
            rests: 0,
            turn_began: now,
            last_visit: now,
            last_end: now,
            answers: Duration::from_micros(target_us),
            above: Duration::ZERO,
            limited: None,
            until: now,
            hopeless: 0,
            heaped: 0,
            refused: 0,
            served: 0,
        }
    }

    /// A connection has something to read.
    pub fn visit(&mut self, place: &mut Place, now: Instant) {
        self.visit_after(place, now, RESTS.with(Cell::get));
    }

    fn visit_after(&mut self, place: &mut Place, now: Instant, rests: u64) {
        // A turn ends in a rest, or when a connection comes again.
        if rests != self.rests || place.visit > self.before {
            self.rests = rests;
            self.turned(
                self.last_end.saturating_duration_since(self.turn_began),
                now.saturating_duration_since(self.turn_began),
            );
            self.last_turn = self.visits - self.before;
            self.before = self.visits;
            self.turn_began = now;
        }
        self.visits += 1;
        place.visit = self.visits;
        if let Some(calm) = &mut self.limited {
            *calm += now.saturating_duration_since(self.last_visit).min(PAUSE);
            if *calm > CALM {
                self.limited = None;
                self.above = Duration::ZERO;
            }
        }
        self.last_visit = now;
        if self.limited.is_none() {
            // A turn that grows tenfold is not waited for to its end.
            let so_far = now.saturating_duration_since(self.turn_began);
            if so_far > self.target && self.above + so_far.min(WINDOW / 2) >= WINDOW {
                self.limit();
            }
        }
        let shared_by = (self.visits - self.before).max(self.last_turn);
        self.until = now + self.answers / u32::try_from(shared_by).unwrap_or(u32::MAX).max(1);
    }

    /// Are several visited in this turn, as far as the one before tells, and all of them answered?
    #[must_use]
    pub fn in_company(&self) -> bool {
        self.limited.is_none() && self.last_turn.max(self.visits - self.before) >= COMPANY
    }

    /// The visit is over.
    pub fn leave(&mut self, at: Instant) {
        self.last_end = at;
    }

    /// A turn took so long, and began so long ago.
    fn turned(&mut self, took: Duration, since: Duration) {
        if self.limited.is_some() {
            // Towards the target, by an eighth of what is missing and at most to half at a time.
            let (target, took) = (micros(self.target), micros(took).max(1));
            let aim = u128::from(micros(self.answers)) * u128::from(target) / u128::from(took);
            let now = u128::from(micros(self.answers));
            let next = (now * 7 + aim).div_ceil(8).max(now / 2);
            let most = u128::from(target);
            let next = next.clamp(most / LEAST, most);
            self.answers = Duration::from_micros(u64::try_from(next).unwrap_or(target));
        }
        if took <= self.target {
            self.above = self.above.saturating_sub(since);
            return;
        }
        self.above = (self.above + took.min(WINDOW / 2)).min(WINDOW);
        let limit = self.limited.is_none() && self.above >= WINDOW;
        // What passed between the turn's last visit and this one was calm.
        self.above = self.above.saturating_sub(since.saturating_sub(took));
        if limit {
            self.limit();
        }
    }

    fn limit(&mut self) {
        self.limited = Some(Duration::ZERO);
        self.answers = self.target;
    }

    /// Take note of the delay that the worker's timer had.
    pub fn beat(&mut self, delay_us: u64) {
        self.hopeless = match delay_us > self.most_us {
            true => self.hopeless.saturating_add(1),
            false => 0,
        };
    }

    /// Is something being refused? Then more is read at a time: refusing many together costs less.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.limited.is_some()
    }

    /// Is this request taken? `first` = the first one of a read.
    pub fn admit(&mut self, first: bool, now: impl FnOnce() -> Instant) -> bool {
        self.served = self.served.saturating_add(1);
        if self.hopeless >= BEATS {
            // One in eight still tells whether it got better.
            return self.served % 8 == 0;
        }
        if first {
            return true;
        }
        self.heaped = self.heaped.saturating_add(1);
        if self.limited.is_none() {
            return true;
        }
        if now() < self.until {
            return true;
        }
        self.limited = Some(Duration::ZERO);
        self.refused = self.refused.saturating_add(1);
        false
    }

    /// The share of heaped requests refused since this was last asked, in parts of 1024.
    pub fn take_refused_share(&mut self) -> u32 {
        let (refused, heaped) = (
            std::mem::take(&mut self.refused),
            std::mem::take(&mut self.heaped),
        );
        (u64::from(refused) * 1024 / u64::from(heaped.max(1))) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const US: Duration = Duration::from_micros(1);

    /// A worker whose connections send heaps: answering takes 10 us, refusing one.
    struct World {
        admission: Admission,
        now: Instant,
        places: Vec<Place>,
        rests: u64,
    }

    impl World {
        fn new(connections: usize) -> Self {
            let now = Instant::now();
            Self {
                admission: Admission::new(2_000, 100_000, now),
                now,
                places: std::iter::repeat_with(Place::default)
                    .take(connections)
                    .collect(),
                rests: 0,
            }
        }

        /// Visits every connection once; `more` = all of them have still more. Answers taken, and how long it took.
        fn turn(&mut self, heap: u32, more: bool) -> (u32, Duration) {
            let (mut taken, began) = (0, self.now);
            for place in &mut self.places {
                self.admission.visit_after(place, self.now, self.rests);
                for i in 0..heap {
                    let now = self.now;
                    let answered = self.admission.admit(i == 0, || now);
                    taken += u32::from(answered);
                    self.now += if answered { 10 * US } else { US };
                }
                self.admission.leave(self.now);
            }
            self.rests += u64::from(!more);
            (taken, self.now.saturating_duration_since(began))
        }
    }

    #[test]
    fn one_burst_is_answered_whole() {
        let mut world = World::new(64);
        assert_eq!(world.turn(20, false).0, 64 * 20);
        world.now += 100 * MS;
        assert_eq!(world.turn(20, false).0, 64 * 20);
        assert!(!world.admission.refuses());
    }

    #[test]
    fn in_an_overload_turns_stay_near_the_target_and_every_connection_is_answered_some() {
        for more in [true, false] {
            let mut world = World::new(64);
            for _ in 0..20 {
                world.turn(40, more);
            }
            assert!(world.admission.refuses());
            let (taken, took) = world.turn(40, more);
            assert!((128..=256).contains(&taken), "{taken}");
            assert!(took < 5 * MS, "{took:?}");
            // Kept from the processor for long, then three times as much waits: the turn grows by the refusals only.
            world.now += 50 * MS;
            let (taken, took) = world.turn(120, more);
            assert!((128..=256).contains(&taken), "{taken}");
            assert!(took < 10 * MS, "{took:?}");
            assert!(world.admission.refuses());
        }
    }

    #[test]
    fn a_turn_that_grows_tenfold_is_not_answered_to_its_end() {
        let mut world = World::new(64);
        assert_eq!(world.turn(20, true).0, 64 * 20);
        let (taken, took) = world.turn(200, true);
        assert!(taken < 64 * 200 / 8, "{taken}");
        assert!(took < 40 * MS, "{took:?}");
        assert!(world.admission.refuses());
    }

    #[test]
    fn the_limit_is_lifted_when_the_overload_is_over() {
        let mut world = World::new(64);
        for _ in 0..20 {
            world.turn(40, true);
        }
        world.turn(1, false);
        for _ in 0..30 {
            world.now += 6 * MS;
            assert_eq!(world.turn(2, false).0, 64 * 2);
        }
        assert!(!world.admission.refuses());
        world.now += MS;
        assert_eq!(world.turn(20, false).0, 64 * 20);
    }

    #[test]
    fn a_request_that_comes_alone_is_answered_until_the_delay_is_hopeless() {
        let mut world = World::new(64);
        for _ in 0..20 {
            world.turn(40, true);
        }
        let now = world.now;
        assert!((0..100).all(|_| world.admission.admit(true, || now)));
        for _ in 0..3 {
            world.admission.beat(200_000);
        }
        let taken = (0..800)
            .filter(|_| world.admission.admit(true, || now))
            .count();
        assert_eq!(taken, 100);
        world.admission.beat(2_000);
        assert!((0..100).all(|_| world.admission.admit(true, || now)));
    }

    #[test]
    fn the_share_of_refused_is_told_once() {
        let mut world = World::new(64);
        for _ in 0..20 {
            world.turn(40, true);
        }
        assert!(world.admission.take_refused_share() > 500);
        assert_eq!(world.admission.take_refused_share(), 0);
    }
}
