//! Compound packets written into the caller's bytes, part after part.

use super::report::{ReportBlock, SenderInfo};
use super::xr::VoipMetrics;
use super::{BYE, EXTENDED_REPORT, RECEIVER_REPORT, RtcpError, SENDER_REPORT, SOURCE_DESCRIPTION};

const MAX_COUNT: usize = 31;

/// Writes parts one after the other; [`Builder::finish`] tells the length. A part that does not fit leaves the packet as it was.
#[derive(Debug)]
pub struct Builder<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl<'a> Builder<'a> {
    pub fn new(out: &'a mut [u8]) -> Self {
        Self { out, at: 0 }
    }

    pub fn finish(self) -> usize {
        self.at
    }

    pub fn sender_report(
        &mut self,
        ssrc: u32,
        info: &SenderInfo,
        blocks: &[ReportBlock],
    ) -> Result<&mut Self, RtcpError> {
        self.part(SENDER_REPORT, blocks.len(), |part| {
            part.put(&ssrc.to_be_bytes())?;
            part.put(&info.bytes())?;
            blocks.iter().try_for_each(|block| part.put(&block.bytes()))
        })
    }

    pub fn receiver_report(
        &mut self,
        ssrc: u32,
        blocks: &[ReportBlock],
    ) -> Result<&mut Self, RtcpError> {
        self.part(RECEIVER_REPORT, blocks.len(), |part| {
            part.put(&ssrc.to_be_bytes())?;
            blocks.iter().try_for_each(|block| part.put(&block.bytes()))
        })
    }

    /// One chunk with the canonical name, which every compound packet must carry.
    pub fn cname(&mut self, ssrc: u32, name: &str) -> Result<&mut Self, RtcpError> {
        let length = u8::try_from(name.len()).map_err(|_| RtcpError::Buffer)?;
        self.part(SOURCE_DESCRIPTION, 1, |part| {
            part.put(&ssrc.to_be_bytes())?;
            part.put(&[1, length])?;
            part.put(name.as_bytes())?;
            // At least one zero ends the items, more fill the word.
            part.put(&[0; 4][..4 - (2 + name.len()) % 4])
        })
    }

    pub fn bye(&mut self, sources: &[u32], reason: &str) -> Result<&mut Self, RtcpError> {
        let length = u8::try_from(reason.len()).map_err(|_| RtcpError::Buffer)?;
        self.part(BYE, sources.len(), |part| {
            sources
                .iter()
                .try_for_each(|source| part.put(&source.to_be_bytes()))?;
            if length == 0 {
                return Ok(());
            }
            part.put(&[length])?;
            part.put(reason.as_bytes())?;
            part.put(&[0; 3][..(3 - reason.len() % 4)])
        })
    }

    pub fn voip_metrics(
        &mut self,
        ssrc: u32,
        metrics: &VoipMetrics,
    ) -> Result<&mut Self, RtcpError> {
        self.part(EXTENDED_REPORT, 0, |part| {
            part.put(&ssrc.to_be_bytes())?;
            part.put(&metrics.bytes())
        })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), RtcpError> {
        let end = self.at + bytes.len();
        let place = self.out.get_mut(self.at..end).ok_or(RtcpError::Buffer)?;
        place.copy_from_slice(bytes);
        self.at = end;
        Ok(())
    }

    fn part(
        &mut self,
        packet_type: u8,
        count: usize,
        write: impl FnOnce(&mut Self) -> Result<(), RtcpError>,
    ) -> Result<&mut Self, RtcpError> {
        let begin = self.at;
        let written = self.part_at(begin, packet_type, count, write);
        if written.is_err() {
            self.at = begin;
        }
        written.map(|()| self)
    }

    fn part_at(
        &mut self,
        begin: usize,
        packet_type: u8,
        count: usize,
        write: impl FnOnce(&mut Self) -> Result<(), RtcpError>,
    ) -> Result<(), RtcpError> {
        if count > MAX_COUNT {
            return Err(RtcpError::Buffer);
        }
        self.put(&[0x80 | count as u8, packet_type, 0, 0])?;
        write(self)?;
        let words = (self.at - begin) / 4 - 1;
        let words = u16::try_from(words).map_err(|_| RtcpError::Buffer)?;
        self.out[begin + 2..begin + 4].copy_from_slice(&words.to_be_bytes());
        Ok(())
    }
}
