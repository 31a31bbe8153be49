//! A rate card: one column of an index, asked for what the trunk earns.

use std::sync::Arc;

use crate::index::Index;
use crate::index::layout::{OPEN, Row};
use crate::number::DigitKey;
use crate::rating::Terms;
use crate::time;

pub struct Card {
    pub index: Arc<Index>,
    pub column: u16,
    /// Exchange rate for each currency of the index.
    pub fx: Vec<Option<u64>>,
}

/// What a card says about a number.
pub struct CardAnswer {
    /// The matched row if it is open: code, terms, currency, exchange rate.
    pub row: Option<(DigitKey, Terms, u16, Option<u64>)>,
    /// The first change of a row of the card, of a code that is a prefix of the number.
    pub next_change: i64,
}

impl Card {
    pub fn answer(&self, number: DigitKey, at: i64) -> CardAnswer {
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
        let row = matched
            .filter(|(_, row)| row.status == OPEN)
            .and_then(|(code, row)| {
                let (terms, currency) = self.index.terms_of(&row)?;
                let fx = self.fx.get(usize::from(currency)).copied().flatten();
                Some((self.index.code(code)?, terms, currency, fx))
            });
        CardAnswer { row, next_change }
    }
}
