//! The RTP header (RFC 3550 5.1), its header extension (5.3.1) and padding: parsed without a copy, written into the caller's bytes.

/// Bytes of the fixed header.
pub const HEADER_BYTES: usize = 12;
/// The count field has four bits.
pub const MAX_CSRC: usize = 15;

/// Why bytes are not an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    #[error("shorter than an RTP header: {0} bytes of at least 12")]
    Short(usize),
    #[error("RTP version {0}, not 2")]
    Version(u8),
    #[error("{0} contributing sources do not fit into the packet")]
    Csrc(usize),
    #[error("the header extension ends beyond the packet")]
    Extension,
    #[error("padding of {0} bytes does not fit into the payload")]
    Padding(u8),
    #[error("the packet needs {0} bytes, the buffer has fewer")]
    Buffer(usize),
}

/// Whether the payload can be read. SRTP encrypts payload and padding count; only its header is clear (RFC 3711 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    Clear,
    Srtp,
}

/// One header extension: its profile word and its body, whole 32-bit words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension<'a> {
    pub profile: u16,
    pub body: &'a [u8],
}

/// One RTP packet, borrowed from the datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    pub marker: bool,
    /// 0..=127.
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    /// Contributing sources, four bytes each, network order.
    pub csrc: &'a [u8],
    pub extension: Option<Extension<'a>>,
    /// Without padding when clear; with everything that follows the header when SRTP.
    pub payload: &'a [u8],
    /// Bytes of padding, its count byte included; 0 = none.
    pub padding: u8,
}

/// RTCP on the same port as RTP (RFC 5761 4): the second byte lies in 192..=223.
pub fn is_rtcp(bytes: &[u8]) -> bool {
    bytes.len() >= 2 && bytes[0] >> 6 == 2 && (192..=223).contains(&bytes[1])
}

fn word(bytes: &[u8]) -> u32 {
    bytes
        .first_chunk::<4>()
        .map_or(0, |four| u32::from_be_bytes(*four))
}

impl<'a> Packet<'a> {
    pub fn parse(bytes: &'a [u8], protection: Protection) -> Result<Self, PacketError> {
        let Some((head, mut rest)) = bytes.split_at_checked(HEADER_BYTES) else {
            return Err(PacketError::Short(bytes.len()));
        };
        if head[0] >> 6 != 2 {
            return Err(PacketError::Version(head[0] >> 6));
        }
        let count = usize::from(head[0] & 0x0f);
        let (csrc, after) = rest
            .split_at_checked(count * 4)
            .ok_or(PacketError::Csrc(count))?;
        rest = after;
        let mut extension = None;
        if head[0] & 0x10 != 0 {
            let (intro, after) = rest.split_at_checked(4).ok_or(PacketError::Extension)?;
            let words = usize::from(u16::from_be_bytes([intro[2], intro[3]]));
            let (body, after) = after
                .split_at_checked(words * 4)
                .ok_or(PacketError::Extension)?;
            let profile = u16::from_be_bytes([intro[0], intro[1]]);
            extension = Some(Extension { profile, body });
            rest = after;
        }
        let mut padding = 0;
        if head[0] & 0x20 != 0 && protection == Protection::Clear {
            padding = rest.last().copied().unwrap_or(0);
            if padding == 0 || usize::from(padding) > rest.len() {
                return Err(PacketError::Padding(padding));
            }
            rest = &rest[..rest.len() - usize::from(padding)];
        }
        Ok(Self {
            marker: head[1] & 0x80 != 0,
            payload_type: head[1] & 0x7f,
            sequence: u16::from_be_bytes([head[2], head[3]]),
            timestamp: word(&head[4..]),
            ssrc: word(&head[8..]),
            csrc,
            extension,
            payload: rest,
            padding,
        })
    }

    /// Bytes the packet takes on the wire.
    pub fn wire_bytes(&self) -> usize {
        let extension = self.extension.map_or(0, |one| 4 + one.body.len());
        HEADER_BYTES + self.csrc.len() + extension + self.payload.len() + usize::from(self.padding)
    }

    /// Writes the packet; returns its length. Refused: parts that are no whole words, or more than their count field holds.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, PacketError> {
        let length = self.wire_bytes();
        if self.csrc.len() % 4 != 0 || self.csrc.len() / 4 > MAX_CSRC {
            return Err(PacketError::Csrc(self.csrc.len() / 4));
        }
        let out = out.get_mut(..length).ok_or(PacketError::Buffer(length))?;
        let padded = u8::from(self.padding > 0) << 5;
        let extended = u8::from(self.extension.is_some()) << 4;
        out[0] = 0x80 | padded | extended | (self.csrc.len() / 4) as u8;
        out[1] = u8::from(self.marker) << 7 | (self.payload_type & 0x7f);
        out[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        out[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        out[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        let mut at = HEADER_BYTES;
        let mut put = |part: &[u8]| {
            out[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        };
        put(self.csrc);
        if let Some(one) = self.extension {
            let words = u16::try_from(one.body.len() / 4).map_err(|_| PacketError::Extension)?;
            if one.body.len() % 4 != 0 {
                return Err(PacketError::Extension);
            }
            put(&one.profile.to_be_bytes());
            put(&words.to_be_bytes());
            put(one.body);
        }
        put(self.payload);
        out[at..].fill(0);
        if self.padding > 0 {
            out[length - 1] = self.padding;
        }
        Ok(length)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(payload: &[u8]) -> Packet<'_> {
        Packet {
            marker: true,
            payload_type: 8,
            sequence: 0xfffe,
            timestamp: 0x0102_0304,
            ssrc: 0xdead_beef,
            csrc: &[],
            extension: None,
            payload,
            padding: 0,
        }
    }

    #[test]
    fn the_fixed_header_is_read_field_by_field() {
        let bytes = [
            0x80, 0x88, 0xff, 0xfe, 1, 2, 3, 4, 0xde, 0xad, 0xbe, 0xef, 0xd5, 0xd5,
        ];
        let packet = Packet::parse(&bytes, Protection::Clear).unwrap();
        assert_eq!(packet, plain(&[0xd5, 0xd5]));
    }

    #[test]
    fn too_short_and_wrong_versions_are_refused() {
        assert_eq!(
            Packet::parse(&[0x80; 11], Protection::Clear),
            Err(PacketError::Short(11))
        );
        for version in [0u8, 1, 3] {
            let mut bytes = [0u8; 12];
            bytes[0] = version << 6;
            assert_eq!(
                Packet::parse(&bytes, Protection::Clear),
                Err(PacketError::Version(version))
            );
        }
    }

    #[test]
    fn counts_that_lead_beyond_the_packet_are_refused() {
        let mut bytes = [0u8; 16];
        bytes[0] = 0x82;
        assert_eq!(
            Packet::parse(&bytes, Protection::Clear),
            Err(PacketError::Csrc(2))
        );
        bytes[0] = 0x90;
        bytes[15] = 1;
        assert_eq!(
            Packet::parse(&bytes, Protection::Clear),
            Err(PacketError::Extension)
        );
        for (padding, last) in [(0u8, 0u8), (5, 5)] {
            bytes[0] = 0xa0;
            bytes[15] = last;
            assert_eq!(
                Packet::parse(&bytes, Protection::Clear),
                Err(PacketError::Padding(padding))
            );
        }
        assert_eq!(
            Packet::parse(&bytes[..12], Protection::Clear),
            Err(PacketError::Padding(0))
        );
    }

    #[test]
    fn an_encrypted_payload_is_never_taken_for_padding() {
        let mut bytes = [0xffu8; 32];
        bytes[0] = 0xa0;
        let packet = Packet::parse(&bytes, Protection::Srtp).unwrap();
        assert_eq!((packet.payload.len(), packet.padding), (20, 0));
    }

    #[test]
    fn control_packets_are_told_from_media_by_their_second_byte() {
        assert!(is_rtcp(&[0x80, 200]) && is_rtcp(&[0x81, 207]) && is_rtcp(&[0x80, 223]));
        assert!(!is_rtcp(&[0x80, 0x88]) && !is_rtcp(&[0x80, 101]) && !is_rtcp(&[0x80]));
        assert!(!is_rtcp(&[0x00, 200]));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            marker: bool, payload_type in 0u8..128, sequence: u16, timestamp: u32, ssrc: u32, padding: u8,
            csrc in prop::collection::vec(any::<[u8; 4]>(), 0..=15), body in prop::collection::vec(any::<[u8; 4]>(), 0..6),
            extended: bool, profile: u16, payload in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let (csrc, body) = (csrc.concat(), body.concat());
            let extension = extended.then_some(Extension { profile, body: &body });
            let packet = Packet { marker, payload_type, sequence, timestamp, ssrc, csrc: &csrc, extension, payload: &payload, padding };
            let mut out = [0u8; 700];
            let length = packet.write(&mut out).unwrap();
            prop_assert_eq!(Packet::parse(&out[..length], Protection::Clear), Ok(packet));
            prop_assert_eq!(packet.write(&mut [0u8; 700][..length - 1]), Err(PacketError::Buffer(length)));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(packet) = Packet::parse(&bytes, Protection::Clear) {
                prop_assert_eq!(packet.wire_bytes(), bytes.len());
            }
        }
    }
}
