//! Targets, one after another: invited, refused, given up, asked for credentials.
use super::carry;
use super::engine::{B2bua, dialog_key};
use super::leg::Leg;
use super::record::{Attempt, EndedBy};
use super::state::{Call, Phase, Purpose};
use super::types::{Actions, Event, Side, Target};
use crate::sip::clock::{Micros, TIMER_C};
use crate::sip::digest;
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::name::Name;
use crate::sip::transaction::ClientId;
use crate::sip::value::list::Values;

/// Times a call follows a 3xx.
const REDIRECTS: u8 = 5;

/// The contacts of a 3xx, best q first.
fn contacts(response: &Message) -> Vec<Vec<u8>> {
    let mut out: Vec<(u32, Vec<u8>)> = response
        .lines(Name::Contact)
        .flat_map(Values::new)
        .filter_map(|v| crate::sip::value::address::Address::parse(v).ok())
        .take(16)
        .map(|a| {
            (
                a.param(b"q")
                    .map_or(1000, crate::sip::redirect::thousandths),
                a.uri.to_vec(),
            )
        })
        .collect();
    out.sort_by_key(|(q, _)| std::cmp::Reverse(*q));
    out.into_iter().map(|(_, uri)| uri).collect()
}

impl B2bua {
    /// Invites the next target; without one the caller gets `code`.
    pub(super) fn try_next(
        &mut self,
        now: Micros,
        call: &mut Call,
        code: u16,
        last: Option<&Message>,
        out: &mut Actions,
    ) {
        while let Some(target) = call
            .route
            .as_ref()
            .and_then(|r| r.targets.get(call.next_target))
            .cloned()
        {
            call.next_target += 1;
            let Some(contact) = self.local(target.peer).filter(|_| self.layer.has_room()) else {
                continue;
            };
            if let Some(old) = call.b.take() {
                self.forget_leg(&old);
            }
            let follow = call.route.as_ref().is_some_and(|r| r.follow_contact);
            let call_id = format!(
                "{}{}@{}",
                self.config.prefix,
                self.ids.next(),
                contact.address.ip()
            );
            let local_tag = self.ids.next();
            let b = Leg {
                local: target.from.clone(),
                remote: [b"<", &target.uri[..], b">"].concat(),
                target: target.uri.clone(),
                follow,
                ..Leg::fresh(call_id.into_bytes(), local_tag, target.peer, contact)
            };
            self.dialogs.insert(
                dialog_key(&b.call_id, b.local_tag.as_bytes()),
                (call.id, Side::B),
            );
            self.own.insert(b.call_id.clone());
            out.events.push(Event::Attempt {
                call: call.id,
                target: call.next_target - 1,
                call_id: b.call_id.clone(),
                tag: b.local_tag.clone(),
            });
            call.record.attempts.push(Attempt {
                target: target.name.clone(),
                call_id: String::from_utf8_lossy(&b.call_id).into_owned(),
                invited: now,
                ringing: None,
                code: 0,
                q850: None,
                ended: now,
            });
            call.b = Some(b);
            call.authorised = false;
            call.ring_until = Some(now + target.ring_limit.min(TIMER_C));
            return self.invite_target(now, call, &target, out);
        }
        self.answer_caller(now, call, code, EndedBy::Refusal, last, &[], out);
    }

    fn invite_target(&mut self, now: Micros, call: &mut Call, target: &Target, out: &mut Actions) {
        let branch = format!("z9hG4bK{}", self.ids.next());
        let Some(b) = call.b.as_mut() else { return };
        b.local_cseq += 1;
        let cseq = b.local_cseq;
        let mut request = b.request("INVITE", cseq, &branch);
        let hops = call
            .invite
            .seconds(Name::MaxForwards)
            .unwrap_or(70)
            .min(70)
            .saturating_sub(1);
        // `Leg::request` writes 70; a forwarded call continues the count.
        request.replace_max_forwards(hops);
        let peer = b.peer;
        if let Some((name, value)) = &b.auth {
            request.header(name, value);
        }
        request
            .header("Allow", crate::sip::screen::CALLS.allow())
            .header("User-Agent", &self.config.agent);
        if let Some(asserted) = &target.asserted {
            request.header("P-Asserted-Identity", asserted);
        }
        for (name, value) in &target.headers {
            request.header(name, value);
        }
        carry::invite(&call.invite, &mut request);
        let (kind, body) = Self::body(call, Side::B, &call.invite);
        let bytes = request.body(kind.as_deref(), &body);
        let id = self.layer.request(
            now,
            b"INVITE",
            branch.as_bytes(),
            bytes,
            peer,
            &mut out.send,
        );
        call.clients.push(id);
        self.clients.insert(id, (call.id, Purpose::Invite));
        (call.b_invite, call.b_cseq) = (Some(id), cseq);
        call.stamp(now, Side::B, true, Method::Invite, 0);
    }

    pub(super) fn close_attempt(
        call: &mut Call,
        now: Micros,
        code: u16,
        response: Option<&Message>,
    ) {
        if let Some(attempt) = call.record.attempts.last_mut() {
            (attempt.code, attempt.ended) = (code, now);
            attempt.q850 = response.and_then(Message::q850);
        }
        (call.b_invite, call.ring_until) = (None, None);
    }

    /// Timer B, or the end of waiting after CANCEL.
    pub(super) fn target_silent(
        &mut self,
        now: Micros,
        call: &mut Call,
        id: ClientId,
        out: &mut Actions,
    ) {
        if call.b_invite == Some(id) {
            self.target_failed(now, call, 408, None, out);
        }
    }

    /// Nobody answered within the limit. The INVITE is left to its CANCEL; a late 200 gets ACK and BYE.
    pub(super) fn ring_timeout(&mut self, now: Micros, call: &mut Call, out: &mut Actions) {
        self.cancel_target(now, call, None, out);
        if let Some(id) = call.b_invite {
            self.clients.remove(&id);
        }
        self.target_failed(now, call, 408, None, out);
    }

    pub(super) fn target_failed(
        &mut self,
        now: Micros,
        call: &mut Call,
        code: u16,
        response: Option<&Message>,
        out: &mut Actions,
    ) {
        let target = call
            .route
            .as_ref()
            .and_then(|r| r.targets.get(call.next_target.wrapping_sub(1)))
            .cloned();
        let (Some(target), Phase::Calling) = (target, call.phase) else {
            return Self::close_attempt(call, now, code, response);
        };
        if let Some(response) = response
            && self.with_credentials(now, call, &target, response, out)
        {
            return;
        }
        Self::close_attempt(call, now, code, response);
        let follow = call.route.as_ref().is_some_and(|r| r.follow_redirects);
        if (300..400).contains(&code) && follow && call.redirects < REDIRECTS {
            let contacts = response.map(contacts).unwrap_or_default();
            (call.redirects, call.phase) = (call.redirects + 1, Phase::Deciding);
            out.events.push(Event::Redirected {
                call: call.id,
                contacts,
            });
            return;
        }
        let rang = call
            .record
            .attempts
            .last()
            .is_some_and(|a| a.ringing.is_some());
        // What only we and the target understand becomes what the caller's switch understands.
        let told = match code {
            300..=399 => 480,
            401 | 407 => 503,
            408 | 487 if rang => 480,
            other => other,
        };
        let more = call
            .route
            .as_ref()
            .is_some_and(|r| call.next_target < r.targets.len());
        if more && !rang && target.next_on.contains(&code) {
            return self.try_next(now, call, told, response, out);
        }
        let by = if code == 408 && response.is_none() {
            EndedBy::NoAnswer
        } else {
            EndedBy::Refusal
        };
        self.answer_caller(now, call, told, by, response, &[], out);
    }

    /// 401 and 407 once, where the trunk has credentials.
    fn with_credentials(
        &mut self,
        now: Micros,
        call: &mut Call,
        target: &Target,
        response: &Message,
        out: &mut Actions,
    ) -> bool {
        let Some(credentials) = target
            .credentials
            .as_ref()
            .filter(|_| !call.authorised && self.layer.has_room())
        else {
            return false;
        };
        let cnonce = self.ids.next();
        let answer =
            digest::client::answer(response, credentials, "INVITE", &target.uri, &cnonce, 1);
        let (Some(answer), Some(b)) = (answer, call.b.as_mut()) else {
            return false;
        };
        (b.auth, b.remote_tag, call.authorised) = (Some(answer), None, true);
        self.invite_target(now, call, target, out);
        true
    }
}
