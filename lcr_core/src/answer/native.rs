//! The native answer. A route's fixed text stands ready (`fragments`); what its row says is fetched for several routes at once,
//! so that the waits for memory overlap.

use super::explained;
use super::fragments::{self, Parts};
use super::hints::Hints;
use super::json::{Object, write_text};
use super::{decision_id, layer, row_and_term};
use crate::access::words::HuntWords;
use crate::decide::{Decision, Route, SellRow};
use crate::digits::{Short, write_key, write_signed, write_unsigned};
use crate::index::layout::{Row, Term};
use crate::money::write_decimal;
use crate::number::DigitKey;
use crate::snapshot::Snapshot;
use crate::time;

/// Routes whose rows are fetched together.
pub(super) const CHUNK: usize = 8;

/// What the index says of a route.
#[derive(Clone, Copy, Default)]
struct Line<'a> {
    parts: Option<Parts<'a>>,
    terms: Option<(Row, Term)>,
    /// From behind the rate to `"eff":"`, where it stands ready.
    scheme: Option<&'a str>,
    destination: &'a str,
    code: Option<DigitKey>,
}

/// In steps, each for all routes: a wait for memory in one does not hold up the others.
fn gather<'a>(snapshot: &'a Snapshot, routes: &[Route]) -> [Line<'a>; CHUNK] {
    let mut lines = [Line::default(); CHUNK];
    for (line, route) in lines.iter_mut().zip(routes) {
        line.parts = snapshot.fragments.of(route.offer);
        line.terms = row_and_term(snapshot, route.row);
        line.code = snapshot.index.code(route.code);
        if let Some((_, term)) = &line.terms {
            snapshot.index.name_place_ahead(term);
        }
    }
    for (_, term) in lines.iter().filter_map(|line| line.terms.as_ref()) {
        snapshot.index.name_ahead(term);
    }
    // Routes of one call often share their destination.
    let mut last = ("", None);
    for line in lines.iter_mut().take(routes.len()) {
        if let Some((row, term)) = &line.terms {
            if last.1 != Some(term.destination) {
                last = (snapshot.index.destination(term), Some(term.destination));
            }
            line.destination = last.0;
            let scheme = snapshot.index.scheme_of(row);
            line.scheme = scheme.and_then(|s| snapshot.fragments.scheme(s));
        }
    }
    lines
}

/// What is printed in several places of the answer, and how the customer wants its routes hunted.
struct Shared<'a> {
    number: Short,
    own: Option<&'a HuntWords>,
}

/// An amount, from the digits of another one where both are the same.
pub(super) fn write_again(out: &mut String, nanos: u128, (of, printed): (u128, &Short)) {
    if nanos == of {
        printed.push(out);
    } else {
        write_decimal(out, nanos, 9);
    }
}

pub fn write_native(snapshot: &Snapshot, decision: &Decision, out: &mut String) {
    let (status, reason) = decision.status.words();
    let shared = Shared {
        number: Short::key(decision.number),
        own: super::hints::own(snapshot, decision),
    };
    out.push_str("{\"version\":");
    write_text(out, snapshot.id());
    out.push_str(",\"decision_id\":");
    write_text(out, &decision_id(snapshot, decision));
    out.push_str(",\"status\":\"");
    out.push_str(status);
    out.push('"');
    let mut answer = Object::inside(out);
    answer.text_or_null("reason", reason);
    let number = answer.key("b");
    number.push('"');
    shared.number.push(number);
    number.push('"');
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
    let mut rank = 0;
    for some in decision.routes.chunks(CHUNK) {
        let lines = gather(snapshot, some);
        for (route, line) in some.iter().zip(&lines) {
            rank += 1;
            write_route(snapshot, decision, &shared, (rank, route, line), routes);
        }
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

fn write_route(
    snapshot: &Snapshot,
    decision: &Decision,
    shared: &Shared<'_>,
    (rank, route, line): (usize, &Route, &Line<'_>),
    out: &mut String,
) {
    out.push_str(if rank > 1 {
        ",{\"rank\":"
    } else {
        "{\"rank\":"
    });
    write_unsigned(out, rank as u64);
    if let Some(parts) = &line.parts {
        out.push(',');
        out.push_str(parts.names);
        if parts.dials {
            shared.number.push(out);
        }
        out.push_str(parts.address);
        match line.code {
            Some(code) => {
                out.push('"');
                write_key(out, code);
                out.push('"');
            }
            None => out.push_str("null"),
        }
        if let Some((row, term)) = &line.terms {
            write_terms(snapshot, decision, (route, line), term, out);
            match shared.own {
                None => {
                    out.push_str("\",");
                    out.push_str(parts.timers);
                }
                own => {
                    out.push('"');
                    hints(snapshot, route.offer, own, out);
                }
            }
            write_end(snapshot, decision, route, (row, parts.plain), out);
        }
    }
    out.push('}');
}

/// `destination` to the digits of `eff`.
fn write_terms(
    snapshot: &Snapshot,
    decision: &Decision,
    (route, line): (&Route, &Line<'_>),
    term: &Term,
    out: &mut String,
) {
    let nanos = |nanos: i64| nanos.max(0).unsigned_abs();
    out.push_str(",\"destination\":");
    write_text(out, line.destination);
    out.push_str(",\"rate\":\"");
    let rate = nanos(term.rate_nanos);
    let printed = Short::decimal(rate, 9);
    let rate = (u128::from(rate), &printed);
    printed.push(out);
    out.push_str("\",\"first_rate\":\"");
    let first = term.terms().first_rate_nanos.unwrap_or(term.rate_nanos);
    write_again(out, u128::from(nanos(first)), rate);
    match line.scheme {
        Some(scheme) => out.push_str(scheme),
        None => {
            let currency = snapshot.index.currency(term.scheme.currency);
            fragments::write_scheme(out, &term.scheme, currency);
        }
    }
    write_again(out, decision.effective_nanos(route.comparable), rate);
}

/// `timeout_ms` to `hunt_next`, where the customer has words of its own.
fn hints(snapshot: &Snapshot, offer: u32, own: Option<&HuntWords>, out: &mut String) {
    if let Some(offer) = snapshot.access.offers.get(offer as usize) {
        let mut object = Object::inside(out);
        Hints::between(offer, own).write(&mut object);
    }
}

/// `score` to the end.
fn write_end(
    snapshot: &Snapshot,
    decision: &Decision,
    route: &Route,
    (row, plain): (&Row, bool),
    out: &mut String,
) {
    match route.score {
        Some(score) => {
            out.push_str(",\"score\":\"");
            write_decimal(out, u128::from(score), 9);
            out.push('"');
        }
        None => out.push_str(",\"score\":null"),
    }
    out.push_str(match (route.demoted, route.trial) {
        (false, false) => ",\"demoted\":false,\"trial\":false,\"deck_id\":",
        (true, false) => ",\"demoted\":true,\"trial\":false,\"deck_id\":",
        (true, true) => ",\"demoted\":true,\"trial\":true,\"deck_id\":",
        (false, true) => ",\"demoted\":false,\"trial\":true,\"deck_id\":",
    });
    match snapshot.index.window(row) {
        Some(window) => write_signed(out, window.deck_id),
        None => out.push_str("null"),
    }
    out.push_str(",\"deck_row\":");
    write_signed(out, i64::from(row.deck_row));
    if plain {
        out.push_str(",\"origin\":null,\"jurisdiction\":null");
    } else {
        let mut object = Object::inside(out);
        layer::write(
            &mut object,
            snapshot,
            decision,
            route.offer,
            route.choice,
            Some(row),
        );
    }
}
