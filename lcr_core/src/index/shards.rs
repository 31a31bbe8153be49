//! The build in pieces: ranges of codes of about equal weight, each worked on by one thread while its rows stay in cache.
//! Where the cuts lie depends on the timelines alone, so the file is the same whatever the number of threads.

use super::NONE;
use super::rows::{Built, First};
use super::shared::KindMap;
use super::timeline::Timeline;
use crate::number::DigitKey;

/// Rows a shard holds, about.
const SHARD_ROWS: usize = 128 * 1024;
/// Rows of a timeline between two that are looked at to find the cuts.
const SAMPLE_EVERY: usize = 512;

/// First keys of the shards after the first one.
pub fn cuts(timelines: &[Timeline]) -> Vec<u64> {
    let rows: usize = timelines.iter().map(|t| t.keys.len()).sum();
    let shards = rows.div_ceil(SHARD_ROWS).max(1);
    let mut sample: Vec<u64> = timelines
        .iter()
        .flat_map(|t| t.keys.iter().step_by(SAMPLE_EVERY).copied())
        .collect();
    sample.sort_unstable();
    let mut cuts: Vec<u64> = (1..shards)
        .filter_map(|i| sample.get(i * sample.len() / shards).copied())
        .collect();
    cuts.dedup();
    cuts
}

/// The part of every timeline that falls into one shard.
pub struct Shard {
    /// Per timeline: first row and end.
    pub parts: Vec<(usize, usize)>,
    pub rows: usize,
}

/// All shards, in the order of their codes.
pub fn plan(timelines: &[Timeline]) -> Vec<Shard> {
    let cuts = cuts(timelines);
    let mut firsts = vec![0usize; timelines.len()];
    let mut out = Vec::with_capacity(cuts.len() + 1);
    for cut in cuts.iter().map(Some).chain([None]) {
        let ends: Vec<usize> = timelines
            .iter()
            .map(|t| cut.map_or(t.keys.len(), |cut| t.keys.partition_point(|k| k < cut)))
            .collect();
        let parts: Vec<(usize, usize)> = firsts.iter().copied().zip(ends.iter().copied()).collect();
        let rows = parts.iter().map(|(a, b)| b - a).sum();
        out.push(Shard { parts, rows });
        firsts = ends;
    }
    out
}

/// What rows of one timeline are told by: where its terms and windows went.
pub struct Placing<'a> {
    pub timelines: &'a [Timeline],
    pub firsts: &'a [First],
    pub kinds: &'a [KindMap],
}

/// Codes of a shard, ascending, and how many rows each has.
pub struct Placed {
    pub codes: Vec<u64>,
    pub counts: Vec<u32>,
}

impl Placing<'_> {
    /// Writes the shard's rows by (code, column, from) into `out`, which has exactly their number.
    pub fn place(&self, shard: &Shard, out: &mut [Built]) -> Placed {
        let keys_of = |column: usize| {
            let (a, b) = shard.parts[column];
            &self.timelines[column].keys[a..b]
        };
        let mut codes: Vec<u64> = Vec::with_capacity(shard.rows);
        for column in 0..shard.parts.len() {
            codes.extend_from_slice(keys_of(column));
        }
        codes.sort(); // one ascending run a timeline: a merge
        codes.dedup();
        let mut counts = vec![0u32; codes.len()];
        let mut code_of: Vec<u32> = Vec::with_capacity(shard.rows);
        for column in 0..shard.parts.len() {
            let mut at = 0usize;
            for &key in keys_of(column) {
                while codes.get(at).is_some_and(|&c| c < key) {
                    at += 1;
                }
                counts[at] += 1;
                code_of.push(at as u32);
            }
        }
        let mut next = Vec::with_capacity(codes.len());
        let mut start = 0u32;
        for count in &counts {
            next.push(start);
            start += count;
        }
        let mut code_of = code_of.iter();
        for (column, &(a, b)) in shard.parts.iter().enumerate() {
            let (first, kinds) = (self.firsts[column], &self.kinds[column]);
            for (raw, &code) in self.timelines[column].rows[a..b].iter().zip(&mut code_of) {
                let slot = &mut next[code as usize];
                out[*slot as usize] = Built {
                    column: column as u16,
                    kind: first.kind + kinds.of(raw),
                    term: first.term + raw.term,
                    deck_row: raw.deck_row,
                    spare: 0,
                };
                *slot += 1;
            }
        }
        Placed { codes, counts }
    }
}

/// The nearest shorter code of the union for every code; `codes` sorted.
pub fn parents(codes: &[u64]) -> Vec<u32> {
    let mut stack: Vec<(DigitKey, u32)> = Vec::with_capacity(16);
    let mut out = Vec::with_capacity(codes.len());
    for (i, key) in codes.iter().enumerate() {
        let code = DigitKey::from_checked(*key);
        while stack.last().is_some_and(|(top, _)| !code.starts_with(*top)) {
            stack.pop();
        }
        out.push(stack.last().map_or(NONE, |(_, at)| *at));
        stack.push((code, i as u32));
    }
    out
}
