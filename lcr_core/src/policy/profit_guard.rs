//! A route must not cost more than the call earns, or not much more (docs/decision.md 6). Amounts, exact, one currency.

use super::order::per_minute;
use crate::access::policy::{Guard, PolicyWords};
use crate::money::cmp_products;

const MILLION: u64 = 1_000_000;

/// May a route of this cost be a member of *E*? `sell` = `None`: no sell row.
pub fn refuses(policy: &PolicyWords, sell: Option<u128>, cost: u128, seconds: u32) -> bool {
    if policy.guard == Guard::Off {
        return false;
    }
    let Some(sell) = sell else { return true };
    let loss = cost.saturating_sub(sell);
    match policy.guard {
        Guard::Off => false,
        Guard::NoLoss => loss > 0,
        Guard::MinMargin => {
            loss > 0
                || sell - cost < per_minute(policy.min_abs_nanos, seconds)
                || cmp_products(sell - cost, MILLION, sell, policy.min_pct_ppm).is_lt()
        }
        Guard::LossAllowed => loss > per_minute(policy.loss_nanos, seconds),
    }
}

/// A losing route is kept only among the first.
pub fn refuses_in_order(policy: &PolicyWords, sell: Option<u128>, cost: u128, kept: usize) -> bool {
    policy.guard == Guard::LossAllowed
        && sell.is_none_or(|sell| cost > sell)
        && kept >= policy.loss_first as usize
}
