//! A patch laid over a complete index.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::layout::{ColumnId, Meta};
use super::segment::Segment;
use super::{DEAD, Index, NONE, check};
use crate::error::SnapshotError;
use crate::layers::OfferLayers;
use crate::time;

pub struct Over {
    pub segment: Segment,
    /// Number of the patch's first column in the index as a whole: a multiple of 64, so that masks are read by words.
    pub first_column: u16,
    /// Place of every column by (carrier, offer): which of two equal costs comes first.
    pub order: Vec<u32>,
    /// Next change of the rows of exactly one code of the base, for codes where a replaced offer had one ahead.
    pub changes: FxHashMap<u32, i64>,
}

/// The codes of the base at which rows of dead columns change ahead, with the next change of the others.
fn changes(base: &Segment, columns: &[ColumnId]) -> FxHashMap<u32, i64> {
    let epoch = base.meta.epoch_from_us;
    let (rows, windows) = (base.rows(), base.windows());
    let next = |code: usize, counts: bool| {
        let of_code = rows.range(base.rows_of(code));
        let of =
            of_code.filter(|row| (columns.get(usize::from(row.column)) != Some(&DEAD)) == counts);
        let changes = of.filter_map(|row| {
            let window = windows.get(row.window as usize)?;
            Some(window.next_change(epoch))
        });
        changes.min().unwrap_or(time::NEVER)
    };
    (0..base.codes().len())
        .into_par_iter()
        .with_min_len(4096)
        .filter(|&code| base.codes()[code].own_change != NONE)
        .filter(|&code| next(code, false) != time::NEVER)
        .map(|code| (code as u32, next(code, true)))
        .collect::<Vec<_>>()
        .into_iter()
        .collect()
}

/// Layered offers of both parts that count, with columns of the index as a whole.
fn layers(base: &Meta, patch: &Meta, replaced: &[i64], first_column: u16) -> Vec<OfferLayers> {
    let of_base = base.layers.iter();
    let mut all: Vec<OfferLayers> = of_base
        .filter(|l| !replaced.contains(&l.offer_id))
        .cloned()
        .collect();
    all.extend(patch.layers.iter().map(|l| OfferLayers {
        first_column: l.first_column + first_column,
        ..l.clone()
    }));
    all
}

impl Index {
    pub(super) fn laid_over(base: Arc<Segment>, segment: Segment) -> Result<Self, SnapshotError> {
        let invalid = |why: &str| SnapshotError::Invalid {
            file: segment.container.file().to_owned(),
            why: why.to_owned(),
        };
        let patch = segment
            .meta
            .patch
            .clone()
            .filter(|patch| patch.base == base.container.file() && base.meta.patch.is_none())
            .ok_or_else(|| invalid("a patch of another index"))?;
        check::check_over(&segment, &base)?;
        let first = base.columns().len().next_multiple_of(64);
        let count = first + segment.columns().len();
        let first_column = u16::try_from(first)
            .ok()
            .filter(|_| count <= usize::from(u16::MAX))
            .ok_or_else(|| invalid("more than 65535 columns"))?;
        let mut columns: Vec<ColumnId> = base.columns().to_vec();
        for column in &mut columns {
            if patch.replaced.contains(&column.offer_id) {
                *column = DEAD;
            }
        }
        columns.resize(first, DEAD);
        columns.extend_from_slice(segment.columns());
        let live = |c: &&ColumnId| **c != DEAD;
        let mut offers: Vec<i64> = segment.columns().iter().map(|c| c.offer_id).collect();
        offers.sort_unstable();
        if columns[..first]
            .iter()
            .filter(live)
            .any(|c| offers.binary_search(&c.offer_id).is_ok())
        {
            return Err(invalid("an offer stands in the base and in the patch"));
        }
        let mut places: Vec<usize> = (0..columns.len()).collect();
        places.sort_by_key(|&i| (columns[i].carrier_id, columns[i].offer_id, i));
        let mut order = vec![0u32; columns.len()];
        for (place, column) in (0u32..).zip(places) {
            order[column] = place;
        }
        let changes = changes(&base, &columns);
        let until = [base.meta.epoch_until_us, segment.meta.epoch_until_us];
        let meta = Meta {
            epoch_from_us: base.meta.epoch_from_us.max(segment.meta.epoch_from_us),
            epoch_until_us: until.into_iter().flatten().min(),
            layers: layers(&base.meta, &segment.meta, &patch.replaced, first_column),
            ..segment.meta.clone()
        };
        Ok(Self {
            meta,
            base,
            over: Some(Over {
                segment,
                first_column,
                order,
                changes,
            }),
            columns,
        })
    }
}
