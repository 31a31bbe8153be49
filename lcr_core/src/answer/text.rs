//! Plain lines. First `status reason routes max_seconds decision_id` (`-` for no reason), then one line a route:
//! `uri timeout_ms carrier rate currency` (`-` for a route without an address). Blanks stand only between fields.

use super::route::{push, views};
use super::{Facts, safe};
use crate::decide::Decision;
use crate::snapshot::Snapshot;

pub(super) fn write(snapshot: &Snapshot, decision: &Decision, facts: &Facts<'_>, out: &mut String) {
    out.push_str(facts.status);
    out.push(' ');
    out.push_str(facts.reason.unwrap_or("-"));
    out.push(' ');
    push(out, views(snapshot, decision).count());
    out.push(' ');
    push(out, decision.max_seconds);
    out.push(' ');
    safe::form(out, &facts.decision_id);
    out.push('\n');
    for view in views(snapshot, decision) {
        if view.has_host() {
            view.uri(out);
        } else {
            out.push('-');
        }
        out.push(' ');
        push(out, view.hints.timeout_ms);
        out.push(' ');
        view.carrier(out);
        out.push(' ');
        view.rate(out);
        out.push(' ');
        safe::form(out, view.currency);
        out.push('\n');
    }
}
