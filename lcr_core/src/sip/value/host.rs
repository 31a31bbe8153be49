//! Hosts with ports: names, IPv4, IPv6 in brackets.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::sip::chars::{all, is_host, number, span};
use crate::sip::fault::Fault;

/// As it stands, brackets without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host<'a> {
    Name(&'a str),
    Ip(IpAddr),
}

impl Host<'_> {
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Host::Ip(ip) => Some(*ip),
            Host::Name(_) => None,
        }
    }

    /// Names compare without case, addresses by value.
    #[must_use]
    pub fn same(&self, other: &Host<'_>) -> bool {
        match (self, other) {
            (Host::Name(a), Host::Name(b)) => a.eq_ignore_ascii_case(b),
            (Host::Ip(a), Host::Ip(b)) => a == b,
            _ => false,
        }
    }
}

impl std::fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::Ip(IpAddr::V4(ip)) => write!(f, "{ip}"),
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
        }
    }
}

/// A name or an address without port. IPv6 needs its brackets.
pub fn parse_host(text: &[u8]) -> Result<Host<'_>, Fault> {
    const BAD: Fault = Fault::bad("Bad Host");
    if let [b'[', inside @ .., b']'] = text {
        let inside = std::str::from_utf8(inside).map_err(|_| BAD)?;
        let ip: Ipv6Addr = inside.parse().map_err(|_| BAD)?;
        return Ok(Host::Ip(IpAddr::V6(ip)));
    }
    if !all(text, is_host) || text.len() > 253 {
        return Err(BAD);
    }
    let text = std::str::from_utf8(text).map_err(|_| BAD)?;
    if text.as_bytes().last().is_some_and(u8::is_ascii_digit)
        && let Ok(ip) = text.parse::<Ipv4Addr>()
    {
        return Ok(Host::Ip(IpAddr::V4(ip)));
    }
    Ok(Host::Name(text))
}

/// `host[:port]` at the beginning of `text`; what follows comes back. Only a Via may have white space round the colon.
pub fn parse_host_port(text: &[u8]) -> Result<(Host<'_>, Option<u16>, &[u8]), Fault> {
    let len = if text.first() == Some(&b'[') {
        memchr::memchr(b']', text).map_or(text.len(), |end| end + 1)
    } else {
        span(text, is_host)
    };
    let host = parse_host(&text[..len])?;
    let Some(rest) = text[len..].strip_prefix(b":") else {
        return Ok((host, None, &text[len..]));
    };
    let len = span(rest, |b| b.is_ascii_digit());
    let port = number(&rest[..len])
        .and_then(|p| u16::try_from(p).ok())
        .ok_or(Fault::bad("Bad Port"))?;
    Ok((host, Some(port), &rest[len..]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_ports_are_told_apart() {
        assert_eq!(
            parse_host_port(b"[2001:db8::9]:5061;x").unwrap(),
            (
                Host::Ip("2001:db8::9".parse().unwrap()),
                Some(5061),
                &b";x"[..]
            )
        );
        assert_eq!(
            parse_host_port(b"10.1.1.1").unwrap().0,
            Host::Ip("10.1.1.1".parse().unwrap())
        );
        assert_eq!(
            parse_host_port(b"a.example:5060").unwrap().0,
            Host::Name("a.example")
        );
        for bad in [
            "",
            ":5060",
            "a:",
            "a:99999",
            "a:-1",
            "[::1",
            "[1.2.3.4]",
            "[2001:db8:::192.0.2.1]",
        ] {
            assert!(parse_host_port(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
