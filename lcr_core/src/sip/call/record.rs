//! What is kept of a call: exactly one record, with the instant of every message.
use super::types::{CallId, Side};
use crate::sip::clock::Micros;
use crate::sip::method::Method;

/// Messages stamped per call; a call of more is no test call.
const STAMPS: usize = 256;

/// One message, as it came in or went out (copies that a transaction sent or swallowed by itself are not listed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    pub at: Micros,
    pub side: Side,
    pub sent: bool,
    /// Of the request, also for its answers.
    pub method: Method,
    /// 0: the request itself.
    pub code: u16,
}

/// One target tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub target: String,
    pub call_id: String,
    pub invited: Micros,
    /// First 180 or 183.
    pub ringing: Option<Micros>,
    /// Final answer, or 408 where none came in time; 0: given up before.
    pub code: u16,
    pub q850: Option<u8>,
    pub ended: Micros,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    Caller,
    Callee,
    /// Refused by us or by every target.
    Refusal,
    /// Nobody answered in time.
    NoAnswer,
    /// The caller never confirmed our 200.
    NoAck,
    TalkLimit,
    /// The session timer ran out (RFC 4028).
    SessionTimer,
    Operator,
    /// A dialog was lost: 481 or no answer to a request within the call.
    Lost,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub call: CallId,
    /// The caller's.
    pub call_id: String,
    pub started: Micros,
    pub attempts: Vec<Attempt>,
    /// The callee's 200 arrived and was passed on.
    pub answered: Option<Micros>,
    /// The caller's ACK arrived.
    pub confirmed: Option<Micros>,
    /// The first sign of the end arrived or was given.
    pub ended: Micros,
    pub by: EndedBy,
    /// Final answer to the caller.
    pub code: u16,
    pub q850: Option<u8>,
    pub stamps: Vec<Stamp>,
}

impl Record {
    pub(super) fn stamp(&mut self, stamp: Stamp) {
        if self.stamps.len() < STAMPS {
            self.stamps.push(stamp);
        }
    }

    /// Talk time. Begins when the callee's 200 reached us and ends when the first BYE did: within what the callee's side saw
    /// (from sending its 200 to the end of its BYE transaction).
    #[must_use]
    pub fn talked(&self) -> Micros {
        self.answered
            .map_or(0, |from| self.ended.saturating_sub(from))
    }
}
