//! A trunk's words, checked: who may ask and what applies to it.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::offers::check_hunt;
use super::words::{GrantWords, TrunkWords};
use super::{Grant, Network, Trunk, codes};
use crate::time;

/// Its words checked; everything they name must exist.
pub fn parse(
    words: TrunkWords,
    offers: &FxHashMap<i64, u32>,
    cards: &BTreeMap<i64, String>,
) -> Result<Trunk, String> {
    let id = words.trunk_id;
    let of = |why: String| format!("trunk {id}: {why}");
    words.policy.check().map_err(of)?;
    if let Some(normalise) = &words.normalise {
        let check = normalise.check();
        check.map_err(|why| of(format!("normalise: {why}")))?;
    }
    if let Some(unknown) = words
        .policy
        .named_offers()
        .find(|o| !offers.contains_key(o))
    {
        return Err(of(format!("policy: offer {unknown} is unknown")));
    }
    if let Some(card) = words.rate_card_id.filter(|card| !cards.contains_key(card)) {
        return Err(of(format!("rate_card_id {card} is not among cards")));
    }
    if words
        .max_routes
        .is_some_and(|max| !(1..=1000).contains(&max))
    {
        return Err(of("max_routes is not 1 to 1000".to_owned()));
    }
    if let Some(hunt) = &words.hunt {
        let timers = [hunt.timeout_ms, hunt.no_reply_ms, hunt.ringing_ms];
        check_hunt(&timers, [&hunt.hunt_stop, &hunt.hunt_next])
            .map_err(|why| of(format!("hunt: {why}")))?;
    }
    let list = |name: &str, of_codes: &[String]| {
        codes(of_codes).map_err(|c| of(format!("{name}: {c:?} is not 1 to 15 digits")))
    };
    let mut grants = Vec::with_capacity(words.grants.len());
    for GrantWords {
        offer_id,
        from_us,
        until_us,
    } in words.grants
    {
        let offer = *offers
            .get(&offer_id)
            .ok_or_else(|| of(format!("grants: offer_id {offer_id} is unknown")))?;
        // A grant that ends before it begins (revoked before its start) never holds.
        let grant = Grant {
            offer,
            from_us: from_us.unwrap_or(i64::MIN),
            until_us: until_us.unwrap_or(time::NEVER),
        };
        grants.push(grant);
    }
    grants.sort_by_key(|g| (g.offer, g.from_us, g.until_us));
    let mut never_carriers = words.never_carriers;
    never_carriers.sort_unstable();
    let parse = |text: &String| {
        Network::parse(text).ok_or_else(|| {
            of(format!(
                "source_ips: {text:?} is not an address or a network"
            ))
        })
    };
    Ok(Trunk {
        trunk_id: id,
        company_id: words.company_id,
        name: words.name,
        tech_prefix: words.tech_prefix.filter(|p| !p.is_empty()),
        policy: words.policy,
        lrn_sources: super::LrnSources::of(words.lrn_sources.as_deref()),
        normalise: words.normalise,
        rate_card_id: words.rate_card_id,
        blocked_codes: list("blocked_codes", &words.blocked_codes)?,
        opened_codes: list("opened_codes", &words.opened_codes)?,
        never_carriers,
        grants,
        max_routes: words.max_routes,
        hunt: words.hunt,
        enabled: words.enabled,
        source_ips: words
            .source_ips
            .iter()
            .map(parse)
            .collect::<Result<_, _>>()?,
    })
}
