//! Asterisk's `CURL()` with `CURLOPT(hashcompat)=yes`: `name=value&name=value`, url-encoded. The decoded values go into
//! `Dial()` and may be read as dial plan, so they are plain before they are encoded.

use super::route::{View, push, views};
use super::{Facts, safe};
use crate::decide::Decision;
use crate::snapshot::Snapshot;

pub(super) fn write(snapshot: &Snapshot, decision: &Decision, facts: &Facts<'_>, out: &mut String) {
    out.push_str("status=");
    out.push_str(facts.status);
    out.push_str("&reason=");
    out.push_str(facts.reason.unwrap_or(""));
    out.push_str("&count=");
    push(out, views(snapshot, decision).count());
    out.push_str("&max_seconds=");
    push(out, decision.max_seconds);
    out.push_str("&decision_id=");
    safe::form(out, &facts.decision_id);
    for view in views(snapshot, decision) {
        let place = view.rank;
        pair(out, "route", place, |v| {
            v.push_str("PJSIP/");
            view.user(v);
            v.push('@');
            view.carrier(v);
        });
        pair(out, "uri", place, |v| view.uri(v));
        pair(out, "timeout", place, |v| push(v, view.timeout_s()));
        pair(out, "carrier", place, |v| view.carrier(v));
        pair(out, "offer", place, |v| push(v, view.offer.offer_id));
        pair(out, "rate", place, |v| view.rate(v));
        pair(out, "currency", place, |v| safe::label(v, view.currency));
        pair(out, "destination", place, |v| destination(&view, v));
    }
}

fn destination(view: &View<'_>, out: &mut String) {
    safe::label(out, view.destination);
}

fn pair(out: &mut String, name: &str, place: usize, value: impl FnOnce(&mut String)) {
    out.push('&');
    out.push_str(name);
    push(out, place);
    out.push('=');
    let from = out.len();
    value(out);
    if out.as_bytes()[from..]
        .iter()
        .any(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'-' | b'_' | b'.'))
    {
        safe::form_from(out, from);
    }
}
