//! The sockets of one leg. The media socket is connected to its locked source: the kernel then knows the way without looking it up for
//! each packet, and turns everybody else away before they cost anything.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};

use super::ports::{Pair, PortLease};

// The sockets are closed before their pair of ports is free.
pub(super) struct Side {
    pub media: UdpSocket,
    pub control: UdpSocket,
    /// What the media socket is connected to.
    tied: Option<SocketAddr>,
    /// A socket that listens on every address of the machine stays open to all: connected, it would listen on one of them only.
    ties: bool,
    _ports: Pair,
}

impl Side {
    pub fn new(lease: PortLease) -> Self {
        let (media, control, ports) = lease.parts();
        let ties = media
            .local_addr()
            .is_ok_and(|own| !own.ip().is_unspecified());
        Self {
            media,
            control,
            tied: None,
            ties,
            _ports: ports,
        }
    }

    /// Connects the media socket to the only source that may speak; None: anybody may.
    #[inline]
    pub fn tie(&mut self, speaker: Option<SocketAddr>) {
        if self.ties && self.tied != speaker {
            self.change(speaker);
        }
    }

    fn change(&mut self, speaker: Option<SocketAddr>) {
        let done = match speaker {
            Some(speaker) => self.media.connect(speaker).is_ok(),
            None => rustix::net::connect_unspec(&self.media).is_ok(),
        };
        // What cannot be connected is sent to by address, as before.
        if done {
            self.tied = speaker;
        }
    }

    /// False: the socket would not take it. A full socket loses the packet, as a network does; waiting would delay every other one.
    pub fn send(&self, bytes: &[u8], target: SocketAddr) -> bool {
        if self.tied != Some(target) {
            return self.media.send_to(bytes, target).is_ok();
        }
        match self.media.send(bytes) {
            Ok(_) => true,
            // The answer to an earlier packet: that one found nobody, this one may.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                self.media.send(bytes).is_ok()
            }
            Err(_) => false,
        }
    }

    /// To the port beside the media's.
    pub fn send_control(&self, bytes: &[u8], mut media: SocketAddr) -> bool {
        media.set_port(media.port().saturating_add(1));
        self.control.send_to(bytes, media).is_ok()
    }
}
