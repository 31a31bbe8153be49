//! OpenSIPS: one flat JSON object (`$json(r/uri1)`), or the carriers alone for `route_to_carrier`.

use super::Facts;
use super::json::Object;
use super::route::{View, views};
use crate::decide::Decision;
use crate::snapshot::Snapshot;

pub(super) fn write(snapshot: &Snapshot, decision: &Decision, facts: &Facts<'_>, out: &mut String) {
    let mut answer = Object::begin(out);
    answer.text("status", facts.status);
    answer.text("reason", facts.reason.unwrap_or(""));
    answer.text("decision_id", &facts.decision_id);
    answer.text("snapshot", snapshot.id());
    answer.int("max_seconds", i64::from(decision.max_seconds));
    let dialled = || views(snapshot, decision).filter(View::has_host);
    answer.int("count", i64::try_from(dialled().count()).unwrap_or(0));
    for (place, view) in (1u32..).zip(dialled()) {
        let quoted = |answer: &mut Object<'_>, name: &str, write: &dyn Fn(&mut String)| {
            let out = answer.numbered(name, place);
            out.push('"');
            write(out);
            out.push('"');
        };
        quoted(&mut answer, "uri", &|out| view.uri(out));
        quoted(&mut answer, "carrier", &|out| view.carrier(out));
        super::route::push(answer.numbered("offer", place), view.offer.offer_id);
        super::route::push(answer.numbered("timeout", place), view.timeout_s());
        quoted(&mut answer, "rate", &|out| view.rate(out));
        super::json::write_text(answer.numbered("currency", place), view.currency);
        super::json::write_text(answer.numbered("destination", place), view.destination);
    }
    let list = answer.key("carriers");
    list.push('"');
    carriers(snapshot, decision, list);
    list.push('"');
    answer.end();
}

/// `v12,v7`: each carrier once, best first; empty without a route.
pub(super) fn carriers(snapshot: &Snapshot, decision: &Decision, out: &mut String) {
    let mut first = true;
    for view in views(snapshot, decision) {
        let named = views(snapshot, decision)
            .take_while(|v| v.rank < view.rank)
            .any(|v| v.offer.carrier_id == view.offer.carrier_id);
        if named {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        view.carrier(out);
    }
}
