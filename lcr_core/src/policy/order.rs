//! The order of the members of *E*. An offer's place in access is its (carrier_id, offer_id) rank and breaks every tie.

use std::cmp::Reverse;

use crate::access::policy::{Kind, PolicyWords};
use crate::money::{NANOS, cmp_products};

/// An offer that passed all filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Place in access.
    pub offer: u32,
    pub priority: i32,
    pub comparable: u128,
    pub score: Option<u64>,
    /// How the decision finds the row again.
    pub hit: Hit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    Row { code: u32, row: u32 },
    Candidate(u64),
}

/// `nanos` of the base currency per minute as a comparable at `seconds`.
pub fn per_minute(nanos: u64, seconds: u32) -> u128 {
    u128::from(nanos) * u128::from(seconds) * u128::from(NANOS)
}

pub fn sort(policy: &PolicyWords, seconds: u32, members: &mut [Member]) {
    members.sort_unstable_by_key(|m| (m.comparable, m.offer));
    match policy.kind {
        Kind::Cost | Kind::Quality => {}
        Kind::Priority => members.sort_unstable_by_key(|m| (m.priority, m.comparable, m.offer)),
        Kind::Score => members.sort_unstable_by_key(|m| (Reverse(m.score), m.comparable, m.offer)),
        Kind::CostDelta => {
            let mut rest = members;
            while let Some(first) = rest.first() {
                let cheapest = first.comparable;
                let end =
                    rest.partition_point(|m| in_band(policy, seconds, cheapest, m.comparable));
                let (band, after) = rest.split_at_mut(end.max(1));
                band.sort_unstable_by_key(|m| (m.priority, m.comparable, m.offer));
                rest = after;
            }
        }
    }
}

fn in_band(policy: &PolicyWords, seconds: u32, cheapest: u128, comparable: u128) -> bool {
    match policy.delta_ppm {
        Some(ppm) => cmp_products(comparable, 1_000_000, cheapest, 1_000_000 + ppm).is_le(),
        None => {
            comparable - cheapest.min(comparable)
                <= per_minute(policy.delta_nanos.unwrap_or(0), seconds)
        }
    }
}
