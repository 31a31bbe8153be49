//! A call never goes back to who sent it, nor to carriers the trunk named.

use crate::access::Trunk;
use crate::access::words::OfferWords;

pub fn refuses(trunk: Option<&Trunk>, offer: &OfferWords) -> bool {
    trunk.is_some_and(|trunk| trunk.never_to(offer.carrier_id))
}
