//! Where a product's calls go: the address the served snapshot has, never one that a caller names.
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use lcr_core::access::words::OfferWords;
use lcr_core::answer::safe;
use lcr_core::sip::clock::{SECOND, TIMER_C};
use lcr_core::sip::digest::client::Credentials;
use lcr_core::sip::peer::{Peer, Transport};

use super::gate::address;

/// Answers after which another route would be tried; a test call has one route, so only the default table of docs/decision.md 7.
pub type Resolved = HashMap<String, IpAddr>;

/// Peer and request address of a number through an offer. The error says what is missing.
pub fn of(
    offer: &OfferWords,
    number: &str,
    resolved: &Resolved,
) -> Result<(Peer, String), &'static str> {
    let host = offer
        .uri_host
        .as_deref()
        .ok_or("the product has no address")?;
    let transport = match offer.transport.as_str() {
        "udp" => Transport::Udp,
        "tcp" => Transport::Tcp,
        "tls" => Transport::Tls,
        _ => return Err("the product's transport is none of udp, tcp, tls"),
    };
    let ip = address(host)
        .or_else(|| resolved.get(host).copied())
        .ok_or("the product's host name has no address yet")?;
    let usual = if transport == Transport::Tls {
        5061
    } else {
        5060
    };
    let socket = SocketAddr::new(ip, offer.uri_port.unwrap_or(usual));
    let mut user = String::new();
    safe::user(&mut user, &offer.uri_user_prefix);
    safe::user(&mut user, number);
    let place = match offer.uri_port {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let parameter = match transport {
        Transport::Udp | Transport::Inside => "",
        Transport::Tcp => ";transport=tcp",
        Transport::Tls => ";transport=tls",
    };
    let peer = Peer {
        transport,
        address: socket,
        socket: 0,
    };
    Ok((peer, format!("sip:{user}@{place}{parameter}")))
}

/// Who calls, as the other side is told.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// User part of From; none: anonymous.
    pub shown: Option<String>,
    pub asserted: Option<String>,
    pub privacy: bool,
}

impl Caller {
    pub fn from(&self, own: IpAddr) -> Vec<u8> {
        match &self.shown {
            Some(user) => format!("<sip:{}@{}>", escaped(user), host(own)).into_bytes(),
            None => b"\"Anonymous\" <sip:anonymous@anonymous.invalid>".to_vec(),
        }
    }

    pub fn asserted(&self, own: IpAddr) -> Option<Vec<u8>> {
        let user = self.asserted.as_deref()?;
        Some(format!("<sip:{}@{}>", escaped(user), host(own)).into_bytes())
    }
}

fn escaped(user: &str) -> String {
    let mut out = String::new();
    safe::user(&mut out, user);
    out
}

/// As it stands in an address.
pub fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// A target of the call machine.
pub fn machine(
    offer: &OfferWords,
    (peer, uri): (Peer, String),
    own: IpAddr,
    caller: &Caller,
    credentials: Option<(String, String)>,
    ring_seconds: u64,
) -> lcr_core::sip::call::Target {
    let headers = if caller.privacy {
        vec![("Privacy".to_owned(), b"id".to_vec())]
    } else {
        Vec::new()
    };
    lcr_core::sip::call::Target {
        name: offer.offer_id.to_string(),
        uri: uri.into_bytes(),
        peer,
        from: caller.from(own),
        asserted: caller.asserted(own),
        headers,
        credentials: credentials.map(|(user, password)| Credentials { user, password }),
        next_on: Vec::new(),
        ring_limit: (ring_seconds * SECOND).min(TIMER_C),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(words: &str) -> OfferWords {
        let whole = format!(r#"{{"offer_id":7,"carrier_id":1,"vendor":"v","product":"p"{words}}}"#);
        serde_json::from_str(&whole).unwrap()
    }

    #[test]
    fn a_product_says_where_its_calls_go() {
        let known = Resolved::from([("gw.example.net".to_owned(), "192.0.2.5".parse().unwrap())]);
        let of = |words: &str| of(&offer(words), "4420", &known);
        let (peer, uri) = of(
            r#","uri_host":"192.0.2.7","uri_port":5070,"uri_user_prefix":"77#","transport":"tcp""#,
        )
        .unwrap();
        assert_eq!(
            (peer.transport, peer.address.to_string()),
            (Transport::Tcp, "192.0.2.7:5070".to_owned())
        );
        assert_eq!(uri, "sip:77#4420@192.0.2.7:5070;transport=tcp");
        let (peer, uri) = of(r#","uri_host":"gw.example.net""#).unwrap();
        assert_eq!(
            (peer.address.to_string(), uri.as_str()),
            ("192.0.2.5:5060".to_owned(), "sip:4420@gw.example.net")
        );
        let (peer, _) = of(r#","uri_host":"[2001:db8::1]","transport":"tls""#).unwrap();
        assert_eq!(peer.address.to_string(), "[2001:db8::1]:5061");
        assert!(of("").unwrap_err().contains("no address"));
        assert!(
            of(r#","uri_host":"192.0.2.7","transport":"wss""#)
                .unwrap_err()
                .contains("transport")
        );
        assert!(
            of(r#","uri_host":"elsewhere.example""#)
                .unwrap_err()
                .contains("host name")
        );
    }

    #[test]
    fn callers_are_shown_asserted_or_hidden() {
        let own = "203.0.113.1".parse().unwrap();
        let hidden = Caller {
            shown: None,
            asserted: Some("44<20".to_owned()),
            privacy: true,
        };
        assert!(hidden.from(own).starts_with(b"\"Anonymous\""));
        assert_eq!(hidden.asserted(own).unwrap(), b"<sip:44%3C20@203.0.113.1>");
        let shown = Caller {
            shown: Some("4420".to_owned()),
            ..Caller::default()
        };
        assert_eq!(
            shown.from("2001:db8::1".parse().unwrap()),
            b"<sip:4420@[2001:db8::1]>"
        );
    }
}
