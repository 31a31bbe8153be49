//! `/v1/lcr` in all its forms: parameters, caller, limits, one decision.
use std::borrow::Cow;
use std::net::IpAddr;

use lcr_core::access::Trunk;
use lcr_core::answer::{Dial, Format, freeswitch_not_found, safe};
use lcr_core::error::QueryError;
use lcr_core::number::{DigitKey, normalise};

use crate::answer::{Answer, Problem, SnapshotId};
use crate::caller;
use crate::clock::parse_instant;
use crate::decision_id;
use crate::engine::{Ask, Serving};
use crate::head::{Head, Method};
use crate::metrics::Refused;
use crate::query::{self, BadParameter, Parameters};
use crate::routes::Worker;
use crate::switches::{self, Posted};

/// Most routes one answer may hold.
pub const MAX_ROUTES: u32 = 100;

/// What the parameters say, apart from the numbers.
struct Options {
    at_us: Option<i64>,
    max: Option<u32>,
    explain: bool,
}

/// One request for routes: its head, its body where it has one, who sent it.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub head: &'a Head<'a>,
    pub body: &'a [u8],
    pub peer: Option<IpAddr>,
    /// The form that the path asks for.
    pub format: Option<Format>,
    pub now_us: i64,
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
    fn code(&self) -> &str {
        match self {
            Self::Parameter(bad) => bad.code,
            Self::Denied(denied) => denied.code,
            Self::Slow { .. } => "rate_limited",
            Self::Core(fault) => fault.code(),
        }
    }

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
    let caller = caller::identify(loaded, head, request.peer, dialled.trim(), now_us)?;
    if let Some(limiter) = &worker.shared.limiter
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
    let id = worker.ids.next(now_us);
    let id_text = decision_id::hex(id);
    let ask = Ask {
        trunk_id: caller.trunk.trunk_id,
        dnis: dialled.number,
        ani: ani(&parameters),
        lrn: optional_number(&parameters, "lrn")?.or(dialled.rn),
        a_lrn: a_lrn(&parameters)?,
        npdi: dialled.npdi || flag(&parameters, "npdi")?,
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
    let decided = loaded.decide(&ask, &mut text);
    worker.body = text.into_bytes();
    match decided {
        Ok(status) => {
            worker.metrics().decision(status);
            let mut answer = Answer::new(200, format.content_type());
            answer.decision_id = Some(id);
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

/// How FreeSWITCH is to dial. Profile and context are names, so that they can stand in a dial string as they are.
fn dial<'p>(parameters: &'p Parameters<'_>) -> Result<Dial<'p>, BadParameter> {
    let by_gateway = match parameters.get("dial") {
        None | Some("uri") => false,
        Some("gateway") => true,
        Some(text) => {
            let detail = format!("\"{}\" is not a way to dial.", query::shown(text));
            return Err(BadParameter::new(
                "bad_dial",
                "dial",
                detail,
                "use uri or gateway",
            ));
        }
    };
    let name = |word: &'static str| match parameters.get(word) {
        Some(text) if !safe::is_name(text) => Err(BadParameter::new(
            "bad_name",
            word,
            format!("\"{}\" is not a name of a switch.", query::shown(text)),
            "use 1 to 64 letters, digits, dots, dashes and underscores",
        )),
        found => Ok(found),
    };
    let usual = Dial::default();
    Ok(Dial {
        by_gateway,
        profile: name("profile")?.unwrap_or(usual.profile),
        context: name("context")?.unwrap_or(usual.context),
    })
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

/// The dialled number as the trunk writes it, and what was said beside it about its portability.
#[derive(Debug)]
struct Dialled {
    number: DigitKey,
    rn: Option<DigitKey>,
    npdi: bool,
}

/// The LRN of the caller, or its JIP of six digits, completed to a number.
fn a_lrn(parameters: &Parameters<'_>) -> Result<Option<DigitKey>, BadParameter> {
    let text = parameters.get("a_lrn").unwrap_or("");
    if text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(DigitKey::from_digits(&format!("1{text}0000")));
    }
    optional_number(parameters, "a_lrn")
}

/// `npdi` alone, as a tel address has it, stands without a value and so counts as not given: `1` says yes.
fn flag(parameters: &Parameters<'_>, name: &'static str) -> Result<bool, BadParameter> {
    match parameters.get(name) {
        None | Some("0" | "false") => Ok(false),
        Some("1" | "true" | "yes") => Ok(true),
        Some(text) => {
            let detail = format!("\"{}\" is neither yes nor no.", query::shown(text));
            Err(BadParameter::new("bad_flag", name, detail, "use 1 or 0"))
        }
    }
}

/// The dialled number without the trunk's tech prefix, or as the trunk's own rules read it.
fn dnis(parameters: &Parameters<'_>, trunk: &Trunk) -> Result<Dialled, BadParameter> {
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
    let bare = trunk
        .tech_prefix
        .as_deref()
        .filter(|p| !p.is_empty())
        .and_then(|p| text.strip_prefix(p))
        .unwrap_or(text);
    let Some(words) = &trunk.normalise else {
        let number = DigitKey::normalise(bare).ok_or_else(|| bad_number("dnis", text))?;
        return Ok(Dialled {
            number,
            rn: None,
            npdi: false,
        });
    };
    // Rules with a tech prefix of their own take it off themselves.
    let own = words.tech_prefix.as_deref().is_some_and(|p| !p.is_empty());
    let read = normalise::normalise(words, if own { text } else { bare });
    match read.e164.as_deref().and_then(DigitKey::from_digits) {
        Some(number) => Ok(Dialled {
            number,
            rn: read.rn.as_deref().and_then(DigitKey::from_digits),
            npdi: read.npdi,
        }),
        None => {
            let mut bad = bad_number("dnis", text);
            let reason = read.reason.unwrap_or("not_digits");
            bad.detail = format!(
                "\"{}\" is not a number as this trunk writes them: {reason}.",
                query::shown(text)
            );
            Err(bad)
        }
    }
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

/// The caller's number. What is none (withheld, a name, too long) counts as not given: a call does not fail for its CLI.
fn ani(parameters: &Parameters<'_>) -> Option<DigitKey> {
    parameters.get("ani").and_then(DigitKey::normalise)
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

    fn trunk(prefix: Option<&str>) -> Trunk {
        Trunk {
            trunk_id: 1,
            company_id: 1,
            name: String::new(),
            tech_prefix: prefix.map(str::to_owned),
            policy: Default::default(),
            normalise: None,
            rate_card_id: None,
            blocked_codes: Vec::new(),
            opened_codes: Vec::new(),
            never_carriers: Vec::new(),
            grants: Vec::new(),
            max_routes: None,
            enabled: true,
            source_ips: Vec::new(),
        }
    }

    #[test]
    fn a_trunk_with_rules_of_its_own_reads_national_numbers() {
        let mut trunk = trunk(None);
        let words =
            r#"{"international_prefixes":["00"],"national_prefix":"0","country_code":"44"}"#;
        trunk.normalise = serde_json::from_str(words).ok();
        let read = |query: &str| dnis(&query::parse(query).unwrap(), &trunk);
        assert_eq!(
            read("dnis=02079460000").unwrap().number.to_string(),
            "442079460000"
        );
        let ported = read("dnis=tel%3A%2B17185550123%3Bnpdi%3Brn%3D%2B19735550000").unwrap();
        assert_eq!(
            (ported.rn.map(|k| k.to_string()).as_deref(), ported.npdi),
            (Some("19735550000"), true)
        );
        assert!(
            read("dnis=2079460000")
                .unwrap_err()
                .detail
                .contains("ambiguous")
        );
        let jip = query::parse("a_lrn=973555").unwrap();
        assert_eq!(
            a_lrn(&jip).unwrap().map(|k| k.to_string()).as_deref(),
            Some("19735550000")
        );
    }

    fn number(query: &str, prefix: Option<&str>) -> Result<String, &'static str> {
        let parameters = query::parse(query).map_err(|e| e.code)?;
        dnis(&parameters, &trunk(prefix))
            .map(|d| d.number.to_string())
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
    fn a_caller_number_that_is_none_counts_as_not_given() {
        for value in ["anonymous", "Restricted", "", "bob", "12345678901234567"] {
            assert_eq!(
                ani(&query::parse(&format!("ani={value}")).unwrap()),
                None,
                "{value}"
            );
        }
    }

    #[test]
    fn names_for_a_switch_are_plain() {
        let code = |q: &str| {
            dial(&query::parse(q).unwrap())
                .map(|d| (d.by_gateway, d.profile.to_owned(), d.context.to_owned()))
                .map_err(|e| e.code)
        };
        assert_eq!(
            code("dial=gateway&profile=carriers"),
            Ok((true, "carriers".to_owned(), "public".to_owned()))
        );
        assert_eq!(code("dial=x"), Err("bad_dial"));
        assert_eq!(code("profile=a/b"), Err("bad_name"));
        assert_eq!(code("context=a%22b"), Err("bad_name"));
    }
}
