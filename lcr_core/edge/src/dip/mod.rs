//! The LRN of a number by HTTP, for questions that say none and whose snapshot's file does not know the number. Answers are
//! cached, equal questions merged, all of it within a deadline; what fails is rated by the dialled number, and says so. Only
//! the connection that asked waits: the worker serves the others meanwhile.
mod breaker;
mod config;
pub mod fetch;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use lcr_core::layers::lrn::{Answer, Cache, Dip};
use lcr_core::number::DigitKey;
use tokio::io::AsyncWrite;
use tokio::sync::watch;
use tokio::task::spawn_local;
use tokio::time::timeout;

use crate::clock::now_us;
use crate::lcr::Request;
use crate::metrics::{head, line};
use crate::net::send_waiting;
use crate::route::Target;
use crate::routes::{Answered, Worker};
use breaker::Breaker;
pub use config::{DipSettings, DipWords};

#[derive(Default)]
struct Counters {
    cached: AtomicU64,
    merged: AtomicU64,
    ported: AtomicU64,
    not_ported: AtomicU64,
    failed: AtomicU64,
    late: AtomicU64,
    crowded: AtomicU64,
    broken: AtomicU64,
    sum_us: AtomicU64,
}

struct Caches {
    ported: Cache,
    not_ported: Cache,
}

/// Who asks elsewhere, and what it has been told.
pub struct Dipper {
    settings: DipSettings,
    caches: Mutex<Caches>,
    /// Numbers that are being asked for; the value is told to all who wait.
    ongoing: Mutex<HashMap<DigitKey, watch::Receiver<Option<Dip>>>>,
    breaker: Breaker,
    counters: Counters,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Dipper {
    pub fn new(settings: DipSettings) -> Self {
        let cache = |age_s: u64| {
            let age_us = i64::try_from(age_s.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
            Cache::new(settings.max_entries, age_us)
        };
        Self {
            caches: Mutex::new(Caches {
                ported: cache(settings.ttl_s),
                not_ported: cache(settings.negative_ttl_s),
            }),
            ongoing: Mutex::new(HashMap::new()),
            breaker: Breaker::new(settings.failures, settings.rest),
            counters: Counters::default(),
            settings,
        }
    }

    /// Is this number one that is asked for at all?
    pub fn asks_for(&self, number: DigitKey) -> bool {
        let text = number.to_string();
        self.settings.prefixes.iter().any(|p| text.starts_with(p))
    }

    /// What was told before and still holds.
    pub fn cached(&self, number: DigitKey) -> Option<Answer> {
        let now_us = now_us();
        let caches = held(&self.caches);
        let found = caches.ported.get(number, now_us);
        let found = found.or_else(|| caches.not_ported.get(number, now_us));
        if found.is_some() {
            self.counters.cached.fetch_add(1, Ordering::Relaxed);
        }
        found
    }

    fn keep(&self, number: DigitKey, answer: Answer) {
        let mut caches = held(&self.caches);
        match answer {
            Some(_) => caches.ported.put(number, answer, now_us()),
            None => caches.not_ported.put(number, answer, now_us()),
        }
    }

    /// Ask, or wait with those who ask already; never longer than the deadline.
    async fn ask(self: &Arc<Self>, number: DigitKey) -> Dip {
        let deadline = self.settings.deadline;
        let mut told = match self.join(number) {
            Ok(told) => told,
            Err(dip) => return dip,
        };
        match timeout(deadline, told.wait_for(Option::is_some)).await {
            Ok(Ok(dip)) => dip.unwrap_or(Dip::Unavailable),
            _ => Dip::Unavailable,
        }
    }

    /// Where the answer will stand; begins to ask when nobody does.
    fn join(self: &Arc<Self>, number: DigitKey) -> Result<watch::Receiver<Option<Dip>>, Dip> {
        let mut ongoing = held(&self.ongoing);
        if let Some(told) = ongoing.get(&number) {
            self.counters.merged.fetch_add(1, Ordering::Relaxed);
            return Ok(told.clone());
        }
        // Somebody's question may have been answered since the cache was looked at.
        if let Some(answer) = self.cached(number) {
            return Err(Dip::Told(answer));
        }
        if ongoing.len() >= self.settings.max_concurrent {
            self.counters.crowded.fetch_add(1, Ordering::Relaxed);
            return Err(Dip::Unavailable);
        }
        if !self.breaker.lets_through(Instant::now()) {
            self.counters.broken.fetch_add(1, Ordering::Relaxed);
            return Err(Dip::Unavailable);
        }
        let (tell, told) = watch::channel(None);
        ongoing.insert(number, told.clone());
        // A task of its own: it ends although the one who asked first may leave.
        spawn_local(Arc::clone(self).fetch(number, tell));
        Ok(told)
    }

    async fn fetch(self: Arc<Self>, number: DigitKey, tell: watch::Sender<Option<Dip>>) {
        let began = Instant::now();
        let fetched = timeout(self.settings.deadline, fetch::lrn(&self.settings, number)).await;
        let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let c = &self.counters;
        c.sum_us.fetch_add(took, Ordering::Relaxed);
        let (counter, dip) = match fetched {
            Ok(Ok(answer)) => {
                self.keep(number, answer);
                let counter = if answer.is_some() {
                    &c.ported
                } else {
                    &c.not_ported
                };
                (counter, Dip::Told(answer))
            }
            Ok(Err(_)) => (&c.failed, Dip::Unavailable),
            Err(_) => (&c.late, Dip::Unavailable),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.breaker
            .note(matches!(dip, Dip::Told(_)), Instant::now());
        held(&self.ongoing).remove(&number);
        let _ = tell.send(Some(dip));
    }

    /// Append what a scrape shows.
    pub fn measure(&self, out: &mut String) {
        let c = &self.counters;
        head(
            out,
            "lrn_dips_total",
            "counter",
            "Questions for an LRN, by how they ended.",
        );
        for (result, count) in [
            ("cached", &c.cached),
            ("merged", &c.merged),
            ("ported", &c.ported),
            ("not_ported", &c.not_ported),
            ("failed", &c.failed),
            ("timeout", &c.late),
            ("crowded", &c.crowded),
            ("circuit_open", &c.broken),
        ] {
            let name = format!("lrn_dips_total{{result=\"{result}\"}}");
            line(out, &name, count.load(Ordering::Relaxed));
        }
        head(
            out,
            "lrn_dip_seconds_total",
            "counter",
            "Time spent on questions that were really sent.",
        );
        let us = c.sum_us.load(Ordering::Relaxed);
        let seconds = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
        line(out, "lrn_dip_seconds_total", seconds);
        head(
            out,
            "lrn_dip_entries",
            "gauge",
            "Answers that are remembered.",
        );
        let entries = {
            let caches = held(&self.caches);
            caches.ported.len() + caches.not_ported.len()
        };
        line(out, "lrn_dip_entries", entries);
        head(
            out,
            "lrn_dip_circuit_open",
            "gauge",
            "1 while nothing is asked because too much failed in a row.",
        );
        line(
            out,
            "lrn_dip_circuit_open",
            u8::from(self.breaker.is_open(Instant::now())),
        );
    }
}

/// Between the two looks at one question: what has to be asked, and what came of it.
#[derive(Default)]
pub struct Pending {
    wanted: Option<DigitKey>,
    known: Option<(DigitKey, Dip)>,
}

impl Pending {
    /// Has the question to wait?
    pub fn waits(&self) -> bool {
        self.wanted.is_some()
    }

    /// Is this the second look at the same question?
    pub fn is_second_look(&self) -> bool {
        self.known.is_some()
    }

    /// What a dip says of the number; `Err` = it has to be waited for, and the question looked at again.
    pub fn resolve(&mut self, dipper: &Dipper, number: DigitKey) -> Result<Option<Dip>, Waits> {
        if let Some((_, dip)) = self.known.filter(|(of, _)| *of == number) {
            return Ok(Some(dip));
        }
        if !dipper.asks_for(number) {
            return Ok(None);
        }
        if let Some(answer) = dipper.cached(number) {
            return Ok(Some(Dip::Told(answer)));
        }
        self.wanted = Some(number);
        Err(Waits)
    }
}

/// The question is looked at again when the dip has ended.
#[derive(Debug, Clone, Copy)]
pub struct Waits;

/// Answer one question, asking for its LRN in between where that is needed. Returns whether the connection lives on.
pub async fn serve<S: AsyncWrite + Unpin>(
    dipper: &Arc<Dipper>,
    worker: &RefCell<Worker>,
    (request, target): (&Request<'_>, Target),
    first: bool,
    (stream, output): (&mut S, &mut Vec<u8>),
    answered: &mut Answered,
) -> bool {
    let wanted = {
        let mut worker = worker.borrow_mut();
        if !worker.admit(target, first) {
            return worker.turn_away(request, output);
        }
        let live = worker.serve(request, target, output, answered);
        match worker.pending.wanted.take() {
            None => return live,
            Some(wanted) => wanted,
        }
    };
    let patience = worker.borrow().shared.settings.write_timeout;
    if !send_waiting(stream, output, patience).await {
        return false;
    }
    let dip = dipper.ask(wanted).await;
    let mut worker = worker.borrow_mut();
    worker.pending.known = Some((wanted, dip));
    let live = worker.serve(request, target, output, answered);
    // A snapshot that came in between may read the number otherwise: then it goes without a dip.
    worker.pending = Pending::default();
    live
}
