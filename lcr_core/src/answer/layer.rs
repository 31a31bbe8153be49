//! Which layer of a deck priced a route: its origin group and jurisdiction.

use super::json::Object;
use crate::decide::Decision;
use crate::index::layout::Row;
use crate::layers::WITHOUT_ORIGIN;
use crate::layers::lrn::LrnBy;
use crate::layers::origin::Origin;
use crate::snapshot::Snapshot;

/// Writes `origin` and `jurisdiction` of an offer (place in access); `row` = the one that matched.
pub(super) fn write(
    object: &mut Object<'_>,
    snapshot: &Snapshot,
    decision: &Decision,
    offer: u32,
    choice: Option<u16>,
    row: Option<&Row>,
) {
    let layered = snapshot.layers.of_offer(offer);
    let facts = &decision.facts;
    let rules = layered.and_then(|l| l.words.rules.origin.as_ref());
    match (layered, rules) {
        (Some(layered), Some(rules)) => {
            let origin = match (layered.origin(facts.caller), choice) {
                (Some(origin), _) => Some(origin),
                (None, choice) => choice.map(|c| Origin {
                    choice: usize::from(c),
                    prefix: None,
                }),
            };
            let group = origin.and_then(|o| rules.groups.get(o.choice));
            let surcharge = row
                .filter(|r| r.layer & WITHOUT_ORIGIN != 0)
                .and(origin)
                .and_then(|o| rules.surcharge(o.choice));
            let mut out = Object::begin(object.key("origin"));
            out.text_or_null("group", group.map(|g| g.name.as_str()));
            out.digits("prefix", origin.and_then(|o| o.prefix));
            out.text("reading", rules.reading.as_str());
            out.boolean("unknown", facts.caller.is_none());
            let surcharge = surcharge.filter(|s| *s > 0).map(i64::unsigned_abs);
            out.decimal_or_null("surcharge", surcharge.map(u128::from), 9);
            out.end();
        }
        _ => object.null("origin"),
    }
    let lrn_rated = snapshot
        .access
        .offers
        .get(offer as usize)
        .is_some_and(|o| o.lrn_rated);
    if !lrn_rated && !layered.is_some_and(|l| l.words.jurisdictions) {
        object.null("jurisdiction");
        return;
    }
    let sides = facts.sides(lrn_rated);
    let by_lrn = lrn_rated && facts.lrn.is_some();
    let mut out = Object::begin(object.key("jurisdiction"));
    out.text("is", sides.is.as_str());
    for (name, state) in [("a_state", &sides.a_state), ("b_state", &sides.b_state)] {
        let state = state.as_ref().and_then(|s| std::str::from_utf8(s).ok());
        out.text_or_null(name, state);
    }
    out.text("keyed", if by_lrn { "lrn" } else { "dialled" });
    out.boolean("lrn_unknown", lrn_rated && !facts.lrn_known);
    let by = facts.lrn_by.filter(|_| lrn_rated);
    out.text_or_null("lrn_by", by.map(LrnBy::as_str));
    out.end();
}
