//! Exchange rates: decimals per currency to nanos of the base currency.

use std::collections::BTreeMap;

use crate::money::{MAX_FX_NANOS, NANOS, parse_decimal_nanos};

/// The base currency is added with rate 1; given another rate it is an error.
pub fn parse_fx(
    base: &str,
    fx: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, u64>, String> {
    let is_currency = |c: &str| c.len() == 3 && c.bytes().all(|b| b.is_ascii_uppercase());
    if !is_currency(base) {
        return Err(format!(
            "base_currency: {base:?} is not an ISO 4217 code such as USD"
        ));
    }
    let mut out = BTreeMap::new();
    for (currency, text) in fx {
        if !is_currency(currency) {
            return Err(format!(
                "fx: {currency:?} is not an ISO 4217 code such as USD"
            ));
        }
        let nanos = parse_decimal_nanos(text).filter(|n| (1..=MAX_FX_NANOS).contains(n));
        let nanos = nanos.ok_or_else(|| {
            format!("fx: {currency} {text:?} is not a decimal within 0.000000001 and 1000000")
        })?;
        if currency == base && nanos != NANOS {
            return Err(format!(
                "fx: the base currency {base} is {text}, it must be 1 or left out"
            ));
        }
        out.insert(currency.clone(), nanos);
    }
    out.insert(base.to_owned(), NANOS);
    Ok(out)
}
