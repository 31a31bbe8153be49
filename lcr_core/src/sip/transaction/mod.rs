//! Transactions (RFC 3261 section 17 with RFC 6026): four machines driven by (now, input), and the layer that keeps them.
pub mod client;
pub mod key;
pub mod layer;
pub mod server;

use smallvec::SmallVec;
use std::sync::Arc;

pub use client::Client;
pub use layer::{ClientId, Layer, Received, ServerId};
pub use server::Server;

/// What a transaction wants done, at most three things a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Do {
    /// To the transaction's peer.
    Send(Arc<[u8]>),
    /// The user gets this message.
    Pass,
    /// No final answer in time (client), no ACK in time (server). The transaction is over.
    Timeout,
    /// The transaction is over; forget it.
    Gone,
}

pub type Todo = SmallVec<[Do; 3]>;
