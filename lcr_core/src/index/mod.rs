//! The merged index: one trie over the union of all offers' codes.
//!
//! `entries` = every timeline row by code (any instant, explain); `lists` = for each code the complete candidate list
//! of numbers that end there, sorted by cost, at the epoch. A code's list is named by number (`list_of_code`), so that a
//! later layout may put top lists and deltas behind the same name.

pub mod build;
pub mod candidate;
mod check;
pub mod columns;
pub mod container;
pub mod layout;
mod lpm;
mod merge;
pub mod timeline;

use std::path::Path;

use crate::error::SnapshotError;
use crate::number::DigitKey;
use crate::rating::Terms;
use container::{Container, Span};
use layout::{ColumnId, Cost, LpmNode, Meta, Row, Term, Window};

/// No parent, no code.
pub const NONE: u32 = u32::MAX;

pub struct Index {
    container: Container,
    pub meta: Meta,
    columns: Span<ColumnId>,
    codes: Span<u64>,
    parents: Span<u32>,
    next_change: Span<i64>,
    row_starts: Span<u32>,
    rows: Span<Row>,
    terms: Span<Term>,
    windows: Span<Window>,
    name_starts: Span<u32>,
    names: Span<u8>,
    costs: Span<Cost>,
    list_of_code: Span<u32>,
    list_starts: Span<u64>,
    lists: Span<u64>,
    lpm_root: Span<u32>,
    lpm_nodes: Span<LpmNode>,
}

impl Index {
    pub fn open(path: &Path) -> Result<Self, SnapshotError> {
        Self::from_container(Container::open(path)?)
    }

    pub fn from_bytes(bytes: &[u8], file: &str) -> Result<Self, SnapshotError> {
        Self::from_container(Container::from_bytes(bytes, file)?)
    }

    fn from_container(container: Container) -> Result<Self, SnapshotError> {
        let meta_span = container.section::<u8>("meta")?;
        let meta = serde_json::from_slice(container.slice(&meta_span)).map_err(|e| {
            SnapshotError::Damaged {
                file: container.file().to_owned(),
                section: "meta".to_owned(),
                why: e.to_string(),
            }
        })?;
        let index = Self {
            meta,
            columns: container.section("columns")?,
            codes: container.section("codes")?,
            parents: container.section("parents")?,
            next_change: container.section("next_change")?,
            row_starts: container.section("row_starts")?,
            rows: container.section("rows")?,
            terms: container.section("terms")?,
            windows: container.section("windows")?,
            name_starts: container.section("name_starts")?,
            names: container.section("names")?,
            costs: container.section("costs")?,
            list_of_code: container.section("list_of_code")?,
            list_starts: container.section("list_starts")?,
            lists: container.section("lists")?,
            lpm_root: container.section("lpm_root")?,
            lpm_nodes: container.section("lpm_nodes")?,
            container,
        };
        check::check(&index)?;
        Ok(index)
    }

    pub fn file(&self) -> &str {
        self.container.file()
    }
    pub fn bytes_total(&self) -> usize {
        self.container.bytes_total()
    }
    pub fn columns(&self) -> &[ColumnId] {
        self.container.slice(&self.columns)
    }
    pub fn codes(&self) -> &[u64] {
        self.container.slice(&self.codes)
    }
    pub fn parents(&self) -> &[u32] {
        self.container.slice(&self.parents)
    }
    pub fn next_changes(&self) -> &[i64] {
        self.container.slice(&self.next_change)
    }
    pub fn row_starts(&self) -> &[u32] {
        self.container.slice(&self.row_starts)
    }
    pub fn rows(&self) -> &[Row] {
        self.container.slice(&self.rows)
    }
    pub fn terms(&self) -> &[Term] {
        self.container.slice(&self.terms)
    }
    pub fn windows(&self) -> &[Window] {
        self.container.slice(&self.windows)
    }
    pub fn costs(&self) -> &[Cost] {
        self.container.slice(&self.costs)
    }
    fn list_of_code(&self) -> &[u32] {
        self.container.slice(&self.list_of_code)
    }
    fn list_starts(&self) -> &[u64] {
        self.container.slice(&self.list_starts)
    }
    fn lists(&self) -> &[u64] {
        self.container.slice(&self.lists)
    }

    /// The code with this number (as counted in the index).
    pub fn code(&self, code: u32) -> Option<DigitKey> {
        self.codes()
            .get(code as usize)
            .copied()
            .map(DigitKey::from_checked)
    }

    /// The next shorter code of the union that is a prefix of this one.
    pub fn parent(&self, code: u32) -> Option<u32> {
        self.parents()
            .get(code as usize)
            .copied()
            .filter(|&p| p != NONE)
    }

    /// The numbers of the rows that have exactly this code: by column, then by `effective_from`.
    pub fn rows_of(&self, code: u32) -> std::ops::Range<u32> {
        let starts = self.row_starts();
        let at = |i: usize| starts.get(i).copied().unwrap_or(0);
        at(code as usize)..at(code as usize + 1)
    }

    pub fn row(&self, row: u32) -> Option<&Row> {
        self.rows().get(row as usize)
    }

    pub fn term(&self, row: &Row) -> Option<&Term> {
        self.terms().get(row.term as usize)
    }

    pub fn window(&self, row: &Row) -> Option<&Window> {
        self.windows().get(row.window as usize)
    }

    pub fn terms_of(&self, row: &Row) -> Option<(Terms, u16)> {
        self.term(row).map(|t| (t.terms(), t.currency))
    }

    pub fn currency(&self, currency: u16) -> &str {
        self.meta
            .currencies
            .get(usize::from(currency))
            .map_or("", String::as_str)
    }

    pub fn destination(&self, term: &Term) -> &str {
        let starts: &[u32] = self.container.slice(&self.name_starts);
        let names: &[u8] = self.container.slice(&self.names);
        let at = term.destination as usize;
        let range = starts
            .get(at)
            .zip(starts.get(at + 1))
            .map(|(a, b)| *a as usize..*b as usize);
        range
            .and_then(|r| names.get(r))
            .and_then(|b| std::str::from_utf8(b).ok())
            .unwrap_or("")
    }

    /// Candidates of numbers whose longest code is `code`, at the epoch, by (cost, column).
    pub fn candidates(&self, code: u32) -> &[u64] {
        let list = self
            .list_of_code()
            .get(code as usize)
            .copied()
            .unwrap_or(NONE) as usize;
        let starts = self.list_starts();
        match (starts.get(list), starts.get(list.wrapping_add(1))) {
            (Some(&a), Some(&b)) => self.lists().get(a as usize..b as usize).unwrap_or(&[]),
            _ => &[],
        }
    }

    /// The exact comparable of a cost rank at the index's own reference seconds and exchange rates.
    pub fn cost(&self, rank: u32) -> Option<u128> {
        self.costs().get(rank as usize).map(Cost::get)
    }

    /// The longest code of the union that is a prefix of `number`.
    pub fn longest(&self, number: DigitKey) -> Option<u32> {
        lpm::longest(
            self.codes(),
            self.container.slice(&self.lpm_root),
            self.container.slice(&self.lpm_nodes),
            number,
        )
    }

    fn lpm(&self) -> (&[u32], &[LpmNode]) {
        (
            self.container.slice(&self.lpm_root),
            self.container.slice(&self.lpm_nodes),
        )
    }

    /// The codes that are prefixes of `number`, longest first.
    pub fn chain(&self, number: DigitKey) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(self.longest(number), |&code| self.parent(code))
    }

    pub fn column_of(&self, offer_id: i64) -> Option<u16> {
        self.columns()
            .iter()
            .position(|c| c.offer_id == offer_id)
            .and_then(|i| u16::try_from(i).ok())
    }

    /// The row of `column` at `code` that is valid at `at`.
    pub fn valid_row(&self, code: u32, column: u16, at: i64) -> Option<u32> {
        let range = self.rows_of(code);
        let rows = self.rows().get(range.start as usize..range.end as usize)?;
        let first = rows.partition_point(|r| r.column < column);
        let found = rows[first..]
            .iter()
            .take_while(|r| r.column == column)
            .position(|r| self.window(r).is_some_and(|w| w.holds(at)))?;
        u32::try_from(range.start as usize + first + found).ok()
    }
}
