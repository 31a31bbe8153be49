//! An ordered call: checked, its ports taken, its begin on disk, then handed to a worker (`placed`).
use std::sync::Arc;

use lcr_core::number::DigitKey;
use lcr_core::sip::call::Target;
use serde_json::{Value, json};

use super::Sip;
use super::board::{Live, Mode};
use super::counters::count;
use super::far::{Slot, own};
use super::far_call::play;
use super::forward::{PCAP_BYTES, begin_line};
use super::placed::Begun;
use super::price::Price;
use super::running::Facts;
use super::target::{self, Caller};
use super::told::Refused;
use super::words::Order;
use super::worker::Work;
use crate::media::{Endpoint, LegSettings};

/// Status, code, detail and hint of a problem.
#[derive(Debug)]
pub struct Problem {
    pub status: u16,
    pub code: &'static str,
    pub detail: String,
    pub hint: &'static str,
}

fn problem(
    status: u16,
    code: &'static str,
    detail: impl Into<String>,
    hint: &'static str,
) -> Problem {
    Problem {
        status,
        code,
        detail: detail.into(),
        hint,
    }
}

/// What an order became.
pub struct Accepted {
    /// 202, or 200 when it was ordered before.
    pub status: u16,
    pub words: Value,
}

fn accepted(status: u16, live: &Live, far_end: bool) -> Accepted {
    let state = live.short()["state"].clone();
    Accepted {
        status,
        words: json!({"call": live.name, "state": state, "far_end": far_end}),
    }
}

/// Gives everything back that an order took, unless it was begun.
struct Taken {
    sip: Arc<Sip>,
    name: String,
    far: Option<Arc<Slot>>,
    room: bool,
    begun: bool,
}

impl Drop for Taken {
    fn drop(&mut self) {
        if self.begun {
            return;
        }
        self.sip.journal.release(&self.name);
        self.sip.board.remove(&self.name);
        if let Some(far) = &self.far {
            self.sip.far.leave(far);
        }
        if self.room {
            self.sip.told.release(&self.name);
        }
    }
}

/// Begins the call, or says why not; nothing is left of one that was not begun.
pub async fn order(sip: &Arc<Sip>, order: Order) -> Result<Accepted, Problem> {
    order.check().map_err(|why| {
        problem(
            400,
            "bad_call",
            why,
            "docs/test-calls.md names the fields; nothing was begun",
        )
    })?;
    let words = json!(order).to_string();
    if sip.draining() {
        return Err(problem(
            503,
            "draining",
            "The edge is stopping.",
            "order it again in some seconds",
        ));
    }
    if let Some(known) = sip.board.get(&order.call)
        && known.words == words
    {
        let numbers = sip.told.own_numbers();
        return Ok(accepted(
            200,
            &known,
            own(&numbers, &order.number).is_some(),
        ));
    }
    if !sip.journal.claim(&order.call) {
        return Err(problem(
            409,
            "call_conflict",
            "This name was used for another call.",
            "give every call a name of its own",
        ));
    }
    let mut taken = Taken {
        sip: Arc::clone(sip),
        name: order.call.clone(),
        far: None,
        room: false,
        begun: false,
    };
    if sip.board.ordered() >= sip.settings.max_orders {
        return Err(problem(
            429,
            "too_many_calls",
            "As many test calls as the edge may make are under way.",
            "wait as long as Retry-After says",
        ));
    }
    let now_us = crate::clock::now_us();
    let serving = sip.shared.current.load_full();
    let Some(serving) = serving else {
        return Err(problem(
            503,
            "no_snapshot",
            "No snapshot is served yet.",
            "wait as long as Retry-After says",
        ));
    };
    let access = serving.access();
    let offer = access
        .offer_place(order.offer_id)
        .and_then(|place| access.offers.get(place as usize))
        .ok_or_else(|| {
            problem(
                404,
                "unknown_offer",
                format!("The served snapshot has no product {}.", order.offer_id),
                "publish a snapshot with it",
            )
        })?;
    let key = DigitKey::from_digits(&order.number).ok_or_else(|| {
        problem(
            400,
            "bad_call",
            "number is not 1 to 15 digits",
            "digits with the country code",
        )
    })?;
    let numbers = sip.told.own_numbers();
    let far_number = own(&numbers, &order.number).cloned();
    if far_number.is_none() && access.closed_codes.iter().any(|c| key.starts_with(*c)) {
        return Err(problem(
            403,
            "closed_code",
            "This destination is closed: it is dear or abused.",
            "test another number, or take the code out of closed_codes",
        ));
    }
    let resolved = sip.resolved.load();
    let (peer, uri) = target::of(offer, &order.number, &resolved).map_err(|why| {
        problem(
            409,
            "offer_without_address",
            format!("The product cannot be called: {why}."),
            "give the product an address, port and transport",
        )
    })?;
    let (pool, own_ip) = sip
        .pool(peer.address)
        .filter(|_| sip.speaks(peer))
        .ok_or_else(|| {
            problem(
                409,
                "offer_without_address",
                "The edge has no listener of this transport and family.",
                "add one to sip.listen",
            )
        })?;
    let price = Price::of(&serving, None, order.offer_id, key, now_us);
    let room = sip
        .told
        .admit_order(&order, price, now_us)
        .map_err(|refused| match refused {
            Refused::No(why) => problem(
                403,
                "company_limit",
                why,
                "wait for the next day, or raise the limit",
            ),
            Refused::Busy => problem(
                429,
                "too_many_calls",
                "Too many calls at once.",
                "wait as long as Retry-After says",
            ),
        })?;
    taken.room = true;
    let record_seconds = if order.record {
        u32::try_from(order.ring_seconds + room.seconds + 10).unwrap_or(0)
    } else {
        0
    };
    let pcap_bytes = if order.pcap { PCAP_BYTES } else { 0 };
    let (marker, far_marker) = markers(&order.call, order.marker);
    let live = Arc::new(Live::new(
        order.call.clone(),
        Mode::Originated,
        order.number.clone(),
        order.offer_id,
        now_us,
        words,
    ));
    if let Some(number) = far_number {
        let slot = Arc::new(Slot::new(
            number,
            Arc::clone(&live),
            Some(far_marker),
            record_seconds,
            pcap_bytes,
        ));
        if !sip.far.wait(Arc::clone(&slot)) {
            return Err(problem(
                409,
                "own_number_busy",
                "Another call waits at this number of ours.",
                "order it again when that one has ended",
            ));
        }
        taken.far = Some(slot);
    }
    let settings = LegSettings {
        learning: sip.learning(),
        room_seconds: usize::try_from(room.seconds + order.ring_seconds).unwrap_or(3600),
        ..LegSettings::default()
    };
    let endpoint = Endpoint::open(pool, settings, play(marker, record_seconds, pcap_bytes))
        .map_err(|e| problem(503, "no_ports", e.to_string(), "widen sip.media_ports"))?;
    let speaker = Caller {
        shown: order.from.clone().filter(|_| !order.withhold),
        asserted: order.from.clone(),
        privacy: order.withhold,
    };
    let mut target = target::machine(
        offer,
        (peer, uri),
        own_ip,
        &speaker,
        sip.told.credentials(order.offer_id),
        order.ring_seconds,
    );
    let signed = sign(sip, &order, now_us, &mut target);
    let facts = Facts {
        name: order.call.clone(),
        number: order.number.clone(),
        offer_id: offer.offer_id,
        carrier_id: offer.carrier_id,
        snapshot: serving.id.clone(),
        address: peer.address,
        price: room.price,
    };
    let ids = (order.ticket_id, order.company_id, None);
    let begin = begin_line(&facts, Mode::Originated, now_us, ids, order.from.as_deref());
    live.push(now_us, "accepted", json!({}));
    sip.board.put(Arc::clone(&live));
    if let Err(error) = sip.journal.append(begin).await {
        return Err(problem(
            503,
            "log_failed",
            format!("The call could not be written down: {error}."),
            "look at the edge's log",
        ));
    }
    taken.begun = true;
    count(&sip.counters.originated);
    let far = taken.far.take();
    let done = accepted(202, &live, far.is_some());
    let worker = sip.worker_for(order.call.as_bytes());
    let begun = Begun {
        live,
        facts,
        endpoint,
        own: own_ip,
        target,
        seconds: room.seconds,
        marker,
        far,
        signed,
        order,
    };
    // A worker that is gone is gone with the process; the next start writes the record.
    let _ = worker.work.send(Work::Order(Box::new(begun)));
    Ok(done)
}

/// Codes of our near and far marker: of one call, never the same.
fn markers(name: &str, wanted: bool) -> (Option<u16>, u16) {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let near = hasher.finish() as u16;
    (wanted.then_some(near), near ^ 0x5aa5)
}

/// Puts the Identity header on the INVITE where a key is configured.
fn sign(sip: &Sip, order: &Order, now_us: i64, target: &mut Target) -> Option<(String, String)> {
    let signing = sip.signing.as_ref().filter(|_| order.sign)?;
    let (value, attest, origid) = signing.sign(order.from.as_deref()?, &order.number, now_us)?;
    target
        .headers
        .push(("Identity".to_owned(), value.into_bytes()));
    Some((attest, origid))
}
