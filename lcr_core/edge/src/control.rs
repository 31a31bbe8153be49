//! `/v1/control/*`: commands to the routing state. For keys with the scope `lcr:control` and for peers named in
//! `control_from`; every command is written to the log with who gave it.
use std::net::IpAddr;

use lcr_core::state::Command;
use serde_json::json;

use crate::answer::{Answer, JSON, Problem};
use crate::caller;
use crate::engine::Serving;
use crate::head::{Head, Method};
use crate::log;
use crate::routes::Worker;

/// Who commands, for the log.
pub enum Who {
    Key(i64),
    Peer(Option<IpAddr>),
}

pub fn answer(
    worker: &mut Worker,
    serving: Option<&Serving>,
    head: &Head<'_>,
    body: &[u8],
    peer: Option<IpAddr>,
    now_us: i64,
) -> Answer {
    let who = match identify(worker, serving, head, peer, now_us) {
        Ok(who) => who,
        Err(denied) => {
            log::event("warning", "control_denied", &[("code", json!(denied.code))]);
            return denied.answer(&mut worker.body);
        }
    };
    match (head.path, head.method) {
        ("/v1/control/state", Method::Get | Method::Head) => {
            let words = worker.shared.state.words();
            worker.body.clear();
            // Writing JSON values into a Vec cannot fail.
            let _ = serde_json::to_writer(&mut worker.body, &words);
            Answer::new(200, JSON)
        }
        ("/v1/control/commands", Method::Post) => command(worker, &who, body),
        ("/v1/control/state" | "/v1/control/commands", _) => {
            let problem = Problem {
                status: 405,
                code: "method_not_allowed",
                detail: "This path is not asked by this method.",
                hint: "GET /v1/control/state, POST /v1/control/commands",
                parameter: None,
            };
            let mut answer = problem.answer(&mut worker.body);
            answer.allow = Some(if head.path.ends_with("state") {
                "GET, HEAD"
            } else {
                "POST"
            });
            answer
        }
        _ => Problem {
            status: 404,
            code: "not_found",
            detail: "There is nothing at this path.",
            hint: "GET /v1/control/state, POST /v1/control/commands",
            parameter: None,
        }
        .answer(&mut worker.body),
    }
}

/// A key that is sent decides; without one, the address. A request that came through a proxy has no address of its own.
pub fn identify(
    worker: &Worker,
    serving: Option<&Serving>,
    head: &Head<'_>,
    peer: Option<IpAddr>,
    now_us: i64,
) -> Result<Who, caller::Denied> {
    if head.authorization.is_some() || head.api_key.is_some() {
        let serving = serving.ok_or(caller::UNKNOWN_KEY)?;
        return caller::control_key(&serving.loaded, head, peer, now_us).map(Who::Key);
    }
    let settings = &worker.shared.settings;
    if head.forwarded_for.is_none() && settings.control_from.holds(peer) {
        return Ok(Who::Peer(peer));
    }
    Err(caller::NO_CONTROL)
}

fn command(worker: &mut Worker, who: &Who, body: &[u8]) -> Answer {
    let shared = std::rc::Rc::clone(&worker.shared);
    let told = std::str::from_utf8(body)
        .map_err(|e| lcr_core::state::CommandError::Malformed(e.to_string()))
        .and_then(Command::parse)
        .and_then(|commands| {
            let told = shared.state.tell(&shared, &commands)?;
            Ok((commands.len(), told))
        });
    let who = match who {
        Who::Key(id) => json!(format!("key {id}")),
        Who::Peer(Some(ip)) => json!(ip.to_string()),
        Who::Peer(None) => json!("unix"),
    };
    match told {
        Ok((count, told)) => {
            // The words themselves: whoever reads the log sees what was done. They hold ids and codes, no caller's number.
            let text = String::from_utf8_lossy(body);
            let shown: String = text.chars().take(512).collect();
            log::event(
                "info",
                "control",
                &[
                    ("who", who),
                    ("commands", json!(count)),
                    ("words", json!(shown)),
                    ("generation", json!(told.generation)),
                    ("changed", json!(told.changed)),
                ],
            );
            worker.body.clear();
            let reply = json!({"generation": told.generation, "changed": told.changed, "published": told.published});
            let _ = serde_json::to_writer(&mut worker.body, &reply);
            Answer::new(200, JSON)
        }
        Err(error) => {
            log::event(
                "warning",
                "control_refused",
                &[("who", who), ("code", json!(error.code()))],
            );
            let bad = error.code() == "bad_command";
            Problem {
                status: if bad { 400 } else { 409 },
                code: error.code(),
                detail: &error.to_string(),
                hint: "docs/state.md lists the commands; nothing was changed",
                parameter: None,
            }
            .answer(&mut worker.body)
        }
    }
}
