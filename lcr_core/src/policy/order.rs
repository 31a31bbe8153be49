//! The order of the members of *E*. An offer's place in access is its (carrier_id, offer_id) rank and breaks every tie.

use std::cmp::Reverse;

use smallvec::SmallVec;

use super::share;
use crate::access::policy::{Kind, PolicyWords};
use crate::money::{NANOS, cmp_products};

/// So many members are ordered without asking for memory.
type Many<T> = SmallVec<[T; 64]>;

/// An offer that passed all filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Place in access.
    pub offer: u32,
    pub priority: i32,
    pub weight: u32,
    pub comparable: u128,
    pub score: Option<u64>,
    /// Judged critical for this number; `trial` = drawn to be tried all the same.
    pub demoted: bool,
    pub trial: bool,
    /// How the decision finds the row again.
    pub hit: Hit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    Row { code: u32, row: u32 },
    Candidate(u64),
}

/// What members are ordered by.
pub struct By<'a> {
    pub policy: &'a PolicyWords,
    /// The basis of comparables: reference seconds, or those of the mix.
    pub seconds: u32,
    /// Places of the forced offers, in their order.
    pub first: &'a [u32],
    /// Seed of the call; used by `percentage` only.
    pub seed: &'a str,
    /// Members drawn at most; the rest follows in any order.
    pub draws: usize,
}

/// `nanos` of the base currency per minute as a comparable at `seconds`.
pub fn per_minute(nanos: u64, seconds: u32) -> u128 {
    u128::from(nanos) * u128::from(seconds) * u128::from(NANOS)
}

/// Demoted members that are not on trial come last; each part is ordered by the policy, then forced offers to its front.
pub fn sort(by: &By<'_>, members: &mut [Member]) {
    members.sort_unstable_by_key(|m| (is_last_resort(m), m.comparable, m.offer));
    let healthy = members.partition_point(|m| !is_last_resort(m));
    let (healthy, demoted) = members.split_at_mut(healthy);
    sort_part(by, healthy);
    // Draws of the demoted part matter only as far as the healthy part leaves places.
    sort_part(by, demoted);
}

fn is_last_resort(member: &Member) -> bool {
    member.demoted && !member.trial
}

/// `members` by comparable, then place.
fn sort_part(by: &By<'_>, members: &mut [Member]) {
    match by.policy.kind {
        Kind::Cost | Kind::Quality => {}
        Kind::Priority => members.sort_unstable_by_key(|m| (m.priority, m.comparable, m.offer)),
        Kind::Score => members.sort_unstable_by_key(|m| (Reverse(m.score), m.comparable, m.offer)),
        Kind::CostDelta => {
            let mut rest = &mut *members;
            while let Some(first) = rest.first() {
                let cheapest = first.comparable;
                let end = rest.partition_point(|m| in_band(by, cheapest, m.comparable));
                let (band, after) = rest.split_at_mut(end.max(1));
                band.sort_unstable_by_key(|m| (m.priority, m.comparable, m.offer));
                rest = after;
            }
        }
        Kind::Percentage => {
            members.sort_unstable_by_key(|m| (m.weight == 0, m.comparable, m.offer));
            let weighty = members.partition_point(|m| m.weight > 0);
            let weighty = &mut members[..weighty];
            weighty.sort_unstable_by_key(|m| m.offer);
            let weights: Many<u32> = weighty.iter().map(|m| m.weight).collect();
            let drawn = share::draw(&weights, by.seed, by.draws);
            let undrawn = weighty.iter().map(|m| (usize::MAX, *m));
            let mut order: Many<(usize, Member)> = undrawn.collect();
            for (nth, place) in drawn.into_iter().enumerate() {
                order[place].0 = nth;
            }
            order.sort_unstable_by_key(|(turn, member)| (*turn, member.offer));
            for (slot, (_, member)) in weighty.iter_mut().zip(order) {
                *slot = member;
            }
        }
    }
    let mut rest = members;
    for place in by.first {
        if let Some(at) = rest.iter().position(|m| m.offer == *place) {
            rest[..=at].rotate_right(1);
            rest = &mut rest[1..];
        }
    }
}

fn in_band(by: &By<'_>, cheapest: u128, comparable: u128) -> bool {
    match by.policy.delta_ppm {
        Some(ppm) => cmp_products(comparable, 1_000_000, cheapest, 1_000_000 + ppm).is_le(),
        None => {
            comparable - cheapest.min(comparable)
                <= per_minute(by.policy.delta_nanos.unwrap_or(0), by.seconds)
        }
    }
}
