//! What an index file must hold beyond its checksums, so that no look-up can leave its arrays.

use rayon::prelude::*;

use super::delta::Delta;
use super::layout::{CLOSED, Code, LpmNode, TOP, TRUNCATED};
use super::rows::Kind;
use super::segment::Segment;
use super::{NONE, candidate, lpm};
use crate::error::SnapshotError;
use crate::number::DigitKey;

/// A complete index.
pub fn check(index: &Segment) -> Result<(), SnapshotError> {
    Checks { index, base: None }.all()
}

/// What a patch is made from: meta, columns, costs.
pub fn check_base(index: &Segment) -> Result<(), SnapshotError> {
    let checks = Checks { index, base: None };
    checks.meta_and_columns()?;
    checks.costs()
}

/// A patch, whose terms, windows, names and currencies go on where those of its base end.
pub fn check_over(patch: &Segment, base: &Segment) -> Result<(), SnapshotError> {
    let checks = Checks {
        index: patch,
        base: Some(base),
    };
    checks.require(
        patch
            .meta
            .currencies
            .starts_with(base.meta.currencies.as_slice()),
        "meta",
        "the currencies do not begin with those of the base",
    )?;
    let same = patch.meta.base_currency == base.meta.base_currency
        && patch.meta.fx == base.meta.fx
        && patch.meta.reference_seconds == base.meta.reference_seconds;
    checks.require(same, "meta", "compiled with other rates than the base")?;
    checks.require(
        base.meta.in_epoch(patch.meta.epoch_from_us),
        "meta",
        "begins outside the epoch of the base",
    )?;
    checks.all()
}

struct Checks<'a> {
    index: &'a Segment,
    base: Option<&'a Segment>,
}

impl Checks<'_> {
    fn require(&self, ok: bool, section: &str, why: &str) -> Result<(), SnapshotError> {
        if ok {
            return Ok(());
        }
        Err(SnapshotError::Damaged {
            file: self.index.container.file().to_owned(),
            section: section.to_owned(),
            why: why.to_owned(),
        })
    }

    fn all(&self) -> Result<(), SnapshotError> {
        self.meta_and_columns()?;
        self.codes()?;
        self.rows()?;
        self.terms()?;
        self.lists()?;
        self.lpm()
    }

    fn meta_and_columns(&self) -> Result<(), SnapshotError> {
        let meta = &self.index.meta;
        self.require(
            (1..=crate::rating::MAX_SECONDS).contains(&meta.reference_seconds),
            "meta",
            "reference seconds out of range",
        )?;
        self.require(
            meta.fx
                .values()
                .all(|fx| (1..=crate::money::MAX_FX_NANOS).contains(fx)),
            "meta",
            "exchange rate out of range",
        )?;
        let columns = self.index.columns();
        self.require(
            columns.len() <= usize::from(u16::MAX),
            "columns",
            "too many offers",
        )?;
        let rows: u64 = self
            .index
            .column_rows()
            .iter()
            .copied()
            .map(u64::from)
            .sum();
        self.require(
            self.index.column_rows().len() == columns.len()
                && rows == self.index.rows().len() as u64,
            "column_rows",
            "does not count the rows",
        )?;
        let sorted = columns.windows(2).all(|w| {
            (w[0].carrier_id, w[0].offer_id, w[0].layer)
                < (w[1].carrier_id, w[1].offer_id, w[1].layer)
        });
        self.require(sorted, "columns", "offers are not sorted by ids")?;
        let known = columns.iter().all(|c| *c != super::DEAD);
        self.require(known, "columns", "an offer has no id")?;
        let fits = crate::layers::table::fits(&self.index.meta.layers, columns);
        self.require(fits, "meta", "layers point outside the columns")
    }

    fn codes(&self) -> Result<(), SnapshotError> {
        let codes = self.index.codes();
        self.require(
            codes.len() < (lpm::NODE - 1) as usize,
            "codes",
            "too many codes",
        )?;
        self.require(
            codes.par_windows(2).all(|w| w[0].key < w[1].key),
            "codes",
            "codes are not sorted",
        )?;
        self.require(
            codes
                .par_iter()
                .all(|c| DigitKey::from_raw(c.key).is_some()),
            "codes",
            "a code is not digits",
        )?;
        let key = |c: &Code| DigitKey::from_checked(c.key);
        let parent_fits = |(i, code): (usize, &Code)| {
            code.parent == NONE
                || (code.parent as usize) < i
                    && codes
                        .get(code.parent as usize)
                        .is_some_and(|parent| key(code).starts_with(key(parent)))
        };
        self.require(
            codes.par_iter().enumerate().all(parent_fits),
            "codes",
            "a parent is not a prefix of its code",
        )?;
        let instants = self.index.instants();
        let known = |change: u32| change == NONE || (change as usize) < instants.len();
        self.require(
            codes
                .par_iter()
                .all(|c| known(c.change) && known(c.own_change)),
            "codes",
            "a change points outside",
        )?;
        let rows = self.index.rows().len();
        let spans = codes
            .first()
            .map_or(rows == 0, |first| first.row_start == 0)
            && codes
                .last()
                .is_none_or(|last| last.row_start as usize <= rows);
        self.require(spans, "codes", "the codes do not span the rows")?;
        self.require(
            codes
                .par_windows(2)
                .all(|w| w[0].row_start <= w[1].row_start),
            "codes",
            "the rows of the codes are not ascending",
        )
    }

    fn rows(&self) -> Result<(), SnapshotError> {
        let (index, rows) = (self.index, self.index.rows());
        let columns = index.columns().len();
        self.require(
            rows.shape.is_sound() && rows.bytes.len() == rows.shape.bytes(),
            "rows",
            "are not as long as they say",
        )?;
        self.require(
            rows.firsts.len() == columns,
            "column_firsts",
            "are not as many as columns",
        )?;
        let within = |value: u32, base: usize, count: usize| {
            (base..base + count).contains(&(value as usize))
        };
        let (term_base, window_base) = (
            self.base.map_or(0, |b| b.prices().len()),
            self.base.map_or(0, |b| b.windows().len()),
        );
        let (terms, windows) = (index.prices().len(), index.windows().len());
        let kind_fits = |k: &Kind| within(k.window, window_base, windows) && k.status <= CLOSED;
        self.require(
            rows.kinds.par_iter().all(kind_fits),
            "row_kinds",
            "a kind points outside",
        )?;
        // Of every code: each row within the arrays, and by column.
        let sound = |code: usize| {
            let mut last = 0u16;
            index.rows_of(code).all(|row| {
                rows.get(row).is_some_and(|row| {
                    let in_order = row.column >= last;
                    last = row.column;
                    in_order && within(row.term, term_base, terms)
                })
            })
        };
        self.require(
            (0..index.codes().len())
                .into_par_iter()
                .with_min_len(1024)
                .all(sound),
            "rows",
            "a row points outside, or the rows of a code are not sorted by offer",
        )
    }

    fn terms(&self) -> Result<(), SnapshotError> {
        let index = self.index;
        let (starts, names) = (index.name_starts(), index.names());
        self.require(
            !starts.is_empty() && starts.windows(2).all(|w| w[0] <= w[1]),
            "name_starts",
            "is not ascending",
        )?;
        self.require(
            starts.last().map(|&s| s as usize) == Some(names.len()),
            "name_starts",
            "does not span the names",
        )?;
        let are_text = starts.par_windows(2).all(|w| {
            names
                .get(w[0] as usize..w[1] as usize)
                .is_some_and(|n| std::str::from_utf8(n).is_ok())
        });
        self.require(are_text, "names", "a name is not text")?;
        let name_base = self
            .base
            .map_or(0, |b| b.name_starts().len().saturating_sub(1));
        let name_count = starts.len() - 1;
        let term_fits = |term: usize| {
            index.term(term).is_some_and(|t| {
                usize::from(t.scheme.currency) < index.meta.currencies.len()
                    && (name_base..name_base + name_count).contains(&(t.destination as usize))
                    && t.scheme.first_rate_nanos >= -1
                    && t.terms().check().is_ok()
            })
        };
        self.require(
            (0..index.prices().len()).into_par_iter().all(term_fits),
            "prices",
            "a term is out of range",
        )?;
        self.require(
            index.windows().iter().all(|w| {
                w.from_us < w.until_us && w.row_from_us <= w.from_us && w.until_us <= w.row_until_us
            }),
            "windows",
            "an interval ends before it begins",
        )
    }

    fn costs(&self) -> Result<(), SnapshotError> {
        let (keys, costs) = (self.index.cost_keys(), self.index.costs());
        self.require(keys.len() == costs.len(), "cost_keys", "wrong length")?;
        self.require(
            keys.par_windows(2).all(|w| w[0] < w[1]) && keys.last().is_none_or(|&k| k < NONE),
            "cost_keys",
            "is not ascending",
        )?;
        self.require(
            costs.par_windows(2).all(|w| w[0].get() < w[1].get()),
            "costs",
            "is not ascending",
        )
    }

    fn lists(&self) -> Result<(), SnapshotError> {
        self.costs()?;
        let index = self.index;
        let (codes, keys) = (index.codes(), index.cost_keys());
        let columns = index.columns().len();
        let places = index.places;
        let ranked = |rank: u32| places.place(keys, rank).is_some();
        let top_fits = |code: &Code| {
            let Some(line) = index.top().get(code.top as usize) else {
                return false;
            };
            let len = (line.0[0] & 0xff) as usize;
            let (entries, _) = index.hot().top_of(code);
            line.0[0] & !(TRUNCATED | 0xff) == 0
                && len <= TOP
                && entries.len() == len
                && entries.windows(2).all(|w| w[0] < w[1])
                && entries.iter().all(|&entry| {
                    usize::from(candidate::column(entry)) < columns
                        && ranked(candidate::rank(entry))
                        && candidate::matched_len(entry) >= 1
                })
        };
        // A list that a neighbour shares is looked at once.
        let is_other = |i: usize| i == 0 || codes[i - 1].top != codes[i].top;
        self.require(
            codes
                .par_iter()
                .enumerate()
                .with_min_len(1024)
                .all(|(i, code)| !is_other(i) || top_fits(code)),
            "top",
            "a list points outside",
        )?;
        let delta_fits = |code: &Code| {
            code.delta == NONE
                || Delta::at(index.delta(), code.delta, columns).is_some_and(|delta| {
                    delta.is_sound(columns)
                        && delta
                            .entries()
                            .all(|(_, rank)| rank == NONE || ranked(rank))
                })
        };
        self.require(
            codes.par_iter().with_min_len(1024).all(delta_fits),
            "delta",
            "an entry points outside",
        )
    }

    fn lpm(&self) -> Result<(), SnapshotError> {
        let lpm = self.index.hot().lpm;
        self.require(
            lpm.root.len() == lpm::ROOT_SLOTS,
            "lpm_root",
            "wrong length",
        )?;
        // A node lies behind the one that names it, so that no look-up goes round in circles.
        let slot_fits = |slot: u32, least: usize| {
            if slot & lpm::NODE != 0 {
                let node = (slot & !lpm::NODE) as usize;
                node >= least && node < lpm.nodes.len()
            } else {
                slot as usize <= self.index.codes().len()
            }
        };
        self.require(
            lpm.root.par_iter().all(|&slot| slot_fits(slot, 0)),
            "lpm_root",
            "a slot points outside",
        )?;
        let node_fits = |(i, node): (usize, &LpmNode)| {
            node.slots.iter().all(|&slot| slot_fits(slot, i + 1))
                && node.slots[lpm::END] & lpm::NODE == 0
        };
        self.require(
            lpm.nodes.par_iter().enumerate().all(node_fits),
            "lpm_nodes",
            "a node points outside",
        )
    }
}
