//! Timeline rows packed: of each row only what is its own (column, kind, term, row of the deck), each in as many bits as
//! the largest of the file needs. Kinds and terms count within their column, so that both stay small numbers.

use bytemuck::{Pod, Zeroable};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::layout::Row;

/// A row while the index is made: `term` and `kind` count in the whole file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Built {
    pub term: u32,
    pub kind: u32,
    pub deck_row: i32,
    pub column: u16,
    pub spare: u16,
}

/// What rows of one column have in common beside their terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Kind {
    pub window: u32,
    pub status: u8,
    /// Bits of `layers`: `WITHOUT_ORIGIN`, `HISTORY`.
    pub layer: u8,
    pub spare: u16,
}

/// From where terms and kinds of a column count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct First {
    pub term: u32,
    pub kind: u32,
}

/// How rows are packed: number, bits of each field, and the least row of a deck.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    pub rows: u32,
    pub column: u8,
    pub kind: u8,
    pub term: u8,
    pub deck_row: u8,
    pub first_deck_row: i32,
}

/// Bytes behind the last row, so that sixteen can be read at any row.
const TAIL: usize = 16;
/// Rows packed by one task: a multiple of eight, so that every task begins with a byte.
const TASK: usize = 1 << 15;

/// Bits a number up to `largest` needs.
pub fn bits(largest: u32) -> u8 {
    (u32::BITS - largest.leading_zeros()) as u8
}

impl Shape {
    fn width(&self) -> usize {
        [self.column, self.kind, self.term, self.deck_row]
            .iter()
            .map(|&b| usize::from(b))
            .sum()
    }

    /// Bytes of the section.
    pub fn bytes(&self) -> usize {
        (self.rows as usize * self.width()).div_ceil(8) + TAIL
    }

    pub fn is_sound(&self) -> bool {
        self.column <= 16 && self.kind <= 32 && self.term <= 32 && self.deck_row <= 32
    }

    fn word(&self, row: &Built, firsts: &[First]) -> u128 {
        let first = firsts
            .get(usize::from(row.column))
            .copied()
            .unwrap_or_default();
        let fields = [
            (u32::from(row.column), self.column),
            (row.kind.wrapping_sub(first.kind), self.kind),
            (row.term.wrapping_sub(first.term), self.term),
            (
                row.deck_row.wrapping_sub(self.first_deck_row) as u32,
                self.deck_row,
            ),
        ];
        let mut at = 0u32;
        fields.iter().fold(0, |word, &(value, bits)| {
            let field = u128::from(value) << at;
            at += u32::from(bits);
            word | field
        })
    }

    /// The rows in as few bits as the shape says; each must fit it.
    pub fn pack(&self, rows: &[Built], firsts: &[First]) -> Vec<u8> {
        let width = self.width();
        let mut out = vec![0u8; self.bytes()];
        let packed = (rows.len() * width).div_ceil(8);
        let Some(packed) = out.get_mut(..packed) else {
            return out;
        };
        packed
            .par_chunks_mut((TASK * width / 8).max(1))
            .zip(rows.par_chunks(TASK))
            .for_each(|(out, rows)| self.pack_some(rows, firsts, out));
        out
    }

    fn pack_some(&self, rows: &[Built], firsts: &[First], out: &mut [u8]) {
        let width = self.width();
        let mut words = out.chunks_mut(8);
        let (mut waiting, mut held) = (0u128, 0usize);
        let mut flush = |word: u128| {
            if let Some(slot) = words.next() {
                let bytes = (word as u64).to_le_bytes();
                slot.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
            }
        };
        for row in rows {
            let word = self.word(row, firsts);
            for (part, bits) in [
                (word & u128::from(u64::MAX), width.min(64)),
                (word >> 64, width.saturating_sub(64)),
            ] {
                waiting |= part << held;
                held += bits;
                if held >= 64 {
                    flush(waiting);
                    waiting >>= 64;
                    held -= 64;
                }
            }
        }
        if held > 0 {
            flush(waiting);
        }
    }
}

/// The packed rows of one file.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub shape: Shape,
    pub bytes: &'a [u8],
    pub firsts: &'a [First],
    pub kinds: &'a [Kind],
}

impl Rows<'_> {
    pub fn len(&self) -> usize {
        self.shape.rows as usize
    }

    pub fn is_empty(&self) -> bool {
        self.shape.rows == 0
    }

    /// The byte it begins in.
    #[inline]
    pub fn place(&self, row: usize) -> usize {
        row * self.shape.width() / 8
    }

    /// Column, kind, term and deck row as they are packed.
    #[inline]
    fn fields(&self, row: usize) -> Option<[u32; 4]> {
        const WORD: usize = 8;
        let shape = &self.shape;
        let width = shape.width();
        let (at, bit) = (row * width / 8, row * width % 8);
        let bits = [shape.column, shape.kind, shape.term, shape.deck_row];
        if width + 7 <= 8 * WORD {
            // As nearly everywhere: one word holds it, wherever it begins in its first byte.
            let bytes = self.bytes.get(at..at + WORD)?;
            let mut word = u64::from_le_bytes(bytes.try_into().ok()?) >> bit;
            return Some(bits.map(|bits| {
                let field = word & ((1 << bits) - 1);
                word >>= bits;
                field as u32
            }));
        }
        let bytes = self.bytes.get(at..at + TAIL)?;
        let mut word = u128::from_le_bytes(bytes.try_into().ok()?) >> bit;
        Some(bits.map(|bits| {
            let field = word & ((1 << bits) - 1);
            word >>= bits;
            field as u32
        }))
    }

    /// `None` behind the last row, or when it names a kind or column the file does not have.
    #[inline]
    pub fn get(&self, row: usize) -> Option<Row> {
        if row >= self.len() {
            return None;
        }
        let shape = &self.shape;
        let [column, kind, term, deck_row] = self.fields(row)?;
        let first = self.firsts.get(column as usize)?;
        let kind = self.kinds.get(first.kind.wrapping_add(kind) as usize)?;
        Some(Row {
            column: column as u16,
            status: kind.status,
            layer: kind.layer,
            term: first.term.wrapping_add(term),
            window: kind.window,
            deck_row: (deck_row as i32).wrapping_add(shape.first_deck_row),
        })
    }

    /// Only the term of a row.
    #[inline]
    pub fn term(&self, row: usize) -> Option<u32> {
        if row >= self.len() {
            return None;
        }
        let [column, _, term, _] = self.fields(row)?;
        let first = self.firsts.get(column as usize)?;
        Some(first.term.wrapping_add(term))
    }

    pub fn range(&self, rows: std::ops::Range<usize>) -> impl Iterator<Item = Row> + '_ {
        rows.filter_map(|row| self.get(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn packed_rows_come_back_as_they_were(
            raw in proptest::collection::vec((0u16..900, 0u32..40, any::<u32>(), any::<i32>()), 0..200),
            term_bits in 0u8..=32,
            spread in 0u8..32,
        ) {
            let columns = 900usize;
            let firsts: Vec<First> = (0..columns as u32).map(|c| First { term: c * 7, kind: c * 3 }).collect();
            let kinds: Vec<Kind> = (0..3 * columns as u32 + 40).map(|k| Kind { window: k * 2, status: (k % 3) as u8, layer: (k % 4) as u8, spare: 0 }).collect();
            let most = ((1u64 << term_bits) - 1) as u32;
            let rows: Vec<Built> = raw.iter().map(|&(column, kind, term, deck_row)| {
                let first = firsts[usize::from(column)];
                Built { term: first.term.wrapping_add(term & most), kind: first.kind + kind, deck_row: deck_row >> spread, column, spare: 0 }
            }).collect();
            let least = rows.iter().map(|r| r.deck_row).min().unwrap_or(0);
            let largest = rows.iter().map(|r| r.deck_row.wrapping_sub(least) as u32).max().unwrap_or(0);
            let shape = Shape { rows: rows.len() as u32, column: bits(899), kind: bits(39), term: term_bits, deck_row: bits(largest), first_deck_row: least };
            let bytes = shape.pack(&rows, &firsts);
            prop_assert_eq!(bytes.len(), shape.bytes());
            let packed = Rows { shape, bytes: &bytes, firsts: &firsts, kinds: &kinds };
            for (i, row) in rows.iter().enumerate() {
                let kind = kinds[row.kind as usize];
                let whole = Row { column: row.column, status: kind.status, layer: kind.layer, term: row.term, window: kind.window, deck_row: row.deck_row };
                prop_assert_eq!(packed.get(i), Some(whole));
                prop_assert_eq!(packed.term(i), Some(whole.term));
            }
            prop_assert_eq!(packed.get(rows.len()), None);
            prop_assert_eq!(packed.term(rows.len()), None);
        }
    }
}
