//! The far end of an ordered call: somebody calls a number of ours that is waited for, and our own end answers.
use std::net::SocketAddr;
use std::sync::Arc;

use lcr_core::sip::call::{CallId, Decision, Route, Target};
use lcr_core::sip::clock::{Micros, SECOND};
use lcr_core::sip::message::Message;
use lcr_core::sip::name::Name;
use lcr_core::sip::peer::Peer;

use super::agent::{self, Agent, Callee, INSIDE};
use super::counters::count;
use super::description;
use super::events::far_key;
use super::far::{Delivered, FarPart, Slot};
use super::forward::caller_shown;
use super::question::{caller, user_of};
use super::running::{Facts, Media, Running, Task};
use super::worker::Worker;
use crate::media::{Endpoint, LegSettings, Play};

impl Worker {
    /// A call to a number of ours: our own end answers it.
    pub(super) fn far(
        &mut self,
        now: Micros,
        call: CallId,
        from: Peer,
        invite: &Arc<Message>,
        slot: Arc<Slot>,
    ) {
        let Some((pool, own)) = self.sip.pool(from.address) else {
            slot.done(FarPart::default());
            return self.refuse(call, 488, &[]);
        };
        let audio = invite.sdp().and_then(description::audio);
        let settings = LegSettings {
            announced: audio.as_ref().and_then(|a| a.address),
            payloads: audio
                .as_ref()
                .map(|a| a.payloads.clone())
                .unwrap_or_default(),
            audible: audio.as_ref().and_then(|a| a.audible),
            ..self.leg_settings()
        };
        let play = play(slot.marker, slot.record_seconds, slot.pcap_bytes);
        let opened = Endpoint::open(pool, settings, play);
        let described = |endpoint: &Endpoint| {
            let at = SocketAddr::new(own, endpoint.local().port());
            match invite.sdp() {
                Some(offer) => {
                    description::answer(offer, at, now).map(|(body, audio)| (body, Some(audio)))
                }
                None => Some((description::offer(at, now), None)),
            }
        };
        let (endpoint, body) = match opened.map(|endpoint| (described(&endpoint), endpoint)) {
            Ok((Some((body, agreed)), endpoint)) => {
                if let Some(agreed) = agreed
                    && let Some((payload, law)) = agreed.audible
                {
                    endpoint.agree(agreed.payloads, payload, law, agreed.event);
                }
                (endpoint, body)
            }
            Ok((None, _)) | Err(_) => {
                slot.done(FarPart::default());
                return self.refuse(call, 488, &[]);
            }
        };
        count(&self.sip.counters.far_ends);
        let plan = agent::plan(slot.own.ring_ms);
        self.agents
            .insert(far_key(call), Agent::Callee(Callee::new(body, plan)));
        let target = Target {
            name: "own".to_owned(),
            uri: b"sip:end@127.0.0.1:10".to_vec(),
            peer: INSIDE,
            from: b"<sip:far@inside.invalid>".to_vec(),
            asserted: None,
            headers: Vec::new(),
            credentials: None,
            next_on: Vec::new(),
            ring_limit: 180 * SECOND,
        };
        let route = Route {
            targets: vec![target],
            media: None,
            talk_limit: slot.own.talk_seconds * SECOND,
            follow_redirects: false,
            follow_contact: true,
        };
        let facts = Facts {
            name: slot.live.name.clone(),
            number: slot.own.number.clone(),
            offer_id: slot.live.offer_id,
            carrier_id: 0,
            snapshot: String::new(),
            address: from.address,
            price: None,
        };
        let task = Task::Far {
            delivered: delivered(invite),
            identity: invite
                .header(Name::Identity)
                .map(|v| String::from_utf8_lossy(v).into_owned()),
            slot: Arc::clone(&slot),
        };
        let live = Arc::clone(&slot.live);
        let mut running = Running::new(task, facts, live, self.sip.base_us());
        running.media = Some(Media::End(endpoint));
        self.keep(now, call, from, invite, running);
        self.decide(call, Decision::Route(Box::new(route)));
    }
}

/// What our own end sends.
pub fn play(marker: Option<u16>, record_seconds: u32, pcap_bytes: usize) -> Play {
    let seed = crate::clock::now_us().unsigned_abs();
    Play {
        law: lcr_core::rtp::payload::Law::A,
        payload_type: 8,
        marker,
        event_payload_type: None,
        ssrc: (seed ^ (seed >> 17)) as u32,
        first_sequence: (seed >> 3) as u16,
        first_timestamp: (seed >> 5) as u32,
        record_seconds,
        pcap_bytes,
    }
}

fn delivered(invite: &Message) -> Delivered {
    let asserted = invite
        .values(Name::PAssertedIdentity)
        .next()
        .and_then(user_of);
    let private = invite.values(Name::Privacy).any(|value| {
        let mut words = value.split(|b| *b == b';').map(<[u8]>::trim_ascii);
        words.any(|w| {
            [&b"id"[..], b"user", b"header"]
                .iter()
                .any(|p| w.eq_ignore_ascii_case(p))
        })
    });
    let diversion = [Name::Diversion, Name::HistoryInfo]
        .into_iter()
        .find_map(|name| invite.values(name).next().and_then(user_of));
    let from = caller_shown(invite).or_else(|| user_of(invite.header(Name::From)?));
    Delivered {
        from: from.or_else(|| caller(invite)).unwrap_or_default(),
        asserted,
        private,
        diversion,
    }
}
