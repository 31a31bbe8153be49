//! Datagrams with the time at which the kernel received them (SO_TIMESTAMPNS). Stamps taken in user space on a busy machine were off by
//! tens of milliseconds.

use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;
use std::time::{SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
};
use nix::sys::time::TimeSpec;

/// Longer datagrams are no media.
const MAX_BYTES: usize = 2048;

pub(super) fn enable(socket: &std::net::UdpSocket) -> io::Result<()> {
    setsockopt(socket, sockopt::ReceiveTimestampns, &true).map_err(io::Error::from)
}

/// Room for one datagram, used again and again.
pub(super) struct Receiver {
    bytes: [u8; MAX_BYTES],
    control: Vec<u8>,
}

pub(super) struct Datagram<'a> {
    /// UTC.
    pub at_nanos: i64,
    pub from: SocketAddr,
    pub bytes: &'a [u8],
}

/// Why nothing was read although the socket had something.
pub(super) enum Unread {
    WouldBlock,
    /// Too long, or of a strange family.
    Unusable,
    /// An error that belonged to something sent before; reading has taken it off the socket.
    Failed,
}

impl Receiver {
    pub fn new() -> Self {
        Self {
            bytes: [0; MAX_BYTES],
            control: nix::cmsg_space!(TimeSpec),
        }
    }

    pub fn receive(&mut self, socket: &impl AsRawFd) -> Result<Datagram<'_>, Unread> {
        let (length, at_nanos, from) = {
            let mut parts = [IoSliceMut::new(&mut self.bytes)];
            let flags = MsgFlags::MSG_DONTWAIT;
            let read = recvmsg::<SockaddrStorage>(
                socket.as_raw_fd(),
                &mut parts,
                Some(&mut self.control),
                flags,
            );
            let message = match read {
                Ok(message) => message,
                Err(Errno::EAGAIN) => return Err(Unread::WouldBlock),
                Err(_) => return Err(Unread::Failed),
            };
            let stamp = message.cmsgs().ok().and_then(|mut controls| {
                controls.find_map(|control| match control {
                    ControlMessageOwned::ScmTimestampns(stamp) => Some(stamp),
                    _ => None,
                })
            });
            let from = message.address.as_ref().and_then(address);
            let cut = message.flags.contains(MsgFlags::MSG_TRUNC);
            match from {
                Some(from) if !cut => (message.bytes, stamp.map_or_else(utc_nanos, nanos), from),
                _ => return Err(Unread::Unusable),
            }
        };
        Ok(Datagram {
            at_nanos,
            from,
            bytes: &self.bytes[..length],
        })
    }
}

impl Receiver {
    /// The bytes of the datagram that was received last.
    pub fn filled(&self, length: usize) -> &[u8] {
        &self.bytes[..length]
    }
}

fn nanos(stamp: TimeSpec) -> i64 {
    stamp.tv_sec() * 1_000_000_000 + stamp.tv_nsec()
}

/// For the rare datagram without a stamp (queued before stamps were asked for), and for ticks.
pub(super) fn utc_nanos() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(four) = storage.as_sockaddr_in() {
        return Some(SocketAddr::V4(SocketAddrV4::from(*four)));
    }
    let six = storage.as_sockaddr_in6()?;
    let plain = SocketAddrV6::new(six.ip(), six.port(), 0, 0);
    Some(SocketAddr::V6(plain))
}
