//! Timelines of all offers to the sections of one index file.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arrow_array::RecordBatch;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::container::Section;
use super::layout::{ColumnId, Cost, Meta, Row, Term, Window};
use super::timeline::{self, Timeline};
use super::{NONE, lpm, merge};
use crate::error::BuildError;
use crate::money::{MAX_FX_NANOS, NANOS};
use crate::rating::MAX_SECONDS;
use crate::time;

/// One offer with its rates.
pub struct Source {
    pub offer_id: i64,
    pub carrier_id: i64,
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
}

/// Told how many offers of how many are read; `false` cancels.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) -> bool + Sync);

pub fn compile(
    config: &Config,
    mut sources: Vec<Source>,
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
    if sources.len() > usize::from(u16::MAX) {
        return Err(BuildError::Limit(format!(
            "{} offers, an index holds 65535",
            sources.len()
        )));
    }
    let columns: Vec<ColumnId> = sources
        .iter()
        .map(|s| ColumnId {
            offer_id: s.offer_id,
            carrier_id: s.carrier_id,
        })
        .collect();
    let timelines = read_all(sources, progress)?;
    let rates: usize = timelines.iter().map(|t| t.rows.len()).sum();
    if rates >= NONE as usize {
        return Err(BuildError::Limit(format!(
            "{rates} rates, an index holds 2^32"
        )));
    }
    let shared = Shared::of(config, &timelines);
    let mut rows = placed_rows(&timelines, &shared);
    drop(timelines);
    rows.par_sort_unstable_by_key(|(key, from, row)| (*key, row.column, *from));

    let mut codes: Vec<u64> = Vec::new();
    let mut row_starts: Vec<u32> = Vec::new();
    for (i, (key, ..)) in rows.iter().enumerate() {
        if codes.last() != Some(key) {
            codes.push(*key);
            row_starts.push(i as u32);
        }
    }
    row_starts.push(rows.len() as u32);
    if codes.len() >= (lpm::NODE - 1) as usize {
        return Err(BuildError::Limit("too many codes".to_owned()));
    }
    let rows: Vec<Row> = rows.into_iter().map(|(_, _, row)| row).collect();
    let parents = merge::parents(&codes);
    let next_change = next_changes(
        config.epoch_us,
        &parents,
        &row_starts,
        &rows,
        &shared.windows,
    );
    let epoch_until = shared
        .windows
        .iter()
        .map(|w| w.next_change(config.epoch_us))
        .min()
        .filter(|&t| t != time::NEVER);
    let (ranks, costs) = cost_ranks(config, &shared);
    let lists = merge::lists(&merge::Input {
        codes: &codes,
        parents: &parents,
        row_starts: &row_starts,
        rows: &rows,
        windows: &shared.windows,
        ranks: &ranks,
        columns: columns.len(),
        epoch_us: config.epoch_us,
    });
    let (lpm_root, lpm_nodes) = lpm::build(&codes);
    let meta = Meta {
        epoch_from_us: config.epoch_us,
        epoch_until_us: epoch_until,
        reference_seconds: config.reference_seconds,
        base_currency: config.base_currency.clone(),
        fx: config.fx.clone(),
        currencies: shared.currencies.clone(),
    };
    let meta = serde_json::to_vec(&meta).map_err(|e| BuildError::Config(e.to_string()))?;
    let mut name_starts = vec![0u32];
    let mut names: Vec<u8> = Vec::new();
    for name in &shared.names {
        names.extend_from_slice(name.as_bytes());
        name_starts.push(
            u32::try_from(names.len())
                .map_err(|_| BuildError::Limit("destination names exceed 4 GB".to_owned()))?,
        );
    }
    let sections = vec![
        Section::new("meta", &meta),
        Section::new("columns", &columns),
        Section::new("codes", &codes),
        Section::new("parents", &parents),
        Section::new("next_change", &next_change),
        Section::new("row_starts", &row_starts),
        Section::new("rows", &rows),
        Section::new("terms", &shared.terms),
        Section::new("windows", &shared.windows),
        Section::new("name_starts", &name_starts),
        Section::new("names", &names),
        Section::new("costs", &costs),
        Section::new("list_of_code", &lists.list_of_code),
        Section::new("list_starts", &lists.starts),
        Section::new("lists", &lists.entries),
        Section::new("lpm_root", &lpm_root),
        Section::new("lpm_nodes", &lpm_nodes),
    ];
    Ok(Compiled {
        sections,
        rates,
        codes: codes.len(),
        epoch_until_us: epoch_until,
    })
}

/// All timelines in column order, read in parallel.
fn read_all(sources: Vec<Source>, progress: Progress<'_>) -> Result<Vec<Timeline>, BuildError> {
    let total = sources.len() as u64;
    let (done, cancelled) = (AtomicU64::new(0), AtomicBool::new(!progress(0, total)));
    sources
        .into_par_iter()
        .map(|source| {
            if cancelled.load(Ordering::Relaxed) {
                return Err(BuildError::Cancelled);
            }
            let timeline = timeline::read(source.offer_id, &source.batches)?;
            if !progress(done.fetch_add(1, Ordering::Relaxed) + 1, total) {
                cancelled.store(true, Ordering::Relaxed);
                return Err(BuildError::Cancelled);
            }
            Ok(timeline)
        })
        .collect()
}

/// What rows of all offers share, and where each offer's own numbers went.
struct Shared {
    currencies: Vec<String>,
    names: Vec<String>,
    terms: Vec<Term>,
    windows: Vec<Window>,
    first_term: Vec<u32>,
    window_maps: Vec<Vec<u32>>,
}

impl Shared {
    fn of(config: &Config, timelines: &[Timeline]) -> Self {
        let mut shared = Self {
            currencies: vec![config.base_currency.clone()],
            names: Vec::new(),
            terms: Vec::new(),
            windows: Vec::new(),
            first_term: Vec::new(),
            window_maps: Vec::new(),
        };
        let mut name_ids: FxHashMap<&str, u32> = FxHashMap::default();
        let mut window_ids: FxHashMap<Window, u32> = FxHashMap::default();
        for timeline in timelines {
            let mut currency_map = Vec::with_capacity(timeline.currencies.len());
            for currency in &timeline.currencies {
                let id = shared
                    .currencies
                    .iter()
                    .position(|c| c == currency)
                    .unwrap_or_else(|| {
                        shared.currencies.push(currency.clone());
                        shared.currencies.len() - 1
                    });
                currency_map.push(id as u16); // at most 26³ codes
            }
            let mut name_map = Vec::with_capacity(timeline.names.len());
            for name in &timeline.names {
                name_map.push(*name_ids.entry(name).or_insert_with(|| {
                    shared.names.push(name.clone());
                    shared.names.len() as u32 - 1
                }));
            }
            shared.first_term.push(shared.terms.len() as u32);
            shared.terms.extend(timeline.terms.iter().map(|term| Term {
                currency: currency_map[usize::from(term.currency)],
                destination: name_map[term.destination as usize],
                ..*term
            }));
            let windows = &mut shared.windows;
            let map = timeline.windows.iter().map(|window| {
                *window_ids.entry(*window).or_insert_with(|| {
                    windows.push(*window);
                    windows.len() as u32 - 1
                })
            });
            let map = map.collect();
            shared.window_maps.push(map);
        }
        shared
    }
}

fn placed_rows(timelines: &[Timeline], shared: &Shared) -> Vec<(u64, i64, Row)> {
    let mut rows = Vec::with_capacity(timelines.iter().map(|t| t.rows.len()).sum());
    for (column, timeline) in timelines.iter().enumerate() {
        let (first_term, window_map) = (shared.first_term[column], &shared.window_maps[column]);
        rows.extend(timeline.rows.iter().map(|raw| {
            let row = Row {
                column: column as u16,
                status: raw.status,
                spare: 0,
                term: first_term + raw.term,
                window: window_map[raw.window as usize],
                deck_row: raw.deck_row,
            };
            (raw.key, raw.from_us, row)
        }));
    }
    rows
}

/// For each code: the first instant after the epoch at which a row of it or of a shorter code begins or ends.
fn next_changes(
    epoch_us: i64,
    parents: &[u32],
    row_starts: &[u32],
    rows: &[Row],
    windows: &[Window],
) -> Vec<i64> {
    let mut out: Vec<i64> = Vec::with_capacity(parents.len());
    for (i, &parent) in parents.iter().enumerate() {
        let own = rows[row_starts[i] as usize..row_starts[i + 1] as usize]
            .iter()
            .map(|r| windows[r.window as usize].next_change(epoch_us));
        let inherited = out.get(parent as usize).copied().unwrap_or(time::NEVER);
        out.push(own.min().unwrap_or(time::NEVER).min(inherited));
    }
    out
}

/// The rank of every term's comparable among all, and the comparables by rank.
fn cost_ranks(config: &Config, shared: &Shared) -> (Vec<u32>, Vec<Cost>) {
    let fx = |term: &Term| {
        let currency = shared.currencies.get(usize::from(term.currency))?;
        if *currency == config.base_currency {
            Some(NANOS)
        } else {
            config.fx.get(currency).copied()
        }
    };
    let of_term =
        |term: &Term| fx(term).map(|fx| term.terms().comparable(config.reference_seconds, fx));
    let comparables: Vec<Option<u128>> = shared.terms.par_iter().map(of_term).collect();
    let mut sorted: Vec<u128> = comparables.iter().filter_map(|c| *c).collect();
    sorted.par_sort_unstable();
    sorted.dedup();
    let rank = |c: &Option<u128>| {
        c.and_then(|c| sorted.binary_search(&c).ok())
            .map_or(NONE, |i| i as u32)
    };
    (
        comparables.par_iter().map(rank).collect(),
        sorted.into_iter().map(Cost::new).collect(),
    )
}
