//! All transactions of one worker: finding them, their timers, their number bounded.
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use super::key::{self, Key};
use super::{Client, Server, client, server};
use crate::sip::clock::Micros;
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::peer::Peer;

mod drive;

use drive::Passed;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerId(pub u64);

/// A message for the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub to: Peer,
    pub bytes: Arc<[u8]>,
}

/// What a message from the network turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// A new request.
    Request(ServerId),
    /// A new transaction, but the same request came by another way already: answer 482.
    Merged(ServerId),
    /// An ACK to a 2xx, or to nothing that is known: the dialog's.
    Ack,
    /// For the sender of the request.
    Response(ClientId),
    /// A copy, or an ACK a transaction waited for.
    Absorbed,
    /// A response to nothing we sent.
    Stray,
    /// No room for another transaction, or its source holds its share: answer 503 without state.
    Full,
}

/// A source may hold so many server transactions, whatever the limit of all.
const SHARE: usize = 50;

/// What the passing of time did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expired {
    /// A request had no final answer.
    Client(ClientId),
    /// A final answer had no ACK.
    Server(ServerId),
}

#[derive(Debug)]
struct ClientEntry {
    machine: Client,
    peer: Peer,
    key: Key,
}

#[derive(Debug)]
struct ServerEntry {
    machine: Server,
    peer: Peer,
    key: Key,
    merged: Option<Key>,
    source: IpAddr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Client(ClientId),
    Server(ServerId),
}

#[derive(Debug)]
pub struct Layer {
    limit: usize,
    next: u64,
    /// Boxed, as `servers`: entries that come and go make a table double though it is half empty, megabytes at once.
    clients: HashMap<ClientId, Box<ClientEntry>>,
    client_keys: HashMap<Key, ClientId>,
    servers: HashMap<ServerId, Box<ServerEntry>>,
    server_keys: HashMap<Key, ServerId>,
    merges: HashMap<Key, ServerId>,
    /// Server transactions of each address.
    sources: HashMap<IpAddr, usize>,
    timers: BTreeSet<(Micros, Timer)>,
}

impl Layer {
    /// At most `limit` server transactions from outside, a quarter of them of one address, and as many client transactions.
    /// Requests of calls that exist have as much room again.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            next: 1,
            clients: HashMap::new(),
            client_keys: HashMap::new(),
            servers: HashMap::new(),
            server_keys: HashMap::new(),
            merges: HashMap::new(),
            sources: HashMap::new(),
            timers: BTreeSet::new(),
        }
    }

    /// Transactions alive.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clients.len() + self.servers.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
            && self.servers.is_empty()
            && self.sources.is_empty()
            && self.timers.is_empty()
    }

    /// When `expire` is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Micros> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// `known`: the request belongs to a call that exists.
    pub fn receive(
        &mut self,
        now: Micros,
        message: &Message,
        source: Peer,
        known: bool,
        out: &mut Vec<Outgoing>,
    ) -> Received {
        let Some(method) = message.method() else {
            return self.receive_response(now, message, out);
        };
        let key = key::server(message, method);
        if let Some(id) = self.server_keys.get(&key).copied() {
            let input = if method == Method::Ack {
                server::Input::Ack
            } else {
                server::Input::Request
            };
            return if self.drive_server(now, id, input, out) {
                Received::Ack
            } else {
                Received::Absorbed
            };
        }
        if method == Method::Ack {
            return Received::Ack;
        }
        let known = known || (method == Method::Cancel && self.cancelled(message).is_some());
        let address = source.address.ip().to_canonical();
        if !self.takes(address, known) {
            return Received::Full;
        }
        *self.sources.entry(address).or_insert(0) += 1;
        let id = ServerId(self.next);
        self.next += 1;
        let mut merged = key::merged(message);
        let twin = merged.as_ref().is_some_and(|m| self.merges.contains_key(m));
        if twin {
            merged = None;
        } else if let Some(merged) = &merged {
            self.merges.insert(merged.clone(), id);
        }
        let machine = Server::new(method == Method::Invite, source.transport.reliable());
        self.server_keys.insert(key.clone(), id);
        let peer = source.reply_to(message);
        self.servers.insert(
            id,
            Box::new(ServerEntry {
                machine,
                peer,
                key,
                merged,
                source: address,
            }),
        );
        if twin {
            Received::Merged(id)
        } else {
            Received::Request(id)
        }
    }

    /// Whoever floods fills its own share; what belongs to a call is refused last.
    fn takes(&self, source: IpAddr, known: bool) -> bool {
        let held = self.servers.len();
        if known {
            return held < self.limit.saturating_mul(2);
        }
        let own = self.sources.get(&source).copied().unwrap_or(0);
        held < self.limit && own < (self.limit / 4).max(SHARE)
    }

    fn receive_response(
        &mut self,
        now: Micros,
        message: &Message,
        out: &mut Vec<Outgoing>,
    ) -> Received {
        let method = message.header(crate::sip::name::Name::CSeq).unwrap_or(b"");
        let method = method
            .rsplit(|b| crate::sip::chars::is_lws(*b))
            .next()
            .unwrap_or(b"");
        let key = key::client(message.branch().unwrap_or(b""), method);
        match self.client_keys.get(&key).copied() {
            Some(id)
                if self.drive_client(now, id, &client::Input::Response(message), out)
                    == Passed::Message =>
            {
                Received::Response(id)
            }
            Some(_) => Received::Absorbed,
            None => Received::Stray,
        }
    }

    /// The INVITE a CANCEL is about, while it is known.
    #[must_use]
    pub fn cancelled(&self, cancel: &Message) -> Option<ServerId> {
        self.server_keys
            .get(&key::server(cancel, Method::Invite))
            .copied()
    }

    /// Where the answers of a transaction go.
    #[must_use]
    pub fn peer(&self, id: ServerId) -> Option<Peer> {
        self.servers.get(&id).map(|s| s.peer)
    }

    pub fn respond(
        &mut self,
        now: Micros,
        id: ServerId,
        code: u16,
        bytes: Arc<[u8]>,
        out: &mut Vec<Outgoing>,
    ) {
        // Whoever is asked for a password says the request again, often under the same number (RFC 3261 section 8.1.3.5 wants
        // another; Kamailio keeps it): then it is no copy that came by another way.
        if matches!(code, 401 | 407)
            && let Some(merged) = self.servers.get_mut(&id).and_then(|s| s.merged.take())
        {
            self.merges.remove(&merged);
        }
        self.drive_server(now, id, server::Input::Respond(code, bytes), out);
    }

    /// Sends a request whose topmost Via has this branch. ACK to a 2xx is no transaction: send it as it is.
    pub fn request(
        &mut self,
        now: Micros,
        method: &[u8],
        branch: &[u8],
        bytes: Arc<[u8]>,
        to: Peer,
        out: &mut Vec<Outgoing>,
    ) -> ClientId {
        let id = ClientId(self.next);
        self.next += 1;
        let key = key::client(branch, method);
        let (machine, todo) =
            Client::start(now, bytes, method == b"INVITE", to.transport.reliable());
        self.timers
            .extend(machine.deadline().map(|at| (at, Timer::Client(id))));
        self.client_keys.insert(key.clone(), id);
        self.clients.insert(
            id,
            Box::new(ClientEntry {
                machine,
                peer: to,
                key,
            }),
        );
        self.client_todo(id, todo, out);
        id
    }

    /// Room for another request of our own.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.clients.len() < self.limit
    }

    /// The request as it went out, while its transaction is known.
    #[must_use]
    pub fn sent(&self, id: ClientId) -> Option<&Arc<[u8]>> {
        self.clients.get(&id).map(|c| c.machine.request())
    }

    /// A 1xx came and no final answer: CANCEL may be sent.
    #[must_use]
    pub fn proceeding(&self, id: ClientId) -> bool {
        self.clients
            .get(&id)
            .is_some_and(|c| c.machine.state() == client::State::Proceeding)
    }

    /// Where the request goes.
    #[must_use]
    pub fn client_peer(&self, id: ClientId) -> Option<Peer> {
        self.clients.get(&id).map(|c| c.peer)
    }

    /// Tells the transaction that its CANCEL was sent.
    pub fn cancelling(&mut self, now: Micros, id: ClientId, out: &mut Vec<Outgoing>) {
        self.drive_client(now, id, &client::Input::Cancelled, out);
    }

    pub fn abandon(&mut self, now: Micros, id: ClientId, out: &mut Vec<Outgoing>) {
        self.drive_client(now, id, &client::Input::Abandon, out);
    }

    /// Every request in flight to a peer that cannot be reached. Returns those that ended by it.
    pub fn transport_error(
        &mut self,
        now: Micros,
        to: Peer,
        out: &mut Vec<Outgoing>,
    ) -> Vec<Expired> {
        let mut hit: Vec<ClientId> = self
            .clients
            .iter()
            .filter(|(_, c)| c.peer == to)
            .map(|(id, _)| *id)
            .collect();
        hit.sort_unstable();
        hit.retain(|id| {
            self.drive_client(now, *id, &client::Input::TransportError, out) == Passed::Timeout
        });
        hit.into_iter().map(Expired::Client).collect()
    }

    /// Runs the timers that are due; returns what ended unanswered.
    pub fn expire(&mut self, now: Micros, out: &mut Vec<Outgoing>) -> Vec<Expired> {
        let mut expired = Vec::new();
        while let Some((at, timer)) = self.timers.first().copied() {
            if at > now {
                break;
            }
            match timer {
                Timer::Client(id) => {
                    if self.drive_client(now, id, &client::Input::Timer, out) == Passed::Timeout {
                        expired.push(Expired::Client(id));
                    }
                }
                Timer::Server(id) => {
                    if self.drive_server(now, id, server::Input::Timer, out)
                        && !self.servers.contains_key(&id)
                    {
                        expired.push(Expired::Server(id));
                    }
                }
            }
            self.timers.remove(&(at, timer));
        }
        expired
    }
}
