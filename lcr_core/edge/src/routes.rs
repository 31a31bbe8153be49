//! From a request head to an answer in the output buffer. Synchronous: a decision takes microseconds,
//! so nothing here waits, and a panic stays inside one request.
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::Notify;

use crate::admission::Admission;
use crate::answer::{self, Answer, JSON, PROMETHEUS, Problem, SnapshotId};
use crate::clock::{HttpDate, now_us};
use crate::decision_id::DecisionIds;
use crate::engine::Scratch;
use crate::head::{Head, Method};
use crate::metrics::{self, Refused, Route, WorkerMetrics};
use crate::net::real_peer;
use crate::opening::Openings;
use crate::refusal::Refusal;
use crate::route::Target;
use crate::server::Shared;
use crate::{control, dip, lcr, log};

/// Requests of each class that a connection has answered and not yet counted.
pub type Answered = [u32; Route::ALL.len()];

/// What one worker thread owns: buffers that are used again, its id source, its counters.
pub struct Worker {
    /// Counted by the thread itself, so that holding it for a request touches no other core's memory.
    #[allow(clippy::redundant_allocation)]
    pub shared: Rc<Arc<Shared>>,
    pub index: usize,
    pub ids: DecisionIds,
    pub body: Vec<u8>,
    pub scratch: Scratch,
    pub admission: Admission,
    /// Woken by the first request after a rest: the delay is measured while there is something to measure.
    pub pulse: Rc<Notify>,
    pub date: HttpDate,
    pub openings: Openings,
    /// A question that waits for its LRN, or has it now.
    pub pending: dip::Pending,
    /// The whole answer of this second to a request that there is no room for.
    away: (i64, Vec<u8>),
}

impl Worker {
    pub fn new(shared: Arc<Shared>, index: usize) -> Self {
        Self {
            ids: DecisionIds::new(index),
            admission: Admission::new(
                u64::try_from(shared.settings.target_delay.as_micros()).unwrap_or(u64::MAX),
                u64::try_from(shared.settings.max_delay.as_micros()).unwrap_or(u64::MAX),
                Instant::now(),
            ),
            pulse: Rc::new(Notify::new()),
            shared: Rc::new(shared),
            index,
            body: Vec::with_capacity(16 * 1024),
            scratch: Scratch::default(),
            date: HttpDate::default(),
            openings: Openings::default(),
            pending: dip::Pending::default(),
            away: (i64::MIN, Vec::new()),
        }
    }

    pub fn metrics(&self) -> &WorkerMetrics {
        &self.shared.metrics[self.index]
    }

    /// Answer one request. Returns whether the connection lives on.
    pub fn serve(
        &mut self,
        request: &lcr::Request<'_>,
        target: Target,
        out: &mut Vec<u8>,
        answered: &mut Answered,
    ) -> bool {
        let head = request.head;
        answered[target.route as usize] += 1;
        self.metrics().came();
        // After a request of a method we do not know, no next head can be trusted to be one.
        let keep_alive = head.keep_alive && head.method != Method::Other && !self.shared.draining();
        let is_next = out.is_empty() && keep_alive && head.method != Method::Head;
        let request = &lcr::Request {
            is_next,
            ..*request
        };
        let answer = match catch_unwind(AssertUnwindSafe(|| self.route(target, request))) {
            Ok(answer) => answer,
            Err(_) => fault(&mut self.body),
        };
        if self.pending.waits() {
            // Not answered yet: it comes again as if for the first time.
            answered[target.route as usize] -= 1;
            self.metrics().gone(1);
            return true;
        }
        self.metrics().request(target.route, answer.status);
        if let Some(begun) = answer.begun {
            self.openings.end(&mut self.body, begun);
            std::mem::swap(out, &mut self.body);
            return keep_alive;
        }
        answer::append(
            out,
            &answer,
            &self.body,
            self.date.at(request.now_us),
            keep_alive,
            head.method != Method::Head,
        );
        keep_alive
    }

    /// Is there room for this request? `first` = the first of a read.
    pub fn admit(&mut self, target: Target, first: bool) -> bool {
        if self.admission.served == 0 {
            self.pulse.notify_one();
        }
        // Probes, metrics and commands are answered always: who mends an overload must see it.
        self.admission.admit(first, Instant::now)
            || !matches!(target.route, Route::Lcr | Route::Batch)
    }

    /// The answer to a request that there is no room for; made once a second, then copied.
    pub fn turn_away(&mut self, request: &lcr::Request<'_>, out: &mut Vec<u8>) -> bool {
        self.metrics().refused(Refused::Delay);
        self.metrics().request(Route::Lcr, 503);
        let head = request.head;
        let keep_alive = head.keep_alive && !self.shared.draining();
        let plain = keep_alive && head.method != Method::Head;
        let second = request.now_us.div_euclid(1_000_000);
        if plain && self.away.0 == second {
            out.extend_from_slice(&self.away.1);
            return true;
        }
        let from = out.len();
        let answer = busy(&mut self.body);
        answer::append(
            out,
            &answer,
            &self.body,
            self.date.at(request.now_us),
            keep_alive,
            head.method != Method::Head,
        );
        if plain {
            self.away.0 = second;
            self.away.1.clear();
            self.away.1.extend_from_slice(&out[from..]);
        }
        keep_alive
    }

    /// Answer a head that is none; the connection is closed after it.
    pub fn refuse(&mut self, refusal: &Refusal, out: &mut Vec<u8>) {
        let answer = refusal.answer(&mut self.body);
        self.metrics().request(Route::Malformed, answer.status);
        answer::append(
            out,
            &answer,
            &self.body,
            self.date.at(now_us()),
            false,
            true,
        );
    }

    /// The answer for a connection that the limit keeps out.
    pub fn refuse_connection(&mut self, out: &mut Vec<u8>) {
        let answer = busy(&mut self.body);
        self.metrics().refused(Refused::Connections);
        answer::append(
            out,
            &answer,
            &self.body,
            self.date.at(now_us()),
            false,
            true,
        );
    }

    fn route(&mut self, target: Target, request: &lcr::Request<'_>) -> Answer {
        if target.route != Route::Other && !target.takes(request.head.method) {
            let mut answer = Problem {
                status: 405,
                code: "method_not_allowed",
                detail: "This path is not asked by this method.",
                hint: "use a method that Allow names",
                parameter: None,
            }
            .answer(&mut self.body);
            answer.allow = Some(target.methods());
            return answer;
        }
        match target.route {
            Route::Lcr => self.lcr(request),
            Route::Healthz => self.json(
                200,
                &serde_json::json!({"status": "alive", "version": env!("CARGO_PKG_VERSION")}),
            ),
            Route::Readyz => self.ready(),
            Route::Metrics => self.scrape(request.head, request.peer),
            Route::Control => self.control(request),
            Route::Batch | Route::Calls | Route::Other | Route::Malformed => Problem {
                status: 404,
                code: "not_found",
                detail: "There is nothing at this path.",
                hint: "ask /v1/lcr, /v1/lcr/<format>, /v1/lcr/batch, /healthz, /readyz or /metrics",
                parameter: None,
            }
            .answer(&mut self.body),
        }
    }

    fn lcr(&mut self, request: &lcr::Request<'_>) -> Answer {
        let shared = Rc::clone(&self.shared);
        if shared.in_flight() > shared.settings.max_in_flight {
            self.metrics().refused(Refused::InFlight);
            return busy(&mut self.body);
        }
        let guard = shared.current.load();
        let Some(loaded) = guard.as_ref() else {
            self.metrics().refused(Refused::NoSnapshot);
            return no_snapshot(&mut self.body);
        };
        let peer = real_peer(
            request.peer,
            request.head.forwarded_for,
            &shared.settings.trusted_proxies,
        );
        lcr::answer(self, loaded, &lcr::Request { peer, ..*request })
    }

    fn control(&mut self, request: &lcr::Request<'_>) -> Answer {
        let shared = Rc::clone(&self.shared);
        let guard = shared.current.load();
        control::answer(
            self,
            guard.as_deref(),
            request.head,
            request.body,
            request.peer,
            request.now_us,
        )
    }

    fn json(&mut self, status: u16, value: &Value) -> Answer {
        self.body.clear();
        // Writing JSON values into a Vec cannot fail.
        let _ = serde_json::to_writer(&mut self.body, value);
        Answer::new(status, JSON)
    }

    fn ready(&mut self) -> Answer {
        let shared = Rc::clone(&self.shared);
        let guard = shared.current.load();
        let draining = shared.draining();
        let loaded = guard.as_ref();
        let (status, word) = match (draining, loaded) {
            (true, _) => (503, "draining"),
            (false, None) => (503, "no_snapshot"),
            (false, Some(_)) => (200, "ready"),
        };
        let body = serde_json::json!({
            "status": word,
            "snapshot": loaded.map(|l| l.id.as_str()),
            "snapshot_age_ms": loaded.map(|l| u64::try_from(l.loaded_at.elapsed().as_millis()).unwrap_or(u64::MAX)),
            "snapshot_alarm": shared.snapshots.alarm.load(Ordering::Relaxed) > 0,
        });
        let mut answer = self.json(status, &body);
        answer.snapshot = loaded.map(|l| SnapshotId::new(&l.id));
        answer.retry_after_s = (status == 503).then_some(1);
        answer
    }

    fn scrape(&mut self, head: &Head<'_>, peer: Option<IpAddr>) -> Answer {
        let shared = Rc::clone(&self.shared);
        let peer = real_peer(peer, head.forwarded_for, &shared.settings.trusted_proxies);
        if !shared.settings.metrics_from.holds(peer) {
            return Problem {
                status: 403,
                code: "metrics_forbidden",
                detail: "Metrics are not shown to this address.",
                hint: "add the address to metrics_from in the configuration of the edge",
                parameter: None,
            }
            .answer(&mut self.body);
        }
        let guard = shared.current.load();
        let snapshot = guard.as_ref().map(|l| {
            (
                l.id.as_str(),
                u64::try_from(l.loaded_at.elapsed().as_micros()).unwrap_or(u64::MAX),
            )
        });
        let mut page = metrics::page(
            &shared.metrics,
            &shared.snapshots,
            &metrics::Now {
                snapshot,
                draining: shared.draining(),
            },
        );
        self.body.clear();
        shared.batches.measure(&mut page);
        if let Some(dipper) = &shared.dipper {
            dipper.measure(&mut page);
        }
        if let Some(tls) = &shared.tls {
            tls.measure(&mut page);
        }
        if let Some(sip) = shared.sip.get() {
            sip.measure(&mut page);
        }
        self.body.extend_from_slice(page.as_bytes());
        Answer::new(200, PROMETHEUS)
    }

    /// Count what was answered together, by class.
    pub fn finished(&self, took: Duration, answered: &mut Answered) {
        let mut all = 0i64;
        for (class, count) in answered.iter_mut().enumerate() {
            if let (Some(route), 1..) = (Route::ALL.get(class), *count) {
                self.metrics().latency(*route, took, u64::from(*count));
                all += i64::from(*count);
                *count = 0;
            }
        }
        if all > 0 {
            self.metrics().gone(all);
        }
    }
}

fn fault(body: &mut Vec<u8>) -> Answer {
    log::event("error", "request_failed", &[]);
    Problem {
        status: 500,
        code: "internal_error",
        detail: "The request could not be answered because of a fault in the server.",
        hint: "try again; if it stays, send the time of the request to the operator",
        parameter: None,
    }
    .answer(body)
}

pub fn no_snapshot(body: &mut Vec<u8>) -> Answer {
    let mut answer = Problem {
        status: 503,
        code: "no_snapshot",
        detail: "No snapshot has been published yet.",
        hint: "approve a deck or run tandem snapshot build, then ask again",
        parameter: None,
    }
    .answer(body);
    answer.retry_after_s = Some(1);
    answer
}

fn busy(body: &mut Vec<u8>) -> Answer {
    let mut answer = Problem {
        status: 503,
        code: "overloaded",
        detail: "The server is at its limit of connections or requests.",
        hint: "wait as long as Retry-After says; use fewer connections",
        parameter: None,
    }
    .answer(body);
    answer.retry_after_s = Some(1);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_answer() {
        let mut body = Vec::new();
        let answer = catch_unwind(AssertUnwindSafe(|| -> Answer { panic!("boom") }))
            .unwrap_or_else(|_| fault(&mut body));
        assert_eq!(answer.status, 500);
        assert!(String::from_utf8(body).unwrap().contains("internal_error"));
    }
}
