//! FreeSWITCH over HTTP: a dial plan for mod_xml_curl, a document for mod_httapi. One `bridge` a route: FreeSWITCH goes
//! on to the next only after the causes of `continue_on_fail`, so a busy or declined call ends as it should.

use super::dial::{can_dial, endpoint};
use super::route::views;
use super::safe::attribute;
use super::{Dial, Facts};
use crate::decide::Decision;
use crate::snapshot::Snapshot;

/// The causes after which the next vendor is asked (docs/switches/freeswitch): what FreeSWITCH makes of 404 408 410 480 484
/// 488 500 502 503 504, of a gateway that is down and of no ringing in time.
pub const CONTINUE_ON: &str = "NORMAL_TEMPORARY_FAILURE,NETWORK_OUT_OF_ORDER,RECOVERY_ON_TIMER_EXPIRE,\
NO_ROUTE_DESTINATION,UNALLOCATED_NUMBER,INVALID_NUMBER_FORMAT,NUMBER_CHANGED,INCOMPATIBLE_DESTINATION,NO_USER_RESPONSE,\
PROGRESS_TIMEOUT,GATEWAY_DOWN,NORMAL_CIRCUIT_CONGESTION,SWITCH_CONGESTION,REQUESTED_CHAN_UNAVAIL,DESTINATION_OUT_OF_ORDER";

const NOT_FOUND: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<document type=\"freeswitch/xml\"><section name=\"result\"><result status=\"not found\"/></section></document>\n";

/// What a switch is told that asks for something other than a dial plan.
pub fn not_found(out: &mut String) {
    out.push_str(NOT_FOUND);
}

pub(super) fn dialplan(
    snapshot: &Snapshot,
    decision: &Decision,
    facts: &Facts<'_>,
    dial: &Dial<'_>,
    out: &mut String,
) {
    if !views(snapshot, decision).any(|v| can_dial(&v, dial)) {
        not_found(out);
        return;
    }
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<document type=\"freeswitch/xml\"><section name=\"dialplan\"><context name=\"");
    attribute(out, dial.context);
    out.push_str("\"><extension name=\"tandem\"><condition>");
    steps(snapshot, decision, facts, dial, "action", out);
    out.push_str("</condition></extension></context></section></document>\n");
}

pub(super) fn httapi(
    snapshot: &Snapshot,
    decision: &Decision,
    facts: &Facts<'_>,
    dial: &Dial<'_>,
    out: &mut String,
) {
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<document type=\"xml/freeswitch-httapi\"><params/><variables/><work>");
    if views(snapshot, decision).any(|v| can_dial(&v, dial)) {
        steps(snapshot, decision, facts, dial, "execute", out);
    }
    out.push_str("<hangup cause=\"NO_ROUTE_DESTINATION\"/></work></document>\n");
}

fn steps(
    snapshot: &Snapshot,
    decision: &Decision,
    facts: &Facts<'_>,
    dial: &Dial<'_>,
    element: &str,
    out: &mut String,
) {
    step(element, "set", out, |out| {
        out.push_str("continue_on_fail=");
        out.push_str(CONTINUE_ON);
    });
    step(element, "set", out, |out| {
        out.push_str("hangup_after_bridge=true")
    });
    step(element, "set", out, |out| {
        out.push_str("lcr_decision_id=");
        super::safe::label(out, &facts.decision_id);
    });
    step(element, "set", out, |out| {
        out.push_str("execute_on_answer=sched_hangup +");
        super::route::push(out, decision.max_seconds);
        out.push_str(" alloted_timeout");
    });
    for view in views(snapshot, decision).filter(|v| can_dial(v, dial)) {
        step(element, "bridge", out, |out| {
            endpoint(&view, decision.trunk, dial, out)
        });
    }
}

fn step(element: &str, application: &str, out: &mut String, data: impl FnOnce(&mut String)) {
    out.push('<');
    out.push_str(element);
    out.push_str(" application=\"");
    out.push_str(application);
    out.push_str("\" data=\"");
    let from = out.len();
    data(out);
    // Everything written is plain already; escaping again keeps this true whatever changes above.
    if out.as_bytes()[from..]
        .iter()
        .any(|b| matches!(b, b'&' | b'<' | b'>' | b'"' | b'\'' | 0..=31))
    {
        let raw = out.split_off(from);
        attribute(out, &raw);
    }
    out.push_str("\"/>");
}
