//! Addresses: networks in CIDR form and the address a request really came from.
use std::net::IpAddr;

/// One network, IPv4 or IPv6; a bare address is a network of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    bits: u128,
    mask: u128,
    v4: bool,
}

/// IPv4-mapped IPv6 addresses (a dual-stack listener gives these) count as IPv4.
fn spread(ip: IpAddr) -> (u128, bool) {
    match ip.to_canonical() {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), true),
        IpAddr::V6(v6) => (v6.to_bits(), false),
    }
}

impl Cidr {
    /// `192.0.2.0/24`, `2001:db8::/32`, or a bare address. `None` when it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let (bits, v4) = spread(address.parse().ok()?);
        let width: u32 = if v4 { 32 } else { 128 };
        let length: u32 = match length {
            Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
            Some(_) => return None,
            None => width,
        };
        if length > width {
            return None;
        }
        let all = if v4 { u128::from(u32::MAX) } else { u128::MAX };
        let mask = all.checked_shl(width - length).unwrap_or(0) & all;
        Some(Self { bits: bits & mask, mask, v4 })
    }

    pub fn contains(&self, ip: IpAddr) -> bool {
        let (bits, v4) = spread(ip);
        v4 == self.v4 && bits & self.mask == self.bits
    }
}

/// The address of the asker behind trusted proxies: walk `X-Forwarded-For` from its right end while the
/// hop is trusted. Anything unreadable stops the walk at the last hop that is known for certain.
pub fn real_peer(peer: Option<IpAddr>, forwarded_for: Option<&str>, trusted: &crate::config::Sources) -> Option<IpAddr> {
    let mut current = peer;
    let Some(list) = forwarded_for else { return current };
    for hop in list.rsplit(',').take(16) {
        if !trusted.holds(current) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(ip) => current = Some(ip),
            Err(_) => break,
        }
    }
    current
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_hold_their_addresses_only() {
        let net = Cidr::parse("192.0.2.0/24").unwrap();
        assert!(net.contains(ip("192.0.2.255")));
        assert!(!net.contains(ip("192.0.3.0")));
        assert!(net.contains(ip("::ffff:192.0.2.7")), "mapped addresses count as IPv4");
        let six = Cidr::parse("2001:db8::/32").unwrap();
        assert!(six.contains(ip("2001:db8:1::1")));
        assert!(!six.contains(ip("2001:db9::1")));
        assert!(Cidr::parse("0.0.0.0/0").unwrap().contains(ip("203.0.113.9")));
        assert!(!Cidr::parse("0.0.0.0/0").unwrap().contains(ip("2001:db8::1")));
        assert!(Cidr::parse("198.51.100.7").unwrap().contains(ip("198.51.100.7")));
    }

    #[test]
    fn nonsense_is_no_network() {
        for text in ["", "/", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/+8", "::/129", "host", "1.2.3/8"] {
            assert_eq!(Cidr::parse(text), None, "{text}");
        }
    }

    #[test]
    fn forwarded_addresses_are_believed_from_trusted_hops_only() {
        let trusted = Sources { cidrs: vec![Cidr::parse("10.0.0.0/8").unwrap()], unix: true };
        let seen = |peer: Option<&str>, list: &str| real_peer(peer.map(ip), Some(list), &trusted);
        assert_eq!(seen(Some("192.0.2.1"), "203.0.113.9"), Some(ip("192.0.2.1")));
        assert_eq!(seen(Some("10.0.0.1"), "203.0.113.9"), Some(ip("203.0.113.9")));
        assert_eq!(seen(Some("10.0.0.1"), "198.51.100.1, 203.0.113.9, 10.0.0.2"), Some(ip("203.0.113.9")));
        assert_eq!(seen(None, "203.0.113.9"), Some(ip("203.0.113.9")));
        assert_eq!(seen(Some("10.0.0.1"), "rubbish"), Some(ip("10.0.0.1")));
    }
}
