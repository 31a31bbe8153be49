//! The core: deciding a call's routes and rating it. Pure: no sockets, no clock, no Python.
//!
//! Map, lowest floor first: `error` `number` `digits` `time` `money` · `rating` (seconds to money) · `index` (codes of all offers
//! merged, one flat file) · `access` (offers, trunks, keys, policies) · `quality` (counters) · `snapshot` (index + access,
//! published by rename) · `policy` (one rule a file) · `state` (what changes without a new snapshot) · `decide` (the one entry point) · `explain` · `answer` (its JSON;
//! what it prints of offers is made when a snapshot is opened and kept there).
//! `hunt` (what follows a vendor's final answer), `rtp` (media, its figures and sounds) and `sip` (messages, calls) stand alone;
//! `testcall` (what a test call proves) reads `rtp`.
//! docs/decision.md is the contract.
#![deny(unsafe_code)]

pub mod access;
pub mod answer;
pub mod build_words;
pub mod decide;
pub mod digits;
pub mod error;
pub mod explain;
pub mod hunt;
pub mod index;
pub mod layers;
pub mod many;
pub mod money;
pub mod number;
pub mod policy;
pub mod quality;
pub mod query;
pub mod rating;
pub mod rtp;
pub mod sip;
pub mod snapshot;
pub mod state;
pub mod testcall;
pub mod time;
