//! What a call costs the buyer: the terms the served snapshot has for this product and number.
use lcr_core::decide::Prepared;
use lcr_core::number::DigitKey;
use lcr_core::query::{Call, Common};
use lcr_core::rating::{Rounding, Terms, rate_call, talk_time};
use serde_json::{Value, json};

use crate::engine::Serving;

/// Nanos of one unit.
const UNIT: u128 = 1_000_000_000;

#[derive(Debug, Clone)]
pub struct Price {
    pub currency: String,
    pub terms: Terms,
    /// Nanos of the base currency for one unit of `currency`.
    fx_nanos: u64,
}

impl Price {
    /// None where the snapshot has no rate that this trunk (none: the operator) may use.
    pub fn of(
        serving: &Serving,
        trunk_id: Option<i64>,
        offer_id: i64,
        number: DigitKey,
        now_us: i64,
    ) -> Option<Self> {
        let snapshot = serving.snapshot();
        let place = snapshot.access.offer_place(offer_id)?;
        let common = Common {
            trunk: trunk_id,
            max: Some(1000),
            ..Common::default()
        };
        let prepared = Prepared::new(snapshot, serving.view.as_ref(), &common).ok()?;
        let decision = prepared.decide(&Call::new(number, now_us)).ok()?;
        let route = decision.routes.iter().find(|r| r.offer == place)?;
        let row = snapshot.index.row(route.row)?;
        let term = snapshot.index.term(&row)?;
        let currency = snapshot.index.currency(term.scheme.currency).to_owned();
        let fx_nanos = snapshot.access.fx.get(&currency).copied()?;
        Some(Self {
            terms: term.terms(),
            currency,
            fx_nanos,
        })
    }

    /// Exact cost in nanos of the offer's currency.
    pub fn cost_nanos(&self, talk_ms: u64) -> u128 {
        let exact = Rounding {
            mode: lcr_core::rating::RoundingMode::None,
            ..Rounding::default()
        };
        rate_call(&self.terms, talk_ms, &exact).amount_nanos
    }

    fn in_base(&self, nanos: u128) -> u128 {
        (nanos * u128::from(self.fx_nanos)).div_ceil(UNIT)
    }

    /// In the base currency, rounded up: a cap is never passed by rounding.
    pub fn base_cost_nanos(&self, talk_ms: u64) -> u64 {
        u64::try_from(self.in_base(self.cost_nanos(talk_ms))).unwrap_or(u64::MAX)
    }

    pub fn base_rate_nanos(&self) -> u64 {
        let dearest = self
            .terms
            .first_rate_nanos
            .unwrap_or(0)
            .max(self.terms.rate_nanos);
        u64::try_from(self.in_base(u128::from(dearest.max(0).unsigned_abs()))).unwrap_or(u64::MAX)
    }

    /// Whole seconds that so much of the base currency pays for; none: without end.
    pub fn seconds_for(&self, base_nanos: u64) -> Option<u64> {
        let own = u128::from(base_nanos) * UNIT / u128::from(self.fx_nanos.max(1));
        talk_time(&self.terms, u64::try_from(own).unwrap_or(u64::MAX))
    }

    pub fn words(&self, talk_ms: u64) -> Value {
        let cost = u64::try_from(self.cost_nanos(talk_ms)).unwrap_or(u64::MAX);
        json!({"currency": self.currency, "rate_nanos": self.terms.rate_nanos, "first_rate_nanos": self.terms.first_rate_nanos,
            "connect_fee_nanos": self.terms.connect_fee_nanos, "initial_increment": self.terms.initial_increment,
            "next_increment": self.terms.next_increment, "free_seconds": self.terms.free_seconds, "cost_nanos": cost})
    }
}
