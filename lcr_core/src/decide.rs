//! `decide(&Snapshot, Option<&View>, &Query)`: the one entry point. Two ways to the same answer: the pre-sorted lists for
//! plain questions inside the epoch, all timeline rows of the number's prefixes for everything else.

mod asked;
mod decision;
mod general;
mod group;
mod lists;
pub mod masks;

pub use decision::{Currency, Decision, Route, SellRow, Status};
pub use masks::Masks;

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::access::policy::PolicyWords;
use crate::access::{Mix, Trunk};
use crate::error::QueryError;
use crate::index::lookup::{Found, Lookup};
use crate::layers::lrn::{Dip, Known, LrnBy};
use crate::layers::pick::{Facts, Picks};
use crate::policy::{grant::Offered, number_block};
use crate::query::{Call, Common, Query};
use crate::rating::Terms;
use crate::snapshot::Snapshot;
use crate::snapshot::eligible::Eligibility;
use crate::state::View;
use crate::time;

/// Routes of an answer when nobody says how many.
const DEFAULT_ROUTES: usize = 5;
/// So many candidates are worked out without asking for memory.
type Many<T> = SmallVec<[T; 64]>;

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
    first: SmallVec<[u32; 8]>,
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
        if !snapshot.any_lrn {
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
                currency: given.currency.as_str().into(),
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
            currency: card.index.currency(currency).into(),
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
