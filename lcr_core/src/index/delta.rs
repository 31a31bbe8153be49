//! A code's own entries: which columns have exactly this code at the epoch, and the cost rank of each.
//!
//! Words of 32 bits: a header (number of entries, high bit = sparse), then either a bitmap over all columns or the
//! columns as 16-bit numbers, whichever is shorter, then one rank for each, in column order. The rank `NONE` stands for a
//! match that shadows shorter codes without being a candidate (blocked, closed, or without an exchange rate).

use super::mask::Mask;
use super::{NONE, candidate};

const SPARSE: u32 = 0x8000_0000;

/// Words of a bitmap over this many columns; even, so that two make one 64-bit word.
pub fn bitmap_words(columns: usize) -> usize {
    columns.div_ceil(64) * 2
}

/// Appends the entries of one code: columns ascending.
pub fn write(entries: &[(u16, u32)], columns: usize, out: &mut Vec<u32>) {
    let count = entries.len() as u32;
    let words = bitmap_words(columns);
    if words > entries.len().div_ceil(2) {
        out.push(count | SPARSE);
        out.extend(entries.chunks(2).map(|pair| {
            u32::from(pair[0].0) | pair.get(1).map_or(0, |second| u32::from(second.0) << 16)
        }));
    } else {
        out.push(count);
        let first = out.len();
        out.resize(first + words, 0);
        for (column, _) in entries {
            out[first + usize::from(*column) / 32] |= 1 << (column % 32);
        }
    }
    out.extend(entries.iter().map(|(_, rank)| rank));
}

/// The entries of one code, read in place.
#[derive(Clone, Copy)]
pub struct Delta<'a> {
    columns: &'a [u32],
    ranks: &'a [u32],
    sparse: bool,
}

impl<'a> Delta<'a> {
    /// `None` when it would leave the array.
    #[inline]
    pub fn at(words: &'a [u32], at: u32, columns: usize) -> Option<Self> {
        let rest = words.get(at as usize..)?;
        let (&header, rest) = rest.split_first()?;
        let count = (header & !SPARSE) as usize;
        let sparse = header & SPARSE != 0;
        let width = if sparse {
            count.div_ceil(2)
        } else {
            bitmap_words(columns)
        };
        let (of_columns, rest) = rest.split_at_checked(width)?;
        Some(Self {
            columns: of_columns,
            ranks: rest.get(..count)?,
            sparse,
        })
    }

    fn sparse_column(&self, i: usize) -> u16 {
        (self.columns.get(i / 2).copied().unwrap_or(0) >> (i % 2 * 16)) as u16
    }

    #[inline]
    fn word(&self, at: usize) -> u64 {
        match self.columns.get(2 * at..2 * at + 2) {
            Some(pair) => u64::from(pair[0]) | u64::from(pair[1]) << 32,
            None => 0,
        }
    }

    /// Columns with their ranks, ascending.
    pub fn entries(&self) -> impl Iterator<Item = (u16, u32)> + '_ {
        let dense_words = if self.sparse {
            0
        } else {
            self.columns.len() / 2
        };
        let dense = (0..dense_words).flat_map(|at| {
            let mut bits = self.word(at);
            std::iter::from_fn(move || {
                let bit = bits.trailing_zeros();
                (bits != 0).then(|| {
                    bits &= bits - 1;
                    (at * 64 + bit as usize) as u16
                })
            })
        });
        let sparse_count = if self.sparse { self.ranks.len() } else { 0 };
        let sparse = (0..sparse_count).map(|i| self.sparse_column(i));
        dense.chain(sparse).zip(self.ranks.iter().copied())
    }

    /// How many columns below `column` have an entry.
    pub fn entries_before(&self, column: u16) -> usize {
        if self.sparse {
            (0..self.ranks.len())
                .take_while(|&i| self.sparse_column(i) < column)
                .count()
        } else {
            let at = usize::from(column) / 64;
            let whole: u32 = (0..at).map(|i| self.word(i).count_ones()).sum();
            let below = self.word(at) & ((1u64 << (column % 64)) - 1);
            (whole + below.count_ones()) as usize
        }
    }

    /// Is it well formed: as many columns as ranks, ascending, within `columns`?
    pub fn is_sound(&self, columns: usize) -> bool {
        let mut last = None;
        let mut seen = 0usize;
        for (column, _) in self.entries() {
            if usize::from(column) >= columns || last.is_some_and(|l| l >= column) {
                return false;
            }
            last = Some(column);
            seen += 1;
        }
        let bits: u32 = if self.sparse {
            self.ranks.len() as u32
        } else {
            self.columns.iter().map(|w| w.count_ones()).sum()
        };
        seen == self.ranks.len() && bits as usize == self.ranks.len()
    }

    /// Takes the columns found here out of `left` and hands their candidates to `sink`; false when none is left.
    #[inline]
    pub fn take(&self, left: &mut [u64], matched_len: usize, sink: &mut impl FnMut(u64)) -> bool {
        let mut give = |column: usize, rank: Option<&u32>| {
            if let Some(&rank) = rank.filter(|&&r| r != NONE) {
                sink(candidate::pack(rank, column as u16, matched_len));
            }
        };
        let mut any = 0u64;
        if self.sparse {
            for i in 0..self.ranks.len() {
                let column = usize::from(self.sparse_column(i));
                if let Some(word) = left.get_mut(column / 64)
                    && *word >> (column % 64) & 1 != 0
                {
                    *word &= !(1 << (column % 64));
                    give(column, self.ranks.get(i));
                }
            }
            any = left.iter().fold(0, |all, word| all | word);
        } else {
            let mut before = 0usize;
            for (at, word) in left.iter_mut().enumerate() {
                let own = self.word(at);
                let mut found = own & *word;
                *word &= !own;
                any |= *word;
                while found != 0 {
                    let bit = found.trailing_zeros() as usize;
                    let below = own & ((1u64 << bit) - 1);
                    give(
                        at * 64 + bit,
                        self.ranks.get(before + below.count_ones() as usize),
                    );
                    found &= found - 1;
                }
                before += own.count_ones() as usize;
            }
        }
        any != 0
    }
}

/// The words of `mask` that cover `left`.
pub fn fill(left: &mut [u64], mask: impl Mask) {
    for (at, word) in left.iter_mut().enumerate() {
        *word = mask.word(at);
    }
}
