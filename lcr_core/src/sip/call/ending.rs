//! How calls end: BYE, CANCEL, limits, lost parties.
use super::engine::B2bua;
use super::leg::{self, Leg};
use super::record::EndedBy;
use super::state::{Call, Phase, Purpose};
use super::types::{Actions, Event, Side};
use crate::sip::clock::Micros;
use crate::sip::message::{Message, Writer};
use crate::sip::method::Method;
use crate::sip::name::Name;
use crate::sip::peer::Peer;
use crate::sip::transaction::layer::Outgoing;
use crate::sip::transaction::{ClientId, ServerId};

/// Who ended it, and the message that says why.
#[derive(Debug, Clone, Copy)]
pub(super) struct Why<'a> {
    by: EndedBy,
    message: Option<&'a Message>,
}

impl Why<'_> {
    pub(super) const fn by(by: EndedBy) -> Self {
        Self { by, message: None }
    }
}

impl B2bua {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn said_bye(
        &mut self,
        now: Micros,
        call: &mut Call,
        side: Side,
        from: Peer,
        bye: &Message,
        id: ServerId,
        out: &mut Actions,
    ) {
        // A callee has no dialog to end before its 200.
        if side == Side::B && !call.b.as_ref().is_some_and(|b| b.confirmed) {
            return self.refuse(now, id, bye, from, 481, &[], out);
        }
        self.refuse(now, id, bye, from, 200, &[], out);
        call.stamp(now, side, true, Method::Bye, 200);
        if let Some(leg) = call.leg(side) {
            // Whoever leaves needs neither our 2xx again nor our BYE.
            (leg.ok, leg.bye_owed, leg.bye_sent) = (None, false, true);
        }
        let by = if side == Side::A {
            EndedBy::Caller
        } else {
            EndedBy::Callee
        };
        match call.phase {
            Phase::Deciding | Phase::Calling => self.caller_gave_up(now, call, Some(bye), out),
            Phase::Talking => self.end(
                now,
                call,
                Why {
                    by,
                    message: Some(bye),
                },
                Some(side),
                out,
            ),
            Phase::Ending => {}
        }
    }

    /// CANCEL, or BYE before the answer.
    pub(super) fn caller_gave_up(
        &mut self,
        now: Micros,
        call: &mut Call,
        why: Option<&Message>,
        out: &mut Actions,
    ) {
        if call.server.is_none() {
            return;
        }
        let cause = why.and_then(Message::q850);
        self.answer_caller(now, call, 487, EndedBy::Caller, None, &[], out);
        call.record.q850 = cause;
        self.cancel_target(now, call, why, out);
    }

    pub(super) fn hang_up(&mut self, now: Micros, call: &mut Call, out: &mut Actions) {
        match call.phase {
            Phase::Deciding | Phase::Calling => {
                self.answer_caller(now, call, 480, EndedBy::Operator, None, &[], out);
                self.cancel_target(now, call, None, out);
            }
            Phase::Talking => self.end(now, call, Why::by(EndedBy::Operator), None, out),
            Phase::Ending => {}
        }
    }

    pub(super) fn cancel_target(
        &mut self,
        now: Micros,
        call: &mut Call,
        why: Option<&Message>,
        out: &mut Actions,
    ) {
        let Some(id) = call.b_invite else { return };
        if self.layer.proceeding(id) {
            call.stamp(now, Side::B, true, Method::Cancel, 0);
        }
        self.cancel(now, id, why, out);
    }

    /// CANCEL now, or with the first 1xx: before that it would be answered 481 and the INVITE go on.
    pub(super) fn cancel(
        &mut self,
        now: Micros,
        id: ClientId,
        why: Option<&Message>,
        out: &mut Actions,
    ) {
        if self.layer.proceeding(id) {
            self.send_cancel(now, id, why, out);
        } else if self.layer.sent(id).is_some() {
            self.unwelcome.insert(id);
        }
    }

    pub(super) fn send_cancel(
        &mut self,
        now: Micros,
        id: ClientId,
        why: Option<&Message>,
        out: &mut Actions,
    ) {
        let Some(invite) = self
            .layer
            .sent(id)
            .and_then(|bytes| Message::parse(bytes).ok())
        else {
            return;
        };
        let (Some(peer), Some(branch), Some(via)) = (
            self.layer.client_peer(id),
            invite.branch(),
            invite.values(Name::Via).next(),
        ) else {
            return;
        };
        let mut cancel = Writer::request(b"CANCEL", invite.request_uri());
        cancel.header("Via", via).header("Max-Forwards", "70");
        for name in [Name::Route, Name::From, Name::To, Name::CallId] {
            for line in invite.lines(name) {
                cancel.header(name.as_bytes(), line);
            }
        }
        cancel.header("CSeq", format!("{} CANCEL", invite.cseq()));
        for reason in why.into_iter().flat_map(|w| w.lines(Name::Reason)) {
            cancel.header("Reason", reason);
        }
        self.layer
            .request(now, b"CANCEL", branch, cancel.end(), peer, &mut out.send);
        self.layer.cancelling(now, id, &mut out.send);
        // Of a call in hand the caller of this stamps; here are those that waited for their 1xx.
        if let Some((call, _)) = self.clients.get(&id)
            && let Some(call) = self.calls.get_mut(call)
        {
            call.stamp(now, Side::B, true, Method::Cancel, 0);
        }
    }

    /// A 2xx nobody waits for (a fork, a late answer to a given-up INVITE): acknowledged and ended at once.
    pub(super) fn unwanted(&mut self, now: Micros, id: ClientId, ok: &Message, out: &mut Actions) {
        let Some(invite) = self
            .layer
            .sent(id)
            .and_then(|bytes| Message::parse(bytes).ok())
        else {
            return;
        };
        let (Some(peer), true) = (self.layer.client_peer(id), self.layer.has_room()) else {
            return;
        };
        let Some(contact) = self.local(peer) else {
            return;
        };
        let local_tag = String::from_utf8_lossy(invite.from_tag().unwrap_or(b"")).into_owned();
        let mut leg = Leg {
            local: leg::without_tag(invite.header(Name::From).unwrap_or(b"")),
            remote: leg::without_tag(invite.header(Name::To).unwrap_or(b"")),
            target: invite.request_uri().to_vec(),
            local_cseq: invite.cseq(),
            ..Leg::fresh(invite.call_id().to_vec(), local_tag, peer, contact)
        };
        leg.learn(ok);
        let branch = format!("z9hG4bK{}", self.ids.next());
        let bytes = leg.request("ACK", leg.local_cseq, &branch).end();
        out.send.push(Outgoing {
            to: leg.destination(),
            bytes,
        });
        let branch = format!("z9hG4bK{}", self.ids.next());
        let bytes = leg.request("BYE", leg.local_cseq + 1, &branch).end();
        self.layer.request(
            now,
            b"BYE",
            branch.as_bytes(),
            bytes,
            leg.destination(),
            &mut out.send,
        );
    }

    /// An answered call is over: both sides but `gone` get BYE, requests in flight are refused.
    pub(super) fn end(
        &mut self,
        now: Micros,
        call: &mut Call,
        why: Why<'_>,
        gone: Option<Side>,
        out: &mut Actions,
    ) {
        if call.phase != Phase::Talking {
            return;
        }
        call.phase = Phase::Ending;
        (call.ring_until, call.talk_until, call.session_until) = (None, None, None);
        (call.record.ended, call.record.by) = (now, why.by);
        call.record.q850 = why.message.and_then(Message::q850);
        self.drop_relays(now, call, out);
        for side in [Side::A, Side::B] {
            if gone != Some(side) {
                self.bye(now, call, side, why.message, out);
            }
        }
        out.events.push(Event::Silent { call: call.id });
    }

    /// Requests in flight are refused: their senders must not wait for a side that is gone.
    pub(super) fn drop_relays(&mut self, now: Micros, call: &mut Call, out: &mut Actions) {
        for relay in std::mem::take(&mut call.relays) {
            let peer = self.layer.peer(relay.server).unwrap_or(call.source);
            self.refuse(now, relay.server, &relay.request, peer, 487, &[], out);
            self.clients.remove(&relay.client);
            self.layer.abandon(now, relay.client, &mut out.send);
        }
    }

    /// BYE, after the ACK we owe, and not before the ACK we are owed (RFC 3261 section 15).
    pub(super) fn bye(
        &mut self,
        now: Micros,
        call: &mut Call,
        side: Side,
        why: Option<&Message>,
        out: &mut Actions,
    ) {
        self.send_ack(now, call, side, None, out);
        match call.leg(side) {
            Some(leg) if leg.ok.is_some() => leg.bye_owed = true,
            Some(_) => self.send_bye(now, call, side, why, out),
            None => {}
        }
    }

    pub(super) fn send_bye(
        &mut self,
        now: Micros,
        call: &mut Call,
        side: Side,
        why: Option<&Message>,
        out: &mut Actions,
    ) {
        let branch = format!("z9hG4bK{}", self.ids.next());
        let Some(leg) = call.leg(side).filter(|l| l.confirmed && !l.bye_sent) else {
            return;
        };
        leg.bye_sent = true;
        leg.local_cseq += 1;
        let mut bye = leg.request("BYE", leg.local_cseq, &branch);
        for reason in why.into_iter().flat_map(|w| w.lines(Name::Reason)) {
            bye.header("Reason", reason);
        }
        let to = leg.destination();
        let id = self
            .layer
            .request(now, b"BYE", branch.as_bytes(), bye.end(), to, &mut out.send);
        call.clients.push(id);
        self.clients.insert(id, (call.id, Purpose::Bye(side)));
        call.byes += 1;
        call.stamp(now, side, true, Method::Bye, 0);
    }

    /// What is due by now.
    pub(super) fn call_time(&mut self, now: Micros, call: &mut Call, out: &mut Actions) {
        for side in [Side::A, Side::B] {
            let Some(leg) = call.leg(side) else { continue };
            let Some(ok) = leg.ok.as_mut() else { continue };
            if ok.until <= now {
                leg.ok = None;
                if std::mem::take(&mut leg.bye_owed) {
                    self.send_bye(now, call, side, None, out);
                } else {
                    self.end(now, call, Why::by(EndedBy::NoAck), None, out);
                }
            } else if ok.again <= now {
                out.send.push(Outgoing {
                    to: ok.to,
                    bytes: std::sync::Arc::clone(&ok.bytes),
                });
                ok.repeated(now);
            }
        }
        let due = |at: Option<Micros>| at.is_some_and(|at| at <= now);
        if due(call.ring_until) {
            call.ring_until = None;
            self.ring_timeout(now, call, out);
        }
        if due(call.talk_until) {
            self.end(now, call, Why::by(EndedBy::TalkLimit), None, out);
        }
        if due(call.session_until) {
            self.end(now, call, Why::by(EndedBy::SessionTimer), None, out);
        }
    }
}
