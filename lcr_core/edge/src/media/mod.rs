//! Media of test calls on the wire: sockets around the core's `rtp`.
//!
//! `ports` (a pool that gives each port back) · `stamped` (datagrams with kernel receive stamps) · `leg` (one side: source lock, figures,
//! sounds) · `reactor` (threads that wait for the sockets of many sessions) · `side` (the sockets of one leg) · `relay` (sessions of two legs)
//! · `endpoint` (our own end of a call: plays the marker, presses keys, listens, records, reports).

mod endpoint;
mod leg;
mod ports;
mod reactor;
mod relay;
mod side;
mod stamped;

pub use endpoint::{Endpoint, EndpointClosed, Play};
pub use leg::{Glance, LegFigures, LegSettings, Listening};
pub use ports::PortPool;
pub use reactor::Reactor;
pub use relay::{Closed, Keep, Relay, Session, ThreadedRelay};

/// Why no media session could be opened.
#[derive(Debug)]
pub enum MediaError {
    /// Every pair of ports is taken, by us or by others.
    NoPorts,
    Io(std::io::Error),
}

impl std::fmt::Display for MediaError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoPorts => out
                .write_str("no media ports are free; widen the port range or lower the call limit"),
            Self::Io(error) => write!(out, "media socket: {error}"),
        }
    }
}

impl std::error::Error for MediaError {}

#[cfg(test)]
mod tests;
