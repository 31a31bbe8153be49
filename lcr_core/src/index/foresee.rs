//! Numbers that several callers are about to ask for: the memory their decisions will read is asked for in step, so that
//! the waits of all of them overlap. Hints only: nothing is kept, and the same is looked up afterwards as if this had
//! not been.

use super::lookup::Lookup;
use super::prefetch::prefetch;
use super::walk::BATCH;
use super::{Index, NONE, candidate};
use crate::number::DigitKey;

/// Candidates a number is expected to need: those of an answer, and some that its caller may not use.
const CANDIDATES: usize = 8;

impl Index {
    /// Up to 16 numbers. Of a patch nothing is asked for: it is small and mostly near.
    pub fn foresee(&self, numbers: &[DigitKey]) {
        self.lookup().foresee(numbers);
    }
}

impl Lookup<'_> {
    fn foresee(&self, numbers: &[DigitKey]) {
        let found = self.base.find(numbers, false);
        let found = found.get(..numbers.len().min(BATCH)).unwrap_or(&[]);
        let codes = self.base.codes;
        for record in found
            .iter()
            .flatten()
            .filter_map(|&c| codes.get(c as usize))
        {
            prefetch(codes, record.parent as usize);
        }
        // Code and column of the first candidates of each number.
        let mut ways = [(NONE, 0u16); BATCH * CANDIDATES];
        let mut free = ways.iter_mut();
        for &first in found.iter().flatten() {
            let Some(record) = codes.get(first as usize) else {
                continue;
            };
            for &entry in self.base.top_of(record).0.iter().take(CANDIDATES) {
                if let (Some(code), Some(way)) = (self.candidate_ahead(first, entry), free.next()) {
                    *way = (code, candidate::column(entry));
                }
            }
        }
        let rows = ways.map(|(code, column)| self.row_ahead(code, column));
        // What is printed of a row beside its price is mostly near: names are few.
        for row in rows.into_iter().flatten() {
            self.terms_ahead(row);
        }
    }
}
