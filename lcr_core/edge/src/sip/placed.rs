//! An ordered call in its worker: our own end invites, and the call machine carries the INVITE to the product.
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use lcr_core::sip::call::{CallId, Decision, Input, Route, Target};
use lcr_core::sip::clock::{Micros, SECOND};
use lcr_core::sip::message::Message;
use lcr_core::sip::peer::Peer;

use super::agent::{Agent, Caller as Telephone, INSIDE};
use super::board::Live;
use super::description;
use super::far::Slot;
use super::running::{Facts, Media, Running, Task};
use super::words::Order;
use super::worker::Worker;
use crate::media::Endpoint;

/// A call whose begin is on disk.
pub struct Begun {
    pub order: Order,
    pub live: Arc<Live>,
    pub facts: Facts,
    pub endpoint: Endpoint,
    pub own: IpAddr,
    pub target: Target,
    pub seconds: u64,
    pub marker: Option<u16>,
    pub far: Option<Arc<Slot>>,
    pub signed: Option<(String, String)>,
}

impl Worker {
    /// Our end invites.
    pub(super) fn originate(&mut self, begun: Box<Begun>) {
        let at = SocketAddr::new(begun.own, begun.endpoint.local().port());
        let id = crate::clock::now_us().unsigned_abs();
        let call_id = format!("order-{}", begun.order.call);
        let telephone = Telephone::new(
            call_id.clone(),
            begun.order.number.clone(),
            begun.order.from.as_deref(),
            description::offer(at, id),
        );
        let invite = telephone.invite();
        let key = call_id.into_bytes();
        self.agents.insert(key.clone(), Agent::Caller(telephone));
        self.orders.insert(key, begun);
        self.say(&invite);
    }

    /// The INVITE of our end has come to the machine: it goes to the product.
    pub(super) fn ordered(&mut self, now: Micros, call: CallId, from: Peer, invite: &Arc<Message>) {
        let Some(begun) = self.orders.remove(invite.call_id()) else {
            return self.refuse(call, 481, &[]);
        };
        let route = Route {
            targets: vec![begun.target],
            media: None,
            talk_limit: begun.seconds * SECOND,
            follow_redirects: false,
            follow_contact: true,
        };
        let task = Task::Originated {
            order: Box::new(begun.order),
            marker: begun.marker,
            far: begun.far,
            signed: begun.signed,
        };
        let mut running = Running::new(task, begun.facts, begun.live, self.sip.base_us());
        running.media = Some(Media::End(begun.endpoint));
        self.keep(now, call, from, invite, running);
        self.decide(call, Decision::Route(Box::new(route)));
    }

    fn say(&mut self, bytes: &[u8]) {
        self.step(Input::Packet {
            from: INSIDE,
            bytes,
        });
    }
}
