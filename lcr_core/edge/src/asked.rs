//! What the parameters of a question say: numbers, instant, options, how a switch dials.
use std::borrow::Cow;

use lcr_core::access::Trunk;
use lcr_core::answer::{Dial, safe};
use lcr_core::number::{DigitKey, normalise};

use crate::clock::parse_instant;
use crate::query::{self, BadParameter, Parameters};

/// Most routes one answer may hold.
pub const MAX_ROUTES: u32 = 100;

/// What the parameters say, apart from the numbers.
pub struct Options {
    pub at_us: Option<i64>,
    pub max: Option<u32>,
    pub explain: bool,
}

/// How FreeSWITCH is to dial. Profile and context are names, so that they can stand in a dial string as they are.
pub fn dial<'p>(parameters: &'p Parameters<'_>) -> Result<Dial<'p>, BadParameter> {
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

pub fn options(parameters: &Parameters<'_>) -> Result<Options, BadParameter> {
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
pub struct Dialled {
    pub number: DigitKey,
    pub rn: Option<DigitKey>,
    pub npdi: bool,
}

/// The LRN of the caller, or its JIP of six digits, completed to a number.
pub fn a_lrn(parameters: &Parameters<'_>) -> Result<Option<DigitKey>, BadParameter> {
    let text = parameters.get("a_lrn").unwrap_or("");
    if text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(DigitKey::from_digits(&format!("1{text}0000")));
    }
    optional_number(parameters, "a_lrn")
}

/// `npdi` alone, as a tel address has it, stands without a value and so counts as not given: `1` says yes.
pub fn flag(parameters: &Parameters<'_>, name: &'static str) -> Result<bool, BadParameter> {
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
pub fn dnis(parameters: &Parameters<'_>, trunk: &Trunk) -> Result<Dialled, BadParameter> {
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

pub fn optional_number(
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
pub fn ani(parameters: &Parameters<'_>) -> Option<DigitKey> {
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
            lrn_sources: lcr_core::access::LrnSources::default(),
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
            hunt: None,
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
