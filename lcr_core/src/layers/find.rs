//! The match of one layered offer, over the rows of its columns, at any instant.

use super::pick::Facts;
use super::table::LayeredOffer;
use crate::index::Index;
use crate::index::layout::{OPEN, Row};
use crate::number::DigitKey;

/// What the rows say about one offer.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Code and row of the match.
    pub matched: Option<(u32, u32)>,
    /// Code and row that begins first after the instant.
    pub pending: Option<(u32, u32, i64)>,
    /// Code and row that ended last.
    pub ended: Option<(u32, u32, i64)>,
    /// Shorter codes valid at the instant, longest first; kept for explain only.
    pub shadowed: Vec<u32>,
    /// The origin choice that holds, for an offer with groups.
    pub choice: Option<u16>,
}

impl Found {
    /// Counts a row that is not valid at `at`.
    pub fn note(&mut self, code: u32, row: u32, from: i64, until: i64, at: i64) {
        if from > at {
            if self.pending.is_none_or(|(_, _, first)| from < first) {
                self.pending = Some((code, row, from));
            }
        } else if until <= at && self.ended.is_none_or(|(_, _, last)| until > last) {
            self.ended = Some((code, row, until));
        }
    }
}

/// The rows of one column at one code, with their numbers.
fn rows_of(index: &Index, code: u32, column: u16) -> impl Iterator<Item = (u32, Row)> + '_ {
    let range = index.rows_of(code);
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = low + (high - low) / 2;
        if index.row(middle).is_some_and(|r| r.column < column) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    (low..range.end)
        .map_while(|number| Some((number, index.row(number)?)))
        .take_while(move |(_, row)| row.column == column)
}

/// The match of an offer: its layer for this call, or the dearest of all when the caller is not known.
/// `comparable` gives the cost of an open row (0 without an exchange rate).
pub fn find(
    index: &Index,
    offer: &LayeredOffer,
    facts: &Facts,
    number: DigitKey,
    at: i64,
    comparable: impl Fn(&Row) -> u128,
) -> Found {
    let kind = offer.jurisdiction(facts);
    let choice = |choice: usize| {
        let mut found = of_column(index, offer.column(choice, kind), number, at);
        found.choice = offer.has_groups().then_some(choice as u16);
        found
    };
    if let Some(origin) = offer.origin(facts.caller) {
        let mut found = choice(origin.choice);
        if found.matched.is_none() {
            let history = offer.history(Some(origin.choice));
            note_history(index, history, number, at, &mut found);
        }
        return found;
    }
    let (mut first, mut dearest): (Option<Found>, Option<(u128, Found)>) = (None, None);
    for place in 0..offer.choices() {
        let found = choice(place);
        let Some(row) = found.matched.and_then(|(_, row)| index.row(row)) else {
            continue;
        };
        if row.status == OPEN {
            let cost = comparable(&row);
            if dearest.as_ref().is_none_or(|(most, _)| cost > *most) {
                dearest = Some((cost, found.clone()));
            }
        }
        first.get_or_insert(found);
    }
    dearest.map(|d| d.1).or(first).unwrap_or_else(|| {
        let mut found = Found::default();
        note_history(index, offer.history(None), number, at, &mut found);
        found
    })
}

fn of_column(index: &Index, column: u16, number: DigitKey, at: i64) -> Found {
    let mut found = Found::default();
    for code in index.chain(number) {
        let valid = rows_of(index, code, column)
            .find(|(_, row)| index.window(row).is_some_and(|w| w.holds(at)));
        match valid {
            Some((row, _)) if found.matched.is_none() => found.matched = Some((code, row)),
            Some(_) => found.shadowed.push(code),
            None => {}
        }
    }
    found
}

fn note_history(
    index: &Index,
    columns: impl Iterator<Item = u16>,
    number: DigitKey,
    at: i64,
    found: &mut Found,
) {
    let columns: Vec<u16> = columns.collect();
    for code in index.chain(number) {
        for &column in &columns {
            for (row_number, row) in rows_of(index, code, column) {
                if let Some(window) = index.window(&row) {
                    found.note(code, row_number, window.from_us, window.until_us, at);
                }
            }
        }
    }
}

/// The first instant after `at` at which a row of any of these columns, of a prefix of the number, begins or ends.
pub fn next_change(index: &Index, columns: std::ops::Range<u16>, number: DigitKey, at: i64) -> i64 {
    let mut next = crate::time::NEVER;
    for code in index.chain(number) {
        for column in columns.clone() {
            for (_, row) in rows_of(index, code, column) {
                if let Some(window) = index.window(&row) {
                    next = next.min(window.next_change(at));
                }
            }
        }
    }
    next
}
