//! A rate card: one column of an index, asked for what the trunk earns.

use std::sync::Arc;

use crate::index::Index;
use crate::index::layout::{OPEN, Row};
use crate::layers::find;
use crate::layers::pick::Facts;
use crate::layers::table::LayeredOffer;
use crate::number::DigitKey;
use crate::rating::Terms;
use crate::time;

pub struct Card {
    pub index: Arc<Index>,
    /// Its first column and how many it has.
    pub column: u16,
    pub columns: u16,
    pub layers: Option<LayeredOffer>,
    /// Exchange rate for each currency of the index.
    pub fx: Vec<Option<u64>>,
}

/// Code, terms, currency, exchange rate.
pub type OpenRow = (DigitKey, Terms, u16, Option<u64>);

/// What a card says about a number.
pub struct CardAnswer {
    /// The matched row if it is open: code, terms, currency, exchange rate.
    pub row: Option<OpenRow>,
    /// The first change of a row of the card, of a code that is a prefix of the number.
    pub next_change: i64,
}

impl Card {
    /// `comparable` gives the cost of terms at an exchange rate, by which a dearest layer is found.
    pub fn answer(
        &self,
        number: DigitKey,
        at: i64,
        facts: &Facts,
        comparable: impl Fn(&Terms, u64) -> u128,
    ) -> CardAnswer {
        if let Some(layers) = &self.layers {
            let cost = |row: &Row| {
                let (terms, currency) = self.index.terms_of(row)?;
                let fx = self.fx.get(usize::from(currency)).copied().flatten()?;
                Some(comparable(&terms, fx))
            };
            let index = &self.index;
            let found = find::find(index, layers, facts, number, at, |row| {
                cost(row).unwrap_or(0)
            });
            let matched = found
                .matched
                .and_then(|(code, row)| Some((code, index.row(row)?)));
            let columns = self.column..self.column + self.columns;
            return CardAnswer {
                row: self.open_row(matched),
                next_change: find::next_change(index, columns, number, at),
            };
        }
        let mut next_change = time::NEVER;
        let mut matched = None;
        for code in self.index.chain(number) {
            let of_card = |(_, row): &(u32, Row)| row.column == self.column;
            for (_, row) in self.index.rows_at(code).filter(of_card) {
                let Some(window) = self.index.window(&row) else {
                    continue;
                };
                next_change = next_change.min(window.next_change(at));
                if matched.is_none() && window.holds(at) {
                    matched = Some((code, row));
                }
            }
        }
        CardAnswer {
            row: self.open_row(matched),
            next_change,
        }
    }

    fn open_row(&self, matched: Option<(u32, Row)>) -> Option<OpenRow> {
        let (code, row) = matched.filter(|(_, row)| row.status == OPEN)?;
        let (terms, currency) = self.index.terms_of(&row)?;
        let fx = self.fx.get(usize::from(currency)).copied().flatten();
        Some((self.index.code(code)?, terms, currency, fx))
    }
}
