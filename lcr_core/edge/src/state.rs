//! The routing state of this edge (docs/state.md): one tracker behind a lock that only commands and the keeper's own thread
//! take. What decisions read is the immutable pair (snapshot, view) in `Shared::current`; it is swapped, never changed.
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use lcr_core::state::{Command, CommandError, Rules, Tracker, View, Words};
use serde_json::json;

use crate::EdgeError;
use crate::clock::now_us;
use crate::engine::{Loaded, Serving};
use crate::log;
use crate::server::Shared;

/// While an offer limits its calls a second, they are counted this often. A thread that rests takes no processor from an event
/// loop.
const TICK: Duration = Duration::from_millis(10);
/// The tracker judges and lets counters fade this often; the file is written at most as often.
const SLOW: Duration = Duration::from_millis(100);
/// A view that takes longer to compile is left to the keeper's thread, which takes many changes at once.
const INLINE: Duration = Duration::from_micros(500);

pub struct StateKeeper {
    inner: Mutex<Inner>,
    path: PathBuf,
    /// The keeper's thread, which rests until there is something to do soon.
    thread: OnceLock<Thread>,
}

struct Inner {
    tracker: Tracker,
    loaded: Option<Arc<Loaded>>,
    /// The keeper's next turn comes so long after its last.
    due: Duration,
    /// What the served pair and the file hold.
    published: u64,
    written: u64,
    compile: Duration,
}

/// What became of commands.
pub struct Told {
    pub generation: u64,
    pub changed: bool,
    /// Answers from now on are of this generation; else within some milliseconds.
    pub published: bool,
}

impl StateKeeper {
    /// Go on where `state.json` stopped. A file that cannot be read is put aside and reported, not a reason to stay down.
    pub fn open(root: &Path, rules: Rules) -> Result<Self, EdgeError> {
        let path = root.join("state.json");
        let words = read(&path);
        let tracker = Tracker::restore(rules, &words, now_us()).map_err(EdgeError::config)?;
        let generation = tracker.generation();
        Ok(Self {
            inner: Mutex::new(Inner {
                tracker,
                loaded: None,
                due: SLOW,
                published: 0,
                written: generation,
                compile: Duration::ZERO,
            }),
            path,
            thread: OnceLock::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic under the lock leaves a tracker that is at worst one command behind.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody else gets the lock while this is kept.
    #[cfg(test)]
    pub fn hold(&self) -> impl Sized {
        self.lock()
    }

    /// From now on a view takes too long to be compiled at once, and the keeper rests until it is woken.
    #[cfg(test)]
    pub fn be_slow(&self) {
        let mut inner = self.lock();
        inner.compile = 2 * INLINE;
        inner.due = Duration::from_secs(3600);
    }

    /// Serve another snapshot, with the state as it is; returns the pair that served before.
    pub fn adopt(&self, shared: &Shared, loaded: Arc<Loaded>) -> Option<Arc<Serving>> {
        let mut inner = self.lock();
        inner.tracker.adopt(loaded.access(), now_us());
        inner.due = if loaded.limits_calls() { TICK } else { SLOW };
        inner.loaded = Some(loaded);
        let before = inner.publish(shared);
        drop(inner);
        self.wake();
        before
    }

    /// Carry out commands, all or none.
    pub fn tell(&self, shared: &Shared, commands: &[Command]) -> Result<Told, CommandError> {
        let mut inner = self.lock();
        let changed = inner.tracker.apply_all(commands, now_us())?;
        if changed && inner.compile <= INLINE {
            inner.publish(shared);
        }
        let generation = inner.tracker.generation();
        let published = inner.published == generation;
        drop(inner);
        if !published {
            self.wake();
        }
        Ok(Told {
            generation,
            changed,
            published,
        })
    }

    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// The state as decisions see it once it is published.
    pub fn words(&self) -> Words {
        self.lock().tracker.words()
    }

    /// Calls sent first to offers with a limit, counted since the last turn; then publish what changed. Returns when the next
    /// turn is due.
    fn turn(&self, shared: &Shared, slow: bool) -> Duration {
        let mut inner = self.lock();
        let calls: Vec<Command> = inner
            .loaded
            .iter()
            .flat_map(|loaded| loaded.take_calls())
            .map(|(offer_id, calls)| Command::Cps { offer_id, calls })
            .collect();
        if !calls.is_empty() {
            // Offers of the served snapshot are known, so this cannot be refused.
            let _ = inner.tracker.apply_all(&calls, now_us());
        }
        if slow {
            inner.tracker.tick(now_us());
        }
        if inner.published != inner.tracker.generation() {
            inner.publish(shared);
        }
        inner.due
    }

    /// Write the state down when it changed: a new file, then the rename.
    fn write(&self) {
        let words = {
            let mut inner = self.lock();
            if inner.written == inner.tracker.generation() {
                return;
            }
            inner.written = inner.tracker.generation();
            inner.tracker.words()
        };
        if let Err(error) = write_whole(&self.path, &words) {
            log::event(
                "error",
                "state_not_written",
                &[("error", json!(error.to_string()))],
            );
            self.lock().written = 0;
        }
    }
}

impl Inner {
    fn publish(&mut self, shared: &Shared) -> Option<Arc<Serving>> {
        let loaded = self.loaded.clone()?;
        let began = Instant::now();
        let generation = self.tracker.generation();
        let view = match generation {
            0 => None,
            _ => match View::compile(loaded.snapshot(), &self.tracker.words()) {
                Ok(view) => Some(view),
                Err(why) => {
                    // The tracker checks what it takes; a fault here keeps the pair that serves.
                    log::event("error", "state_refused", &[("error", json!(why))]);
                    return None;
                }
            },
        };
        self.compile = began.elapsed();
        self.published = generation;
        shared
            .current
            .swap(Some(Arc::new(Serving { loaded, view })))
    }
}

/// The keeper's thread.
pub struct Keeping {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    shared: Arc<Shared>,
}

impl Keeping {
    pub fn start(shared: Arc<Shared>) -> Result<Self, EdgeError> {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, of_thread) = (Arc::clone(&stop), Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("edge-state".to_owned())
            .spawn(move || {
                // The one keeper there is: nothing is set before.
                let _ = of_thread.state.thread.set(std::thread::current());
                let mut slow_at = Instant::now();
                let (mut last, mut due) = (slow_at, TICK);
                while !stopped.load(Ordering::Relaxed) {
                    std::thread::park_timeout(due);
                    // What is told within a tick is taken at once.
                    std::thread::sleep(TICK.saturating_sub(last.elapsed()));
                    last = Instant::now();
                    let slow = slow_at.elapsed() >= SLOW;
                    due = of_thread.state.turn(&of_thread, slow);
                    if slow {
                        slow_at = Instant::now();
                        of_thread.state.write();
                    }
                }
            })
            .map_err(|e| EdgeError::io("start a thread", &e))?;
        Ok(Self {
            stop,
            thread,
            shared,
        })
    }

    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        let _ = self.thread.join();
        self.shared.state.write();
    }
}

fn read(path: &Path) -> Words {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Words::default(),
        Err(error) => {
            log::event(
                "error",
                "state_not_read",
                &[("error", json!(error.to_string()))],
            );
            return Words::default();
        }
    };
    Words::parse(&text).unwrap_or_else(|why| {
        let aside = path.with_extension("json.bad");
        let _ = std::fs::rename(path, &aside);
        log::event(
            "error",
            "state_not_read",
            &[
                ("error", json!(why)),
                ("kept_as", json!(aside.display().to_string())),
            ],
        );
        Words::default()
    })
}

fn write_whole(path: &Path, words: &Words) -> std::io::Result<()> {
    use std::io::Write;
    let fresh = path.with_extension(format!("json.{}", std::process::id()));
    let mut file = std::fs::File::create(&fresh)?;
    serde_json::to_writer(&mut file, words)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)
}
