//! The memory of several candidates' rows and costs asked for at once, before each is read in turn. Hints only: the same is
//! looked up afterwards as if this had not been.

use super::layout::Term;
use super::lookup::{Found, Lookup};
use super::prefetch::{Asks, prefetch};
use super::walk::{MOST, Own};
use super::{Index, NONE, candidate};

impl Lookup<'_> {
    /// For candidates of the base; those of a patch are few and mostly near.
    #[inline]
    pub fn ahead(&self, found: Found, entries: &[u64]) {
        let mut asks = Asks::default();
        let segment = &self.index.base;
        let mut codes = [NONE; MOST];
        let Some(first) = found.base else { return };
        for (slot, &entry) in codes.iter_mut().zip(entries) {
            if !self.is_over(entry) {
                asks.note(
                    segment.costs(),
                    segment.places.guess(candidate::rank(entry)),
                );
                *slot = self.matched_ahead(first, entry, &mut asks).unwrap_or(NONE);
            }
        }
        asks.ask();
        for (&code, &entry) in codes.iter().zip(entries) {
            if let Some(own) = self.base.own_of(code) {
                self.row_ahead(own, candidate::column(entry), &mut asks);
            }
        }
        asks.ask();
    }

    /// The own entries of the code a candidate of the base matches by; that code.
    #[inline]
    fn matched_ahead(&self, found: u32, entry: u64, asks: &mut Asks) -> Option<u32> {
        let (code, record) = self.base.matched(found, entry)?;
        let entries = record.delta as usize;
        asks.note(self.base.delta, entries);
        // Columns of two hundred offers reach into the next line.
        asks.note(self.base.delta, entries.saturating_add(9));
        Some(code)
    }

    /// The first row of a column among those of exactly one code.
    #[inline]
    fn row_ahead(&self, (first, own): Own<'_>, column: u16, asks: &mut Asks) {
        let row = first.saturating_add(own.entries_before(column) as u32);
        let place = self.rows.place(row as usize);
        asks.note(self.rows.bytes, place);
        asks.note(self.rows.bytes, place + 15);
    }

    /// The terms of a row that was just found, which the answer will print.
    #[inline]
    pub fn terms_ahead(&self, row: u32) {
        if let Some(row) = self.rows.get(row as usize) {
            prefetch(self.index.base.prices(), row.term as usize);
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
