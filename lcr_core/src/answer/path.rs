//! Which offers have which prefix of a number: the codes on the way, longest first.

use super::json::Object;
use crate::index::layout::Row;
use crate::number::DigitKey;
use crate::snapshot::Snapshot;

/// `[{"code": "4420", "offers": [{"offer", "vendor", "product", "status", "destination", "rate", "currency", "deck_id", "deck_row"}]}]`
/// for every prefix of the number that is a code of some offer of access at that instant.
pub fn match_path(snapshot: &Snapshot, number: DigitKey, at_us: i64) -> String {
    let index = &snapshot.index;
    let mut out = String::from("[");
    for len in (1..=number.len()).rev() {
        let wanted = number.prefix(len);
        let of_len = |&code: &u32| index.code(code) == Some(wanted);
        let mut offers = String::new();
        // A row of a deck with layers stands in several columns, and is shown once.
        let mut shown: Vec<(i64, i64, i32)> = Vec::new();
        let at_code = index.chain(number).filter(of_len);
        let place = |row: &Row| {
            snapshot
                .offer_of_column
                .get(usize::from(row.column))
                .copied()
        };
        let mut rows: Vec<Row> = at_code
            .flat_map(|c| index.rows_at(c))
            .map(|r| r.1)
            .collect();
        rows.sort_by_key(place); // a patch's rows come after those of the base
        for row in rows {
            let offers_of = &snapshot.access.offers;
            let Some(offer) = place(&row).and_then(|o| offers_of.get(o as usize)) else {
                continue;
            };
            let (Some(window), Some(term)) = (
                index.window(&row).filter(|w| w.holds(at_us)),
                index.term(&row),
            ) else {
                continue;
            };
            if row.layer & crate::layers::HISTORY != 0 {
                continue;
            }
            if snapshot.layers.is_layered(row.column) {
                let this = (offer.offer_id, window.deck_id, row.deck_row);
                if shown.contains(&this) {
                    continue;
                }
                shown.push(this);
            }
            if !offers.is_empty() {
                offers.push(',');
            }
            let mut object = Object::begin(&mut offers);
            object.int("offer", offer.offer_id);
            object.text("vendor", &offer.vendor);
            object.text("product", &offer.product);
            object.text(
                "status",
                ["open", "blocked", "closed"]
                    .get(usize::from(row.status))
                    .unwrap_or(&"closed"),
            );
            object.text("destination", index.destination(&term));
            object.nanos("rate", term.rate_nanos);
            object.text("currency", index.currency(term.scheme.currency));
            object.int("deck_id", window.deck_id);
            object.int("deck_row", i64::from(row.deck_row));
            object.end();
        }
        if !offers.is_empty() {
            if out.len() > 1 {
                out.push(',');
            }
            let mut object = Object::begin(&mut out);
            object.digits("code", Some(wanted));
            let list = object.key("offers");
            list.push('[');
            list.push_str(&offers);
            list.push(']');
            object.end();
        }
    }
    out.push(']');
    out
}
