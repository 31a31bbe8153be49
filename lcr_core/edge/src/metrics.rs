//! Counters in Prometheus text form. Each worker counts in its own cache lines; a scrape adds them up.
use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub const ROUTES: [&str; 9] = [
    "lcr",
    "batch",
    "control",
    "calls",
    "healthz",
    "readyz",
    "metrics",
    "other",
    "malformed",
];
pub const STATUSES: [u16; 19] = [
    200, 202, 400, 401, 403, 404, 405, 408, 409, 411, 413, 414, 415, 429, 431, 500, 503, 505, 0,
];
pub const DECISIONS: [&str; 4] = ["ok", "no_route", "blocked", "no_credit"];
pub const REFUSALS: [&str; 6] = [
    "connections",
    "in_flight",
    "rate",
    "no_snapshot",
    "delay",
    "batch",
];
/// Upper bounds of the latency buckets, in microseconds.
const BUCKETS_US: [u64; 12] = [
    25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Route {
    Lcr,
    Batch,
    Control,
    Calls,
    Healthz,
    Readyz,
    Metrics,
    Other,
    Malformed,
}

impl Route {
    /// In the order of `ROUTES`.
    pub const ALL: [Self; ROUTES.len()] = [
        Self::Lcr,
        Self::Batch,
        Self::Control,
        Self::Calls,
        Self::Healthz,
        Self::Readyz,
        Self::Metrics,
        Self::Other,
        Self::Malformed,
    ];
}

#[derive(Debug, Clone, Copy)]
#[repr(usize)]
pub enum Refused {
    Connections,
    InFlight,
    Rate,
    NoSnapshot,
    Delay,
    Batch,
}

/// What one worker counts. Aligned so that two workers never share a cache line.
#[derive(Default)]
#[repr(align(128))]
pub struct WorkerMetrics {
    requests: [[AtomicU64; STATUSES.len()]; ROUTES.len()],
    latency: [[AtomicU64; BUCKETS_US.len() + 1]; ROUTES.len()],
    latency_sum_us: [AtomicU64; ROUTES.len()],
    /// The worker's own delay when it was last measured.
    pub delay_us: AtomicU64,
    /// Requests refused of 1024 that came in heaps.
    pub refused_share: AtomicU64,
    decisions: [AtomicU64; DECISIONS.len()],
    refused: [AtomicU64; REFUSALS.len()],
    pub connections: AtomicI64,
    pub accepted: AtomicU64,
    pub in_flight: AtomicI64,
}

/// Only the worker itself counts here, so that no locked instruction is needed.
fn add(counter: &AtomicU64, amount: u64) {
    counter.store(
        counter.load(Ordering::Relaxed).wrapping_add(amount),
        Ordering::Relaxed,
    );
}

impl WorkerMetrics {
    pub fn request(&self, route: Route, status: u16) {
        let column = STATUSES
            .iter()
            .position(|s| *s == status)
            .unwrap_or(STATUSES.len() - 1);
        add(&self.requests[route as usize][column], 1);
    }

    /// `count` requests of one class that were answered together.
    pub fn latency(&self, route: Route, took: Duration, count: u64) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS_US
            .iter()
            .position(|b| us <= *b)
            .unwrap_or(BUCKETS_US.len());
        add(&self.latency[route as usize][bucket], count);
        add(
            &self.latency_sum_us[route as usize],
            us.saturating_mul(count),
        );
    }

    /// A request was read.
    pub fn came(&self) {
        self.gone(-1);
    }

    /// The answers to so many requests were handed to the socket.
    pub fn gone(&self, count: i64) {
        let left = self.in_flight.load(Ordering::Relaxed) - count;
        self.in_flight.store(left, Ordering::Relaxed);
    }

    pub fn decision(&self, status: &str) {
        if let Some(at) = DECISIONS.iter().position(|d| *d == status) {
            add(&self.decisions[at], 1);
        }
    }

    pub fn refused(&self, why: Refused) {
        add(&self.refused[why as usize], 1);
    }
}

/// What the watcher counts.
#[derive(Default)]
pub struct SnapshotMetrics {
    pub loads: AtomicU64,
    pub failures: AtomicU64,
    /// 1 while CURRENT names a snapshot that could not be loaded.
    pub alarm: AtomicU64,
    /// Which snapshot that is, and why: looked at by scrapes only.
    refused: Mutex<Option<(String, String)>>,
}

/// Text of a file or a fault, fit for a label.
fn label(text: &str) -> String {
    text.chars()
        .take(300)
        .map(|c| match c {
            '"' => '\'',
            c if (c.is_ascii_graphic() || c == ' ') && c != '\\' => c,
            _ => '?',
        })
        .collect()
}

impl SnapshotMetrics {
    /// Nobody else gets the lock while this is kept.
    #[cfg(test)]
    pub fn hold(&self) -> impl Sized {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The published snapshot `id` could not be loaded.
    pub fn raise(&self, id: &str, fault: &str) {
        let why = Some((label(id), label(fault)));
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = why;
        self.alarm.store(1, Ordering::Relaxed);
    }

    /// What is published answers.
    pub fn calm(&self) {
        if self.alarm.swap(0, Ordering::Relaxed) != 0 {
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

/// The state of the moment that a scrape shows beside the counters.
pub struct Now<'a> {
    pub snapshot: Option<(&'a str, u64)>,
    pub draining: bool,
}

/// The whole page. Ages and sums are printed from whole microseconds: no float anywhere.
pub fn page(workers: &[WorkerMetrics], snapshots: &SnapshotMetrics, now: &Now<'_>) -> String {
    let mut out = String::with_capacity(4096);
    let sum = |pick: &dyn Fn(&WorkerMetrics) -> &AtomicU64| -> u64 {
        workers
            .iter()
            .map(|w| pick(w).load(Ordering::Relaxed))
            .sum()
    };
    let gauge = |pick: &dyn Fn(&WorkerMetrics) -> &AtomicI64| -> i64 {
        workers
            .iter()
            .map(|w| pick(w).load(Ordering::Relaxed))
            .sum()
    };

    head(
        &mut out,
        "requests_total",
        "counter",
        "Requests answered, by route and HTTP status.",
    );
    for (row, route) in ROUTES.iter().enumerate() {
        for (column, status) in STATUSES.iter().enumerate() {
            let count = sum(&|w| &w.requests[row][column]);
            if count > 0 {
                line(
                    &mut out,
                    &format!("requests_total{{route=\"{route}\",status=\"{status}\"}}"),
                    count,
                );
            }
        }
    }
    head(
        &mut out,
        "request_seconds",
        "histogram",
        "From the head being read to the answer being handed to the socket.",
    );
    for (row, route) in ROUTES.iter().enumerate() {
        let mut cumulated = 0;
        let all = sum(&|w| &w.latency[row][BUCKETS_US.len()])
            + (0..BUCKETS_US.len())
                .map(|at| sum(&|w| &w.latency[row][at]))
                .sum::<u64>();
        if all == 0 {
            continue;
        }
        for (at, bound) in BUCKETS_US.iter().enumerate() {
            cumulated += sum(&|w| &w.latency[row][at]);
            let le = seconds(*bound);
            line(
                &mut out,
                &format!("request_seconds_bucket{{route=\"{route}\",le=\"{le}\"}}"),
                cumulated,
            );
        }
        let of = format!("{{route=\"{route}\"}}");
        line(
            &mut out,
            &format!("request_seconds_bucket{{route=\"{route}\",le=\"+Inf\"}}"),
            all,
        );
        line(
            &mut out,
            &format!("request_seconds_sum{of}"),
            seconds(sum(&|w| &w.latency_sum_us[row])),
        );
        line(&mut out, &format!("request_seconds_count{of}"), all);
    }
    head(
        &mut out,
        "delay_seconds",
        "gauge",
        "What a request waits before a worker looks at it, of the slowest worker.",
    );
    let delay = workers
        .iter()
        .map(|w| w.delay_us.load(Ordering::Relaxed))
        .max();
    line(&mut out, "delay_seconds", seconds(delay.unwrap_or(0)));
    head(
        &mut out,
        "refused_share",
        "gauge",
        "Share of pipelined requests refused for delay, of the worker that refuses most, in parts of 1024.",
    );
    let refused = workers
        .iter()
        .map(|w| w.refused_share.load(Ordering::Relaxed))
        .max();
    line(&mut out, "refused_share", refused.unwrap_or(0));

    head(
        &mut out,
        "decisions_total",
        "counter",
        "Decisions, by their status.",
    );
    for (at, status) in DECISIONS.iter().enumerate() {
        line(
            &mut out,
            &format!("decisions_total{{status=\"{status}\"}}"),
            sum(&|w| &w.decisions[at]),
        );
    }
    head(
        &mut out,
        "refused_total",
        "counter",
        "Requests and connections refused by a limit.",
    );
    for (at, reason) in REFUSALS.iter().enumerate() {
        line(
            &mut out,
            &format!("refused_total{{reason=\"{reason}\"}}"),
            sum(&|w| &w.refused[at]),
        );
    }
    head(&mut out, "connections", "gauge", "Open connections.");
    line(&mut out, "connections", gauge(&|w| &w.connections));
    head(
        &mut out,
        "connections_accepted_total",
        "counter",
        "Connections accepted.",
    );
    line(
        &mut out,
        "connections_accepted_total",
        sum(&|w| &w.accepted),
    );
    head(
        &mut out,
        "in_flight",
        "gauge",
        "Requests read whose answer is not yet handed to the socket.",
    );
    line(&mut out, "in_flight", gauge(&|w| &w.in_flight));
    head(&mut out, "draining", "gauge", "1 after SIGTERM.");
    line(&mut out, "draining", u8::from(now.draining));

    head(
        &mut out,
        "snapshot_loads_total",
        "counter",
        "Snapshots loaded.",
    );
    line(
        &mut out,
        "snapshot_loads_total",
        snapshots.loads.load(Ordering::Relaxed),
    );
    head(
        &mut out,
        "snapshot_load_failures_total",
        "counter",
        "Snapshots that were refused; the one before serves on.",
    );
    line(
        &mut out,
        "snapshot_load_failures_total",
        snapshots.failures.load(Ordering::Relaxed),
    );
    head(
        &mut out,
        "snapshot_alarm",
        "gauge",
        "1 while the published snapshot could not be loaded: look at the log.",
    );
    line(
        &mut out,
        "snapshot_alarm",
        snapshots.alarm.load(Ordering::Relaxed),
    );
    let refused = snapshots
        .refused
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    if let Some((id, error)) = refused {
        head(
            &mut out,
            "snapshot_refused_info",
            "gauge",
            "The published snapshot that could not be loaded, and what is wrong with it.",
        );
        let name = format!("snapshot_refused_info{{id=\"{id}\",error=\"{error}\"}}");
        line(&mut out, &name, 1);
    }
    if let Some((id, age_us)) = now.snapshot {
        head(
            &mut out,
            "snapshot_info",
            "gauge",
            "The snapshot that answers.",
        );
        line(&mut out, &format!("snapshot_info{{id=\"{id}\"}}"), 1);
        head(
            &mut out,
            "snapshot_age_seconds",
            "gauge",
            "Since that snapshot was loaded.",
        );
        line(&mut out, "snapshot_age_seconds", seconds(age_us));
    }
    out
}

pub fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(
        out,
        "# HELP tandem_edge_{name} {help}\n# TYPE tandem_edge_{name} {kind}"
    );
}

pub fn line(out: &mut String, name: &str, value: impl std::fmt::Display) {
    let _ = writeln!(out, "tandem_edge_{name} {value}");
}

fn seconds(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrape_adds_the_workers_up() {
        let workers = [WorkerMetrics::default(), WorkerMetrics::default()];
        for worker in &workers {
            worker.request(Route::Lcr, 200);
            worker.decision("ok");
            worker.latency(Route::Lcr, Duration::from_micros(60), 1);
            worker.refused(Refused::Rate);
        }
        let text = page(
            &workers,
            &SnapshotMetrics::default(),
            &Now {
                snapshot: Some(("abc", 1_500_000)),
                draining: false,
            },
        );
        for line in [
            "tandem_edge_requests_total{route=\"lcr\",status=\"200\"} 2",
            "tandem_edge_decisions_total{status=\"ok\"} 2",
            "tandem_edge_request_seconds_bucket{route=\"lcr\",le=\"0.000050\"} 0",
            "tandem_edge_request_seconds_bucket{route=\"lcr\",le=\"0.000100\"} 2",
            "tandem_edge_request_seconds_sum{route=\"lcr\"} 0.000120",
            "tandem_edge_refused_total{reason=\"rate\"} 2",
            "tandem_edge_snapshot_info{id=\"abc\"} 1",
            "tandem_edge_snapshot_age_seconds 1.500000",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
    }
}
