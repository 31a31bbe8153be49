//! The one place that touches the core: open a snapshot, look a caller up, decide and print.
use std::net::IpAddr;
use std::path::Path;
use std::time::Instant;

use lcr_core::access::{Key, Trunk};
use lcr_core::answer::{self, Dial, Format};
use lcr_core::decide::decide;
use lcr_core::error::QueryError;
use lcr_core::number::DigitKey;
use lcr_core::query::{Call, Common, Query, Scope};
use lcr_core::snapshot::Snapshot;

/// One question of an identified caller.
pub struct Ask<'a> {
    pub trunk_id: i64,
    pub dnis: DigitKey,
    pub ani: Option<DigitKey>,
    pub lrn: Option<DigitKey>,
    pub call_id: Option<&'a str>,
    pub at_us: i64,
    pub max: Option<u32>,
    pub explain: bool,
    pub decision_id: &'a str,
    pub format: Format,
    pub dial: Dial<'a>,
}

/// A snapshot in service.
pub struct Loaded {
    pub id: String,
    pub loaded_at: Instant,
    snapshot: Snapshot,
}

impl Loaded {
    /// Open and verify; the message says what is wrong.
    pub fn open(root: &Path, id: &str) -> Result<Self, String> {
        let snapshot = Snapshot::open(root, Some(id)).map_err(|e| e.to_string())?;
        Ok(Self {
            id: snapshot.id().to_owned(),
            loaded_at: Instant::now(),
            snapshot,
        })
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

    /// Decide and append the answer in its form to `body`; returns the status of the answer.
    pub fn decide(&self, ask: &Ask<'_>, body: &mut String) -> Result<&'static str, QueryError> {
        let query = Query {
            common: Common {
                trunk: Some(ask.trunk_id),
                max: ask.max,
                ..Common::default()
            },
            call: Call {
                ani: ask.ani.map(|number| number.to_string()),
                lrn: ask.lrn,
                call_id: ask.call_id.map(str::to_owned),
                decision_id: Some(ask.decision_id.to_owned()),
                explain: ask.explain.then_some(Scope::Caller),
                ..Call::new(ask.dnis, ask.at_us)
            },
        };
        let decision = decide(&self.snapshot, None, &query)?;
        answer::write(ask.format, &self.snapshot, &decision, &ask.dial, body);
        Ok(decision.status.words().0)
    }
}
