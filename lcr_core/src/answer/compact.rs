//! The native answer cut down to what call set-up needs; the full one can be had by `decision_id` from the records.

use super::json::Object;
use super::route::views;
use super::{Facts, time};
use crate::decide::Decision;
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
    for view in views(snapshot, decision) {
        if view.rank > 1 {
            routes.push(',');
        }
        let mut route = Object::begin(routes);
        route.int("offer", view.offer.offer_id);
        if view.has_host() {
            let uri = route.key("uri");
            uri.push('"');
            view.uri(uri);
            uri.push('"');
        } else {
            route.null("uri");
        }
        route.nanos("rate", view.term.rate_nanos);
        route.text("currency", view.currency);
        route.decimal("eff", view.eff_nanos, 9);
        route.int("timeout_ms", i64::from(view.offer.timeout_ms));
        route.end();
    }
    routes.push(']');
    answer.end();
}
