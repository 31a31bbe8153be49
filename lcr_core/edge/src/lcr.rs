//! `GET /v1/lcr`: parameters, caller, limits, one decision.
use std::borrow::Cow;
use std::net::IpAddr;

use lcr_core::error::QueryError;
use lcr_core::number::DigitKey;

use crate::answer::{Answer, JSON, Problem, SnapshotId};
use crate::caller;
use crate::clock::parse_instant;
use crate::decision_id;
use crate::engine::{Ask, Loaded};
use crate::head::Head;
use crate::metrics::Refused;
use crate::query::{self, BadParameter, Parameters};
use crate::routes::Worker;

/// Most routes one answer may hold.
pub const MAX_ROUTES: u32 = 100;

/// What the parameters say, apart from the numbers.
struct Options {
    at_us: Option<i64>,
    max: Option<u32>,
    explain: bool,
}

pub fn answer(
    worker: &mut Worker,
    loaded: &Loaded,
    head: &Head<'_>,
    peer: Option<IpAddr>,
    now_us: i64,
) -> Answer {
    let mut answer = match decide(worker, loaded, head, peer, now_us) {
        Ok(answer) => answer,
        Err(refused) => refused.answer(&mut worker.body),
    };
    answer.snapshot = Some(SnapshotId::new(&loaded.id));
    answer
}

/// A refusal on the way to the decision.
enum Refusal {
    Parameter(BadParameter),
    Denied(caller::Denied),
    Slow { wait_s: u64 },
    Core(QueryError),
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
    fn answer(&self, body: &mut Vec<u8>) -> Answer {
        match self {
            Self::Parameter(bad) => Problem {
                status: 400,
                code: bad.code,
                detail: &bad.detail,
                hint: bad.hint,
                parameter: Some(&bad.parameter),
            }
            .answer(body),
            Self::Denied(denied) => {
                let problem = Problem {
                    status: denied.status,
                    code: denied.code,
                    detail: denied.detail,
                    hint: denied.hint,
                    parameter: None,
                };
                let mut answer = problem.answer(body);
                if denied.status == 401 {
                    answer.challenge = Some("Bearer realm=\"tandem\"");
                }
                answer
            }
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

fn decide(
    worker: &mut Worker,
    loaded: &Loaded,
    head: &Head<'_>,
    peer: Option<IpAddr>,
    now_us: i64,
) -> Result<Answer, Refusal> {
    // The caller comes first: a stranger learns nothing from how parameters are refused. Trunks that
    // share an address are told apart by what was dialled, so a readable dnis is used when there is one.
    let parameters = query::parse(head.query);
    let dialled = parameters
        .as_ref()
        .ok()
        .and_then(|p| p.get("dnis"))
        .unwrap_or("");
    let caller = caller::identify(loaded, head, peer, dialled.trim(), now_us)?;
    if let Some(limiter) = &worker.shared.limiter
        && let Err(wait_ns) = limiter.take(caller.limit_id, worker.shared.monotonic_ns())
    {
        worker.metrics().refused(Refused::Rate);
        return Err(Refusal::Slow {
            wait_s: wait_ns.div_ceil(1_000_000_000).max(1),
        });
    }
    let parameters = parameters?;
    let options = options(&parameters)?;
    if options.explain && !caller.may_explain {
        return Err(Refusal::Denied(caller::Denied {
            status: 403,
            code: "missing_scope",
            detail: "An explanation needs a key with the scope lcr:explain.",
            hint: "create a key with the scope lcr:explain, or leave explain out",
        }));
    }
    let dnis = dnis(&parameters, caller.trunk.tech_prefix.as_deref())?;
    let id = worker.ids.next(now_us);
    let id_text = decision_id::hex(id);
    let ask = Ask {
        trunk_id: caller.trunk.trunk_id,
        dnis,
        ani: ani(&parameters)?,
        lrn: optional_number(&parameters, "lrn")?,
        call_id: parameters.get("call_id"),
        at_us: options.at_us.unwrap_or(now_us),
        max: options.max,
        explain: options.explain,
        decision_id: std::str::from_utf8(&id_text).unwrap_or(""),
    };
    worker.body.clear();
    // An empty vector becomes a string and back without a copy; its room is used again.
    let mut text = String::from_utf8(std::mem::take(&mut worker.body)).unwrap_or_default();
    let decided = loaded.decide(&ask, &mut text);
    worker.body = text.into_bytes();
    match decided {
        Ok(status) => {
            worker.metrics().decision(status);
            let mut answer = Answer::new(200, JSON);
            answer.decision_id = Some(id);
            Ok(answer)
        }
        Err(fault) => Err(Refusal::Core(fault)),
    }
}

fn options(parameters: &Parameters<'_>) -> Result<Options, BadParameter> {
    let at_us = match parameters.get("at") {
        None => None,
        Some(text) => Some(parse_instant(text).ok_or_else(|| {
            BadParameter::new(
                "bad_at",
                "at",
                format!("\"{}\" is not an instant.", query::shown(text)),
                "use RFC 3339 such as 2026-11-21T05:00:00Z, or microseconds since 1970",
            )
        })?),
    };
    let max = match parameters.get("max") {
        None => None,
        Some(text) => Some(
            small(text)
                .filter(|n| (1..=MAX_ROUTES).contains(n))
                .ok_or_else(|| {
                    BadParameter::new(
                        "bad_max",
                        "max",
                        format!("\"{}\" is not a number of routes.", query::shown(text)),
                        "use a whole number from 1 to 100",
                    )
                })?,
        ),
    };
    let explain = match parameters.get("explain") {
        None | Some("0" | "false") => false,
        Some("1" | "true") => true,
        Some(text) => {
            let detail = format!("\"{}\" is neither yes nor no.", query::shown(text));
            return Err(BadParameter::new(
                "bad_explain",
                "explain",
                detail,
                "use 1 or 0",
            ));
        }
    };
    Ok(Options {
        at_us,
        max,
        explain,
    })
}

/// Digits only: no sign, no space.
fn small(text: &str) -> Option<u32> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

const NUMBER_HINT: &str = "use 1 to 15 digits with the country code, for example 442079460000; + and spaces may stand in it";

/// The dialled number without the trunk's tech prefix.
fn dnis(parameters: &Parameters<'_>, tech_prefix: Option<&str>) -> Result<DigitKey, BadParameter> {
    let Some(text) = parameters
        .get("dnis")
        .map(str::trim)
        .filter(|t| !t.is_empty())
    else {
        return Err(BadParameter::new(
            "missing_parameter",
            "dnis",
            "The parameter dnis (the dialled number) is missing.",
            NUMBER_HINT,
        ));
    };
    let number = tech_prefix
        .filter(|p| !p.is_empty())
        .and_then(|p| text.strip_prefix(p))
        .unwrap_or(text);
    DigitKey::normalise(number).ok_or_else(|| bad_number("dnis", text))
}

fn optional_number(
    parameters: &Parameters<'_>,
    name: &'static str,
) -> Result<Option<DigitKey>, BadParameter> {
    match parameters.get(name) {
        None => Ok(None),
        Some(text) => DigitKey::normalise(text)
            .map(Some)
            .ok_or_else(|| bad_number(name, text)),
    }
}

/// The caller's number; what switches send for a withheld one counts as none.
fn ani(parameters: &Parameters<'_>) -> Result<Option<DigitKey>, BadParameter> {
    const WITHHELD: [&str; 5] = [
        "anonymous",
        "restricted",
        "unavailable",
        "unknown",
        "private",
    ];
    match parameters.get("ani") {
        Some(text) if WITHHELD.iter().any(|w| text.eq_ignore_ascii_case(w)) => Ok(None),
        _ => optional_number(parameters, "ani"),
    }
}

fn bad_number(parameter: &'static str, text: &str) -> BadParameter {
    BadParameter {
        code: "bad_number",
        parameter: Cow::Borrowed(parameter),
        detail: format!("\"{}\" is not a telephone number.", query::shown(text)),
        hint: NUMBER_HINT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(query: &str, prefix: Option<&str>) -> Result<String, &'static str> {
        let parameters = query::parse(query).map_err(|e| e.code)?;
        dnis(&parameters, prefix)
            .map(|k| k.to_string())
            .map_err(|e| e.code)
    }

    #[test]
    fn the_tech_prefix_is_taken_off_when_it_is_dialled() {
        assert_eq!(
            number("dnis=7701442079460000", Some("7701")).as_deref(),
            Ok("442079460000")
        );
        assert_eq!(
            number("dnis=442079460000", Some("7701")).as_deref(),
            Ok("442079460000")
        );
        assert_eq!(
            number("dnis=99%23442079460000", Some("99#")).as_deref(),
            Ok("442079460000")
        );
        assert_eq!(number("dnis=7701", Some("7701")), Err("bad_number"));
        assert_eq!(
            number("dnis=%2B44+20+7946-0000", None).as_deref(),
            Ok("442079460000")
        );
    }

    #[test]
    fn numbers_that_are_none_are_refused_by_parameter() {
        assert_eq!(number("ani=1", None), Err("missing_parameter"));
        assert_eq!(number("dnis=", None), Err("missing_parameter"));
        assert_eq!(number("dnis=44a", None), Err("bad_number"));
        assert_eq!(number("dnis=1234567890123456", None), Err("bad_number"));
    }

    #[test]
    fn options_are_strict() {
        let code = |q: &str| {
            options(&query::parse(q).unwrap())
                .map(|o| (o.at_us, o.max, o.explain))
                .map_err(|e| e.code)
        };
        assert_eq!(code("at=5&max=3&explain=1"), Ok((Some(5), Some(3), true)));
        assert_eq!(code(""), Ok((None, None, false)));
        for (query, expected) in [
            ("max=0", "bad_max"),
            ("max=101", "bad_max"),
            ("max=-1", "bad_max"),
            ("max=%2B1", "bad_max"),
            ("max=x", "bad_max"),
            ("at=yesterday", "bad_at"),
            ("explain=maybe", "bad_explain"),
        ] {
            assert_eq!(code(query), Err(expected), "{query}");
        }
    }

    #[test]
    fn a_withheld_caller_number_counts_as_none() {
        for value in ["anonymous", "Restricted", ""] {
            assert_eq!(
                ani(&query::parse(&format!("ani={value}")).unwrap()).unwrap(),
                None
            );
        }
        assert_eq!(
            ani(&query::parse("ani=bob").unwrap()).unwrap_err().code,
            "bad_number"
        );
    }
}
