//! The thread that decides batches: one at a time, at a lower priority than the event loops, a bounded number waiting.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use lcr_core::access::Trunk;
use lcr_core::answer::Format;
use lcr_core::query::{Call, Dip};
use tokio::sync::oneshot;

use super::{columns, fault, json};
use crate::EdgeError;
use crate::answer::{Answer, Problem, SnapshotId};
use crate::decision_id::DecisionIds;
use crate::engine::Serving;
use crate::lcr::Refusal;
use crate::metrics::{head, line};
use crate::query::BadParameter;
use crate::server::Shared;

/// Batches that may wait; each holds at most 4 MiB.
const WAITING: usize = 8;
/// Longest answer, in bytes.
pub const MOST_BYTES: usize = 48 * 1024 * 1024;
/// Rows after which it is asked whether anybody still waits.
pub const SLICE: usize = 256;
/// How much nicer than the event loops the thread is.
const NICE: i32 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Json,
    /// JSON, one call a line.
    Lines,
    Arrow,
}

/// What the head says of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    pub kind: Kind,
    pub format: Format,
    /// Answer one decision a line.
    pub lines: bool,
    /// For calls that say none of their own.
    pub max: Option<u32>,
    pub at_us: Option<i64>,
}

/// One batch of an identified caller.
pub struct Job {
    pub said: Said,
    pub trunk_id: i64,
    pub limit_id: u64,
    pub now_us: i64,
    pub most_rows: usize,
    pub body: Vec<u8>,
    pub serving: Arc<Serving>,
    pub shared: Arc<Shared>,
}

/// An answer with its body.
pub struct Done {
    pub answer: Answer,
    pub body: Vec<u8>,
}

/// Why a batch has no answer.
pub enum Stop {
    Bad(BadParameter),
    TooLarge(&'static str),
    Core(lcr_core::error::QueryError),
    /// Nobody waits any more.
    Left,
}

impl From<BadParameter> for Stop {
    fn from(bad: BadParameter) -> Self {
        Self::Bad(bad)
    }
}

/// A body that is none.
pub fn bad_body(detail: String) -> Stop {
    Stop::Bad(BadParameter::new(
        "bad_body",
        "body",
        detail,
        "send a JSON array of objects with dnis, or an Arrow stream with a column dnis",
    ))
}

/// What the thread needs while it works on one batch.
pub struct Work<'a> {
    pub ids: &'a mut DecisionIds,
    pub counters: &'a Counters,
    pub left: &'a dyn Fn() -> bool,
}

#[derive(Default)]
pub struct Counters {
    pub rows: AtomicU64,
    pub bad_rows: AtomicU64,
    batches: AtomicU64,
    waiting: AtomicU64,
}

type Given = (Job, oneshot::Sender<Done>);

pub struct Batches {
    give: SyncSender<Given>,
    counters: Arc<Counters>,
}

impl Batches {
    /// Start the thread; it ends with the last `Batches`.
    pub fn start() -> Result<Self, EdgeError> {
        let (give, take) = sync_channel(WAITING);
        let counters = Arc::new(Counters::default());
        let own = Arc::clone(&counters);
        std::thread::Builder::new()
            .name("edge-batch".to_owned())
            .spawn(move || work(&take, &own))
            .map_err(|e| EdgeError::io("start a thread", &e))?;
        Ok(Self { give, counters })
    }

    /// Have it decided; `None`: too many are waiting.
    pub fn give(&self, job: Job) -> Option<oneshot::Receiver<Done>> {
        let (send, receive) = oneshot::channel();
        self.counters.waiting.fetch_add(1, Ordering::Relaxed);
        if self.give.try_send((job, send)).is_err() {
            self.counters.waiting.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(receive)
    }

    /// Append what a scrape shows.
    pub fn measure(&self, out: &mut String) {
        let c = &self.counters;
        for (name, kind, help, count) in [
            (
                "batches_total",
                "counter",
                "Batches decided or refused.",
                &c.batches,
            ),
            (
                "batch_rows_total",
                "counter",
                "Calls of batches that were looked at.",
                &c.rows,
            ),
            (
                "batch_bad_rows_total",
                "counter",
                "Calls of batches that were no good.",
                &c.bad_rows,
            ),
            (
                "batches_waiting",
                "gauge",
                "Batches waiting or being decided.",
                &c.waiting,
            ),
        ] {
            head(out, name, kind, help);
            line(out, name, count.load(Ordering::Relaxed));
        }
    }
}

fn work(take: &Receiver<Given>, counters: &Counters) {
    // Without the right to be nicer the thread is as others are.
    let _ = rustix::process::setpriority_process(None, NICE);
    let mut ids = DecisionIds::new(usize::MAX);
    while let Ok((job, send)) = take.recv() {
        let left = || send.is_closed();
        let decided = catch_unwind(AssertUnwindSafe(|| {
            decide(
                &job,
                &mut Work {
                    ids: &mut ids,
                    counters,
                    left: &left,
                },
            )
        }));
        let done = decided.unwrap_or_else(|_| {
            let mut body = Vec::new();
            Done {
                answer: fault(&mut body),
                body,
            }
        });
        counters.batches.fetch_add(1, Ordering::Relaxed);
        counters.waiting.fetch_sub(1, Ordering::Relaxed);
        // The last reference to a snapshot may be this one: it goes before the answer does.
        drop(job);
        let _ = send.send(done);
    }
}

fn decide(job: &Job, work: &mut Work<'_>) -> Done {
    let mut body = Vec::new();
    let decided = match job.said.kind {
        Kind::Json | Kind::Lines => json::decide(job, work, &mut body),
        Kind::Arrow => columns::decide(job, work, &mut body),
    };
    let mut answer = match decided {
        Ok(content_type) => Answer::new(200, content_type),
        Err(stop) => stop.answer(job.most_rows, &mut body),
    };
    answer.snapshot = Some(SnapshotId::new(&job.serving.id));
    Done { answer, body }
}

impl Stop {
    fn answer(self, most_rows: usize, body: &mut Vec<u8>) -> Answer {
        match self {
            Self::Bad(bad) => Refusal::Parameter(bad).answer(body),
            Self::Core(fault) => Refusal::Core(fault).answer(body),
            Self::Left => fault(body),
            Self::TooLarge(detail) => Problem {
                status: 413,
                code: "batch_too_large",
                detail,
                hint: &format!(
                    "send at most {most_rows} calls at a time, or ask for fewer routes with max"
                ),
                parameter: None,
            }
            .answer(body),
        }
    }
}

impl Job {
    /// What a dip said of the number before; a batch asks for none itself.
    pub fn known_dip(&self, trunk: &Trunk, call: &Call) -> Option<Dip> {
        let dipper = self.shared.dipper.as_ref()?;
        let said = trunk.lrn_sources.query && (call.lrn.is_some() || call.npdi);
        (!said && self.serving.wants_dip(trunk, call.number) && dipper.asks_for(call.number))
            .then(|| dipper.cached(call.number))
            .flatten()
            .map(Dip::Told)
    }

    /// The rows are known now: they count for the rate limit like single questions, the first one having been counted.
    pub fn charge(&self, rows: usize) {
        if let Some(limiter) = &self.shared.limiter {
            let more = u64::try_from(rows.saturating_sub(1)).unwrap_or(u64::MAX);
            limiter.charge(self.limit_id, more, self.shared.monotonic_ns());
        }
    }
}
