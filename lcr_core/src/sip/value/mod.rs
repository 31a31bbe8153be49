//! Header values, read on demand from the message's own bytes.
pub mod address;
pub mod cseq;
pub mod date;
pub mod host;
pub mod list;
pub mod params;
pub mod reason;
pub mod tel;
pub mod uri;
pub mod via;
