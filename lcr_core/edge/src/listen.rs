//! Listening sockets: TCP with SO_REUSEPORT (two processes may overlap at a restart), if wanted another for TLS, and a Unix
//! socket that is put in place by rename.
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use socket2::{Domain, Protocol, Socket, Type};

use crate::EdgeError;
use crate::config::Settings;

const BACKLOG: i32 = 4096;

pub enum Stream {
    Tcp(std::net::TcpStream),
    /// TCP whose first bytes are to be a TLS handshake.
    Tls(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

/// A new connection; `peer` is `None` for the Unix socket.
pub struct Accepted {
    pub stream: Stream,
    pub peer: Option<IpAddr>,
}

struct UnixSide {
    listener: tokio::net::UnixListener,
    path: PathBuf,
    inode: u64,
}

pub struct Listeners {
    tcp: tokio::net::TcpListener,
    tls: Option<tokio::net::TcpListener>,
    unix: Option<UnixSide>,
}

impl Listeners {
    /// Bind; must run inside an event loop.
    pub fn bind(settings: &Settings) -> Result<Self, EdgeError> {
        let bind = |address: SocketAddr| {
            bind_tcp(address)
                .and_then(tokio::net::TcpListener::from_std)
                .map_err(|e| EdgeError::io(&format!("listen on {address}"), &e))
        };
        let tcp = bind(settings.address)?;
        let tls = settings.tls.as_ref().map(|t| bind(t.address)).transpose()?;
        let unix = match &settings.unix_socket {
            None => None,
            Some(path) => Some(
                bind_unix(path.clone())
                    .map_err(|e| EdgeError::io(&format!("listen on {}", path.display()), &e))?,
            ),
        };
        Ok(Self { tcp, tls, unix })
    }

    pub fn address(&self) -> Result<SocketAddr, EdgeError> {
        self.tcp
            .local_addr()
            .map_err(|e| EdgeError::io("read the listening address", &e))
    }

    /// The address of the TLS listener, when there is one.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls.as_ref()?.local_addr().ok()
    }

    /// The next connection of any kind, not yet bound to an event loop: any worker may take it up.
    pub async fn accept(&self) -> io::Result<Accepted> {
        tokio::select! {
            tcp = self.tcp.accept() => {
                let (stream, peer) = tcp?;
                Ok(Accepted::from_tcp(stream.into_std()?, peer, Stream::Tcp))
            }
            tls = next_tls(self.tls.as_ref()) => {
                let (stream, peer) = tls?;
                Ok(Accepted::from_tcp(stream.into_std()?, peer, Stream::Tls))
            }
            unix = next_unix(self.unix.as_ref()) => Ok(Accepted { stream: Stream::Unix(unix?.into_std()?), peer: None }),
        }
    }

    /// Take what already waits in the accept queues, then close them: those peers are connected, as they see it.
    pub fn close(self) -> Vec<Accepted> {
        let mut waiting = Vec::new();
        let mut empty = |listener: tokio::net::TcpListener, kind: fn(_) -> Stream| {
            let Ok(listener) = listener.into_std() else {
                return;
            };
            while let Ok((stream, peer)) = listener.accept() {
                if stream.set_nonblocking(true).is_ok() {
                    waiting.push(Accepted::from_tcp(stream, peer, kind));
                }
            }
        };
        empty(self.tcp, Stream::Tcp);
        if let Some(tls) = self.tls {
            empty(tls, Stream::Tls);
        }
        if let Some(unix) = self.unix {
            if let Ok(listener) = unix.listener.into_std() {
                while let Ok((stream, _)) = listener.accept() {
                    if stream.set_nonblocking(true).is_ok() {
                        waiting.push(Accepted {
                            stream: Stream::Unix(stream),
                            peer: None,
                        });
                    }
                }
            }
            // Only our own file: a process that overlaps us may have put its socket in place already.
            if std::fs::metadata(&unix.path).is_ok_and(|m| m.ino() == unix.inode) {
                let _ = std::fs::remove_file(&unix.path);
            }
        }
        waiting
    }
}

impl Accepted {
    fn from_tcp(
        stream: std::net::TcpStream,
        peer: SocketAddr,
        kind: fn(std::net::TcpStream) -> Stream,
    ) -> Self {
        // Answers are written whole; waiting for more only adds delay. A failure costs speed, nothing else.
        let _ = stream.set_nodelay(true);
        if peer.ip().to_canonical().is_loopback() {
            unpace(&stream);
        }
        Self {
            stream: kind(stream),
            peer: Some(peer.ip()),
        }
    }
}

/// A switch on this machine: there is no path to share, so the algorithm that computes least will do, which every kernel has.
/// Others pace what is sent, by a timer for each answer. A failure costs speed, nothing else.
#[cfg(target_os = "linux")]
fn unpace(stream: &std::net::TcpStream) {
    let _ = socket2::SockRef::from(stream).set_tcp_congestion(b"reno");
}

#[cfg(not(target_os = "linux"))]
fn unpace(_: &std::net::TcpStream) {}

async fn next_tls(
    listener: Option<&tokio::net::TcpListener>,
) -> io::Result<(tokio::net::TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

async fn next_unix(side: Option<&UnixSide>) -> io::Result<tokio::net::UnixStream> {
    match side {
        Some(side) => Ok(side.listener.accept().await?.0),
        None => std::future::pending().await,
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn bind_unix(path: PathBuf) -> io::Result<UnixSide> {
    let mut fresh = path.clone().into_os_string();
    fresh.push(format!(".{}", std::process::id()));
    let _ = std::fs::remove_file(&fresh);
    let listener = UnixListener::bind(&fresh)?;
    listener.set_nonblocking(true)?;
    let inode = std::fs::metadata(&fresh)?.ino();
    std::fs::rename(&fresh, &path)?;
    Ok(UnixSide {
        listener: tokio::net::UnixListener::from_std(listener)?,
        path,
        inode,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_connection_of_this_machine_is_not_paced() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, peer) = listener.accept().unwrap();
        let accepted = Accepted::from_tcp(stream, peer, Stream::Tcp);
        let Stream::Tcp(stream) = accepted.stream else {
            panic!("TCP stays TCP");
        };
        let used = socket2::SockRef::from(&stream).tcp_congestion().unwrap();
        assert!(used.starts_with(b"reno"));
        assert!(stream.nodelay().unwrap());
    }
}
