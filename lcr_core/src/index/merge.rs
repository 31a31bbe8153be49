//! From rows sorted by (code, column, from) to the candidate list of every code at the epoch.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::layout::{OPEN, Row, Window};
use super::{NONE, candidate};
use crate::number::DigitKey;

/// Codes a parallel piece of work holds; fixed, so that the file does not depend on the number of threads.
const PIECE: usize = 16_384;

/// What the lists are made of.
pub struct Input<'a> {
    pub codes: &'a [u64],
    pub parents: &'a [u32],
    pub row_starts: &'a [u32],
    pub rows: &'a [Row],
    pub windows: &'a [Window],
    /// Cost rank of each term; `NONE` = no exchange rate.
    pub ranks: &'a [u32],
    pub columns: usize,
    pub epoch_us: i64,
}

/// Lists shared by content: `list_of_code[i]` names the list between two `starts`.
#[derive(Default)]
pub struct Lists {
    pub list_of_code: Vec<u32>,
    pub starts: Vec<u64>,
    pub entries: Vec<u64>,
}

/// The nearest shorter code of the union for every code; `codes` sorted.
pub fn parents(codes: &[u64]) -> Vec<u32> {
    let mut stack: Vec<(DigitKey, u32)> = Vec::with_capacity(16);
    let mut out = Vec::with_capacity(codes.len());
    for (i, key) in codes.iter().enumerate() {
        let Some(code) = DigitKey::from_raw(*key) else {
            continue;
        };
        while stack.last().is_some_and(|(top, _)| !code.starts_with(*top)) {
            stack.pop();
        }
        out.push(stack.last().map_or(NONE, |(_, at)| *at));
        stack.push((code, i as u32));
    }
    out
}

pub fn lists(input: &Input<'_>) -> Lists {
    let pieces: Vec<Lists> = (0..input.codes.len().div_ceil(PIECE))
        .into_par_iter()
        .map(|p| piece(input, p * PIECE, ((p + 1) * PIECE).min(input.codes.len())))
        .collect();
    let mut all = Lists {
        starts: vec![0],
        ..Lists::default()
    };
    for piece in pieces {
        let (first_list, first_entry) = (all.starts.len() as u32 - 1, all.entries.len() as u64);
        all.list_of_code
            .extend(piece.list_of_code.iter().map(|l| l + first_list));
        all.starts
            .extend(piece.starts.iter().skip(1).map(|s| s + first_entry));
        all.entries.extend_from_slice(&piece.entries);
    }
    all
}

struct Piece<'a> {
    input: &'a Input<'a>,
    out: Lists,
    /// List ids by a hash of their content.
    by_content: FxHashMap<u64, Vec<u32>>,
    /// Columns that have a row of their own at the code in hand.
    own: Vec<bool>,
    fresh: Vec<u64>,
    merged: Vec<u64>,
}

fn piece(input: &Input<'_>, first: usize, end: usize) -> Lists {
    let mut piece = Piece {
        input,
        out: Lists {
            starts: vec![0],
            ..Lists::default()
        },
        by_content: FxHashMap::default(),
        own: vec![false; input.columns],
        fresh: Vec::new(),
        merged: Vec::new(),
    };
    let empty = piece.share();
    let mut ancestors: Vec<u32> = std::iter::successors(input.parents.get(first).copied(), |&p| {
        input.parents.get(p as usize).copied()
    })
    .take_while(|&p| p != NONE)
    .collect();
    ancestors.reverse();
    let mut stack: Vec<(u32, u32)> = Vec::with_capacity(16);
    for code in ancestors {
        let list = piece.list(code as usize, stack.last().map_or(empty, |s| s.1));
        stack.push((code, list));
    }
    for code in first..end {
        while stack.last().is_some_and(|s| s.0 != input.parents[code]) {
            stack.pop();
        }
        let list = piece.list(code, stack.last().map_or(empty, |s| s.1));
        piece.out.list_of_code.push(list);
        stack.push((code as u32, list));
    }
    piece.out
}

impl Piece<'_> {
    /// The parent's list without the offers that have a row here, merged with those whose row is open.
    fn list(&mut self, code: usize, parent: u32) -> u32 {
        let input = self.input;
        let Some(key) = input.codes.get(code).copied().and_then(DigitKey::from_raw) else {
            return parent;
        };
        let rows =
            &input.rows[input.row_starts[code] as usize..input.row_starts[code + 1] as usize];
        let valid = |row: &&Row| input.windows[row.window as usize].holds(input.epoch_us);
        self.fresh.clear();
        let mut any = false;
        for row in rows.iter().filter(valid) {
            any = true;
            self.own[usize::from(row.column)] = true;
            let rank = input.ranks[row.term as usize];
            if row.status == OPEN && rank != NONE {
                self.fresh
                    .push(candidate::pack(rank, row.column, key.len()));
            }
        }
        if !any {
            return parent;
        }
        self.fresh.sort_unstable();
        let (a, b) = (
            self.out.starts[parent as usize] as usize,
            self.out.starts[parent as usize + 1] as usize,
        );
        self.merged.clear();
        let mut fresh = self.fresh.iter().copied().peekable();
        for &inherited in &self.out.entries[a..b] {
            if self.own[usize::from(candidate::column(inherited))] {
                continue;
            }
            while let Some(next) = fresh.next_if(|&f| f < inherited) {
                self.merged.push(next);
            }
            self.merged.push(inherited);
        }
        self.merged.extend(fresh);
        for row in rows {
            self.own[usize::from(row.column)] = false;
        }
        self.share()
    }

    /// The list with the content of `merged`, written once.
    fn share(&mut self) -> u32 {
        use std::hash::Hasher;
        let mut hasher = rustc_hash::FxHasher::default();
        self.merged
            .iter()
            .for_each(|&entry| hasher.write_u64(entry));
        let same = self.by_content.entry(hasher.finish()).or_default();
        let (starts, entries) = (&mut self.out.starts, &mut self.out.entries);
        if let Some(&id) = same.iter().find(|&&id| {
            entries[starts[id as usize] as usize..starts[id as usize + 1] as usize]
                == self.merged[..]
        }) {
            return id;
        }
        let id = starts.len() as u32 - 1;
        entries.extend_from_slice(&self.merged);
        starts.push(entries.len() as u64);
        same.push(id);
        id
    }
}
