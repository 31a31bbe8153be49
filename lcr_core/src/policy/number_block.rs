//! Numbers that are refused before any offer is looked at.

use crate::access::Trunk;
use crate::number::{DigitKey, longest_prefix_len};

/// The reason, or `None`. The longest code wins between the lists; blocked against opened, a tie refuses;
/// an opened code covers a closed one of its own length.
pub fn refused(
    closed_codes: &[DigitKey],
    trunk: Option<&Trunk>,
    number: DigitKey,
) -> Option<&'static str> {
    let (blocked, opened) = trunk.map_or((0, 0), |t| {
        (
            longest_prefix_len(&t.blocked_codes, number),
            longest_prefix_len(&t.opened_codes, number),
        )
    });
    if blocked > 0 && blocked >= opened {
        return Some("blocked_codes");
    }
    (longest_prefix_len(closed_codes, number) > opened).then_some("closed_codes")
}
