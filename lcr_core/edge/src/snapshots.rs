//! Watches CURRENT and NEXT, opens and checks a new snapshot away from the request path, swaps one pointer.
//! A snapshot that is refused leaves the old one in service and raises an alarm.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lcr_core::snapshot::{Next, Snapshot};
use serde_json::json;

use crate::EdgeError;
use crate::clock::now_us;
use crate::engine::{Loaded, Serving};
use crate::log;
use crate::server::Shared;

const POLL: Duration = Duration::from_millis(100);
/// A refused snapshot is tried again this often: the fault may be a passing one.
const RETRY: Duration = Duration::from_secs(2);

pub struct Watcher {
    shared: Arc<Shared>,
    /// Snapshots that were replaced, kept until no request reads them: unmapping is done here, not there.
    retired: Vec<Arc<Serving>>,
    refused: Option<(String, Instant)>,
    /// Announced for a later instant: opened and checked, waiting.
    ahead: Option<Loaded>,
    /// The announced one that was last opened, or refused.
    tried: Option<String>,
    next_at_us: Option<i64>,
}

pub struct Watching {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Watching {
    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        let _ = self.thread.join();
    }
}

impl Watcher {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            retired: Vec::new(),
            refused: None,
            ahead: None,
            tried: None,
            next_at_us: None,
        }
    }

    pub fn start(mut self) -> Result<Watching, EdgeError> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("edge-snapshots".to_owned())
            .spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    std::thread::park_timeout(self.rest());
                    self.look();
                }
            })
            .map_err(|e| EdgeError::io("start a thread", &e))?;
        Ok(Watching { stop, thread })
    }

    /// How long until the next look: an announced snapshot takes over at its instant, not at some look after it.
    fn rest(&self) -> Duration {
        let Some(at_us) = self.next_at_us else {
            return POLL;
        };
        let left = u64::try_from(at_us.saturating_sub(now_us())).unwrap_or(0);
        // Never none at all: what is refused at its instant is looked at again in peace.
        Duration::from_micros(left).clamp(Duration::from_millis(1), POLL)
    }

    /// Look once: is another snapshot published than the one that answers?
    pub fn look(&mut self) {
        self.retired.retain(|old| Arc::strong_count(old) > 1);
        let root = &self.shared.settings.snapshot_root;
        let Ok(current) = Snapshot::current_id(root) else {
            return;
        };
        self.next_at_us = None;
        let (id, later) = match Next::read(root, &current) {
            Some(next) if next.at_us <= now_us() => (next.id, None),
            Some(next) => {
                self.next_at_us = Some(next.at_us);
                (current, Some(next.id))
            }
            None => (current, None),
        };
        let serving = self
            .shared
            .current
            .load_full()
            .map(|s| Arc::clone(&s.loaded));
        if serving.as_ref().is_some_and(|l| l.id == id) {
            self.refused = None;
            self.shared.snapshots.calm();
            self.prepare(later, serving.as_deref());
            return;
        }
        if self
            .refused
            .as_ref()
            .is_some_and(|(seen, at)| *seen == id && at.elapsed() < RETRY)
        {
            return;
        }
        let began = Instant::now();
        if let Some(ahead) = self.ahead.take().filter(|ahead| ahead.id == id) {
            return self.swap(ahead, began);
        }
        match Loaded::open(root, &id, serving.as_deref()) {
            Ok(loaded) => self.swap(loaded, began),
            Err(fault) => self.refuse(id, &fault),
        }
    }

    /// Opens what is announced, once; after a fault there it is opened again when its instant comes, and then raises the alarm.
    fn prepare(&mut self, later: Option<String>, serving: Option<&Loaded>) {
        let Some(id) = later else {
            self.ahead = None;
            return;
        };
        if self.ahead.as_ref().is_some_and(|ahead| ahead.id == id)
            || self.tried.as_deref() == Some(id.as_str())
        {
            return;
        }
        let began = Instant::now();
        match Loaded::open(&self.shared.settings.snapshot_root, &id, serving) {
            Ok(loaded) => {
                let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                log::event(
                    "info",
                    "snapshot_prepared",
                    &[
                        ("snapshot", json!(id)),
                        ("at_us", json!(self.next_at_us)),
                        ("took_ms", json!(took)),
                    ],
                );
                self.ahead = Some(loaded);
            }
            Err(fault) => {
                log::event(
                    "error",
                    "snapshot_not_prepared",
                    &[("snapshot", json!(id)), ("error", json!(fault))],
                );
                self.ahead = None;
            }
        }
        self.tried = Some(id);
    }

    fn swap(&mut self, loaded: Loaded, began: Instant) {
        let id = loaded.id.clone();
        let offers = loaded.offer_count();
        let old = self.shared.state.adopt(&self.shared, Arc::new(loaded));
        self.shared.snapshots.loads.fetch_add(1, Ordering::Relaxed);
        self.shared.snapshots.calm();
        self.refused = None;
        log::event(
            "info",
            "snapshot_loaded",
            &[
                ("snapshot", json!(id)),
                ("replaces", json!(old.as_ref().map(|l| l.id.clone()))),
                ("offers", json!(offers)),
                (
                    "took_ms",
                    json!(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)),
                ),
            ],
        );
        self.retired.extend(old);
    }

    fn refuse(&mut self, id: String, fault: &str) {
        self.shared
            .snapshots
            .failures
            .fetch_add(1, Ordering::Relaxed);
        self.shared.snapshots.raise(&id, fault);
        if self.refused.as_ref().is_none_or(|(seen, _)| *seen != id) {
            log::event(
                "error",
                "snapshot_refused",
                &[
                    ("snapshot", json!(id)),
                    ("error", json!(fault)),
                    (
                        "serving",
                        json!(self.shared.current.load().as_ref().map(|l| l.id.clone())),
                    ),
                ],
            );
        }
        self.refused = Some((id, Instant::now()));
    }
}
