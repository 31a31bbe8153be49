//! The rules, one a file. Each is a pure function of what it needs; `decide` puts them in the order of docs/decision.md 4.

pub mod class;
pub mod enabled;
pub mod exclusive;
pub mod grant;
pub mod identity;
pub mod loop_guard;
pub mod max_cost;
pub mod number_block;
pub mod number_length;
pub mod order;
pub mod profit_guard;
pub mod quality_floor;
pub mod score;
pub mod share;
pub mod verdict;
