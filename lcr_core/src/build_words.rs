//! The JSON that goes with a build: currencies, reference seconds, which offers.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use crate::access::parse_fx;
use crate::error::BuildError;
use crate::index::build::Config;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    base_currency: String,
    #[serde(default)]
    fx: BTreeMap<String, String>,
    #[serde(default = "default_reference_seconds")]
    reference_seconds: u32,
    offers: Vec<OfferWords>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfferWords {
    offer_id: i64,
    carrier_id: i64,
}

fn default_reference_seconds() -> u32 {
    180
}

/// The configuration of a build and the carrier of each offer.
pub fn parse(json: &str, epoch_us: i64) -> Result<(Config, HashMap<i64, i64>), BuildError> {
    let words: Words =
        serde_json::from_str(json).map_err(|e| BuildError::Config(format!("offers_json: {e}")))?;
    let fx = parse_fx(&words.base_currency, &words.fx).map_err(BuildError::Config)?;
    let mut carriers = HashMap::new();
    for offer in words.offers {
        if carriers.insert(offer.offer_id, offer.carrier_id).is_some() {
            return Err(BuildError::Config(format!(
                "offers_json: offer {} is named twice",
                offer.offer_id
            )));
        }
    }
    Ok((
        Config {
            base_currency: words.base_currency,
            fx,
            reference_seconds: words.reference_seconds,
            epoch_us,
        },
        carriers,
    ))
}
