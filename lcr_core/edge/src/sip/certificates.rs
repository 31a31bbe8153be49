//! Certificates of other signers (RFC 8224 section 6.2): asked for by https at the hosts the configuration names and nowhere else,
//! bounded in bytes and in time, kept for an hour. The address stands in a stranger's header: whatever is wrong with it costs nothing.
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lcr_core::access::Network;
use lcr_identity::{CertificateChain, MAX_CERTIFICATE_BYTES, x5u_host};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;

use super::config::IdentityWords;
use crate::dip::fetch::exchange;
use crate::{EdgeError, tls};

/// Where Debian and its kin keep the authorities of https.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
const KEPT: usize = 256;
const GOOD: Duration = Duration::from_secs(3600);
/// What could not be had is not asked for again so soon.
const BAD: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(3);
/// Networks that no certificate is fetched from: private, shared, of this host or link, of documentation, of tests, of relays.
const CLOSED: [&str; 20] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "::/3",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "4000::/2",
];

type Kept = (Instant, Option<CertificateChain>);

pub struct Certificates {
    hosts: Vec<String>,
    connector: TlsConnector,
    closed: Vec<Network>,
    kept: Mutex<HashMap<String, Kept>>,
}

/// Is it an address of the open network?
fn is_open(closed: &[Network], ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    // Beyond 2000::/3 nothing is assigned to hosts; the list holds up to there.
    let assigned = match ip {
        IpAddr::V4(_) => true,
        IpAddr::V6(ip) => ip.segments()[0] & 0xe000 == 0x2000,
    };
    assigned && !closed.iter().any(|network| network.holds(ip))
}

fn is_fresh((at, chain): &Kept) -> bool {
    at.elapsed() < if chain.is_some() { GOOD } else { BAD }
}

impl Certificates {
    /// None where no host is named: nothing is fetched.
    pub fn open(words: &IdentityWords) -> Result<Option<Self>, EdgeError> {
        if words.fetch_from.is_empty() {
            return Ok(None);
        }
        let word = "sip.identity.fetch_ca";
        let path = words.fetch_ca.clone().unwrap_or_else(|| AUTHORITIES.into());
        let roots = tls::roots(word, &path).map_err(EdgeError::config)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| EdgeError::config(format!("{word}: {e}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let closed = match words.fetch_private {
            true => Vec::new(),
            false => CLOSED.iter().filter_map(|n| Network::parse(n)).collect(),
        };
        Ok(Some(Self {
            hosts: words.fetch_from.iter().map(|h| h.to_lowercase()).collect(),
            connector: TlsConnector::from(Arc::new(config)),
            closed,
            kept: Mutex::default(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chain at this address, if it can be had.
    pub async fn of(&self, x5u: &str) -> Option<CertificateChain> {
        let known = self.lock().get(x5u).filter(|kept| is_fresh(kept)).cloned();
        if let Some((_, chain)) = known {
            return chain;
        }
        let chain = timeout(PATIENCE, self.fetch(x5u)).await.ok().flatten();
        let mut kept = self.lock();
        if kept.len() >= KEPT {
            kept.retain(|_, one| is_fresh(one));
        }
        if kept.len() < KEPT {
            kept.insert(x5u.to_owned(), (Instant::now(), chain.clone()));
        }
        chain
    }

    async fn fetch(&self, x5u: &str) -> Option<CertificateChain> {
        let hosts: Vec<&str> = self.hosts.iter().map(String::as_str).collect();
        let (host, port) = x5u_host(x5u, &hosts).ok()?;
        let addresses = tokio::net::lookup_host((host, port)).await.ok()?;
        // The address that was looked at is the one that is called: no second lookup comes between.
        let mut open =
            addresses.filter(|a| self.closed.is_empty() || is_open(&self.closed, a.ip()));
        let stream = TcpStream::connect(open.next()?).await.ok()?;
        let name = ServerName::try_from(host.to_owned()).ok()?;
        let stream = self.connector.connect(name, stream).await.ok()?;
        let reply = exchange(stream, &request(x5u), MAX_CERTIFICATE_BYTES)
            .await
            .ok()?;
        CertificateChain::read(body(&reply)?).ok()
    }
}

/// Path and query of an https address that `x5u_host` has passed, as a request.
fn request(x5u: &str) -> String {
    let rest = x5u.strip_prefix("https://").unwrap_or(x5u);
    let rest = rest.split('#').next().unwrap_or(rest);
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!(
        "GET {slash}{path} HTTP/1.0\r\nHost: {authority}\r\nAccept: application/pkix-cert, application/x-pem-file, */*\r\n\r\n"
    )
}

/// The body of a 200; a redirect is not followed.
fn body(reply: &[u8]) -> Option<&[u8]> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut fields);
    let Ok(httparse::Status::Complete(at)) = head.parse(reply) else {
        return None;
    };
    reply.get(at..).filter(|_| head.code == Some(200))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_open_network_is_asked() {
        let closed: Vec<Network> = CLOSED.iter().filter_map(|n| Network::parse(n)).collect();
        assert_eq!(closed.len(), CLOSED.len(), "every network can be read");
        let open = |text: &str| is_open(&closed, text.parse().unwrap());
        for ip in ["8.8.8.8", "193.0.6.139", "2606:4700::1111", "2a00:1450::1"] {
            assert!(open(ip), "{ip}");
        }
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "172.31.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2001::1",
        ] {
            assert!(!open(ip), "{ip}");
        }
    }

    #[test]
    fn an_address_becomes_a_request_and_only_200_a_certificate() {
        let first = |x5u: &str| request(x5u).lines().next().unwrap().to_owned();
        assert_eq!(
            first("https://c.example/a/b.pem?x=1#y"),
            "GET /a/b.pem?x=1 HTTP/1.0"
        );
        assert_eq!(first("https://c.example:8443"), "GET / HTTP/1.0");
        assert_eq!(first("https://c.example?x"), "GET /?x HTTP/1.0");
        assert!(request("https://c.example:8443/a").contains("\r\nHost: c.example:8443\r\n"));
        assert_eq!(
            body(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nabc"),
            Some(&b"abc"[..])
        );
        assert_eq!(
            body(b"HTTP/1.1 302 Found\r\nLocation: https://x\r\n\r\nabc"),
            None
        );
        assert_eq!(body(b"abc"), None);
    }
}
