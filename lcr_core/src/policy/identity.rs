//! The caller's number and its signature have to reach the called side when the policy says so.

use crate::access::policy::PolicyWords;
use crate::access::words::OfferWords;
use crate::policy::verdict::Verdict;

pub fn refusal(policy: &PolicyWords, offer: &OfferWords) -> Option<Verdict> {
    if policy.need_cli && !offer.keeps_cli {
        Some(Verdict::Cli)
    } else if policy.need_signature && !offer.keeps_identity {
        Some(Verdict::Signature)
    } else {
        None
    }
}
