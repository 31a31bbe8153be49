//! A question: who asks, which number, when. Parsed from JSON once, checked against the snapshot once.

use serde::Deserialize;

use crate::access::policy::PolicyWords;
use crate::error::QueryError;
pub use crate::layers::lrn::Dip;
use crate::number::DigitKey;
use crate::policy::grant::Offered;
use crate::rating::{MAX_SECONDS, Terms};
use crate::snapshot::Snapshot;

/// Whose offers `explain` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Those granted, or listed publicly.
    #[default]
    Caller,
    All,
}

/// What many calls have in common.
#[derive(Debug, Clone, Default)]
pub struct Common {
    /// `None` = the operator: everything granted, policy `cost`.
    pub trunk: Option<i64>,
    pub max: Option<u32>,
    pub reference_seconds: Option<u32>,
    pub policy: Option<PolicyWords>,
    pub offers: Option<Offered>,
    pub sell: Option<Sell>,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    pub number: DigitKey,
    pub at_us: i64,
    pub ani: Option<String>,
    pub lrn: Option<DigitKey>,
    /// LRN of the caller, or its JIP.
    pub a_lrn: Option<DigitKey>,
    /// Somebody asked for the LRN already; without one the number is not ported.
    pub npdi: bool,
    /// What asking elsewhere gave, where that was done.
    pub dip: Option<Dip>,
    pub call_id: Option<String>,
    pub decision_id: Option<String>,
    pub explain: Option<Scope>,
}

impl Call {
    pub fn new(number: DigitKey, at_us: i64) -> Self {
        Self {
            number,
            at_us,
            ani: None,
            lrn: None,
            a_lrn: None,
            npdi: false,
            dip: None,
            call_id: None,
            decision_id: None,
            explain: None,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Query {
    pub common: Common,
    pub call: Call,
}

/// A sell price given with the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sell {
    pub code: Option<DigitKey>,
    pub currency: String,
    pub terms: Terms,
}

/// Terms as JSON names them; also the input of `rate_call`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermsWords {
    pub rate_nanos: i64,
    #[serde(default)]
    pub first_rate_nanos: Option<i64>,
    #[serde(default)]
    pub connect_fee_nanos: i64,
    #[serde(default = "one")]
    pub initial_increment: u32,
    #[serde(default = "one")]
    pub next_increment: u32,
    #[serde(default)]
    pub free_seconds: u32,
    #[serde(default)]
    pub currency: Option<String>,
    #[serde(default)]
    pub code: Option<String>,
}

fn one() -> u32 {
    1
}

impl TermsWords {
    pub fn terms(&self) -> Result<Terms, QueryError> {
        let terms = Terms {
            rate_nanos: self.rate_nanos,
            first_rate_nanos: self.first_rate_nanos,
            connect_fee_nanos: self.connect_fee_nanos,
            initial_increment: self.initial_increment,
            next_increment: self.next_increment,
            free_seconds: self.free_seconds,
        };
        terms
            .check()
            .map_err(|word| QueryError::Malformed(format!("{word} is out of range")))?;
        Ok(terms)
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OffersWords {
    Word(String),
    Ids(Vec<i64>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QueryWords {
    #[serde(default)]
    trunk: Option<i64>,
    #[serde(default)]
    dnis: Option<String>,
    #[serde(default)]
    ani: Option<String>,
    #[serde(default)]
    lrn: Option<String>,
    #[serde(default)]
    a_lrn: Option<String>,
    #[serde(default)]
    npdi: bool,
    #[serde(default)]
    call_id: Option<String>,
    #[serde(default)]
    at_us: Option<i64>,
    #[serde(default)]
    max: Option<u32>,
    #[serde(default)]
    explain: bool,
    #[serde(default)]
    explain_scope: Option<Scope>,
    #[serde(default)]
    decision_id: Option<String>,
    #[serde(default)]
    reference_seconds: Option<u32>,
    #[serde(default)]
    policy: Option<PolicyWords>,
    #[serde(default)]
    offers: Option<OffersWords>,
    #[serde(default)]
    sell: Option<TermsWords>,
}

const MAX_TEXT: usize = 256;

/// A number after normalisation, or the error that names the field.
pub fn number(field: &'static str, text: &str) -> Result<DigitKey, QueryError> {
    DigitKey::normalise(text).ok_or_else(|| QueryError::Number {
        field,
        value: text.chars().take(80).collect(),
    })
}

impl Query {
    pub fn parse(snapshot: &Snapshot, json: &str) -> Result<Self, QueryError> {
        let words: QueryWords =
            serde_json::from_str(json).map_err(|e| QueryError::Malformed(e.to_string()))?;
        let dnis = words
            .dnis
            .as_deref()
            .ok_or_else(|| QueryError::Malformed("dnis is missing".to_owned()))?;
        let call = Call {
            number: number("dnis", dnis)?,
            at_us: words
                .at_us
                .ok_or_else(|| QueryError::Malformed("at_us is missing".to_owned()))?,
            ani: words.ani.clone(),
            lrn: words.lrn.as_deref().map(|l| number("lrn", l)).transpose()?,
            a_lrn: words
                .a_lrn
                .as_deref()
                .map(|l| number("a_lrn", l))
                .transpose()?,
            npdi: words.npdi,
            dip: None,
            call_id: words.call_id.clone(),
            decision_id: words.decision_id.clone(),
            explain: words
                .explain
                .then(|| words.explain_scope.unwrap_or_default()),
        };
        Ok(Self {
            common: common(snapshot, words)?,
            call,
        })
    }

    /// What `decide_many` is told once; the instant is for calls without one.
    pub fn parse_common(
        snapshot: &Snapshot,
        json: &str,
    ) -> Result<(Common, Option<i64>), QueryError> {
        let words: QueryWords =
            serde_json::from_str(json).map_err(|e| QueryError::Malformed(e.to_string()))?;
        if words.dnis.is_some() || words.lrn.is_some() || words.call_id.is_some() || words.explain {
            return Err(QueryError::Malformed(
                "dnis, lrn, call_id and explain belong to one call, not to many".to_owned(),
            ));
        }
        let at_us = words.at_us;
        Ok((common(snapshot, words)?, at_us))
    }
}

fn common(snapshot: &Snapshot, words: QueryWords) -> Result<Common, QueryError> {
    let bad = |why: &str| Err(QueryError::Malformed(why.to_owned()));
    if [&words.ani, &words.call_id, &words.decision_id]
        .iter()
        .any(|t| t.as_ref().is_some_and(|t| t.len() > MAX_TEXT))
    {
        return bad("ani, call_id and decision_id hold at most 256 bytes");
    }
    let offers = match words.offers {
        None => None,
        Some(OffersWords::Word(word)) if word == "all" => Some(Offered::All),
        Some(OffersWords::Word(_)) => return bad("offers is \"all\" or a list of ids"),
        Some(OffersWords::Ids(ids)) => {
            let place = |id: i64| {
                snapshot
                    .access
                    .offer_place(id)
                    .ok_or(QueryError::UnknownOffer(id))
            };
            let mut places = ids.into_iter().map(place).collect::<Result<Vec<_>, _>>()?;
            places.sort_unstable();
            Some(Offered::Only(places))
        }
    };
    let sell = match words.sell {
        None => None,
        Some(sell) => {
            let Some(currency) = sell.currency.clone() else {
                return bad("sell: currency is missing");
            };
            let code = sell.code.as_deref().map(|c| {
                DigitKey::from_digits(c).ok_or_else(|| QueryError::Number {
                    field: "sell.code",
                    value: c.to_owned(),
                })
            });
            Some(Sell {
                code: code.transpose()?,
                currency,
                terms: sell.terms()?,
            })
        }
    };
    if let Some(policy) = &words.policy {
        policy.check().map_err(QueryError::Malformed)?;
        let unknown = |id: &i64| snapshot.access.offer_place(*id).is_none();
        if let Some(id) = policy.named_offers().find(unknown) {
            return Err(QueryError::UnknownOffer(id));
        }
    }
    if words
        .reference_seconds
        .is_some_and(|d| !(1..=MAX_SECONDS).contains(&d))
    {
        return bad("reference_seconds is not 1 to 86400");
    }
    if words.max.is_some_and(|max| !(1..=1000).contains(&max)) {
        return bad("max is not 1 to 1000");
    }
    Ok(Common {
        trunk: words.trunk,
        max: words.max,
        reference_seconds: words.reference_seconds,
        policy: words.policy,
        offers,
        sell,
    })
}
