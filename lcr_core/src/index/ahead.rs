//! The memory of several candidates' rows and costs asked for at once, before each is read in turn. Hints only: the same is
//! looked up afterwards as if this had not been.

use super::layout::Term;
use super::lookup::{Found, Lookup};
use super::prefetch::prefetch;
use super::ranks::guess;
use super::walk::MOST;
use super::{Index, NONE, candidate, key_len};

impl Lookup<'_> {
    /// For candidates of the base; those of a patch are few and mostly near.
    #[inline]
    pub fn ahead(&self, found: Found, entries: &[u64]) {
        let segment = &self.index.base;
        let (keys, costs) = (segment.cost_keys(), segment.costs());
        let mut records = [NONE; MOST];
        let Some(code) = found.base else { return };
        for (slot, &entry) in records.iter_mut().zip(entries) {
            if self.is_over(entry) {
                continue;
            }
            let near = guess(keys, candidate::rank(entry));
            prefetch(keys, near);
            prefetch(costs, near);
            let wanted = candidate::matched_len(entry);
            let mut code = code;
            while let Some(record) = self.base.codes.get(code as usize) {
                if key_len(record.key) == wanted {
                    prefetch(self.base.delta, record.delta as usize);
                    *slot = code;
                    break;
                }
                code = record.parent;
            }
        }
        for (&code, &entry) in records.iter().zip(entries) {
            if let Some(record) = self.base.codes.get(code as usize)
                && let Some(delta) = self.base.delta_of(record)
            {
                let before = delta.entries_before(candidate::column(entry));
                let rows = segment.rows();
                prefetch(rows.bytes, rows.place(record.row_start as usize + before));
            }
        }
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
