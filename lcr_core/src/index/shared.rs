//! What rows of all offers share (terms, windows, names, currencies), and where each offer's own numbers went.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::NONE;
use super::build::Config;
use super::layout::{Price, Scheme, Term, Window};
use super::rows::{First, Kind, Shape, bits};
use super::segment::Segment;
use super::timeline::{RawRow, Timeline};
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
    /// From where the terms and kinds of each column count.
    pub firsts: Vec<First>,
    pub kinds: Vec<Kind>,
    pub kind_maps: Vec<KindMap>,
    pub shape: Shape,
}

/// Windows, states and layers that rows of one column have, numbered within the column.
pub struct KindMap {
    /// By `key`; `NONE` = no row is of this kind.
    numbers: Vec<u32>,
    keys: Vec<u32>,
    least_row: i32,
    largest_row: i32,
}

impl KindMap {
    fn key(row: &RawRow) -> usize {
        row.window as usize * 16 + usize::from(row.status & 3) * 4 + usize::from(row.layer & 3)
    }

    fn of_timeline(timeline: &Timeline, windows: usize) -> Self {
        let mut map = Self {
            numbers: vec![NONE; windows * 16],
            keys: Vec::new(),
            least_row: i32::MAX,
            largest_row: i32::MIN,
        };
        for row in &timeline.rows {
            let key = Self::key(row);
            if map.numbers[key] == NONE {
                map.numbers[key] = map.keys.len() as u32;
                map.keys.push(key as u32);
            }
            map.least_row = map.least_row.min(row.deck_row);
            map.largest_row = map.largest_row.max(row.deck_row);
        }
        map
    }

    pub fn of(&self, row: &RawRow) -> u32 {
        self.numbers[Self::key(row)]
    }
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
            term_base: count(|b| b.prices().len()),
            window_base: count(|b| b.windows().len()),
            firsts: Vec::new(),
            kinds: Vec::new(),
            kind_maps: Vec::new(),
            shape: Shape::default(),
        };
        let mut window_maps: Vec<Vec<u32>> = Vec::with_capacity(timelines.len());
        let mut term_counts: Vec<usize> = Vec::with_capacity(timelines.len());
        let name_base = count(|b| b.name_starts().len().saturating_sub(1));
        let mut name_ids: FxHashMap<&str, u32> = FxHashMap::default();
        let mut window_ids: FxHashMap<Window, u32> = FxHashMap::default();
        let mut maps: Vec<(Vec<u16>, Vec<u32>)> = Vec::with_capacity(timelines.len());
        let mut next_term = shared.term_base;
        for timeline in timelines {
            if timeline.continues {
                // A further layer of the offer before: what it shares stands with the first.
                shared.firsts.extend(shared.firsts.last().copied());
                window_maps.extend(window_maps.last().cloned());
                term_counts.extend(term_counts.last().copied());
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
            shared.firsts.push(First {
                term: next_term,
                kind: 0,
            });
            term_counts.push(timeline.terms.len());
            next_term += timeline.terms.len() as u32;
            maps.push((currency_map, name_map));
            let (windows, window_base) = (&mut shared.windows, shared.window_base);
            let map = timeline.windows.iter().map(|window| {
                *window_ids.entry(*window).or_insert_with(|| {
                    windows.push(*window);
                    window_base + windows.len() as u32 - 1
                })
            });
            window_maps.push(map.collect());
        }
        shared.count_kinds(timelines, &window_maps, &term_counts);
        shared.terms = timelines
            .par_iter()
            .zip(maps)
            .flat_map_iter(|(timeline, (currency_map, name_map))| {
                timeline.terms.iter().map(move |term| Term {
                    rate_nanos: term.rate_nanos,
                    destination: name_map[term.destination as usize],
                    scheme: Scheme {
                        currency: currency_map[usize::from(term.scheme.currency)],
                        ..term.scheme
                    },
                })
            })
            .collect();
        shared
    }

    /// The kinds of each column, and in how many bits rows fit.
    fn count_kinds(&mut self, timelines: &[Timeline], windows: &[Vec<u32>], terms: &[usize]) {
        self.kind_maps = timelines
            .par_iter()
            .zip(windows)
            .map(|(timeline, windows)| KindMap::of_timeline(timeline, windows.len()))
            .collect();
        for ((first, map), windows) in self.firsts.iter_mut().zip(&self.kind_maps).zip(windows) {
            first.kind = self.kinds.len() as u32;
            self.kinds.extend(map.keys.iter().map(|&key| Kind {
                window: windows[key as usize / 16],
                status: (key / 4 % 4) as u8,
                layer: (key % 4) as u8,
                spare: 0,
            }));
        }
        let rows: usize = timelines.iter().map(|t| t.rows.len()).sum();
        let largest = |count: Option<usize>| bits(count.unwrap_or(1).saturating_sub(1) as u32);
        let least = self.kind_maps.iter().map(|m| m.least_row).min();
        let most = self.kind_maps.iter().map(|m| m.largest_row).max();
        let (least, most) = if rows == 0 {
            (None, None)
        } else {
            (least, most)
        };
        let first_deck_row = least.unwrap_or(0);
        self.shape = Shape {
            rows: rows as u32,
            column: largest(Some(timelines.len())),
            kind: largest(self.kind_maps.iter().map(|m| m.keys.len()).max()),
            term: largest(terms.iter().copied().max()),
            deck_row: bits(most.unwrap_or(0).wrapping_sub(first_deck_row) as u32),
            first_deck_row,
        };
    }

    /// Terms as they stand in the file.
    pub fn terms_flat(&self) -> (Vec<Price>, Vec<Scheme>) {
        let mut schemes: Vec<Scheme> = Vec::new();
        let mut seen: FxHashMap<Scheme, u32> = FxHashMap::default();
        let mut last: Option<(Scheme, u32)> = None;
        let prices = self.terms.iter().map(|term| {
            let known = last.filter(|(scheme, _)| *scheme == term.scheme);
            let (_, scheme) = known.unwrap_or_else(|| {
                let number = *seen.entry(term.scheme).or_insert_with(|| {
                    schemes.push(term.scheme);
                    schemes.len() as u32 - 1
                });
                (term.scheme, number)
            });
            last = Some((term.scheme, scheme));
            Price {
                rate_nanos: term.rate_nanos,
                destination: term.destination,
                scheme,
            }
        });
        let prices = prices.collect();
        (prices, schemes)
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
