//! What rows of all offers share (terms, windows, names, currencies), and where each offer's own numbers went.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::build::Config;
use super::layout::{Term, Window};
use super::segment::Segment;
use super::timeline::Timeline;
use crate::error::BuildError;

pub struct Shared {
    /// Those of the base first, where there is one.
    pub currencies: Vec<String>,
    pub names: Vec<String>,
    pub terms: Vec<Term>,
    pub windows: Vec<Window>,
    /// Numbers of the first term and window here: how many the base has.
    pub term_base: u32,
    pub window_base: u32,
    pub first_term: Vec<u32>,
    pub window_maps: Vec<Vec<u32>>,
}

impl Shared {
    pub fn of(config: &Config, timelines: &[Timeline], base: Option<&Segment>) -> Self {
        let count = |f: fn(&Segment) -> usize| base.map_or(0, f) as u32;
        let mut shared = Self {
            currencies: base.map_or_else(
                || vec![config.base_currency.clone()],
                |b| b.meta.currencies.clone(),
            ),
            names: Vec::new(),
            terms: Vec::new(),
            windows: Vec::new(),
            term_base: count(|b| b.terms().len()),
            window_base: count(|b| b.windows().len()),
            first_term: Vec::new(),
            window_maps: Vec::new(),
        };
        let name_base = count(|b| b.name_starts().len().saturating_sub(1));
        let mut name_ids: FxHashMap<&str, u32> = FxHashMap::default();
        let mut window_ids: FxHashMap<Window, u32> = FxHashMap::default();
        let mut maps: Vec<(Vec<u16>, Vec<u32>)> = Vec::with_capacity(timelines.len());
        let mut next_term = shared.term_base;
        for timeline in timelines {
            if timeline.continues {
                // A further layer of the offer before: what it shares stands with the first.
                shared.first_term.extend(shared.first_term.last().copied());
                shared
                    .window_maps
                    .extend(shared.window_maps.last().cloned());
                maps.push((Vec::new(), Vec::new()));
                continue;
            }
            let mut currency_map = Vec::with_capacity(timeline.currencies.len());
            for currency in &timeline.currencies {
                let known = shared.currencies.iter().position(|c| c == currency);
                let id = known.unwrap_or_else(|| {
                    shared.currencies.push(currency.clone());
                    shared.currencies.len() - 1
                });
                currency_map.push(id as u16); // at most 26³ codes
            }
            let mut name_map = Vec::with_capacity(timeline.names.len());
            for name in &timeline.names {
                name_map.push(*name_ids.entry(name).or_insert_with(|| {
                    shared.names.push(name.clone());
                    name_base + shared.names.len() as u32 - 1
                }));
            }
            shared.first_term.push(next_term);
            next_term += timeline.terms.len() as u32;
            maps.push((currency_map, name_map));
            let (windows, window_base) = (&mut shared.windows, shared.window_base);
            let map = timeline.windows.iter().map(|window| {
                *window_ids.entry(*window).or_insert_with(|| {
                    windows.push(*window);
                    window_base + windows.len() as u32 - 1
                })
            });
            let map = map.collect();
            shared.window_maps.push(map);
        }
        shared.terms = timelines
            .par_iter()
            .zip(maps)
            .flat_map_iter(|(timeline, (currency_map, name_map))| {
                timeline.terms.iter().map(move |term| Term {
                    currency: currency_map[usize::from(term.currency)],
                    destination: name_map[term.destination as usize],
                    ..*term
                })
            })
            .collect();
        shared
    }

    /// Where each name begins, and all names one behind the other.
    pub fn names_flat(&self) -> Result<(Vec<u32>, Vec<u8>), BuildError> {
        let mut starts = vec![0u32];
        let mut names: Vec<u8> = Vec::new();
        for name in &self.names {
            names.extend_from_slice(name.as_bytes());
            starts.push(
                u32::try_from(names.len())
                    .map_err(|_| BuildError::Limit("destination names exceed 4 GB".to_owned()))?,
            );
        }
        Ok((starts, names))
    }
}
