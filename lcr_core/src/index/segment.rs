//! One index file in memory: the spans of its sections, and the arrays behind them.

use super::container::{Container, Span};
use super::layout::{Code, ColumnId, Cost, Line, LpmNode, Meta, Price, Scheme, Term, Window};
use super::ranks::Places;
use super::rows::{First, Kind, Rows};
use super::walk::Hot;
use crate::error::SnapshotError;

pub struct Segment {
    pub container: Container,
    pub meta: Meta,
    columns: Span<ColumnId>,
    column_rows: Span<u32>,
    codes: Span<Code>,
    instants: Span<i64>,
    column_firsts: Span<First>,
    row_kinds: Span<Kind>,
    rows: Span<u8>,
    prices: Span<Price>,
    schemes: Span<Scheme>,
    windows: Span<Window>,
    name_starts: Span<u32>,
    names: Span<u8>,
    costs: Span<Cost>,
    cost_keys: Span<u32>,
    top: Span<Line>,
    delta: Span<u32>,
    lpm_root: Span<u32>,
    lpm_nodes: Span<LpmNode>,
    /// Of cost ranks.
    pub places: Places,
}

impl Segment {
    /// Spans and meta; what the arrays hold is not looked at yet.
    pub fn of(container: Container) -> Result<Self, SnapshotError> {
        let meta_span = container.section::<u8>("meta")?;
        let meta = serde_json::from_slice(container.slice(&meta_span)).map_err(|e| {
            SnapshotError::Damaged {
                file: container.file().to_owned(),
                section: "meta".to_owned(),
                why: e.to_string(),
            }
        })?;
        let cost_keys = container.section("cost_keys")?;
        let places = Places::of(container.slice(&cost_keys));
        Ok(Self {
            meta,
            columns: container.section("columns")?,
            column_rows: container.section("column_rows")?,
            codes: container.section("codes")?,
            instants: container.section("instants")?,
            column_firsts: container.section("column_firsts")?,
            row_kinds: container.section("row_kinds")?,
            rows: container.section("rows")?,
            prices: container.section("prices")?,
            schemes: container.section("schemes")?,
            windows: container.section("windows")?,
            name_starts: container.section("name_starts")?,
            names: container.section("names")?,
            costs: container.section("costs")?,
            cost_keys,
            places,
            top: container.section("top")?,
            delta: container.section("delta")?,
            lpm_root: container.section("lpm_root")?,
            lpm_nodes: container.section("lpm_nodes")?,
            container,
        })
    }

    pub fn columns(&self) -> &[ColumnId] {
        self.container.slice(&self.columns)
    }
    /// Rows of each column.
    pub fn column_rows(&self) -> &[u32] {
        self.container.slice(&self.column_rows)
    }
    pub fn codes(&self) -> &[Code] {
        self.container.slice(&self.codes)
    }
    pub fn instants(&self) -> &[i64] {
        self.container.slice(&self.instants)
    }
    #[inline]
    pub fn rows(&self) -> Rows<'_> {
        Rows {
            shape: self.meta.rows,
            bytes: self.container.slice(&self.rows),
            firsts: self.container.slice(&self.column_firsts),
            kinds: self.container.slice(&self.row_kinds),
        }
    }
    pub fn prices(&self) -> &[Price] {
        self.container.slice(&self.prices)
    }
    pub fn schemes(&self) -> &[Scheme] {
        self.container.slice(&self.schemes)
    }
    /// By its number in this file.
    pub fn term(&self, term: usize) -> Option<Term> {
        let price = self.prices().get(term)?;
        Some(Term {
            rate_nanos: price.rate_nanos,
            destination: price.destination,
            scheme: *self.schemes().get(price.scheme as usize)?,
        })
    }
    pub fn windows(&self) -> &[Window] {
        self.container.slice(&self.windows)
    }
    pub fn name_starts(&self) -> &[u32] {
        self.container.slice(&self.name_starts)
    }
    pub fn names(&self) -> &[u8] {
        self.container.slice(&self.names)
    }
    pub fn costs(&self) -> &[Cost] {
        self.container.slice(&self.costs)
    }
    pub fn cost_keys(&self) -> &[u32] {
        self.container.slice(&self.cost_keys)
    }
    pub fn top(&self) -> &[Line] {
        self.container.slice(&self.top)
    }
    pub fn delta(&self) -> &[u32] {
        self.container.slice(&self.delta)
    }

    /// What decisions read.
    pub fn hot(&self) -> Hot<'_> {
        Hot::new(
            self.container.slice(&self.lpm_root),
            self.container.slice(&self.lpm_nodes),
            self.codes(),
            self.top(),
            self.delta(),
            self.columns().len(),
        )
    }

    /// Bytes of what decisions read.
    pub fn bytes_hot(&self) -> usize {
        let hot = self.hot();
        size_of_val(hot.lpm.root)
            + size_of_val(hot.lpm.nodes)
            + size_of_val(hot.codes)
            + size_of_val(hot.top)
            + size_of_val(hot.delta)
    }

    /// Rows of a code of this segment.
    pub fn rows_of(&self, code: usize) -> std::ops::Range<usize> {
        let codes = self.codes();
        let Some(record) = codes.get(code) else {
            return 0..0;
        };
        let end = codes
            .get(code + 1)
            .map_or(self.rows().len(), |next| next.row_start as usize);
        record.row_start as usize..end.max(record.row_start as usize)
    }

    pub fn name(&self, name: u32) -> &str {
        let starts = self.name_starts();
        let at = name as usize;
        let range = starts
            .get(at)
            .zip(starts.get(at + 1))
            .map(|(a, b)| *a as usize..*b as usize);
        range
            .and_then(|r| self.names().get(r))
            .and_then(|b| std::str::from_utf8(b).ok())
            .unwrap_or("")
    }

    pub fn cost(&self, rank: u32) -> Option<u128> {
        self.places
            .place(self.cost_keys(), rank)
            .and_then(|i| self.costs().get(i))
            .map(Cost::get)
    }
}
