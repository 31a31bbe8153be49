//! What the telephone does about the messages it hears.
use std::sync::Arc;

use super::{Act, Phone};
use crate::sip::clock::Micros;
use crate::sip::message::{Message, reply};
use crate::sip::method::Method;
use crate::sip::name::Name;
use crate::sip::tests::world::{SDP, X, peer};
use crate::sip::transaction::layer::Outgoing;
use crate::sip::transaction::{ClientId, Layer, Received, ServerId};

impl Phone {
    pub(in crate::sip::tests) fn receive(
        &mut self,
        now: Micros,
        bytes: &[u8],
        out: &mut Vec<Outgoing>,
    ) {
        let message = Message::parse(bytes).unwrap();
        match self.layer.receive(now, &message, peer(X), false, out) {
            Received::Request(id) => self.request(now, message, id, out),
            Received::Ack => {
                if self.code == 200 && !self.acked {
                    (self.acked, self.pending) = (true, None);
                    if let Some(talk) = self.script.callee_talks {
                        self.plan(now + talk, Act::Bye);
                    }
                }
            }
            Received::Response(id) => self.response(now, id, message, out),
            Received::Merged(_) | Received::Full => panic!("unexpected"),
            Received::Absorbed | Received::Stray => {}
        }
    }

    fn request(&mut self, now: Micros, request: Message, id: ServerId, out: &mut Vec<Outgoing>) {
        let ok = |layer: &mut Layer, code: u16, out: &mut Vec<Outgoing>| {
            let bytes = reply(&request, X.parse().unwrap(), code, "x", Some(b"callee")).end();
            layer.respond(now, id, code, bytes, out);
        };
        match request.method().unwrap() {
            Method::Invite => {
                assert!(self.invite.is_none(), "one INVITE is one call");
                self.invite = Some(Arc::new(request));
                self.invite_server = Some(id);
                let script = self.script;
                if let Some(at) = script.ring_at {
                    self.plan(now + at, Act::Ring);
                }
                if let Some((at, _)) = script.answer {
                    self.plan(now + at, Act::Answer);
                }
            }
            Method::Prack => {
                assert_eq!(request.header(Name::RAck), Some(&b"77 1 INVITE"[..]));
                (self.pracked, self.pending) = (true, None);
                ok(&mut self.layer, 200, out);
            }
            Method::Cancel => {
                ok(&mut self.layer, 200, out);
                if self.code == 0 {
                    self.code = 487;
                    self.pending = None;
                    self.respond(now, 487, &[], out);
                }
            }
            Method::Bye => {
                ok(&mut self.layer, 200, out);
                self.ended.get_or_insert(now);
                self.pending = None;
            }
            other => panic!("{other:?}"),
        }
    }

    fn response(&mut self, now: Micros, id: ClientId, response: Message, out: &mut Vec<Outgoing>) {
        let code = response.code();
        if Some(id) == self.bye {
            if code >= 200 {
                self.ended.get_or_insert(now);
            }
            return;
        }
        if Some(id) != self.invite_client {
            return;
        }
        match code {
            100..=199 => {
                if self.cancel_wanted {
                    self.cancel(now, out);
                }
                if let Some(rseq) = response.seconds(Name::RSeq).filter(|r| *r > self.rseq_seen) {
                    self.rseq_seen = rseq;
                    self.remote = Some(response);
                    self.cseq += 1;
                    let cseq = self.cseq;
                    self.send(
                        now,
                        "PRACK",
                        cseq,
                        &[("RAck", format!("{rseq} 1 INVITE"))],
                        out,
                    );
                }
            }
            200..=299 => {
                let first = self.code == 0;
                self.code = 200;
                self.remote = Some(response);
                let (ack, _) = self.head("ACK", 1);
                let bytes = match self.script.offer {
                    true => ack.end(),
                    false => ack.body(Some(b"application/sdp"), SDP),
                };
                out.push(Outgoing { to: peer(X), bytes });
                if first {
                    self.answered = Some(now);
                    if self.script.cancel_at.is_some() {
                        self.act(now, Act::Bye, out);
                    } else if let Some(talk) = self.script.caller_talks {
                        self.plan(now + talk, Act::Bye);
                    }
                }
            }
            _ => self.code = code,
        }
    }
}
