//! Kamailio's rtjson: `rtjson_init_routes(body)`, `rtjson_push_routes()`, `rtjson_next_route()`. Its keys exactly;
//! what stands beside them (status, decision id, a route's carrier and rate) is ignored by the module and free for the config.

use super::Facts;
use super::json::Object;
use super::route::{View, views};
use crate::decide::Decision;
use crate::snapshot::Snapshot;

/// How long a vendor may ring, in milliseconds: after ringing nobody hunts on a timer.
const RINGING_MS: i64 = 120_000;

pub(super) fn write(snapshot: &Snapshot, decision: &Decision, facts: &Facts<'_>, out: &mut String) {
    let mut answer = Object::begin(out);
    answer.text("version", "1.0");
    answer.text("routing", "serial");
    let routes = answer.key("routes");
    routes.push('[');
    let mut first = true;
    for view in views(snapshot, decision).filter(View::has_host) {
        if !std::mem::take(&mut first) {
            routes.push(',');
        }
        write_route(&view, routes);
    }
    routes.push(']');
    answer.text("status", facts.status);
    answer.text("reason", facts.reason.unwrap_or(""));
    answer.text("decision_id", &facts.decision_id);
    answer.text("snapshot", snapshot.id());
    answer.int("max_seconds", i64::from(decision.max_seconds));
    answer.end();
}

fn write_route(view: &View<'_>, out: &mut String) {
    let mut route = Object::begin(out);
    let uri = route.key("uri");
    uri.push('"');
    view.uri(uri);
    uri.push('"');
    let next_hop = route.key("dst_uri");
    next_hop.push('"');
    view.next_hop(next_hop);
    next_hop.push('"');
    route.text("path", "");
    route.text("socket", "");
    let headers = route.key("headers");
    headers.push_str("{\"extra\":\"\"}");
    route.int("branch_flags", 0);
    route.int("fr_timer", i64::from(view.no_reply_ms()));
    route.int("fr_inv_timer", RINGING_MS);
    let carrier = route.key("carrier");
    carrier.push('"');
    view.carrier(carrier);
    carrier.push('"');
    route.int("offer", view.offer.offer_id);
    route.nanos("rate", view.term.rate_nanos);
    route.text("currency", view.currency);
    route.end();
}
