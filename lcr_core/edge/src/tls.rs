//! TLS for the listener of its own: certificate and key from files, read again when they change or on SIGHUP. A pair that does
//! not fit is an error at start; later the one before serves on and an alarm is raised. Handshakes are bounded in time and number.
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

use crate::EdgeError;
use crate::config::TlsSettings;
use crate::log;
use crate::metrics::{head, line};

/// How often the files are looked at.
const POLL: Duration = Duration::from_secs(1);
/// Longest certificate, key or CA file, in bytes.
const MOST_BYTES: u64 = 1024 * 1024;

/// Size, time and place of a file: when one of them changes, it is read again.
type Stamp = Option<(u64, SystemTime, u64)>;

#[derive(Default)]
struct Counters {
    done: AtomicU64,
    failed: AtomicU64,
    late: AtomicU64,
    crowded: AtomicU64,
    reloads: AtomicU64,
    reload_failures: AtomicU64,
    alarm: AtomicU64,
}

pub struct Tls {
    settings: TlsSettings,
    config: ArcSwap<ServerConfig>,
    seen: Mutex<Vec<Stamp>>,
    asked: AtomicBool,
    ongoing: AtomicUsize,
    counters: Counters,
}

/// Gives the place of a handshake back, however it ended.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Tls {
    /// Read the files; the error says which one is no good and why.
    pub fn open(settings: TlsSettings) -> Result<Self, EdgeError> {
        let stamps = stamps(&settings);
        let config = load(&settings).map_err(|fault| EdgeError::config(format!("tls: {fault}")))?;
        Ok(Self {
            settings,
            config: ArcSwap::from(config),
            seen: Mutex::new(stamps),
            asked: AtomicBool::new(false),
            ongoing: AtomicUsize::new(0),
            counters: Counters::default(),
        })
    }

    /// Look at the files once; `true` when they were read again and taken.
    fn look(&self) -> bool {
        let asked = self.asked.swap(false, Ordering::Relaxed);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamps(&self.settings);
        if *seen == now && !asked {
            return false;
        }
        *seen = now;
        match load(&self.settings) {
            Ok(config) => {
                self.config.store(config);
                self.counters.reloads.fetch_add(1, Ordering::Relaxed);
                self.counters.alarm.store(0, Ordering::Relaxed);
                log::event("info", "certificate_loaded", &[]);
                true
            }
            Err(fault) => {
                self.counters
                    .reload_failures
                    .fetch_add(1, Ordering::Relaxed);
                self.counters.alarm.store(1, Ordering::Relaxed);
                log::event("error", "certificate_refused", &[("error", json!(fault))]);
                false
            }
        }
    }

    /// Read the files again at the next look, changed or not.
    pub fn ask_to_reload(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// The handshake of one connection; `None`: it failed, took too long, or too many are under way.
    pub async fn accept(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let counters = &self.counters;
        let place = Place(&self.ongoing);
        if self.ongoing.fetch_add(1, Ordering::Relaxed) >= self.settings.max_handshakes {
            counters.crowded.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let acceptor = TlsAcceptor::from(self.config.load_full());
        let shaken = timeout(self.settings.handshake_timeout, acceptor.accept(stream)).await;
        drop(place);
        match shaken {
            Ok(Ok(stream)) => {
                counters.done.fetch_add(1, Ordering::Relaxed);
                Some(stream)
            }
            Ok(Err(_)) => {
                counters.failed.fetch_add(1, Ordering::Relaxed);
                None
            }
            Err(_) => {
                counters.late.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }

    /// Append what a scrape shows.
    pub fn measure(&self, out: &mut String) {
        let c = &self.counters;
        head(
            out,
            "tls_handshakes_total",
            "counter",
            "TLS handshakes, by how they ended.",
        );
        for (result, count) in [
            ("done", &c.done),
            ("failed", &c.failed),
            ("timeout", &c.late),
            ("crowded", &c.crowded),
        ] {
            let name = format!("tls_handshakes_total{{result=\"{result}\"}}");
            line(out, &name, count.load(Ordering::Relaxed));
        }
        for (name, help, count) in [
            (
                "tls_reloads_total",
                "Certificates read again and taken.",
                &c.reloads,
            ),
            (
                "tls_reload_failures_total",
                "Certificates refused; the one before serves on.",
                &c.reload_failures,
            ),
        ] {
            head(out, name, "counter", help);
            line(out, name, count.load(Ordering::Relaxed));
        }
        head(
            out,
            "tls_alarm",
            "gauge",
            "1 while the certificate or key on disk could not be used: look at the log.",
        );
        line(out, "tls_alarm", c.alarm.load(Ordering::Relaxed));
    }
}

/// The thread that looks at the files.
pub struct Looking {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Looking {
    pub fn start(tls: Arc<Tls>) -> Result<Self, EdgeError> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("edge-certificate".to_owned())
            .spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    std::thread::park_timeout(POLL);
                    tls.look();
                }
            })
            .map_err(|e| EdgeError::io("start a thread", &e))?;
        Ok(Self { stop, thread })
    }

    /// Look now instead of at the next turn.
    pub fn wake(&self) {
        self.thread.thread().unpark();
    }

    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.wake();
        let _ = self.thread.join();
    }
}

fn stamps(settings: &TlsSettings) -> Vec<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let stamp = |path: &PathBuf| {
        let meta = std::fs::metadata(path).ok()?;
        Some((meta.len(), meta.modified().ok()?, meta.ino()))
    };
    [&settings.certificate, &settings.key]
        .into_iter()
        .chain(&settings.client_ca)
        .map(stamp)
        .collect()
}

fn read(word: &str, path: &Path) -> Result<Vec<u8>, String> {
    let fault = |e: std::io::Error| format!("{word}: {} cannot be read: {e}", path.display());
    let meta = std::fs::metadata(path).map_err(fault)?;
    if !meta.is_file() || meta.len() > MOST_BYTES {
        return Err(format!(
            "{word}: {} is not a file of at most 1 MiB",
            path.display()
        ));
    }
    std::fs::read(path).map_err(fault)
}

/// The certificates of a PEM file, at least one.
pub fn certificates(word: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = read(word, path)?;
    let found = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| format!("{word}: {} is not PEM: {e}", path.display()))?;
    if found.is_empty() {
        return Err(format!("{word}: {} holds no certificate", path.display()));
    }
    Ok(found)
}

/// The CA certificates of a PEM file.
pub fn roots(word: &str, path: &Path) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(word, path)? {
        store.add(certificate).map_err(|e| {
            format!(
                "{word}: {} holds a certificate that is no CA's: {e}",
                path.display()
            )
        })?;
    }
    Ok(store)
}

/// TLS 1.2 and 1.3, HTTP/1.1 by ALPN; rustls itself checks that the key is that of the certificate.
fn load(settings: &TlsSettings) -> Result<Arc<ServerConfig>, String> {
    let chain = certificates("certificate", &settings.certificate)?;
    let key = read("key", &settings.key)?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|e| {
        format!(
            "key: {} holds no private key without a password: {e}",
            settings.key.display()
        )
    })?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?;
    let builder = match &settings.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let store = Arc::new(roots("client_ca", path)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(store, provider)
                .build()
                .map_err(|e| format!("client_ca: {}: {e}", path.display()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|e| {
        format!(
            "certificate {} and key {} cannot be used together: {e}",
            settings.certificate.display(),
            settings.key.display()
        )
    })?;
    config.alpn_protocols.clone_from(&settings.protocols);
    Ok(Arc::new(config))
}
