//! Only the offers the policy names, where it names some.

use crate::access::policy::PolicyWords;
use crate::access::words::OfferWords;

pub fn refuses(policy: &PolicyWords, offer: &OfferWords) -> bool {
    policy
        .only_offers
        .as_ref()
        .is_some_and(|only| !only.contains(&offer.offer_id))
}
