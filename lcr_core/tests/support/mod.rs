//! Seeded worlds for the tests: a few offers over few digits, so that codes nest, shadow, begin and end.
#![allow(dead_code, unused_imports, clippy::unwrap_used)]

mod compiled;
mod dice;
mod rates;
mod worlds;

pub use compiled::*;
pub use dice::Dice;
pub use rates::{Rate, batch};
pub use worlds::{random_policy, random_rates, random_state, world, world_of};

pub const EPOCH: i64 = 1_000_000;
