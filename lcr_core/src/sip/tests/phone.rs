//! A plain telephone on our own transactions: caller or callee of one call.
mod hears;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use super::world::{MS, SDP, X, peer};
use crate::sip::clock::{Micros, T1, T1_64, T2};
use crate::sip::message::{Message, Writer, phrase, reply};
use crate::sip::name::Name;
use crate::sip::transaction::layer::{Expired, Outgoing};
use crate::sip::transaction::{ClientId, Layer, ServerId};

/// What the two do, instants after their own start (caller) or after the INVITE arrived (callee).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Script {
    pub offer: bool,
    pub cancel_at: Option<Micros>,
    pub caller_talks: Option<Micros>,
    pub ring_at: Option<Micros>,
    pub reliable: bool,
    /// Final answer and its code.
    pub answer: Option<(Micros, u16)>,
    pub callee_talks: Option<Micros>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Cancel,
    Bye,
    Ring,
    Answer,
    /// Repeat the reliable 18x or the 200.
    Again(Micros),
}

/// A plain user agent on our own transactions; caller or callee of one call.
pub(super) struct Phone {
    script: Script,
    caller: bool,
    layer: Layer,
    address: SocketAddr,
    acts: BTreeMap<(Micros, u32), Act>,
    count: u32,
    invite: Option<Arc<Message>>,
    invite_client: Option<ClientId>,
    invite_server: Option<ServerId>,
    remote: Option<Message>,
    cancel_wanted: bool,
    cseq: u32,
    bye: Option<ClientId>,
    pending: Option<(Micros, Arc<[u8]>)>,
    rseq_seen: u32,
    pracked: bool,
    acked: bool,
    /// Final answer: code sent or received.
    pub code: u16,
    pub answered: Option<Micros>,
    pub ended: Option<Micros>,
}

impl Phone {
    pub(super) fn new(address: &str, caller: bool, script: Script) -> Self {
        Self {
            script,
            caller,
            layer: Layer::new(100),
            address: address.parse().unwrap(),
            acts: BTreeMap::new(),
            count: 0,
            invite: None,
            invite_client: None,
            invite_server: None,
            remote: None,
            cancel_wanted: false,
            cseq: 1,
            bye: None,
            pending: None,
            rseq_seen: 0,
            pracked: false,
            acked: false,
            code: 0,
            answered: None,
            ended: None,
        }
    }

    fn plan(&mut self, at: Micros, act: Act) {
        self.count += 1;
        self.acts.insert((at, self.count), act);
    }

    pub(super) fn idle(&self) -> bool {
        self.layer.is_empty() && self.acts.is_empty()
    }

    pub(super) fn deadline(&self) -> Option<Micros> {
        let act = self.acts.keys().next().map(|(at, _)| *at);
        self.layer.deadline().into_iter().chain(act).min()
    }

    fn head(&mut self, method: &str, cseq: u32) -> (Writer, String) {
        self.count += 1;
        let branch = format!("z9hG4bK{}{}", self.address.port(), self.count);
        let invite = self.invite.clone();
        let target = self
            .remote
            .as_ref()
            .and_then(|r| r.contact().map(|c| c.uri.to_vec()));
        let mut out = Writer::request(
            method.as_bytes(),
            target.as_deref().unwrap_or(b"sip:4420@192.0.2.1"),
        );
        out.header(
            "Via",
            format!("SIP/2.0/UDP {};branch={branch};rport", self.address),
        )
        .header("Max-Forwards", "70");
        let (from, to) = match (&invite, self.caller) {
            (Some(invite), false) => {
                let to = invite.header(Name::From).unwrap().to_vec();
                (
                    [invite.header(Name::To).unwrap(), b";tag=callee"].concat(),
                    to,
                )
            }
            _ => {
                let to = self
                    .remote
                    .as_ref()
                    .map_or(b"<sip:4420@192.0.2.1>".to_vec(), |r| {
                        r.header(Name::To).unwrap().to_vec()
                    });
                (b"<sip:331@198.51.100.1>;tag=caller".to_vec(), to)
            }
        };
        let call_id = invite
            .as_ref()
            .map_or(b"caller@198.51.100.1".to_vec(), |i| i.call_id().to_vec());
        out.header("From", from)
            .header("To", to)
            .header("Call-ID", call_id)
            .header("CSeq", format!("{cseq} {method}"));
        (out, branch)
    }

    fn send(
        &mut self,
        now: Micros,
        method: &str,
        cseq: u32,
        extra: &[(&str, String)],
        out: &mut Vec<Outgoing>,
    ) -> ClientId {
        let (mut writer, branch) = self.head(method, cseq);
        for (name, value) in extra {
            writer.header(name, value);
        }
        let body = method == "INVITE" && self.script.offer;
        let bytes = writer.body(
            body.then_some(b"application/sdp"),
            if body { SDP } else { b"" },
        );
        self.layer.request(
            now,
            method.as_bytes(),
            branch.as_bytes(),
            bytes,
            peer(X),
            out,
        )
    }

    pub(super) fn start(&mut self, now: Micros, out: &mut Vec<Outgoing>) {
        let contact = format!("<sip:a@{}>", self.address);
        let id = self.send(
            now,
            "INVITE",
            1,
            &[("Contact", contact), ("Supported", "100rel".into())],
            out,
        );
        self.invite_client = Some(id);
        if let Some(at) = self.script.cancel_at {
            self.plan(now + at, Act::Cancel);
        }
    }

    fn cancel(&mut self, now: Micros, out: &mut Vec<Outgoing>) {
        let Some(id) = self.invite_client.filter(|_| self.code == 0) else {
            return;
        };
        if !self.layer.proceeding(id) {
            self.cancel_wanted = true;
            return;
        }
        self.cancel_wanted = false;
        let invite = Message::parse(&self.layer.sent(id).unwrap().clone()).unwrap();
        let mut cancel = Writer::request(b"CANCEL", invite.request_uri());
        for name in [Name::Via, Name::From, Name::To, Name::CallId] {
            cancel.header(name.as_bytes(), invite.header(name).unwrap());
        }
        cancel
            .header("CSeq", "1 CANCEL")
            .header("Reason", "Q.850;cause=16");
        self.layer.request(
            now,
            b"CANCEL",
            invite.branch().unwrap(),
            cancel.end(),
            peer(X),
            out,
        );
        self.layer.cancelling(now, id, out);
    }

    fn respond(
        &mut self,
        now: Micros,
        code: u16,
        extra: &[(&str, &str)],
        out: &mut Vec<Outgoing>,
    ) -> Arc<[u8]> {
        let invite = self.invite.clone().unwrap();
        let mut answer = reply(
            &invite,
            X.parse().unwrap(),
            code,
            phrase(code),
            Some(b"callee"),
        );
        answer.header("Contact", format!("<sip:b@{}>", self.address));
        for (name, value) in extra {
            answer.header(name, value);
        }
        let body = code == 200 || code == 183;
        let bytes = answer.body(
            body.then_some(b"application/sdp"),
            if body { SDP } else { b"" },
        );
        if let Some(id) = self.invite_server {
            self.layer.respond(now, id, code, Arc::clone(&bytes), out);
        }
        bytes
    }

    fn act(&mut self, now: Micros, act: Act, out: &mut Vec<Outgoing>) {
        match act {
            Act::Cancel => self.cancel(now, out),
            Act::Bye => {
                if self.ended.is_none() && self.bye.is_none() {
                    self.cseq += 1;
                    let cseq = self.cseq;
                    self.bye = Some(self.send(
                        now,
                        "BYE",
                        cseq,
                        &[("Reason", "Q.850;cause=16".into())],
                        out,
                    ));
                }
            }
            Act::Ring if self.code == 0 => {
                if self.script.reliable {
                    let bytes =
                        self.respond(now, 183, &[("Require", "100rel"), ("RSeq", "77")], out);
                    self.pending = Some((now + T1_64, bytes));
                    self.plan(now + T1, Act::Again(T1));
                } else {
                    self.respond(now, 180, &[], out);
                }
            }
            Act::Answer if self.code == 0 => {
                if self.script.reliable && !self.pracked {
                    self.plan(now + 50 * MS, Act::Answer);
                    return;
                }
                let code = self.script.answer.unwrap().1;
                self.code = code;
                let bytes = self.respond(now, code, &[], out);
                if code == 200 {
                    self.answered = Some(now);
                    self.pending = Some((now + T1_64, bytes));
                    self.plan(now + T1, Act::Again(T1));
                }
            }
            Act::Ring | Act::Answer => {}
            Act::Again(interval) => {
                let Some((until, bytes)) = self.pending.clone() else {
                    return;
                };
                if now >= until {
                    self.pending = None;
                    if self.code == 200 {
                        self.act(now, Act::Bye, out);
                    }
                    return;
                }
                out.push(Outgoing { to: peer(X), bytes });
                let next = (interval * 2).min(T2);
                self.plan(now + next, Act::Again(next));
            }
        }
    }

    pub(super) fn time(&mut self, now: Micros, out: &mut Vec<Outgoing>) {
        for expired in self.layer.expire(now, out) {
            if let Expired::Client(id) = expired {
                if Some(id) == self.bye {
                    self.ended = Some(now);
                }
                if Some(id) == self.invite_client && self.code == 0 {
                    self.code = 408;
                }
            }
        }
        while let Some((key, act)) = self
            .acts
            .first_key_value()
            .map(|(k, a)| (*k, *a))
            .filter(|(k, _)| k.0 <= now)
        {
            self.acts.remove(&key);
            self.act(now, act, out);
        }
    }
}
