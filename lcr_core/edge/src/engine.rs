//! The one place that touches the core: open a snapshot, look a caller up, decide and print.
use std::net::IpAddr;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use lcr_core::access::{Access, Key, Trunk};
use lcr_core::answer::{self, Dial, Format};
use lcr_core::decide::{Decision, Prepared};
use lcr_core::digits::write_key;
use lcr_core::error::QueryError;
use lcr_core::layers::lrn::Dip;
use lcr_core::number::DigitKey;
use lcr_core::query::{Call, Common, Scope};
use lcr_core::snapshot::Snapshot;
use lcr_core::state::View;

/// One question of an identified caller.
pub struct Ask<'a> {
    pub trunk_id: i64,
    pub dnis: DigitKey,
    pub ani: Option<DigitKey>,
    pub lrn: Option<DigitKey>,
    pub a_lrn: Option<DigitKey>,
    /// Somebody asked for the LRN already.
    pub npdi: bool,
    /// What asking elsewhere gave.
    pub dip: Option<Dip>,
    pub call_id: Option<&'a str>,
    pub at_us: i64,
    pub max: Option<u32>,
    pub explain: bool,
    pub decision_id: &'a str,
    pub format: Format,
    pub dial: Dial<'a>,
}

/// What answers: a snapshot and the state of one generation, compiled against it. `None` = nothing was ever told.
pub struct Serving {
    pub loaded: Arc<Loaded>,
    pub view: Option<View>,
}

impl Deref for Serving {
    type Target = Loaded;

    fn deref(&self) -> &Loaded {
        &self.loaded
    }
}

/// A snapshot in service.
pub struct Loaded {
    pub id: String,
    pub loaded_at: Instant,
    snapshot: Snapshot,
    /// Answers that named an offer first, of offers whose calls a second are limited, since they were last taken.
    calls: Vec<AtomicU32>,
}

impl Loaded {
    /// Open and verify; the message says what is wrong.
    /// Index files that `known` has open are not read again.
    pub fn open(root: &Path, id: &str, known: Option<&Self>) -> Result<Self, String> {
        let known = known.map(|loaded| &loaded.snapshot);
        let snapshot = Snapshot::open_beside(root, Some(id), known).map_err(|e| e.to_string())?;
        Ok(Self {
            id: snapshot.id().to_owned(),
            loaded_at: Instant::now(),
            calls: std::iter::repeat_with(AtomicU32::default)
                .take(snapshot.access.offers.len())
                .collect(),
            snapshot,
        })
    }

    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub fn access(&self) -> &Access {
        &self.snapshot.access
    }

    /// Offer ids and the calls that went to them first since this was last asked.
    pub fn take_calls(&self) -> impl Iterator<Item = (i64, u32)> + '_ {
        self.snapshot
            .access
            .offers
            .iter()
            .zip(&self.calls)
            .filter(|(offer, _)| offer.max_cps.is_some())
            .map(|(offer, calls)| (offer.offer_id, calls.swap(0, Ordering::Relaxed)))
            .filter(|(_, calls)| *calls > 0)
    }

    /// Does any offer limit its calls a second?
    pub fn limits_calls(&self) -> bool {
        let mut offers = self.snapshot.access.offers.iter();
        offers.any(|offer| offer.max_cps.is_some())
    }

    pub fn offer_count(&self) -> usize {
        self.snapshot.access.offers.len()
    }

    pub fn key(&self, digest: &[u8; 32]) -> Option<&Key> {
        self.snapshot.access.key(digest)
    }

    pub fn trunk(&self, id: i64) -> Option<&Trunk> {
        self.snapshot.access.trunk(id)
    }

    pub fn trunks_at(&self, ip: IpAddr) -> Vec<&Trunk> {
        self.snapshot.access.trunks_by_source(ip)
    }
}

impl Serving {
    /// Would a dip of this number be used for a call of this trunk that says no LRN itself?
    pub fn wants_dip(&self, trunk: &Trunk, number: DigitKey) -> bool {
        let snapshot = &self.loaded.snapshot;
        let of_file = || snapshot.lrn.as_ref().and_then(|file| file.get(number));
        trunk.lrn_sources.dip
            && snapshot.layers.any_lrn()
            && !(trunk.lrn_sources.file && of_file().is_some())
    }

    /// Decide and append the answer in its form to `body`; returns the status of the answer.
    pub fn decide(
        &self,
        ask: &Ask<'_>,
        scratch: &mut Scratch,
        body: &mut String,
    ) -> Result<&'static str, QueryError> {
        let snapshot = &self.loaded.snapshot;
        let common = Common {
            trunk: Some(ask.trunk_id),
            max: ask.max,
            ..Common::default()
        };
        let Scratch { call, decision } = scratch;
        let call = call.get_or_insert_with(|| Call::new(ask.dnis, ask.at_us));
        ask.write(call);
        let prepared = Prepared::new(snapshot, self.view.as_ref(), &common)?;
        let decision = match decision {
            Some(decision) => {
                prepared.decide_again(call, decision)?;
                decision
            }
            None => decision.insert(prepared.decide(call)?),
        };
        if let Some(first) = decision.routes.first() {
            let limited = snapshot.access.offers.get(first.offer as usize);
            if limited.is_some_and(|o| o.max_cps.is_some())
                && let Some(calls) = self.loaded.calls.get(first.offer as usize)
            {
                calls.fetch_add(1, Ordering::Relaxed);
            }
        }
        answer::write(ask.format, snapshot, decision, &ask.dial, body);
        Ok(decision.status.words().0)
    }
}

/// What a worker's last question and decision held, used again for the next.
#[derive(Default)]
pub struct Scratch {
    call: Option<Call>,
    decision: Option<Decision>,
}

impl Scratch {
    /// Of the last decision: was the number looked up, and the routing number it is ported to.
    pub fn ported(&self) -> Option<Option<DigitKey>> {
        self.decision.as_ref().and_then(Decision::looked_up)
    }
}

impl Ask<'_> {
    /// Writes the question into a call that held another one.
    fn write(&self, call: &mut Call) {
        call.number = self.dnis;
        call.at_us = self.at_us;
        match self.ani {
            Some(ani) => {
                let text = call.ani.get_or_insert_default();
                text.clear();
                write_key(text, ani);
            }
            None => call.ani = None,
        }
        call.lrn = self.lrn;
        call.a_lrn = self.a_lrn;
        call.npdi = self.npdi;
        call.dip = self.dip;
        copy(&mut call.call_id, self.call_id);
        copy(&mut call.decision_id, Some(self.decision_id));
        call.explain = self.explain.then_some(Scope::Caller);
    }
}

/// Copies the text into the room that is there.
fn copy(into: &mut Option<String>, text: Option<&str>) {
    match text {
        Some(text) => {
            let held = into.get_or_insert_default();
            held.clear();
            held.push_str(text);
        }
        None => *into = None,
    }
}
