//! `decide(&Snapshot, Option<&View>, &Query)`: the one entry point. Two ways to the same answer: the pre-sorted lists for
//! plain questions inside the epoch, all timeline rows of the number's prefixes for everything else.

mod general;
mod group;
mod lists;
pub mod masks;

pub use masks::Masks;

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::access::policy::{Guard, Kind, PolicyWords};
use crate::access::{Mix, Trunk};
use crate::error::QueryError;
use crate::explain::Explained;
use crate::index::lookup::{Found, Lookup};
use crate::layers::lrn::{Dip, Known, LrnBy};
use crate::layers::pick::{Facts, Picks};
use crate::number::DigitKey;
use crate::policy::order::{self, Hit, Member};
use crate::policy::verdict::Verdict;
use crate::policy::{
    grant::Offered, max_cost, number_block, profit_guard, quality_floor, score, share,
};
use crate::quality::Figures;
use crate::query::{Call, Common, Query};
use crate::rating::Terms;
use crate::snapshot::Snapshot;
use crate::snapshot::eligible::Eligibility;
use crate::state::{Demotion, Level, View};
use crate::time;

/// Routes of an answer when nobody says how many.
const DEFAULT_ROUTES: usize = 5;
/// So many routes are worked out without asking for memory.
const USUAL: usize = 8;

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
    /// Nanos of the base currency per minute, half-up, of a comparable of this decision.
    pub fn effective_nanos(&self, comparable: u128) -> u128 {
        crate::rating::effective_nanos(comparable, self.basis)
    }
}

/// `view` must be compiled against this snapshot (`View::is_of`); `None` = no state.
pub fn decide(
    snapshot: &Snapshot,
    view: Option<&View>,
    query: &Query,
) -> Result<Decision, QueryError> {
    Prepared::new(snapshot, view, &query.common)?.decide(&query.call)
}

/// What holds for all calls of one question: trunk, policy, who may be used.
pub struct Prepared<'a> {
    snapshot: &'a Snapshot,
    view: Option<&'a View>,
    common: &'a Common,
    trunk: Option<&'a Trunk>,
    policy: Cow<'a, PolicyWords>,
    eligibility: Cow<'a, Eligibility>,
    seconds: u32,
    most: usize,
    /// Places of the policy's `first_offers`, in its order.
    first: Vec<u32>,
    /// Why this customer gets no routes at all.
    no_credit: Option<&'static str>,
    lookup: Lookup<'a>,
    /// The caller may use so little that the codes' own entries are the shorter way.
    direct: bool,
}

/// One call in the light of a `Prepared`.
struct Asked<'a> {
    prepared: &'a Prepared<'a>,
    call: &'a Call,
    sell: Option<u128>,
    mix: Option<&'a Mix>,
    /// What a comparable is divided by.
    basis: u32,
    facts: Facts,
    picks: Picks<'a>,
}

impl<'a> Prepared<'a> {
    pub fn new(
        snapshot: &'a Snapshot,
        view: Option<&'a View>,
        common: &'a Common,
    ) -> Result<Self, QueryError> {
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
        let places = policy.first_offers.iter().flatten();
        let first = places
            .filter_map(|&id| snapshot.access.offer_place(id))
            .collect();
        let no_credit = view
            .zip(trunk)
            .and_then(|(view, trunk)| view.no_credit(trunk.company_id, trunk.trunk_id));
        let lookup = snapshot.index.lookup();
        let direct = lookup.prefers_direct(eligibility.count(), most);
        Ok(Self {
            snapshot,
            view,
            first,
            no_credit,
            common,
            trunk,
            policy,
            eligibility,
            seconds,
            most,
            lookup,
            direct,
        })
    }

    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// Columns the caller may use at an instant, the state and the number's own limits apart.
    pub fn granted(&self, at_us: i64) -> &[u64] {
        self.eligibility.at(at_us)
    }

    pub fn decide(&self, call: &Call) -> Result<Decision, QueryError> {
        self.decide_by(call, None, true)
    }

    /// Over all timeline rows, also where the lists would do; for tests that hold both ways equal.
    pub fn decide_by_rows(&self, call: &Call) -> Result<Decision, QueryError> {
        self.decide_by(call, None, false)
    }

    /// The same into a decision that was read: the room of its texts and routes is used again.
    pub fn decide_again(&self, call: &Call, decision: &mut Decision) -> Result<(), QueryError> {
        self.fill(call, self.facts(call), None, true, decision)
    }

    /// `found`: the place of the number in the index, where it is known already.
    fn decide_by(
        &self,
        call: &Call,
        found: Option<Found>,
        lists_allowed: bool,
    ) -> Result<Decision, QueryError> {
        let facts = self.facts(call);
        let mut decision = Decision {
            facts,
            status: Status::Ok,
            number: call.number,
            ani: None,
            lrn: None,
            call_id: None,
            decision_id: None,
            trunk: None,
            at_us: call.at_us,
            reference_seconds: self.seconds,
            basis: self.seconds,
            mix: None,
            state: None,
            valid_until: time::NEVER,
            sell: None,
            max_seconds: 0,
            routes: Vec::new(),
            explain: None,
        };
        self.fill(call, facts, found, lists_allowed, &mut decision)?;
        Ok(decision)
    }

    /// Every field anew, whatever the decision held.
    fn fill(
        &self,
        call: &Call,
        facts: Facts,
        found: Option<Found>,
        lists_allowed: bool,
        decision: &mut Decision,
    ) -> Result<(), QueryError> {
        let access = &self.snapshot.access;
        let mix = (self.policy.use_mix && self.common.reference_seconds.is_none())
            .then(|| access.durations.of(call.number))
            .flatten();
        let basis = mix.map_or(self.seconds, |m| m.basis);
        decision.facts = facts;
        decision.status = Status::Ok;
        decision.number = call.number;
        decision.ani.clone_from(&call.ani);
        decision.lrn = facts.lrn;
        decision.call_id.clone_from(&call.call_id);
        decision.decision_id.clone_from(&call.decision_id);
        decision.trunk = self.common.trunk;
        decision.at_us = call.at_us;
        decision.reference_seconds = self.seconds;
        decision.basis = basis;
        decision.mix = mix.map(|m| m.code);
        decision.state = self.view.map(|v| v.generation);
        decision.valid_until = time::NEVER;
        decision.sell = None;
        decision.max_seconds = self.policy.max_seconds.unwrap_or(access.max_seconds);
        decision.routes.clear();
        decision.explain = None;
        let refused = number_block::refused(&access.closed_codes, self.trunk, call.number)
            .map(Status::Blocked)
            .or_else(|| self.no_credit.map(Status::NoCredit));
        if let Some(status) = refused {
            decision.status = status;
            decision.explain = call.explain.map(|_| Vec::new());
            return Ok(());
        }
        let timetable = &self.snapshot.timetable;
        decision.valid_until = self
            .eligibility
            .next_change(call.at_us)
            .min(timetable.next_change(access, call.at_us));
        decision.sell = self.sell(call, mix, &facts, &mut decision.valid_until);
        let asked = Asked {
            prepared: self,
            call,
            sell: decision.sell.as_ref().and_then(|s| s.comparable),
            mix,
            basis,
            facts,
            picks: self.snapshot.layers.picks(&facts),
        };
        let by_lists = lists_allowed
            && call.explain.is_none()
            && !asked.picks.needs_rows
            && mix.is_none()
            && self.lists_tell(call.at_us);
        let find = || found.unwrap_or_else(|| self.lookup.find(call.number));
        if !(by_lists && lists::answer(&asked, find(), decision)?) {
            general::answer(&asked, decision)?;
        }
        Ok(())
    }

    /// What of the call decides its layers.
    fn facts(&self, call: &Call) -> Facts {
        Facts::new(
            call.ani.as_deref(),
            call.a_lrn,
            call.number,
            self.lrn(call),
            self.snapshot.blocks.as_deref(),
        )
    }

    /// The LRN by the sources of the trunk: the question's, else the snapshot's file, else what a dip gave.
    fn lrn(&self, call: &Call) -> Known {
        let snapshot = self.snapshot;
        let sources = self.trunk.map(|t| t.lrn_sources).unwrap_or_default();
        let said = |lrn, by| Known { lrn, by: Some(by) };
        if sources.query && (call.lrn.is_some() || call.npdi) {
            return said(call.lrn, LrnBy::Query);
        }
        if !snapshot.layers.any_lrn() {
            return Known::NOTHING;
        }
        let of_file = || snapshot.lrn.as_ref()?.get(call.number);
        if let Some(lrn) = sources.file.then(of_file).flatten() {
            return said(Some(lrn), LrnBy::File);
        }
        match call.dip.filter(|_| sources.dip) {
            None => Known::NOTHING,
            Some(Dip::Told(lrn)) => said(lrn, LrnBy::Dip),
            Some(Dip::Unavailable) => said(None, LrnBy::Unavailable),
        }
    }

    fn sell(
        &self,
        call: &Call,
        mix: Option<&Mix>,
        facts: &Facts,
        valid_until: &mut i64,
    ) -> Option<SellRow> {
        let comparable = |terms: &Terms, fx: u64| self.comparable(mix, terms, fx);
        if let Some(given) = &self.common.sell {
            let fx = self.snapshot.access.fx.get(&given.currency);
            return Some(SellRow {
                code: given.code,
                terms: given.terms,
                currency: given.currency.clone(),
                comparable: fx.map(|&fx| comparable(&given.terms, fx)),
            });
        }
        let card = self
            .trunk?
            .rate_card_id
            .and_then(|id| self.snapshot.cards.get(&id))?;
        let answer = card.answer(call.number, call.at_us, facts, comparable);
        *valid_until = (*valid_until).min(answer.next_change);
        let (code, terms, currency, fx) = answer.row?;
        Some(SellRow {
            code: Some(code),
            terms,
            currency: card.index.currency(currency).to_owned(),
            comparable: fx.map(|fx| comparable(&terms, fx)),
        })
    }

    /// At the reference seconds, or by the mix of the destination.
    fn comparable(&self, mix: Option<&Mix>, terms: &Terms, fx: u64) -> u128 {
        match mix {
            Some(mix) => mix.comparable(terms, fx),
            None => terms.comparable(self.seconds, fx),
        }
    }

    fn offered(&self) -> Option<&Offered> {
        self.common.offers.as_ref()
    }
}

impl Asked<'_> {
    /// Does any rule look at a candidate beyond its column? If not, the walk need not know its cost.
    fn judges_candidates(&self) -> bool {
        let policy = &self.prepared.policy;
        self.needs_figures() || policy.max_cost_nanos.is_some() || policy.guard != Guard::Off
    }

    fn needs_figures(&self) -> bool {
        self.prepared.policy.kind == Kind::Score || self.prepared.policy.has_floor()
    }

    fn figures(&self, offer: u32) -> Figures {
        let fresh = self.prepared.view.map(|v| &v.quality);
        self.prepared.snapshot.access.quality.figures(
            fresh,
            offer,
            self.call.number,
            &self.prepared.policy,
        )
    }

    /// The origin choice of an offer with groups whose caller decides it.
    fn choice(&self, offer: u32) -> Option<u16> {
        let layers = &self.prepared.snapshot.layers;
        let found = layers.of_offer(offer).filter(|o| o.has_groups())?;
        found.origin(self.facts.caller).map(|o| o.choice as u16)
    }

    /// Rules 19–21 (the guard's own limit), for an offer of this cost.
    fn refusal(&self, comparable: u128, figures: &Figures) -> Option<Verdict> {
        let policy = &self.prepared.policy;
        if quality_floor::missed(policy, figures).is_some() {
            Some(Verdict::QualityFloor)
        } else if max_cost::refuses(policy, comparable, self.basis) {
            Some(Verdict::MaxCost)
        } else if profit_guard::refuses(policy, self.sell, comparable, self.basis) {
            Some(Verdict::ProfitGuard)
        } else {
            None
        }
    }

    /// `demoted`: as the masks say of its column.
    fn member(&self, offer: u32, comparable: u128, hit: Hit, demoted: bool) -> Member {
        let words = self.prepared.snapshot.access.offers.get(offer as usize);
        Member {
            offer,
            priority: words.map_or(0, |o| o.priority),
            weight: words.map_or(0, |o| o.weight),
            comparable,
            score: None,
            demoted,
            trial: demoted && self.is_trial(offer, self.demotion(offer)),
            hit,
        }
    }

    /// What the state says about the offer's quality to this number.
    fn demotion(&self, offer: u32) -> Option<Demotion> {
        self.prepared.view?.demotion(offer, self.call.number)
    }

    fn is_trial(&self, offer: u32, demotion: Option<Demotion>) -> bool {
        let id = self.prepared.snapshot.access.offers.get(offer as usize);
        demotion
            .filter(|d| d.level == Level::Critical && d.trial_ppm > 0)
            .zip(id)
            .is_some_and(|(d, o)| share::is_trial(o.offer_id, d.trial_ppm, &self.seed()))
    }

    /// The same call draws the same.
    fn seed(&self) -> Cow<'_, str> {
        match &self.call.call_id {
            Some(id) => Cow::Borrowed(id),
            None => Cow::Owned(format!(
                "{}|{}|{}",
                self.call.number,
                self.call.ani.as_deref().unwrap_or(""),
                self.call.at_us
            )),
        }
    }

    /// Scores where the policy wants them, order, then what becomes of each.
    fn rank(&self, members: &mut [Member]) -> SmallVec<[Verdict; USUAL]> {
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
        let seed = (policy.kind == Kind::Percentage).then(|| self.seed());
        // Whoever reads only the routes needs no draws behind them.
        let draws = if self.call.explain.is_some() || policy.guard == Guard::LossAllowed {
            usize::MAX
        } else {
            self.prepared.most + self.prepared.first.len()
        };
        let by = order::By {
            policy,
            seconds: self.basis,
            first: &self.prepared.first,
            seed: seed.as_deref().unwrap_or(""),
            draws,
        };
        order::sort(&by, members);
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
