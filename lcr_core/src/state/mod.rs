//! What changes without a new snapshot (docs/decision.md 10): switches, blocks, capacity, credit, demotion, fresh counters.
//!
//! `words` the JSON · `view` the words compiled against one snapshot, immutable, read without a lock · `overlay` its longest
//! match · `tracker` applies commands and counts; its parts are `counters` (channels, CPS, decayed quality) and `judge`
//! (Wilson bounds, hysteresis). Nothing here reads a clock.

mod admit;
pub mod command;
pub mod counters;
pub mod judge;
mod overlay;
pub mod tracker;
pub mod view;
pub mod words;

pub use command::{Command, CommandError};
pub use judge::Rules;
pub use tracker::Tracker;
pub use view::{Demotion, View};
pub use words::{BlockWords, CountWords, DemotedWords, Level, Words};
