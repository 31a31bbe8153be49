//! SIP without sockets and without a clock: bytes and instants go in, bytes and decisions come out.
//!
//! Map, lowest first: `limits` `fault` `chars` · `method` `name` · `value` (one header a file) · `message` (bytes to message and
//! back) · `stream` (messages out of TCP) · `screen` (what a request must pass) · `clock` `peer` ·
//! `transaction` · `sdp` `digest` `redirect` · `call` (the back-to-back user agent).
pub mod call;
pub mod chars;
pub mod clock;
pub mod digest;
pub mod fault;
pub mod limits;
pub mod message;
pub mod method;
pub mod name;
pub mod peer;
pub mod redirect;
pub mod screen;
pub mod sdp;
pub mod stream;
pub mod transaction;
pub mod value;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
