//! The caller's INVITE: asked about, decided, refused.
use std::sync::Arc;

use smallvec::SmallVec;

use super::carry;
use super::engine::{B2bua, dialog_key};
use super::leg::{self, Leg};
use super::record::{EndedBy, Record};
use super::state::{Call, Phase};
use super::types::{Actions, CallId, Decision, Event, Side};
use crate::sip::clock::Micros;
use crate::sip::message::{Message, phrase, reply};
use crate::sip::method::Method;
use crate::sip::name::Name;
use crate::sip::peer::{Peer, Transport};
use crate::sip::sdp;
use crate::sip::transaction::ServerId;
use crate::sip::value::via::Via;

/// Shortest session interval (RFC 4028).
pub(super) const MIN_SE: u32 = 90;

/// The interval a request asks for is below what anybody may ask for.
pub(super) fn too_short(request: &Message) -> bool {
    request
        .seconds(Name::SessionExpires)
        .is_some_and(|s| s < MIN_SE)
}

impl B2bua {
    /// It went through a listener of ours. The address of the inside is no listener: others may have the same.
    fn loops(&self, request: &Message) -> bool {
        let ours = |value: &[u8]| {
            Via::split(value).is_ok_and(|via| {
                self.config.locals.iter().any(|l| {
                    l.transport != Transport::Inside
                        && via.host.ip() == Some(l.address.ip())
                        && via.port.unwrap_or(5060) == l.address.port()
                })
            })
        };
        self.own.contains(request.call_id()) || request.values(Name::Via).any(ours)
    }

    pub(super) fn new_call(
        &mut self,
        now: Micros,
        from: Peer,
        invite: Arc<Message>,
        id: ServerId,
        out: &mut Actions,
    ) {
        let looped = self.loops(&invite);
        let refusal: Option<(u16, &[(&str, &str)])> = if looped && !self.config.ask_loops {
            Some((482, &[]))
        } else if self.calls.len() >= self.config.calls {
            Some((503, &[("Retry-After", "5")]))
        } else if too_short(&invite) {
            Some((422, &[("Min-SE", "90")]))
        } else {
            None
        };
        if let Some((code, headers)) = refusal {
            return self.refuse(now, id, &invite, from, code, headers, out);
        }
        let Some(contact) = self.local(from) else {
            return self.refuse(now, id, &invite, from, 500, &[], out);
        };
        let trying = reply(&invite, from.address, 100, phrase(100), None);
        self.layer
            .respond(now, id, 100, trying.end(), &mut out.send);
        let call = CallId(self.next_call);
        self.next_call += 1;
        let from_uri = invite.from().map(|f| f.uri.to_vec());
        let a = Leg {
            remote_tag: invite.from_tag().map(<[u8]>::to_vec),
            local: leg::without_tag(invite.header(Name::To).unwrap_or(b"")),
            remote: leg::without_tag(invite.header(Name::From).unwrap_or(b"")),
            target: leg::target(&invite).or(from_uri).unwrap_or_default(),
            routes: leg::routes(&invite, false),
            remote_cseq: invite.cseq(),
            ..Leg::fresh(invite.call_id().to_vec(), self.ids.next(), from, contact)
        };
        self.dialogs.insert(
            dialog_key(&a.call_id, a.local_tag.as_bytes()),
            (call, Side::A),
        );
        self.invites.insert(id, call);
        let mut made = Box::new(Call {
            id: call,
            phase: Phase::Deciding,
            source: from,
            invite: Arc::clone(&invite),
            asked: id,
            server: Some(id),
            a,
            b: None,
            route: None,
            next_target: 0,
            redirects: 0,
            b_invite: None,
            b_cseq: 0,
            authorised: false,
            clients: SmallVec::new(),
            relays: Vec::new(),
            byes: 0,
            ring_until: None,
            talk_until: None,
            session_until: None,
            record: Record {
                call,
                call_id: String::from_utf8_lossy(invite.call_id()).into_owned(),
                started: now,
                attempts: Vec::new(),
                answered: None,
                confirmed: None,
                ended: now,
                by: EndedBy::Refusal,
                code: 0,
                q850: None,
                stamps: Vec::new(),
            },
            timer: None,
        });
        made.stamp(now, Side::A, false, Method::Invite, 0);
        made.stamp(now, Side::A, true, Method::Invite, 100);
        out.events.push(Event::Ask {
            call,
            from,
            invite: Arc::clone(&invite),
            looped,
        });
        self.media(&made, Side::A, &invite, out);
        self.settle(made, out);
    }

    /// Tells the relay what a side wrote.
    pub(super) fn media(&self, call: &Call, side: Side, message: &Message, out: &mut Actions) {
        if let Some(sdp) = message.sdp() {
            out.events.push(Event::Media {
                call: call.id,
                side,
                sdp: sdp.to_vec(),
            });
        }
    }

    /// Type and body for the side it goes to; session descriptions led through the relay.
    pub(super) fn body(call: &Call, toward: Side, message: &Message) -> (Option<Vec<u8>>, Vec<u8>) {
        let kind = message.header(Name::ContentType).map(<[u8]>::to_vec);
        let ports = call.route.as_ref().and_then(|r| r.media.as_ref());
        match (message.sdp(), ports) {
            (Some(sdp), Some(ports)) => {
                let (address, ports) = match toward {
                    Side::A => &ports.toward_a,
                    Side::B => &ports.toward_b,
                };
                // What cannot be led through the relay does not pass at all.
                match sdp::rewrite(sdp, *address, ports) {
                    Ok(body) => (kind, body),
                    Err(_) => (None, Vec::new()),
                }
            }
            _ if message.body().is_empty() => (None, Vec::new()),
            _ => (kind, message.body().to_vec()),
        }
    }

    pub(super) fn decide(
        &mut self,
        now: Micros,
        call: &mut Call,
        decision: Decision,
        out: &mut Actions,
    ) {
        if call.phase != Phase::Deciding {
            return;
        }
        match decision {
            Decision::Route(route) => {
                // An offer that cannot be led through the relay is not passed on.
                if let (Some(sdp), Some(ports)) = (call.invite.sdp(), &route.media)
                    && let Err(fault) = sdp::rewrite(sdp, ports.toward_b.0, &ports.toward_b.1)
                {
                    return self.answer_caller(
                        now,
                        call,
                        fault.status,
                        EndedBy::Refusal,
                        None,
                        &[],
                        out,
                    );
                }
                call.a.follow = route.follow_contact;
                call.route = Some(route);
                (call.next_target, call.phase) = (0, Phase::Calling);
                self.try_next(now, call, 404, None, out);
            }
            Decision::Refuse(refusal) => {
                self.answer_caller(
                    now,
                    call,
                    refusal.code,
                    EndedBy::Refusal,
                    None,
                    &refusal.headers,
                    out,
                );
            }
        }
    }

    /// The final refusal to the caller; the call ends with it.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn answer_caller(
        &mut self,
        now: Micros,
        call: &mut Call,
        code: u16,
        by: EndedBy,
        response: Option<&Message>,
        headers: &[(String, Vec<u8>)],
        out: &mut Actions,
    ) {
        let Some(server) = call.server.take() else {
            return;
        };
        let mut answer = reply(
            &call.invite,
            call.source.address,
            code,
            phrase(code),
            Some(call.a.local_tag.as_bytes()),
        );
        answer.header("Server", &self.config.agent);
        for (name, value) in headers {
            answer.header(name, value);
        }
        if let Some(response) = response {
            carry::answer(response, &mut answer);
        }
        self.layer
            .respond(now, server, code, answer.end(), &mut out.send);
        call.stamp(now, Side::A, true, Method::Invite, code);
        self.drop_relays(now, call, out);
        call.phase = Phase::Ending;
        (call.ring_until, call.talk_until, call.session_until) = (None, None, None);
        (call.record.code, call.record.by, call.record.ended) = (code, by, now);
        call.record.q850 = response.and_then(Message::q850);
        out.events.push(Event::Silent { call: call.id });
    }
}
