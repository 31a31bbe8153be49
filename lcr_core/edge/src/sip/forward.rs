//! A call with a ticket: checked, its begin written, then forwarded to the seller's trunk, its media relayed.
use std::sync::Arc;

use lcr_core::access::words::OfferWords;
use lcr_core::number::DigitKey;
use lcr_core::rtp::packet::Protection;
use lcr_core::sip::call::{CallId, Decision, Ports, Route};
use lcr_core::sip::clock::{Micros, SECOND};
use lcr_core::sip::message::Message;
use lcr_core::sip::name::Name;
use lcr_core::sip::peer::Peer;
use serde_json::{Map, Value, json};

use super::board::{Live, Mode};
use super::counters::count;
use super::description;
use super::price::Price;
use super::question::user_of;
use super::running::{Facts, Media, Running, Task};
use super::target::{self, Caller};
use super::told::Refused;
use super::words::Ticket;
use super::worker::{Work, Worker};
use crate::decision_id;
use crate::engine::Serving;
use crate::media::{Keep, LegSettings, Listening, Relay, Session, ThreadedRelay};

/// Media lines a description may have; only the audio one is led through.
const LINES: usize = 8;
/// Bounds of what is kept of a call.
pub const PCAP_BYTES: usize = 24 * 1024 * 1024;

/// Answer and words of a refusal.
pub type No = (u16, Vec<(&'static str, String)>);

/// A refusal that says why.
pub fn no(code: u16, why: &str) -> No {
    (
        code,
        vec![("Reason", format!("SIP;cause={code};text=\"{why}\""))],
    )
}

/// Relay ports in the order of the media lines: the audio line has one, others are refused.
fn ports(audio_line: usize, port: u16) -> Vec<u16> {
    (0..LINES)
        .map(|line| if line == audio_line { port } else { 0 })
        .collect()
}

impl Worker {
    /// A call with a ticket: checked, its begin written, then forwarded.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn forward(
        &mut self,
        now: Micros,
        call: CallId,
        from: Peer,
        invite: &Arc<Message>,
        serving: &Serving,
        ticket: Ticket,
        rest: &str,
    ) -> Result<(), No> {
        let now_us = crate::clock::now_us();
        let access = serving.access();
        let mut sources = access.trunks_by_source(from.address.ip()).into_iter();
        let trunk = sources
            .find(|t| t.trunk_id == ticket.trunk_id && t.enabled)
            .ok_or_else(|| no(403, "the ticket is for another trunk"))?;
        let key = DigitKey::normalise(rest).ok_or_else(|| no(404, "not a number"))?;
        let mut number = String::new();
        lcr_core::digits::write_key(&mut number, key);
        let closed = |codes: &[DigitKey]| codes.iter().any(|c| key.starts_with(*c));
        if ticket.codes.is_empty() && closed(&access.closed_codes) && !closed(&trunk.opened_codes) {
            return Err(no(403, "this destination is closed"));
        }
        let offer: &OfferWords = access
            .offer_place(ticket.offer_id)
            .and_then(|place| access.offers.get(place as usize))
            .ok_or_else(|| no(404, "the product is not served"))?;
        let resolved = self.sip.resolved.load();
        let (peer, uri) = target::of(offer, &number, &resolved).map_err(|why| no(404, why))?;
        let audio = invite.sdp().map(description::audio);
        if matches!(audio, Some(None)) {
            return Err(no(488, "no audio is offered"));
        }
        let audio = audio.flatten();
        let price = Price::of(serving, Some(ticket.trunk_id), ticket.offer_id, key, now_us);
        let id = decision_id::hex(self.asking.ids.next(now_us));
        let name = String::from_utf8_lossy(&id).into_owned();
        let room = self
            .sip
            .told
            .admit(&name, &ticket, &number, price, now_us)
            .map_err(|refused| match refused {
                Refused::No(why) => no(403, why),
                Refused::Busy => no(486, "the ticket has no more calls at once"),
            })?;
        let opened = self.open_relay(
            from,
            peer,
            &ticket,
            audio.as_ref().map(|a| a.protection),
            room.seconds,
        );
        let (session, own) = match opened {
            Ok(opened) => opened,
            Err(why) => {
                self.sip.told.release(&name);
                return Err((
                    503,
                    vec![
                        ("Retry-After", "5".to_owned()),
                        ("Reason", format!("SIP;cause=503;text=\"{why}\"")),
                    ],
                ));
            }
        };
        let line = audio.as_ref().map_or(0, |a| a.index);
        let shown = caller_shown(invite);
        let asserted = invite
            .values(Name::PAssertedIdentity)
            .next()
            .and_then(user_of);
        let speaker = Caller {
            shown: shown.clone(),
            asserted,
            privacy: false,
        };
        let target = target::machine(
            offer,
            (peer, uri),
            own[1],
            &speaker,
            self.sip.told.credentials(ticket.offer_id),
            180,
        );
        let media = Ports {
            toward_a: (own[0], ports(line, session.local(0).port())),
            toward_b: (own[1], ports(line, session.local(1).port())),
        };
        let route = Route {
            targets: vec![target],
            media: Some(media),
            talk_limit: room.seconds * SECOND,
            follow_redirects: false,
            follow_contact: true,
        };
        let live = Arc::new(Live::new(
            name.clone(),
            Mode::Forwarded,
            number.clone(),
            ticket.offer_id,
            now_us,
            String::new(),
        ));
        let facts = Facts {
            name: name.clone(),
            number: number.clone(),
            offer_id: offer.offer_id,
            carrier_id: offer.carrier_id,
            snapshot: serving.id.clone(),
            address: peer.address,
            price: room.price,
        };
        let number_shown = shown.clone();
        let begin = begin_line(
            &facts,
            Mode::Forwarded,
            now_us,
            (
                Some(ticket.ticket_id),
                ticket.company_id,
                Some(ticket.trunk_id),
            ),
            number_shown.as_deref(),
        );
        let task = Task::Forwarded {
            ticket: Box::new(ticket),
            from: shown,
        };
        let mut running = Running::new(task, facts, Arc::clone(&live), self.sip.base_us());
        running.media = Some(Media::Relay(session));
        running.waits = Some(Decision::Route(Box::new(route)));
        live.push(now_us, "accepted", json!({}));
        self.sip.board.put(live);
        count(&self.sip.counters.forwarded);
        self.keep(now, call, from, invite, running);
        let (sip, back) = (
            Arc::clone(&self.sip),
            self.sip.workers[self.index].work.clone(),
        );
        tokio::spawn(async move {
            let ok = sip.journal.append(begin).await.is_ok();
            let _ = back.send(Work::Begun { call, ok });
        });
        Ok(())
    }

    /// How legs are measured when the descriptions have not said more yet.
    pub(super) fn leg_settings(&self) -> LegSettings {
        LegSettings {
            learning: self.sip.learning(),
            ..LegSettings::default()
        }
    }

    fn open_relay(
        &self,
        from: Peer,
        peer: Peer,
        ticket: &Ticket,
        protection: Option<Protection>,
        seconds: u64,
    ) -> Result<(Session, [std::net::IpAddr; 2]), &'static str> {
        let side = |peer: Peer| {
            self.sip
                .pool(peer.address)
                .ok_or("no media address of this family")
        };
        let ((pool_a, own_a), (pool_b, own_b)) = (side(from)?, side(peer)?);
        let settings = LegSettings {
            protection: protection.unwrap_or(Protection::Clear),
            room_seconds: usize::try_from(seconds.min(3600)).unwrap_or(3600),
            ..self.leg_settings()
        };
        let keep = Keep {
            pcap_bytes: if ticket.pcap { PCAP_BYTES } else { 0 },
            record_seconds: if ticket.record {
                u32::try_from(seconds.min(3600) + 60).unwrap_or(0)
            } else {
                0
            },
        };
        let relay = ThreadedRelay::between(&self.sip.reactor, pool_a.clone(), pool_b.clone());
        // The seller is judged by what is heard of it; the buyer is not.
        let listens = |listens: Listening| LegSettings {
            listens,
            ..settings.clone()
        };
        let legs = [listens(Listening::Not), listens(Listening::Tones)];
        match relay.open(legs, keep) {
            Ok(session) => Ok((session, [own_a, own_b])),
            Err(_) => Err("no media ports are free"),
        }
    }
}

/// The `begin` line of a call.
pub fn begin_line(
    facts: &Facts,
    mode: Mode,
    at_us: i64,
    (ticket_id, company_id, trunk_id): (Option<i64>, Option<i64>, Option<i64>),
    from: Option<&str>,
) -> Map<String, Value> {
    let words = json!({"kind": "begin", "call": facts.name, "mode": mode.word(), "at_us": at_us, "ticket_id": ticket_id,
        "company_id": company_id, "trunk_id": trunk_id, "offer_id": facts.offer_id, "carrier_id": facts.carrier_id,
        "number": facts.number, "from": from, "snapshot": facts.snapshot});
    match words {
        Value::Object(words) => words,
        _ => Map::new(),
    }
}

/// User part of From, where it is no anonymity.
pub fn caller_shown(invite: &Message) -> Option<String> {
    let user = user_of(invite.header(Name::From)?)?;
    let hidden = ["anonymous", "unknown", "restricted", "unavailable"];
    (!user.is_empty() && !hidden.iter().any(|h| user.eq_ignore_ascii_case(h))).then_some(user)
}
