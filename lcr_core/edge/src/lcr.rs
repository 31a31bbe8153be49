//! `/v1/lcr` in all its forms: parameters, caller, limits, one decision.
use std::net::IpAddr;

use lcr_core::answer::{Format, freeswitch_not_found};
use lcr_core::error::QueryError;

use crate::answer::{Answer, Problem, SnapshotId};
use crate::asked::{a_lrn, ani, dial, dnis, flag, optional_number, options};
use crate::caller::{self, KeyDigest};
use crate::decision_id;
use crate::dip;
use crate::engine::{Ask, Serving};
use crate::head::{Head, Method};
use crate::metrics::Refused;
use crate::query::{self, BadParameter, Parameters};
use crate::routes::Worker;
use crate::switches::{self, Posted};

/// One request for routes: its head, its body where it has one, who sent it.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub head: &'a Head<'a>,
    pub body: &'a [u8],
    pub peer: Option<IpAddr>,
    /// The digest of the head's key, where it is known already.
    pub key: Option<&'a KeyDigest>,
    /// The form that the path asks for.
    pub format: Option<Format>,
    pub now_us: i64,
    /// Its answer is the next that is sent, so that it may be written where it is sent from.
    pub is_next: bool,
}

pub fn answer(worker: &mut Worker, loaded: &Serving, request: &Request<'_>) -> Answer {
    let mut answer = match decide(worker, loaded, request) {
        Ok(answer) => answer,
        Err(refused) => {
            let mut answer = refused.answer(&mut worker.body);
            if form_of(request, None) == Ok(Format::Asterisk) {
                in_hash_form(&mut answer, refused.code(), &mut worker.body);
            }
            answer
        }
    };
    answer.snapshot = Some(SnapshotId::new(&loaded.id));
    answer
}

/// Asterisk hardly sees the HTTP code: the refusal stands in the body as well.
fn in_hash_form(answer: &mut Answer, code: &str, body: &mut Vec<u8>) {
    body.clear();
    body.extend_from_slice(b"status=error&count=0&reason=");
    body.extend_from_slice(code.as_bytes());
    answer.content_type = Format::Asterisk.content_type();
}

/// The form of the answer: what the path says, else `format`, else `Accept`, else native.
fn form_of(
    request: &Request<'_>,
    parameters: Option<&Parameters<'_>>,
) -> Result<Format, BadParameter> {
    if let Some(format) = request.format {
        return Ok(format);
    }
    if let Some(name) = parameters.and_then(|p| p.get("format")) {
        return Format::named(name).ok_or_else(|| {
            BadParameter::new(
                "bad_format",
                "format",
                format!("There is no form of answer called \"{}\".", query::shown(name)),
                "use json, compact, rtjson, freeswitch, httapi, dialstring, opensips, carriers, asterisk, siphon or text",
            )
        });
    }
    Ok(request
        .head
        .accept
        .and_then(Format::accepted)
        .unwrap_or_default())
}

/// A refusal on the way to the decision.
pub enum Refusal {
    Parameter(BadParameter),
    Denied(caller::Denied),
    Slow {
        wait_s: u64,
    },
    Core(QueryError),
    /// None at all: the question is looked at again when its LRN is there.
    Waits(dip::Waits),
}

impl From<BadParameter> for Refusal {
    fn from(bad: BadParameter) -> Self {
        Self::Parameter(bad)
    }
}

impl From<caller::Denied> for Refusal {
    fn from(denied: caller::Denied) -> Self {
        Self::Denied(denied)
    }
}

impl Refusal {
    fn code(&self) -> &str {
        match self {
            Self::Parameter(bad) => bad.code,
            Self::Denied(denied) => denied.code,
            Self::Slow { .. } => "rate_limited",
            Self::Core(fault) => fault.code(),
            Self::Waits(_) => "waits",
        }
    }

    pub fn answer(&self, body: &mut Vec<u8>) -> Answer {
        match self {
            Self::Parameter(bad) => Problem {
                status: 400,
                code: bad.code,
                detail: &bad.detail,
                hint: bad.hint,
                parameter: Some(&bad.parameter),
            }
            .answer(body),
            Self::Denied(denied) => denied.answer(body),
            Self::Slow { wait_s } => {
                let mut answer = Problem {
                    status: 429,
                    code: "rate_limited",
                    detail: "This key or trunk asks more often than its limit allows.",
                    hint: "wait as long as Retry-After says, or ask the operator for a higher limit",
                    parameter: None,
                }
                .answer(body);
                answer.retry_after_s = Some(*wait_s);
                answer
            }
            Self::Waits(_) => Answer::new(0, crate::answer::JSON),
            // Numbers, trunk and limits are checked before the core is asked, so this is a fault of the data.
            Self::Core(fault) => Problem {
                status: 500,
                code: fault.code(),
                detail: "The snapshot holds data that contradict each other at this number.",
                hint: "tell the operator: the index must be built anew",
                parameter: None,
            }
            .answer(body),
        }
    }
}

fn decide(worker: &mut Worker, loaded: &Serving, request: &Request<'_>) -> Result<Answer, Refusal> {
    let (head, now_us) = (request.head, request.now_us);
    // The caller comes first: a stranger learns nothing from how parameters are refused. Trunks that
    // share an address are told apart by what was dialled, so a readable dnis is used when there is one.
    let mut parameters = query::parse(head.query);
    let mut posted = Ok(Posted::Question);
    if head.method == Method::Post
        && let (Ok(parameters), Some(format)) = (&mut parameters, request.format)
    {
        posted = switches::read(format, request.body, parameters);
    }
    let dialled = parameters
        .as_ref()
        .ok()
        .and_then(|p| p.get("dnis"))
        .unwrap_or("");
    let caller = caller::identify(
        loaded,
        (head, request.key),
        request.peer,
        dialled.trim(),
        now_us,
    )?;
    if !worker.pending.is_second_look()
        && let Some(limiter) = &worker.shared.limiter
        && let Err(wait_ns) = limiter.take(caller.limit_id, worker.shared.monotonic_ns())
    {
        worker.metrics().refused(Refused::Rate);
        return Err(Refusal::Slow {
            wait_s: wait_ns.div_ceil(1_000_000_000).max(1),
        });
    }
    let parameters = parameters?;
    let format = form_of(request, Some(&parameters))?;
    if let Posted::Nothing = posted? {
        return Ok(nothing(format, &mut worker.body));
    }
    let options = options(&parameters)?;
    if options.explain && !caller.may_explain {
        return Err(Refusal::Denied(caller::Denied {
            status: 403,
            code: "missing_scope",
            detail: "An explanation needs a key with the scope lcr:explain.",
            hint: "create a key with the scope lcr:explain, or leave explain out",
        }));
    }
    let dial = dial(&parameters)?;
    let dialled = dnis(&parameters, caller.trunk)?;
    let lrn = optional_number(&parameters, "lrn")?.or(dialled.rn);
    let npdi = dialled.npdi || flag(&parameters, "npdi")?;
    let said = caller.trunk.lrn_sources.query && (lrn.is_some() || npdi);
    let dip = match &worker.shared.dipper {
        Some(dipper) if !said && loaded.wants_dip(caller.trunk, dialled.number) => worker
            .pending
            .resolve(dipper, dialled.number)
            .map_err(Refusal::Waits)?,
        _ => None,
    };
    let id = worker.ids.next(now_us);
    let id_text = decision_id::hex(id);
    let ask = Ask {
        trunk_id: caller.trunk.trunk_id,
        dnis: dialled.number,
        ani: ani(&parameters),
        lrn,
        a_lrn: a_lrn(&parameters)?,
        npdi,
        dip,
        call_id: parameters.get("call_id"),
        at_us: options.at_us.unwrap_or(now_us),
        max: options.max,
        explain: options.explain,
        decision_id: std::str::from_utf8(&id_text).unwrap_or(""),
        format,
        dial,
    };
    worker.body.clear();
    // An empty vector becomes a string and back without a copy; its room is used again.
    let mut text = String::from_utf8(std::mem::take(&mut worker.body)).unwrap_or_default();
    let begun = request.is_next.then(|| {
        let snapshot = SnapshotId::new(&loaded.id);
        let date = (&mut worker.date, now_us);
        let openings = &mut worker.openings;
        openings.begin(&mut text, format, date, snapshot, ask.decision_id)
    });
    let decided = loaded.decide(&ask, &mut worker.scratch, &mut text);
    worker.body = text.into_bytes();
    match decided {
        Ok(status) => {
            worker.metrics().decision(status);
            let mut answer = Answer::new(200, format.content_type());
            answer.decision_id = Some(id);
            answer.begun = begun;
            Ok(answer)
        }
        Err(fault) => Err(Refusal::Core(fault)),
    }
}

/// The answer to a post that asks for no routes.
fn nothing(format: Format, body: &mut Vec<u8>) -> Answer {
    let mut text = String::new();
    if format == Format::Freeswitch {
        freeswitch_not_found(&mut text);
    } else {
        text.push_str(
            "<document type=\"xml/freeswitch-httapi\"><params/><variables/><work/></document>\n",
        );
    }
    body.clear();
    body.extend_from_slice(text.as_bytes());
    Answer::new(200, format.content_type())
}
