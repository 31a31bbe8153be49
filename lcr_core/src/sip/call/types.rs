//! What the call machine is told and what it wants.
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::record::Record;
use crate::sip::clock::Micros;
use crate::sip::digest::client::Credentials;
use crate::sip::message::Message;
use crate::sip::peer::{Peer, Transport};
use crate::sip::transaction::layer::Outgoing;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// A: who called us. B: whom we call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    A,
    B,
}

impl Side {
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// An address of ours as others reach it, for Via and Contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    pub transport: Transport,
    pub address: SocketAddr,
}

#[derive(Debug, Clone)]
pub struct Config {
    pub locals: Vec<Local>,
    pub calls: usize,
    pub transactions: usize,
    /// Begins the Call-IDs we make, so that whoever hands messages to several machines knows which one they are for.
    pub prefix: String,
    /// A call that comes back to us is asked about (`Event::Ask`, `looped`) instead of being refused with 482: numbers of our own
    /// are called by way of others.
    pub ask_loops: bool,
    /// Random; branches, tags and Call-IDs are drawn from it.
    pub seed: [u8; 32],
    /// Server and User-Agent.
    pub agent: String,
}

/// Relay ports of one call, in the order of the media lines; the same for the whole call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ports {
    pub toward_a: (IpAddr, Vec<u16>),
    pub toward_b: (IpAddr, Vec<u16>),
}

/// One trunk to try. Everything in it was configured or decided by us.
#[derive(Debug, Clone)]
pub struct Target {
    pub name: String,
    pub uri: Vec<u8>,
    pub peer: Peer,
    /// Value of From without tag.
    pub from: Vec<u8>,
    /// Value of P-Asserted-Identity.
    pub asserted: Option<Vec<u8>>,
    /// Further headers (Identity of our own ...).
    pub headers: Vec<(String, Vec<u8>)>,
    pub credentials: Option<Credentials>,
    /// Final answers after which the next target is tried, unless it rang.
    pub next_on: Vec<u16>,
    /// No final answer for this long: the attempt is cancelled. At most timer C.
    pub ring_limit: Micros,
}

#[derive(Debug, Clone)]
pub struct Route {
    pub targets: Vec<Target>,
    /// None: session descriptions pass as they are.
    pub media: Option<Ports>,
    /// From the answer on.
    pub talk_limit: Micros,
    /// Ask again (`Event::Redirected`) when a target answers 3xx, at most five times a call.
    pub follow_redirects: bool,
    /// Requests within the call go to the address in Contact or Route where that is a plain IP address; else to where the
    /// call came from or went to.
    pub follow_contact: bool,
}

#[derive(Debug, Clone)]
pub struct Refusal {
    pub code: u16,
    /// `WWW-Authenticate`, `Retry-After`, `Contact` of a redirect ...
    pub headers: Vec<(String, Vec<u8>)>,
}

#[derive(Debug, Clone)]
pub enum Decision {
    Route(Box<Route>),
    /// Leaves a record where a call was refused; none for a challenge (401, 407), which is no attempt yet.
    Refuse(Refusal),
}

#[derive(Debug)]
pub enum Input<'a> {
    /// One datagram or one message of a stream. The source was allowed before.
    Packet { from: Peer, bytes: &'a [u8] },
    /// The answer to `Event::Ask` and `Event::Redirected`.
    Decide { call: CallId, decision: Decision },
    /// The operator, a limit or dead media ends the call.
    Hangup { call: CallId },
    /// As `Hangup`, but nobody waits for what is still in flight: the record comes at once. The process is about to end.
    LetGo { call: CallId },
    /// Nothing can be sent to this peer.
    TransportError { to: Peer },
    /// `deadline()` has come.
    Time,
}

#[derive(Debug)]
pub enum Event {
    /// A new INVITE: decide. Nothing else happens to the call meanwhile but its cancelling.
    Ask {
        call: CallId,
        from: Peer,
        invite: Arc<Message>,
        /// It was here before: whoever does not end it here refuses it with 482.
        looped: bool,
    },
    /// A target is invited by this Call-ID and this tag of ours.
    Attempt {
        call: CallId,
        target: usize,
        call_id: Vec<u8>,
        tag: String,
    },
    /// A target answered 3xx: decide once more. Addresses in order of their q-values.
    Redirected {
        call: CallId,
        contacts: Vec<Vec<u8>>,
    },
    /// A side described its media (as it wrote it, not rewritten).
    Media {
        call: CallId,
        side: Side,
        sdp: Vec<u8>,
    },
    Answered {
        call: CallId,
    },
    /// Nobody talks any more: ports may be given back. The record follows.
    Silent {
        call: CallId,
    },
    /// The one record of a call; nothing of it is left.
    Ended(Box<Record>),
}

/// In order. One step answers one input: what it can send is bounded by what the call has in flight.
#[derive(Debug, Default)]
pub struct Actions {
    pub send: Vec<Outgoing>,
    pub events: Vec<Event>,
}
