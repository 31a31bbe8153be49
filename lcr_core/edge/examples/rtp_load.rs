//! Media of many calls, and its sink: `rtp_load <file of port pairs> <first own port> <seconds> <packets before>`. Each line of
//! the file names the two ports of a relay that belong to one call; 50 packets of G.711 a second go to each, and are counted where they
//! come out. Numbers and timestamps go on after the packets an earlier run has sent on these calls.
//!
//! Call n speaks from own port first + n % 20 to the one, and from first + 20 + n % 20 to the other: so many calls share a socket and a
//! system call (sendmmsg, recvmmsg), and a millisecond sends a twentieth of the calls. Prints one line of JSON.
#![allow(clippy::unwrap_used, clippy::expect_used, unsafe_code)]

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use socket2::SockRef;

/// Groups of calls, one a millisecond.
const GROUPS: usize = 20;
const BYTES: usize = 172;
const BATCH: usize = 128;
const SOCKET_BYTES: usize = 8 * 1024 * 1024;

/// Calls of one group, one way: packets that are kept and sent again with their numbers raised.
struct Group {
    socket: UdpSocket,
    legs: Vec<usize>,
    packets: Vec<[u8; BYTES]>,
    _addresses: Vec<libc::sockaddr_in>,
    _parts: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

fn address(port: u16) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from(Ipv4Addr::LOCALHOST).to_be(),
        },
        sin_zero: [0; 8],
    }
}

fn header(part: *mut libc::iovec, name: Option<*mut libc::sockaddr_in>) -> libc::mmsghdr {
    // All zero is an empty header.
    let mut out: libc::mmsghdr = unsafe { std::mem::zeroed() };
    out.msg_hdr.msg_iov = part;
    out.msg_hdr.msg_iovlen = 1;
    if let Some(name) = name {
        out.msg_hdr.msg_name = name.cast();
        out.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as u32;
    }
    out
}

impl Group {
    fn new(own: u16, side: usize, group: usize, calls: &[[u16; 2]], before: u32) -> Self {
        let socket = UdpSocket::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, own)).unwrap();
        socket.set_nonblocking(true).unwrap();
        // More than the limit where we may; what the kernel gives otherwise.
        let _ = SockRef::from(&socket).set_recv_buffer_size(SOCKET_BYTES);
        let _ = SockRef::from(&socket).set_send_buffer_size(SOCKET_BYTES);
        let calls: Vec<usize> = (group..calls.len()).step_by(GROUPS).collect();
        let mut packets: Vec<[u8; BYTES]> = Vec::new();
        let mut noise = 0x9e37_79b9_u32 + own as u32;
        for call in &calls {
            let mut packet = [0u8; BYTES];
            packet[0] = 0x80;
            packet[1] = 8;
            packet[2..4].copy_from_slice(&(before as u16).to_be_bytes());
            packet[4..8].copy_from_slice(&before.wrapping_mul(160).to_be_bytes());
            packet[8..12].copy_from_slice(&(2 * *call as u32 + side as u32).to_be_bytes());
            for byte in &mut packet[12..] {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (noise >> 24) as u8;
            }
            packets.push(packet);
        }
        Self {
            socket,
            legs: calls,
            packets,
            _addresses: Vec::new(),
            _parts: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// The headers point into the group's own vectors, which are not changed after this.
    fn aim(&mut self, side: usize, calls: &[[u16; 2]]) {
        self._addresses = self.legs.iter().map(|n| address(calls[*n][side])).collect();
        let part = |packet: &mut [u8; BYTES]| libc::iovec {
            iov_base: packet.as_mut_ptr().cast(),
            iov_len: BYTES,
        };
        self._parts = self.packets.iter_mut().map(part).collect();
        let each = self._parts.iter_mut().zip(self._addresses.iter_mut());
        self.headers = each.map(|(part, to)| header(part, Some(to))).collect();
    }

    /// The next packet of each call; how many the kernel took.
    fn send(&mut self) -> u64 {
        let mut sent = 0;
        while sent < self.headers.len() {
            let rest = &mut self.headers[sent..];
            let done = unsafe {
                libc::sendmmsg(
                    self.socket.as_raw_fd(),
                    rest.as_mut_ptr(),
                    rest.len() as u32,
                    0,
                )
            };
            // An ICMP answer to an earlier packet: that one is lost, this one is tried again.
            sent += usize::try_from(done).unwrap_or(0);
            if done == 0 {
                break;
            }
        }
        for packet in &mut self.packets {
            let number = u16::from_be_bytes([packet[2], packet[3]]).wrapping_add(1);
            packet[2..4].copy_from_slice(&number.to_be_bytes());
            let at = u32::from_be_bytes(packet[4..8].try_into().unwrap()).wrapping_add(160);
            packet[4..8].copy_from_slice(&at.to_be_bytes());
        }
        sent as u64
    }
}

/// What came out of the relay.
#[derive(Default)]
struct Sink {
    received: u64,
    strange: u64,
    out_of_order: u64,
    /// By SSRC: the number that comes next.
    next: Vec<u16>,
}

impl Sink {
    fn take(&mut self, bytes: &[u8]) {
        let ssrc = bytes
            .get(8..12)
            .map(|b| u32::from_be_bytes(b.try_into().unwrap()) as usize);
        let Some(next) = ssrc.and_then(|ssrc| self.next.get_mut(ssrc)) else {
            self.strange += 1;
            return;
        };
        if bytes.len() != BYTES || bytes[1] & 0x7f != 8 {
            self.strange += 1;
            return;
        }
        let number = u16::from_be_bytes([bytes[2], bytes[3]]);
        self.out_of_order += u64::from(number != *next);
        *next = number.wrapping_add(1);
        self.received += 1;
    }
}

struct Reader {
    packets: Vec<[u8; 256]>,
    _parts: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

impl Reader {
    fn new() -> Self {
        let mut packets = vec![[0u8; 256]; BATCH];
        let part = |packet: &mut [u8; 256]| libc::iovec {
            iov_base: packet.as_mut_ptr().cast(),
            iov_len: 256,
        };
        let mut parts: Vec<libc::iovec> = packets.iter_mut().map(part).collect();
        let headers = parts.iter_mut().map(|part| header(part, None)).collect();
        Self {
            packets,
            _parts: parts,
            headers,
        }
    }

    fn drain(&mut self, socket: &UdpSocket, sink: &mut Sink) {
        loop {
            let got = unsafe {
                let room = self.headers.len() as u32;
                libc::recvmmsg(
                    socket.as_raw_fd(),
                    self.headers.as_mut_ptr(),
                    room,
                    libc::MSG_DONTWAIT,
                    std::ptr::null_mut(),
                )
            };
            let got = usize::try_from(got).unwrap_or(0);
            for (header, packet) in self.headers[..got].iter().zip(&self.packets) {
                sink.take(&packet[..header.msg_len as usize]);
            }
            if got < BATCH {
                return;
            }
        }
    }
}

fn main() {
    let mut words = std::env::args().skip(1);
    let file = words.next().expect("a file of port pairs");
    let first: u16 = words.next().and_then(|w| w.parse().ok()).expect("a port");
    let seconds: u64 = words.next().and_then(|w| w.parse().ok()).expect("seconds");
    let before: u32 = words.next().and_then(|w| w.parse().ok()).unwrap_or(0);
    let text = std::fs::read_to_string(file).unwrap();
    let calls: Vec<[u16; 2]> = text
        .lines()
        .map(|line| {
            let (a, b) = line.split_once(' ').unwrap();
            [a.parse().unwrap(), b.parse().unwrap()]
        })
        .collect();
    let mut groups: Vec<[Group; 2]> = (0..GROUPS)
        .map(|g| {
            [0, 1]
                .map(|side| Group::new(first + (side * GROUPS + g) as u16, side, g, &calls, before))
        })
        .collect();
    for pair in &mut groups {
        for (side, group) in pair.iter_mut().enumerate() {
            group.aim(side, &calls);
        }
    }
    let mut sink = Sink {
        next: vec![before as u16; 2 * calls.len()],
        ..Sink::default()
    };
    let mut reader = Reader::new();
    let (mut sent, mut late) = (0u64, 0u64);
    let begun = Instant::now();
    for tick in 0..seconds * 1000 {
        let due = begun + Duration::from_millis(tick);
        let now = Instant::now();
        match due.checked_duration_since(now) {
            Some(wait) => std::thread::sleep(wait),
            None => late += u64::from(now - due > Duration::from_millis(5)),
        }
        let at = (tick % GROUPS as u64) as usize;
        for group in &mut groups[at] {
            sent += group.send();
        }
        // What was sent two ticks ago has passed the relay, most of the time; the others are looked at in turn.
        for back in [1, 2, 3, 10] {
            for group in &groups[(at + GROUPS - back) % GROUPS] {
                reader.drain(&group.socket, &mut sink);
            }
        }
    }
    let took = begun.elapsed().as_secs_f64();
    let until = Instant::now() + Duration::from_secs(2);
    while sink.received < sent && Instant::now() < until {
        for group in groups.iter().flatten() {
            reader.drain(&group.socket, &mut sink);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    println!(
        "{{\"calls\": {}, \"sent\": {sent}, \"received\": {}, \"lost\": {}, \"out_of_order\": {}, \"strange\": {}, \
         \"late_ticks\": {late}, \"seconds\": {took:.3}}}",
        calls.len(),
        sink.received,
        sent.saturating_sub(sink.received),
        sink.out_of_order,
        sink.strange
    );
}
