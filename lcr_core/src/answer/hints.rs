//! What a switch is told of hunting on a route: the customer's own words where its trunk has some, else the product's
//! (docs/decision.md 7). Codes one by one: what the customer says of a code goes before what the product says of it.

use super::json::Object;
use crate::access::words::{HuntWords, OfferWords};
use crate::decide::Decision;
use crate::snapshot::Snapshot;

/// A list of each side; `None` = it says nothing.
type List<'a> = Option<&'a [u16]>;

/// What the asking trunk says of hunting.
pub(super) fn own<'a>(snapshot: &'a Snapshot, decision: &Decision) -> Option<&'a HuntWords> {
    let trunk = decision.trunk.and_then(|id| snapshot.access.trunk(id));
    trunk.and_then(|t| t.hunt.as_ref())
}

pub struct Hints<'a> {
    pub timeout_ms: u32,
    /// To the first reply of any kind.
    pub no_reply_ms: Option<u32>,
    pub ringing_ms: Option<u32>,
    offer: &'a OfferWords,
    own: Option<&'a HuntWords>,
}

impl<'a> Hints<'a> {
    pub fn of(snapshot: &'a Snapshot, decision: &Decision, offer: &'a OfferWords) -> Self {
        Self::between(offer, own(snapshot, decision))
    }

    pub(super) fn between(offer: &'a OfferWords, own: Option<&'a HuntWords>) -> Self {
        let timer = |of: fn(&HuntWords) -> Option<u32>| own.and_then(of);
        Self {
            timeout_ms: timer(|h| h.timeout_ms).unwrap_or(offer.timeout_ms),
            no_reply_ms: timer(|h| h.no_reply_ms).or(offer.no_reply_ms),
            ringing_ms: timer(|h| h.ringing_ms).or(offer.ringing_ms),
            offer,
            own,
        }
    }

    /// `timeout_ms` to `hunt_next` of the native answer.
    pub(super) fn write(&self, object: &mut Object<'_>) {
        object.int("timeout_ms", i64::from(self.timeout_ms));
        object.int_or_null("no_reply_ms", self.no_reply_ms.map(i64::from));
        object.int_or_null("ringing_ms", self.ringing_ms.map(i64::from));
        object.ints_or_null("hunt_stop", self.hunt_stop());
        object.ints_or_null("hunt_next", self.hunt_next());
    }

    /// SIP codes that end the hunt; `None` = nobody says.
    pub fn hunt_stop(&self) -> Option<impl Iterator<Item = u16> + 'a> {
        let own = |of: fn(&HuntWords) -> List<'_>| self.own.and_then(of);
        let (stop, next) = (
            own(|h| h.hunt_stop.as_deref()),
            own(|h| h.hunt_next.as_deref()),
        );
        merged(stop, self.offer.hunt_stop.as_deref(), next)
    }

    /// SIP codes that try the next route; `None` = nobody says.
    pub fn hunt_next(&self) -> Option<impl Iterator<Item = u16> + 'a> {
        let own = |of: fn(&HuntWords) -> List<'_>| self.own.and_then(of);
        let (stop, next) = (
            own(|h| h.hunt_stop.as_deref()),
            own(|h| h.hunt_next.as_deref()),
        );
        merged(next, self.offer.hunt_next.as_deref(), stop)
    }
}

/// The customer's list, then what is left of the product's: neither named there already nor turned the other way.
fn merged<'a>(
    own: List<'a>,
    product: List<'a>,
    turned: List<'a>,
) -> Option<impl Iterator<Item = u16> + 'a> {
    let known = own.is_some() || product.is_some();
    let (own, turned) = (own.unwrap_or(&[]), turned.unwrap_or(&[]));
    let left = product.unwrap_or(&[]).iter().copied();
    let left = left.filter(move |code| !own.contains(code) && !turned.contains(code));
    known.then(|| own.iter().copied().chain(left))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn offer(stop: &str, next: &str) -> OfferWords {
        let json = format!(
            r#"{{"offer_id":1,"carrier_id":1,"vendor":"v","product":"p","no_reply_ms":1500,"ringing_ms":4000,"hunt_stop":{stop},"hunt_next":{next}}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    fn lists(offer: &OfferWords, own: Option<&HuntWords>) -> (Option<Vec<u16>>, Option<Vec<u16>>) {
        let hints = Hints::between(offer, own);
        (
            hints.hunt_stop().map(Iterator::collect),
            hints.hunt_next().map(Iterator::collect),
        )
    }

    #[test]
    fn a_customers_word_on_a_code_goes_before_the_products() {
        let product = offer("[503,486]", "[404,603]");
        let own: HuntWords =
            serde_json::from_str(r#"{"hunt_stop":[404,480],"hunt_next":[503]}"#).unwrap();
        assert_eq!(
            lists(&product, Some(&own)),
            (Some(vec![404, 480, 486]), Some(vec![503, 603]))
        );
        assert_eq!(
            lists(&product, None),
            (Some(vec![503, 486]), Some(vec![404, 603]))
        );
        assert_eq!(lists(&offer("null", "null"), None), (None, None));
        assert_eq!(
            lists(&offer("null", "null"), Some(&own)),
            (Some(vec![404, 480]), Some(vec![503]))
        );
    }

    #[test]
    fn timers_a_customer_does_not_name_stay_those_of_the_product() {
        let product = offer("null", "null");
        let own: HuntWords =
            serde_json::from_str(r#"{"timeout_ms":9000,"ringing_ms":7000}"#).unwrap();
        let hints = Hints::between(&product, Some(&own));
        assert_eq!(
            (hints.timeout_ms, hints.no_reply_ms, hints.ringing_ms),
            (9000, Some(1500), Some(7000))
        );
    }
}
