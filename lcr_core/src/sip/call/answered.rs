//! What a target answers: progress, the 200, copies of it.
use std::sync::Arc;

use super::carry;
use super::engine::B2bua;
use super::leg::{self, Unconfirmed};
use super::setup::MIN_SE;
use super::state::{Call, Phase};
use super::types::{Actions, Event, Side};
use crate::sip::clock::{Micros, SECOND};
use crate::sip::message::{Message, phrase, reply};
use crate::sip::method::Method;
use crate::sip::name::Name;
use crate::sip::transaction::ClientId;

impl B2bua {
    pub(super) fn target_answered(
        &mut self,
        now: Micros,
        call: &mut Call,
        id: ClientId,
        response: &Message,
        out: &mut Actions,
    ) {
        let code = response.code();
        call.stamp(now, Side::B, false, Method::Invite, code);
        if call.b_invite != Some(id) {
            if (200..300).contains(&code) {
                self.another_ok(now, call, id, response, out);
            }
            return;
        }
        match code {
            100 => {}
            101..=199 => self.progress(now, call, response, out),
            200..=299 => self.answered(now, call, id, response, out),
            _ => {
                self.clients.remove(&id);
                self.target_failed(now, call, code, Some(response), out);
            }
        }
    }

    /// A copy of the 200 gets its ACK again; one of another branch of the tree is taken and ended.
    fn another_ok(
        &mut self,
        now: Micros,
        call: &Call,
        id: ClientId,
        response: &Message,
        out: &mut Actions,
    ) {
        match &call.b {
            Some(b) if b.remote_tag.as_deref() == response.to_tag() && b.confirmed => {
                if let Some((_, ack)) = b.ack.as_ref().filter(|(cseq, _)| *cseq == response.cseq())
                {
                    let (to, bytes) = (b.destination(), Arc::clone(ack));
                    out.send
                        .push(crate::sip::transaction::layer::Outgoing { to, bytes });
                }
            }
            _ => self.unwanted(now, id, response, out),
        }
    }

    fn progress(&mut self, now: Micros, call: &mut Call, response: &Message, out: &mut Actions) {
        if let Some(b) = call.b.as_mut().filter(|_| response.to_tag().is_some()) {
            b.learn(response);
        }
        let code = response.code();
        if let Some(attempt) = call
            .record
            .attempts
            .last_mut()
            .filter(|_| matches!(code, 180 | 183))
        {
            attempt.ringing.get_or_insert(now);
        }
        let Some(server) = call.server else { return };
        self.media(call, Side::B, response, out);
        let mut answer = reply(
            &call.invite,
            call.source.address,
            code,
            phrase(code),
            Some(call.a.local_tag.as_bytes()),
        );
        answer
            .header("Contact", leg::contact(&call.a.contact))
            .header("Server", &self.config.agent);
        if let Some(rseq) = response
            .header(Name::RSeq)
            .filter(|_| response.has_option(Name::Require, "100rel"))
        {
            answer.header("RSeq", rseq);
        }
        carry::answer(response, &mut answer);
        let (kind, body) = Self::body(call, Side::A, response);
        let bytes = answer.body(kind.as_deref(), &body);
        self.layer.respond(now, server, code, bytes, &mut out.send);
        call.stamp(now, Side::A, true, Method::Invite, code);
    }

    fn answered(
        &mut self,
        now: Micros,
        call: &mut Call,
        id: ClientId,
        response: &Message,
        out: &mut Actions,
    ) {
        Self::close_attempt(call, now, response.code(), Some(response));
        let Some(b) = call.b.as_mut() else { return };
        b.learn(response);
        b.confirmed = true;
        b.owes_ack = Some(call.b_cseq);
        let Some(server) = call.server.take() else {
            // The caller gave up first: CANCEL and 200 crossed.
            self.send_ack(now, call, Side::B, None, out);
            self.bye(now, call, Side::B, None, out);
            return;
        };
        self.unwelcome.remove(&id);
        if call.invite.sdp().is_some() {
            self.send_ack(now, call, Side::B, None, out);
        }
        let mut answer = reply(
            &call.invite,
            call.source.address,
            200,
            phrase(200),
            Some(call.a.local_tag.as_bytes()),
        );
        answer
            .header("Contact", leg::contact(&call.a.contact))
            .header("Server", &self.config.agent);
        answer.header("Allow", crate::sip::screen::CALLS.allow());
        carry::answer(response, &mut answer);
        let (kind, body) = Self::body(call, Side::A, response);
        let bytes = answer.body(kind.as_deref(), &body);
        self.layer
            .respond(now, server, 200, Arc::clone(&bytes), &mut out.send);
        call.a.confirmed = true;
        call.a.ok = Some(Unconfirmed::new(
            now,
            call.invite.cseq(),
            bytes,
            call.source.reply_to(&call.invite),
        ));
        call.stamp(now, Side::A, true, Method::Invite, 200);
        call.phase = Phase::Talking;
        (call.record.answered, call.record.code, call.record.ended) = (Some(now), 200, now);
        call.talk_until = call.route.as_ref().map(|r| now + r.talk_limit);
        Self::session(now, call, response);
        out.events.push(Event::Answered { call: call.id });
        self.media(call, Side::B, response, out);
    }

    /// A 2xx to INVITE or UPDATE sets the session timer anew (RFC 4028 section 10: a little before it runs out).
    pub(super) fn session(now: Micros, call: &mut Call, response: &Message) {
        if let Some(seconds) = response.seconds(Name::SessionExpires) {
            let seconds = u64::from(seconds.max(MIN_SE));
            call.session_until = Some(now + (seconds - 32.min(seconds / 3)) * SECOND);
        }
    }
}
