//! Sessions of two legs. `Relay` is a trait, so that a cheaper way to move packets can take the place of this one.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lcr_core::rtp::audio::Heard;
use lcr_core::rtp::packet::{Protection, is_rtcp};
use lcr_core::rtp::payload::{Law, PayloadMap};
use lcr_core::rtp::record::{Pcap, Track};

use super::MediaError;
use super::leg::{Glance, Leg, LegFigures, LegSettings};
use super::ports::{PortLease, PortPool};
use super::reactor::{Place, Reactor, Served};
use super::side::Side;
use super::stamped::{Receiver, Unread, utc_nanos};

/// A datagram that has waited this long has others behind it: then several are read at once, at most so many.
const BEHIND_NANOS: i64 = 15_000_000;
const TURN: usize = 32;

pub trait Relay {
    /// Ports for both legs; media flows as soon as a leg's source is known.
    fn open(&self, legs: [LegSettings; 2], keep: Keep) -> Result<Session, MediaError>;
}

/// Bounds of what is kept of a session; 0 = nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keep {
    pub pcap_bytes: usize,
    pub record_seconds: u32,
}

/// Sessions on the threads of a reactor; each leg may have ports of another family.
#[derive(Clone)]
pub struct ThreadedRelay {
    reactor: Reactor,
    pools: [PortPool; 2],
}

impl ThreadedRelay {
    #[cfg(test)]
    pub fn new(pool: PortPool) -> Self {
        let reactor = Reactor::start(1).expect("a thread");
        Self::between(&reactor, pool.clone(), pool)
    }

    pub fn between(reactor: &Reactor, first: PortPool, second: PortPool) -> Self {
        Self {
            reactor: reactor.clone(),
            pools: [first, second],
        }
    }
}

impl Relay for ThreadedRelay {
    fn open(&self, legs: [LegSettings; 2], keep: Keep) -> Result<Session, MediaError> {
        let leases = [self.pools[0].lease()?, self.pools[1].lease()?];
        let local = [address(&leases[0])?, address(&leases[1])?];
        let state = Arc::new(Mutex::new(State {
            legs: legs.map(Leg::new),
            local,
            sides: Some(leases.map(Side::new)),
            pcap: (keep.pcap_bytes > 0).then(|| Pcap::new(keep.pcap_bytes)),
            tracks: (keep.record_seconds > 0).then(|| {
                [
                    Track::new(keep.record_seconds),
                    Track::new(keep.record_seconds),
                ]
            }),
            begun_nanos: utc_nanos(),
        }));
        // Nothing is served before the lock is given back.
        let held = locked(&state);
        let Some([first, second]) = &held.sides else {
            return Err(MediaError::NoPorts);
        };
        let sockets = [&first.media, &first.control, &second.media, &second.control];
        let served: Arc<Mutex<dyn Served>> = Arc::<Mutex<State>>::clone(&state);
        let place = self.reactor.join(served, sockets).map_err(MediaError::Io)?;
        drop(held);
        Ok(Session {
            local,
            state,
            _place: place,
            _reactor: self.reactor.clone(),
        })
    }
}

fn address(lease: &PortLease) -> Result<SocketAddr, MediaError> {
    lease.rtp.local_addr().map_err(MediaError::Io)
}

struct State {
    legs: [Leg; 2],
    local: [SocketAddr; 2],
    /// None once the session is over.
    sides: Option<[Side; 2]>,
    pcap: Option<Pcap>,
    tracks: Option<[Track; 2]>,
    begun_nanos: i64,
}

/// A running session. Dropping it closes the sockets and gives the ports back.
pub struct Session {
    local: [SocketAddr; 2],
    state: Arc<Mutex<State>>,
    _place: Place,
    _reactor: Reactor,
}

/// What a session leaves behind.
pub struct Closed {
    pub legs: [LegFigures; 2],
    pub heard: [Option<Heard>; 2],
    pub pcap: Option<Pcap>,
    /// What each leg sent.
    pub tracks: Option<[Track; 2]>,
}

impl Drop for Session {
    fn drop(&mut self) {
        locked(&self.state).sides = None;
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    /// Address and port to write into the SDP that this leg (0 or 1) receives.
    pub fn local(&self, leg: usize) -> SocketAddr {
        self.local[leg]
    }

    /// Another SDP of the leg.
    pub fn announce(&self, leg: usize, address: SocketAddr) {
        let mut state = locked(&self.state);
        state.legs[leg].announce(address);
        state.tie(leg, utc_nanos());
    }

    pub fn set_payloads(&self, leg: usize, payloads: PayloadMap, audible: Option<(u8, Law)>) {
        locked(&self.state).legs[leg].set_payloads(payloads, audible);
    }

    /// The call is answered: silence counts from now on.
    pub fn listen(&self) {
        let now = utc_nanos();
        locked(&self.state)
            .legs
            .iter_mut()
            .for_each(|leg| leg.listen(now));
    }

    /// SRTP passes unread.
    pub fn protect(&self, leg: usize, protection: Protection) {
        locked(&self.state).legs[leg].protect(protection);
    }

    /// What a page shows each second.
    pub fn glance(&self, leg: usize) -> Glance {
        locked(&self.state).legs[leg].glance()
    }

    /// A message of the call beside its media, for the capture.
    pub fn capture(&self, at_nanos: i64, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if let Some(pcap) = &mut locked(&self.state).pcap {
            pcap.push(at_nanos, from, to, bytes);
        }
    }

    /// As they stand.
    #[cfg(test)]
    pub fn figures(&self) -> [LegFigures; 2] {
        let state = locked(&self.state);
        [state.legs[0].figures(), state.legs[1].figures()]
    }

    /// Ends the session; when this returns, its ports are free.
    pub fn close(self) -> Closed {
        let state = Arc::clone(&self.state);
        drop(self);
        let mut state = locked(&state);
        let now = utc_nanos();
        state.legs.iter_mut().for_each(|leg| leg.close_seconds(now));
        Closed {
            legs: [state.legs[0].figures(), state.legs[1].figures()],
            heard: [
                state.legs[0].finish_listening(now),
                state.legs[1].finish_listening(now),
            ],
            pcap: state.pcap.take(),
            tracks: state.tracks.take(),
        }
    }
}

impl Served for State {
    fn ready(&mut self, socket: usize, now_nanos: i64, receiver: &mut Receiver) {
        let (leg, control) = (socket / 2, socket % 2 == 1);
        for _ in 0..TURN {
            let Some(sides) = &self.sides else { return };
            let from = &sides[leg];
            match receiver.receive(if control { &from.control } else { &from.media }) {
                Ok(datagram) => {
                    let (at_nanos, from) = (datagram.at_nanos, datagram.from);
                    self.on_datagram(leg, control, (at_nanos, from, datagram.bytes));
                    if now_nanos - at_nanos < BEHIND_NANOS {
                        return;
                    }
                }
                Err(Unread::Unusable) => self.legs[leg].figures.malformed += 1,
                // Reading took the error (an ICMP answer to what we sent) off the socket: nothing else is to be done about it.
                Err(Unread::WouldBlock | Unread::Failed) => return,
            }
        }
    }

    fn second(&mut self, now_nanos: i64) {
        for leg in 0..2 {
            self.legs[leg].close_seconds(now_nanos);
            self.tie(leg, now_nanos);
        }
    }
}

impl State {
    fn on_datagram(
        &mut self,
        leg: usize,
        control: bool,
        (at_nanos, from, bytes): (i64, SocketAddr, &[u8]),
    ) {
        let other = 1 - leg;
        // RTCP may share the port of RTP (RFC 5761); it goes on the same way.
        let is_control = control || is_rtcp(bytes);
        let pass = if is_control {
            let [first, second] = &mut self.legs;
            let (this, that) = if leg == 0 {
                (first, second)
            } else {
                (second, first)
            };
            this.on_control(at_nanos, from, bytes, |ntp| {
                that.passing.pass(ntp, at_nanos)
            })
        } else {
            self.legs[leg].on_media(at_nanos, from, bytes)
        };
        if !pass {
            return;
        }
        if let Some(pcap) = &mut self.pcap {
            pcap.push(at_nanos, from, self.local[leg], bytes);
        }
        if let (false, Some(tracks)) = (is_control, &mut self.tracks)
            && let Some((law, timestamp, payload)) = self.legs[leg].audio(bytes)
        {
            let at_ms = (at_nanos - self.begun_nanos) / 1_000_000;
            tracks[leg].put_packet(at_ms, timestamp, law, payload);
        }
        if !is_control {
            self.tie(leg, at_nanos);
        }
        let (target, figures) = (self.legs[other].target(), &mut self.legs[other].figures);
        let sent = match (target, &self.sides) {
            (Some(target), Some(sides)) if control => sides[other].send_control(bytes, target),
            (Some(target), Some(sides)) => sides[other].send(bytes, target),
            _ => false,
        };
        if sent {
            figures.sent += 1;
        } else {
            figures.unsent += 1;
        }
    }

    /// The socket of a leg hears whom the leg hears.
    fn tie(&mut self, leg: usize, at_nanos: i64) {
        let speaker = self.legs[leg].speaker(at_nanos);
        if let Some(sides) = &mut self.sides {
            sides[leg].tie(speaker);
        }
    }
}
