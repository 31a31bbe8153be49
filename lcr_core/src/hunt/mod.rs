//! Hunting: what follows a vendor's final answer, and what one hunted call adds up to.
//!
//! Pure: the switch (or the edge) drives the calls and reports each attempt; this module says whether the next
//! route is tried, and counts the call once for the customer and each attempt for its vendor.
mod advance;
mod summary;

pub use advance::{Attempt, Step, advance};
pub use summary::{CustomerView, Hunt, VendorView, summarize};
