//! Which commands a tracker takes: known offers, and a limit on everything.

use super::command::{Command, CommandError};
use super::tracker::Tracker;

/// Entries of each list, and (offer, code) pairs that are counted.
const MAX_ENTRIES: usize = 100_000;

impl Tracker {
    pub(super) fn admits(&self, command: &Command) -> Result<(), CommandError> {
        if let Some(id) = command.offer_id() {
            let is_known = self.capacity.is_empty() || self.capacity.contains_key(&id);
            // What is undone may be of an offer that is gone.
            let undoes = matches!(
                command,
                Command::EnableOffer { .. }
                    | Command::Unblock { .. }
                    | Command::ForgetQuality { .. }
                    | Command::Cap { reached: false, .. }
            );
            if !is_known && !undoes {
                return Err(CommandError::UnknownOffer(id));
            }
        }
        let full = |what, len: usize| {
            if len > MAX_ENTRIES {
                let limit = MAX_ENTRIES;
                return Err(CommandError::Full { what, limit });
            }
            Ok(())
        };
        match command {
            Command::Block { .. } => full("blocks", self.blocks.len() + 1),
            Command::Quality { .. } => full("counted codes", self.measured.len() + 15),
            Command::VendorCredit { .. }
            | Command::CompanyCredit { .. }
            | Command::TrunkCredit { .. } => full(
                "credit flags",
                self.vendors_out.len() + self.companies_out.len() + self.trunks_out.len() + 1,
            ),
            Command::Set {
                disabled_offers,
                blocks,
                cap_reached,
                vendor_credit_out,
                company_credit_out,
                trunk_credit_out,
            } => {
                full("blocks", blocks.as_ref().map_or(0, Vec::len))?;
                let lists = [
                    disabled_offers,
                    cap_reached,
                    vendor_credit_out,
                    company_credit_out,
                    trunk_credit_out,
                ];
                lists
                    .into_iter()
                    .flatten()
                    .try_for_each(|list| full("ids in a list", list.len()))
            }
            _ => Ok(()),
        }
    }
}
