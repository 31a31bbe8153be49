//! Via: where a request came past, and where its answers go.
use std::net::IpAddr;

use super::host::{Host, parse_host_port};
use super::params::{self, Params};
use crate::sip::chars::{is_lws, is_token, number, span, trim};
use crate::sip::fault::Fault;

/// What a branch begins with when it names a transaction (RFC 3261 section 8.1.1.7).
pub const COOKIE: &[u8] = b"z9hG4bK";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    /// `UDP`, `TCP`, `TLS`, or what a stranger wrote.
    pub transport: &'a [u8],
    pub host: Host<'a>,
    pub port: Option<u16>,
    /// Header parameters, `;` first.
    pub params: &'a [u8],
}

const BAD: Fault = Fault::bad("Bad Via");

fn word(text: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let text = &text[span(text, is_lws)..];
    let len = span(text, is_token);
    if len == 0 {
        return Err(BAD);
    }
    Ok((&text[..len], &text[len..]))
}

fn slash(text: &[u8]) -> Result<&[u8], Fault> {
    text[span(text, is_lws)..].strip_prefix(b"/").ok_or(BAD)
}

impl<'a> Via<'a> {
    /// One value, everything checked.
    pub fn parse(text: &'a [u8]) -> Result<Self, Fault> {
        let (out, version) = Self::read(text)?;
        if version != b"2.0" {
            return Err(BAD);
        }
        params::check(out.params)?;
        Ok(out)
    }

    /// Version and parameters unseen: for values that were checked before, and to answer 505.
    pub fn split(text: &'a [u8]) -> Result<Self, Fault> {
        Self::read(text).map(|(via, _)| via)
    }

    fn read(text: &'a [u8]) -> Result<(Self, &'a [u8]), Fault> {
        let ((transport, rest), version) = match text.strip_prefix(b"SIP/2.0/") {
            Some(rest) => (word(rest)?, &b"2.0"[..]),
            None => {
                let (name, rest) = word(text)?;
                let (version, rest) = word(slash(rest)?)?;
                if !name.eq_ignore_ascii_case(b"SIP") {
                    return Err(BAD);
                }
                (word(slash(rest)?)?, version)
            }
        };
        if !rest.first().is_some_and(|b| is_lws(*b)) {
            return Err(BAD);
        }
        let (host, mut port, mut rest) = parse_host_port(trim(rest))?;
        // `host : 5060`: white space round the colon is allowed here alone.
        if let Some(text) = rest[span(rest, is_lws)..].strip_prefix(b":") {
            let text = &text[span(text, is_lws)..];
            let len = span(text, |b| b.is_ascii_digit());
            port = number(&text[..len]).and_then(|p| u16::try_from(p).ok());
            if port.is_none() {
                return Err(BAD);
            }
            rest = &text[len..];
        }
        let via = Via {
            transport,
            host,
            port,
            params: rest,
        };
        Ok((via, version))
    }

    #[must_use]
    pub fn branch(&self) -> Option<&'a [u8]> {
        Params::value(self.params, b"branch")
    }

    /// Asked for with an empty `rport` (RFC 3581).
    #[must_use]
    pub fn wants_rport(&self) -> bool {
        Params::find(self.params, b"rport").is_some_and(|p| p.value.is_none())
    }

    #[must_use]
    pub fn rport(&self) -> Option<u16> {
        number(Params::value(self.params, b"rport")?).and_then(|p| u16::try_from(p).ok())
    }

    /// IPv6 with or without brackets (RFC 5118 section 4.5).
    #[must_use]
    pub fn received(&self) -> Option<IpAddr> {
        let text = Params::value(self.params, b"received")?;
        let text = text
            .strip_prefix(b"[")
            .and_then(|t| t.strip_suffix(b"]"))
            .unwrap_or(text);
        std::str::from_utf8(text).ok()?.parse().ok()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn white_space_everywhere_is_allowed() {
        let via = Via::parse(
            b"SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8 ",
        )
        .unwrap();
        assert_eq!(
            (via.transport, via.host),
            (&b"TCP"[..], Host::Name("spindle.example.com"))
        );
        assert_eq!(via.branch(), Some(&b"z9hG4bK9ikj8"[..]));
        let via = Via::parse(b"SIP/2.0/UDP 192.0.2.2 : 5070 ;rport;branch=390skdjuw").unwrap();
        assert_eq!((via.port, via.wants_rport()), (Some(5070), true));
    }

    #[test]
    fn ipv6_of_rfc_5118_is_read_with_and_without_brackets() {
        for text in [
            "SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111",
            "SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3-111",
        ] {
            let via = Via::parse(text.as_bytes()).unwrap();
            assert_eq!(via.received(), "2001:db8::9:255".parse().ok(), "{text}");
        }
    }

    #[test]
    fn broken_vias_are_refused() {
        for text in [
            "SIP/2.0/UDP 192.0.2.15;;",
            "",
            "SIP/7.0/UDP a",
            "SIP/2.0/UDP",
            "SIP/2.0/UDPa",
            "SIP/2.0/ a",
            "SIP/2.0/UDP a b",
        ] {
            assert!(Via::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
