//! In the real-time class a worker that computes without a break keeps everything else off its processor: other programs would
//! stand still, and the kernel would then stop the worker for what is missing to 50 ms in every second, at once (the fair
//! server). So such a worker sleeps a tenth of the time in small pieces: the others live, and a request waits half a
//! millisecond for them instead of their slices of 4 ms. A twentieth was not enough: the kernel still took 15 ms at once.
//! While every program that could run has a processor, nobody waits for this one and it does not sleep.

use std::fs::File;
use std::io::Read;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

const EVERY: Duration = Duration::from_millis(4);
const BREATH: Duration = Duration::from_micros(500);
/// Less than this share of the time computed, in percent: the others had their turn.
const BUSY: u128 = 90;

pub struct Breath {
    since: Instant,
    computed: Duration,
}

impl Breath {
    pub fn new() -> Self {
        // Counted before the first request: it asks for memory.
        processors();
        Self {
            since: Instant::now(),
            computed: computed(),
        }
    }

    /// Called every few milliseconds while there is work; sleeps when it is time.
    pub fn draw(&mut self) {
        let passed = self.since.elapsed();
        if passed < EVERY {
            return;
        }
        let busy = computed().saturating_sub(self.computed);
        if busy.as_micros() * 100 >= passed.as_micros() * BUSY && is_first() && others_wait() {
            std::thread::sleep(BREATH);
        }
        *self = Self::new();
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
