//! What a decision asks of the index: find the number's code, take the cheapest candidates, find the rows of those.

use super::layout::Row;
use super::mask::{From, Mask};
use super::rows::Rows;
use super::walk::{BATCH, Hits, Hot, MOST};
use super::{Index, NONE, candidate};
use crate::number::DigitKey;
use crate::time;

/// Where a number's longest codes are: in the base and in the patch, counted in each by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    pub base: Option<u32>,
    pub over: Option<u32>,
}

impl Found {
    pub fn is_none(&self) -> bool {
        self.base.is_none() && self.over.is_none()
    }
}

/// The arrays of an index, taken out once for many decisions.
#[derive(Clone, Copy)]
pub struct Lookup<'a> {
    pub(super) index: &'a Index,
    pub(super) base: Hot<'a>,
    pub(super) rows: Rows<'a>,
    over: Option<OverLookup<'a>>,
}

#[derive(Clone, Copy)]
struct OverLookup<'a> {
    hot: Hot<'a>,
    first_column: u16,
    order: &'a [u32],
}

impl Index {
    pub fn lookup(&self) -> Lookup<'_> {
        Lookup {
            index: self,
            base: self.base.hot(),
            rows: self.base.rows(),
            over: self.over.as_ref().map(|over| OverLookup {
                hot: over.segment.hot(),
                first_column: over.first_column,
                order: &over.order,
            }),
        }
    }
}

impl Lookup<'_> {
    #[inline]
    pub fn find(&self, number: DigitKey) -> Found {
        Found {
            base: self.base.lpm.longest(number),
            over: self
                .over
                .as_ref()
                .and_then(|over| over.hot.lpm.longest(number)),
        }
    }

    /// Up to 16 numbers at once, their memory asked for ahead.
    #[inline]
    pub fn find_many(&self, numbers: &[DigitKey], direct: bool) -> [Found; BATCH] {
        let base = self.base.find(numbers, direct);
        let over = match &self.over {
            Some(over) => over.hot.find(numbers, direct),
            None => [None; BATCH],
        };
        std::array::from_fn(|i| Found {
            base: base[i],
            over: over[i],
        })
    }

    /// Is a caller of `eligible` columns served better straight from the codes' own entries than by way of the top
    /// lists, for `most` routes? Yes where a top list holds fewer than three of its columns for every two routes wanted:
    /// it is too often too short then. `make bench-lcr` times both ways for callers of 2 to 100 % (docs/lcr-index.md).
    pub fn prefers_direct(&self, eligible: usize, most: usize) -> bool {
        let columns = self.base.columns.max(1);
        eligible * super::layout::TOP * 2 < most * columns * 3
    }

    /// The first `most` (≤ 32) candidates in `mask` that `accept` takes, by (cost, carrier, offer), into `hits`.
    #[inline]
    pub fn route(
        &self,
        found: Found,
        mask: impl Mask,
        direct: bool,
        most: usize,
        mut accept: impl FnMut(u64) -> bool,
        hits: &mut Hits,
    ) {
        match found.base {
            Some(code) => self.base.route(code, mask, direct, most, &mut accept, hits),
            None => hits.clear(),
        }
        let (Some(over), Some(code)) = (&self.over, found.over) else {
            return;
        };
        let mut laid_over = Hits::default();
        let words = usize::from(over.first_column) / 64;
        let shift = u64::from(over.first_column) << 16;
        over.hot.route(
            code,
            From(mask, words),
            false,
            most,
            |entry| accept(entry + shift),
            &mut laid_over,
        );
        if laid_over.as_slice().is_empty() {
            return;
        }
        let of_base = *hits;
        hits.clear();
        let key = |entry: u64| {
            let column = usize::from(candidate::column(entry));
            (
                candidate::rank(entry),
                over.order.get(column).copied().unwrap_or(NONE),
            )
        };
        let mut first = of_base.as_slice().iter().copied().peekable();
        let mut second = laid_over.as_slice().iter().map(|e| e + shift).peekable();
        loop {
            let entry = match (first.peek(), second.peek()) {
                (Some(&a), Some(&b)) if key(a) <= key(b) => first.next(),
                (Some(_), None) => first.next(),
                (_, Some(_)) => second.next(),
                (None, None) => None,
            };
            match entry {
                Some(entry) if !hits.push(entry, most.min(MOST)) => {}
                _ => return,
            }
        }
    }

    /// By what candidates compare: cost rank, then carrier and offer.
    pub fn order_of(&self, entry: u64) -> (u32, u32) {
        let column = candidate::column(entry);
        let place = match &self.over {
            Some(over) => over.order.get(usize::from(column)).copied().unwrap_or(NONE),
            None => u32::from(column),
        };
        (candidate::rank(entry), place)
    }

    /// All candidates in `mask`, in no order.
    #[inline]
    pub fn each(&self, found: Found, mask: impl Mask, mut sink: impl FnMut(u64)) {
        if let Some(code) = found.base {
            self.base.each(code, mask, &mut sink);
        }
        if let (Some(over), Some(code)) = (&self.over, found.over) {
            let words = usize::from(over.first_column) / 64;
            let shift = u64::from(over.first_column) << 16;
            over.hot
                .each(code, From(mask, words), |entry| sink(entry + shift));
        }
    }

    /// Is it a candidate of the patch?
    #[inline]
    pub(super) fn is_over(&self, entry: u64) -> bool {
        let over = self.over.as_ref();
        over.is_some_and(|over| candidate::column(entry) >= over.first_column)
    }

    /// Code and row of a candidate of `found` at an instant of the epoch.
    pub fn row_of(&self, found: Found, entry: u64, at: i64) -> Option<(u32, u32)> {
        let column = candidate::column(entry);
        let (hot, found, first_column, first_code, first_row) = match &self.over {
            Some(over) if column >= over.first_column => (
                &over.hot,
                found.over?,
                over.first_column,
                self.base.codes.len() as u32,
                self.rows.len() as u32,
            ),
            _ => (&self.base, found.base?, 0, 0, 0),
        };
        let (code, record) = hot.matched(found, entry)?;
        // Every column with an entry has a row at least, so that its rows begin no earlier than this.
        let before = hot.delta_of(record)?.entries_before(column - first_column) as u32;
        let holds = |row: &Row| self.index.window(row).is_some_and(|w| w.holds(at));
        let mut number = first_row + record.row_start + before;
        loop {
            let row = self.index.row(number)?;
            if row.column == column && holds(&row) {
                return Some((first_code + code, number));
            }
            if row.column > column {
                return None;
            }
            number += 1;
        }
    }

    /// The first instant after the epoch's begin at which a row of a prefix of the number begins or ends.
    pub fn next_change(&self, found: Found) -> i64 {
        let of = |segment: &super::segment::Segment, code: Option<u32>| {
            code.and_then(|code| segment.codes().get(code as usize))
                .and_then(|record| segment.instants().get(record.change as usize))
                .copied()
                .unwrap_or(time::NEVER)
        };
        let base = of(&self.index.base, found.base);
        let Some(over) = &self.index.over else {
            return base;
        };
        if base == time::NEVER {
            return of(&over.segment, found.over);
        }
        // A change ahead in the base may be one of a replaced offer, which does not count.
        let segment = &self.index.base;
        let own = |code: u32| match over.changes.get(&code) {
            Some(&change) => change,
            None => segment
                .codes()
                .get(code as usize)
                .and_then(|record| segment.instants().get(record.own_change as usize))
                .copied()
                .unwrap_or(time::NEVER),
        };
        std::iter::successors(found.base, |&code| self.index.parent(code))
            .map(own)
            .min()
            .unwrap_or(time::NEVER)
            .min(of(&over.segment, found.over))
    }
}
