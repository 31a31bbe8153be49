//! The merged index: one trie over the union of all offers' codes (docs/lcr-index.md has the layout field by field).
//!
//! Two sides of the same rates: every timeline row by code (any instant, explain), and for the epoch what decisions read:
//! longest match, a record a code, top lists, and each code's own entries. A patch is a second, small index laid over a
//! complete one: it has columns of its own for the offers it replaces, and theirs in the base no longer count.

mod ahead;
pub mod build;
pub mod candidate;
mod check;
pub mod columns;
pub mod container;
pub mod delta;
pub mod layout;
pub mod lookup;
mod lpm;
pub mod mask;
mod merge;
mod over;
pub mod patch;
mod prefetch;
pub use prefetch::prefetch_value;
mod ranks;
pub mod rows;
mod segment;
mod shards;
mod shared;
pub mod timeline;
pub mod walk;

use std::path::Path;
use std::sync::Arc;

use crate::error::SnapshotError;
use crate::number::DigitKey;
use crate::rating::Terms;
use container::Container;
use layout::{ColumnId, Meta, Row, Scheme, Term, Window};
use over::Over;
use segment::Segment;

/// No parent, no code, no candidate.
pub const NONE: u32 = u32::MAX;

/// Offer of a column that no longer counts.
pub const DEAD: ColumnId = ColumnId {
    offer_id: i64::MIN,
    carrier_id: i64::MIN,
    layer: 0,
    spare: 0,
};

/// Digits of a stored code.
fn key_len(key: u64) -> usize {
    DigitKey::from_checked(key).len()
}

pub struct Index {
    /// Of base and patch together.
    pub meta: Meta,
    base: Arc<Segment>,
    over: Option<Over>,
    columns: Vec<ColumnId>,
}

impl Index {
    pub fn open(path: &Path) -> Result<Self, SnapshotError> {
        Self::open_beside(path, None)
    }

    /// The same, without reading and checking again what `known` has open already.
    pub fn open_beside(path: &Path, known: Option<&Self>) -> Result<Self, SnapshotError> {
        let segment = Segment::of(Container::open(path)?)?;
        let Some(patch) = &segment.meta.patch else {
            check::check(&segment)?;
            return Ok(Self::whole(Arc::new(segment)));
        };
        let base = match known.filter(|k| k.base.container.file() == patch.base) {
            Some(known) => Arc::clone(&known.base),
            None if crate::access::is_index_name(&patch.base) => {
                let base = Segment::of(Container::open(&path.with_file_name(&patch.base))?)?;
                check::check(&base)?;
                Arc::new(base)
            }
            None => {
                return Err(SnapshotError::Invalid {
                    file: segment.container.file().to_owned(),
                    why: "its base is not the name of an index file".to_owned(),
                });
            }
        };
        Self::laid_over(base, segment)
    }

    /// A complete index in memory.
    pub fn from_bytes(bytes: &[u8], file: &str) -> Result<Self, SnapshotError> {
        let segment = Segment::of(Container::from_bytes(bytes, file)?)?;
        if segment.meta.patch.is_some() {
            return Err(SnapshotError::Invalid {
                file: file.to_owned(),
                why: "a patch without its base".to_owned(),
            });
        }
        check::check(&segment)?;
        Ok(Self::whole(Arc::new(segment)))
    }

    /// A patch in memory over an open index, which is complete itself.
    pub fn patched_from_bytes(&self, bytes: &[u8], file: &str) -> Result<Self, SnapshotError> {
        let segment = Segment::of(Container::from_bytes(bytes, file)?)?;
        Self::laid_over(Arc::clone(&self.base), segment)
    }

    fn whole(base: Arc<Segment>) -> Self {
        Self {
            meta: base.meta.clone(),
            columns: base.columns().to_vec(),
            base,
            over: None,
        }
    }

    /// The name of the file that was opened.
    pub fn file(&self) -> &str {
        self.over.as_ref().map_or_else(
            || self.base.container.file(),
            |over| over.segment.container.file(),
        )
    }
    /// The complete index below a patch, or the index itself.
    pub fn base_file(&self) -> &str {
        self.base.container.file()
    }
    pub fn is_patched(&self) -> bool {
        self.over.is_some()
    }
    fn segments(&self) -> impl Iterator<Item = &Segment> {
        std::iter::once(&*self.base).chain(self.over.as_ref().map(|o| &o.segment))
    }
    pub fn bytes_total(&self) -> usize {
        self.segments().map(|s| s.container.bytes_total()).sum()
    }
    /// Bytes of what decisions read: longest match, records, top lists, own entries.
    pub fn bytes_hot(&self) -> usize {
        self.segments().map(Segment::bytes_hot).sum()
    }
    /// By column number; `DEAD` where the column no longer counts.
    pub fn columns(&self) -> &[ColumnId] {
        &self.columns
    }
    /// Rows of columns that count.
    pub fn rate_count(&self) -> usize {
        let base = self.base.column_rows().iter().zip(&self.columns);
        let live = base.filter(|(_, column)| **column != DEAD);
        let patch = self.over.as_ref().map_or(0, |o| o.segment.rows().len());
        live.map(|(rows, _)| *rows as usize).sum::<usize>() + patch
    }
    /// Codes of both parts.
    pub fn code_count(&self) -> usize {
        self.segments().map(|s| s.codes().len()).sum()
    }

    /// The part that holds this code, and the code's number in it.
    fn of_code(&self, code: u32) -> (&Segment, usize) {
        let codes = self.base.codes().len();
        match &self.over {
            Some(over) if code as usize >= codes => (&over.segment, code as usize - codes),
            _ => (&self.base, code as usize),
        }
    }

    /// The code with this number (as counted in the index).
    pub fn code(&self, code: u32) -> Option<DigitKey> {
        let (segment, at) = self.of_code(code);
        segment
            .codes()
            .get(at)
            .map(|c| DigitKey::from_checked(c.key))
    }

    /// The next shorter code of the same part that is a prefix of this one.
    pub fn parent(&self, code: u32) -> Option<u32> {
        let (segment, at) = self.of_code(code);
        let parent = segment
            .codes()
            .get(at)
            .map(|c| c.parent)
            .filter(|&p| p != NONE)?;
        Some(code - at as u32 + parent)
    }

    /// The numbers of the rows that have exactly this code: by column, then by `effective_from`.
    pub fn rows_of(&self, code: u32) -> std::ops::Range<u32> {
        let (segment, at) = self.of_code(code);
        let first = match &self.over {
            Some(over) if std::ptr::eq(segment, &over.segment) => self.base.rows().len(),
            _ => 0,
        };
        let range = segment.rows_of(at);
        (first + range.start) as u32..(first + range.end) as u32
    }

    /// A row; its column counts in the index as a whole.
    #[inline]
    pub fn row(&self, row: u32) -> Option<Row> {
        let rows = self.base.rows();
        match &self.over {
            Some(over) if row as usize >= rows.len() => {
                let mut row = over.segment.rows().get(row as usize - rows.len())?;
                row.column += over.first_column;
                Some(row)
            }
            _ => rows.get(row as usize),
        }
    }

    /// Rows with exactly this code of columns that count, with their numbers.
    pub fn rows_at(&self, code: u32) -> impl Iterator<Item = (u32, Row)> + '_ {
        self.rows_of(code)
            .filter_map(|number| Some((number, self.row(number)?)))
            .filter(|(_, row)| self.counts(row.column))
    }

    /// False for the columns of offers that a patch replaced.
    pub fn counts(&self, column: u16) -> bool {
        self.columns
            .get(usize::from(column))
            .is_some_and(|c| *c != DEAD)
    }

    pub fn term(&self, row: &Row) -> Option<Term> {
        let terms = self.base.prices().len();
        match &self.over {
            Some(over) if row.term as usize >= terms => {
                over.segment.term(row.term as usize - terms)
            }
            _ => self.base.term(row.term as usize),
        }
    }

    /// The number of the row's scheme, in `schemes`.
    #[inline]
    pub fn scheme_of(&self, row: &Row) -> Option<u32> {
        let (terms, schemes) = (self.base.prices(), self.base.schemes().len() as u32);
        match &self.over {
            Some(over) if row.term as usize >= terms.len() => {
                let price = over.segment.prices().get(row.term as usize - terms.len())?;
                price.scheme.checked_add(schemes)
            }
            _ => terms.get(row.term as usize).map(|price| price.scheme),
        }
    }

    /// Those of the base, then those of a patch.
    pub fn schemes(&self) -> impl Iterator<Item = &Scheme> {
        let over = self.over.as_ref().map(|over| over.segment.schemes());
        self.base.schemes().iter().chain(over.into_iter().flatten())
    }

    pub fn window(&self, row: &Row) -> Option<&Window> {
        let windows = self.base.windows();
        match &self.over {
            Some(over) if row.window as usize >= windows.len() => over
                .segment
                .windows()
                .get(row.window as usize - windows.len()),
            _ => windows.get(row.window as usize),
        }
    }

    pub fn terms_of(&self, row: &Row) -> Option<(Terms, u16)> {
        self.term(row).map(|t| (t.terms(), t.scheme.currency))
    }

    pub fn currency(&self, currency: u16) -> &str {
        self.meta
            .currencies
            .get(usize::from(currency))
            .map_or("", String::as_str)
    }

    pub fn destination(&self, term: &Term) -> &str {
        let names = self.base.name_starts().len().saturating_sub(1) as u32;
        match &self.over {
            Some(over) if term.destination >= names => over.segment.name(term.destination - names),
            _ => self.base.name(term.destination),
        }
    }

    /// The exact comparable of a candidate at the index's own reference seconds and exchange rates.
    pub fn cost(&self, candidate: u64) -> Option<u128> {
        let rank = candidate::rank(candidate);
        match &self.over {
            Some(over) if candidate::column(candidate) >= over.first_column => {
                over.segment.cost(rank)
            }
            _ => self.base.cost(rank),
        }
    }

    /// The longest code that is a prefix of `number`.
    pub fn longest(&self, number: DigitKey) -> Option<u32> {
        self.chain(number)
            .max_by_key(|&code| self.code(code).map_or(0, DigitKey::len))
    }

    /// The codes that are prefixes of `number`, longest first; those of a patch after those of the base (an offer has
    /// rows that count in one of them only).
    pub fn chain(&self, number: DigitKey) -> impl Iterator<Item = u32> + '_ {
        let first = self.base.hot().lpm.longest(number);
        let codes = self.base.codes().len() as u32;
        let second = self
            .over
            .as_ref()
            .and_then(|over| over.segment.hot().lpm.longest(number))
            .map(|code| code + codes);
        let up = |first: Option<u32>| std::iter::successors(first, |&code| self.parent(code));
        up(first).chain(up(second))
    }

    pub fn column_of(&self, offer_id: i64) -> Option<u16> {
        self.columns
            .iter()
            .position(|c| c.offer_id == offer_id)
            .and_then(|i| u16::try_from(i).ok())
    }

    /// The row of `column` at `code` that is valid at `at`.
    pub fn valid_row(&self, code: u32, column: u16, at: i64) -> Option<u32> {
        let range = self.rows_of(code);
        let column_at = |row: u32| self.row(row).map_or(u16::MAX, |r| r.column);
        let (mut low, mut high) = (range.start, range.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if column_at(middle) < column {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low..range.end)
            .map_while(|number| {
                let row = self.row(number).filter(|r| r.column == column)?;
                Some((number, row))
            })
            .find(|(_, row)| self.window(row).is_some_and(|w| w.holds(at)))
            .map(|(number, _)| number)
    }
}
