//! Whom a message came from or goes to.
use std::net::SocketAddr;

use super::message::Message;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
    /// An agent of our own in the same process; nothing of it reaches a network.
    Inside,
}

impl Transport {
    /// Nothing is sent twice over a reliable transport.
    #[must_use]
    pub const fn reliable(self) -> bool {
        !matches!(self, Self::Udp)
    }

    /// As in Via.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp | Self::Inside => "TCP",
            Self::Tls => "TLS",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer {
    pub transport: Transport,
    pub address: SocketAddr,
    /// The listener (UDP) or connection (TCP, TLS) as the edge numbers them; 0: the edge chooses or connects.
    pub socket: u32,
}

impl Peer {
    /// Where answers to a request from here go (RFC 3261 18.2.2, RFC 3581): the connection it came by; over UDP the source
    /// address, its port where `rport` asks for it, else the port of the topmost Via. `maddr` is not followed: it would send our
    /// packets to strangers.
    #[must_use]
    pub fn reply_to(self, request: &Message) -> Self {
        let Some(via) = request.via().filter(|_| self.transport == Transport::Udp) else {
            return self;
        };
        if via.wants_rport() || via.rport().is_some() {
            return self;
        }
        let mut address = self.address;
        address.set_port(via.port.unwrap_or(5060));
        Self { address, ..self }
    }
}
