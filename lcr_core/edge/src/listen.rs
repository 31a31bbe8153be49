//! Listening sockets: TCP with SO_REUSEPORT (two processes may overlap at a restart) and, if wanted, a Unix
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
    unix: Option<UnixSide>,
}

impl Listeners {
    /// Bind; must run inside an event loop.
    pub fn bind(settings: &Settings) -> Result<Self, EdgeError> {
        let address = settings.address;
        let tcp = bind_tcp(address)
            .and_then(tokio::net::TcpListener::from_std)
            .map_err(|e| EdgeError::io(&format!("listen on {address}"), &e))?;
        let unix = match &settings.unix_socket {
            None => None,
            Some(path) => Some(
                bind_unix(path.clone())
                    .map_err(|e| EdgeError::io(&format!("listen on {}", path.display()), &e))?,
            ),
        };
        Ok(Self { tcp, unix })
    }

    pub fn address(&self) -> Result<SocketAddr, EdgeError> {
        self.tcp
            .local_addr()
            .map_err(|e| EdgeError::io("read the listening address", &e))
    }

    /// The next connection of either kind, not yet bound to an event loop: any worker may take it up.
    pub async fn accept(&self) -> io::Result<Accepted> {
        let Some(unix) = &self.unix else {
            let (stream, peer) = self.tcp.accept().await?;
            return Ok(Accepted::from_tcp(stream.into_std()?, peer));
        };
        tokio::select! {
            tcp = self.tcp.accept() => {
                let (stream, peer) = tcp?;
                Ok(Accepted::from_tcp(stream.into_std()?, peer))
            }
            unix = unix.listener.accept() => Ok(Accepted { stream: Stream::Unix(unix?.0.into_std()?), peer: None }),
        }
    }

    /// Take what already waits in the accept queues, then close them: those peers are connected, as they see it.
    pub fn close(self) -> Vec<Accepted> {
        let mut waiting = Vec::new();
        if let Ok(listener) = self.tcp.into_std() {
            while let Ok((stream, peer)) = listener.accept() {
                if stream.set_nonblocking(true).is_ok() {
                    waiting.push(Accepted::from_tcp(stream, peer));
                }
            }
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
    fn from_tcp(stream: std::net::TcpStream, peer: SocketAddr) -> Self {
        // Answers are written whole; waiting for more only adds delay. A failure costs speed, nothing else.
        let _ = stream.set_nodelay(true);
        Self {
            stream: Stream::Tcp(stream),
            peer: Some(peer.ip()),
        }
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
