//! A decision as JSON (docs/decision.md 7): one function for the edge, Python and the pages.

mod asterisk;
mod compact;
mod cost;
mod dial;
mod explained;
mod format;
mod freeswitch;
pub mod json;
mod layer;
mod opensips;
mod path;
mod route;
mod rtjson;
pub mod safe;
mod siphon;
mod text;

pub use format::Format;
pub use freeswitch::not_found as freeswitch_not_found;
pub use path::match_path;

use std::borrow::Cow;

use crate::access::words::OfferWords;
use crate::decide::{Decision, Route, SellRow};
use crate::index::container::{hex, sha256};
use crate::index::layout::{Row, Term};
use crate::number::DigitKey;
use crate::snapshot::Snapshot;
use crate::time;
use json::Object;

/// How FreeSWITCH is to dial.
#[derive(Debug, Clone, Copy)]
pub struct Dial<'a> {
    /// `sofia/gateway/v12/…` instead of `sofia/<profile>/…@host`.
    pub by_gateway: bool,
    /// A name (`safe::is_name`).
    pub profile: &'a str,
    /// The dial plan context of the call, a name too.
    pub context: &'a str,
}

impl Default for Dial<'_> {
    fn default() -> Self {
        Self {
            by_gateway: false,
            profile: "external",
            context: "public",
        }
    }
}

/// What every form says of the decision as a whole.
pub(crate) struct Facts<'a> {
    status: &'static str,
    reason: Option<&'static str>,
    decision_id: Cow<'a, str>,
}

/// Prints a decision of this snapshot in one of the forms. Only `Native` shows an explanation.
pub fn write(
    format: Format,
    snapshot: &Snapshot,
    decision: &Decision,
    dial: &Dial<'_>,
    out: &mut String,
) {
    if format == Format::Native {
        write_native(snapshot, decision, out);
        return;
    }
    let (status, reason) = decision.status.words();
    let decision_id = match &decision.decision_id {
        Some(id) => Cow::Borrowed(id.as_str()),
        None => Cow::Owned(decision_id(snapshot, decision)),
    };
    let facts = Facts {
        status,
        reason,
        decision_id,
    };
    match format {
        Format::Native => {}
        Format::Compact => compact::write(snapshot, decision, &facts, out),
        Format::Rtjson => rtjson::write(snapshot, decision, &facts, out),
        Format::Freeswitch => freeswitch::dialplan(snapshot, decision, &facts, dial, out),
        Format::Httapi => freeswitch::httapi(snapshot, decision, &facts, dial, out),
        Format::DialString => dial::write(snapshot, decision, dial, out),
        Format::Opensips => opensips::write(snapshot, decision, &facts, out),
        Format::Carriers => opensips::carriers(snapshot, decision, out),
        Format::Asterisk => asterisk::write(snapshot, decision, &facts, out),
        Format::Siphon => siphon::write(snapshot, decision, &facts, out),
        Format::Text => text::write(snapshot, decision, &facts, out),
    }
}

/// Prints a decision of this snapshot.
pub fn native_json(snapshot: &Snapshot, decision: &Decision) -> String {
    let mut out = String::with_capacity(512 + decision.routes.len() * 512);
    write_native(snapshot, decision, &mut out);
    out
}

pub fn write_native(snapshot: &Snapshot, decision: &Decision, out: &mut String) {
    let (status, reason) = decision.status.words();
    let mut answer = Object::begin(out);
    answer.text("version", snapshot.id());
    answer.text("decision_id", &decision_id(snapshot, decision));
    answer.text("status", status);
    answer.text_or_null("reason", reason);
    answer.digits("b", Some(decision.number));
    answer.text_or_null("a", decision.ani.as_deref());
    answer.digits("lrn", decision.lrn);
    answer.instant("at", decision.at_us);
    answer.int("reference_seconds", i64::from(decision.reference_seconds));
    answer.digits("mix", decision.mix);
    answer.int_or_null(
        "state",
        decision
            .state
            .and_then(|generation| i64::try_from(generation).ok()),
    );
    answer.text("currency", &snapshot.access.base_currency);
    if decision.valid_until == time::NEVER {
        answer.null("valid_until");
    } else {
        answer.instant("valid_until", decision.valid_until);
    }
    match &decision.sell {
        Some(sell) => write_sell(answer.key("sell"), sell, decision),
        None => answer.null("sell"),
    }
    answer.int("max_seconds", i64::from(decision.max_seconds));
    let routes = answer.key("routes");
    routes.push('[');
    for (i, route) in decision.routes.iter().enumerate() {
        if i > 0 {
            routes.push(',');
        }
        write_route(snapshot, decision, i + 1, route, routes);
    }
    routes.push(']');
    if let Some(lines) = &decision.explain {
        let explain = answer.key("explain");
        explain.push('[');
        for (i, line) in lines.iter().enumerate() {
            if i > 0 {
                explain.push(',');
            }
            explained::write(snapshot, decision, line, explain);
        }
        explain.push(']');
    }
    answer.end();
}

/// The id given with the question, or one made of the question: the same question has the same id.
pub fn decision_id(snapshot: &Snapshot, decision: &Decision) -> String {
    if let Some(id) = &decision.decision_id {
        return id.clone();
    }
    let question = format!(
        "{}\0{}\0{:?}\0{}\0{:?}\0{:?}\0{:?}",
        snapshot.id(),
        decision.at_us,
        decision.trunk,
        decision.number,
        decision.ani,
        decision.lrn,
        decision.call_id
    );
    hex(&sha256(question.as_bytes())[..16])
}

fn write_sell(out: &mut String, sell: &SellRow, decision: &Decision) {
    let mut object = Object::begin(out);
    object.digits("code", sell.code);
    object.nanos("rate", sell.terms.rate_nanos);
    object.text("currency", &sell.currency);
    object.decimal_or_null(
        "eff",
        sell.comparable.map(|c| decision.effective_nanos(c)),
        9,
    );
    object.int("initial_increment", i64::from(sell.terms.initial_increment));
    object.int("next_increment", i64::from(sell.terms.next_increment));
    object.nanos("connect_fee", sell.terms.connect_fee_nanos);
    object.end();
}

fn row_and_term(snapshot: &Snapshot, row: u32) -> Option<(Row, &Term)> {
    let row = snapshot.index.row(row)?;
    Some((row, snapshot.index.term(&row)?))
}

fn write_route(
    snapshot: &Snapshot,
    decision: &Decision,
    rank: usize,
    route: &Route,
    out: &mut String,
) {
    let mut object = Object::begin(out);
    object.int("rank", rank as i64);
    if let Some(offer) = snapshot.access.offers.get(route.offer as usize) {
        object.int("offer", offer.offer_id);
        object.text("vendor", &offer.vendor);
        object.text("product", &offer.product);
        object.text("class", &offer.class);
        object.text_or_null("uri", uri(offer, decision.number).as_deref());
        object.digits("code", snapshot.index.code(route.code));
        if let Some((row, term)) = row_and_term(snapshot, route.row) {
            object.text("destination", snapshot.index.destination(term));
            object.nanos("rate", term.rate_nanos);
            object.nanos(
                "first_rate",
                term.terms().first_rate_nanos.unwrap_or(term.rate_nanos),
            );
            object.text("currency", snapshot.index.currency(term.currency));
            object.nanos("connect_fee", term.connect_fee_nanos);
            object.int("free_seconds", i64::from(term.free_seconds));
            object.int("initial_increment", i64::from(term.initial_increment));
            object.int("next_increment", i64::from(term.next_increment));
            object.decimal("eff", decision.effective_nanos(route.comparable), 9);
            object.int("timeout_ms", i64::from(offer.timeout_ms));
            object.int_or_null("no_reply_ms", offer.no_reply_ms.map(i64::from));
            object.int_or_null("ringing_ms", offer.ringing_ms.map(i64::from));
            object.ints_or_null("hunt_stop", offer.hunt_stop.as_deref());
            object.ints_or_null("hunt_next", offer.hunt_next.as_deref());
            object.score("score", route.score);
            object.flag("demoted", route.demoted);
            object.flag("trial", route.trial);
            object.int_or_null("deck_id", snapshot.index.window(&row).map(|w| w.deck_id));
            object.int("deck_row", i64::from(row.deck_row));
            layer::write(
                &mut object,
                snapshot,
                decision,
                route.offer,
                route.choice,
                Some(&row),
            );
        }
    }
    object.end();
}

/// Where the call is sent; `None` without a host.
pub fn uri(offer: &OfferWords, number: DigitKey) -> Option<String> {
    let host = offer.uri_host.as_deref()?;
    let mut out = format!("sip:{}{number}@", offer.uri_user_prefix);
    if host.contains(':') && !host.starts_with('[') {
        out.push('[');
        out.push_str(host);
        out.push(']');
    } else {
        out.push_str(host);
    }
    if let Some(port) = offer.uri_port {
        out.push(':');
        out.push_str(&port.to_string());
    }
    if offer.transport != "udp" {
        out.push_str(";transport=");
        out.push_str(&offer.transport);
    }
    Some(out)
}
