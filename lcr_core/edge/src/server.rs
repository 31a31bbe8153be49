//! Threads, listeners, hand-over of connections, drain. Each worker is one thread with its own event loop;
//! worker 0 also accepts and gives every connection to the worker that has the fewest.
use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::{LocalOptions, LocalRuntime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_local;

use crate::EdgeError;
use crate::admission;
use crate::batch::Batches;
use crate::breath::Breath;
use crate::config::Settings;
use crate::conn::Connection;
use crate::dip::Dipper;
use crate::engine::Serving;
use crate::limit::Limiter;
use crate::listen::{Accepted, Listeners, Stream};
use crate::log;
use crate::metrics::{SnapshotMetrics, WorkerMetrics};
use crate::routes::Worker;
use crate::sip::{self, Sip};
use crate::snapshots::Watcher;
use crate::state::{Keeping, StateKeeper};
use crate::tls::{Looking, Tls};

/// What all threads share. The request path only loads atomics from it.
pub struct Shared {
    pub settings: Settings,
    pub current: ArcSwapOption<Serving>,
    pub metrics: Vec<WorkerMetrics>,
    pub snapshots: SnapshotMetrics,
    pub limiter: Option<Limiter>,
    pub state: StateKeeper,
    pub tls: Option<Arc<Tls>>,
    pub batches: Batches,
    pub dipper: Option<Arc<Dipper>>,
    /// Set once the listeners of SIP are open.
    pub sip: OnceLock<Arc<Sip>>,
    draining: AtomicBool,
    started: Instant,
}

impl Shared {
    pub fn new(settings: Settings) -> Result<Self, EdgeError> {
        Ok(Self {
            state: StateKeeper::open(&settings.snapshot_root, settings.quality_rules.clone())?,
            tls: settings
                .tls
                .clone()
                .map(Tls::open)
                .transpose()?
                .map(Arc::new),
            batches: Batches::start()?,
            dipper: settings.lrn_dip.clone().map(Dipper::new).map(Arc::new),
            sip: OnceLock::new(),
            current: ArcSwapOption::empty(),
            metrics: std::iter::repeat_with(WorkerMetrics::default)
                .take(settings.threads)
                .collect(),
            snapshots: SnapshotMetrics::default(),
            limiter: settings.rate_limit_per_s.map(Limiter::new),
            draining: AtomicBool::new(false),
            started: Instant::now(),
            settings,
        })
    }

    pub fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Nanoseconds since the start.
    pub fn monotonic_ns(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Requests read and not yet answered, over all workers.
    pub fn in_flight(&self) -> usize {
        let sum: i64 = self
            .metrics
            .iter()
            .map(|w| w.in_flight.load(Ordering::Relaxed))
            .sum();
        usize::try_from(sum).unwrap_or(0)
    }

    fn connections(&self) -> usize {
        let sum: i64 = self
            .metrics
            .iter()
            .map(|w| w.connections.load(Ordering::Relaxed))
            .sum();
        usize::try_from(sum).unwrap_or(0)
    }
}

/// Connections waiting to be taken up by a worker.
const HAND_OVER: usize = 1024;
/// Connections that are being told that there is no room.
const MAX_REFUSALS: usize = 256;

struct Lane {
    give: mpsc::Sender<Accepted>,
    drain: watch::Sender<bool>,
}

/// Serve until SIGTERM or SIGINT, drain, return the exit code.
pub fn serve(settings: Settings) -> Result<i32, EdgeError> {
    log::use_json(settings.log_json);
    log::panics_as_events();
    let shared = Arc::new(Shared::new(settings)?);
    // The first snapshot is opened before the first connection: a restart answers from its first request.
    let mut watcher = Watcher::new(Arc::clone(&shared));
    watcher.look();
    let watcher = watcher.start()?;
    let keeping = Keeping::start(Arc::clone(&shared))?;
    let looking = shared.tls.clone().map(Looking::start).transpose()?;
    let calls = match shared.settings.sip.clone() {
        None => None,
        Some(settings) => Some(sip::start(&shared, settings)?),
    };
    if let Some(calls) = &calls {
        // The first and only time.
        let _ = shared.sip.set(Arc::clone(calls.sip()));
    }

    let mut lanes = Vec::new();
    let mut takers = Vec::new();
    for _ in 0..shared.settings.threads {
        let (give, take) = mpsc::channel(HAND_OVER);
        let (drain, drained) = watch::channel(false);
        lanes.push(Lane { give, drain });
        takers.push((take, drained));
    }
    let mut takers = takers.into_iter().enumerate();
    let first = takers.next();
    let mut threads = Vec::new();
    for (index, (take, drained)) in takers {
        let shared = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(format!("edge-{index}"))
            .spawn(move || -> Result<(), EdgeError> {
                event_loop()?.block_on(work(shared, index, take, drained));
                Ok(())
            })
            .map_err(|e| EdgeError::io("start a thread", &e))?;
        threads.push(thread);
    }

    let main = async {
        let listeners = Listeners::bind(&shared.settings)?;
        let signals = (
            listen_for(SignalKind::terminate())?,
            listen_for(SignalKind::interrupt())?,
        );
        // Without TLS a SIGHUP keeps its usual meaning.
        let hangup = match shared.tls {
            Some(_) => Some(listen_for(SignalKind::hangup())?),
            None => None,
        };
        let worker = first
            .map(|(_, (take, drained))| spawn_local(work(Arc::clone(&shared), 0, take, drained)));
        log::event(
            "info",
            "listening",
            &[
                ("address", json!(listeners.address()?.to_string())),
                (
                    "tls_address",
                    json!(listeners.tls_address().map(|a| a.to_string())),
                ),
                ("unix_socket", json!(shared.settings.unix_socket)),
                ("threads", json!(shared.settings.threads)),
                (
                    "snapshot",
                    json!(shared.current.load().as_ref().map(|l| l.id.clone())),
                ),
            ],
        );
        let reloading = reload_on(hangup, &shared, looking.as_ref());
        tokio::select! {
            () = accept_until_signal(&shared, listeners, lanes, signals) => {}
            () = reloading => {}
        }
        if let Some(worker) = worker {
            let _ = worker.await;
        }
        Ok::<(), EdgeError>(())
    };
    event_loop()?.block_on(main)?;
    for thread in threads {
        let _ = thread.join();
    }
    if let Some(calls) = calls {
        calls.stop();
    }
    watcher.stop();
    keeping.stop();
    if let Some(looking) = looking {
        looking.stop();
    }
    log::event(
        "info",
        "stopped",
        &[("connections_cut", json!(shared.connections()))],
    );
    Ok(0)
}

fn event_loop() -> Result<LocalRuntime, EdgeError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // A turn is three polls a connection; asking for news in the middle of it would cut it into pieces.
        .event_interval(256)
        .on_thread_park(admission::rest)
        .build_local(LocalOptions::default())
        .map_err(|e| EdgeError::io("start an event loop", &e))
}

fn listen_for(kind: SignalKind) -> Result<Signal, EdgeError> {
    signal(kind).map_err(|e| EdgeError::io("listen for signals", &e))
}

/// Have the certificate read again at each SIGHUP; never ends.
async fn reload_on(hangup: Option<Signal>, shared: &Shared, looking: Option<&Looking>) {
    if let (Some(mut hangup), Some(tls), Some(looking)) = (hangup, &shared.tls, looking) {
        while hangup.recv().await.is_some() {
            tls.ask_to_reload();
            looking.wake();
        }
    }
    std::future::pending().await
}

/// Accept until SIGTERM or SIGINT, then empty the accept queues, close the listeners and tell the workers.
async fn accept_until_signal(
    shared: &Arc<Shared>,
    listeners: Listeners,
    lanes: Vec<Lane>,
    signals: (Signal, Signal),
) {
    let (mut terminate, mut interrupt) = signals;
    let greeter = Rc::new(RefCell::new(Worker::new(Arc::clone(shared), 0)));
    loop {
        tokio::select! {
            accepted = listeners.accept() => match accepted {
                Ok(accepted) => hand_over(shared, &lanes, &greeter, accepted),
                Err(error) => {
                    // Out of file descriptors, most likely: wait for some to be given back.
                    log::event("error", "accept_failed", &[("error", json!(error.to_string()))]);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    shared.draining.store(true, Ordering::Relaxed);
    if let Some(calls) = shared.sip.get() {
        calls.drain();
    }
    log::event(
        "info",
        "draining",
        &[
            ("connections", json!(shared.connections())),
            ("drain_seconds", json!(shared.settings.drain.as_secs())),
        ],
    );
    for accepted in listeners.close() {
        hand_over(shared, &lanes, &greeter, accepted);
    }
    for lane in &lanes {
        let _ = lane.drain.send(true);
    }
    spawn_local(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        log::event("warning", "stopped_at_once", &[]);
        std::process::exit(1);
    });
}

/// Give a connection to the worker with the fewest; refuse it when there are too many.
fn hand_over(
    shared: &Arc<Shared>,
    lanes: &[Lane],
    greeter: &Rc<RefCell<Worker>>,
    accepted: Accepted,
) {
    let fewest = shared
        .metrics
        .iter()
        .zip(lanes)
        .min_by_key(|(m, _)| m.connections.load(Ordering::Relaxed));
    if let Some((metrics, lane)) = fewest
        && shared.connections() < shared.settings.max_connections
    {
        metrics.connections.fetch_add(1, Ordering::Relaxed);
        metrics.accepted.fetch_add(1, Ordering::Relaxed);
        match lane.give.try_send(accepted) {
            Ok(()) => return,
            Err(
                mpsc::error::TrySendError::Full(back) | mpsc::error::TrySendError::Closed(back),
            ) => {
                metrics.connections.fetch_sub(1, Ordering::Relaxed);
                refuse(greeter, back);
            }
        }
        return;
    }
    refuse(greeter, accepted);
}

/// Tell a connection that there is no room; beyond `MAX_REFUSALS` at a time it is only closed.
fn refuse(greeter: &Rc<RefCell<Worker>>, accepted: Accepted) {
    let mut out = Vec::new();
    greeter.borrow_mut().refuse_connection(&mut out);
    if Rc::strong_count(greeter) > MAX_REFUSALS {
        return;
    }
    let ticket = Rc::clone(greeter);
    spawn_local(async move {
        let told = tokio::time::timeout(Duration::from_millis(500), async {
            match accepted.stream {
                Stream::Tcp(stream) => tell(TcpStream::from_std(stream)?, &out).await,
                // An answer in plain text would be none: the close says it.
                Stream::Tls(_) => Ok(()),
                Stream::Unix(stream) => tell(UnixStream::from_std(stream)?, &out).await,
            }
        });
        let _ = told.await;
        drop(ticket);
    });
}

async fn tell<S: tokio::io::AsyncRead + AsyncWriteExt + Unpin>(
    mut stream: S,
    out: &[u8],
) -> std::io::Result<()> {
    stream.write_all(out).await?;
    stream.shutdown().await?;
    let mut rest = [0u8; 1024];
    while tokio::io::AsyncReadExt::read(&mut stream, &mut rest).await? > 0 {}
    Ok(())
}

/// One worker: take connections up, serve them; after the drain began wait for them, but not for ever.
async fn work(
    shared: Arc<Shared>,
    index: usize,
    mut take: mpsc::Receiver<Accepted>,
    drained: watch::Receiver<bool>,
) {
    let worker = Rc::new(RefCell::new(Worker::new(Arc::clone(&shared), index)));
    spawn_local(feel_the_pulse(Rc::clone(&worker)));
    while let Some(accepted) = take.recv().await {
        let (worker, drained, shared) = (Rc::clone(&worker), drained.clone(), Arc::clone(&shared));
        spawn_local(async move {
            // A failed registration leaves the connection closed; the peer sees that at once.
            match accepted.stream {
                Stream::Tcp(stream) => {
                    if let Ok(stream) = TcpStream::from_std(stream) {
                        serve_connection(stream, accepted.peer, worker, drained).await;
                    }
                }
                Stream::Tls(stream) => {
                    if let (Some(tls), Ok(stream)) = (&shared.tls, TcpStream::from_std(stream))
                        && let Some(stream) = tls.accept(stream).await
                    {
                        serve_connection(stream, accepted.peer, worker, drained).await;
                    }
                }
                Stream::Unix(stream) => {
                    if let Ok(stream) = UnixStream::from_std(stream) {
                        serve_connection(stream, None, worker, drained).await;
                    }
                }
            }
            shared.metrics[index]
                .connections
                .fetch_sub(1, Ordering::Relaxed);
        });
    }
    let until = Instant::now() + shared.settings.drain;
    while shared.metrics[index].connections.load(Ordering::Relaxed) > 0 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Measure what a request waits in this worker, while there are requests.
async fn feel_the_pulse(worker: Rc<RefCell<Worker>>) {
    const BEAT: Duration = Duration::from_millis(1);
    // The timer's own grain: it fires on the tick after the one it was set in.
    const GRAIN: Duration = Duration::from_millis(2);
    let pulse = Rc::clone(&worker.borrow().pulse);
    let mut breath = Breath::new();
    loop {
        pulse.notified().await;
        loop {
            breath.draw();
            let began = Instant::now();
            tokio::time::sleep(BEAT).await;
            let late = began.elapsed().saturating_sub(GRAIN);
            let delay_us = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
            let mut worker = worker.borrow_mut();
            worker.admission.beat(delay_us);
            let refused = u64::from(worker.admission.take_refused_share());
            let metrics = worker.metrics();
            metrics.delay_us.store(delay_us, Ordering::Relaxed);
            metrics.refused_share.store(refused, Ordering::Relaxed);
            if std::mem::take(&mut worker.admission.served) == 0 {
                breath.end();
                break;
            }
        }
    }
}

async fn serve_connection<S>(
    stream: S,
    peer: Option<IpAddr>,
    worker: Rc<RefCell<Worker>>,
    drained: watch::Receiver<bool>,
) where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    Connection::new(stream, peer, worker, drained).run().await;
}
