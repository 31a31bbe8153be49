//! A compound packet, part by part. A damaged part ends the reading with its error; what stood before it holds.

use super::report::{BLOCK_BYTES, ReportBlock, SENDER_INFO_BYTES, SenderInfo};
use super::xr::VoipMetrics;
use super::{BYE, EXTENDED_REPORT, RECEIVER_REPORT, RtcpError, SENDER_REPORT, SOURCE_DESCRIPTION};
use super::{half, word};

/// The CNAME item of a source description.
const CNAME: u8 = 1;

/// One part. Lists are borrowed and read by their methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    SenderReport {
        ssrc: u32,
        info: SenderInfo,
        blocks: &'a [u8],
    },
    ReceiverReport {
        ssrc: u32,
        blocks: &'a [u8],
    },
    /// Its chunks.
    SourceDescription {
        count: u8,
        chunks: &'a [u8],
    },
    Bye {
        /// Four bytes each.
        sources: &'a [u8],
        reason: &'a [u8],
    },
    ExtendedReport {
        ssrc: u32,
        blocks: &'a [u8],
    },
    Other {
        packet_type: u8,
        body: &'a [u8],
    },
}

/// The parts of one datagram.
#[derive(Debug, Clone)]
pub struct Compound<'a> {
    rest: &'a [u8],
}

pub fn compound(bytes: &[u8]) -> Compound<'_> {
    Compound { rest: bytes }
}

impl<'a> Iterator for Compound<'a> {
    type Item = Result<Packet<'a>, RtcpError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let one = self.take();
        if one.is_err() {
            self.rest = &[];
        }
        Some(one)
    }
}

impl<'a> Compound<'a> {
    fn take(&mut self) -> Result<Packet<'a>, RtcpError> {
        let Some((head, after)) = self.rest.split_at_checked(4) else {
            return Err(RtcpError::Short(self.rest.len()));
        };
        if head[0] >> 6 != 2 {
            return Err(RtcpError::Version(head[0] >> 6));
        }
        let packet_type = head[1];
        let says = usize::from(half(head, 2)) * 4;
        let Some((mut body, rest)) = after.split_at_checked(says) else {
            return Err(RtcpError::Length {
                packet_type,
                says: says + 4,
                left: self.rest.len(),
            });
        };
        if head[0] & 0x20 != 0 {
            let padding = body.last().copied().unwrap_or(0);
            let fits = padding > 0 && padding % 4 == 0 && usize::from(padding) <= body.len();
            if !fits || !rest.is_empty() {
                return Err(RtcpError::Padding(padding));
            }
            body = &body[..body.len() - usize::from(padding)];
        }
        self.rest = rest;
        read(packet_type, head[0] & 0x1f, body)
    }
}

fn read(packet_type: u8, count: u8, body: &[u8]) -> Result<Packet<'_>, RtcpError> {
    let short = RtcpError::Truncated(packet_type);
    let blocks_bytes = usize::from(count) * BLOCK_BYTES;
    match packet_type {
        SENDER_REPORT => {
            let (_, after) = body.split_at_checked(4).ok_or(short)?;
            let (info, after) = after.split_at_checked(SENDER_INFO_BYTES).ok_or(short)?;
            Ok(Packet::SenderReport {
                ssrc: word(body, 0),
                info: SenderInfo::read(info),
                blocks: after.get(..blocks_bytes).ok_or(short)?,
            })
        }
        RECEIVER_REPORT => Ok(Packet::ReceiverReport {
            ssrc: word(body, 0),
            blocks: body.get(4..4 + blocks_bytes).ok_or(short)?,
        }),
        SOURCE_DESCRIPTION => Ok(Packet::SourceDescription {
            count,
            chunks: body,
        }),
        BYE => {
            let (sources, after) = body.split_at_checked(usize::from(count) * 4).ok_or(short)?;
            let reason = match after.split_first() {
                None => &[],
                Some((length, text)) => text.get(..usize::from(*length)).ok_or(short)?,
            };
            Ok(Packet::Bye { sources, reason })
        }
        EXTENDED_REPORT => Ok(Packet::ExtendedReport {
            ssrc: word(body, 0),
            blocks: body.get(4..).ok_or(short)?,
        }),
        _ => Ok(Packet::Other { packet_type, body }),
    }
}

impl<'a> Packet<'a> {
    /// Reception reports of a sender or receiver report.
    pub fn report_blocks(self) -> impl Iterator<Item = ReportBlock> + 'a {
        let blocks = match self {
            Self::SenderReport { blocks, .. } | Self::ReceiverReport { blocks, .. } => blocks,
            _ => &[],
        };
        blocks.chunks_exact(BLOCK_BYTES).map(ReportBlock::read)
    }

    /// VoIP metrics of an extended report; blocks of other types are passed over, a damaged one ends the list.
    pub fn voip_metrics(self) -> impl Iterator<Item = VoipMetrics> + 'a {
        let mut rest = match self {
            Self::ExtendedReport { blocks, .. } => blocks,
            _ => &[],
        };
        std::iter::from_fn(move || {
            let bytes = 4 + usize::from(half(rest.get(..4)?, 2)) * 4;
            let (block, after) = rest.split_at_checked(bytes)?;
            rest = after;
            Some(VoipMetrics::read(block))
        })
        .flatten()
    }

    /// Sources that say goodbye.
    pub fn leaving(self) -> impl Iterator<Item = u32> + 'a {
        let sources = match self {
            Self::Bye { sources, .. } => sources,
            _ => &[],
        };
        sources.chunks_exact(4).map(|four| word(four, 0))
    }

    /// The canonical name of each source of a source description.
    pub fn cnames(self) -> impl Iterator<Item = (u32, &'a [u8])> {
        let (mut left, mut rest) = match self {
            Self::SourceDescription { count, chunks } => (count, chunks),
            _ => (0, &[][..]),
        };
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let (ssrc, items) = rest.split_at_checked(4)?;
            let (name, used) = chunk(items)?;
            rest = items.get(used..)?;
            Some((word(ssrc, 0), name))
        })
    }
}

/// The CNAME of one chunk (empty when it has none) and the bytes its items take, padding to the word included.
fn chunk(items: &[u8]) -> Option<(&[u8], usize)> {
    let (mut at, mut name): (usize, &[u8]) = (0, &[]);
    loop {
        let kind = *items.get(at)?;
        if kind == 0 {
            return Some((name, (at / 4 + 1) * 4));
        }
        let length = usize::from(*items.get(at + 1)?);
        let text = items.get(at + 2..at + 2 + length)?;
        if kind == CNAME {
            name = text;
        }
        at += 2 + length;
    }
}
