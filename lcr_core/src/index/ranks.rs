//! Cost ranks: 32-bit numbers in the exact order of the comparables, equal where those are equal, with gaps between
//! them, so that a patch can name new costs without renumbering the old ones.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::NONE;
use super::layout::{Cost, Term};

/// Costs ascending, and a rank for each, strictly ascending.
#[derive(Default)]
pub struct Ranks {
    pub costs: Vec<u128>,
    pub keys: Vec<u32>,
}

/// The distance between neighbouring ranks of a fresh table of `count` costs.
pub fn step(count: usize) -> u32 {
    (NONE as usize / (count + 1)).max(1) as u32
}

/// Distinct values, ascending.
pub fn distinct(comparables: &[Option<u128>]) -> Vec<u128> {
    let mut out: Vec<u128> = comparables
        .par_chunks(1 << 16)
        .flat_map_iter(|chunk| {
            let mut some: Vec<u128> = chunk.iter().flatten().copied().collect();
            some.sort_unstable();
            some.dedup();
            some
        })
        .collect();
    out.par_sort_unstable();
    out.dedup();
    out
}

impl Ranks {
    /// A fresh table: evenly spaced. `None` with 2³² costs or more.
    pub fn fresh(costs: Vec<u128>) -> Option<Self> {
        let step = step(costs.len());
        if costs.len() >= (NONE - 1) as usize {
            return None;
        }
        let keys = (1..=costs.len() as u32).map(|i| i * step).collect();
        Some(Self { costs, keys })
    }

    /// A table for `costs` beside one that stays as it is: a known cost keeps its rank, new ones share the gap they
    /// fall in evenly. `None` when a gap is too narrow.
    pub fn beside(base: &[Cost], base_keys: &[u32], costs: Vec<u128>) -> Option<Self> {
        let mut keys = Vec::with_capacity(costs.len());
        let mut i = 0usize;
        while let Some(&cost) = costs.get(i) {
            let above = base.partition_point(|c| c.get() < cost);
            if base.get(above).is_some_and(|c| c.get() == cost) {
                keys.push(*base_keys.get(above)?);
                i += 1;
                continue;
            }
            let next = base.get(above).map_or(u128::MAX, Cost::get);
            let together = costs[i..].partition_point(|&c| c < next || above == base.len());
            let low = above
                .checked_sub(1)
                .map_or(Some(0), |b| base_keys.get(b).copied())?;
            let high = base_keys.get(above).copied().unwrap_or(NONE);
            let (gap, parts) = (u64::from(high - low), together as u64 + 1);
            if gap < parts {
                return None;
            }
            keys.extend((1..parts).map(|part| low + (gap * part / parts) as u32));
            i += together;
        }
        Some(Self { costs, keys })
    }

    /// The rank of each comparable; `NONE` where there is none.
    pub fn of_all(&self, comparables: &[Option<u128>]) -> Vec<u32> {
        let pairs = self.costs.iter().copied().zip(self.keys.iter().copied());
        let known: FxHashMap<u128, u32> = pairs.collect();
        let of = |cost: &Option<u128>| cost.and_then(|c| known.get(&c).copied()).unwrap_or(NONE);
        comparables.par_iter().map(of).collect()
    }
}

/// Where a rank stands in its table: reckoned in a fresh one, whose ranks are evenly spaced; looked for in one with patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    step: u32,
    /// Are all ranks where they are in a fresh table?
    fresh: bool,
}

impl Places {
    pub fn of(keys: &[u32]) -> Self {
        let step = step(keys.len());
        let even = (1..=keys.len() as u64).map(|i| i * u64::from(step));
        Self {
            step,
            fresh: keys.iter().map(|&key| u64::from(key)).eq(even),
        }
    }

    /// Where `key` stands in a fresh table.
    #[inline]
    pub fn guess(self, key: u32) -> usize {
        (key / self.step).saturating_sub(1) as usize
    }

    /// Where `key` stands among `keys`. The keys of a fresh table are not read.
    #[inline]
    pub fn place(self, keys: &[u32], key: u32) -> Option<usize> {
        if self.fresh {
            let at = self.guess(key);
            return (key != 0 && key % self.step == 0 && at < keys.len()).then_some(at);
        }
        keys.binary_search(&key).ok()
    }
}

/// The comparable of each term at the reference seconds; `None` without an exchange rate.
pub fn comparables(
    terms: &[Term],
    reference_seconds: u32,
    fx: impl Fn(u16) -> Option<u64> + Sync,
) -> Vec<Option<u128>> {
    terms
        .par_iter()
        .map(|term| {
            fx(term.scheme.currency).map(|fx| term.terms().comparable(reference_seconds, fx))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranks_keep_the_order_of_costs_also_beside_a_base(base in proptest::collection::btree_set(0u128..5000, 0..200), new in proptest::collection::btree_set(0u128..5000, 0..200)) {
            let Some(base) = Ranks::fresh(base.into_iter().collect()) else { return Ok(()) };
            let stored: Vec<Cost> = base.costs.iter().map(|&c| Cost::new(c)).collect();
            let Some(beside) = Ranks::beside(&stored, &base.keys, new.into_iter().collect()) else { return Err(TestCaseError::fail("no room")) };
            prop_assert_eq!(beside.costs.len(), beside.keys.len());
            let mixed: Vec<u32> = beside.keys.clone();
            for key in &mixed {
                prop_assert_eq!(Places::of(&mixed).place(&mixed, *key), mixed.binary_search(key).ok());
            }
            let mut all: Vec<(u128, u32)> = base.costs.iter().copied().zip(base.keys.iter().copied()).chain(beside.costs.iter().copied().zip(beside.keys.iter().copied())).collect();
            all.sort_unstable();
            for pair in all.windows(2) {
                prop_assert_eq!(pair[0].0 == pair[1].0, pair[0].1 == pair[1].1);
                prop_assert!(pair[0].1 <= pair[1].1);
            }
            for (cost, key) in base.costs.iter().zip(&base.keys) {
                let places = Places::of(&base.keys);
                prop_assert_eq!(places.place(&base.keys, *key).and_then(|i| base.costs.get(i)), Some(cost));
                for near in [key - 1, key + 1, 0, NONE] {
                    prop_assert_eq!(places.place(&base.keys, near), base.keys.binary_search(&near).ok());
                }
            }
        }
    }
}
