//! Only the classes the policy names; none named = all.

use crate::access::policy::PolicyWords;
use crate::access::words::OfferWords;

pub fn refuses(policy: &PolicyWords, offer: &OfferWords) -> bool {
    policy
        .classes
        .as_ref()
        .is_some_and(|classes| !classes.contains(&offer.class))
}
