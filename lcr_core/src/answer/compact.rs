//! The native answer cut down to what call set-up needs; the full one can be had by `decision_id` from the records.

use super::fragments::{self, Compact};
use super::json::{Object, write_text};
use super::native::{CHUNK, write_again};
use super::{Facts, row_and_term, time};
use crate::decide::{Decision, Route};
use crate::digits::{Short, write_unsigned};
use crate::index::layout::Term;
use crate::snapshot::Snapshot;

/// What the index says of a route.
#[derive(Clone, Copy, Default)]
struct Line<'a> {
    parts: Option<Compact<'a>>,
    term: Option<Term>,
    /// From behind the rate to `"eff":"`, where it stands ready.
    scheme: Option<&'a str>,
}

/// In steps, each for all routes: a wait for memory in one does not hold up the others.
fn gather<'a>(snapshot: &'a Snapshot, routes: &[Route]) -> [Line<'a>; CHUNK] {
    let mut lines = [Line::default(); CHUNK];
    for (line, route) in lines.iter_mut().zip(routes) {
        line.parts = snapshot.fragments.compact_of(route.offer);
        if let Some((row, term)) = row_and_term(snapshot, route.row) {
            line.term = Some(term);
            let scheme = snapshot.index.scheme_of(&row);
            line.scheme = scheme.and_then(|s| snapshot.fragments.compact_scheme(s));
        }
    }
    lines
}

pub(super) fn write(snapshot: &Snapshot, decision: &Decision, facts: &Facts<'_>, out: &mut String) {
    let number = Short::key(decision.number);
    out.push_str("{\"version\":");
    write_text(out, snapshot.id());
    out.push_str(",\"decision_id\":");
    write_text(out, &facts.decision_id);
    out.push_str(",\"status\":\"");
    out.push_str(facts.status);
    out.push('"');
    let mut answer = Object::inside(out);
    answer.text_or_null("reason", facts.reason);
    answer.digits("b", Some(decision.number));
    if decision.valid_until == time::NEVER {
        answer.null("valid_until");
    } else {
        answer.instant("valid_until", decision.valid_until);
    }
    answer.int("max_seconds", i64::from(decision.max_seconds));
    let routes = answer.key("routes");
    routes.push('[');
    let own = super::hints::own(snapshot, decision);
    let mut rank = 0;
    for some in decision.routes.chunks(CHUNK) {
        let lines = gather(snapshot, some);
        for (route, line) in some.iter().zip(&lines) {
            rank += 1;
            let (Some(parts), Some(term)) = (&line.parts, &line.term) else {
                continue;
            };
            if rank > 1 {
                routes.push(',');
            }
            routes.push_str(parts.names);
            if parts.dials {
                number.push(routes);
            }
            routes.push_str(parts.address);
            let rate = term.rate_nanos.max(0).unsigned_abs();
            let printed = Short::decimal(rate, 9);
            printed.push(routes);
            match line.scheme {
                Some(scheme) => routes.push_str(scheme),
                None => {
                    let currency = snapshot.index.currency(term.scheme.currency);
                    fragments::write_scheme_compact(routes, currency);
                }
            }
            let effective = decision.effective_nanos(route.comparable);
            write_again(routes, effective, (u128::from(rate), &printed));
            match own {
                None => routes.push_str(parts.end),
                Some(own) => {
                    routes.push_str("\",\"timeout_ms\":");
                    write_unsigned(
                        routes,
                        u64::from(own.timeout_ms.unwrap_or(parts.timeout_ms)),
                    );
                    routes.push('}');
                }
            }
        }
    }
    routes.push(']');
    answer.end();
}
