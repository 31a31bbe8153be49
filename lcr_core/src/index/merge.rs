//! From rows sorted by (code, column, from) to each code's own entries and its top list at the epoch.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::layout::{Code, Line, OPEN, TOP, TRUNCATED, Window};
use super::rows::Built;
use super::shared::Shared;
use super::{NONE, candidate, delta};
use crate::layers::HISTORY;
use crate::number::DigitKey;
use crate::time;

/// What the lists are made of.
pub struct Input<'a> {
    pub codes: &'a [u64],
    pub parents: &'a [u32],
    pub row_starts: &'a [u32],
    pub rows: &'a [Built],
    pub kinds: &'a [AtEpoch],
    /// Cost rank of each term; `NONE` = no exchange rate. Terms count from `first_term`.
    pub ranks: &'a [u32],
    pub first_term: u32,
    pub columns: usize,
}

/// What rows of a kind are at the epoch.
#[derive(Clone, Copy)]
pub struct AtEpoch {
    /// They match.
    holds: bool,
    /// And may be routed.
    open: bool,
    /// Number of the instant at which they next begin or end; `NONE` = never.
    change: u32,
}

/// Of every kind; `changes` as `changes` gives them.
pub fn kinds(shared: &Shared, changes: &[u32], epoch_us: i64) -> Vec<AtEpoch> {
    let of = |kind: &super::rows::Kind| {
        let window = (kind.window - shared.window_base) as usize;
        AtEpoch {
            holds: shared.windows[window].holds(epoch_us) && kind.layer & HISTORY == 0,
            open: kind.status == OPEN,
            change: changes[window],
        }
    };
    shared.kinds.iter().map(of).collect()
}

/// Records, top lists and own entries of a range of codes; places count from the beginning of the range's own arrays.
#[derive(Default)]
pub struct Lists {
    pub codes: Vec<Code>,
    pub top: Vec<Line>,
    pub delta: Vec<u32>,
}

/// Distinct instants after the epoch at which windows begin or end, ascending, and the number of each window's first.
pub fn changes(windows: &[Window], epoch_us: i64) -> (Vec<i64>, Vec<u32>) {
    let of_window: Vec<i64> = windows.iter().map(|w| w.next_change(epoch_us)).collect();
    let mut instants: Vec<i64> = of_window
        .iter()
        .copied()
        .filter(|&t| t != time::NEVER)
        .collect();
    instants.sort_unstable();
    instants.dedup();
    let number = |t: &i64| instants.binary_search(t).map_or(NONE, |i| i as u32);
    let numbers = of_window.iter().map(number).collect();
    (instants, numbers)
}

/// The lists of all codes, made in the given ranges (first code of each, ascending).
pub fn lists(input: &Input<'_>, firsts: &[usize]) -> Vec<Lists> {
    (0..firsts.len())
        .into_par_iter()
        .map(|i| {
            let end = firsts.get(i + 1).copied().unwrap_or(input.codes.len());
            Range::of(input, firsts[i], end)
        })
        .collect()
}

/// A code on the way down to the one in hand.
struct Ancestor {
    code: u32,
    change: u32,
    top: u32,
    /// Its complete list, by (rank, column).
    list: std::rc::Rc<[u64]>,
}

struct Range<'a> {
    input: &'a Input<'a>,
    out: Lists,
    /// First lines of top lists by a hash of their content.
    by_content: FxHashMap<u64, Vec<u32>>,
    way: Vec<Ancestor>,
    /// Columns with an entry of their own at the code in hand.
    own: Vec<u64>,
    entries: Vec<(u16, u32)>,
    fresh: Vec<u64>,
    merged: Vec<u64>,
}

impl<'a> Range<'a> {
    fn of(input: &'a Input<'a>, first: usize, end: usize) -> Lists {
        let mut range = Self {
            input,
            out: Lists::default(),
            by_content: FxHashMap::default(),
            way: Vec::with_capacity(16),
            own: vec![0; input.columns.div_ceil(64)],
            entries: Vec::new(),
            fresh: Vec::new(),
            merged: Vec::new(),
        };
        let mut above: Vec<u32> = std::iter::successors(input.parents.get(first).copied(), |&p| {
            input.parents.get(p as usize).copied()
        })
        .take_while(|&p| p != NONE)
        .collect();
        above.reverse();
        for code in above {
            range.code(code as usize, true, false);
        }
        range.out.delta.clear();
        for code in first..end {
            while range
                .way
                .last()
                .is_some_and(|a| a.code != input.parents[code])
            {
                range.way.pop();
            }
            let is_parent = input.parents.get(code + 1) == Some(&(code as u32));
            range.code(code, is_parent, true);
        }
        range.out
    }

    /// Its record; a code with longer ones behind it stays on the way with its complete list.
    fn code(&mut self, code: usize, is_parent: bool, emit: bool) {
        let input = self.input;
        let key = DigitKey::from_checked(input.codes[code]);
        let (start, end) = (input.row_starts[code], input.row_starts[code + 1]);
        let rows = &input.rows[start as usize..end as usize];
        let mut own_change = NONE;
        self.entries.clear();
        for row in rows {
            let kind = input.kinds[row.kind as usize];
            own_change = own_change.min(kind.change);
            if kind.holds {
                let rank = if kind.open {
                    input.ranks[(row.term - input.first_term) as usize]
                } else {
                    NONE
                };
                self.entries.push((row.column, rank));
            }
        }
        let change = own_change.min(self.way.last().map_or(NONE, |a| a.change));
        let mut delta = NONE;
        let top = if self.entries.is_empty() && !self.way.is_empty() {
            self.way.last().map_or(NONE, |a| a.top)
        } else {
            if !self.entries.is_empty() {
                delta = self.out.delta.len() as u32;
                delta::write(&self.entries, input.columns, &mut self.out.delta);
            }
            self.merge(key.len(), is_parent);
            self.share()
        };
        if is_parent {
            let list = match self.way.last() {
                Some(parent) if self.entries.is_empty() => std::rc::Rc::clone(&parent.list),
                _ => self.merged.as_slice().into(),
            };
            self.way.push(Ancestor {
                code: code as u32,
                change,
                top,
                list,
            });
        }
        if emit {
            self.out.codes.push(Code {
                key: key.raw(),
                parent: input.parents[code],
                top,
                delta,
                change,
                row_start: start,
                own_change,
            });
        }
    }

    /// The parent's list without the columns that have an entry here, merged with those; a code nobody inherits from needs
    /// no more than its top list and one to know that there is more.
    fn merge(&mut self, matched_len: usize, whole: bool) {
        self.fresh.clear();
        for &(column, rank) in &self.entries {
            self.own[usize::from(column) / 64] |= 1 << (column % 64);
            if rank != NONE {
                self.fresh.push(candidate::pack(rank, column, matched_len));
            }
        }
        self.fresh.sort_unstable();
        let most = if whole { usize::MAX } else { TOP + 1 };
        self.merged.clear();
        let mut fresh = self.fresh.iter().copied().peekable();
        let inherited: &[u64] = self.way.last().map_or(&[], |a| &a.list);
        for &entry in inherited {
            let column = candidate::column(entry);
            if self.own[usize::from(column) / 64] >> (column % 64) & 1 != 0 {
                continue;
            }
            while let Some(next) = fresh.next_if(|&f| f < entry) {
                self.merged.push(next);
            }
            self.merged.push(entry);
            if self.merged.len() >= most {
                break;
            }
        }
        let room = most.saturating_sub(self.merged.len());
        self.merged.extend(fresh.take(room));
        for &(column, _) in &self.entries {
            self.own[usize::from(column) / 64] = 0;
        }
    }

    /// The top list with the content of `merged`, written once.
    fn share(&mut self) -> u32 {
        use std::hash::Hasher;
        let len = self.merged.len().min(TOP);
        let mut words = [0u64; TOP + 1];
        words[0] = len as u64;
        if self.merged.len() > TOP {
            words[0] |= TRUNCATED;
        }
        words[1..=len].copy_from_slice(&self.merged[..len]);
        let words = &words[..(len + 1).next_multiple_of(8)];
        let mut hasher = rustc_hash::FxHasher::default();
        words.iter().for_each(|&word| hasher.write_u64(word));
        let same = self.by_content.entry(hasher.finish()).or_default();
        let lines = &mut self.out.top;
        let holds = |&&at: &&u32| {
            lines
                .get(at as usize..at as usize + words.len() / 8)
                .is_some_and(|l| bytemuck::cast_slice::<Line, u64>(l) == words)
        };
        if let Some(&at) = same.iter().find(holds) {
            return at;
        }
        let at = lines.len() as u32;
        lines.extend(words.chunks_exact(8).map(|chunk| {
            let mut line = [0; 8];
            line.copy_from_slice(chunk);
            Line(line)
        }));
        same.push(at);
        at
    }
}
