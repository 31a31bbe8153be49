//! One call as the engine holds it.
use std::sync::Arc;

use smallvec::SmallVec;

use super::leg::Leg;
use super::record::{Record, Stamp};
use super::types::{CallId, Route, Side};
use crate::sip::clock::Micros;
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::peer::Peer;
use crate::sip::transaction::{ClientId, ServerId};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The edge was asked.
    Deciding,
    /// A target was invited.
    Calling,
    Talking,
    /// The record is written as soon as nothing is in flight.
    Ending,
}

/// A request passed from one side to the other.
#[derive(Debug)]
pub(super) struct Relay {
    pub from: Side,
    pub server: ServerId,
    pub client: ClientId,
    pub request: Arc<Message>,
    pub cseq: u32,
}

/// What one of our requests is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The INVITE to the target.
    Invite,
    Relay,
    Bye(Side),
}

#[derive(Debug)]
pub(super) struct Call {
    pub id: CallId,
    pub phase: Phase,
    pub source: Peer,
    pub invite: Arc<Message>,
    /// The caller's INVITE, and the same until its final answer.
    pub asked: ServerId,
    pub server: Option<ServerId>,
    pub a: Leg,
    pub b: Option<Leg>,
    pub route: Option<Box<Route>>,
    pub next_target: usize,
    pub redirects: u8,
    /// The INVITE in flight to the target, its number, and whether it was tried with credentials.
    pub b_invite: Option<ClientId>,
    pub b_cseq: u32,
    pub authorised: bool,
    /// Everything of ours that may still be answered.
    pub clients: SmallVec<[ClientId; 4]>,
    pub relays: Vec<Relay>,
    /// BYEs in flight.
    pub byes: u8,
    /// The attempt has until then; after CANCEL its end.
    pub ring_until: Option<Micros>,
    pub talk_until: Option<Micros>,
    pub session_until: Option<Micros>,
    pub record: Record,
    /// When the engine was told to look again.
    pub timer: Option<Micros>,
}

impl Call {
    pub(super) fn leg(&mut self, side: Side) -> Option<&mut Leg> {
        match side {
            Side::A => Some(&mut self.a),
            Side::B => self.b.as_mut(),
        }
    }

    pub(super) fn stamp(&mut self, at: Micros, side: Side, sent: bool, method: Method, code: u16) {
        self.record.stamp(Stamp {
            at,
            side,
            sent,
            method,
            code,
        });
    }

    pub(super) fn deadline(&self) -> Option<Micros> {
        let oks = [
            self.a.ok.as_ref(),
            self.b.as_ref().and_then(|b| b.ok.as_ref()),
        ];
        let oks = oks
            .into_iter()
            .flatten()
            .map(super::leg::Unconfirmed::deadline);
        [self.ring_until, self.talk_until, self.session_until]
            .into_iter()
            .flatten()
            .chain(oks)
            .min()
    }
}

/// A challenge is no attempt: the call begins with the INVITE that answers it.
pub(super) fn is_challenge(record: &Record) -> bool {
    record.attempts.is_empty() && matches!(record.code, 401 | 407)
}
