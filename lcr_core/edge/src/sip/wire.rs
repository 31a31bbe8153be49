//! Sockets: datagrams and streams out, connections by number. What comes in goes through `ingress`.
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lcr_core::sip::peer::{Peer, Transport};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::counters::count;
use super::{Sip, streams};

/// Messages waiting for one connection.
pub const QUEUE: usize = 256;
/// Connections are numbered from here on; below are the UDP listeners, and 0 is nobody's.
const FIRST_STREAM: u32 = 1000;

struct Stream {
    peer: (Transport, SocketAddr),
    give: mpsc::Sender<Arc<[u8]>>,
}

#[derive(Default)]
struct Streams {
    by_number: HashMap<u32, Stream>,
    by_peer: HashMap<(Transport, SocketAddr), u32>,
    /// Connections that each address opened to us.
    accepted: HashMap<IpAddr, usize>,
}

pub struct Wire {
    pub udp: Vec<Arc<UdpSocket>>,
    streams: Mutex<Streams>,
    next: AtomicU32,
    pub open: AtomicUsize,
}

impl Wire {
    pub fn new(udp: Vec<Arc<UdpSocket>>) -> Self {
        Self {
            udp,
            streams: Mutex::default(),
            next: AtomicU32::new(FIRST_STREAM),
            open: AtomicUsize::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number and a queue for a new connection to or from this peer.
    pub fn join(
        &self,
        transport: Transport,
        address: SocketAddr,
    ) -> (Peer, mpsc::Receiver<Arc<[u8]>>) {
        let (give, take) = mpsc::channel(QUEUE);
        let number = self.next.fetch_add(1, Ordering::Relaxed).max(FIRST_STREAM);
        let mut streams = self.lock();
        let peer = (transport, address);
        streams.by_peer.insert(peer, number);
        streams.by_number.insert(number, Stream { peer, give });
        let peer = Peer {
            transport,
            address,
            socket: number,
        };
        (peer, take)
    }

    /// A place for a connection of this address, of which it may hold so many.
    pub fn enter(&self, ip: IpAddr, most: usize) -> bool {
        let mut streams = self.lock();
        let held = streams.accepted.entry(ip.to_canonical()).or_insert(0);
        let free = *held < most;
        *held += usize::from(free);
        free
    }

    /// The place of `enter` is free again.
    pub fn exit(&self, ip: IpAddr) {
        let mut streams = self.lock();
        let ip = ip.to_canonical();
        if let Some(held) = streams.accepted.get_mut(&ip) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                streams.accepted.remove(&ip);
            }
        }
    }

    pub fn leave(&self, number: u32) {
        let mut streams = self.lock();
        if let Some(gone) = streams.by_number.remove(&number)
            && streams.by_peer.get(&gone.peer) == Some(&number)
        {
            streams.by_peer.remove(&gone.peer);
        }
    }

    /// The queue of a connection: its own, or of any that is open to the same peer.
    fn queue(&self, to: Peer) -> Option<mpsc::Sender<Arc<[u8]>>> {
        let streams = self.lock();
        let own = streams.by_number.get(&to.socket);
        let other = || {
            let number = streams.by_peer.get(&(to.transport, to.address))?;
            streams.by_number.get(number)
        };
        own.or_else(other).map(|stream| stream.give.clone())
    }

    fn datagram(&self, to: Peer, bytes: &[u8]) -> bool {
        let listener = usize::try_from(to.socket)
            .ok()
            .and_then(|n| n.checked_sub(1));
        let fits = |socket: &&Arc<UdpSocket>| {
            socket
                .local_addr()
                .is_ok_and(|own| own.is_ipv4() == to.address.is_ipv4())
        };
        let socket = listener
            .and_then(|n| self.udp.get(n))
            .or_else(|| self.udp.iter().find(fits));
        // A full socket loses the datagram as a network does; it is sent again by its transaction.
        socket.is_some_and(|socket| socket.try_send_to(bytes, to.address).is_ok())
    }
}

/// Hands a message to its socket; opens a connection where there is none.
pub fn send(sip: &Arc<Sip>, to: Peer, bytes: Arc<[u8]>) {
    let taken = match to.transport {
        Transport::Udp => sip.wire.datagram(to, &bytes),
        Transport::Inside => false,
        Transport::Tcp | Transport::Tls => match sip.wire.queue(to) {
            Some(queue) => queue.try_send(bytes).is_ok(),
            None => {
                let (peer, take) = sip.wire.join(to.transport, to.address);
                let first = sip
                    .wire
                    .queue(peer)
                    .is_some_and(|q| q.try_send(bytes).is_ok());
                tokio::spawn(streams::call(Arc::clone(sip), to, peer, take));
                first
            }
        },
    };
    if taken {
        count(&sip.counters.sent);
    } else {
        count(&sip.counters.unsent);
        if to.transport.reliable() {
            sip.lost(to);
        }
    }
}
