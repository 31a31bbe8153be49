//! A decision as JSON (docs/decision.md 7): one function for the edge, Python and the pages.

mod asterisk;
mod compact;
mod cost;
mod dial;
mod explained;
mod format;
pub(crate) mod fragments;
mod freeswitch;
mod hints;
pub mod json;
mod layer;
mod native;
mod opensips;
mod path;
mod route;
mod rtjson;
pub mod safe;
mod siphon;
mod text;

pub use format::Format;
pub use freeswitch::not_found as freeswitch_not_found;
pub use native::write_native;
pub use path::match_path;

use std::borrow::Cow;

use crate::decide::Decision;
use crate::index::container::{hex, sha256};
use crate::index::layout::{Row, Term};
use crate::snapshot::Snapshot;
use crate::time;

/// How FreeSWITCH is to dial.
#[derive(Debug, Clone, Copy)]
pub struct Dial<'a> {
    /// `sofia/gateway/v12/…` instead of `sofia/<profile>/…@host`.
    pub by_gateway: bool,
    /// A name (`safe::is_name`).
    pub profile: &'a str,
    /// The dial plan context of the call, a name too.
    pub context: &'a str,
}

impl Default for Dial<'_> {
    fn default() -> Self {
        Self {
            by_gateway: false,
            profile: "external",
            context: "public",
        }
    }
}

/// What every form says of the decision as a whole.
pub(crate) struct Facts<'a> {
    status: &'static str,
    reason: Option<&'static str>,
    decision_id: Cow<'a, str>,
}

/// Prints a decision of this snapshot in one of the forms. Only `Native` shows an explanation.
pub fn write(
    format: Format,
    snapshot: &Snapshot,
    decision: &Decision,
    dial: &Dial<'_>,
    out: &mut String,
) {
    if format == Format::Native {
        write_native(snapshot, decision, out);
        return;
    }
    let (status, reason) = decision.status.words();
    let facts = Facts {
        status,
        reason,
        decision_id: decision_id(snapshot, decision),
    };
    match format {
        Format::Native => {}
        Format::Compact => compact::write(snapshot, decision, &facts, out),
        Format::Rtjson => rtjson::write(snapshot, decision, &facts, out),
        Format::Freeswitch => freeswitch::dialplan(snapshot, decision, &facts, dial, out),
        Format::Httapi => freeswitch::httapi(snapshot, decision, &facts, dial, out),
        Format::DialString => dial::write(snapshot, decision, dial, out),
        Format::Opensips => opensips::write(snapshot, decision, &facts, out),
        Format::Carriers => opensips::carriers(snapshot, decision, out),
        Format::Asterisk => asterisk::write(snapshot, decision, &facts, out),
        Format::Siphon => siphon::write(snapshot, decision, &facts, out),
        Format::Text => text::write(snapshot, decision, &facts, out),
    }
}

/// Prints a decision of this snapshot.
pub fn native_json(snapshot: &Snapshot, decision: &Decision) -> String {
    let mut out = String::with_capacity(512 + decision.routes.len() * 512);
    write_native(snapshot, decision, &mut out);
    out
}

/// The id given with the question, or one made of the question: the same question has the same id.
pub fn decision_id<'a>(snapshot: &Snapshot, decision: &'a Decision) -> Cow<'a, str> {
    if let Some(id) = &decision.decision_id {
        return Cow::Borrowed(id);
    }
    let question = format!(
        "{}\0{}\0{:?}\0{}\0{:?}\0{:?}\0{:?}",
        snapshot.id(),
        decision.at_us,
        decision.trunk,
        decision.number,
        decision.ani,
        decision.lrn,
        decision.call_id
    );
    Cow::Owned(hex(&sha256(question.as_bytes())[..16]))
}

#[inline]
fn row_and_term(snapshot: &Snapshot, row: u32) -> Option<(Row, Term)> {
    let row = snapshot.index.row(row)?;
    Some((row, snapshot.index.term(&row)?))
}
