//! A new INVITE: a number of ours that is waited for, a ticket, or a question for routes.
use std::sync::Arc;

use lcr_core::sip::call::{CallId, Decision};
use lcr_core::sip::clock::Micros;
use lcr_core::sip::message::Message;
use lcr_core::sip::peer::{Peer, Transport};

use super::counters::count;
use super::doorman::Entry;
use super::far::own;
use super::forward::no;
use super::question::{self, dialled};
use super::worker::Worker;

impl Worker {
    pub(super) fn asked(
        &mut self,
        now: Micros,
        call: CallId,
        from: Peer,
        invite: &Arc<Message>,
        looped: bool,
    ) {
        if from.transport == Transport::Inside {
            return self.ordered(now, call, from, invite);
        }
        let shared = Arc::clone(&self.sip.shared);
        let guard = shared.current.load();
        let Some(serving) = guard.as_ref().filter(|_| !self.draining) else {
            count(&self.sip.counters.without_route);
            return self.refuse(call, 503, &[("Retry-After", "5".to_owned())]);
        };
        let Some((number, _)) = dialled(invite) else {
            return self.refuse(call, 404, &[]);
        };
        let numbers = self.sip.told.own_numbers();
        if let Some(own) = own(&numbers, &number) {
            return match self.sip.far.come(&own.number) {
                Some(slot) => self.far(now, call, from, invite, slot),
                // Nobody waits for it.
                None => self.refuse(call, 480, &[]),
            };
        }
        if looped {
            return self.refuse(call, 482, &[]);
        }
        let by_header = invite
            .other("X-Tandem-Ticket")
            .and_then(|code| std::str::from_utf8(code).ok())
            .and_then(|code| self.sip.told.ticket_by_code(code.trim()));
        let ticket = match (by_header, self.sip.told.ticket_dialled(&number)) {
            (Some(ticket), _) => Some((ticket, number.as_str())),
            (None, dialled) => dialled,
        };
        if let Some((ticket, rest)) = ticket {
            let ip = from.address.ip();
            match self.sip.doorman.look(now, ip, invite, &ticket) {
                Entry::Open => {}
                Entry::Ask { challenges, wrong } => {
                    let counters = &self.sip.counters;
                    count(if wrong {
                        &counters.wrong
                    } else {
                        &counters.challenged
                    });
                    let headers = challenges.map(|c| ("WWW-Authenticate", c));
                    return self.refuse(call, 401, &headers);
                }
                Entry::Closed => {
                    count(&self.sip.counters.wrong);
                    return self.refuse(call, 403, &no(403, "too many wrong passwords").1);
                }
            }
            if let Err((code, headers)) =
                self.forward(now, call, from, invite, serving, ticket, rest)
            {
                count(&self.sip.counters.refused);
                self.refuse(call, code, &headers);
            }
            return;
        }
        if invite.other("X-Tandem-Ticket").is_some() {
            count(&self.sip.counters.refused);
            return self.refuse(call, 403, &no(403, "this ticket is not known").1);
        }
        let agent = self.sip.settings.agent.clone();
        let now_us = crate::clock::now_us();
        let refusal = question::answer(&mut self.asking, serving, from, invite, &agent, now_us);
        let routed = refusal.code < 400;
        let counters = &self.sip.counters;
        count(if routed {
            &counters.redirected
        } else {
            &counters.without_route
        });
        self.decide(call, Decision::Refuse(refusal));
    }
}
