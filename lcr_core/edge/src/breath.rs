//! In the real-time class a worker that computes without a break keeps everything else off its processor: other programs would
//! stand still, and the kernel would then stop the worker for what is missing to 50 ms in every second, at once (the fair
//! server). So such a worker sleeps up to a tenth of the time in small pieces: the others live, and a request waits at most
//! half a millisecond for them instead of their slices of 4 ms. A twentieth was not enough: the kernel still took 15 ms at once.
//! While every program that could run has a processor, nobody waits for this one and it sleeps a thousandth only.

use std::fs::File;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::thread::gettid;
use rustix::time::{ClockId, clock_gettime};

const EVERY: Duration = Duration::from_millis(4);
const BREATH: Duration = Duration::from_micros(500);
/// A breath ends after one of its pieces when nobody waits any longer: most who wait need a few microseconds.
const PIECE: Duration = Duration::from_micros(50);
/// Threads of the kernel that are bound to this processor are not seen waiting while another one is idle: they need
/// little, but within a second, after which the kernel takes it.
const SELDOM: Duration = Duration::from_millis(100);
const SHORT_BREATH: Duration = Duration::from_micros(100);
/// Less than this share of the time computed, in percent: the others had their turn.
const BUSY: u128 = 90;

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
    slept: Instant,
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
            slept: Instant::now(),
            count,
        }
    }

    /// Called every few milliseconds while there is work; sleeps when it is time.
    pub fn draw(&mut self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let passed = self.since.elapsed();
        if passed < EVERY {
            return;
        }
        let busy = computed().saturating_sub(self.computed);
        if busy.as_micros() * 100 < passed.as_micros() * BUSY {
            self.slept = Instant::now();
        } else if is_first() {
            if others_wait() {
                let began = Instant::now();
                while {
                    std::thread::sleep(PIECE);
                    began.elapsed() < BREATH && others_wait()
                } {}
                self.slept = Instant::now();
            } else if self.slept.elapsed() >= SELDOM {
                std::thread::sleep(SHORT_BREATH);
                self.slept = Instant::now();
            }
        }
        self.since = Instant::now();
        self.computed = computed();
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

/// Is this thread in a real-time class (1 FIFO, 2 RR)? Somebody else puts it there (`app/priority.py`).
#[cfg(target_os = "linux")]
fn is_first() -> bool {
    let mut room = [0u8; 1024];
    let stat = read("/proc/thread-self/stat", &mut room);
    // Behind the name, which may hold anything: field 41 of proc(5), the third being the first there.
    let named = stat.iter().rposition(|&b| b == b')').map_or(0, |at| at + 1);
    let behind = stat.get(named..).unwrap_or_default();
    let behind = std::str::from_utf8(behind).unwrap_or_default();
    matches!(behind.split_ascii_whitespace().nth(38), Some("1" | "2"))
}

#[cfg(not(target_os = "linux"))]
fn is_first() -> bool {
    false
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
    fn an_ordinary_thread_is_not_first_and_its_time_is_counted() {
        assert!(!is_first() || cfg!(not(target_os = "linux")));
        let before = computed();
        let began = Instant::now();
        while computed() == before && began.elapsed() < Duration::from_secs(10) {}
        assert!(computed() > before);
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
