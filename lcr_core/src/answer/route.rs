//! One route as the formats see it: names and terms looked up once, the address in safe parts.

use super::hints::Hints;
use super::{row_and_term, safe};
use crate::access::words::OfferWords;
use crate::decide::{Decision, Route};
use crate::index::layout::Term;
use crate::money::write_decimal;
use crate::number::DigitKey;
use crate::snapshot::Snapshot;

pub struct View<'a> {
    pub rank: usize,
    pub offer: &'a OfferWords,
    pub term: Term,
    pub hints: Hints<'a>,
    pub number: DigitKey,
    pub destination: &'a str,
    pub currency: &'a str,
}

/// The routes of a decision, best first. What the snapshot does not know (never, in one that was verified) is left out.
pub fn views<'a>(
    snapshot: &'a Snapshot,
    decision: &'a Decision,
) -> impl Iterator<Item = View<'a>> + Clone {
    decision
        .routes
        .iter()
        .enumerate()
        .filter_map(move |(i, route)| view(snapshot, decision, i + 1, route))
}

fn view<'a>(
    snapshot: &'a Snapshot,
    decision: &Decision,
    rank: usize,
    route: &Route,
) -> Option<View<'a>> {
    let offer = snapshot.access.offers.get(route.offer as usize)?;
    let (_, term) = row_and_term(snapshot, route.row)?;
    Some(View {
        rank,
        offer,
        term,
        number: decision.number,
        hints: Hints::of(snapshot, decision, offer),
        destination: snapshot.index.destination(&term),
        currency: snapshot.index.currency(term.scheme.currency),
    })
}

impl View<'_> {
    /// `v12`: the carrier's id, the name of its gateway, endpoint or carrier in a switch. Unique, stable, and plain everywhere.
    pub fn carrier(&self, out: &mut String) {
        out.push('v');
        push(out, self.offer.carrier_id);
    }

    /// The number as it is dialled: the offer's prefix and the number.
    pub fn user(&self, out: &mut String) {
        safe::user(out, &self.offer.uri_user_prefix);
        push(out, self.number);
    }

    /// Has the offer an address that is plain in every format?
    pub fn has_host(&self) -> bool {
        self.offer
            .uri_host
            .as_deref()
            .is_some_and(safe::is_plain_host)
    }

    /// `host:port;transport=tcp`, port and transport where the offer has them.
    pub fn address(&self, out: &mut String) {
        super::fragments::write_address(out, self.offer);
    }

    /// `sip:user@address`; nothing without a plain host.
    pub fn uri(&self, out: &mut String) {
        if self.has_host() {
            out.push_str("sip:");
            self.user(out);
            out.push('@');
            self.address(out);
        }
    }

    /// `sip:address`: where the request is sent.
    pub fn next_hop(&self, out: &mut String) {
        if self.has_host() {
            out.push_str("sip:");
            self.address(out);
        }
    }

    pub fn rate(&self, out: &mut String) {
        write_decimal(
            out,
            u128::from(self.term.rate_nanos.max(0).unsigned_abs()),
            9,
        );
    }

    /// Milliseconds to wait for a first reply of any kind.
    pub fn no_reply_ms(&self) -> u32 {
        self.hints.no_reply_ms.unwrap_or(self.hints.timeout_ms)
    }

    /// Whole seconds to wait for the vendor's first ringing, rounded up.
    pub fn timeout_s(&self) -> u32 {
        let ms = self.hints.ringing_ms.unwrap_or(self.hints.timeout_ms);
        ms.div_ceil(1000).max(1)
    }
}

pub fn push(out: &mut String, value: impl std::fmt::Display) {
    use std::fmt::Write;
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}
