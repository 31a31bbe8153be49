//! The JSON that goes with a build: currencies, reference seconds, which offers.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use crate::access::parse_fx;
use crate::error::BuildError;
use crate::index::build::Config;
use crate::layers::rules::Rules;

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
    #[serde(default)]
    rules: Option<Rules>,
}

fn default_reference_seconds() -> u32 {
    180
}

/// Carrier and rules of each offer.
pub type Offers = HashMap<i64, (i64, Rules)>;

/// The configuration of a build; carrier and rules of each offer.
pub fn parse(json: &str, epoch_us: i64) -> Result<(Config, Offers), BuildError> {
    let words: Words =
        serde_json::from_str(json).map_err(|e| BuildError::Config(format!("offers_json: {e}")))?;
    let fx = parse_fx(&words.base_currency, &words.fx).map_err(BuildError::Config)?;
    let mut carriers = HashMap::new();
    for offer in words.offers {
        let of_offer = (offer.carrier_id, offer.rules.unwrap_or_default());
        if carriers.insert(offer.offer_id, of_offer).is_some() {
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
