//! An offer that is switched off takes no calls.

use crate::access::words::OfferWords;

pub fn refuses(offer: &OfferWords) -> bool {
    !offer.enabled
}
