//! Timelines of all offers to the sections of one index file.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arrow_array::RecordBatch;
use bytemuck::Zeroable;
use rayon::prelude::*;

use super::container::Section;
use super::layout::{Code, ColumnId, Cost, Meta, Patch};
use super::ranks::{self, Ranks};
use super::rows::Built;
use super::segment::Segment;
use super::shards::{self, Placed, Placing};
use super::shared::Shared;
use super::timeline::{self, Timeline};
use super::{NONE, lpm, merge};
use crate::error::BuildError;
use crate::layers::rules::Rules;
use crate::layers::{OfferLayers, flatten};
use crate::money::{MAX_FX_NANOS, NANOS};
use crate::rating::MAX_SECONDS;
use crate::time;

/// One offer with its rates.
#[derive(Clone)]
pub struct Source {
    pub offer_id: i64,
    pub carrier_id: i64,
    pub rules: Rules,
    pub batches: Vec<RecordBatch>,
}

#[derive(Debug, Clone)]
pub struct Config {
    pub base_currency: String,
    /// Nanos of the base currency for one unit.
    pub fx: BTreeMap<String, u64>,
    pub reference_seconds: u32,
    pub epoch_us: i64,
}

impl Config {
    fn check(&self) -> Result<(), BuildError> {
        if !(1..=MAX_SECONDS).contains(&self.reference_seconds) {
            return Err(BuildError::Config(format!(
                "reference_seconds: {} is not 1 to {MAX_SECONDS}",
                self.reference_seconds
            )));
        }
        if self.epoch_us == time::NEVER {
            return Err(BuildError::Config("epoch_us: out of range".to_owned()));
        }
        match self
            .fx
            .iter()
            .find(|(_, fx)| !(1..=MAX_FX_NANOS).contains(fx))
        {
            Some((currency, _)) => Err(BuildError::Config(format!(
                "fx of {currency} is not within 10^-9 and 10^6"
            ))),
            None if self
                .fx
                .get(&self.base_currency)
                .is_some_and(|&fx| fx != NANOS) =>
            {
                Err(BuildError::Config(format!(
                    "fx of the base currency {} is not 1",
                    self.base_currency
                )))
            }
            None => Ok(()),
        }
    }
}

/// A compiled index, not yet written.
pub struct Compiled {
    pub sections: Vec<Section>,
    pub rates: usize,
    pub codes: usize,
    pub epoch_until_us: Option<i64>,
    /// The complete index below a patch; `rates` and `codes` are then those of both.
    pub base: Option<String>,
}

/// Told how many offers of how many are read; `false` cancels.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) -> bool + Sync);

/// The complete index of all sources.
pub fn compile(
    config: &Config,
    sources: Vec<Source>,
    progress: Progress<'_>,
) -> Result<Compiled, BuildError> {
    compile_beside(config, sources, None, progress)
}

/// An index of the sources; beside a base its numbers of terms, windows, names and currencies go on where those of the
/// base end, and its cost ranks compare with the base's.
pub(super) fn compile_beside(
    config: &Config,
    mut sources: Vec<Source>,
    base: Option<(&Segment, Patch)>,
    progress: Progress<'_>,
) -> Result<Compiled, BuildError> {
    config.check()?;
    sources.sort_by_key(|s| (s.carrier_id, s.offer_id));
    let mut ids: Vec<i64> = sources.iter().map(|s| s.offer_id).collect();
    ids.sort_unstable();
    if let Some(pair) = ids.windows(2).find(|w| w[0] == w[1]) {
        return Err(BuildError::Config(format!(
            "offer {} is named twice",
            pair[0]
        )));
    }
    let (mut columns, mut timelines, mut layers) = (Vec::new(), Vec::new(), Vec::new());
    for offer in read_all(sources, progress)? {
        if let Some(of) = offer.layers {
            layers.push(OfferLayers {
                first_column: columns.len().min(usize::from(u16::MAX)) as u16,
                ..of
            });
        }
        columns
            .extend((0..offer.timelines.len() as u32).map(|layer| ColumnId { layer, ..offer.id }));
        timelines.extend(offer.timelines);
    }
    if columns.len() > usize::from(u16::MAX) {
        return Err(BuildError::Limit(format!(
            "{} columns, an index holds 65535",
            columns.len()
        )));
    }
    let column_rows: Vec<u32> = timelines.iter().map(|t| t.rows.len() as u32).collect();
    let rates: usize = timelines.iter().map(|t| t.rows.len()).sum();
    if rates >= NONE as usize {
        return Err(BuildError::Limit(format!(
            "{rates} rates, an index holds 2^32"
        )));
    }
    let (base, patch) = base.map_or((None, None), |(b, p)| (Some(b), Some(p)));
    let shared = Shared::of(config, &timelines, base);
    let ranks = rank_table(config, &shared, base)?;
    let (rows, codes, row_starts, firsts) = placed(&timelines, &shared);
    drop(timelines);
    if codes.len() >= (lpm::NODE - 1) as usize {
        return Err(BuildError::Limit("too many codes".to_owned()));
    }
    let epoch_until = shared
        .windows
        .iter()
        .map(|w| w.next_change(config.epoch_us))
        .min()
        .filter(|&t| t != time::NEVER);
    let (instants, changes) = merge::changes(&shared.windows, config.epoch_us);
    let kinds = merge::kinds(&shared, &changes, config.epoch_us);
    let parents = shards::parents(&codes);
    let (lists, others) = rayon::join(
        || {
            let input = merge::Input {
                codes: &codes,
                parents: &parents,
                row_starts: &row_starts,
                rows: &rows,
                kinds: &kinds,
                ranks: &ranks.of_term,
                first_term: shared.term_base,
                columns: columns.len(),
            };
            merge::lists(&input, &firsts)
        },
        || {
            rayon::join(
                || lpm::build(&codes),
                || {
                    (
                        shared.shape.pack(&rows, &shared.firsts),
                        shared.terms_flat(),
                    )
                },
            )
        },
    );
    let (lpm, (packed, (prices, schemes))) = others;
    drop(rows);
    let (records, top, delta) = joined(lists)?;
    let meta = Meta {
        epoch_from_us: config.epoch_us,
        epoch_until_us: epoch_until,
        reference_seconds: config.reference_seconds,
        base_currency: config.base_currency.clone(),
        fx: config.fx.clone(),
        currencies: shared.currencies.clone(),
        rows: shared.shape,
        layers,
        patch,
    };
    let meta = serde_json::to_vec(&meta).map_err(|e| BuildError::Config(e.to_string()))?;
    let (name_starts, names) = shared.names_flat()?;
    let codes = records.len();
    let costs: Vec<Cost> = ranks.table.costs.into_iter().map(Cost::new).collect();
    let sections = vec![
        Section::new("meta", &meta),
        Section::of("columns", vec![columns]),
        Section::of("column_rows", vec![column_rows]),
        Section::of("lpm_root", vec![lpm.0]),
        Section::of("lpm_nodes", vec![lpm.1]),
        Section::of("codes", vec![records]),
        Section::of("top", top),
        Section::of("delta", delta),
        Section::of("instants", vec![instants]),
        Section::of("cost_keys", vec![ranks.table.keys]),
        Section::of("costs", vec![costs]),
        Section::of("column_firsts", vec![shared.firsts]),
        Section::of("row_kinds", vec![shared.kinds]),
        Section::of("rows", vec![packed]),
        Section::of("prices", vec![prices]),
        Section::of("schemes", vec![schemes]),
        Section::of("windows", vec![shared.windows]),
        Section::of("name_starts", vec![name_starts]),
        Section::of("names", vec![names]),
    ];
    Ok(Compiled {
        sections,
        rates,
        codes,
        epoch_until_us: epoch_until,
        base: None,
    })
}

struct RankTable {
    table: Ranks,
    of_term: Vec<u32>,
}

fn rank_table(
    config: &Config,
    shared: &Shared,
    base: Option<&Segment>,
) -> Result<RankTable, BuildError> {
    let fx: Vec<Option<u64>> = shared
        .currencies
        .iter()
        .map(|currency| {
            if *currency == config.base_currency {
                Some(NANOS)
            } else {
                config.fx.get(currency).copied()
            }
        })
        .collect();
    let comparables = ranks::comparables(&shared.terms, config.reference_seconds, |currency| {
        fx.get(usize::from(currency)).copied().flatten()
    });
    let costs = ranks::distinct(&comparables);
    let table = match base {
        None => Ranks::fresh(costs)
            .ok_or_else(|| BuildError::Limit("2^32 different costs".to_owned()))?,
        Some(base) => Ranks::beside(base.costs(), base.cost_keys(), costs).ok_or_else(|| {
            BuildError::Stale("no room is left between the cost ranks of the base".to_owned())
        })?,
    };
    let of_term = table.of_all(&comparables);
    Ok(RankTable { table, of_term })
}

/// Rows by (code, column, from), codes, the first row of each and the end, first code of each shard.
fn placed(timelines: &[Timeline], shared: &Shared) -> (Vec<Built>, Vec<u64>, Vec<u32>, Vec<usize>) {
    let plan = shards::plan(timelines);
    let mut rows = vec![Built::zeroed(); timelines.iter().map(|t| t.rows.len()).sum()];
    let mut slices = Vec::with_capacity(plan.len());
    let mut rest = rows.as_mut_slice();
    for shard in &plan {
        let (now, after) = rest.split_at_mut(shard.rows);
        slices.push(now);
        rest = after;
    }
    let placing = Placing {
        timelines,
        firsts: &shared.firsts,
        kinds: &shared.kind_maps,
    };
    let shards: Vec<Placed> = plan
        .par_iter()
        .zip(slices)
        .map(|(shard, out)| placing.place(shard, out))
        .collect();
    let total: usize = shards.iter().map(|s| s.codes.len()).sum();
    let (mut codes, mut row_starts) = (Vec::with_capacity(total), Vec::with_capacity(total + 1));
    let (mut firsts, mut start) = (Vec::with_capacity(shards.len()), 0u32);
    for shard in shards.iter().filter(|s| !s.codes.is_empty()) {
        firsts.push(codes.len());
        codes.extend_from_slice(&shard.codes);
        for count in &shard.counts {
            row_starts.push(start);
            start += count;
        }
    }
    row_starts.push(start);
    (rows, codes, row_starts, firsts)
}

type Joined = (Vec<Code>, Vec<Vec<super::layout::Line>>, Vec<Vec<u32>>);

/// The ranges one behind the other; their places count from the beginning of the whole from here on.
fn joined(lists: Vec<merge::Lists>) -> Result<Joined, BuildError> {
    let mut records = Vec::with_capacity(lists.iter().map(|l| l.codes.len()).sum());
    let (mut top, mut delta) = (Vec::new(), Vec::new());
    let (mut first_top, mut first_delta) = (0usize, 0usize);
    for mut range in lists {
        for code in &mut range.codes {
            code.top += first_top as u32;
            if code.delta != NONE {
                code.delta += first_delta as u32;
            }
        }
        first_top += range.top.len();
        first_delta += range.delta.len();
        if first_top >= NONE as usize || first_delta >= NONE as usize {
            return Err(BuildError::Limit("the lists exceed 2^32 places".to_owned()));
        }
        records.append(&mut range.codes);
        top.push(range.top);
        delta.push(range.delta);
    }
    Ok((records, top, delta))
}

/// One offer, read: a timeline a column.
struct Offer {
    id: ColumnId,
    timelines: Vec<Timeline>,
    layers: Option<OfferLayers>,
}

/// All offers in column order, read in parallel.
fn read_all(sources: Vec<Source>, progress: Progress<'_>) -> Result<Vec<Offer>, BuildError> {
    let total = sources.len() as u64;
    let (done, cancelled) = (AtomicU64::new(0), AtomicBool::new(!progress(0, total)));
    sources
        .into_par_iter()
        .map(|source| {
            if cancelled.load(Ordering::Relaxed) {
                return Err(BuildError::Cancelled);
            }
            let timeline = timeline::read(source.offer_id, &source.rules, &source.batches)?;
            if !progress(done.fetch_add(1, Ordering::Relaxed) + 1, total) {
                cancelled.store(true, Ordering::Relaxed);
                return Err(BuildError::Cancelled);
            }
            let (timelines, layers) = flatten::flatten(source.offer_id, &source.rules, timeline)?;
            Ok(Offer {
                id: ColumnId {
                    offer_id: source.offer_id,
                    carrier_id: source.carrier_id,
                    layer: 0,
                    spare: 0,
                },
                timelines,
                layers,
            })
        })
        .collect()
}
