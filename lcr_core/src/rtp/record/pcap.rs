//! Datagrams as a capture file with nanosecond stamps (libpcap format, link type raw IP): what the relay saw, without capture rights.

use std::net::{IpAddr, SocketAddr};

const MAGIC_NANOS: u32 = 0xa1b2_3c4d;
const LINK_RAW_IP: u32 = 101;
const FILE_HEADER_BYTES: usize = 24;
const UDP: u8 = 17;
/// The longest packet written; longer ones are cut, their true length stands beside.
const SNAP_BYTES: usize = 2048;

#[derive(Debug, Clone)]
pub struct Pcap {
    bytes: Vec<u8>,
    max_bytes: usize,
    left_out: u64,
}

impl Pcap {
    /// At least the file header is written, whatever the bound.
    pub fn new(max_bytes: usize) -> Self {
        let mut bytes = Vec::with_capacity(FILE_HEADER_BYTES);
        bytes.extend_from_slice(&MAGIC_NANOS.to_le_bytes());
        bytes.extend_from_slice(&2u16.to_le_bytes());
        bytes.extend_from_slice(&4u16.to_le_bytes());
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(&(SNAP_BYTES as u32).to_le_bytes());
        bytes.extend_from_slice(&LINK_RAW_IP.to_le_bytes());
        Self {
            bytes,
            max_bytes,
            left_out: 0,
        }
    }

    /// One UDP datagram. Both addresses must be of one family; a stamp before 1970, mixed families and a full file leave it out.
    pub fn push(&mut self, at_nanos: i64, from: SocketAddr, to: SocketAddr, payload: &[u8]) {
        let before = self.bytes.len();
        if self.write(at_nanos, from, to, payload).is_none() || self.bytes.len() > self.max_bytes {
            self.bytes.truncate(before);
            self.left_out += 1;
        }
    }

    fn write(
        &mut self,
        at_nanos: i64,
        from: SocketAddr,
        to: SocketAddr,
        payload: &[u8],
    ) -> Option<()> {
        let udp_bytes = u16::try_from(payload.len() + 8).ok()?;
        let mut packet = Vec::with_capacity(48 + payload.len());
        let mut sum = Sum::default();
        match (from.ip().to_canonical(), to.ip().to_canonical()) {
            (IpAddr::V4(source), IpAddr::V4(target)) => {
                let total = udp_bytes.checked_add(20)?;
                packet.extend_from_slice(&[0x45, 0]);
                packet.extend_from_slice(&total.to_be_bytes());
                packet.extend_from_slice(&[0, 0, 0x40, 0, 64, UDP, 0, 0]);
                packet.extend_from_slice(&source.octets());
                packet.extend_from_slice(&target.octets());
                let mut head = Sum::default();
                head.add(&packet);
                packet[10..12].copy_from_slice(&head.finish().to_be_bytes());
                sum.add(&packet[12..20]);
            }
            (IpAddr::V6(source), IpAddr::V6(target)) => {
                packet.extend_from_slice(&[0x60, 0, 0, 0]);
                packet.extend_from_slice(&udp_bytes.to_be_bytes());
                packet.extend_from_slice(&[UDP, 64]);
                packet.extend_from_slice(&source.octets());
                packet.extend_from_slice(&target.octets());
                sum.add(&packet[8..40]);
            }
            _ => return None,
        }
        let udp = packet.len();
        packet.extend_from_slice(&from.port().to_be_bytes());
        packet.extend_from_slice(&to.port().to_be_bytes());
        packet.extend_from_slice(&udp_bytes.to_be_bytes());
        packet.extend_from_slice(&[0, 0]);
        packet.extend_from_slice(payload);
        sum.add(&[0, UDP]);
        sum.add(&udp_bytes.to_be_bytes());
        sum.add(&packet[udp..]);
        // 0 would say that there is none.
        let checksum = match sum.finish() {
            0 => 0xffff,
            checksum => checksum,
        };
        packet[udp + 6..udp + 8].copy_from_slice(&checksum.to_be_bytes());
        let kept = packet.len().min(SNAP_BYTES);
        let seconds = u32::try_from(at_nanos.div_euclid(1_000_000_000)).ok()?;
        let nanos = at_nanos.rem_euclid(1_000_000_000) as u32;
        for word in [seconds, nanos, kept as u32, packet.len() as u32] {
            self.bytes.extend_from_slice(&word.to_le_bytes());
        }
        self.bytes.extend_from_slice(&packet[..kept]);
        Some(())
    }

    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The file as it stands.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The Internet checksum.
#[derive(Default)]
struct Sum(u64);

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        for pair in bytes.chunks(2) {
            let low = pair.get(1).copied().unwrap_or(0);
            self.0 += u64::from(u16::from_be_bytes([pair[0], low]));
        }
    }

    fn finish(&self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_datagram_lies_in_the_file_with_its_headers_and_stamp() {
        let mut pcap = Pcap::new(10_000);
        pcap.push(
            1_700_000_000_123_456_789,
            at("192.0.2.1:4000"),
            at("192.0.2.2:5000"),
            b"abc",
        );
        let bytes = pcap.bytes();
        assert_eq!(bytes[..4], [0x4d, 0x3c, 0xb2, 0xa1]);
        assert_eq!(bytes.len(), 24 + 16 + 31);
        assert_eq!(bytes[24..28], 1_700_000_000u32.to_le_bytes());
        assert_eq!(bytes[28..32], 123_456_789u32.to_le_bytes());
        let packet = &bytes[40..];
        assert_eq!((packet[0], packet[9], packet[3]), (0x45, 17, 31));
        assert_eq!(
            (&packet[20..24], &packet[28..]),
            (&[0x0f, 0xa0, 0x13, 0x88][..], &b"abc"[..])
        );
        let mut head = Sum::default();
        head.add(&packet[..20]);
        assert_eq!(head.finish(), 0, "the header's checksum holds");
    }

    #[test]
    fn both_families_are_written_and_mixed_ones_left_out() {
        let mut pcap = Pcap::new(10_000);
        pcap.push(
            1,
            at("[2001:db8::1]:4000"),
            at("[2001:db8::2]:5000"),
            b"abcd",
        );
        assert_eq!(pcap.bytes().len(), 24 + 16 + 52);
        pcap.push(1, at("[::ffff:192.0.2.1]:1"), at("192.0.2.2:2"), b"x");
        assert_eq!(pcap.left_out(), 0, "a mapped address is the plain one");
        pcap.push(1, at("[2001:db8::1]:4000"), at("192.0.2.2:2"), b"x");
        pcap.push(-5, at("192.0.2.1:1"), at("192.0.2.2:2"), b"x");
        assert_eq!(pcap.left_out(), 2);
    }

    #[test]
    fn a_full_file_takes_no_more_and_counts() {
        let mut pcap = Pcap::new(24 + 2 * (16 + 28 + 160));
        for n in 0..5 {
            pcap.push(n, at("192.0.2.1:1"), at("192.0.2.2:2"), &[0; 160]);
        }
        assert_eq!((pcap.left_out(), pcap.bytes().len()), (3, 24 + 2 * 204));
        let mut long = Pcap::new(10_000);
        long.push(1, at("192.0.2.1:1"), at("192.0.2.2:2"), &[0; 3000]);
        assert_eq!(long.bytes().len(), 24 + 16 + 2048);
    }
}
