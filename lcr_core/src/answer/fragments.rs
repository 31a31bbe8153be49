//! What an answer says of an offer and of a way to charge whatever the call, written once when the snapshot is opened: names,
//! address, timers; currency, fee, increments.

use super::hints::Hints;
use super::json::{Object, write_text};
use super::safe;
use crate::access::words::OfferWords;
use crate::digits::write_unsigned;
use crate::index::Index;
use crate::index::layout::Scheme;
use crate::layers::table::Table;
use crate::money::write_decimal;

/// The printed parts of every offer of access, by place.
#[derive(Debug, Default)]
pub struct Fragments {
    /// All texts one behind the other, so that those of one offer share cache lines.
    text: String,
    offers: Vec<Places>,
    /// Of the first schemes of the index, by number.
    schemes: Vec<SchemePlaces>,
}

/// Schemes beyond are printed anew in each answer; decks have a handful each.
const MOST_SCHEMES: usize = 1 << 16;

/// Where the parts of one scheme end in the text.
#[derive(Debug, Clone, Copy)]
struct SchemePlaces {
    start: u32,
    ends: [u32; 2],
}

/// Where the parts of one offer end in the text; each begins where the one before ends.
#[derive(Debug, Clone, Copy)]
struct Places {
    start: u32,
    ends: [u32; PARTS],
    timeout_ms: u32,
    dials: bool,
    dials_compact: bool,
    plain: bool,
}

const PARTS: usize = 6;

/// One offer's parts.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// `"offer":7,…,"uri":` and, with an address, `"sip:` and the prefix: the number goes behind it.
    pub names: &'a str,
    /// From behind the number to `"code":`.
    pub address: &'a str,
    /// `"timeout_ms"` to `"hunt_next"`.
    pub timers: &'a str,
    /// Has the offer an address?
    pub dials: bool,
    /// Neither origin groups, nor jurisdictions, nor an LRN count: those fields are null whatever the call.
    pub plain: bool,
}

/// One offer's parts in the compact form: to before the number, from behind it to `"rate":"`, the end of the route.
#[derive(Debug, Clone, Copy)]
pub struct Compact<'a> {
    pub names: &'a str,
    pub address: &'a str,
    pub end: &'a str,
    pub timeout_ms: u32,
    pub dials: bool,
}

impl Fragments {
    pub(crate) fn compile(offers: &[OfferWords], layers: &Table, index: &Index) -> Self {
        let mut made = Self::default();
        for scheme in index.schemes().take(MOST_SCHEMES) {
            let start = made.end();
            write_scheme(&mut made.text, scheme, index.currency(scheme.currency));
            let whole = made.end();
            write_scheme_compact(&mut made.text, index.currency(scheme.currency));
            made.schemes.push(SchemePlaces {
                start,
                ends: [whole, made.end()],
            });
        }
        for (place, offer) in (0u32..).zip(offers) {
            let start = made.end();
            let mut ends = [start; PARTS];
            let parts: [fn(&mut String, &OfferWords); PARTS] = [
                names,
                address,
                timers,
                compact_names,
                compact_address,
                compact_end,
            ];
            for (end, write) in ends.iter_mut().zip(parts) {
                write(&mut made.text, offer);
                *end = made.end();
            }
            made.offers.push(Places {
                start,
                ends,
                timeout_ms: offer.timeout_ms,
                dials: offer.uri_host.is_some(),
                dials_compact: dials_compact(offer),
                plain: !offer.lrn_rated && layers.of_offer(place).is_none(),
            });
        }
        made
    }

    fn end(&self) -> u32 {
        // Access files are far below 4 GiB; beyond it the parts would be missing, not wrong.
        u32::try_from(self.text.len()).unwrap_or(u32::MAX)
    }

    #[inline]
    fn cut(&self, from: u32, to: u32) -> Option<&str> {
        self.text.get(from as usize..to as usize)
    }

    /// Of the offer at this place in access.
    #[inline]
    pub fn of(&self, offer: u32) -> Option<Parts<'_>> {
        let places = self.offers.get(offer as usize)?;
        let [a, b, c, ..] = places.ends;
        Some(Parts {
            names: self.cut(places.start, a)?,
            address: self.cut(a, b)?,
            timers: self.cut(b, c)?,
            dials: places.dials,
            plain: places.plain,
        })
    }

    #[inline]
    pub fn compact_of(&self, offer: u32) -> Option<Compact<'_>> {
        let places = self.offers.get(offer as usize)?;
        let [_, _, c, d, e, f] = places.ends;
        Some(Compact {
            names: self.cut(c, d)?,
            address: self.cut(d, e)?,
            end: self.cut(e, f)?,
            timeout_ms: places.timeout_ms,
            dials: places.dials_compact,
        })
    }

    /// `","currency":` to `"eff":"` of the scheme with this number.
    #[inline]
    pub fn scheme(&self, scheme: u32) -> Option<&str> {
        let places = self.schemes.get(scheme as usize)?;
        self.cut(places.start, places.ends[0])
    }

    /// The same of the compact form.
    #[inline]
    pub fn compact_scheme(&self, scheme: u32) -> Option<&str> {
        let places = self.schemes.get(scheme as usize)?;
        self.cut(places.ends[0], places.ends[1])
    }
}

/// From behind a rate to before the digits of `eff`.
pub(super) fn write_scheme(out: &mut String, scheme: &Scheme, currency: &str) {
    out.push_str("\",\"currency\":");
    write_text(out, currency);
    out.push_str(",\"connect_fee\":\"");
    let fee = scheme.connect_fee_nanos.max(0).unsigned_abs();
    write_decimal(out, u128::from(fee), 9);
    out.push_str("\",\"free_seconds\":");
    write_unsigned(out, u64::from(scheme.free_seconds));
    out.push_str(",\"initial_increment\":");
    write_unsigned(out, u64::from(scheme.initial_increment));
    out.push_str(",\"next_increment\":");
    write_unsigned(out, u64::from(scheme.next_increment));
    out.push_str(",\"eff\":\"");
}

pub(super) fn write_scheme_compact(out: &mut String, currency: &str) {
    out.push_str("\",\"currency\":");
    write_text(out, currency);
    out.push_str(",\"eff\":\"");
}

/// The inside of a JSON string.
fn inner(out: &mut String, text: &str) {
    let mut quoted = String::new();
    write_text(&mut quoted, text);
    out.push_str(quoted.get(1..quoted.len() - 1).unwrap_or(""));
}

/// `host:port;transport=tcp`, port and transport where the offer has them.
pub(super) fn write_address(out: &mut String, offer: &OfferWords) {
    let host = offer.uri_host.as_deref().unwrap_or("");
    if host.contains(':') && !host.starts_with('[') {
        out.push('[');
        out.push_str(host);
        out.push(']');
    } else {
        out.push_str(host);
    }
    if let Some(port) = offer.uri_port {
        out.push(':');
        write_unsigned(out, u64::from(port));
    }
    if offer.transport != "udp" {
        out.push_str(";transport=");
        out.push_str(&offer.transport);
    }
}

fn fields(out: &mut String, write: impl FnOnce(&mut Object<'_>)) {
    let mut text = String::new();
    let mut object = Object::begin(&mut text);
    write(&mut object);
    out.push_str(text.get(1..).unwrap_or(""));
}

fn names(out: &mut String, offer: &OfferWords) {
    fields(out, |object| {
        object.int("offer", offer.offer_id);
        object.text("vendor", &offer.vendor);
        object.text("product", &offer.product);
        object.text("class", &offer.class);
    });
    out.push_str(",\"uri\":");
    if offer.uri_host.is_some() {
        out.push_str("\"sip:");
        inner(out, &offer.uri_user_prefix);
    }
}

fn address(out: &mut String, offer: &OfferWords) {
    if offer.uri_host.is_some() {
        let mut text = String::from("@");
        write_address(&mut text, offer);
        inner(out, &text);
        out.push_str("\",\"code\":");
    } else {
        out.push_str("null,\"code\":");
    }
}

fn timers(out: &mut String, offer: &OfferWords) {
    fields(out, |object| {
        Hints::between(offer, None).write(object);
    });
}

fn dials_compact(offer: &OfferWords) -> bool {
    offer.uri_host.as_deref().is_some_and(safe::is_plain_host)
}

fn compact_names(out: &mut String, offer: &OfferWords) {
    out.push_str("{\"offer\":");
    crate::digits::write_signed(out, offer.offer_id);
    out.push_str(",\"uri\":");
    if dials_compact(offer) {
        out.push_str("\"sip:");
        safe::user(out, &offer.uri_user_prefix);
    }
}

fn compact_address(out: &mut String, offer: &OfferWords) {
    if dials_compact(offer) {
        out.push('@');
        write_address(out, offer);
        out.push_str("\",\"rate\":\"");
    } else {
        out.push_str("null,\"rate\":\"");
    }
}

fn compact_end(out: &mut String, offer: &OfferWords) {
    out.push_str("\",\"timeout_ms\":");
    write_unsigned(out, u64::from(offer.timeout_ms));
    out.push('}');
}
