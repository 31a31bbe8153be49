//! What holds for one call: costs, figures, limits, order.

use std::borrow::Cow;

use super::{Asked, Many};
use crate::access::policy::{Guard, Kind};
use crate::policy::order::{self, Hit, Member};
use crate::policy::verdict::Verdict;
use crate::policy::{max_cost, profit_guard, quality_floor, score, share};
use crate::quality::Figures;
use crate::state::{Demotion, Level};

impl Asked<'_> {
    /// Does any rule look at a candidate beyond its column? If not, the walk need not know its cost.
    pub(super) fn judges_candidates(&self) -> bool {
        let policy = &self.prepared.policy;
        self.needs_figures() || policy.max_cost_nanos.is_some() || policy.guard != Guard::Off
    }

    pub(super) fn needs_figures(&self) -> bool {
        self.prepared.policy.kind == Kind::Score || self.prepared.policy.has_floor()
    }

    pub(super) fn figures(&self, offer: u32) -> Figures {
        let fresh = self.prepared.view.map(|v| &v.quality);
        self.prepared.snapshot.access.quality.figures(
            fresh,
            offer,
            self.call.number,
            &self.prepared.policy,
        )
    }

    /// The origin choice of an offer with groups whose caller decides it.
    pub(super) fn choice(&self, offer: u32) -> Option<u16> {
        let layers = &self.prepared.snapshot.layers;
        let found = layers.of_offer(offer).filter(|o| o.has_groups())?;
        found.origin(self.facts.caller).map(|o| o.choice as u16)
    }

    /// Rules 19–21 (the guard's own limit), for an offer of this cost.
    pub(super) fn refusal(&self, comparable: u128, figures: &Figures) -> Option<Verdict> {
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
    pub(super) fn member(&self, offer: u32, comparable: u128, hit: Hit, demoted: bool) -> Member {
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
    pub(super) fn demotion(&self, offer: u32) -> Option<Demotion> {
        self.prepared.view?.demotion(offer, self.call.number)
    }

    pub(super) fn is_trial(&self, offer: u32, demotion: Option<Demotion>) -> bool {
        let id = self.prepared.snapshot.access.offers.get(offer as usize);
        demotion
            .filter(|d| d.level == Level::Critical && d.trial_ppm > 0)
            .zip(id)
            .is_some_and(|(d, o)| share::is_trial(o.offer_id, d.trial_ppm, &self.seed()))
    }

    /// The same call draws the same.
    pub(super) fn seed(&self) -> Cow<'_, str> {
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
    pub(super) fn rank(&self, members: &mut [Member]) -> Many<Verdict> {
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
