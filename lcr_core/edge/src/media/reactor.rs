//! Threads that wait for the sockets of many sessions at once. A task for each session costs a wake-up and one read too many for every
//! packet: at a hundred thousand packets a second that is a third of a processor.

use std::io;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lcr_core::index::prefetch_value;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};

use super::stamped::{Receiver, utc_nanos};

/// Sockets served between two looks at what else is ready.
const BATCH: usize = 128;
const SECOND: Duration = Duration::from_secs(1);
/// The event of the bell that ends the thread.
const BELL: u64 = u64::MAX;
/// Sockets of a session: its number in the table is the event's number divided by this.
pub(super) const SOCKETS: usize = 4;

/// What a thread serves.
pub(super) trait Served: Send {
    /// One of its sockets has a datagram, or had one a moment ago; `now_nanos` of a moment ago.
    fn ready(&mut self, socket: usize, now_nanos: i64, receiver: &mut Receiver);
    fn second(&mut self, now_nanos: i64);
}

#[derive(Default)]
struct Table {
    places: Vec<Option<Arc<Mutex<dyn Served>>>>,
    free: Vec<usize>,
}

/// One thread's sessions.
struct Turn {
    epoll: Epoll,
    bell: EventFd,
    stopped: AtomicBool,
    table: Mutex<Table>,
}

fn locked<T: ?Sized>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A session's place with its thread; leaves it when dropped. Its sockets are closed by whoever owns them.
pub(super) struct Place {
    turn: Arc<Turn>,
    number: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = locked(&self.turn.table);
        table.places[self.number] = None;
        table.free.push(self.number);
    }
}

/// Threads that share the sessions; they end with the last handle and the last session.
#[derive(Clone)]
pub struct Reactor(Arc<Threads>);

struct Threads {
    turns: Vec<Arc<Turn>>,
    handles: Vec<JoinHandle<()>>,
    next: AtomicUsize,
}

impl Reactor {
    pub fn start(threads: usize) -> io::Result<Self> {
        let mut made = Threads {
            turns: Vec::new(),
            handles: Vec::new(),
            next: AtomicUsize::new(0),
        };
        for _ in 0..threads.max(1) {
            let turn = Arc::new(Turn::new()?);
            made.turns.push(Arc::clone(&turn));
            let thread = std::thread::Builder::new().name("edge-media".to_owned());
            made.handles.push(thread.spawn(move || turn.run())?);
        }
        Ok(Self(Arc::new(made)))
    }

    /// Serves a session from now on; `sockets` in the order `ready` counts them.
    pub(super) fn join(
        &self,
        served: Arc<Mutex<dyn Served>>,
        sockets: [&UdpSocket; SOCKETS],
    ) -> io::Result<Place> {
        let at = self.0.next.fetch_add(1, Ordering::Relaxed) % self.0.turns.len();
        let turn = Arc::clone(&self.0.turns[at]);
        let number = {
            let mut table = locked(&turn.table);
            let number = table.free.pop().unwrap_or(table.places.len());
            if number == table.places.len() {
                table.places.push(None);
            }
            table.places[number] = Some(served);
            number
        };
        let place = Place { turn, number };
        for (socket, data) in sockets.into_iter().zip((number * SOCKETS) as u64..) {
            // Not edge-triggered: one datagram a turn needs no further read that finds nothing.
            let event = EpollEvent::new(EpollFlags::EPOLLIN, data);
            place.turn.epoll.add(socket, event)?;
        }
        Ok(place)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        for turn in &self.turns {
            turn.stopped.store(true, Ordering::Relaxed);
            // A bell that cannot be rung rings at the end of the second.
            let _ = turn.bell.write(1);
        }
        for handle in self.handles.drain(..) {
            let _ = handle.join();
        }
    }
}

impl Turn {
    fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let bell = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        epoll.add(&bell, EpollEvent::new(EpollFlags::EPOLLIN, BELL))?;
        Ok(Self {
            epoll,
            bell,
            stopped: AtomicBool::new(false),
            table: Mutex::default(),
        })
    }

    fn run(&self) {
        let mut receiver = Receiver::new();
        let mut events = [EpollEvent::empty(); BATCH];
        let mut due = Instant::now() + SECOND;
        while !self.stopped.load(Ordering::Relaxed) {
            let left = due.saturating_duration_since(Instant::now());
            // Rounded up: a wait of less than a millisecond is none.
            let wait = u16::try_from(left.as_millis() + 1).unwrap_or(u16::MAX);
            let ready = self.epoll.wait(&mut events, EpollTimeout::from(wait));
            let events = &events[..ready.unwrap_or(0)];
            let now = utc_nanos();
            for (at, event) in events.iter().enumerate() {
                // Sessions take turns, so each is far from the processor when its turn comes.
                if let Some(next) = events.get(at + 1) {
                    self.warm(next.data());
                }
                if event.data() != BELL {
                    let data = usize::try_from(event.data()).unwrap_or(usize::MAX);
                    // A session that has left since is not there, or another one has its place: that one finds nothing to read.
                    let found = self.at(data / SOCKETS);
                    if let Some(served) = found {
                        locked(&served).ready(data % SOCKETS, now, &mut receiver);
                    }
                }
            }
            if Instant::now() >= due {
                due += SECOND;
                self.second();
            }
        }
    }

    fn at(&self, number: usize) -> Option<Arc<Mutex<dyn Served>>> {
        locked(&self.table).places.get(number)?.clone()
    }

    fn warm(&self, data: u64) {
        let number = usize::try_from(data).unwrap_or(usize::MAX) / SOCKETS;
        if let Some(Some(served)) = locked(&self.table).places.get(number) {
            prefetch_value(&**served);
        }
    }

    fn second(&self) {
        let all: Vec<_> = locked(&self.table)
            .places
            .iter()
            .flatten()
            .cloned()
            .collect();
        let now = utc_nanos();
        for served in all {
            locked(&served).second(now);
        }
    }
}
