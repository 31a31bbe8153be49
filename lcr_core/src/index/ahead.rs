//! The memory of several candidates' rows and costs asked for at once, before each is read in turn. Hints only: the same is
//! looked up afterwards as if this had not been.

use super::layout::Term;
use super::lookup::{Found, Lookup};
use super::prefetch::prefetch;
use super::ranks::guess;
use super::walk::MOST;
use super::{Index, NONE, candidate};

impl Lookup<'_> {
    /// For candidates of the base; those of a patch are few and mostly near.
    #[inline]
    pub fn ahead(&self, found: Found, entries: &[u64]) {
        let mut codes = [NONE; MOST];
        let Some(first) = found.base else { return };
        for (slot, &entry) in codes.iter_mut().zip(entries) {
            if !self.is_over(entry) {
                *slot = self.candidate_ahead(first, entry).unwrap_or(NONE);
            }
        }
        for (&code, &entry) in codes.iter().zip(entries) {
            self.row_ahead(code, candidate::column(entry));
        }
    }

    /// The cost of a candidate of the base, and the own entries of the code it matches by; that code.
    #[inline]
    pub(super) fn candidate_ahead(&self, found: u32, entry: u64) -> Option<u32> {
        let segment = &self.index.base;
        let (keys, costs) = (segment.cost_keys(), segment.costs());
        let near = guess(keys, candidate::rank(entry));
        prefetch(keys, near);
        prefetch(costs, near);
        let (code, record) = self.base.matched(found, entry)?;
        prefetch(self.base.delta, record.delta as usize);
        Some(code)
    }

    /// The first row of a column among those of exactly this code; its number.
    #[inline]
    pub(super) fn row_ahead(&self, code: u32, column: u16) -> Option<u32> {
        let record = self.base.codes.get(code as usize)?;
        let before = self.base.delta_of(record)?.entries_before(column);
        let rows = self.index.base.rows();
        let row = record.row_start.saturating_add(before as u32);
        prefetch(rows.bytes, rows.place(row as usize));
        Some(row)
    }

    /// The terms of a row that was just found, which the answer will print.
    #[inline]
    pub fn terms_ahead(&self, row: u32) {
        let segment = &self.index.base;
        if let Some(row) = segment.rows().get(row as usize) {
            prefetch(segment.prices(), row.term as usize);
        }
    }
}

impl Index {
    /// Where the name of the term's destination stands; the next step asks for the name itself.
    #[inline]
    pub fn name_place_ahead(&self, term: &Term) {
        prefetch(self.base.name_starts(), term.destination as usize);
    }

    #[inline]
    pub fn name_ahead(&self, term: &Term) {
        if let Some(&start) = self.base.name_starts().get(term.destination as usize) {
            prefetch(self.base.names(), start as usize);
        }
    }
}
