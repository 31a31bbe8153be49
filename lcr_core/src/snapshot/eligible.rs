//! Which columns a caller may use, as bits: enabled, granted, no loop, class, exclusive, identity. Grants change in time, so there is one
//! set of bits between each two instants at which a grant begins or ends.

use super::Snapshot;
use crate::access::Trunk;
use crate::access::policy::PolicyWords;
use crate::policy::grant::Offered;
use crate::policy::verdict::Verdict;
use crate::policy::{class, enabled, exclusive, grant, identity, loop_guard};
use crate::time;

#[derive(Debug, Clone)]
pub struct Eligibility {
    /// Sorted instants at which a grant begins or ends.
    changes: Vec<i64>,
    /// Bits over columns, one set before, between and after the changes.
    bits: Vec<Vec<u64>>,
}

/// Verdict 5 (its fixed half) and 7–12 for one offer, the first that applies.
pub fn refusal(
    snapshot: &Snapshot,
    trunk: Option<&Trunk>,
    policy: &PolicyWords,
    offered: Option<&Offered>,
    offer: u32,
    at: i64,
) -> Option<Verdict> {
    let words = snapshot.access.offers.get(offer as usize)?;
    if enabled::refuses(words) {
        Some(Verdict::Disabled)
    } else if grant::refuses(trunk, offered, offer, at) {
        Some(Verdict::NotGranted)
    } else if loop_guard::refuses(trunk, words) {
        Some(Verdict::Loop)
    } else if class::refuses(policy, words) {
        Some(Verdict::Class)
    } else if exclusive::refuses(policy, words) {
        Some(Verdict::NotExclusive)
    } else {
        identity::refusal(policy, words)
    }
}

impl Eligibility {
    /// With the trunk's own policy and grants; `None` = the operator.
    pub fn standing(snapshot: &Snapshot, trunk: Option<&Trunk>) -> Self {
        match trunk {
            Some(trunk) => Self::compile(snapshot, Some(trunk), &trunk.policy, None),
            None => Self::compile(snapshot, None, &PolicyWords::default(), None),
        }
    }

    pub fn compile(
        snapshot: &Snapshot,
        trunk: Option<&Trunk>,
        policy: &PolicyWords,
        offered: Option<&Offered>,
    ) -> Self {
        let grants = trunk
            .filter(|_| offered.is_none())
            .map_or(&[][..], |t| &t.grants);
        let mut changes: Vec<i64> = grants
            .iter()
            .flat_map(|g| [g.from_us, g.until_us])
            .filter(|&t| t != i64::MIN && t != time::NEVER)
            .collect();
        changes.sort_unstable();
        changes.dedup();
        let words = snapshot.offer_of_column.len().div_ceil(64);
        let bits_at = |at: i64| {
            let mut bits = vec![0u64; words];
            for (column, &offer) in snapshot.offer_of_column.iter().enumerate() {
                if offer != super::NO_OFFER
                    && refusal(snapshot, trunk, policy, offered, offer, at).is_none()
                {
                    bits[column / 64] |= 1 << (column % 64);
                }
            }
            bits
        };
        let bits = std::iter::once(i64::MIN)
            .chain(changes.iter().copied())
            .map(bits_at)
            .collect();
        Self { changes, bits }
    }

    /// Columns that are open at some instant at most.
    pub fn count(&self) -> usize {
        let ones = |bits: &Vec<u64>| bits.iter().map(|word| word.count_ones() as usize).sum();
        self.bits.iter().map(ones).max().unwrap_or(0)
    }

    /// The bits that hold at `at`.
    pub fn at(&self, at: i64) -> &[u64] {
        self.bits
            .get(self.changes.partition_point(|&t| t <= at))
            .map_or(&[], Vec::as_slice)
    }

    pub fn next_change(&self, at: i64) -> i64 {
        self.changes
            .get(self.changes.partition_point(|&t| t <= at))
            .copied()
            .unwrap_or(time::NEVER)
    }
}
