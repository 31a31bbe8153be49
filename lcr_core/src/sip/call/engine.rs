//! Messages and time to calls.
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::ids::Ids;
use super::state::{Call, Purpose};
use super::types::{Actions, CallId, Config, Input, Local, Side};

use crate::sip::clock::Micros;
use crate::sip::message::{Message, Rejected, phrase, reply};
use crate::sip::method::Method;
use crate::sip::peer::Peer;
use crate::sip::screen::{CALLS, screen};
use crate::sip::transaction::layer::{Expired, Outgoing};
use crate::sip::transaction::{ClientId, Layer, Received, ServerId};

/// The back-to-back user agent of one worker.
#[derive(Debug)]
pub struct B2bua {
    pub(super) config: Config,
    pub(super) layer: Layer,
    pub(super) ids: Ids,
    pub(super) calls: HashMap<CallId, Box<Call>>,
    /// Call-ID and our tag to call and side.
    pub(super) dialogs: HashMap<Box<[u8]>, (CallId, Side)>,
    /// Call-IDs of our own making, for loops.
    pub(super) own: HashSet<Vec<u8>>,
    /// Callers' INVITEs.
    pub(super) invites: HashMap<ServerId, CallId>,
    pub(super) clients: HashMap<ClientId, (CallId, Purpose)>,
    /// INVITEs to be cancelled as soon as a 1xx allows it.
    pub(super) unwelcome: HashSet<ClientId>,
    pub(super) timers: BTreeSet<(Micros, CallId)>,
    pub(super) next_call: u64,
}

pub(super) fn dialog_key(call_id: &[u8], tag: &[u8]) -> Box<[u8]> {
    [call_id, b"\0", tag].concat().into()
}

impl B2bua {
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            layer: Layer::new(config.transactions),
            ids: Ids::new(config.seed),
            config,
            calls: HashMap::new(),
            dialogs: HashMap::new(),
            own: HashSet::new(),
            invites: HashMap::new(),
            clients: HashMap::new(),
            unwelcome: HashSet::new(),
            timers: BTreeSet::new(),
            next_call: 1,
        }
    }

    /// Nothing is left of any call and any transaction.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layer.is_empty() && self.is_idle()
    }

    /// No call is left; transactions may still absorb copies.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty()
            && self.dialogs.is_empty()
            && self.own.is_empty()
            && self.invites.is_empty()
            && self.clients.is_empty()
            && self.unwelcome.is_empty()
            && self.timers.is_empty()
    }

    /// The call is held here; false once its record was given out.
    #[must_use]
    pub fn holds(&self, call: CallId) -> bool {
        self.calls.contains_key(&call)
    }

    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Transactions alive, those of calls that have ended among them.
    #[must_use]
    pub fn transactions(&self) -> usize {
        self.layer.len()
    }

    /// When `Input::Time` is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Micros> {
        let calls = self.timers.first().map(|(at, _)| *at);
        self.layer.deadline().into_iter().chain(calls).min()
    }

    /// Never blocks, never panics on what strangers send, keeps within the limits of `Config`.
    pub fn step(&mut self, now: Micros, input: Input<'_>) -> Actions {
        let mut out = Actions::default();
        match input {
            Input::Packet { from, bytes } => self.packet(now, from, bytes, &mut out),
            Input::Decide { call, decision } => {
                if let Some(mut call) = self.calls.remove(&call) {
                    self.decide(now, &mut call, decision, &mut out);
                    self.settle(call, &mut out);
                }
            }
            Input::Hangup { call } => {
                if let Some(mut call) = self.calls.remove(&call) {
                    self.hang_up(now, &mut call, &mut out);
                    self.settle(call, &mut out);
                }
            }
            Input::LetGo { call } => {
                if let Some(mut call) = self.calls.remove(&call) {
                    self.hang_up(now, &mut call, &mut out);
                    if let Some(at) = call.timer {
                        self.timers.remove(&(at, call.id));
                    }
                    self.let_go(call, &mut out);
                }
            }
            Input::TransportError { to } => {
                let expired = self.layer.transport_error(now, to, &mut out.send);
                self.expired(now, expired, &mut out);
            }
            Input::Time => self.time(now, &mut out),
        }
        out
    }

    fn time(&mut self, now: Micros, out: &mut Actions) {
        let expired = self.layer.expire(now, &mut out.send);
        self.expired(now, expired, out);
        while let Some((at, id)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, id));
            if let Some(mut call) = self.calls.remove(&id) {
                call.timer = None;
                self.call_time(now, &mut call, out);
                self.settle(call, out);
            }
        }
    }

    fn expired(&mut self, now: Micros, expired: Vec<Expired>, out: &mut Actions) {
        for expired in expired {
            // A refusal without ACK costs nobody anything: its call was settled when it was sent.
            let Expired::Client(id) = expired else {
                continue;
            };
            self.unwelcome.remove(&id);
            let Some((call, purpose)) = self.clients.remove(&id) else {
                continue;
            };
            let Some(mut call) = self.calls.remove(&call) else {
                continue;
            };
            match purpose {
                Purpose::Invite => self.target_silent(now, &mut call, id, out),
                Purpose::Relay => self.relay_timeout(now, &mut call, id, out),
                Purpose::Bye(_) => call.byes = call.byes.saturating_sub(1),
            }
            self.settle(call, out);
        }
    }

    fn packet(&mut self, now: Micros, from: Peer, bytes: &[u8], out: &mut Actions) {
        let message = match Message::parse(bytes) {
            Ok(message) => message,
            Err(Rejected { fault, request }) => {
                if let Some(request) = request {
                    self.stateless(from, &request, fault.status, fault.what, None, out);
                }
                return;
            }
        };
        let tag = message.method().and(message.to_tag());
        let known = tag.is_some_and(|tag| {
            self.dialogs
                .contains_key(&dialog_key(message.call_id(), tag))
        });
        let received = self
            .layer
            .receive(now, &message, from, known, &mut out.send);
        match received {
            Received::Request(id) => self.request(now, from, Arc::new(message), id, out),
            Received::Merged(id) => self.refuse(now, id, &message, from, 482, &[], out),
            Received::Ack => self.ack(now, &message, out),
            Received::Response(id) => self.response(now, id, &message, out),
            Received::Full => self.stateless(
                from,
                &message,
                503,
                phrase(503),
                Some(("Retry-After", "5")),
                out,
            ),
            Received::Absorbed | Received::Stray => {}
        }
    }

    fn stateless(
        &self,
        from: Peer,
        request: &Message,
        code: u16,
        what: &str,
        header: Option<(&str, &str)>,
        out: &mut Actions,
    ) {
        let mut answer = reply(request, from.address, code, what, Some(b"x"));
        if let Some((name, value)) = header {
            answer.header(name, value);
        }
        out.send.push(Outgoing {
            to: from.reply_to(request),
            bytes: answer.end(),
        });
    }

    /// A final answer to a request that belongs to no call.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn refuse(
        &mut self,
        now: Micros,
        id: ServerId,
        request: &Message,
        from: Peer,
        code: u16,
        headers: &[(&str, &str)],
        out: &mut Actions,
    ) {
        let tag = self.ids.next();
        let mut answer = reply(
            request,
            from.address,
            code,
            phrase(code),
            Some(tag.as_bytes()),
        );
        answer.header("Server", &self.config.agent);
        for (name, value) in headers {
            answer.header(name, value);
        }
        self.layer
            .respond(now, id, code, answer.end(), &mut out.send);
    }

    fn request(
        &mut self,
        now: Micros,
        from: Peer,
        request: Arc<Message>,
        id: ServerId,
        out: &mut Actions,
    ) {
        if let Some(refusal) = screen(&request, &CALLS) {
            let header = refusal
                .header
                .as_ref()
                .map(|(name, value)| (*name, value.as_str()));
            return self.refuse(
                now,
                id,
                &request,
                from,
                refusal.status,
                header.as_slice(),
                out,
            );
        }
        match request.method() {
            Some(Method::Cancel) => self.cancelled(now, from, &request, id, out),
            Some(Method::Invite) if request.to_tag().is_none() => {
                self.new_call(now, from, request, id, out)
            }
            Some(Method::Options) if request.to_tag().is_none() => {
                let allow = CALLS.allow();
                let headers = [
                    ("Allow", allow.as_str()),
                    ("Accept", "application/sdp"),
                    ("Supported", "100rel, timer"),
                ];
                self.refuse(now, id, &request, from, 200, &headers, out);
            }
            _ => {
                let key = dialog_key(request.call_id(), request.to_tag().unwrap_or(b""));
                let found = self.dialogs.get(&key).copied();
                match found.and_then(|(call, side)| Some((self.calls.remove(&call)?, side))) {
                    Some((mut call, side)) => {
                        self.inside(now, &mut call, side, from, request, id, out);
                        self.settle(call, out);
                    }
                    None => self.refuse(now, id, &request, from, 481, &[], out),
                }
            }
        }
    }

    fn cancelled(
        &mut self,
        now: Micros,
        from: Peer,
        cancel: &Message,
        id: ServerId,
        out: &mut Actions,
    ) {
        let Some(invite) = self.layer.cancelled(cancel) else {
            return self.refuse(now, id, cancel, from, 481, &[], out);
        };
        let call = self.invites.get(&invite).copied();
        let Some(mut call) = call.and_then(|c| self.calls.remove(&c)) else {
            return self.refuse(now, id, cancel, from, 200, &[], out);
        };
        // The tag of the call, as RFC 3261 section 9.2 wishes: some telephones take it for the dialog's.
        let tag = call.a.local_tag.as_bytes();
        let mut answer = reply(cancel, from.address, 200, phrase(200), Some(tag));
        answer.header("Server", &self.config.agent);
        self.layer
            .respond(now, id, 200, answer.end(), &mut out.send);
        // After the final answer it changes nothing.
        if call.server.is_some() {
            call.stamp(now, Side::A, false, Method::Cancel, 0);
            self.caller_gave_up(now, &mut call, Some(cancel), out);
        }
        self.settle(call, out);
    }

    fn ack(&mut self, now: Micros, ack: &Message, out: &mut Actions) {
        let key = dialog_key(ack.call_id(), ack.to_tag().unwrap_or(b""));
        let Some((id, side)) = self.dialogs.get(&key).copied() else {
            return;
        };
        if let Some(mut call) = self.calls.remove(&id) {
            self.confirmed(now, &mut call, side, ack, out);
            self.settle(call, out);
        }
    }

    fn response(&mut self, now: Micros, id: ClientId, response: &Message, out: &mut Actions) {
        if self.unwelcome.contains(&id) {
            self.unwelcome.remove(&id);
            if response.code() < 200 {
                self.send_cancel(now, id, None, out);
            }
        }
        let known = self.clients.get(&id).copied();
        let taken = known.and_then(|(call, purpose)| Some((self.calls.remove(&call)?, purpose)));
        let Some((mut call, purpose)) = taken else {
            if response.cseq_method() == Method::Invite && (200..300).contains(&response.code()) {
                self.unwanted(now, id, response, out);
            }
            return;
        };
        if response.code() >= 200 && purpose != Purpose::Invite {
            self.clients.remove(&id);
        }
        match purpose {
            Purpose::Invite => self.target_answered(now, &mut call, id, response, out),
            Purpose::Relay => self.relay_answered(now, &mut call, id, response, out),
            Purpose::Bye(side) if response.code() >= 200 => {
                call.stamp(now, side, false, Method::Bye, response.code());
                call.byes = call.byes.saturating_sub(1);
            }
            Purpose::Bye(_) => {}
        }
        self.settle(call, out);
    }

    /// Our own address towards a peer.
    pub(super) fn local(&self, peer: Peer) -> Option<Local> {
        let fits = |l: &&Local| {
            l.transport == peer.transport && l.address.is_ipv4() == peer.address.is_ipv4()
        };
        self.config.locals.iter().find(fits).copied()
    }
}
