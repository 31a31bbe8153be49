//! In the real-time class a worker that computes without a break keeps everything else off its processor: other programs would
//! stand still, and the kernel would then stop the worker for what is missing to 50 ms in every second, at once (the fair
//! server). So such a worker sleeps a tenth of the time in small pieces: the others live, and a request waits half a
//! millisecond for them instead of their slices of 4 ms. A twentieth was not enough: the kernel still took 15 ms at once.

use std::fs::File;
use std::io::Read;
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
        if busy.as_micros() * 100 >= passed.as_micros() * BUSY && is_first() {
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
    // Into room of its own: a worker asks for no memory.
    let mut stat = [0u8; 1024];
    let read = File::open("/proc/thread-self/stat").and_then(|mut file| file.read(&mut stat));
    let stat = stat.get(..read.unwrap_or(0)).unwrap_or_default();
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
}
