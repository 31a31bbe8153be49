//! Runtime and listeners; the drain at the end.
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use lcr_core::sip::call::{B2bua, Config, Local};
use lcr_core::sip::peer::Transport;
use serde_json::json;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, UdpSocket};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;

use super::board::Board;
use super::config::{Listen, SipSettings};
use super::counters::Counters;
use super::doorman::Doorman;
use super::far::FarDesk;
use super::gate::{Allowed, Gate, address};
use super::health::{self, Health};
use super::identity::Signing;
use super::journal::Journal;
use super::told::Told;
use super::wire::Wire;
use super::worker::{Door, Work, Worker};
use super::{Sip, agent, ingress, streams};
use crate::EdgeError;
use crate::config::TlsSettings;
use crate::log;
use crate::media::{PortPool, Reactor};
use crate::server::Shared;
use crate::tls::{self, Tls};

/// Datagrams the kernel keeps while a reader is busy.
const SOCKET_BYTES: usize = 4 * 1024 * 1024;
/// Packets that wait for a worker.
const QUEUE: usize = 4096;

/// How long calls that are hung up at the end have for their goodbyes, and records for the disk: the supervisor waits five seconds more
/// than the drain.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// SIP as it runs; end it with [`Running::stop`].
pub struct Running {
    runtime: Runtime,
    sip: Arc<Sip>,
    workers: Vec<JoinHandle<()>>,
}

fn fault(doing: &str) -> impl FnOnce(std::io::Error) -> EdgeError + '_ {
    move |e| EdgeError::io(doing, &e)
}

/// 32 bytes nobody can guess: the hasher's keys come from the operating system.
fn seed() -> [u8; 32] {
    let mut out = [0; 32];
    for (at, chunk) in out.chunks_exact_mut(8).enumerate() {
        chunk.copy_from_slice(&RandomState::new().hash_one(at).to_be_bytes());
    }
    out
}

/// A key of the system's own making, for what must not be guessed by those who see what is made of it.
fn secret() -> Result<[u8; 32], EdgeError> {
    let mut out = [0; 32];
    ring::default_provider()
        .secure_random
        .fill(&mut out)
        .map_err(|_| EdgeError::config("the system has no random numbers".to_owned()))?;
    Ok(out)
}

struct Sockets {
    listen: Vec<Listen>,
    udp: Vec<Arc<UdpSocket>>,
    streams: Vec<(TcpListener, Transport)>,
}

fn bind(listen: &Listen) -> std::io::Result<Socket> {
    let (kind, protocol) = match listen.transport {
        Transport::Udp => (Type::DGRAM, Protocol::UDP),
        _ => (Type::STREAM, Protocol::TCP),
    };
    let socket = Socket::new(Domain::for_address(listen.bind), kind, Some(protocol))?;
    if listen.bind.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if protocol == Protocol::TCP {
        socket.set_reuse_address(true)?;
    } else {
        // The kernel gives what its limits allow.
        let _ = socket.set_recv_buffer_size(SOCKET_BYTES);
        let _ = socket.set_send_buffer_size(SOCKET_BYTES);
    }
    socket.set_nonblocking(true)?;
    socket.bind(&listen.bind.into())?;
    if protocol == Protocol::TCP {
        socket.listen(1024)?;
    }
    Ok(socket)
}

/// Must run inside the runtime.
fn open(settings: &SipSettings) -> Result<Sockets, EdgeError> {
    let mut out = Sockets {
        listen: Vec::new(),
        udp: Vec::new(),
        streams: Vec::new(),
    };
    for listen in &settings.listen {
        let doing = format!(
            "listen for SIP on {} {}",
            listen.transport.as_str(),
            listen.bind
        );
        let socket = bind(listen).map_err(fault(&doing))?;
        let port = socket
            .local_addr()
            .ok()
            .and_then(|a| a.as_socket())
            .map_or(listen.bind.port(), |a| a.port());
        let public = SocketAddr::new(listen.public.ip(), port);
        out.listen.push(Listen { public, ..*listen });
        if listen.transport == Transport::Udp {
            let socket = UdpSocket::from_std(socket.into()).map_err(fault(&doing))?;
            out.udp.push(Arc::new(socket));
        } else {
            let listener = TcpListener::from_std(socket.into()).map_err(fault(&doing))?;
            out.streams.push((listener, listen.transport));
        }
    }
    Ok(out)
}

fn pools(settings: &SipSettings, listen: &[Listen]) -> [Option<(PortPool, IpAddr)>; 2] {
    let (first, last) = settings.media_ports;
    [true, false].map(|v4| {
        let own = listen.iter().find(|l| l.public.is_ipv4() == v4)?;
        Some((PortPool::new(own.bind.ip(), first, last), own.public.ip()))
    })
}

fn connector(settings: &SipSettings) -> Result<Option<TlsConnector>, EdgeError> {
    let Some(path) = &settings.tls_ca else {
        return Ok(None);
    };
    let roots = tls::roots("sip.tls_ca", path).map_err(EdgeError::config)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| EdgeError::config(format!("sip.tls_ca: {e}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Some(TlsConnector::from(Arc::new(config))))
}

/// Binds, opens the record log, mends what a crash left, begins to listen.
pub fn start(shared: &Arc<Shared>, settings: SipSettings) -> Result<Running, EdgeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(settings.workers)
        .thread_name("edge-sip")
        .enable_all()
        .build()
        .map_err(fault("start an event loop"))?;
    let tls = match &settings.tls {
        None => None,
        Some(words) => {
            let any = IpAddr::from([127, 0, 0, 1]);
            let checked = TlsSettings::check(words.clone(), any)?;
            Some(Arc::new(Tls::open(checked.of_sip())?))
        }
    };
    let signing = settings.identity.as_ref().map(Signing::open).transpose()?;
    let connector = connector(&settings)?;
    let guard = runtime.enter();
    let sockets = open(&settings)?;
    let opened = Journal::open(&settings.directory, crate::clock::now_us())?;
    let told = Told::open(&settings.directory, &opened.lines, opened.tally);
    let mut doors = Vec::new();
    let mut takers = Vec::new();
    // One door more for the health checks.
    for _ in 0..=settings.workers {
        let (packets, take_packets) = mpsc::channel(QUEUE);
        let (work, take_work) = mpsc::unbounded_channel();
        doors.push(Door { packets, work });
        takers.push((take_packets, take_work));
    }
    let sip = Arc::new(Sip {
        pools: pools(&settings, &sockets.listen),
        reactor: Reactor::start(settings.workers).map_err(fault("start a thread for media"))?,
        gate: Gate::new(settings.packets_per_s),
        shared: Arc::clone(shared),
        counters: Counters::default(),
        handle: runtime.handle().clone(),
        told,
        board: Board::default(),
        journal: opened.journal,
        far: FarDesk::default(),
        health: Health::default(),
        wire: Wire::new(sockets.udp.clone()),
        listen: sockets.listen.clone(),
        workers: doors,
        held: std::iter::repeat_with(Default::default)
            .take(settings.workers)
            .collect(),
        doorman: Doorman::new(secret()?),
        resolved: ArcSwap::default(),
        signing,
        connector,
        hash: RandomState::new(),
        started: Instant::now(),
        draining: OnceLock::new(),
        settings,
    });
    sip.refresh(HashMap::new());
    let mut workers = Vec::new();
    for (index, (packets, work)) in takers.into_iter().enumerate() {
        let own = Arc::clone(&sip);
        workers.push(if index == sip.settings.workers {
            tokio::spawn(health::run(own, index, packets, work))
        } else {
            let machine = machine(&sip, index);
            tokio::spawn(Worker::new(own, index, machine).run(packets, work))
        });
    }
    for (number, socket) in (1..).zip(&sockets.udp) {
        tokio::spawn(ingress::read(Arc::clone(&sip), Arc::clone(socket), number));
    }
    for (listener, transport) in sockets.streams {
        let tls = tls.clone().filter(|_| transport == Transport::Tls);
        tokio::spawn(streams::accept(Arc::clone(&sip), listener, tls));
    }
    tokio::spawn(housekeeping(Arc::clone(&sip)));
    drop(guard);
    let listening: Vec<String> = sip
        .listen
        .iter()
        .map(|l| format!("{}:{}", l.transport.as_str().to_ascii_lowercase(), l.public))
        .collect();
    log::event(
        "info",
        "sip_listening",
        &[
            ("listen", json!(listening)),
            ("directory", json!(sip.settings.directory)),
        ],
    );
    Ok(Running {
        runtime,
        sip,
        workers,
    })
}

fn machine(sip: &Sip, index: usize) -> B2bua {
    let mut locals: Vec<Local> = sip
        .listen
        .iter()
        .map(|l| Local {
            transport: l.transport,
            address: l.public,
        })
        .collect();
    locals.push(agent::local());
    B2bua::new(Config {
        locals,
        calls: sip.settings.max_calls,
        transactions: sip.settings.max_calls * 16,
        prefix: ingress::prefix(index),
        ask_loops: true,
        seed: seed(),
        agent: sip.settings.agent.clone(),
    })
}

impl Sip {
    /// Who may speak, after another snapshot or other addresses of names.
    fn refresh(&self, resolved: HashMap<String, IpAddr>) {
        let guard = self.shared.current.load();
        let access = guard.as_ref().map(|serving| serving.access());
        let addresses: Vec<IpAddr> = resolved.values().map(IpAddr::to_canonical).collect();
        self.gate
            .allow(Allowed::of(access, &self.settings.allow, &addresses));
        self.resolved.store(Arc::new(resolved));
    }
}

/// Names of products to addresses, the list of who may speak, counts to disk, old calls off the board.
async fn housekeeping(sip: Arc<Sip>) {
    const NAMES: Duration = Duration::from_secs(60);
    let mut second = tokio::time::interval(Duration::from_secs(1));
    let (mut served, mut named) = (None, None::<Instant>);
    loop {
        second.tick().await;
        let id = sip.shared.current.load().as_ref().map(|s| s.id.clone());
        if id != served || named.is_none_or(|at| at.elapsed() >= NAMES) {
            let resolved = resolve(&sip).await;
            sip.refresh(resolved);
            (served, named) = (id, Some(Instant::now()));
        }
        sip.board.tidy(crate::clock::now_us());
        let own = Arc::clone(&sip);
        let saved = tokio::task::spawn_blocking(move || own.told.save()).await;
        if let Ok(Err(error)) = saved {
            log::event(
                "error",
                "told_not_written",
                &[("error", json!(error.to_string()))],
            );
        }
    }
}

/// The first address of every host name among the products.
async fn resolve(sip: &Sip) -> HashMap<String, IpAddr> {
    const PATIENCE: Duration = Duration::from_secs(3);
    let mut names: Vec<String> = Vec::new();
    if let Some(serving) = sip.shared.current.load().as_ref() {
        let hosts = serving
            .access()
            .offers
            .iter()
            .filter_map(|o| o.uri_host.clone());
        names.extend(hosts.filter(|h| address(h).is_none()));
    }
    names.sort_unstable();
    names.dedup();
    let mut out = HashMap::new();
    for name in names {
        let found =
            tokio::time::timeout(PATIENCE, tokio::net::lookup_host((name.as_str(), 5060))).await;
        if let Ok(Ok(mut addresses)) = found {
            // The family we speak.
            let fits = |a: &SocketAddr| sip.pool(*a).is_some();
            if let Some(one) = addresses.find(fits) {
                out.insert(name.clone(), one.ip());
            }
        } else if let Some(known) = sip.resolved.load().get(&name) {
            out.insert(name.clone(), *known);
        }
    }
    out
}

impl Running {
    pub fn sip(&self) -> &Arc<Sip> {
        &self.sip
    }

    /// No new calls; those that are may end by themselves for a while, then they are ended and their records written.
    pub fn stop(self) {
        let Self {
            runtime,
            sip,
            workers,
        } = self;
        sip.drain();
        let began = sip.draining.get().copied().unwrap_or_else(Instant::now);
        let patience = sip.settings.drain.saturating_sub(began.elapsed());
        runtime.block_on(async {
            let all = async {
                for worker in workers {
                    let _ = worker.await;
                }
            };
            tokio::pin!(all);
            if tokio::time::timeout(patience, &mut all).await.is_err() {
                sip.tell(|| Work::Drain { at_once: true });
                if tokio::time::timeout(LAST_WORDS, &mut all).await.is_err() {
                    sip.tell(|| Work::LetGo);
                    let _ = tokio::time::timeout(LAST_WORDS, &mut all).await;
                }
            }
            // Records of calls that ended just now are still being written.
            let until = Instant::now() + LAST_WORDS;
            while sip.board.running() > 0 && Instant::now() < until {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        sip.journal.close();
        let _ = sip.told.save();
        runtime.shutdown_timeout(Duration::from_secs(2));
    }
}
