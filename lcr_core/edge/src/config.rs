//! What can be configured, checked once at start. docs/lcr-http.md explains every field.
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use lcr_core::access::Network;
use lcr_core::state::Rules;
use serde::Deserialize;

use crate::EdgeError;
use crate::dip::{DipSettings, DipWords};
use crate::sip::config::{SipSettings, SipWords};

/// The configuration as it arrives: JSON, unknown fields refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub snapshot_root: PathBuf,
    #[serde(default = "default_host")]
    pub host: String,
    #[serde(default = "default_port")]
    pub port: u16,
    #[serde(default = "default_threads")]
    pub threads: usize,
    #[serde(default = "default_connections")]
    pub max_connections: usize,
    #[serde(default = "default_in_flight")]
    pub max_in_flight: usize,
    #[serde(default = "default_target_delay")]
    pub target_delay_ms: u64,
    #[serde(default = "default_max_delay")]
    pub max_delay_ms: u64,
    #[serde(default = "default_drain")]
    pub drain_seconds: u64,
    /// Addresses whose `X-Forwarded-For` is believed; `unix` stands for peers of the Unix socket.
    #[serde(default)]
    pub trusted_proxies: Vec<String>,
    #[serde(default)]
    pub unix_socket: Option<PathBuf>,
    #[serde(default)]
    pub rate_limit_per_key_per_s: Option<u32>,
    #[serde(default = "yes")]
    pub log_json: bool,
    /// Who may read `/metrics`.
    #[serde(default = "default_metrics_from")]
    pub metrics_from: Vec<String>,
    /// Who may command without a key: addresses, networks, `unix`.
    #[serde(default)]
    pub control_from: Vec<String>,
    /// How quality is judged (docs/state.md).
    #[serde(default)]
    pub quality_rules: Rules,
    /// Most calls of one batch.
    #[serde(default = "default_batch_rows")]
    pub batch_max_rows: usize,
    /// Where LRNs are asked for.
    #[serde(default)]
    pub lrn_dip: Option<DipWords>,
    /// A second listener that speaks TLS.
    #[serde(default)]
    pub tls: Option<TlsWords>,
    /// Test calls and redirects; none without it.
    #[serde(default)]
    pub sip: Option<SipWords>,
    #[serde(default = "default_header_timeout")]
    pub header_timeout_ms: u64,
    #[serde(default = "default_idle_timeout")]
    pub idle_timeout_ms: u64,
    #[serde(default = "default_write_timeout")]
    pub write_timeout_ms: u64,
}

/// The TLS listener as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsWords {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// When set, only clients with a certificate of this CA are served.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
    /// Without one, the address of the plain listener.
    #[serde(default)]
    pub host: Option<String>,
    #[serde(default = "default_tls_port")]
    pub port: u16,
    #[serde(default = "default_handshake_timeout")]
    pub handshake_timeout_ms: u64,
    #[serde(default = "default_handshakes")]
    pub max_handshakes: usize,
}

fn default_batch_rows() -> usize {
    10_000
}
fn default_tls_port() -> u16 {
    8453
}
fn default_handshake_timeout() -> u64 {
    5_000
}
fn default_handshakes() -> usize {
    256
}
fn default_host() -> String {
    "127.0.0.1".to_owned()
}
fn default_port() -> u16 {
    8090
}
fn default_threads() -> usize {
    2
}
fn default_connections() -> usize {
    4096
}
fn default_in_flight() -> usize {
    1024
}
fn default_target_delay() -> u64 {
    2
}
fn default_max_delay() -> u64 {
    250
}
fn default_drain() -> u64 {
    20
}
fn yes() -> bool {
    true
}
fn default_metrics_from() -> Vec<String> {
    vec![
        "127.0.0.0/8".to_owned(),
        "::1".to_owned(),
        "unix".to_owned(),
    ]
}
fn default_header_timeout() -> u64 {
    10_000
}
fn default_idle_timeout() -> u64 {
    75_000
}
fn default_write_timeout() -> u64 {
    10_000
}

/// A list of addresses, and whether peers of the Unix socket belong to it.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    pub networks: Vec<Network>,
    pub unix: bool,
}

impl Sources {
    fn parse(field: &str, entries: &[String]) -> Result<Self, EdgeError> {
        let mut sources = Self::default();
        for entry in entries {
            if entry == "unix" {
                sources.unix = true;
                continue;
            }
            let network = Network::parse(entry).ok_or_else(|| {
                EdgeError::config(format!("{field}: \"{entry}\" is neither an address, a network such as 192.0.2.0/24, nor unix"))
            })?;
            sources.networks.push(network);
        }
        Ok(sources)
    }

    /// `None` is a peer of the Unix socket.
    pub fn holds(&self, peer: Option<IpAddr>) -> bool {
        match peer {
            None => self.unix,
            // A dual-stack listener shows IPv4 peers as mapped addresses; they count as IPv4.
            Some(ip) => self.networks.iter().any(|n| n.holds(ip.to_canonical())),
        }
    }
}

/// The TLS listener after checking; the files are read when it is opened.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub client_ca: Option<PathBuf>,
    pub address: SocketAddr,
    pub handshake_timeout: Duration,
    pub max_handshakes: usize,
    /// Offered by ALPN; a client that asks for others is refused.
    pub protocols: Vec<Vec<u8>>,
}

impl TlsSettings {
    /// For SIP, which has no name in ALPN.
    pub fn of_sip(self) -> Self {
        Self {
            protocols: Vec::new(),
            ..self
        }
    }

    pub fn check(words: TlsWords, plain: IpAddr) -> Result<Self, EdgeError> {
        within("tls.max_handshakes", words.max_handshakes, 1, 100_000)?;
        let ip = match &words.host {
            None => plain,
            Some(host) => address("tls.host", host)?,
        };
        Ok(Self {
            certificate: words.certificate,
            key: words.key,
            client_ca: words.client_ca,
            address: SocketAddr::new(ip, words.port),
            handshake_timeout: Duration::from_millis(words.handshake_timeout_ms.max(1)),
            max_handshakes: words.max_handshakes,
            protocols: vec![b"http/1.1".to_vec()],
        })
    }
}

fn address(field: &str, host: &str) -> Result<IpAddr, EdgeError> {
    let host = if host == "localhost" {
        "127.0.0.1"
    } else {
        host
    };
    host.parse().map_err(|_| {
        EdgeError::config(format!(
            "{field}: \"{host}\" is not an IPv4 or IPv6 address"
        ))
    })
}

/// The configuration after checking.
#[derive(Debug, Clone)]
pub struct Settings {
    pub sip: Option<SipSettings>,
    pub tls: Option<TlsSettings>,
    pub batch_max_rows: usize,
    pub lrn_dip: Option<DipSettings>,
    pub snapshot_root: PathBuf,
    pub address: SocketAddr,
    pub unix_socket: Option<PathBuf>,
    pub threads: usize,
    pub max_connections: usize,
    pub max_in_flight: usize,
    pub target_delay: Duration,
    pub max_delay: Duration,
    pub drain: Duration,
    pub trusted_proxies: Sources,
    pub metrics_from: Sources,
    pub control_from: Sources,
    pub quality_rules: Rules,
    pub rate_limit_per_s: Option<u32>,
    pub log_json: bool,
    pub header_timeout: Duration,
    pub idle_timeout: Duration,
    pub write_timeout: Duration,
}

impl Settings {
    /// Parse and check; the message names the field and what it may be.
    pub fn parse(json: &str) -> Result<Self, EdgeError> {
        let config: Config =
            serde_json::from_str(json).map_err(|e| EdgeError::config(e.to_string()))?;
        let ip = address("host", &config.host)?;
        within("batch_max_rows", config.batch_max_rows, 1, 100_000)?;
        within("threads", config.threads, 1, 64)?;
        within("max_connections", config.max_connections, 1, 1_000_000)?;
        within("max_in_flight", config.max_in_flight, 1, 1_000_000)?;
        if config.rate_limit_per_key_per_s == Some(0) {
            return Err(EdgeError::config(
                "rate_limit_per_key_per_s: must be at least 1, or null for no limit".to_owned(),
            ));
        }
        let drain = Duration::from_secs(config.drain_seconds);
        Ok(Self {
            batch_max_rows: config.batch_max_rows,
            sip: config
                .sip
                .map(|words| SipSettings::check(words, &config.snapshot_root, drain))
                .transpose()?,
            lrn_dip: config.lrn_dip.map(DipSettings::check).transpose()?,
            tls: config
                .tls
                .map(|words| TlsSettings::check(words, ip))
                .transpose()?,
            trusted_proxies: Sources::parse("trusted_proxies", &config.trusted_proxies)?,
            metrics_from: Sources::parse("metrics_from", &config.metrics_from)?,
            control_from: Sources::parse("control_from", &config.control_from)?,
            quality_rules: config.quality_rules,
            snapshot_root: config.snapshot_root,
            address: SocketAddr::new(ip, config.port),
            unix_socket: config.unix_socket,
            threads: config.threads,
            max_connections: config.max_connections,
            max_in_flight: config.max_in_flight,
            target_delay: Duration::from_millis(config.target_delay_ms.max(1)),
            max_delay: Duration::from_millis(config.max_delay_ms.max(config.target_delay_ms)),
            drain,
            rate_limit_per_s: config.rate_limit_per_key_per_s,
            log_json: config.log_json,
            header_timeout: Duration::from_millis(config.header_timeout_ms.max(1)),
            idle_timeout: Duration::from_millis(config.idle_timeout_ms.max(1)),
            write_timeout: Duration::from_millis(config.write_timeout_ms.max(1)),
        })
    }
}

fn within(field: &str, value: usize, low: usize, high: usize) -> Result<(), EdgeError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(EdgeError::config(format!(
        "{field}: {value} is not between {low} and {high}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        let error = Settings::parse(r#"{"snapshot_root":"/x","prot":1}"#).unwrap_err();
        assert_eq!(error.code, "config");
        assert!(error.message.contains("prot"), "{error}");
    }

    #[test]
    fn defaults_are_loopback_8090_and_two_threads() {
        let settings = Settings::parse(r#"{"snapshot_root":"/x"}"#).unwrap();
        assert_eq!(settings.address.to_string(), "127.0.0.1:8090");
        assert_eq!(settings.threads, 2);
        assert!(
            settings
                .metrics_from
                .holds(Some("127.0.0.1".parse().unwrap()))
        );
        assert!(
            !settings
                .metrics_from
                .holds(Some("192.0.2.1".parse().unwrap()))
        );
    }

    #[test]
    fn a_bad_network_says_which() {
        let error = Settings::parse(r#"{"snapshot_root":"/x","trusted_proxies":["10.0.0.0/33"]}"#)
            .unwrap_err();
        assert!(error.message.contains("10.0.0.0/33"), "{error}");
    }
}
