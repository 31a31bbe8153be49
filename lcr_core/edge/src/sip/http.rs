//! `/v1/calls` and `/v1/control/sip`: authorised as commands are, answered by tasks of the SIP runtime, for some wait for the disk.
use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::AsyncWrite;

use super::originate::{self, Problem as Refused};
use super::words::{Lists, Order};
use super::{Sip, worker::Work};
use crate::answer::{Answer, JSON, Problem};
use crate::control;
use crate::head::Method;
use crate::lcr::Request;
use crate::metrics::Route;
use crate::net::send_waiting;
use crate::route::Target;
use crate::routes::{Answered, Worker};

/// What a task answers.
struct Done {
    status: u16,
    body: Result<Value, Refused>,
}

impl Done {
    fn ok(status: u16, body: Value) -> Self {
        Self {
            status,
            body: Ok(body),
        }
    }

    fn no(status: u16, code: &'static str, detail: impl Into<String>, hint: &'static str) -> Self {
        Self {
            status,
            body: Err(Refused {
                status,
                code,
                detail: detail.into(),
                hint,
            }),
        }
    }
}

/// Answer one request of this class. Returns whether the connection lives on.
pub async fn serve<S: AsyncWrite + Unpin>(
    worker: &RefCell<Worker>,
    (request, _): (&Request<'_>, Target),
    (stream, output): (&mut S, &mut Vec<u8>),
    answered: &mut Answered,
) -> bool {
    let begun = {
        let mut worker = worker.borrow_mut();
        answered[Route::Calls as usize] += 1;
        worker.metrics().came();
        begin(&mut worker, request)
    };
    let answer = match begun {
        Err(answer) => *answer,
        Ok(task) => {
            let patience = worker.borrow().shared.settings.write_timeout;
            if !send_waiting(stream, output, patience).await {
                return false;
            }
            let done = task.await.unwrap_or_else(|_| {
                Done::no(
                    500,
                    "internal_error",
                    "The request could not be answered because of a fault in the server.",
                    "try again",
                )
            });
            let mut worker = worker.borrow_mut();
            print(&mut worker.body, &done)
        }
    };
    let mut worker = worker.borrow_mut();
    worker.finish(request.head, Route::Calls, &answer, output)
}

fn print(body: &mut Vec<u8>, done: &Done) -> Answer {
    match &done.body {
        Ok(words) => {
            body.clear();
            // Writing JSON values into a Vec cannot fail.
            let _ = serde_json::to_writer(body, words);
            Answer::new(done.status, JSON)
        }
        Err(no) => {
            let mut answer = Problem {
                status: no.status,
                code: no.code,
                detail: &no.detail,
                hint: no.hint,
                parameter: None,
            }
            .answer(body);
            answer.retry_after_s = matches!(no.status, 429 | 503).then_some(5);
            answer
        }
    }
}

type Task = tokio::task::JoinHandle<Done>;

fn begin(worker: &mut Worker, request: &Request<'_>) -> Result<Task, Box<Answer>> {
    let (head, now_us) = (request.head, request.now_us);
    let shared = Arc::clone(&worker.shared);
    let guard = shared.current.load();
    let allowed = control::identify(worker, guard.as_deref(), head, request.peer, now_us);
    if let Err(denied) = allowed {
        return Err(Box::new(denied.answer(&mut worker.body)));
    }
    let Some(sip) = shared.sip.get() else {
        let done = Done::no(
            503,
            "sip_off",
            "This edge has no section sip in its configuration.",
            "configure sip.listen",
        );
        return Err(Box::new(print(&mut worker.body, &done)));
    };
    let sip = Arc::clone(sip);
    let (method, path, words) = (head.method, head.path.to_owned(), head.query.to_owned());
    let body = request.body.to_vec();
    let handle = sip.handle.clone();
    Ok(handle.spawn(async move { answer(&sip, method, &path, &words, &body).await }))
}

async fn answer(sip: &Arc<Sip>, method: Method, path: &str, words: &str, body: &[u8]) -> Done {
    let post = method == Method::Post;
    let rest = path.strip_prefix("/v1/calls").unwrap_or("");
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    match (path, post, rest.split_once('/')) {
        ("/v1/control/sip", true, _) => tell(sip, body).await,
        ("/v1/control/sip", false, _) => {
            let mut words = sip.told.words();
            words["trunks"] = json!(sip.health.words());
            Done::ok(200, words)
        }
        (_, true, _) if rest.is_empty() => match serde_json::from_slice::<Order>(body) {
            Err(error) => Done::no(
                400,
                "bad_call",
                error.to_string(),
                "docs/test-calls.md names the fields; nothing was begun",
            ),
            Ok(order) => match originate::order(sip, order).await {
                Ok(accepted) => Done::ok(accepted.status, accepted.words),
                Err(no) => Done {
                    status: no.status,
                    body: Err(no),
                },
            },
        },
        (_, false, _) if rest.is_empty() => Done::ok(
            200,
            json!({"calls": sip.board.list(), "limit": sip.settings.max_orders, "free_ports": sip.free_pairs()}),
        ),
        (_, true, Some((name, "hangup"))) => hang_up(sip, name),
        (_, false, None) => match (sip.board.get(rest), after(words)) {
            (_, None) => Done::no(
                400,
                "bad_parameter",
                "after is not a number of events.",
                "use after=0 or the last n you have",
            ),
            (Some(live), Some(after)) => Done::ok(200, live.view(after)),
            (None, _) => unknown(),
        },
        _ => Done::no(
            404,
            "not_found",
            "There is nothing at this path.",
            "docs/test-calls.md lists the paths",
        ),
    }
}

fn unknown() -> Done {
    Done::no(
        404,
        "unknown_call",
        "No such call runs, or it ended more than 15 minutes ago.",
        "read its record in the log",
    )
}

fn after(words: &str) -> Option<usize> {
    match words {
        "" => Some(0),
        _ => words.strip_prefix("after=")?.parse().ok(),
    }
}

fn hang_up(sip: &Sip, name: &str) -> Done {
    let Some(live) = sip.board.get(name) else {
        return unknown();
    };
    if live.has_ended() {
        return Done::ok(200, live.short());
    }
    for worker in &sip.workers {
        let _ = worker.work.send(Work::Hangup(name.to_owned()));
    }
    Done::ok(202, live.short())
}

async fn tell(sip: &Arc<Sip>, body: &[u8]) -> Done {
    let lists = match serde_json::from_slice::<Lists>(body) {
        Ok(lists) => lists,
        Err(error) => {
            return Done::no(
                400,
                "bad_lists",
                error.to_string(),
                "docs/test-calls.md names the fields; nothing was changed",
            );
        }
    };
    let told = Arc::clone(sip);
    let done = tokio::task::spawn_blocking(move || told.told.tell(lists)).await;
    match done {
        Ok(Ok(())) => Done::ok(200, sip.told.words()),
        Ok(Err(why)) if why.starts_with("cannot be written") => {
            Done::no(503, "log_failed", why, "look at the edge's log")
        }
        Ok(Err(why)) => Done::no(400, "bad_lists", why, "nothing was changed"),
        Err(_) => Done::no(500, "internal_error", "a fault in the server", "try again"),
    }
}
