//! The answer as the core knows it; names and terms stay in the snapshot until it is printed.

use smallvec::SmallVec;

use crate::explain::Explained;
use crate::layers::pick::Facts;
use crate::number::DigitKey;
use crate::rating::Terms;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ok,
    Blocked(&'static str),
    /// The customer has no credit left: `company` or `trunk`.
    NoCredit(&'static str),
    NoCode,
    AllRefused,
}

impl Status {
    /// `status` and `reason` of the answer.
    pub fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Ok => ("ok", None),
            Self::Blocked(reason) => ("blocked", Some(reason)),
            Self::NoCredit(reason) => ("no_credit", Some(reason)),
            Self::NoCode => ("no_route", Some("no_code")),
            Self::AllRefused => ("no_route", Some("all_refused")),
        }
    }
}

/// Letters of a currency, held in place: every answer with a sell side has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Currency(SmallVec<[u8; 8]>);

impl From<&str> for Currency {
    fn from(text: &str) -> Self {
        Self(SmallVec::from_slice(text.as_bytes()))
    }
}

impl std::ops::Deref for Currency {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }
}

/// What the call earns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SellRow {
    pub code: Option<DigitKey>,
    pub terms: Terms,
    pub currency: Currency,
    /// `None` = no exchange rate for its currency; the guard then counts it as no sell row.
    pub comparable: Option<u128>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Place of the offer in access.
    pub offer: u32,
    pub code: u32,
    pub row: u32,
    pub comparable: u128,
    pub score: Option<u64>,
    /// Judged critical for this number; `trial` = drawn to be tried all the same.
    pub demoted: bool,
    pub trial: bool,
    /// Origin choice, for an offer with groups.
    pub choice: Option<u16>,
}

/// The answer; names and terms stay in the snapshot until it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub status: Status,
    pub number: DigitKey,
    pub ani: Option<String>,
    pub lrn: Option<DigitKey>,
    pub call_id: Option<String>,
    pub decision_id: Option<String>,
    pub trunk: Option<i64>,
    pub at_us: i64,
    pub reference_seconds: u32,
    /// What a comparable is divided by: the reference seconds, or `Σ wᵢ·dᵢ` of the mix.
    pub basis: u32,
    /// Code of the duration mix that was used.
    pub mix: Option<DigitKey>,
    /// Generation of the state.
    pub state: Option<u64>,
    /// `time::NEVER` = no change ahead.
    pub valid_until: i64,
    pub sell: Option<SellRow>,
    pub max_seconds: u32,
    pub routes: Vec<Route>,
    pub explain: Option<Vec<Explained>>,
    /// What was known of both sides.
    pub facts: Facts,
}

impl Decision {
    /// The number was looked up (by the query, the file or a dip); within it the routing number, if it is ported.
    #[must_use]
    pub fn looked_up(&self) -> Option<Option<DigitKey>> {
        use crate::layers::lrn::LrnBy;
        self.facts
            .lrn_by
            .filter(|by| *by != LrnBy::Unavailable)
            .map(|_| self.lrn)
    }
}

impl Decision {
    /// Nanos of the base currency per minute, half-up, of a comparable of this decision.
    pub fn effective_nanos(&self, comparable: u128) -> u128 {
        crate::rating::effective_nanos(comparable, self.basis)
    }
}
