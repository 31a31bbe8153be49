//! New rates of a few offers without a build of everything: a small index with columns of their own, laid over the base.
//!
//! A patch is always made for a complete index and holds all offers that differ from it, so that one never lies on
//! another. Its answers are those of a complete build (tests/patched.rs); `BuildError::Stale` says when only that will do.

use std::path::Path;

use super::build::{Compiled, Config, Progress, Source, compile_beside};
use super::container::Container;
use super::layout::Patch;
use super::segment::Segment;
use super::{Index, check};
use crate::error::{BuildError, SnapshotError};

/// Columns a patch may have: beyond that a build costs less than what every decision pays for the patch.
pub const MOST_COLUMNS: usize = 512;

/// What a patch needs of its base: ids, costs and their ranks, counts. Only those sections are read and verified, so that
/// a patch of a large index does not wait for the whole of it.
pub struct Base(Segment);

impl Base {
    pub fn open(path: &Path) -> Result<Self, SnapshotError> {
        let parts = ["meta", "columns", "column_rows", "cost_keys", "costs"];
        let segment = Segment::of(Container::open_parts(path, Some(&parts))?)?;
        if segment.meta.patch.is_some() {
            return Err(SnapshotError::Invalid {
                file: segment.container.file().to_owned(),
                why: "a patch is made for a complete index, not for a patch".to_owned(),
            });
        }
        check::check_base(&segment)?;
        Ok(Self(segment))
    }
}

/// The patch of `base` that gives `sources` their new rates; an offer the base does not have is added.
pub fn patch(
    base: &Base,
    config: &Config,
    sources: Vec<Source>,
    progress: Progress<'_>,
) -> Result<Compiled, BuildError> {
    patch_segment(&base.0, config, sources, progress)
}

impl Index {
    /// A patch of this index, which must be complete itself.
    pub fn patch(
        &self,
        config: &Config,
        sources: Vec<Source>,
        progress: Progress<'_>,
    ) -> Result<Compiled, BuildError> {
        if self.is_patched() {
            return Err(BuildError::Config(
                "a patch is made for a complete index, not for a patched one".to_owned(),
            ));
        }
        patch_segment(&self.base, config, sources, progress)
    }
}

fn patch_segment(
    base: &Segment,
    config: &Config,
    sources: Vec<Source>,
    progress: Progress<'_>,
) -> Result<Compiled, BuildError> {
    let stale = |why: &str| Err(BuildError::Stale(why.to_owned()));
    let meta = &base.meta;
    if meta.base_currency != config.base_currency
        || meta.reference_seconds != config.reference_seconds
        || meta.fx != config.fx
    {
        return stale("base currency, exchange rates or reference seconds differ from the index");
    }
    if !meta.in_epoch(config.epoch_us) {
        return stale("the epoch of the index does not hold at that instant");
    }
    let carrier_moved = |source: &Source| {
        base.columns()
            .iter()
            .any(|c| c.offer_id == source.offer_id && c.carrier_id != source.carrier_id)
    };
    if sources.iter().any(carrier_moved) {
        return stale("an offer has another carrier than in the index");
    }
    let room = usize::from(u16::MAX) - base.columns().len().next_multiple_of(64);
    if sources.len() > MOST_COLUMNS.min(room) {
        return stale("too many offers for a patch");
    }
    let replaced: Vec<i64> = sources.iter().map(|s| s.offer_id).collect();
    let kept = base.columns().iter().zip(base.column_rows());
    let kept = kept.filter(|(c, _)| !replaced.contains(&c.offer_id));
    let kept_rates: usize = kept.map(|(_, rows)| *rows as usize).sum();
    let file = base.container.file().to_owned();
    let of_patch = Patch {
        base: file.clone(),
        replaced,
    };
    let mut compiled = compile_beside(config, sources, Some((base, of_patch)), progress)?;
    compiled.rates += kept_rates;
    compiled.codes += base.codes().len();
    compiled.base = Some(file);
    // What the patched index as a whole will say of its epoch.
    let until = [meta.epoch_until_us, compiled.epoch_until_us];
    compiled.epoch_until_us = until.into_iter().flatten().min();
    Ok(compiled)
}
