//! A trunk uses only what it was granted, while the grant holds. The operator (no trunk) sees everything.

use crate::access::Trunk;

/// A query may ask as if other offers were granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offered {
    All,
    /// Places of offers in access, sorted.
    Only(Vec<u32>),
}

pub fn refuses(trunk: Option<&Trunk>, offered: Option<&Offered>, offer: u32, at: i64) -> bool {
    match (offered, trunk) {
        (Some(Offered::All), _) | (None, None) => false,
        (Some(Offered::Only(places)), _) => places.binary_search(&offer).is_err(),
        (None, Some(trunk)) => !trunk.is_granted(offer, at),
    }
}
