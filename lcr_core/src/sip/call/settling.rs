//! What becomes of a call after each step: kept with its timer, or let go with its record.
use super::engine::{B2bua, dialog_key};
use super::leg::Leg;
use super::state::{Call, Phase, is_challenge};
use super::types::{Actions, Event};

impl B2bua {
    /// Puts a call back, or ends it when nothing of it is in flight.
    pub(super) fn settle(&mut self, mut call: Box<Call>, out: &mut Actions) {
        let quiet = call.phase == Phase::Ending
            && call.server.is_none()
            && call.b_invite.is_none()
            && call.byes == 0
            && call.a.ok.is_none()
            && call.b.as_ref().is_none_or(|b| b.ok.is_none());
        let next = if quiet { None } else { call.deadline() };
        if next != call.timer {
            if let Some(at) = call.timer {
                self.timers.remove(&(at, call.id));
            }
            self.timers.extend(next.map(|at| (at, call.id)));
            call.timer = next;
        }
        if !quiet {
            self.calls.insert(call.id, call);
            return;
        }
        self.let_go(call, out);
    }

    /// The call is over for us, whatever is in flight; its record.
    pub(super) fn let_go(&mut self, call: Box<Call>, out: &mut Actions) {
        self.invites.remove(&call.asked);
        self.forget_leg(&call.a);
        if let Some(b) = &call.b {
            self.forget_leg(b);
        }
        for client in &call.clients {
            self.clients.remove(client);
            self.unwelcome.remove(client);
        }
        if !is_challenge(&call.record) {
            out.events.push(Event::Ended(Box::new(call.record)));
        }
    }

    pub(super) fn forget_leg(&mut self, leg: &Leg) {
        self.dialogs
            .remove(&dialog_key(&leg.call_id, leg.local_tag.as_bytes()));
        self.own.remove(&leg.call_id);
    }
}
