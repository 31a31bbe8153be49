//! The section `sip` of the configuration, checked once at start (docs/sip.md explains every field).
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lcr_core::access::Network;
use lcr_core::sip::peer::Transport;
use serde::Deserialize;

use crate::EdgeError;
use crate::config::TlsWords;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SipWords {
    pub listen: Vec<ListenWords>,
    /// What peers reach us by, where it is not the address we listen on.
    #[serde(default)]
    pub public_ipv4: Option<String>,
    #[serde(default)]
    pub public_ipv6: Option<String>,
    #[serde(default = "media_ports")]
    pub media_ports: (u16, u16),
    /// Records, audio, packets; without one `calls` beside the snapshots.
    #[serde(default)]
    pub directory: Option<PathBuf>,
    /// Further peers than the trunks and products of the snapshot.
    #[serde(default)]
    pub allow: Vec<String>,
    #[serde(default = "workers")]
    pub workers: usize,
    #[serde(default = "max_calls")]
    pub max_calls: usize,
    #[serde(default = "max_orders")]
    pub max_orders: usize,
    #[serde(default = "packets_per_s")]
    pub packets_per_s: u32,
    #[serde(default = "max_connections")]
    pub max_connections: usize,
    #[serde(default = "agent")]
    pub agent: String,
    /// Certificate of the TLS listeners.
    #[serde(default)]
    pub tls: Option<TlsWords>,
    /// CA of the peers we call by TLS.
    #[serde(default)]
    pub tls_ca: Option<PathBuf>,
    #[serde(default)]
    pub identity: Option<IdentityWords>,
    /// Media from behind NAT: `never`, `same_host`, `any`.
    #[serde(default)]
    pub learn: Learn,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learn {
    Never,
    #[default]
    SameHost,
    Any,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenWords {
    pub transport: String,
    pub host: String,
    pub port: u16,
}

/// Our key for the Identity header, and the certificate others find at `x5u`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityWords {
    /// PKCS#8, PEM or DER.
    pub key: PathBuf,
    pub x5u: String,
    #[serde(default)]
    pub certificate: Option<PathBuf>,
    /// Roots that received calls are verified by.
    #[serde(default)]
    pub roots: Option<PathBuf>,
    #[serde(default = "attest")]
    pub attest: String,
    /// Hosts (or `.domains`) whose https addresses certificates of other signers are fetched from; none: nothing is fetched.
    #[serde(default)]
    pub fetch_from: Vec<String>,
    /// Authorities of those hosts; without one those of the system.
    #[serde(default)]
    pub fetch_ca: Option<PathBuf>,
    /// Also from addresses that are not of the open network.
    #[serde(default)]
    pub fetch_private: bool,
}

fn media_ports() -> (u16, u16) {
    (20_000, 29_999)
}
fn workers() -> usize {
    2
}
fn max_calls() -> usize {
    1000
}
fn max_orders() -> usize {
    100
}
fn packets_per_s() -> u32 {
    4000
}
fn max_connections() -> usize {
    1024
}
fn agent() -> String {
    "Tandem".to_owned()
}
fn attest() -> String {
    "A".to_owned()
}

/// One listener: where it is bound and how others reach it.
#[derive(Debug, Clone, Copy)]
pub struct Listen {
    pub transport: Transport,
    pub bind: SocketAddr,
    pub public: SocketAddr,
}

#[derive(Debug, Clone)]
pub struct SipSettings {
    pub listen: Vec<Listen>,
    pub media_ports: (u16, u16),
    pub directory: PathBuf,
    pub allow: Vec<Network>,
    pub workers: usize,
    pub max_calls: usize,
    pub max_orders: usize,
    pub packets_per_s: u32,
    pub max_connections: usize,
    pub agent: String,
    pub tls: Option<TlsWords>,
    pub tls_ca: Option<PathBuf>,
    pub identity: Option<IdentityWords>,
    pub learn: Learn,
    /// How long answered calls may go on once the edge is asked to stop.
    pub drain: Duration,
}

impl SipSettings {
    pub fn check(words: SipWords, root: &Path, drain: Duration) -> Result<Self, EdgeError> {
        let fault = |text: String| EdgeError::config(format!("sip.{text}"));
        let public = |field: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => text
                .parse::<IpAddr>()
                .map(Some)
                .map_err(|_| fault(format!("{field}: \"{text}\" is not an IP address"))),
        };
        let v4 = public("public_ipv4", &words.public_ipv4)?;
        let v6 = public("public_ipv6", &words.public_ipv6)?;
        if words.listen.is_empty() {
            return Err(fault("listen: at least one listener".to_owned()));
        }
        let listen = words
            .listen
            .iter()
            .map(|l| Self::listener(l, v4, v6, words.tls.is_some()))
            .collect::<Result<Vec<_>, _>>()?;
        let (first, last) = words.media_ports;
        if first < 1024 || last <= first.saturating_add(2) {
            return Err(fault(format!(
                "media_ports: [{first}, {last}] is no range above 1024"
            )));
        }
        let range = |field: &str, value: usize, most: usize| {
            if (1..=most).contains(&value) {
                return Ok(());
            }
            Err(fault(format!("{field}: {value} is not 1 to {most}")))
        };
        range("workers", words.workers, 16)?;
        range("max_calls", words.max_calls, 100_000)?;
        range("max_orders", words.max_orders, 10_000)?;
        range("max_connections", words.max_connections, 100_000)?;
        range("packets_per_s", words.packets_per_s as usize, 1_000_000)?;
        let allow = words
            .allow
            .iter()
            .map(|text| {
                Network::parse(text).ok_or_else(|| {
                    fault(format!(
                        "allow: \"{text}\" is neither an address nor a network"
                    ))
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            listen,
            media_ports: words.media_ports,
            directory: words
                .directory
                .unwrap_or_else(|| root.parent().unwrap_or(root).join("calls")),
            allow,
            workers: words.workers,
            max_calls: words.max_calls,
            max_orders: words.max_orders,
            packets_per_s: words.packets_per_s,
            max_connections: words.max_connections,
            agent: words.agent,
            tls: words.tls,
            tls_ca: words.tls_ca,
            identity: words.identity,
            learn: words.learn,
            drain,
        })
    }

    fn listener(
        words: &ListenWords,
        v4: Option<IpAddr>,
        v6: Option<IpAddr>,
        tls: bool,
    ) -> Result<Listen, EdgeError> {
        let fault = |text: String| EdgeError::config(format!("sip.listen: {text}"));
        let transport = match words.transport.as_str() {
            "udp" => Transport::Udp,
            "tcp" => Transport::Tcp,
            "tls" if tls => Transport::Tls,
            "tls" => {
                return Err(fault("tls needs certificate and key in sip.tls".to_owned()));
            }
            other => {
                return Err(fault(format!(
                    "transport \"{other}\" is not udp, tcp or tls"
                )));
            }
        };
        let ip: IpAddr = words
            .host
            .parse()
            .map_err(|_| fault(format!("\"{}\" is not an IP address", words.host)))?;
        let given = if ip.is_ipv4() { v4 } else { v6 };
        let public = match given {
            Some(public) if public.is_ipv4() == ip.is_ipv4() => public,
            Some(_) => return Err(fault("public address of the other family".to_owned())),
            None if ip.is_unspecified() => {
                return Err(fault(format!(
                    "{} listens everywhere: say in public_ipv4 or public_ipv6 how others reach it",
                    words.host
                )));
            }
            None => ip,
        };
        Ok(Listen {
            transport,
            bind: SocketAddr::new(ip, words.port),
            public: SocketAddr::new(public, words.port),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Result<SipSettings, EdgeError> {
        let words: SipWords = serde_json::from_str(json).unwrap();
        SipSettings::check(words, Path::new("/data/snapshots"), Duration::from_secs(1))
    }

    #[test]
    fn a_listener_everywhere_needs_a_public_address() {
        let everywhere = r#"{"listen":[{"transport":"udp","host":"0.0.0.0","port":5060}]}"#;
        assert!(
            check(everywhere)
                .unwrap_err()
                .message
                .contains("public_ipv4")
        );
        let named = everywhere.replacen('{', r#"{"public_ipv4":"203.0.113.9","#, 1);
        let settings = check(&named).unwrap();
        assert_eq!(settings.listen[0].public.to_string(), "203.0.113.9:5060");
        assert_eq!(settings.directory, Path::new("/data/calls"));
    }

    #[test]
    fn faults_name_their_field() {
        for (json, word) in [
            (r#"{"listen":[]}"#, "listen"),
            (
                r#"{"listen":[{"transport":"sctp","host":"127.0.0.1","port":1}]}"#,
                "sctp",
            ),
            (
                r#"{"listen":[{"transport":"tls","host":"127.0.0.1","port":1}]}"#,
                "sip.tls",
            ),
            (
                r#"{"listen":[{"transport":"udp","host":"127.0.0.1","port":1}],"media_ports":[9,8]}"#,
                "media_ports",
            ),
            (
                r#"{"listen":[{"transport":"udp","host":"127.0.0.1","port":1}],"allow":["x"]}"#,
                "allow",
            ),
        ] {
            assert!(check(json).unwrap_err().message.contains(word), "{json}");
        }
    }
}
