//! Media on the wire, sans-I/O: packets in, figures out. The caller gives every arrival time (kernel receive stamp, UTC nanoseconds).
//!
//! Map: `packet` (RTP header) · `payload` (which payload type is what, at which clock) · `sequence` (16 bits to a line without end)
//! · `dtmf` (RFC 4733) · `audio` (what is heard: tones, marker, silence) · `mos` (E-model) · `rtcp` (control packets, round trip)
//! · `source` (whom a relay believes) · `record` (wav, pcap)
//! · `stats` (jitter, loss, discards, bursts, per second, per stream and per direction; nothing is allocated per packet).

pub mod audio;
pub mod dtmf;
pub mod mos;
pub mod packet;
pub mod payload;
pub mod record;
pub mod rtcp;
pub mod sequence;
pub mod source;
pub mod stats;
