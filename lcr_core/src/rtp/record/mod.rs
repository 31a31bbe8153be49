//! Evidence files made in memory, bounded: the audio as wav, the packets as pcap.

mod pcap;
mod wav;

pub use pcap::Pcap;
pub use wav::{Track, stereo_wav};
