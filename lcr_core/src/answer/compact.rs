//! The native answer cut down to what call set-up needs; the full one can be had by `decision_id` from the records.

use super::json::{Object, write_text};
use super::native::{CHUNK, gather};
use super::{Facts, time};
use crate::decide::Decision;
use crate::digits::{write_key, write_unsigned};
use crate::money::write_decimal;
use crate::snapshot::Snapshot;

pub(super) fn write(snapshot: &Snapshot, decision: &Decision, facts: &Facts<'_>, out: &mut String) {
    let mut answer = Object::begin(out);
    answer.text("version", snapshot.id());
    answer.text("decision_id", &facts.decision_id);
    answer.text("status", facts.status);
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
            let (Some(parts), Some((_, term))) = (&line.parts, line.terms) else {
                continue;
            };
            if rank > 1 {
                routes.push(',');
            }
            routes.push_str(parts.compact_names);
            if parts.dials_compact {
                write_key(routes, decision.number);
            }
            routes.push_str(parts.compact_address);
            write_decimal(routes, u128::from(term.rate_nanos.max(0).unsigned_abs()), 9);
            routes.push_str("\",\"currency\":");
            write_text(routes, snapshot.index.currency(term.scheme.currency));
            routes.push_str(",\"eff\":\"");
            write_decimal(routes, decision.effective_nanos(route.comparable), 9);
            match own {
                None => routes.push_str(parts.compact_end),
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
