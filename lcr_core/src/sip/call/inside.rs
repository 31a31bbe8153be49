//! Requests within a call: passed to the other side, their answers passed back.
use std::sync::Arc;

use super::carry;
use super::ending::Why;
use super::engine::B2bua;
use super::leg::{self, Unconfirmed};
use super::record::EndedBy;
use super::setup::too_short;
use super::state::{Call, Phase, Purpose, Relay};
use super::types::{Actions, Side};
use crate::sip::clock::Micros;
use crate::sip::message::{Message, phrase, reply};
use crate::sip::method::Method;
use crate::sip::name::Name;
use crate::sip::peer::Peer;
use crate::sip::transaction::layer::Outgoing;
use crate::sip::transaction::{ClientId, ServerId};
use crate::sip::value::cseq;

/// Requests of one call in flight at a time.
const RELAYS: usize = 8;

impl B2bua {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn inside(
        &mut self,
        now: Micros,
        call: &mut Call,
        side: Side,
        from: Peer,
        request: Arc<Message>,
        id: ServerId,
        out: &mut Actions,
    ) {
        let method = request.method().unwrap_or(Method::Other);
        call.stamp(now, side, false, method, 0);
        let Some(leg) = call.leg(side) else {
            return self.refuse(now, id, &request, from, 481, &[], out);
        };
        if request.cseq() <= leg.remote_cseq {
            return self.refuse(now, id, &request, from, 500, &[], out);
        }
        leg.remote_cseq = request.cseq();
        if method == Method::Bye {
            return self.said_bye(now, call, side, from, &request, id, out);
        }
        match obstacle(call, side, method, &request) {
            None => self.pass(now, call, side, from, request, id, out),
            Some((500, _)) => {
                self.refuse(now, id, &request, from, 500, &[("Retry-After", "2")], out)
            }
            Some((code, Some(header))) => {
                self.refuse(now, id, &request, from, code, &[header], out)
            }
            Some((code, None)) => self.refuse(now, id, &request, from, code, &[], out),
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn pass(
        &mut self,
        now: Micros,
        call: &mut Call,
        side: Side,
        from: Peer,
        request: Arc<Message>,
        id: ServerId,
        out: &mut Actions,
    ) {
        let method = request.method().unwrap_or(Method::Other);
        let invite_cseq = call.b_cseq;
        let (kind, body) = Self::body(call, side.other(), &request);
        let branch = format!("z9hG4bK{}", self.ids.next());
        let Some(other) = call.leg(side.other()).filter(|_| self.layer.has_room()) else {
            return self.refuse(now, id, &request, from, 503, &[], out);
        };
        other.local_cseq += 1;
        let cseq = other.local_cseq;
        let mut copy = other.request(method.as_str(), cseq, &branch);
        let peer = other.destination();
        if let Some(Ok((rseq, _, _))) = request.header(Name::RAck).map(cseq::parse_rack) {
            copy.header("RAck", format!("{rseq} {invite_cseq} INVITE"));
        }
        carry::inside(&request, &mut copy);
        copy.header("User-Agent", &self.config.agent);
        let bytes = copy.body(kind.as_deref(), &body);
        let client = self.layer.request(
            now,
            method.as_str().as_bytes(),
            branch.as_bytes(),
            bytes,
            peer,
            &mut out.send,
        );
        call.clients.push(client);
        self.clients.insert(client, (call.id, Purpose::Relay));
        call.stamp(now, side.other(), true, method, 0);
        self.media(call, side, &request, out);
        if method == Method::Invite {
            let trying = reply(&request, from.address, 100, phrase(100), None);
            self.layer
                .respond(now, id, 100, trying.end(), &mut out.send);
        }
        if let Some(leg) = call.leg(side)
            && matches!(method, Method::Invite | Method::Update)
            && let Some(target) = leg::target(&request)
        {
            leg.target = target;
        }
        call.relays.push(Relay {
            from: side,
            server: id,
            client,
            request,
            cseq,
        });
    }

    pub(super) fn relay_answered(
        &mut self,
        now: Micros,
        call: &mut Call,
        id: ClientId,
        response: &Message,
        out: &mut Actions,
    ) {
        let code = response.code();
        let Some(at) = call.relays.iter().position(|r| r.client == id) else {
            return;
        };
        let (side, invite) = (
            call.relays[at].from,
            call.relays[at].request.method() == Some(Method::Invite),
        );
        let method = call.relays[at].request.method().unwrap_or(Method::Other);
        call.stamp(now, side.other(), false, method, code);
        if code < 200 {
            if invite && code > 100 {
                let relay = &call.relays[at];
                let answer = self.passed_back(call, relay, response);
                let server = relay.server;
                self.layer.respond(now, server, code, answer, &mut out.send);
            }
            return;
        }
        let relay = call.relays.swap_remove(at);
        let success = code < 300;
        if success && matches!(method, Method::Invite | Method::Update) {
            if let Some(leg) = call.leg(side.other()) {
                leg.learn(response);
                if invite {
                    leg.owes_ack = Some(relay.cseq);
                }
            }
            if invite && relay.request.sdp().is_some() {
                self.send_ack(now, call, side.other(), None, out);
            }
            Self::session(now, call, response);
        }
        let bytes = self.passed_back(call, &relay, response);
        let to = self.layer.peer(relay.server);
        self.layer
            .respond(now, relay.server, code, Arc::clone(&bytes), &mut out.send);
        call.stamp(now, side, true, method, code);
        self.media(call, side.other(), response, out);
        if let (true, true, Some(to), Some(leg)) = (invite, success, to, call.leg(side)) {
            leg.ok = Some(Unconfirmed::new(now, relay.request.cseq(), bytes, to));
        }
        if matches!(code, 408 | 481) && matches!(method, Method::Invite | Method::Update) {
            self.end(now, call, Why::by(EndedBy::Lost), None, out);
        }
    }

    fn passed_back(&self, call: &Call, relay: &Relay, response: &Message) -> Arc<[u8]> {
        let leg = match relay.from {
            Side::A => Some(&call.a),
            Side::B => call.b.as_ref(),
        };
        let source = self
            .layer
            .peer(relay.server)
            .or(leg.map(|l| l.peer))
            .unwrap_or(call.source);
        let code = response.code();
        // A challenge concerns us and that side alone.
        let code = if matches!(code, 401 | 407) { 403 } else { code };
        let mut answer = reply(&relay.request, source.address, code, phrase(code), None);
        if let Some(leg) = leg.filter(|_| {
            matches!(
                relay.request.method(),
                Some(Method::Invite | Method::Update)
            )
        }) {
            answer.header("Contact", leg::contact(&leg.contact));
        }
        answer.header("Server", &self.config.agent);
        carry::answer(response, &mut answer);
        let (kind, body) = Self::body(call, relay.from, response);
        answer.body(kind.as_deref(), &body)
    }

    pub(super) fn relay_timeout(
        &mut self,
        now: Micros,
        call: &mut Call,
        id: ClientId,
        out: &mut Actions,
    ) {
        let Some(at) = call.relays.iter().position(|r| r.client == id) else {
            return;
        };
        let relay = call.relays.swap_remove(at);
        let peer = self.layer.peer(relay.server).unwrap_or(call.source);
        self.refuse(now, relay.server, &relay.request, peer, 408, &[], out);
        if matches!(
            relay.request.method(),
            Some(Method::Invite | Method::Update)
        ) {
            self.end(now, call, Why::by(EndedBy::Lost), None, out);
        }
    }

    /// ACK to a 2xx of ours.
    pub(super) fn confirmed(
        &mut self,
        now: Micros,
        call: &mut Call,
        side: Side,
        ack: &Message,
        out: &mut Actions,
    ) {
        let Some(leg) = call.leg(side) else { return };
        if leg.ok.as_ref().is_none_or(|ok| ok.cseq != ack.cseq()) {
            return;
        }
        leg.ok = None;
        let bye_owed = std::mem::take(&mut leg.bye_owed);
        call.stamp(now, side, false, Method::Ack, 0);
        if side == Side::A {
            call.record.confirmed.get_or_insert(now);
        }
        self.media(call, side, ack, out);
        self.send_ack(now, call, side.other(), Some(ack), out);
        if bye_owed {
            self.send_bye(now, call, side, None, out);
        }
    }

    /// The ACK a side is owed, with the body of the other side's where that has one. Nothing where none is owed.
    pub(super) fn send_ack(
        &mut self,
        now: Micros,
        call: &mut Call,
        side: Side,
        ack: Option<&Message>,
        out: &mut Actions,
    ) {
        let body = ack.map(|a| Self::body(call, side, a));
        let branch = format!("z9hG4bK{}", self.ids.next());
        let Some(leg) = call.leg(side) else { return };
        let Some(cseq) = leg.owes_ack.take() else {
            return;
        };
        let mut request = leg.request("ACK", cseq, &branch);
        if let Some((name, value)) = &leg.auth {
            request.header(name, value);
        }
        let bytes = match &body {
            Some((kind, body)) => request.body(kind.as_deref(), body),
            None => request.end(),
        };
        let to = leg.destination();
        leg.ack = Some((cseq, Arc::clone(&bytes)));
        out.send.push(Outgoing { to, bytes });
        call.stamp(now, side, true, Method::Ack, 0);
    }
}

type Obstacle = (u16, Option<(&'static str, &'static str)>);

/// Why a request may not pass now. 491: both sides would change the session at once, or one before the other is done.
fn obstacle(call: &Call, side: Side, method: Method, request: &Message) -> Option<Obstacle> {
    let other = match side {
        Side::A => call.b.as_ref(),
        Side::B => Some(&call.a),
    };
    let Some(other) = other.filter(|o| o.remote_tag.is_some() && call.phase != Phase::Ending)
    else {
        return Some((481, None));
    };
    if call.relays.len() >= RELAYS {
        return Some((503, Some(("Retry-After", "2"))));
    }
    if matches!(method, Method::Invite | Method::Update) && too_short(request) {
        return Some((422, Some(("Min-SE", "90"))));
    }
    let changes = |m: Option<Method>| matches!(m, Some(Method::Invite | Method::Update));
    let own = match side {
        Side::A => call.a.ok.is_some(),
        Side::B => call.b.as_ref().is_some_and(|b| b.ok.is_some()),
    };
    let offer = method == Method::Invite || (method == Method::Update && request.sdp().is_some());
    if offer {
        if call
            .relays
            .iter()
            .any(|r| r.from == side && changes(r.request.method()))
            || (own && method == Method::Invite)
        {
            return Some((500, None));
        }
        let crossing = call
            .relays
            .iter()
            .any(|r| r.from != side && changes(r.request.method()));
        if crossing || other.ok.is_some() || other.owes_ack.is_some() {
            return Some((491, None));
        }
    }
    match method {
        Method::Invite if call.phase != Phase::Talking => Some((491, None)),
        // Behind the 200 it may still come: the callee knows what it waits for.
        Method::Prack
            if side == Side::B || (call.b_invite.is_none() && call.phase != Phase::Talking) =>
        {
            Some((481, None))
        }
        Method::Invite | Method::Update | Method::Prack | Method::Info | Method::Options => None,
        _ => Some((405, None)),
    }
}
