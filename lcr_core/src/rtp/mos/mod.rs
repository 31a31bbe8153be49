//! Speech quality by the E-model (ITU-T G.107) from what a stream lost, discarded and delayed.

mod codec;
mod emodel;
mod score;

pub use codec::{CODECS, Codec};
pub use emodel::{Band, burst_ratio, delay_impairment, equipment_impairment, mos, rating};
pub use score::{Score, moment, score};
