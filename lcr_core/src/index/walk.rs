//! From a code to the cheapest candidates a mask lets through: down its top list, and where that was cut too early, up
//! the codes through their own entries. Nothing is allocated, nothing is locked.

use super::delta::{Delta, fill};
use super::layout::{Code, Line, LpmNode, TOP, TRUNCATED};
use super::lpm::Lpm;
use super::mask::Mask;
use super::prefetch::prefetch;
use super::{NONE, candidate};

/// Candidates an answer holds at most; who wants more asks for the complete list.
pub const MOST: usize = 32;
/// Numbers looked up in step.
pub const BATCH: usize = 16;

/// The cheapest candidates so far, by (cost rank, column).
#[derive(Debug, Clone, Copy)]
pub struct Hits {
    len: usize,
    entries: [u64; MOST],
}

impl Default for Hits {
    fn default() -> Self {
        Self {
            len: 0,
            entries: [0; MOST],
        }
    }
}

impl Hits {
    pub fn as_slice(&self) -> &[u64] {
        self.entries.get(..self.len).unwrap_or(&[])
    }

    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Appends, for entries that come in order; full at `most`.
    #[inline]
    pub fn push(&mut self, entry: u64, most: usize) -> bool {
        if let Some(slot) = self.entries.get_mut(self.len) {
            *slot = entry;
            self.len += 1;
        }
        self.len >= most.min(MOST)
    }

    /// Would it be among the first `most`?
    #[inline]
    fn wants(&self, entry: u64, most: usize) -> bool {
        self.len < most.min(MOST) || self.as_slice().last().is_some_and(|&last| entry < last)
    }

    /// Puts one in its place, for entries that come in any order.
    #[inline]
    fn insert(&mut self, entry: u64, most: usize) {
        let end = self.len.min(most.min(MOST) - 1);
        let mut at = end;
        while at > 0 && self.entries[at - 1] > entry {
            self.entries[at] = self.entries[at - 1];
            at -= 1;
        }
        self.entries[at] = entry;
        self.len = end + 1;
    }
}

/// The first row of a code, and its own entries.
pub(super) type Own<'a> = (u32, Delta<'a>);

/// The arrays of one segment that decisions read.
#[derive(Clone, Copy)]
pub struct Hot<'a> {
    pub lpm: Lpm<'a>,
    pub codes: &'a [Code],
    pub top: &'a [Line],
    pub delta: &'a [u32],
    pub columns: usize,
}

impl<'a> Hot<'a> {
    pub fn new(
        root: &'a [u32],
        nodes: &'a [LpmNode],
        codes: &'a [Code],
        top: &'a [Line],
        delta: &'a [u32],
        columns: usize,
    ) -> Self {
        Self {
            lpm: Lpm { root, nodes },
            codes,
            top,
            delta,
            columns,
        }
    }

    /// The top list of a code, and whether it is the complete one.
    #[inline]
    pub fn top_of(&self, code: &Code) -> (&'a [u64], bool) {
        let lines = self.top.get(code.top as usize..).unwrap_or(&[]);
        let words: &[u64] = bytemuck::cast_slice(lines);
        let header = words.first().copied().unwrap_or(0);
        let len = (header & 0xff) as usize;
        (
            words.get(1..=len.min(TOP)).unwrap_or(&[]),
            header & TRUNCATED == 0,
        )
    }

    /// The code by which a candidate of `found` matches: `found` or a prefix of it.
    #[inline]
    pub fn matched(&self, found: u32, entry: u64) -> Option<(u32, &'a Code)> {
        let wanted = candidate::matched_len(entry);
        let mut code = found;
        loop {
            let record = self.codes.get(code as usize)?;
            if super::key_len(record.key) == wanted {
                return Some((code, record));
            }
            code = record.parent;
        }
    }

    /// The first row of a code and its own entries.
    #[inline]
    pub(super) fn own_of(&self, code: u32) -> Option<Own<'a>> {
        let record = self.codes.get(code as usize)?;
        Some((record.row_start, self.delta_of(record)?))
    }

    #[inline]
    pub fn delta_of(&self, code: &Code) -> Option<Delta<'a>> {
        (code.delta != NONE)
            .then(|| Delta::at(self.delta, code.delta, self.columns))
            .flatten()
    }

    /// The first `most` candidates of `code` in `mask` that `accept` takes, in order, into `hits`.
    #[inline]
    pub fn route(
        &self,
        code: u32,
        mask: impl Mask,
        direct: bool,
        most: usize,
        mut accept: impl FnMut(u64) -> bool,
        hits: &mut Hits,
    ) {
        hits.clear();
        let Some(record) = self.codes.get(code as usize) else {
            return;
        };
        if !direct {
            let (entries, complete) = self.top_of(record);
            for &entry in entries {
                if mask.has(candidate::column(entry)) && accept(entry) && hits.push(entry, most) {
                    return;
                }
            }
            if complete {
                return;
            }
            hits.clear();
        }
        self.each(code, mask, |entry| {
            if hits.wants(entry, most) && accept(entry) {
                hits.insert(entry, most);
            }
        });
    }

    /// All candidates of `code` in `mask`, in no order.
    #[inline]
    pub fn each(&self, code: u32, mask: impl Mask, mut sink: impl FnMut(u64)) {
        match self.columns.div_ceil(64) {
            0..=4 => self.up::<4>(code, mask, &mut sink),
            5..=16 => self.up::<16>(code, mask, &mut sink),
            17..=64 => self.up::<64>(code, mask, &mut sink),
            _ => self.up::<1024>(code, mask, &mut sink),
        }
    }

    #[inline]
    fn up<const W: usize>(&self, code: u32, mask: impl Mask, sink: &mut impl FnMut(u64)) {
        let mut room = [0u64; W];
        let left = &mut room[..self.columns.div_ceil(64).min(W)];
        fill(left, mask);
        let mut at = code;
        while let Some(record) = self.codes.get(at as usize) {
            prefetch(self.codes, record.parent as usize);
            if let Some(delta) = self.delta_of(record)
                && !delta.take(left, super::key_len(record.key), sink)
            {
                return;
            }
            at = record.parent;
        }
    }

    /// The codes of up to 16 numbers, found in step; what a walk will read first is asked for ahead.
    #[inline]
    pub fn find(&self, numbers: &[crate::number::DigitKey], direct: bool) -> [Option<u32>; BATCH] {
        let mut found = [None; BATCH];
        self.lpm.longest_of(numbers, &mut found);
        for code in found.iter().flatten() {
            prefetch(self.codes, *code as usize);
        }
        for code in found.iter().flatten() {
            let Some(record) = self.codes.get(*code as usize) else {
                continue;
            };
            if direct {
                let at = record.delta as usize;
                prefetch(self.delta, at);
                prefetch(self.delta, at.saturating_add(16));
                prefetch(self.codes, record.parent as usize);
            } else {
                let at = record.top as usize;
                prefetch(self.top, at);
                prefetch(self.top, at + 1);
            }
        }
        if direct {
            for code in found.iter().flatten() {
                let parent = self
                    .codes
                    .get(*code as usize)
                    .and_then(|record| self.codes.get(record.parent as usize));
                if let Some(record) = parent {
                    prefetch(self.delta, record.delta as usize);
                    prefetch(self.codes, record.parent as usize);
                }
            }
        }
        found
    }
}
