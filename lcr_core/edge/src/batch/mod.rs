//! `POST /v1/lcr/batch`: many questions of one caller in one request. Checked here, decided by a thread of its own at lower
//! priority (`pool`), so that single questions never wait for a batch; the connection waits without holding anything.
mod columns;
mod json;
mod pool;
mod row;

use std::cell::RefCell;
use std::sync::Arc;

use lcr_core::answer::Format;
use tokio::io::AsyncWrite;
use tokio::sync::oneshot;

use crate::answer::{self, Answer, Problem, SnapshotId};
use crate::caller;
use crate::clock::now_us;
use crate::head::{Head, Method};
use crate::lcr::{Refusal, Request};
use crate::metrics::{Refused, Route};
use crate::net::{real_peer, send_waiting};
use crate::query::{self, BadParameter};
use crate::route::Target;
use crate::routes::{Answered, Worker, no_snapshot};

pub use pool::{Batches, Done};
use pool::{Job, Kind, Said};

pub const ARROW: &str = "application/vnd.apache.arrow.stream";
pub const LINES: &str = "application/x-ndjson";

/// Answer one batch, or turn it away. Returns whether the connection lives on.
pub async fn serve<S: AsyncWrite + Unpin>(
    worker: &RefCell<Worker>,
    (request, target): (&Request<'_>, Target),
    first: bool,
    (stream, output): (&mut S, &mut Vec<u8>),
    answered: &mut Answered,
) -> bool {
    let begun = {
        let mut worker = worker.borrow_mut();
        if !worker.admit(target, first) {
            return worker.turn_away(request, output);
        }
        answered[Route::Batch as usize] += 1;
        worker.metrics().came();
        begin(&mut worker, request)
    };
    let answer = match begun {
        Err(answer) => *answer,
        Ok(done) => {
            let patience = worker.borrow().shared.settings.write_timeout;
            if !send_waiting(stream, output, patience).await {
                return false;
            }
            let done = done.await;
            let mut worker = worker.borrow_mut();
            match done {
                Ok(done) => {
                    worker.body = done.body;
                    done.answer
                }
                Err(_) => fault(&mut worker.body),
            }
        }
    };
    let mut worker = worker.borrow_mut();
    let keep_alive = worker.finish(request.head, Route::Batch, &answer, output);
    // The room of a large answer is not kept.
    worker.body = Vec::with_capacity(16 * 1024);
    keep_alive
}

/// Everything that is known before the first row is looked at.
fn begin(
    worker: &mut Worker,
    request: &Request<'_>,
) -> Result<oneshot::Receiver<Done>, Box<Answer>> {
    let (head, now_us) = (request.head, request.now_us);
    let shared = Arc::clone(&worker.shared);
    if head.method != Method::Post {
        let mut answer = Problem {
            status: 405,
            code: "method_not_allowed",
            detail: "This path is not asked by this method.",
            hint: "send the calls with POST",
            parameter: None,
        }
        .answer(&mut worker.body);
        answer.allow = Some("POST");
        return Err(Box::new(answer));
    }
    let Some(serving) = shared.current.load_full() else {
        worker.metrics().refused(Refused::NoSnapshot);
        return Err(Box::new(no_snapshot(&mut worker.body)));
    };
    let snapshot = SnapshotId::new(&serving.id);
    let refuse = |worker: &mut Worker, refusal: &Refusal| {
        let mut answer = refusal.answer(&mut worker.body);
        answer.snapshot = Some(snapshot);
        Box::new(answer)
    };
    let peer = real_peer(
        request.peer,
        head.forwarded_for,
        &shared.settings.trusted_proxies,
    );
    // Many numbers cannot tell trunks of one address apart: those send a key.
    let caller = caller::identify(&serving, (head, None), peer, "", now_us)
        .map_err(|denied| refuse(worker, &Refusal::Denied(denied)))?;
    let said = read(head).map_err(|bad| refuse(worker, &Refusal::Parameter(bad)))?;
    if let Some(limiter) = &shared.limiter
        && let Err(wait_ns) = limiter.take(caller.limit_id, shared.monotonic_ns())
    {
        worker.metrics().refused(Refused::Rate);
        let wait_s = wait_ns.div_ceil(1_000_000_000).max(1);
        return Err(refuse(worker, &Refusal::Slow { wait_s }));
    }
    let job = Job {
        said,
        trunk_id: caller.trunk.trunk_id,
        limit_id: caller.limit_id,
        now_us,
        most_rows: shared.settings.batch_max_rows,
        body: request.body.to_vec(),
        serving: Arc::clone(&serving),
        shared: Arc::clone(&shared),
    };
    shared.batches.give(job).ok_or_else(|| {
        worker.metrics().refused(Refused::Batch);
        let mut answer = Problem {
            status: 503,
            code: "batches_waiting",
            detail: "As many batches as there is room for are waiting already.",
            hint: "wait as long as Retry-After says; single questions are answered meanwhile",
            parameter: None,
        }
        .answer(&mut worker.body);
        answer.retry_after_s = Some(1);
        Box::new(answer)
    })
}

/// What the head says of the batch: how the calls come, how the decisions go, options for all of them.
fn read(head: &Head<'_>) -> Result<Said, BadParameter> {
    let parameters = query::parse(head.query)?;
    let other = query::NAMES
        .iter()
        .find(|n| parameters.get(n).is_some() && !matches!(**n, "format" | "max" | "at"));
    if let Some(name) = other {
        return Err(BadParameter::new(
            "unknown_parameter",
            name,
            format!("{name} is said of each call, in the body."),
            "for all calls of a batch only format, max and at can be said",
        ));
    }
    let kind = match media_type(head.content_type) {
        "" | "application/json" => Kind::Json,
        LINES | "application/jsonl" => Kind::Lines,
        ARROW => Kind::Arrow,
        other => {
            return Err(BadParameter::new(
                "bad_content_type",
                "Content-Type",
                format!("Calls do not come as \"{}\".", query::shown(other)),
                "send application/json, application/x-ndjson or application/vnd.apache.arrow.stream",
            ));
        }
    };
    let format = match parameters.get("format") {
        None | Some("json") => Format::Native,
        Some("compact") => Format::Compact,
        Some(text) => {
            return Err(BadParameter::new(
                "bad_format",
                "format",
                format!("A batch is not answered as \"{}\".", query::shown(text)),
                "use json or compact",
            ));
        }
    };
    let options = crate::asked::options(&parameters)?;
    let lines = kind == Kind::Lines || head.accept.is_some_and(|a| media_type(Some(a)) == LINES);
    Ok(Said {
        kind,
        format,
        lines,
        max: options.max,
        at_us: options.at_us,
    })
}

/// The media type without its parameters.
fn media_type(field: Option<&str>) -> &str {
    let whole = field.unwrap_or("");
    whole.split(';').next().unwrap_or("").trim()
}

fn fault(body: &mut Vec<u8>) -> Answer {
    Problem {
        status: 500,
        code: "internal_error",
        detail: "The batch could not be answered because of a fault in the server.",
        hint: "try again; if it stays, send the time of the request to the operator",
        parameter: None,
    }
    .answer(body)
}

/// Everything that is read of a body before a snapshot is asked.
#[cfg(fuzzing)]
pub fn fuzz(bytes: &[u8]) {
    for kind in [Kind::Json, Kind::Lines] {
        for row in json::rows(kind, bytes, 1000).unwrap_or_default() {
            let _ = row::from_json(row);
        }
    }
    columns::fuzz(bytes);
}

impl Worker {
    /// Append an answer whose body stands in `self.body`. Returns whether the connection lives on.
    pub fn finish(
        &mut self,
        head: &Head<'_>,
        route: Route,
        answer: &Answer,
        out: &mut Vec<u8>,
    ) -> bool {
        let keep_alive = head.keep_alive && head.method != Method::Other && !self.shared.draining();
        self.metrics().request(route, answer.status);
        answer::append(
            out,
            answer,
            &self.body,
            self.date.at(now_us()),
            keep_alive,
            head.method != Method::Head,
        );
        keep_alive
    }
}
