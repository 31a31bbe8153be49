//! Server transactions: figures 7 and 8 of RFC 3261, with the Accepted state of RFC 6026.
use std::sync::Arc;

use smallvec::smallvec;

use super::{Do, Todo};
use crate::sip::clock::{Micros, T1, T1_64, T2, T4};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing was answered yet.
    Trying,
    Proceeding,
    Completed,
    /// ACK of a final answer that was no 2xx; its copies are swallowed until timer I.
    Confirmed,
    /// A 2xx went out; copies of the INVITE are swallowed until timer L, copies of the 2xx are the user's business.
    Accepted,
    Terminated,
}

#[derive(Debug)]
pub enum Input {
    /// A copy of the request came.
    Request,
    /// INVITE only.
    Ack,
    /// The user answers.
    Respond(u16, Arc<[u8]>),
    Timer,
}

#[derive(Debug)]
pub struct Server {
    invite: bool,
    reliable: bool,
    state: State,
    last: Option<Arc<[u8]>>,
    /// Timer G: next copy of the answer, and the interval that led to it.
    resend: Option<(Micros, Micros)>,
    /// Timers H, I, J, L.
    end: Option<Micros>,
}

impl Server {
    #[must_use]
    pub const fn new(invite: bool, reliable: bool) -> Self {
        Self {
            invite,
            reliable,
            state: State::Trying,
            last: None,
            resend: None,
            end: None,
        }
    }

    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    #[must_use]
    pub fn deadline(&self) -> Option<Micros> {
        match (self.resend, self.end) {
            (Some((a, _)), Some(b)) => Some(a.min(b)),
            (Some((a, _)), None) => Some(a),
            (None, end) => end,
        }
    }

    pub fn step(&mut self, now: Micros, input: Input) -> Todo {
        match input {
            Input::Request => match self.state {
                State::Proceeding | State::Completed => {
                    self.last.iter().map(|b| Do::Send(Arc::clone(b))).collect()
                }
                _ => Todo::new(),
            },
            Input::Ack => self.ack(now),
            Input::Respond(code, bytes) => self.respond(now, code, bytes),
            Input::Timer => self.timer(now),
        }
    }

    fn finish(&mut self, last: Do) -> Todo {
        (self.state, self.resend, self.end) = (State::Terminated, None, None);
        smallvec![last]
    }

    fn ack(&mut self, now: Micros) -> Todo {
        match self.state {
            State::Completed if self.invite => {
                (self.state, self.resend) = (State::Confirmed, None);
                if self.reliable {
                    return self.finish(Do::Gone);
                }
                self.end = Some(now + T4);
                Todo::new()
            }
            State::Accepted => smallvec![Do::Pass],
            _ => Todo::new(),
        }
    }

    fn respond(&mut self, now: Micros, code: u16, bytes: Arc<[u8]>) -> Todo {
        let open = matches!(self.state, State::Trying | State::Proceeding);
        let send = smallvec![Do::Send(Arc::clone(&bytes))];
        match code {
            100..=199 if open => (self.state, self.last) = (State::Proceeding, Some(bytes)),
            200..=299 if self.invite && open => {
                (self.state, self.end) = (State::Accepted, Some(now + T1_64));
                self.last = None;
            }
            200..=299 if self.state == State::Accepted => {}
            200.. if open => {
                (self.state, self.last) = (State::Completed, Some(bytes));
                if self.invite {
                    self.resend = (!self.reliable).then_some((now + T1, T1));
                    self.end = Some(now + T1_64);
                } else if self.reliable {
                    let mut todo: Todo = send;
                    todo.extend(self.finish(Do::Gone));
                    return todo;
                } else {
                    self.end = Some(now + T1_64);
                }
            }
            _ => return Todo::new(),
        }
        send
    }

    fn timer(&mut self, now: Micros) -> Todo {
        if self.end.is_some_and(|end| end <= now) {
            let unacknowledged = self.invite && self.state == State::Completed;
            return self.finish(if unacknowledged {
                Do::Timeout
            } else {
                Do::Gone
            });
        }
        match self.resend {
            Some((at, interval)) if at <= now => {
                let next = (interval * 2).min(T2);
                self.resend = Some((now + next, next));
                self.last.iter().map(|b| Do::Send(Arc::clone(b))).collect()
            }
            _ => Todo::new(),
        }
    }
}
