//! Finding offers, trunks and keys: by id, by secret, by where the call comes from.

use std::collections::HashMap;
use std::net::IpAddr;

use super::{Access, Key, Network, Trunk};

impl Access {
    /// Place of an offer in `offers`.
    pub fn offer_place(&self, offer_id: i64) -> Option<u32> {
        self.offer_by_id.get(&offer_id).copied()
    }

    pub fn trunk(&self, trunk_id: i64) -> Option<&Trunk> {
        self.trunk_by_id
            .get(&trunk_id)
            .and_then(|&i| self.trunks.get(i as usize))
    }

    /// Place of a trunk in `trunks`.
    pub fn trunk_place(&self, trunk_id: i64) -> Option<u32> {
        self.trunk_by_id.get(&trunk_id).copied()
    }

    /// The key whose secret has this sha256; expiry and scopes are the caller's to check (`is_expired`, `has_scope`).
    pub fn key(&self, sha256: &[u8; 32]) -> Option<&Key> {
        self.key_by_sha256
            .get(sha256)
            .and_then(|&i| self.keys.get(i as usize))
    }

    /// All trunks that may send from this address, in the order of access.json.
    pub fn trunks_by_source(&self, address: IpAddr) -> Vec<&Trunk> {
        let address = address.to_canonical();
        let mut places: Vec<u32> = self
            .trunks_by_address
            .get(&address)
            .cloned()
            .unwrap_or_default();
        places.extend(
            self.networks
                .iter()
                .filter(|(network, _)| network.holds(address))
                .map(|(_, place)| *place),
        );
        places.sort_unstable();
        places.dedup();
        places
            .iter()
            .filter_map(|&i| self.trunks.get(i as usize))
            .collect()
    }

    /// The one trunk of this address, if exactly one is enabled there.
    pub fn trunk_by_source(&self, address: IpAddr) -> Option<&Trunk> {
        let enabled: Vec<&Trunk> = self
            .trunks_by_source(address)
            .into_iter()
            .filter(|t| t.enabled)
            .collect();
        if let [only] = enabled[..] {
            Some(only)
        } else {
            None
        }
    }

    /// The enabled trunk of this address and dialled string, and what is left after its tech prefix.
    /// The longest tech prefix wins, a trunk without one comes last; `None` when no trunk or two fit.
    pub fn identify<'a, 'd>(
        &'a self,
        address: IpAddr,
        dialled: &'d str,
    ) -> Option<(&'a Trunk, &'d str)> {
        let mut best: Option<(&Trunk, &str)> = None;
        let mut tie = false;
        for trunk in self
            .trunks_by_source(address)
            .into_iter()
            .filter(|t| t.enabled)
        {
            let Some(rest) = dialled.strip_prefix(trunk.tech_prefix.as_deref().unwrap_or(""))
            else {
                continue;
            };
            match best {
                Some((_, kept)) if kept.len() < rest.len() => {}
                Some((_, kept)) if kept.len() == rest.len() => tie = true,
                _ => (best, tie) = (Some((trunk, rest)), false),
            }
        }
        best.filter(|_| !tie)
    }
}

type ByAddress = HashMap<IpAddr, Vec<u32>>;

pub(super) fn sources(trunks: &[Trunk]) -> (ByAddress, Vec<(Network, u32)>) {
    let mut single = ByAddress::new();
    let mut networks = Vec::new();
    for (place, trunk) in (0u32..).zip(trunks) {
        for network in &trunk.source_ips {
            if network.is_single() {
                single.entry(network.address).or_default().push(place);
            } else {
                networks.push((*network, place));
            }
        }
    }
    (single, networks)
}
