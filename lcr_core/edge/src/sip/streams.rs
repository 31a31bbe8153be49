//! TCP and TLS: accepted and opened connections, messages cut out of their bytes. Bounded in number, in bytes that wait and in time.
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lcr_core::sip::peer::{Peer, Transport};
use lcr_core::sip::stream::{Frame, Framer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_rustls::rustls::pki_types::ServerName;

use super::counters::count;
use super::{Sip, ingress};
use crate::tls::Tls;

/// A message must be whole this long after its first byte, the first one this long after the connection.
const MESSAGE: Duration = Duration::from_secs(10);
/// A connection that says nothing for so long is closed; calls within it go on over others.
const IDLE: Duration = Duration::from_secs(600);
const CONNECT: Duration = Duration::from_secs(4);
const WRITE: Duration = Duration::from_secs(10);

/// Gives the place of a connection back, however it ends.
struct Place {
    sip: Arc<Sip>,
    number: u32,
    /// Whose share it is, where others opened it.
    accepted: Option<IpAddr>,
}

/// Connections one address may hold of all.
fn share(connections: usize) -> usize {
    (connections / 4).max(1)
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sip.wire.leave(self.number);
        self.sip.wire.open.fetch_sub(1, Ordering::Relaxed);
        if let Some(ip) = self.accepted {
            self.sip.wire.exit(ip);
        }
    }
}

/// Accepts until the runtime goes away.
pub async fn accept(sip: Arc<Sip>, listener: TcpListener, tls: Option<Arc<Tls>>) {
    loop {
        let Ok((stream, address)) = listener.accept().await else {
            // Out of file descriptors, most likely.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        if !ingress::passes(&sip, address) {
            continue;
        }
        if sip.wire.open.fetch_add(1, Ordering::Relaxed) >= sip.settings.max_connections {
            sip.wire.open.fetch_sub(1, Ordering::Relaxed);
            count(&sip.counters.crowded);
            continue;
        }
        if !sip
            .wire
            .enter(address.ip(), share(sip.settings.max_connections))
        {
            sip.wire.open.fetch_sub(1, Ordering::Relaxed);
            count(&sip.counters.crowded);
            continue;
        }
        count(&sip.counters.connections);
        let _ = stream.set_nodelay(true);
        let (sip, tls) = (Arc::clone(&sip), tls.clone());
        tokio::spawn(async move {
            let transport = if tls.is_some() {
                Transport::Tls
            } else {
                Transport::Tcp
            };
            let (peer, take) = sip.wire.join(transport, address);
            let place = Place {
                sip: Arc::clone(&sip),
                number: peer.socket,
                accepted: Some(address.ip()),
            };
            match tls {
                None => serve(&sip, stream, peer, take, false).await,
                Some(tls) => {
                    if let Some(stream) = tls.accept(stream).await {
                        serve(&sip, stream, peer, take, false).await;
                    }
                }
            }
            drop(place);
        });
    }
}

/// Opens a connection for messages that wait for it already. `asked`: how the sender named the peer.
pub async fn call(sip: Arc<Sip>, asked: Peer, peer: Peer, take: mpsc::Receiver<Arc<[u8]>>) {
    sip.wire.open.fetch_add(1, Ordering::Relaxed);
    count(&sip.counters.connections);
    let place = Place {
        sip: Arc::clone(&sip),
        number: peer.socket,
        accepted: None,
    };
    let connected = timeout(CONNECT, TcpStream::connect(peer.address)).await;
    let Ok(Ok(stream)) = connected else {
        drop(place);
        return sip.lost(asked);
    };
    let _ = stream.set_nodelay(true);
    if peer.transport == Transport::Tcp {
        return serve(&sip, stream, peer, take, true).await;
    }
    let name = ServerName::from(peer.address.ip());
    let shaken = match &sip.connector {
        None => None,
        Some(connector) => timeout(CONNECT, connector.connect(name, stream)).await.ok(),
    };
    match shaken {
        Some(Ok(stream)) => serve(&sip, stream, peer, take, true).await,
        _ => {
            drop(place);
            sip.lost(asked);
        }
    }
}

/// `heard`: the other side need not say anything soon, because we opened the connection.
async fn serve<S: AsyncRead + AsyncWrite>(
    sip: &Arc<Sip>,
    stream: S,
    peer: Peer,
    mut take: mpsc::Receiver<Arc<[u8]>>,
    mut heard: bool,
) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let (pong, mut pongs) = mpsc::channel::<()>(4);
    let writing = async {
        loop {
            let bytes = tokio::select! {
                Some(bytes) = take.recv() => bytes,
                Some(()) = pongs.recv() => Arc::from(&b"\r\n"[..]),
                else => return,
            };
            match timeout(WRITE, writer.write_all(&bytes)).await {
                Ok(Ok(())) => {}
                _ => return,
            }
        }
    };
    let reading = async {
        let mut framer = Framer::new();
        let mut buffer = vec![0u8; 8192];
        let mut begun = (!heard).then(Instant::now);
        loop {
            let patience = match begun {
                Some(since) => MESSAGE.saturating_sub(since.elapsed()),
                None => IDLE,
            };
            let Ok(Ok(length)) = timeout(patience, reader.read(&mut buffer)).await else {
                return;
            };
            if length == 0 {
                return;
            }
            framer.push(&buffer[..length]);
            loop {
                match framer.next_frame() {
                    None => break,
                    Some(Ok(Frame::Ping)) => {
                        let _ = pong.try_send(());
                    }
                    Some(Ok(Frame::Message(bytes))) => {
                        if !still(sip, peer.address) {
                            continue;
                        }
                        (begun, heard) = (None, true);
                        ingress::hand(sip, peer, &bytes);
                    }
                    Some(Err(_)) => return,
                }
            }
            begun = match framer.pending() {
                0 if heard => None,
                _ => begun.or_else(|| Some(Instant::now())),
            };
        }
    };
    tokio::select! {
        () = writing => {}
        () = reading => {}
    }
}

/// A peer that is no peer any more, or too fast, is not listened to.
fn still(sip: &Sip, address: SocketAddr) -> bool {
    ingress::passes(sip, address)
}
