//! Client transactions: figures 5 and 6 of RFC 3261, with the Accepted state of RFC 6026.
use std::sync::Arc;

use smallvec::smallvec;

use super::{Do, Todo};
use crate::sip::clock::{Micros, T1, T1_64, T2, T4, TIMER_D};
use crate::sip::message::{Message, Writer};
use crate::sip::name::Name;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Calling (INVITE) or Trying.
    Calling,
    Proceeding,
    Completed,
    /// A 2xx came; further ones are passed on until timer M.
    Accepted,
    Terminated,
}

#[derive(Debug)]
pub enum Input<'a> {
    Response(&'a Message),
    /// The deadline came.
    Timer,
    /// The socket says that it cannot be sent. A timeout, only sooner.
    TransportError,
    /// CANCEL went out: a final answer has 64*T1 from now (RFC 3261 section 9.1).
    Cancelled,
    /// The user waits no longer.
    Abandon,
}

#[derive(Debug)]
pub struct Client {
    invite: bool,
    reliable: bool,
    state: State,
    request: Arc<[u8]>,
    ack: Option<Arc<[u8]>>,
    /// Next copy of the request, and the interval that led to it (timers A, E).
    resend: Option<(Micros, Micros)>,
    /// Timers B, F, D, K, M.
    end: Option<Micros>,
    cancelled: bool,
}

impl Client {
    /// The request goes out at once.
    #[must_use]
    pub fn start(now: Micros, request: Arc<[u8]>, invite: bool, reliable: bool) -> (Self, Todo) {
        let out = Self {
            invite,
            reliable,
            state: State::Calling,
            request: Arc::clone(&request),
            ack: None,
            resend: (!reliable).then_some((now + T1, T1)),
            end: Some(now + T1_64),
            cancelled: false,
        };
        (out, smallvec![Do::Send(request)])
    }

    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    #[must_use]
    pub fn request(&self) -> &Arc<[u8]> {
        &self.request
    }

    /// When `Input::Timer` is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Micros> {
        match (self.resend, self.end) {
            (Some((a, _)), Some(b)) => Some(a.min(b)),
            (Some((a, _)), None) => Some(a),
            (None, end) => end,
        }
    }

    pub fn step(&mut self, now: Micros, input: &Input<'_>) -> Todo {
        match input {
            Input::Response(response) => self.response(now, response),
            Input::Timer => self.timer(now),
            Input::TransportError if matches!(self.state, State::Calling | State::Proceeding) => {
                self.finish(Do::Timeout)
            }
            Input::TransportError => Todo::new(),
            Input::Cancelled => {
                if matches!(self.state, State::Calling | State::Proceeding) {
                    (self.cancelled, self.end) = (true, Some(now + T1_64));
                }
                Todo::new()
            }
            Input::Abandon => self.finish(Do::Gone),
        }
    }

    fn finish(&mut self, last: Do) -> Todo {
        (self.state, self.resend, self.end) = (State::Terminated, None, None);
        smallvec![last]
    }

    fn response(&mut self, now: Micros, response: &Message) -> Todo {
        let waiting = matches!(self.state, State::Calling | State::Proceeding);
        match (self.state, response.code()) {
            (_, 100..=199) if waiting => {
                self.state = State::Proceeding;
                if self.invite && self.cancelled {
                    self.resend = None;
                } else if self.invite {
                    (self.resend, self.end) = (None, None);
                } else if let Some((at, _)) = self.resend {
                    self.resend = Some((at, T2));
                }
                smallvec![Do::Pass]
            }
            (_, 200..=299) if self.invite && waiting => {
                (self.state, self.resend, self.end) = (State::Accepted, None, Some(now + T1_64));
                smallvec![Do::Pass]
            }
            (State::Accepted, 200..=299) => smallvec![Do::Pass],
            (_, 300..) if self.invite && waiting => {
                (self.state, self.resend) = (State::Completed, None);
                let ack = ack(&self.request, response);
                self.ack.clone_from(&ack);
                let mut todo: Todo = ack.into_iter().map(Do::Send).collect();
                todo.push(Do::Pass);
                if self.reliable {
                    todo.extend(self.finish(Do::Gone));
                } else {
                    self.end = Some(now + TIMER_D);
                }
                todo
            }
            (State::Completed, 300..) if self.invite => {
                self.ack.iter().map(|a| Do::Send(Arc::clone(a))).collect()
            }
            (_, 200..) if !self.invite && waiting => {
                (self.state, self.resend) = (State::Completed, None);
                let mut todo: Todo = smallvec![Do::Pass];
                if self.reliable {
                    todo.extend(self.finish(Do::Gone));
                } else {
                    self.end = Some(now + T4);
                }
                todo
            }
            // Late and repeated answers end here, an 18x behind a 200 too.
            _ => Todo::new(),
        }
    }

    fn timer(&mut self, now: Micros) -> Todo {
        if self.end.is_some_and(|end| end <= now) {
            let waiting = matches!(self.state, State::Calling | State::Proceeding);
            return self.finish(if waiting { Do::Timeout } else { Do::Gone });
        }
        match self.resend {
            Some((at, interval)) if at <= now => {
                let next = if self.invite {
                    interval * 2
                } else {
                    (interval * 2).min(T2)
                };
                self.resend = Some((now + next, next));
                smallvec![Do::Send(Arc::clone(&self.request))]
            }
            _ => Todo::new(),
        }
    }
}

/// ACK to a final answer that is no 2xx (RFC 3261 section 17.1.1.3): same branch, To of the answer, Routes of the request.
fn ack(request: &[u8], response: &Message) -> Option<Arc<[u8]>> {
    let request = Message::parse(request).ok()?;
    let mut out = Writer::request(b"ACK", request.request_uri());
    out.header("Via", request.values(Name::Via).next()?);
    out.header("Max-Forwards", "70");
    for route in request.lines(Name::Route) {
        out.header("Route", route);
    }
    out.header("From", request.header(Name::From)?);
    out.header("To", response.header(Name::To)?);
    out.header("Call-ID", request.call_id());
    out.header("CSeq", format!("{} ACK", request.cseq()));
    Some(out.end())
}
