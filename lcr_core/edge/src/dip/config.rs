//! Where LRNs are asked for: only the operator's configuration says it, nothing a caller sends changes host or path.
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::EdgeError;
use crate::tls;

/// As it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DipWords {
    /// `http://host:port/path?…{number}…`; the number stands in path or query.
    pub url: String,
    #[serde(default = "default_deadline")]
    pub deadline_ms: u64,
    #[serde(default = "default_ttl")]
    pub ttl_seconds: u64,
    #[serde(default = "default_negative_ttl")]
    pub negative_ttl_seconds: u64,
    #[serde(default = "default_entries")]
    pub max_entries: usize,
    #[serde(default = "default_concurrent")]
    pub max_concurrent: usize,
    /// Numbers that are asked for begin with one of these.
    #[serde(default = "default_prefixes")]
    pub prefixes: Vec<String>,
    /// Name of the LRN in an answer that is a JSON object.
    #[serde(default = "default_field")]
    pub field: String,
    /// Sent as `Authorization`.
    #[serde(default)]
    pub authorization: Option<String>,
    /// CA of an `https` address, PEM.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    #[serde(default = "default_failures")]
    pub failures: u32,
    #[serde(default = "default_rest")]
    pub rest_ms: u64,
}

fn default_deadline() -> u64 {
    50
}
fn default_ttl() -> u64 {
    3600
}
fn default_negative_ttl() -> u64 {
    600
}
fn default_entries() -> usize {
    500_000
}
fn default_concurrent() -> usize {
    64
}
fn default_prefixes() -> Vec<String> {
    vec!["1".to_owned()]
}
fn default_field() -> String {
    "lrn".to_owned()
}
fn default_failures() -> u32 {
    5
}
fn default_rest() -> u64 {
    1_000
}

/// After checking.
#[derive(Clone)]
pub struct DipSettings {
    pub host: String,
    pub port: u16,
    pub tls: Option<(TlsConnector, ServerName<'static>)>,
    /// The request in two halves: the number stands between them.
    pub request: (String, String),
    pub deadline: Duration,
    pub ttl_s: u64,
    pub negative_ttl_s: u64,
    pub max_entries: usize,
    pub max_concurrent: usize,
    pub prefixes: Vec<String>,
    pub field: String,
    pub failures: u32,
    pub rest: Duration,
}

impl std::fmt::Debug for DipSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The request may hold a secret.
        write!(f, "DipSettings({}:{})", self.host, self.port)
    }
}

const NUMBER: &str = "{number}";

impl DipSettings {
    pub fn check(words: DipWords) -> Result<Self, EdgeError> {
        let bad = |word: &str, why: &str| EdgeError::config(format!("lrn_dip.{word}: {why}"));
        let (scheme, rest) = words
            .url
            .split_once("://")
            .ok_or_else(|| bad("url", "is no http or https address"))?;
        let cut = rest
            .find('/')
            .ok_or_else(|| bad("url", "has no path with {number}"))?;
        let (authority, target) = rest.split_at(cut);
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
        if !plain(rest) || target.contains('#') || authority.contains(['@', '{']) {
            return Err(bad(
                "url",
                "holds a space, a fragment, a user name or {number} in its host",
            ));
        }
        let (before, after) = target
            .split_once(NUMBER)
            .filter(|(_, after)| !after.contains(NUMBER))
            .ok_or_else(|| bad("url", "needs {number} once, behind the host"))?;
        let usual = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return Err(bad("url", "begins with neither http:// nor https://")),
        };
        let (host, port) = host_and_port(authority, usual)
            .ok_or_else(|| bad("url", "has no host, or a port that is none"))?;
        let tls = match (scheme, &words.ca) {
            ("https", None) => {
                return Err(bad("ca", "an https address needs the PEM file of its CA"));
            }
            ("https", Some(path)) => {
                let roots = tls::roots("lrn_dip.ca", path).map_err(EdgeError::config)?;
                let config =
                    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                        .with_safe_default_protocol_versions()
                        .map_err(|e| EdgeError::config(e.to_string()))?
                        .with_root_certificates(roots)
                        .with_no_client_auth();
                let name = ServerName::try_from(host.clone())
                    .map_err(|_| bad("url", "the host is no name of a certificate"))?;
                Some((TlsConnector::from(Arc::new(config)), name))
            }
            _ => None,
        };
        let mut fields = format!(
            " HTTP/1.0\r\nHost: {authority}\r\nAccept: application/json, text/plain\r\nConnection: close\r\n"
        );
        if let Some(value) = &words.authorization {
            if !value.bytes().all(|b| (0x20..0x7f).contains(&b)) {
                return Err(bad("authorization", "holds bytes that are not plain text"));
            }
            fields.push_str(&format!("Authorization: {value}\r\n"));
        }
        fields.push_str("\r\n");
        for prefix in &words.prefixes {
            if prefix.is_empty() || !prefix.bytes().all(|b| b.is_ascii_digit()) {
                return Err(bad("prefixes", "are digits"));
            }
        }
        let within = |word: &str, value: u64, low: u64, high: u64| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(bad(
                word,
                &format!("{value} is not between {low} and {high}"),
            ))
        };
        within("deadline_ms", words.deadline_ms, 1, 5_000)?;
        within("ttl_seconds", words.ttl_seconds, 0, 86_400)?;
        within(
            "negative_ttl_seconds",
            words.negative_ttl_seconds,
            0,
            86_400,
        )?;
        within("max_entries", words.max_entries as u64, 1, 10_000_000)?;
        within("max_concurrent", words.max_concurrent as u64, 1, 10_000)?;
        within("failures", u64::from(words.failures), 1, 1_000_000)?;
        within("rest_ms", words.rest_ms, 1, 600_000)?;
        Ok(Self {
            request: (format!("GET {before}"), format!("{after}{fields}")),
            host,
            port,
            tls,
            deadline: Duration::from_millis(words.deadline_ms),
            ttl_s: words.ttl_seconds,
            negative_ttl_s: words.negative_ttl_seconds,
            max_entries: words.max_entries,
            max_concurrent: words.max_concurrent,
            prefixes: words.prefixes,
            field: words.field,
            failures: words.failures,
            rest: Duration::from_millis(words.rest_ms),
        })
    }
}

/// `host`, `host:port`, `[::1]:port`.
fn host_and_port(authority: &str, usual: u16) -> Option<(String, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => match authority.find(':') {
            Some(at) => authority.split_at(at),
            None => (authority, ""),
        },
    };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => usual,
        None => return None,
        Some(port) => port.parse().ok().filter(|p| *p > 0)?,
    };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> Result<DipSettings, String> {
        let words = serde_json::from_value(serde_json::json!({"url": url})).unwrap();
        DipSettings::check(words).map_err(|e| e.message)
    }

    #[test]
    fn the_number_stands_behind_the_host_once() {
        let good = settings("http://[::1]:8080/v1/{number}/lrn?key=a").unwrap();
        assert_eq!((good.host.as_str(), good.port), ("::1", 8080));
        assert_eq!(good.request.0, "GET /v1/");
        assert!(
            good.request
                .1
                .starts_with("/lrn?key=a HTTP/1.0\r\nHost: [::1]:8080\r\n")
        );
        assert_eq!(settings("http://lrn.example/{number}").unwrap().port, 80);
        for bad in [
            "lrn.example/{number}",
            "ftp://a/{number}",
            "http://a",
            "http://{number}.example/",
            "http://{number}.example/{number}",
            "http://a/{number}{number}",
            "http://u@a/{number}",
            "http://a:0/{number}",
            "http://a:99999/{number}",
            "http:///{number}",
            "http://a/{number} HTTP/1.1\r\nX: 1",
            "https://a/{number}",
        ] {
            assert!(settings(bad).is_err(), "{bad}");
        }
    }
}
