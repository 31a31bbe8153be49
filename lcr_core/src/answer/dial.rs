//! FreeSWITCH dial strings: `[variables]sofia/…`, several parted by `|` (one after another).

use super::Dial;
use super::route::{View, push, views};
use crate::decide::Decision;
use crate::snapshot::Snapshot;

/// The whole list for one `bridge`; empty without a route.
pub(super) fn write(snapshot: &Snapshot, decision: &Decision, dial: &Dial<'_>, out: &mut String) {
    let mut first = true;
    for view in views(snapshot, decision).filter(|v| can_dial(v, dial)) {
        if !std::mem::take(&mut first) {
            out.push('|');
        }
        endpoint(&view, decision.trunk, dial, out);
    }
}

/// A gateway needs no address here, the switch has it.
pub(super) fn can_dial(view: &View<'_>, dial: &Dial<'_>) -> bool {
    dial.by_gateway || view.has_host()
}

/// One endpoint with its variables: the switch writes them into the record of this attempt, by which the exchange knows
/// whose call it was, by which product it went and which attempt it was (docs/call-records.md).
pub(super) fn endpoint(view: &View<'_>, trunk: Option<i64>, dial: &Dial<'_>, out: &mut String) {
    out.push('[');
    if let Some(trunk) = trunk {
        out.push_str("tandem_trunk=");
        push(out, trunk);
        out.push(',');
    }
    out.push_str("tandem_offer=");
    push(out, view.offer.offer_id);
    out.push_str(",tandem_attempt=");
    push(out, view.rank);
    out.push_str(",lcr_carrier=");
    view.carrier(out);
    out.push_str(",lcr_rate=");
    view.rate(out);
    out.push_str(",leg_progress_timeout=");
    push(out, view.timeout_s());
    out.push(']');
    if dial.by_gateway {
        out.push_str("sofia/gateway/");
        view.carrier(out);
        out.push('/');
        view.user(out);
    } else {
        out.push_str("sofia/");
        out.push_str(dial.profile);
        out.push('/');
        view.user(out);
        out.push('@');
        view.address(out);
    }
}
