//! What comes in: length, source, rate, then its worker by Call-ID. Nothing here waits, and a datagram that is refused costs no
//! line, no parse and no answer.
use std::hash::BuildHasher;
use std::net::SocketAddr;
use std::sync::Arc;

use lcr_core::sip::peer::{Peer, Transport};
use tokio::net::UdpSocket;

use super::Sip;
use super::counters::count;
use super::gate::Passage;

/// Longest datagram that is looked at.
pub const DATAGRAM_BYTES: usize = 8192;

/// A message on its way to its worker.
#[derive(Debug)]
pub struct Packet {
    pub from: Peer,
    pub bytes: Box<[u8]>,
}

/// Reads one UDP listener until the runtime goes away.
pub async fn read(sip: Arc<Sip>, socket: Arc<UdpSocket>, number: u32) {
    // One byte more than the cap tells what is longer.
    let mut buffer = vec![0u8; DATAGRAM_BYTES + 1];
    loop {
        // An ICMP answer to what we sent comes up here as an error: nothing is to be done about it.
        let Ok((length, address)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        let bytes = &buffer[..length.min(DATAGRAM_BYTES)];
        if length > DATAGRAM_BYTES {
            count(&sip.counters.too_long);
            continue;
        }
        let from = Peer {
            transport: Transport::Udp,
            address,
            socket: number,
        };
        if passes(&sip, address) {
            hand(&sip, from, bytes);
        }
    }
}

/// Source and rate.
pub fn passes(sip: &Sip, address: SocketAddr) -> bool {
    match sip.gate.pass(address.ip(), sip.elapsed_ns()) {
        Passage::Pass => true,
        Passage::Stranger => {
            count(&sip.counters.strangers);
            false
        }
        Passage::TooFast => {
            count(&sip.counters.too_fast);
            false
        }
    }
}

/// To the worker whose call it is; dropped when that one has no room: the sender's transaction says it again.
pub fn hand(sip: &Sip, from: Peer, bytes: &[u8]) {
    // Keep-alives of two empty lines, and of four zero bytes.
    if bytes.len() <= 4 {
        return;
    }
    count(&sip.counters.received);
    let worker = &sip.workers[worker_of(sip, call_id(bytes))];
    let packet = Packet {
        from,
        bytes: bytes.into(),
    };
    if worker.packets.try_send(packet).is_err() {
        count(&sip.counters.crowded);
    }
}

fn worker_of(sip: &Sip, call_id: &[u8]) -> usize {
    // The last door is that of the health checks: only answers to what it asked go there.
    if let Some(own) = own_worker(call_id).filter(|own| *own < sip.workers.len()) {
        return own;
    }
    let hash = sip.hash.hash_one(call_id);
    usize::try_from(hash % sip.settings.workers as u64).unwrap_or(0)
}

/// What the Call-IDs of a worker begin with.
pub fn prefix(worker: usize) -> String {
    format!("w{worker}-")
}

fn own_worker(call_id: &[u8]) -> Option<usize> {
    let rest = call_id.strip_prefix(b"w")?;
    let end = memchr::memchr(b'-', rest)?;
    std::str::from_utf8(rest.get(..end)?).ok()?.parse().ok()
}

/// The value of the first Call-ID line, without parsing the rest; empty where there is none.
pub fn call_id(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        if line.is_empty() || line == b"\r" {
            break;
        }
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let name = line[..colon].trim_ascii();
        if name.eq_ignore_ascii_case(b"call-id") || name.eq_ignore_ascii_case(b"i") {
            return line[colon + 1..].trim_ascii();
        }
    }
    b""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_id_is_found_in_every_spelling() {
        let message = |line: &str| {
            format!("OPTIONS sip:a SIP/2.0\r\nVia: x\r\n{line}\r\nTo: y\r\n\r\nCall-ID: body\r\n")
        };
        for line in [
            "Call-ID: abc@x",
            "i:abc@x",
            "CALL-ID  :  abc@x ",
            "I : abc@x",
        ] {
            assert_eq!(call_id(message(line).as_bytes()), b"abc@x", "{line}");
        }
        assert_eq!(call_id(message("X: y").as_bytes()), b"");
        assert_eq!(call_id(b"\x00\x01"), b"");
    }

    #[test]
    fn our_own_calls_name_their_worker() {
        assert_eq!(
            own_worker(format!("{}abc@x", prefix(3)).as_bytes()),
            Some(3)
        );
        assert_eq!(own_worker(b"w-abc"), None);
        assert_eq!(own_worker(b"abc"), None);
    }
}
