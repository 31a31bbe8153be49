//! Numbers that several callers are about to ask for: the memory their decisions will read is asked for in step, so that
//! the waits of all of them overlap. Hints only: nothing is kept, and the same is looked up afterwards as if this had
//! not been.

use super::lookup::Lookup;
use super::prefetch::prefetch;
use super::ranks::guess;
use super::walk::BATCH;
use super::{Index, NONE, candidate, key_len};
use crate::number::DigitKey;

/// Candidates a number is expected to need: those of an answer, and some that its caller may not use.
const CANDIDATES: usize = 8;

/// A candidate on its way to its row: the code whose own entries it stands among, and its column.
#[derive(Clone, Copy)]
struct Way {
    code: u32,
    column: u16,
    row: u32,
}

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
        let mut ways = [Way {
            code: NONE,
            column: 0,
            row: NONE,
        }; BATCH * CANDIDATES];
        let mut count = 0;
        for &code in found.iter().flatten() {
            self.candidates_ahead(code, &mut ways, &mut count);
        }
        let ways = ways.get_mut(..count).unwrap_or_default();
        let segment = &self.index.base;
        let rows = segment.rows();
        for way in ways.iter_mut() {
            if let Some(record) = codes.get(way.code as usize)
                && let Some(delta) = self.base.delta_of(record)
            {
                let before = delta.entries_before(way.column) as u32;
                way.row = record.row_start.saturating_add(before);
                prefetch(rows.bytes, rows.place(way.row as usize));
            }
        }
        // What is printed of a row beside its price is mostly near: names are few.
        for row in ways.iter().filter_map(|way| rows.get(way.row as usize)) {
            prefetch(segment.prices(), row.term as usize);
        }
    }

    /// The first candidates of a code's top list: their costs, and the entries of the codes they match by.
    #[inline]
    fn candidates_ahead(&self, code: u32, ways: &mut [Way], count: &mut usize) {
        let segment = &self.index.base;
        let (keys, costs) = (segment.cost_keys(), segment.costs());
        let codes = self.base.codes;
        let Some(first) = codes.get(code as usize) else {
            return;
        };
        let (entries, _) = self.base.top_of(first);
        for &entry in entries.iter().take(CANDIDATES) {
            let near = guess(keys, candidate::rank(entry));
            prefetch(keys, near);
            prefetch(costs, near);
            let wanted = candidate::matched_len(entry);
            let mut code = code;
            while let Some(record) = codes.get(code as usize) {
                if key_len(record.key) == wanted {
                    prefetch(self.base.delta, record.delta as usize);
                    if let Some(way) = ways.get_mut(*count) {
                        *way = Way {
                            code,
                            column: candidate::column(entry),
                            row: NONE,
                        };
                        *count += 1;
                    }
                    break;
                }
                code = record.parent;
            }
        }
    }
}
