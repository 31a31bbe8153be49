//! siphon-sip's external LCR API, contract version "1" (docs/reference/lcr-api.md of that project): it asks by POST and
//! walks the routes itself. `rate` is a JSON number there; it is written from the exact decimal, never through a float.

use super::Facts;
use super::json::Object;
use super::route::{View, views};
use crate::decide::Decision;
use crate::snapshot::Snapshot;

pub(super) fn write(snapshot: &Snapshot, decision: &Decision, facts: &Facts<'_>, out: &mut String) {
    let mut answer = Object::begin(out);
    let routes = answer.key("routes");
    routes.push('[');
    let mut first = true;
    for view in views(snapshot, decision).filter(View::has_host) {
        if !std::mem::take(&mut first) {
            routes.push(',');
        }
        write_route(&view, facts, routes);
    }
    routes.push(']');
    // A price may change at any instant and the key of siphon's cache knows no caller: nothing is to be cached.
    answer.int("cache_ttl_secs", 0);
    match facts.status {
        "blocked" | "no_credit" => {
            let mut reject = Object::begin(answer.key("reject"));
            reject.int("code", 603);
            reject.text("reason", facts.reason.unwrap_or(facts.status));
            reject.end();
        }
        _ => answer.null("reject"),
    }
    answer.end();
}

fn write_route(view: &View<'_>, facts: &Facts<'_>, out: &mut String) {
    let mut route = Object::begin(out);
    let mut quoted = |name: &str, write: &dyn Fn(&mut String)| {
        let out = route.key(name);
        out.push('"');
        write(out);
        out.push('"');
    };
    quoted("carrier_id", &|out| view.carrier(out));
    quoted("next_hop", &|out| view.next_hop(out));
    quoted("ruri", &|out| view.uri(out));
    view.rate(route.key("rate"));
    route.text("currency", view.currency);
    route.int(
        "billing_increment",
        i64::from(view.term.scheme.next_increment),
    );
    route.int(
        "min_duration",
        i64::from(view.term.scheme.initial_increment),
    );
    route.int("timeout_secs", i64::from(view.timeout_s()));
    let mut fields = Object::begin(route.key("cdr_fields"));
    fields.text("decision_id", &facts.decision_id);
    let offer = fields.key("offer_id");
    offer.push('"');
    super::route::push(offer, view.offer.offer_id);
    offer.push('"');
    fields.end();
    route.end();
}
