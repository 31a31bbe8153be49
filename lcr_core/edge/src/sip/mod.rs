//! SIP and media of test calls: sockets around the core's call machine (docs/test-calls.md, docs/sip.md).
//!
//! Map, from outside in: `config` · `start` (runtime, listeners, drain) → `ingress` with `gate` (length, source, rate) and `streams`
//! → `worker` (a call machine and its clock) with `events` → `asked` (a new INVITE) → `doorman` (passwords of tickets) → `question` (routes as 300/302), `forward` (tickets),
//! `far_call` (numbers of ours); `originate` and `placed` (ordered calls) with `agent` (our own end) and `far`; `told`, `room` and `words` (limits),
//! `target`, `price`; `running`, `description` (SDP), `wire` (out) → `finish`, `record`, `figures`, `verdict` → `journal`. Beside it: `board` (calls as they run), `http`, `health`,
//! `identity` with `certificates`, `counters`.
mod agent;
mod asked;
mod board;
mod certificates;
pub mod config;
mod counters;
mod description;
mod doorman;
mod events;
mod far;
mod far_call;
mod figures;
mod finish;
mod forward;
mod gate;
mod health;
pub mod http;
mod identity;
mod ingress;
mod journal;
mod originate;
mod placed;
mod price;
mod question;
mod record;
mod room;
mod running;
mod start;
mod streams;
mod tally;
mod target;
mod told;
mod verdict;
mod wire;
mod words;
mod worker;

use std::hash::RandomState;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use lcr_core::rtp::source::Learning;
use lcr_core::sip::clock::Micros;
use lcr_core::sip::peer::Peer;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use crate::media::{PortPool, Reactor};
use crate::server::Shared;
use board::Board;
use config::{Learn, Listen, SipSettings};
use counters::Counters;
use doorman::Doorman;
use far::FarDesk;
use gate::Gate;
use health::Health;
use identity::Signing;
use journal::Journal;
use target::Resolved;
use told::Told;
use wire::Wire;
use worker::{Door, Work};

pub use start::start;

/// What all of SIP shares.
pub struct Sip {
    pub settings: SipSettings,
    pub shared: Arc<Shared>,
    pub counters: Counters,
    pub handle: Handle,
    gate: Gate,
    told: Told,
    board: Board,
    journal: Arc<Journal>,
    far: FarDesk,
    health: Health,
    wire: Wire,
    /// With their real ports, in the order of the configuration.
    listen: Vec<Listen>,
    /// IPv4, IPv6: ports and the address others send media to.
    pools: [Option<(PortPool, IpAddr)>; 2],
    /// Threads that relay media.
    reactor: Reactor,
    workers: Vec<Door>,
    /// Calls and transactions of each worker's machine.
    held: Vec<[AtomicUsize; 2]>,
    doorman: Doorman,
    resolved: ArcSwap<Resolved>,
    signing: Option<Signing>,
    connector: Option<TlsConnector>,
    hash: RandomState,
    started: Instant,
    draining: OnceLock<Instant>,
}

impl Sip {
    /// Microseconds of the one monotonic clock of all calls.
    fn now(&self) -> Micros {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn elapsed_ns(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn instant(&self, at: Micros) -> Instant {
        self.started + Duration::from_micros(at)
    }

    /// Microseconds since 1970 at instant 0, as the wall clock has it now.
    fn base_us(&self) -> i64 {
        crate::clock::now_us() - i64::try_from(self.now()).unwrap_or(0)
    }

    fn pool(&self, peer: SocketAddr) -> Option<(&PortPool, IpAddr)> {
        let pool = &self.pools[usize::from(!peer.is_ipv4())];
        pool.as_ref().map(|(pool, own)| (pool, *own))
    }

    fn free_pairs(&self) -> usize {
        self.pools
            .iter()
            .flatten()
            .map(|(pool, _)| pool.free_pairs())
            .sum()
    }

    /// Our own address towards a peer, as others reach it.
    fn own_address(&self, peer: Peer) -> Option<SocketAddr> {
        let fits = |l: &&Listen| {
            l.transport == peer.transport && l.public.is_ipv4() == peer.address.is_ipv4()
        };
        self.listen.iter().find(fits).map(|l| l.public)
    }

    fn speaks(&self, peer: Peer) -> bool {
        self.own_address(peer).is_some()
    }

    fn learning(&self) -> Learning {
        match self.settings.learn {
            Learn::Never => Learning::Never,
            Learn::SameHost => Learning::SameHost,
            Learn::Any => Learning::Any,
        }
    }

    fn worker_for(&self, name: &[u8]) -> &Door {
        use std::hash::BuildHasher;
        // The last door is that of the health checks.
        let calls = self.settings.workers as u64;
        let at = usize::try_from(self.hash.hash_one(name) % calls).unwrap_or(0);
        &self.workers[at]
    }

    fn draining(&self) -> bool {
        self.draining.get().is_some()
    }

    /// No new calls from now on; those that are may go on until the edge's patience is over.
    pub fn drain(&self) {
        if self.draining.set(Instant::now()).is_ok() {
            self.tell(|| Work::Drain { at_once: false });
        }
    }

    fn tell(&self, work: impl Fn() -> Work) {
        for worker in &self.workers {
            // A worker that is gone has no calls.
            let _ = worker.work.send(work());
        }
    }

    /// Nothing can be sent there: every worker ends what is in flight to it.
    fn lost(&self, peer: Peer) {
        self.tell(|| Work::Lost(peer));
    }

    /// Append what a scrape shows.
    pub fn measure(&self, out: &mut String) {
        let now = counters::Now {
            calls: self.board.running(),
            held: [0, 1].map(|at| {
                let sum = self
                    .held
                    .iter()
                    .map(|held| held[at].load(Ordering::Relaxed));
                sum.sum()
            }),
            free_pairs: self.free_pairs(),
            streams: self.wire.open.load(Ordering::Relaxed),
            trunks: self.health.short(),
        };
        self.counters.page(&now, out);
    }
}
