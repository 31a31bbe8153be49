//! Why each offer was taken or refused: the verdict with what a trader needs to see it.

use crate::access::Trunk;
use crate::access::policy::PolicyWords;
use crate::layers::find::Found;
use crate::money::nanos_to_string;
use crate::number::DigitKey;
use crate::policy::grant::{self, Offered};
use crate::policy::quality_floor;
use crate::policy::verdict::Verdict;
use crate::quality::Figures;
use crate::query::Scope;
use crate::rating::effective_nanos;
use crate::snapshot::Snapshot;
use crate::state::{Demotion, View};
use crate::time::instant_to_string;

/// One offer's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Place in access.
    pub offer: u32,
    pub verdict: Verdict,
    pub rank: Option<u32>,
    pub detail: String,
    /// Code and row that matched.
    pub matched: Option<(u32, u32)>,
    pub shadowed: Vec<u32>,
    pub comparable: Option<u128>,
    pub score: Option<u64>,
    pub figures: Figures,
    /// Origin choice, for an offer with groups.
    pub choice: Option<u16>,
    /// How its quality to this number is judged, and whether this call tries it all the same.
    pub demotion: Option<(Demotion, bool)>,
}

/// The operator sees all; others what they were granted and what is listed publicly.
pub fn is_visible(
    snapshot: &Snapshot,
    trunk: Option<&Trunk>,
    offered: Option<&Offered>,
    scope: Scope,
    offer: u32,
    at: i64,
) -> bool {
    scope == Scope::All
        || snapshot
            .access
            .offers
            .get(offer as usize)
            .is_some_and(|o| o.public)
        || !grant::refuses(trunk, offered, offer, at)
}

/// What the sentences are made of.
pub struct Context<'a> {
    pub snapshot: &'a Snapshot,
    pub policy: &'a PolicyWords,
    /// The number it is matched with.
    pub number: DigitKey,
    /// The number that was dialled.
    pub b: DigitKey,
    pub basis: u32,
    pub at: i64,
    pub most: usize,
    pub sell: Option<u128>,
    pub view: Option<&'a View>,
}

impl Context<'_> {
    pub(crate) fn detail(
        &self,
        offer: u32,
        verdict: Verdict,
        found: &Found,
        comparable: Option<u128>,
        figures: &Figures,
        rank: Option<u32>,
    ) -> String {
        let words = self.snapshot.access.offers.get(offer as usize);
        let code = |code: u32| {
            self.snapshot
                .index
                .code(code)
                .map(|c| c.to_string())
                .unwrap_or_default()
        };
        let matched = found.matched.map(|(c, _)| code(c)).unwrap_or_default();
        let eff = |comparable: u128| nanos_to_string(effective_nanos(comparable, self.basis));
        let base = &self.snapshot.access.base_currency;
        match verdict {
            Verdict::NotYetEffective => match found.pending {
                Some((c, _, from)) => {
                    format!("code {} begins at {}", code(c), instant_to_string(from))
                }
                None => String::new(),
            },
            Verdict::Expired => match found.ended {
                Some((c, _, until)) => {
                    format!("code {} ended at {}", code(c), instant_to_string(until))
                }
                None => String::new(),
            },
            Verdict::NoMatch => format!("no code of this offer is a prefix of {}", self.number),
            Verdict::Blocked => format!("code {matched} is blocked"),
            Verdict::Closed => format!("code {matched} is closed"),
            Verdict::Disabled => if words.is_some_and(|w| !w.enabled) {
                "the offer is switched off"
            } else {
                "the offer is switched off in the routing state"
            }
            .to_owned(),
            Verdict::DestinationBlocked => {
                let by = self.view.and_then(|v| v.blocked_by(offer, self.b));
                let by = by.map(|c| c.to_string()).unwrap_or_default();
                format!("code {by} of this offer is blocked in the routing state")
            }
            Verdict::NotGranted => {
                "the trunk has no grant for this offer at this instant".to_owned()
            }
            Verdict::Loop => {
                "the carrier is the one who asks, or one this trunk never uses".to_owned()
            }
            Verdict::Class => format!(
                "class {:?} is not among the policy's classes",
                words.map_or("", |w| &w.class)
            ),
            Verdict::NotExclusive => "the policy uses only other offers".to_owned(),
            Verdict::Cli => {
                "the policy needs the caller's number, and this offer does not keep it".to_owned()
            }
            Verdict::Signature => {
                "the policy needs the signature of the caller's identity, and this offer does not keep it"
                    .to_owned()
            }
            Verdict::NumberLength => {
                let (least, most) = words.map_or((1, 15), |w| (w.min_digits, w.max_digits));
                format!(
                    "{} has {} digits, this offer takes {least} to {most}",
                    self.b,
                    self.b.len()
                )
            }
            Verdict::Schedule => {
                let schedule = self.snapshot.access.schedules.get(offer as usize);
                match schedule.and_then(Option::as_ref) {
                    Some(s) => format!(
                        "{} in {} is outside the offer's hours",
                        s.local(self.at),
                        s.zone_name
                    ),
                    None => String::new(),
                }
            }
            Verdict::VendorCredit => "the carrier gives us no more credit".to_owned(),
            Verdict::CapReached => "the cap of the deal is used up".to_owned(),
            Verdict::ChannelsFull => match words.and_then(|w| w.max_channels) {
                Some(most) => format!("all {most} channels are in use"),
                None => "all channels are in use".to_owned(),
            },
            Verdict::CpsFull => match words.and_then(|w| w.max_cps) {
                Some(most) => format!("{most} calls a second are reached"),
                None => "the calls a second are reached".to_owned(),
            },
            Verdict::NoFx => "there is no exchange rate for the currency of this row".to_owned(),
            Verdict::QualityFloor => format!(
                "quality misses {}",
                quality_floor::missed(self.policy, figures).unwrap_or("a floor")
            ),
            Verdict::MaxCost => {
                let max = self.policy.max_cost_nanos.unwrap_or(0);
                format!(
                    "{} {base} a minute is more than {}",
                    eff(comparable.unwrap_or(0)),
                    nanos_to_string(u128::from(max))
                )
            }
            Verdict::ProfitGuard => match self.sell {
                Some(sell) => format!(
                    "costs {} {base} a minute and earns {}",
                    eff(comparable.unwrap_or(0)),
                    eff(sell)
                ),
                None => "no sell price for this number".to_owned(),
            },
            Verdict::Outranked => format!("passed, but behind the first {}", self.most),
            Verdict::Selected => format!(
                "route {} at {} {base} a minute",
                rank.unwrap_or(0),
                eff(comparable.unwrap_or(0))
            ),
        }
    }
}
