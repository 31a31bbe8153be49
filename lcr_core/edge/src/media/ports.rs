//! Pairs of UDP ports, even for RTP and the next for RTCP. A lease gives its pair back when it is dropped, whatever ended the call; pairs
//! are reused oldest first, so that late packets of one call do not reach the next.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{MediaError, stamped};

#[derive(Debug, Clone)]
pub struct PortPool {
    address: IpAddr,
    free: Arc<Mutex<VecDeque<u16>>>,
    pairs: usize,
}

/// Two bound sockets, not blocking, with receive stamps.
#[derive(Debug)]
pub struct PortLease {
    // Dropped in this order: the sockets are closed before the pair is free.
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
    pair: Pair,
}

/// Gives its pair of ports back when it is dropped.
#[derive(Debug)]
pub(super) struct Pair {
    port: u16,
    free: Arc<Mutex<VecDeque<u16>>>,
}

impl Drop for Pair {
    fn drop(&mut self) {
        locked(&self.free).push_back(self.port);
    }
}

fn locked(free: &Mutex<VecDeque<u16>>) -> MutexGuard<'_, VecDeque<u16>> {
    free.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PortPool {
    /// Pairs within `first..=last`; an odd first port is passed over.
    pub fn new(address: IpAddr, first: u16, last: u16) -> Self {
        let begin = u32::from(first).next_multiple_of(2);
        let free: VecDeque<u16> = (begin..u32::from(last))
            .step_by(2)
            .filter_map(|port| u16::try_from(port).ok())
            .collect();
        Self {
            address,
            pairs: free.len(),
            free: Arc::new(Mutex::new(free)),
        }
    }

    /// Pairs another program holds are passed over and tried again later.
    pub fn lease(&self) -> Result<PortLease, MediaError> {
        for _ in 0..self.pairs {
            let port = locked(&self.free).pop_front().ok_or(MediaError::NoPorts)?;
            let pair = Pair {
                port,
                free: Arc::clone(&self.free),
            };
            match (self.bind(port), self.bind(port + 1)) {
                (Ok(rtp), Ok(rtcp)) => return Ok(PortLease { rtp, rtcp, pair }),
                (Err(error), _) | (_, Err(error)) if error.kind() == ErrorKind::AddrInUse => {}
                (Err(error), _) | (_, Err(error)) => return Err(MediaError::Io(error)),
            }
        }
        Err(MediaError::NoPorts)
    }

    fn bind(&self, port: u16) -> std::io::Result<UdpSocket> {
        let socket = UdpSocket::bind(SocketAddr::new(self.address, port))?;
        socket.set_nonblocking(true)?;
        stamped::enable(&socket)?;
        Ok(socket)
    }

    pub fn free_pairs(&self) -> usize {
        locked(&self.free).len()
    }

    #[cfg(test)]
    pub fn pairs(&self) -> usize {
        self.pairs
    }
}

impl PortLease {
    #[cfg(test)]
    pub fn port(&self) -> u16 {
        self.pair.port
    }

    /// Sockets apart from what gives their pair back.
    pub(super) fn parts(self) -> (UdpSocket, UdpSocket, Pair) {
        (self.rtp, self.rtcp, self.pair)
    }
}
