//! Test calls forwarded between two parties: a back-to-back user agent driven by (now, input).
//!
//! `engine` (messages to calls, time to calls) · `types` (what goes in and comes out) · `state` (one call) · `setup` (INVITE to decision) ·
//! `attempt` (targets in turn) · `answered` · `inside` (requests within a call) · `ending` · `settling` · `leg` (one dialog) · `carry` (which headers pass) · `record` · `ids`.
//!
//! Topology is hidden: neither Via, Record-Route, Contact, Call-ID, tags nor From/To of one side reach the other.
mod answered;
mod attempt;
mod carry;
mod ending;
mod engine;
mod ids;
mod inside;
mod leg;
mod record;
mod settling;
mod setup;
mod state;
mod types;

pub use engine::B2bua;
pub use record::{Attempt, EndedBy, Record, Stamp};
pub use types::{
    Actions, CallId, Config, Decision, Event, Input, Local, Ports, Refusal, Route, Side, Target,
};
