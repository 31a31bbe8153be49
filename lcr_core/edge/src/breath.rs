//! In the real-time class a worker that computes without a break keeps everything else off its processor: other programs would
//! stand still, and the kernel stops it for what is missing to 50 ms in every second, at once, where real-time classes have
//! groups also while nobody else wants to run. So a worker that computes without a break
//!
//! - sleeps for those who wait for a processor: shortly, since most need a few microseconds, and a tenth of the time where
//!   that is not enough. They live, and a request waits half a millisecond for them instead of their slices of 4 ms;
//! - is an ordinary thread for a seventeenth of the time unless it rested as much: that does not count as real time, and costs
//!   nothing while nobody else wants to run.

use std::fs::File;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::thread::gettid;
use rustix::time::{ClockId, clock_gettime};

use crate::class;

/// Others are looked for so often.
const EVERY: Duration = Duration::from_millis(4);
const BREATH: Duration = Duration::from_micros(500);
/// Enough for most who wait; they need a few microseconds.
const SHORT: Duration = Duration::from_micros(30);
/// Who keeps this thread from its processor for so long while it is an ordinary one needs more (a slice is some 3 ms). From
/// there on breaths are whole ones: so many of them, twice as many each time that it happens again.
const HUNGRY: Duration = Duration::from_millis(2);
const WHOLE: u32 = 8;
const MOST_WHOLE: u32 = 128;

/// Less than this share of the time computed, in percent: the others had their turn.
const BUSY: u128 = 90;
/// In real time for at least so long, then ordinary for at least so long: more than the twentieth that the kernel wants, and
/// longer than a slice, after which others have their turn.
const STRETCH: Duration = Duration::from_millis(64);
const ORDINARY: Duration = Duration::from_millis(4);

/// Thread ids and how often each drew breath: one that computes and draws none hangs (`app/priority.py`).
static DRAWN: Mutex<Vec<(i32, Arc<AtomicU64>)>> = Mutex::new(Vec::new());

/// Breaths drawn so far by every event loop of this process, by thread id.
pub fn drawn() -> Vec<(i32, u64)> {
    let all = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    all.iter()
        .map(|(thread, count)| (*thread, count.load(Ordering::Relaxed)))
        .collect()
}

pub struct Breath {
    since: Instant,
    computed: Duration,
    /// When the stretch began, and what it rested in it.
    stretch: Instant,
    rested: Duration,
    /// So many breaths to come are whole ones, and so many will be when the next hungry one is met.
    whole: u32,
    next_whole: u32,
    /// Since when this thread is an ordinary one, by its own will.
    ordinary: Option<Instant>,
    count: Arc<AtomicU64>,
}

impl Breath {
    pub fn new() -> Self {
        // Counted before the first request: it asks for memory.
        processors();
        let count = Arc::new(AtomicU64::new(0));
        let thread = gettid().as_raw_nonzero().get();
        let mut all = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(known, _)| *known != thread);
        all.push((thread, Arc::clone(&count)));
        Self {
            since: Instant::now(),
            computed: computed(),
            stretch: Instant::now(),
            rested: Duration::ZERO,
            whole: 0,
            next_whole: WHOLE,
            ordinary: None,
            count,
        }
    }

    /// Called every few milliseconds while there is work; sleeps or changes the class when it is time.
    pub fn draw(&mut self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        if let Some(since) = self.ordinary {
            let passed = since.elapsed();
            if passed < ORDINARY {
                return;
            }
            let busy = computed().saturating_sub(self.computed);
            self.next_whole = if passed.saturating_sub(busy) >= HUNGRY {
                self.whole = self.next_whole;
                (self.next_whole * 2).min(MOST_WHOLE)
            } else {
                WHOLE
            };
            self.end();
        }
        let passed = self.since.elapsed();
        if passed < EVERY {
            return;
        }
        let busy = computed().saturating_sub(self.computed);
        self.rested += passed.saturating_sub(busy);
        if busy.as_micros() * 100 >= passed.as_micros() * BUSY && class::is_real_time() {
            self.look();
        }
        self.since = Instant::now();
        self.computed = computed();
        let stretch = self.stretch.elapsed();
        if stretch >= STRETCH {
            let enough = stretch.as_micros() * ORDINARY.as_micros()
                <= self.rested.as_micros() * (STRETCH + ORDINARY).as_micros();
            if !enough && class::is_real_time() && class::leave_real_time() {
                self.ordinary = Some(self.since);
            } else {
                self.begin_stretch();
            }
        }
    }

    /// There is no work for a while: what comes next comes first again.
    pub fn end(&mut self) {
        if self.ordinary.take().is_some() {
            class::enter_real_time();
            self.begin_stretch();
        }
    }

    fn begin_stretch(&mut self) {
        self.since = Instant::now();
        self.computed = computed();
        self.stretch = self.since;
        self.rested = Duration::ZERO;
    }

    /// Sleeps for those who wait.
    fn look(&mut self) {
        let length = if self.whole > 0 {
            self.whole -= 1;
            BREATH
        } else if others_wait() {
            SHORT
        } else {
            return;
        };
        let began = Instant::now();
        std::thread::sleep(length);
        self.rested += began.elapsed();
    }
}

/// What this thread has computed so far.
fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Are more threads ready to run than there are processors? Field 4 of /proc/loadavg, before the stroke.
fn others_wait() -> bool {
    let mut room = [0u8; 128];
    let text = std::str::from_utf8(read("/proc/loadavg", &mut room)).unwrap_or_default();
    let ready = text.split_ascii_whitespace().nth(3);
    let ready = ready.and_then(|field| field.split('/').next()?.parse::<usize>().ok());
    ready.is_none_or(|ready| ready > processors())
}

fn processors() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| {
        let count = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let count = count
            .lines()
            .filter(|line| line.starts_with("processor"))
            .count();
        count.max(1)
    })
}

/// A small file read into room that is there: a worker asks for no memory.
fn read<'a>(path: &str, room: &'a mut [u8]) -> &'a [u8] {
    let length = File::open(path).and_then(|mut file| file.read(room));
    room.get(..length.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_thread_is_counted() {
        let before = computed();
        let began = Instant::now();
        while computed() == before && began.elapsed() < Duration::from_secs(10) {}
        assert!(computed() > before);
    }

    #[test]
    fn a_thread_that_computes_in_real_time_is_an_ordinary_one_now_and_then() {
        // Without the right to be in real time there is nothing to see.
        if !class::enter_real_time() {
            return;
        }
        let mut breath = Breath::new();
        let until = Instant::now() + Duration::from_secs(10);
        while class::is_real_time() && Instant::now() < until {
            breath.draw();
        }
        assert!(!class::is_real_time(), "it leaves");
        while !class::is_real_time() && Instant::now() < until {
            breath.draw();
        }
        assert!(class::is_real_time(), "it comes back");
        while class::is_real_time() && Instant::now() < until {
            breath.draw();
        }
        breath.end();
        assert!(class::is_real_time(), "there is no more work");
        assert!(class::leave_real_time());
    }

    #[test]
    fn breaths_are_counted_by_thread() {
        let mut breath = Breath::new();
        let mine = gettid().as_raw_nonzero().get();
        for _ in 0..3 {
            breath.draw();
        }
        assert!(drawn().contains(&(mine, 3)));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn processors_are_counted_and_more_threads_than_those_wait() {
        assert!(processors() >= std::thread::available_parallelism().unwrap().get());
        let until = Instant::now() + Duration::from_secs(20);
        let seen = std::sync::atomic::AtomicBool::new(false);
        let order = std::sync::atomic::Ordering::Relaxed;
        std::thread::scope(|scope| {
            for _ in 0..processors() * 4 {
                scope.spawn(|| {
                    while !seen.load(order) && Instant::now() < until {
                        if others_wait() {
                            seen.store(true, order);
                        }
                    }
                });
            }
        });
        assert!(seen.load(order));
    }
}
