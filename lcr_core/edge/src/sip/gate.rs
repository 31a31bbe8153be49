//! Who may speak to us at all, and how fast: looked at before a byte of a datagram is read.
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use lcr_core::access::{Access, Network};

use crate::limit::Limiter;

/// Addresses of one snapshot: those that trunks send from, those of products, those of the configuration.
#[derive(Debug, Default)]
pub struct Allowed {
    single: HashSet<IpAddr>,
    networks: Vec<Network>,
}

impl Allowed {
    pub fn of(access: Option<&Access>, further: &[Network], resolved: &[IpAddr]) -> Self {
        let mut made = Self::default();
        made.single.extend(resolved.iter().copied());
        let trunks = access.iter().flat_map(|a| &a.trunks);
        let sources = trunks
            .filter(|t| t.enabled)
            .flat_map(|t| t.source_ips.iter());
        for network in sources.chain(further) {
            if network.is_single() {
                made.single.insert(network.address.to_canonical());
            } else {
                made.networks.push(*network);
            }
        }
        let hosts = access.iter().flat_map(|a| &a.offers);
        let hosts = hosts.filter_map(|o| o.uri_host.as_deref());
        made.single.extend(hosts.filter_map(address));
        made
    }

    pub fn holds(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.single.contains(&ip) || self.networks.iter().any(|n| n.holds(ip))
    }
}

/// A host that is an address, in brackets or not.
pub fn address(host: &str) -> Option<IpAddr> {
    let inner = host
        .strip_prefix('[')
        .and_then(|h| h.strip_suffix(']'))
        .unwrap_or(host);
    inner.parse().ok()
}

pub struct Gate {
    allowed: ArcSwap<Allowed>,
    limiter: Limiter,
    key: RandomState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    Pass,
    Stranger,
    TooFast,
}

impl Gate {
    pub fn new(packets_per_s: u32) -> Self {
        Self {
            allowed: ArcSwap::default(),
            limiter: Limiter::new(packets_per_s),
            key: RandomState::new(),
        }
    }

    pub fn allow(&self, allowed: Allowed) {
        self.allowed.store(Arc::new(allowed));
    }

    pub fn knows(&self, ip: IpAddr) -> bool {
        self.allowed.load().holds(ip)
    }

    /// `now_ns` of a monotonic clock. The table of buckets has a fixed size; strangers take no place in it.
    pub fn pass(&self, ip: IpAddr, now_ns: u64) -> Passage {
        if !self.knows(ip) {
            return Passage::Stranger;
        }
        let owner = self.key.hash_one(ip.to_canonical());
        match self.limiter.take(owner, now_ns) {
            Ok(()) => Passage::Pass,
            Err(_) => Passage::TooFast,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_kept_out_and_the_hasty_slowed() {
        let gate = Gate::new(10);
        let (known, stranger) = ("192.0.2.7".parse().unwrap(), "192.0.2.8".parse().unwrap());
        assert_eq!(gate.pass(known, 0), Passage::Stranger, "closed at first");
        let networks = [Network::parse("192.0.2.7").unwrap()];
        gate.allow(Allowed::of(None, &networks, &[]));
        for _ in 0..10 {
            assert_eq!(gate.pass(known, 0), Passage::Pass);
        }
        assert_eq!(gate.pass(known, 0), Passage::TooFast);
        assert_eq!(gate.pass(known, 100_000_000), Passage::Pass);
        assert_eq!(gate.pass(stranger, 0), Passage::Stranger);
        let mapped = "::ffff:192.0.2.7".parse().unwrap();
        assert!(gate.knows(mapped), "a dual-stack listener shows it so");
    }

    #[test]
    fn a_host_in_brackets_is_an_address() {
        assert_eq!(address("[2001:db8::1]"), "2001:db8::1".parse().ok());
        assert_eq!(address("192.0.2.1"), "192.0.2.1".parse().ok());
        assert_eq!(address("sip.example.net"), None);
    }
}
