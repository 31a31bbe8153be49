//! An offer's words, checked: address, limits, hunting, open hours.

use std::collections::HashMap;
use std::sync::Arc;

use super::Schedule;
use super::words::{OfferWords, ScheduleWords};
use crate::number::MAX_DIGITS;

/// Largest weight of an offer.
const MAX_WEIGHT: u32 = 1_000_000;

/// Every word of an offer within its limits.
pub fn check(offer: &OfferWords) -> Result<(), String> {
    let of = |why: &str| Err(format!("offer {}: {why}", offer.offer_id));
    let plain = |text: &str| {
        text.bytes().all(|b| {
            b.is_ascii_graphic()
                && !matches!(b, b'@' | b'<' | b'>' | b'"' | b'\\' | b';' | b'?' | b',')
        })
    };
    if !offer
        .uri_host
        .as_deref()
        .is_none_or(|h| plain(h) && !h.is_empty())
    {
        return of("uri_host is not a host name or address");
    }
    if !plain(&offer.uri_user_prefix) {
        return of("uri_user_prefix holds a character that cannot stand in a SIP user");
    }
    if !matches!(
        offer.transport.as_str(),
        "udp" | "tcp" | "tls" | "ws" | "wss"
    ) {
        return of("transport is not udp, tcp, tls, ws or wss");
    }
    if offer.uri_port == Some(0) {
        return of("uri_port is 0");
    }
    if offer.weight > MAX_WEIGHT {
        return of("weight is more than 1000000");
    }
    if offer.min_digits == 0
        || offer.max_digits > MAX_DIGITS as u8
        || offer.min_digits > offer.max_digits
    {
        return of("min_digits and max_digits are not within 1 and 15, in that order");
    }
    let timers = [offer.no_reply_ms, offer.ringing_ms];
    check_hunt(&timers, [&offer.hunt_stop, &offer.hunt_next]).or_else(of)
}

/// Timers and lists of SIP codes of an offer, or of a customer.
pub fn check_hunt(
    timers: &[Option<u32>],
    codes: [&Option<Vec<u16>>; 2],
) -> Result<(), &'static str> {
    if timers
        .iter()
        .flatten()
        .any(|ms| !(1..=600_000).contains(ms))
    {
        return Err("timeout_ms, no_reply_ms or ringing_ms is not 1 to 600000");
    }
    if codes
        .into_iter()
        .flatten()
        .flatten()
        .any(|code| !(300..=699).contains(code))
    {
        return Err("hunt_stop and hunt_next are lists of SIP codes from 300 to 699");
    }
    Ok(())
}

/// Equal schedules are worked out once.
pub fn schedules(offers: &[OfferWords]) -> Result<Vec<Option<Arc<Schedule>>>, String> {
    let mut known: HashMap<&ScheduleWords, Arc<Schedule>> = HashMap::new();
    let mut out = Vec::with_capacity(offers.len());
    for offer in offers {
        let Some(words) = &offer.schedule else {
            out.push(None);
            continue;
        };
        if let Some(schedule) = known.get(words) {
            out.push(Some(Arc::clone(schedule)));
            continue;
        }
        let parsed =
            Schedule::parse(words).map_err(|e| format!("offer {}: {e}", offer.offer_id))?;
        let parsed = Arc::new(parsed);
        known.insert(words, Arc::clone(&parsed));
        out.push(Some(parsed));
    }
    Ok(out)
}
