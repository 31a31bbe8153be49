//! Who may ask and what applies to them: offers, trunks, keys, grants, policies. Parsed and checked whole, or refused.

mod fx;
mod lookup;
mod lrn;
mod mix;
mod network;
mod offers;
pub mod policy;
mod schedule;
mod trunks;
pub mod words;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

pub use fx::parse_fx;
pub use lrn::{LrnSource, LrnSources};
pub use mix::{Mix, Mixes};
pub use network::Network;
use policy::PolicyWords;
use rustc_hash::FxHashMap;
pub use schedule::Schedule;
use words::{AccessWords, HuntWords, OfferWords};

use crate::number::DigitKey;
use crate::quality::Quality;
use crate::rating::MAX_SECONDS;
use crate::time;

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
    // Ids of our own and digests: nobody chooses them so that they collide.
    offer_by_id: FxHashMap<i64, u32>,
    trunk_by_id: FxHashMap<i64, u32>,
    key_by_sha256: FxHashMap<[u8; 32], u32>,
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
    pub lrn_sources: LrnSources,
    pub rate_card_id: Option<i64>,
    pub blocked_codes: Vec<DigitKey>,
    pub opened_codes: Vec<DigitKey>,
    /// Sorted.
    pub never_carriers: Vec<i64>,
    /// Sorted by offer.
    pub grants: Vec<Grant>,
    pub max_routes: Option<u32>,
    /// How the customer wants its calls hunted; `None` = as the products say.
    pub hunt: Option<HuntWords>,
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
    /// Where it may come from; empty: anywhere.
    pub networks: Vec<Network>,
    pub expires_at_us: Option<i64>,
}

impl Key {
    /// `None` is a peer without an address (the Unix socket): in no network.
    pub fn may_come_from(&self, peer: Option<IpAddr>) -> bool {
        self.networks.is_empty()
            || peer.is_some_and(|ip| self.networks.iter().any(|n| n.holds(ip.to_canonical())))
    }

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
        offers.iter().try_for_each(offers::check)?;
        let schedules = offers::schedules(&offers)?;
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
            .map(|t| trunks::parse(t, &offer_by_id, &cards))
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
            let networks = key
                .networks
                .iter()
                .map(|text| {
                    Network::parse(text)
                        .ok_or_else(|| of(&format!("{text:?} is neither an address nor a network")))
                })
                .collect::<Result<Vec<_>, _>>()?;
            let expires_at_us = key.expires_at_us;
            keys.push(Key {
                key_id: key.key_id,
                sha256,
                trunk_id: key.trunk_id,
                company_id: key.company_id,
                scopes: key.scopes,
                networks,
                expires_at_us,
            });
        }
        by_id(keys.iter().map(|k| k.key_id), "key_id")?;
        let key_by_sha256: FxHashMap<[u8; 32], u32> =
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

fn by_id(ids: impl Iterator<Item = i64>, word: &str) -> Result<FxHashMap<i64, u32>, String> {
    let mut out = FxHashMap::default();
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
