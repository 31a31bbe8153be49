//! Who may ask and what applies to them: offers, trunks, keys, grants, policies. Parsed and checked whole, or refused.

mod fx;
mod lookup;
mod mix;
mod network;
pub mod policy;
mod schedule;
pub mod words;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

pub use fx::parse_fx;
pub use mix::{Mix, Mixes};
pub use network::Network;
use policy::PolicyWords;
pub use schedule::Schedule;
use words::{AccessWords, GrantWords, OfferWords, TrunkWords};

use crate::number::{DigitKey, MAX_DIGITS};
use crate::quality::Quality;
use crate::rating::MAX_SECONDS;
use crate::time;

/// Largest weight of an offer.
const MAX_WEIGHT: u32 = 1_000_000;

pub struct Access {
    pub base_currency: String,
    /// Nanos of the base currency for one unit; the base itself included.
    pub fx: BTreeMap<String, u64>,
    pub reference_seconds: u32,
    pub max_seconds: u32,
    pub closed_codes: Vec<DigitKey>,
    /// Sorted by (carrier_id, offer_id): an offer's place is its tie-break.
    pub offers: Vec<OfferWords>,
    pub trunks: Vec<Trunk>,
    pub keys: Vec<Key>,
    /// card_id → index file name.
    pub cards: BTreeMap<i64, String>,
    pub quality: Quality,
    /// Files of a user's own, by name.
    pub nanp: Option<String>,
    pub lrn: Option<String>,
    pub durations: Mixes,
    /// Of each offer; `None` = always. Equal schedules are one.
    pub schedules: Vec<Option<Arc<Schedule>>>,
    offer_by_id: HashMap<i64, u32>,
    trunk_by_id: HashMap<i64, u32>,
    key_by_sha256: HashMap<[u8; 32], u32>,
    trunks_by_address: HashMap<IpAddr, Vec<u32>>,
    networks: Vec<(Network, u32)>,
}

pub struct Trunk {
    pub trunk_id: i64,
    pub company_id: i64,
    pub name: String,
    pub tech_prefix: Option<String>,
    pub policy: PolicyWords,
    /// How numbers of the trunk are written; `None` = E.164 with or without `+`.
    pub normalise: Option<crate::number::normalise::Words>,
    pub rate_card_id: Option<i64>,
    pub blocked_codes: Vec<DigitKey>,
    pub opened_codes: Vec<DigitKey>,
    /// Sorted.
    pub never_carriers: Vec<i64>,
    /// Sorted by offer.
    pub grants: Vec<Grant>,
    pub max_routes: Option<u32>,
    pub enabled: bool,
    pub source_ips: Vec<Network>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Place of the offer in `Access::offers`.
    pub offer: u32,
    pub from_us: i64,
    pub until_us: i64,
}

pub struct Key {
    pub key_id: i64,
    pub sha256: [u8; 32],
    pub trunk_id: Option<i64>,
    pub company_id: Option<i64>,
    pub scopes: Vec<String>,
    pub expires_at_us: Option<i64>,
}

impl Key {
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s == scope)
    }

    pub fn is_expired(&self, now_us: i64) -> bool {
        self.expires_at_us.is_some_and(|at| at <= now_us)
    }
}

impl Trunk {
    /// Does one of the trunk's grants of this offer hold at `at`?
    pub fn is_granted(&self, offer: u32, at: i64) -> bool {
        let first = self.grants.partition_point(|g| g.offer < offer);
        self.grants[first..]
            .iter()
            .take_while(|g| g.offer == offer)
            .any(|g| time::within(at, g.from_us, g.until_us))
    }

    /// Has an offer of this carrier to be kept from the trunk, lest the call comes back?
    pub fn never_to(&self, carrier_id: i64) -> bool {
        carrier_id == self.company_id || self.never_carriers.binary_search(&carrier_id).is_ok()
    }
}

impl Access {
    /// Parses and checks access.json; the message says where and what.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let words: AccessWords = serde_json::from_slice(json).map_err(|e| e.to_string())?;
        let fx = parse_fx(&words.base_currency, &words.fx)?;
        if !(1..=MAX_SECONDS).contains(&words.reference_seconds) {
            return Err(format!(
                "reference_seconds: {} is not 1 to {MAX_SECONDS}",
                words.reference_seconds
            ));
        }
        if words.max_seconds == 0 {
            return Err("max_seconds: at least 1".to_owned());
        }
        let mut offers = words.offers;
        offers.sort_by_key(|o| (o.carrier_id, o.offer_id));
        let offer_by_id = by_id(offers.iter().map(|o| o.offer_id), "offer_id")?;
        offers.iter().try_for_each(check_offer)?;
        let schedules = schedules(&offers)?;
        let durations = Mixes::parse(words.durations)?;
        let mut cards = BTreeMap::new();
        for card in words.cards {
            if !is_index_name(&card.index) {
                return Err(format!(
                    "card {}: index {:?} is not the name of an index file",
                    card.card_id, card.index
                ));
            }
            if cards.insert(card.card_id, card.index).is_some() {
                return Err(format!("card_id {} is named twice", card.card_id));
            }
        }
        for (word, name) in [("nanp", &words.nanp), ("lrn", &words.lrn)] {
            if let Some(name) = name.as_ref().filter(|n| !is_index_name(n)) {
                return Err(format!(
                    "{word}: {name:?} is not the name of a file of ours"
                ));
            }
        }
        let trunk_by_id = by_id(words.trunks.iter().map(|t| t.trunk_id), "trunk_id")?;
        let trunks = words
            .trunks
            .into_iter()
            .map(|t| trunk(t, &offer_by_id, &cards))
            .collect::<Result<Vec<_>, _>>()?;
        let mut keys = Vec::with_capacity(words.keys.len());
        for key in words.keys {
            let of = |why: &str| format!("key {}: {why}", key.key_id);
            let sha256 =
                parse_sha256(&key.sha256).ok_or_else(|| of("sha256 is not 64 hex digits"))?;
            if key
                .trunk_id
                .is_some_and(|id| !trunk_by_id.contains_key(&id))
            {
                return Err(of("its trunk_id is unknown"));
            }
            let expires_at_us = key.expires_at_us;
            keys.push(Key {
                key_id: key.key_id,
                sha256,
                trunk_id: key.trunk_id,
                company_id: key.company_id,
                scopes: key.scopes,
                expires_at_us,
            });
        }
        by_id(keys.iter().map(|k| k.key_id), "key_id")?;
        let key_by_sha256: HashMap<[u8; 32], u32> =
            (0u32..).zip(&keys).map(|(i, k)| (k.sha256, i)).collect();
        if key_by_sha256.len() != keys.len() {
            return Err("keys: the same sha256 stands twice".to_owned());
        }
        let quality = Quality::parse(&words.quality, &offer_by_id, offers.len())?;
        let (trunks_by_address, networks) = lookup::sources(&trunks);
        Ok(Self {
            base_currency: words.base_currency,
            fx,
            reference_seconds: words.reference_seconds,
            max_seconds: words.max_seconds,
            closed_codes: codes(&words.closed_codes)
                .map_err(|c| format!("closed_codes: {c:?} is not 1 to 15 digits"))?,
            offers,
            trunks,
            keys,
            cards,
            quality,
            nanp: words.nanp,
            lrn: words.lrn,
            durations,
            schedules,
            offer_by_id,
            trunk_by_id,
            key_by_sha256,
            trunks_by_address,
            networks,
        })
    }
}

fn trunk(
    words: TrunkWords,
    offers: &HashMap<i64, u32>,
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
        normalise: words.normalise,
        rate_card_id: words.rate_card_id,
        blocked_codes: list("blocked_codes", &words.blocked_codes)?,
        opened_codes: list("opened_codes", &words.opened_codes)?,
        never_carriers,
        grants,
        max_routes: words.max_routes,
        enabled: words.enabled,
        source_ips: words
            .source_ips
            .iter()
            .map(parse)
            .collect::<Result<_, _>>()?,
    })
}

fn check_offer(offer: &OfferWords) -> Result<(), String> {
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
    if timers
        .iter()
        .flatten()
        .any(|ms| !(1..=600_000).contains(ms))
    {
        return of("no_reply_ms or ringing_ms is not 1 to 600000");
    }
    let codes = [&offer.hunt_stop, &offer.hunt_next];
    if codes
        .into_iter()
        .flatten()
        .flatten()
        .any(|code| !(300..=699).contains(code))
    {
        return of("hunt_stop and hunt_next are lists of SIP codes from 300 to 699");
    }
    Ok(())
}

/// Equal schedules are worked out once.
fn schedules(offers: &[OfferWords]) -> Result<Vec<Option<Arc<Schedule>>>, String> {
    let mut known: HashMap<&words::ScheduleWords, Arc<Schedule>> = HashMap::new();
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

/// Sorted, without doubles; the text that is no code as error.
fn codes(texts: &[String]) -> Result<Vec<DigitKey>, String> {
    let mut keys = texts
        .iter()
        .map(|t| DigitKey::from_digits(t).ok_or_else(|| t.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}

fn by_id(ids: impl Iterator<Item = i64>, word: &str) -> Result<HashMap<i64, u32>, String> {
    let mut out = HashMap::new();
    for (place, id) in (0u32..).zip(ids) {
        if out.insert(id, place).is_some() {
            return Err(format!("{word} {id} is named twice"));
        }
    }
    Ok(out)
}

fn parse_sha256(text: &str) -> Option<[u8; 32]> {
    let mut out = [0u8; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (slot, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |b: u8| (b as char).to_digit(16);
        *slot = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(out)
}

/// `<64 hex>.lcx`: nothing that could leave the directory.
pub fn is_index_name(name: &str) -> bool {
    name.strip_suffix(".lcx")
        .is_some_and(|stem| stem.len() == 64 && stem.bytes().all(|b| b.is_ascii_hexdigit()))
}
