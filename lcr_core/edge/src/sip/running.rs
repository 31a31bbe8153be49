//! One call in its worker: whose it is, its media, what is known of its sides.
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;

use lcr_core::rtp::mos::{Codec, score};
use lcr_core::sip::call::{Decision, Record, Side};
use lcr_core::sip::clock::Micros;
use lcr_core::sip::message::Message;
use lcr_core::sip::method::Method;
use serde_json::{Value, json};

use super::board::Live;
use super::description::Audio;
use super::far::{Delivered, Slot};
use super::finish::Kept;
use super::price::Price;
use super::words::{Order, Ticket};
use crate::media::{Endpoint, Glance, Session};

/// Messages whose copies are known as such.
const SEEN: usize = 512;

/// Whose call it is.
pub enum Task {
    Originated {
        order: Box<Order>,
        marker: Option<u16>,
        far: Option<Arc<Slot>>,
        /// `attest` and `origid` of the Identity header that was sent.
        signed: Option<(String, String)>,
    },
    Forwarded {
        ticket: Box<Ticket>,
        from: Option<String>,
    },
    Far {
        slot: Arc<Slot>,
        delivered: Delivered,
        identity: Option<String>,
    },
}

/// What the record says of the route.
#[derive(Debug, Clone)]
pub struct Facts {
    pub name: String,
    pub number: String,
    pub offer_id: i64,
    pub carrier_id: i64,
    pub snapshot: String,
    pub address: SocketAddr,
    pub price: Option<Price>,
}

pub enum Media {
    Relay(Session),
    End(Endpoint),
}

impl Media {
    /// By side; a call of our own end has one that is measured.
    pub fn glance(&self, side: Side) -> Glance {
        match self {
            Self::Relay(session) => session.glance(leg(side)),
            Self::End(endpoint) => endpoint.glance(),
        }
    }

    pub fn capture(&self, at_nanos: i64, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        match self {
            Self::Relay(session) => session.capture(at_nanos, from, to, bytes),
            Self::End(endpoint) => endpoint.capture(at_nanos, from, to, bytes),
        }
    }
}

/// The relay's number of a side.
pub fn leg(side: Side) -> usize {
    match side {
        Side::A => 0,
        Side::B => 1,
    }
}

/// What is known of a side, by its description and its media.
#[derive(Debug, Clone, Default)]
pub struct SideFacts {
    pub audio: Option<Audio>,
    second: Option<u32>,
    keys: usize,
    began: bool,
}

pub struct Running {
    pub task: Task,
    pub facts: Facts,
    pub live: Arc<Live>,
    /// Microseconds since 1970 at instant 0 of the worker's clock, as this call saw it begin.
    pub base_us: i64,
    pub media: Option<Media>,
    pub closing: bool,
    pub kept: Option<Kept>,
    pub record: Option<Box<Record>>,
    /// The INVITE waits for its begin to be on disk.
    pub waits: Option<Decision>,
    pub sides: [SideFacts; 2],
    pub answered: bool,
    pub call_ids: Vec<Vec<u8>>,
    pub reason: String,
    rang: bool,
    seen: HashSet<u64>,
}

/// Letters of the sides in events; none is inside this process.
pub fn letter(task: &Task, side: Side) -> Option<&'static str> {
    match (task, side) {
        (Task::Forwarded { .. }, Side::A) => Some("a"),
        (Task::Originated { .. }, Side::A) | (Task::Far { .. }, Side::B) => None,
        (Task::Forwarded { .. } | Task::Originated { .. }, Side::B) => Some("b"),
        (Task::Far { .. }, Side::A) => Some("f"),
    }
}

impl Running {
    pub fn new(task: Task, facts: Facts, live: Arc<Live>, base_us: i64) -> Self {
        Self {
            task,
            facts,
            live,
            base_us,
            media: None,
            closing: false,
            kept: None,
            record: None,
            waits: None,
            sides: Default::default(),
            answered: false,
            call_ids: Vec::new(),
            reason: String::new(),
            rang: false,
            seen: HashSet::new(),
        }
    }

    pub fn wall_us(&self, at: Micros) -> i64 {
        self.base_us + i64::try_from(at).unwrap_or(0)
    }

    /// One row of the ladder. `to_us`: it came in.
    pub fn row(&mut self, at: Micros, side: Side, to_us: bool, message: &Message) {
        let Some(letter) = letter(&self.task, side) else {
            return;
        };
        let mut hasher = DefaultHasher::new();
        (message.bytes(), to_us).hash(&mut hasher);
        let fresh = self.seen.len() >= SEEN || self.seen.insert(hasher.finish());
        let method = message.method().unwrap_or(message.cseq_method());
        let code = message.code();
        let at_us = self.wall_us(at);
        let reason = String::from_utf8_lossy(message.reason_phrase()).into_owned();
        if side == Side::B && to_us && code >= 200 && method == Method::Invite {
            self.reason.clone_from(&reason);
        }
        self.live.push(
            at_us,
            "message",
            json!({"side": letter, "to_us": to_us, "method": method.as_str(), "code": code, "reason": reason,
                "cseq": message.cseq(), "again": !fresh, "sdp": message.sdp().is_some()}),
        );
        if method == Method::Invite && matches!(code, 180 | 183) && side == Side::B && !self.rang {
            self.rang = true;
            self.live
                .push(at_us, "ringing", json!({"side": letter, "code": code}));
            self.live.state("ringing");
        }
    }

    /// The 100 that went out before the call was known here.
    pub fn trying(&self, at: Micros, cseq: u32) {
        if let Some(letter) = letter(&self.task, Side::A) {
            self.live.push(
                self.wall_us(at),
                "message",
                json!({"side": letter, "to_us": false, "method": "INVITE", "code": 100, "reason": "Trying", "cseq": cseq,
                    "again": false, "sdp": false}),
            );
        }
    }

    /// What a second of media brought; `at_us` now.
    pub fn second(&mut self, at_us: i64) {
        let Some(media) = &self.media else { return };
        let measured: &[Side] = match (media, &self.task) {
            (Media::Relay(_), _) => &[Side::A, Side::B],
            (Media::End(_), Task::Far { .. }) => &[Side::A],
            (Media::End(_), _) => &[Side::B],
        };
        for side in measured {
            let glance = media.glance(*side);
            let Some(letter) = letter(&self.task, *side) else {
                continue;
            };
            let facts = &mut self.sides[leg(*side)];
            if !facts.began && glance.received.received > 0 {
                facts.began = true;
                if !self.answered {
                    let first = glance
                        .received
                        .streams
                        .iter()
                        .map(|s| s.first_at_nanos)
                        .min();
                    let at = first.map_or(at_us, |nanos| nanos / 1000);
                    self.live.push(at, "early_media", json!({"side": letter}));
                }
            }
            for key in glance.keys.chars().skip(facts.keys) {
                self.live.push(
                    at_us,
                    "key",
                    json!({"side": letter, "key": key.to_string()}),
                );
            }
            facts.keys = glance.keys.chars().count();
            let Some(last) = glance.last.filter(|l| Some(l.second) != facts.second) else {
                continue;
            };
            facts.second = Some(last.second);
            self.live.push(
                at_us,
                "second",
                json!({"side": letter, "second": last.second, "packets": last.packets, "expected": last.expected, "lost": last.lost,
                    "discarded": last.discarded, "jitter_us": last.jitter_micros, "level_tenths_dbm0": last.level_tenths_dbm0,
                    "mos_milli": mos(facts.audio.as_ref(), &glance)}),
            );
        }
    }

    pub fn note(&self, at: Micros, event: &str, fields: Value) {
        self.live.push(self.wall_us(at), event, fields);
    }

    pub fn is_finished(&self) -> bool {
        self.record.is_some() && self.media.is_none() && (!self.closing || self.kept.is_some())
    }
}

fn mos(audio: Option<&Audio>, glance: &Glance) -> Option<u32> {
    let codec = Codec::of_encoding(&audio?.codec)?;
    let stream = glance.received.streams.iter().max_by_key(|s| s.expected)?;
    score(stream, codec, glance.round_trip_nanos).map(|s| s.mos_cq_milli)
}
