//! New rates of a few offers without a build of everything: a small index with columns of their own, laid over the base.
//!
//! A patch is always made for a complete index and holds all offers that differ from it, so that one never lies on
//! another. Its answers are those of a complete build (tests/patched.rs); `BuildError::Stale` says when only that will do.

use super::Index;
use super::build::{Compiled, Config, Progress, Source, compile_beside};
use super::layout::Patch;
use crate::error::BuildError;

/// Columns a patch may have: beyond that a build costs less than what every decision pays for the patch.
pub const MOST_COLUMNS: usize = 512;

/// The patch of `base` that gives `sources` their new rates; an offer the base does not have is added.
pub fn patch(
    base: &Index,
    config: &Config,
    sources: Vec<Source>,
    progress: Progress<'_>,
) -> Result<Compiled, BuildError> {
    let stale = |why: &str| Err(BuildError::Stale(why.to_owned()));
    let meta = &base.base.meta;
    if base.is_patched() {
        return Err(BuildError::Config(
            "a patch is made for a complete index, not for a patched one".to_owned(),
        ));
    }
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
    let of_patch = Patch {
        base: base.file().to_owned(),
        replaced: sources.iter().map(|s| s.offer_id).collect(),
    };
    compile_beside(config, sources, Some((&base.base, of_patch)), progress)
}
