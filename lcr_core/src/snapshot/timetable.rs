//! The schedules of all offers together: which columns are shut, and when that changes next.

use crate::access::Access;
use crate::time;

/// Columns that are shut, between each two instants at which a schedule opens or closes. Worked out for some weeks
/// around the snapshot's birth; for another instant the schedules themselves are asked.
#[derive(Debug, Default)]
pub struct Timetable {
    /// Offers with a schedule: place in access.
    scheduled: Vec<u32>,
    from_us: i64,
    until_us: i64,
    changes: Vec<i64>,
    /// One set before, between and after the changes.
    shut: Vec<Vec<u64>>,
}

const DAY_US: i64 = 86_400_000_000;
const DAYS_AHEAD: i64 = 35;
/// Words of all bitmaps together; more schedules than fit are asked one by one.
const MAX_WORDS: usize = 1 << 21;

impl Timetable {
    pub fn compile(access: &Access, offer_of_column: &[u32], born_us: i64) -> Self {
        let scheduled: Vec<u32> = (0u32..)
            .zip(&access.schedules)
            .filter(|(_, schedule)| schedule.is_some())
            .map(|(place, _)| place)
            .collect();
        let mut table = Self {
            scheduled,
            from_us: born_us.saturating_sub(DAY_US),
            until_us: born_us.saturating_add(DAYS_AHEAD * DAY_US),
            ..Self::default()
        };
        if table.scheduled.is_empty() {
            return table;
        }
        let width = offer_of_column.len().div_ceil(64);
        let mut distinct: Vec<_> = access.schedules.iter().flatten().collect();
        distinct.sort_unstable_by_key(|s| std::sync::Arc::as_ptr(s) as usize);
        distinct.dedup_by_key(|s| std::sync::Arc::as_ptr(s) as usize);
        let mut changes = Vec::new();
        for schedule in distinct {
            let mut at = schedule.next_change(table.from_us);
            while at < table.until_us {
                changes.push(at);
                if changes.len().saturating_mul(width) > MAX_WORDS {
                    table.until_us = table.from_us; // too many: ask one by one
                    return table;
                }
                at = schedule.next_change(at);
            }
        }
        changes.sort_unstable();
        changes.dedup();
        let shut_at = |at: i64| {
            let mut bits = vec![0u64; width];
            for (column, &offer) in offer_of_column.iter().enumerate() {
                let schedule = access
                    .schedules
                    .get(offer as usize)
                    .and_then(Option::as_ref);
                if schedule.is_some_and(|s| !s.is_open(at)) {
                    bits[column / 64] |= 1 << (column % 64);
                }
            }
            bits
        };
        table.shut = std::iter::once(table.from_us)
            .chain(changes.iter().copied())
            .map(shut_at)
            .collect();
        table.changes = changes;
        table
    }

    /// The columns that are shut at `at`; `None` = not worked out for that instant.
    #[inline]
    pub fn shut(&self, at: i64) -> Option<&[u64]> {
        if self.scheduled.is_empty() {
            return Some(&[]);
        }
        if !time::within(at, self.from_us, self.until_us) {
            return None;
        }
        self.shut
            .get(self.changes.partition_point(|t| *t <= at))
            .map(Vec::as_slice)
    }

    /// The first instant after `at` at which any schedule opens or closes.
    pub fn next_change(&self, access: &Access, at: i64) -> i64 {
        if self.scheduled.is_empty() {
            return time::NEVER;
        }
        if time::within(at, self.from_us, self.until_us)
            && let Some(next) = self.changes.get(self.changes.partition_point(|t| *t <= at))
        {
            return *next;
        }
        let schedules = self.scheduled.iter();
        schedules
            .filter_map(|&place| access.schedules.get(place as usize)?.as_ref())
            .map(|s| s.next_change(at))
            .min()
            .unwrap_or(time::NEVER)
    }
}
