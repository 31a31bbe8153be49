//! What SIP counts, as a scrape shows it.
use std::sync::atomic::{AtomicU64, Ordering};

use crate::metrics::{head, line};

macro_rules! counters {
    ($($field:ident $name:literal $help:literal)*) => {
        #[derive(Default)]
        pub struct Counters {
            $(pub $field: AtomicU64,)*
        }

        impl Counters {
            fn lines(&self, out: &mut String) {
                $(
                    head(out, $name, "counter", $help);
                    line(out, $name, self.$field.load(Ordering::Relaxed));
                )*
            }
        }
    };
}

counters! {
    received "sip_messages_received_total" "Datagrams and messages of streams that were taken."
    sent "sip_messages_sent_total" "Messages handed to a socket."
    unsent "sip_messages_unsent_total" "Messages that no socket took."
    too_long "sip_dropped_too_long_total" "Datagrams longer than the cap, unread."
    strangers "sip_dropped_strangers_total" "Datagrams and connections of addresses that are no peer's, unread."
    too_fast "sip_dropped_too_fast_total" "Datagrams beyond a source's rate, unread."
    crowded "sip_dropped_full_total" "Messages that found their worker's queue full."
    panics "sip_panics_total" "Messages that brought a worker to a fault; it goes on."
    redirected "sip_redirects_total" "INVITEs answered with routes."
    without_route "sip_no_route_total" "INVITEs answered 404, 403 or 503."
    forwarded "sip_calls_forwarded_total" "Test calls forwarded with a ticket."
    originated "sip_calls_originated_total" "Test calls ordered and begun."
    far_ends "sip_calls_far_end_total" "Calls that came back to a number of ours."
    challenged "sip_challenges_total" "INVITEs whose ticket wants a password, asked for it."
    wrong "sip_wrong_passwords_total" "INVITEs with a wrong answer to the challenge."
    refused "sip_calls_refused_total" "Calls refused: no ticket, limits, no room."
    records "sip_records_total" "Records of calls written."
    connections "sip_connections_total" "Streams accepted or opened."
}

pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// What is so now.
pub struct Now {
    pub calls: usize,
    /// What the call machines of all workers hold: calls, transactions.
    pub held: [usize; 2],
    pub free_pairs: usize,
    pub streams: usize,
    /// `(offer_id, up)`.
    pub trunks: Vec<(i64, Option<bool>)>,
}

impl Counters {
    pub fn page(&self, now: &Now, out: &mut String) {
        self.lines(out);
        for (name, help, value) in [
            ("sip_calls", "Calls now.", now.calls),
            (
                "sip_machine_calls",
                "Calls the call machines hold: those, and the ends of calls that wait for an answer.",
                now.held[0],
            ),
            (
                "sip_transactions",
                "Transactions alive: they absorb copies for up to 32 seconds behind a call.",
                now.held[1],
            ),
            (
                "sip_media_pairs_free",
                "Pairs of media ports nobody holds.",
                now.free_pairs,
            ),
            ("sip_streams", "TCP and TLS connections now.", now.streams),
        ] {
            head(out, name, "gauge", help);
            line(out, name, value as u64);
        }
        if !now.trunks.is_empty() {
            head(
                out,
                "sip_trunk_up",
                "gauge",
                "1: the trunk answers OPTIONS; 0: it does not. Trunks not asked yet are left out.",
            );
        }
        for (offer, up) in &now.trunks {
            if let Some(up) = up {
                line(
                    out,
                    &format!("sip_trunk_up{{offer=\"{offer}\"}}"),
                    u64::from(*up),
                );
            }
        }
    }
}
