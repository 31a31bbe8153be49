//! `decide(&Snapshot, &Query)`: the one entry point. Two ways to the same answer: the pre-sorted lists for plain
//! questions inside the epoch, all timeline rows of the number's prefixes for everything else.

mod general;

mod lists;

pub(crate) use general::Found;

use std::borrow::Cow;

use crate::access::Trunk;
use crate::access::policy::{Kind, PolicyWords};
use crate::error::QueryError;
use crate::explain::Explained;
use crate::number::DigitKey;
use crate::policy::order::{self, Hit, Member};
use crate::policy::verdict::Verdict;
use crate::policy::{grant::Offered, max_cost, number_block, profit_guard, quality_floor, score};
use crate::quality::Figures;
use crate::query::{Call, Common, Query};
use crate::rating::Terms;
use crate::snapshot::Snapshot;
use crate::snapshot::eligible::Eligibility;
use crate::time;

/// Routes of an answer when nobody says how many.
const DEFAULT_ROUTES: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ok,
    Blocked(&'static str),
    NoCode,
    AllRefused,
}

impl Status {
    /// `status` and `reason` of the answer.
    pub fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Ok => ("ok", None),
            Self::Blocked(reason) => ("blocked", Some(reason)),
            Self::NoCode => ("no_route", Some("no_code")),
            Self::AllRefused => ("no_route", Some("all_refused")),
        }
    }
}

/// What the call earns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SellRow {
    pub code: Option<DigitKey>,
    pub terms: Terms,
    pub currency: String,
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
    /// `time::NEVER` = no change ahead.
    pub valid_until: i64,
    pub sell: Option<SellRow>,
    pub max_seconds: u32,
    pub routes: Vec<Route>,
    pub explain: Option<Vec<Explained>>,
}

pub fn decide(snapshot: &Snapshot, query: &Query) -> Result<Decision, QueryError> {
    Prepared::new(snapshot, &query.common)?.decide(&query.call)
}

/// What holds for all calls of one question: trunk, policy, who may be used.
pub struct Prepared<'a> {
    snapshot: &'a Snapshot,
    common: &'a Common,
    trunk: Option<&'a Trunk>,
    policy: Cow<'a, PolicyWords>,
    eligibility: Cow<'a, Eligibility>,
    seconds: u32,
    most: usize,
}

/// One call in the light of a `Prepared`.
struct Asked<'a> {
    prepared: &'a Prepared<'a>,
    call: &'a Call,
    sell: Option<u128>,
}

impl<'a> Prepared<'a> {
    pub fn new(snapshot: &'a Snapshot, common: &'a Common) -> Result<Self, QueryError> {
        let trunk = match common.trunk {
            None => None,
            Some(id) => Some(
                snapshot
                    .access
                    .trunk(id)
                    .ok_or(QueryError::UnknownTrunk(id))?,
            ),
        };
        if let Some(trunk) = trunk.filter(|t| !t.enabled) {
            return Err(QueryError::TrunkDisabled(trunk.trunk_id));
        }
        let policy = match (&common.policy, trunk) {
            (Some(policy), _) => Cow::Borrowed(policy),
            (None, Some(trunk)) => Cow::Borrowed(&trunk.policy),
            (None, None) => Cow::Owned(PolicyWords::default()),
        };
        let place = trunk
            .and_then(|t| snapshot.access.trunk_place(t.trunk_id))
            .map_or(snapshot.access.trunks.len(), |p| p as usize);
        let standing = snapshot
            .eligibility
            .get(place)
            .filter(|_| common.policy.is_none() && common.offers.is_none());
        let eligibility = match standing {
            Some(standing) => Cow::Borrowed(standing),
            None => Cow::Owned(Eligibility::compile(
                snapshot,
                trunk,
                &policy,
                common.offers.as_ref(),
            )),
        };
        let seconds = common
            .reference_seconds
            .or(policy.reference_seconds)
            .unwrap_or(snapshot.access.reference_seconds);
        let limit = trunk.and_then(|t| t.max_routes).map(|m| m as usize);
        let most = common
            .max
            .map(|m| m as usize)
            .or(limit)
            .unwrap_or(DEFAULT_ROUTES)
            .min(limit.unwrap_or(usize::MAX));
        Ok(Self {
            snapshot,
            common,
            trunk,
            policy,
            eligibility,
            seconds,
            most,
        })
    }

    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    pub fn decide(&self, call: &Call) -> Result<Decision, QueryError> {
        self.decide_by(call, true)
    }

    /// Over all timeline rows, also where the lists would do; for tests that hold both ways equal.
    pub fn decide_by_rows(&self, call: &Call) -> Result<Decision, QueryError> {
        self.decide_by(call, false)
    }

    fn decide_by(&self, call: &Call, lists_allowed: bool) -> Result<Decision, QueryError> {
        let mut decision = Decision {
            status: Status::Ok,
            number: call.number,
            ani: call.ani.clone(),
            lrn: call.lrn,
            call_id: call.call_id.clone(),
            decision_id: call.decision_id.clone(),
            trunk: self.common.trunk,
            at_us: call.at_us,
            reference_seconds: self.seconds,
            valid_until: time::NEVER,
            sell: None,
            max_seconds: self
                .policy
                .max_seconds
                .unwrap_or(self.snapshot.access.max_seconds),
            routes: Vec::new(),
            explain: None,
        };
        if let Some(reason) =
            number_block::refused(&self.snapshot.access.closed_codes, self.trunk, call.number)
        {
            decision.status = Status::Blocked(reason);
            decision.explain = call.explain.map(|_| Vec::new());
            return Ok(decision);
        }
        decision.valid_until = self.eligibility.next_change(call.at_us);
        decision.sell = self.sell(call, &mut decision.valid_until);
        let asked = Asked {
            prepared: self,
            call,
            sell: decision.sell.as_ref().and_then(|s| s.comparable),
        };
        let by_lists = lists_allowed
            && call.explain.is_none()
            && call.lrn.is_none()
            && self.snapshot.lists_hold
            && self.seconds == self.snapshot.index.meta.reference_seconds
            && self.snapshot.index.meta.in_epoch(call.at_us);
        if !(by_lists && lists::answer(&asked, &mut decision)?) {
            general::answer(&asked, &mut decision)?;
        }
        Ok(decision)
    }

    fn sell(&self, call: &Call, valid_until: &mut i64) -> Option<SellRow> {
        if let Some(given) = &self.common.sell {
            let fx = self.snapshot.access.fx.get(&given.currency);
            let comparable = fx.map(|&fx| given.terms.comparable(self.seconds, fx));
            return Some(SellRow {
                code: given.code,
                terms: given.terms,
                currency: given.currency.clone(),
                comparable,
            });
        }
        let card = self
            .trunk?
            .rate_card_id
            .and_then(|id| self.snapshot.cards.get(&id))?;
        let answer = card.answer(call.number, call.at_us);
        *valid_until = (*valid_until).min(answer.next_change);
        let (code, terms, currency, fx) = answer.row?;
        let comparable = fx.map(|fx| terms.comparable(self.seconds, fx));
        Some(SellRow {
            code: Some(code),
            terms,
            currency: card.index.currency(currency).to_owned(),
            comparable,
        })
    }

    fn offered(&self) -> Option<&Offered> {
        self.common.offers.as_ref()
    }
}

impl Asked<'_> {
    fn needs_figures(&self) -> bool {
        self.prepared.policy.kind == Kind::Score || self.prepared.policy.has_floor()
    }

    fn figures(&self, offer: u32) -> Figures {
        self.prepared.snapshot.access.quality.figures(
            offer,
            self.call.number,
            &self.prepared.policy,
        )
    }

    /// Rules 10–12 (the guard's own limit), for an offer of this cost.
    fn refusal(&self, comparable: u128, figures: &Figures) -> Option<Verdict> {
        let policy = &self.prepared.policy;
        let seconds = self.prepared.seconds;
        if quality_floor::missed(policy, figures).is_some() {
            Some(Verdict::QualityFloor)
        } else if max_cost::refuses(policy, comparable, seconds) {
            Some(Verdict::MaxCost)
        } else if profit_guard::refuses(policy, self.sell, comparable, seconds) {
            Some(Verdict::ProfitGuard)
        } else {
            None
        }
    }

    fn member(&self, offer: u32, comparable: u128, hit: Hit) -> Member {
        let priority = self
            .prepared
            .snapshot
            .access
            .offers
            .get(offer as usize)
            .map_or(0, |o| o.priority);
        Member {
            offer,
            priority,
            comparable,
            score: None,
            hit,
        }
    }

    /// Scores where the policy wants them, order, then what becomes of each.
    fn rank(&self, members: &mut [Member]) -> Vec<Verdict> {
        let policy = &self.prepared.policy;
        if policy.kind == Kind::Score {
            let cheapest = members.iter().map(|m| m.comparable).min().unwrap_or(0);
            for member in members.iter_mut() {
                member.score = Some(score::score(
                    policy,
                    member.comparable,
                    cheapest,
                    &self.figures(member.offer),
                ));
            }
        }
        order::sort(policy, self.prepared.seconds, members);
        let mut kept = 0usize;
        let verdict = |member: &Member| {
            if profit_guard::refuses_in_order(policy, self.sell, member.comparable, kept) {
                return Verdict::ProfitGuard;
            }
            kept += 1;
            if kept <= self.prepared.most {
                Verdict::Selected
            } else {
                Verdict::Outranked
            }
        };
        members.iter().map(verdict).collect()
    }
}
