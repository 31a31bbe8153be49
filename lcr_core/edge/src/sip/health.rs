//! OPTIONS to the trunks whose health was asked for: a small client of its own, with transactions of its own.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lcr_core::sip::clock::{Micros, SECOND};
use lcr_core::sip::message::{Message, Writer};
use lcr_core::sip::peer::Peer;
use lcr_core::sip::transaction::layer::{Expired, Outgoing};
use lcr_core::sip::transaction::{ClientId, Layer, Received};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::ingress::{Packet, prefix};
use super::worker::Work;
use super::{Sip, target, wire};

/// Misses in a row after which a trunk is down.
const MISSES: u32 = 3;

#[derive(Debug, Clone)]
pub struct Trunk {
    pub offer_id: i64,
    pub address: String,
    pub transport: &'static str,
    /// None: not known yet.
    pub up: Option<bool>,
    pub since_us: i64,
    pub checked_us: Option<i64>,
    pub code: Option<u16>,
    pub round_trip_us: Option<u64>,
    pub missed: u32,
}

#[derive(Debug, Default)]
pub struct Health {
    trunks: Mutex<HashMap<i64, Trunk>>,
}

impl Health {
    fn lock(&self) -> MutexGuard<'_, HashMap<i64, Trunk>> {
        self.trunks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `(offer_id, up)`.
    pub fn short(&self) -> Vec<(i64, Option<bool>)> {
        let mut out: Vec<_> = self.lock().values().map(|t| (t.offer_id, t.up)).collect();
        out.sort_unstable();
        out
    }

    pub fn words(&self) -> Vec<Value> {
        let mut trunks: Vec<Trunk> = self.lock().values().cloned().collect();
        trunks.sort_by_key(|t| t.offer_id);
        let word = |t: &Trunk| {
            let state = match t.up {
                None => "unknown",
                Some(true) => "up",
                Some(false) => "down",
            };
            json!({"offer_id": t.offer_id, "address": t.address, "transport": t.transport, "state": state, "since_us": t.since_us,
                "checked_us": t.checked_us, "code": t.code, "round_trip_us": t.round_trip_us, "missed": t.missed})
        };
        trunks.iter().map(word).collect()
    }

    fn only(&self, asked: &[(i64, u64)]) {
        self.lock()
            .retain(|id, _| asked.iter().any(|(offer, _)| offer == id));
    }

    fn about(&self, offer_id: i64, peer: Peer, now_us: i64) {
        self.lock().entry(offer_id).or_insert_with(|| Trunk {
            offer_id,
            address: peer.address.to_string(),
            transport: match peer.transport {
                lcr_core::sip::peer::Transport::Udp => "udp",
                lcr_core::sip::peer::Transport::Tls => "tls",
                _ => "tcp",
            },
            up: None,
            since_us: now_us,
            checked_us: None,
            code: None,
            round_trip_us: None,
            missed: 0,
        });
    }

    /// `code` None: no answer in time.
    fn told(&self, offer_id: i64, code: Option<u16>, took: Micros, now_us: i64) {
        let mut trunks = self.lock();
        let Some(trunk) = trunks.get_mut(&offer_id) else {
            return;
        };
        trunk.checked_us = Some(now_us);
        trunk.code = code;
        let alive = code.is_some_and(|c| !matches!(c, 408 | 503));
        trunk.round_trip_us = code.map(|_| took);
        trunk.missed = if alive { 0 } else { trunk.missed + 1 };
        let up = match (alive, trunk.missed >= MISSES) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => trunk.up,
        };
        if up != trunk.up {
            trunk.up = up;
            trunk.since_us = now_us;
        }
    }
}

struct Asker {
    sip: Arc<Sip>,
    index: usize,
    layer: Layer,
    asked: HashMap<ClientId, (i64, Micros)>,
    due: HashMap<i64, Micros>,
    count: u64,
}

/// Asks until the runtime goes away.
pub async fn run(
    sip: Arc<Sip>,
    index: usize,
    mut packets: mpsc::Receiver<Packet>,
    mut work: mpsc::UnboundedReceiver<Work>,
) {
    let mut asker = Asker {
        sip,
        index,
        layer: Layer::new(4096),
        asked: HashMap::new(),
        due: HashMap::new(),
        count: 0,
    };
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    loop {
        tokio::select! {
            Some(packet) = packets.recv() => asker.packet(&packet),
            work = work.recv() => match work {
                Some(Work::Lost(to)) => asker.lost(to),
                Some(Work::Drain { .. }) | None => return,
                Some(_) => {}
            },
            _ = tick.tick() => asker.tick(),
        }
    }
}

impl Asker {
    fn send(&self, out: Vec<Outgoing>) {
        for one in out {
            wire::send(&self.sip, one.to, one.bytes);
        }
    }

    fn packet(&mut self, packet: &Packet) {
        let (now, mut out) = (self.sip.now(), Vec::new());
        // A peer may send what makes no sense; the parser is proven, but a fault here must not end the checks.
        let read = std::panic::catch_unwind(|| Message::parse(&packet.bytes));
        let Ok(Ok(message)) = read else { return };
        if message.method().is_some() {
            return;
        }
        if let Received::Response(id) =
            self.layer
                .receive(now, &message, packet.from, false, &mut out)
            && message.code() >= 200
            && let Some((offer, since)) = self.asked.remove(&id)
        {
            let now_us = crate::clock::now_us();
            self.sip
                .health
                .told(offer, Some(message.code()), now - since, now_us);
        }
        self.send(out);
    }

    fn missed(&mut self, expired: Vec<Expired>) {
        for one in expired {
            if let Expired::Client(id) = one
                && let Some((offer, since)) = self.asked.remove(&id)
            {
                let (now, now_us) = (self.sip.now(), crate::clock::now_us());
                self.sip.health.told(offer, None, now - since, now_us);
            }
        }
    }

    fn lost(&mut self, to: Peer) {
        let mut out = Vec::new();
        let expired = self.layer.transport_error(self.sip.now(), to, &mut out);
        self.send(out);
        self.missed(expired);
    }

    fn tick(&mut self) {
        let (now, mut out) = (self.sip.now(), Vec::new());
        let expired = self.layer.expire(now, &mut out);
        self.missed(expired);
        let asked = self.sip.told.health();
        self.sip.health.only(&asked);
        self.due
            .retain(|id, _| asked.iter().any(|(offer, _)| offer == id));
        for (offer, every_s) in asked {
            if self.due.get(&offer).is_some_and(|at| *at > now) || !self.layer.has_room() {
                continue;
            }
            self.due.insert(offer, now + every_s * SECOND);
            // One that still waits for its answer is not asked twice.
            if !self.asked.values().any(|(o, _)| *o == offer) {
                self.ask(now, offer, &mut out);
            }
        }
        self.send(out);
    }

    fn ask(&mut self, now: Micros, offer_id: i64, out: &mut Vec<Outgoing>) {
        let guard = self.sip.shared.current.load();
        let Some(serving) = guard.as_ref() else {
            return;
        };
        let access = serving.access();
        let offer = access
            .offer_place(offer_id)
            .and_then(|p| access.offers.get(p as usize));
        let Some(offer) = offer else { return };
        let resolved = self.sip.resolved.load();
        let Ok((peer, _)) = target::of(offer, "", &resolved) else {
            return;
        };
        let Some(own) = self.sip.own_address(peer) else {
            return;
        };
        self.sip
            .health
            .about(offer_id, peer, crate::clock::now_us());
        self.count += 1;
        let unique = format!("{now}x{}", self.count);
        let branch = format!("z9hG4bKh{unique}");
        let uri = format!("sip:{}", peer.address);
        let mut request = Writer::request(b"OPTIONS", uri.as_bytes());
        request
            .header(
                "Via",
                format!(
                    "SIP/2.0/{} {own};branch={branch};rport",
                    peer.transport.as_str()
                ),
            )
            .header("Max-Forwards", "70")
            .header("From", format!("<sip:tandem@{own}>;tag=h{unique}"))
            .header("To", format!("<{uri}>"))
            .header(
                "Call-ID",
                format!("{}{unique}@{}", prefix(self.index), own.ip()),
            )
            .header("CSeq", "1 OPTIONS")
            .header("Contact", format!("<sip:tandem@{own}>"))
            .header("Accept", "application/sdp")
            .header("User-Agent", &self.sip.settings.agent);
        let id = self
            .layer
            .request(now, b"OPTIONS", branch.as_bytes(), request.end(), peer, out);
        self.asked.insert(id, (offer_id, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lcr_core::sip::peer::Transport;

    #[test]
    fn three_misses_are_down_and_one_answer_is_up() {
        let health = Health::default();
        let peer = Peer {
            transport: Transport::Udp,
            address: "192.0.2.7:5060".parse().unwrap(),
            socket: 0,
        };
        health.about(7, peer, 1);
        assert_eq!(health.short(), [(7, None)]);
        for n in 0..3 {
            health.told(7, None, 0, n + 2);
        }
        assert_eq!(health.short(), [(7, Some(false))]);
        health.told(7, Some(503), 5, 9);
        assert_eq!(
            health.short(),
            [(7, Some(false))],
            "it says itself that it cannot"
        );
        health.told(7, Some(404), 5, 10);
        assert_eq!(health.words()[0]["state"], "up");
        assert_eq!(health.words()[0]["since_us"], 10);
        health.only(&[]);
        assert!(health.short().is_empty());
    }
}
