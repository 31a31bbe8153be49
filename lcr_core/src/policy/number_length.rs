//! Numbers an offer finds too short or too long.

use crate::access::words::OfferWords;
use crate::number::{DigitKey, MAX_DIGITS};

pub fn refuses(offer: &OfferWords, number: DigitKey) -> bool {
    !(usize::from(offer.min_digits)..=usize::from(offer.max_digits)).contains(&number.len())
}

/// Columns that refuse numbers of each length; a length nobody refuses has no bits.
#[derive(Debug, Default)]
pub struct Lengths {
    refused: Vec<Vec<u64>>,
}

impl Lengths {
    /// `column_offers`: the offer behind each column.
    pub fn compile<'a>(column_offers: impl Iterator<Item = Option<&'a OfferWords>>) -> Self {
        let mut refused = vec![Vec::new(); MAX_DIGITS + 1];
        for (column, offer) in column_offers.enumerate() {
            let Some(offer) = offer else { continue };
            let fits = usize::from(offer.min_digits)..=usize::from(offer.max_digits);
            for (length, bits) in refused.iter_mut().enumerate() {
                if !fits.contains(&length) {
                    if bits.len() <= column / 64 {
                        bits.resize(column / 64 + 1, 0u64);
                    }
                    bits[column / 64] |= 1 << (column % 64);
                }
            }
        }
        Self { refused }
    }

    /// Columns that refuse numbers of this length; empty = none.
    #[inline]
    pub fn refused(&self, number: DigitKey) -> &[u64] {
        self.refused.get(number.len()).map_or(&[], Vec::as_slice)
    }
}
